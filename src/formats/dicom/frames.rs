//! The frame index (specification §4): where each frame stands, computed or taken from tables that are checked against the real items.

use super::image::Image;
use super::{Defects, Object, Source, Vr, tag, uid};

/// Frames listed at most; an object with more is read through its first ones only.
pub const MAX_FRAMES: usize = 1_000_000;

/// Fragments of one frame at most: more are an attack, no encoder.
const MAX_FRAGMENTS: usize = 16_384;

/// Where the frames are. Offsets count from the start of the stored file (of the inflated data set when deflated).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Frames {
    /// No readable pixel data.
    #[default]
    None,
    /// Native: frame n begins at `offset + n × length`.
    Native {
        /// First byte of frame 1.
        offset: u64,
        /// Bytes of one frame.
        length: u64,
        /// Frames that are really there.
        count: u32,
        /// The data set is deflated.
        deflated: bool,
        /// Numbers are big endian.
        big: bool,
    },
    /// Native, counted in bits: one bit a sample without padding between frames (PS3.5 §8.1.1), or bytes in big-endian words.
    Packed {
        /// First byte of frame 1.
        offset: u64,
        /// Bits of one frame.
        bits: u64,
        /// Frames that are really there.
        count: u32,
        /// The data set is deflated.
        deflated: bool,
        /// The bytes of each 16-bit word change places.
        swapped: bool,
    },
    /// Encapsulated: the fragments of each frame.
    Encapsulated(Vec<Vec<(u64, u64)>>),
}

impl Frames {
    /// Number of frames that can be read.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Native { count, .. } | Self::Packed { count, .. } => *count as usize,
            Self::Encapsulated(list) => list.len(),
        }
    }
    /// Byte ranges of frame `n`, from 0.
    #[must_use]
    pub fn ranges(&self, n: usize) -> Option<Vec<(u64, u64)>> {
        match self {
            Self::None => None,
            Self::Native { offset, length, count, .. } => {
                (n < *count as usize).then(|| vec![(offset + length * n as u64, *length)])
            }
            Self::Packed { offset, bits, count, swapped, .. } => (n < *count as usize).then(|| {
                let unit = if *swapped { 2 } else { 1 };
                let first = bits * n as u64 / 8 / unit * unit;
                let end = (bits * (n as u64 + 1)).div_ceil(8).next_multiple_of(unit);
                vec![(offset + first, end - first)]
            }),
            Self::Encapsulated(list) => list.get(n).cloned(),
        }
    }
    /// The bytes of `ranges(n)` as one frame: a packed frame is shifted to begin at a byte, bits behind it are cleared.
    #[must_use]
    pub fn aligned(&self, n: usize, mut bytes: Vec<u8>) -> Vec<u8> {
        let Self::Packed { bits, swapped, .. } = self else { return bytes };
        let first = bits.wrapping_mul(n as u64);
        if *swapped {
            bytes.chunks_exact_mut(2).for_each(<[u8]>::reverse);
            if first / 8 % 2 == 1 {
                bytes.drain(..1.min(bytes.len()));
            }
        }
        cut_bits(&bytes, first % 8, *bits).unwrap_or_default()
    }
    /// True when offsets count from the start of the inflated data set.
    #[must_use]
    pub fn is_deflated(&self) -> bool {
        matches!(self, Self::Native { deflated: true, .. } | Self::Packed { deflated: true, .. })
    }
    /// How a frame is really coded: native samples are native whatever label their object carries.
    #[must_use]
    pub fn syntax<'a>(&self, labelled: &'a str) -> &'a str {
        match self {
            Self::Native { big: true, .. } => uid::EXPLICIT_BE,
            Self::Native { .. } | Self::Packed { .. } => uid::EXPLICIT_LE,
            Self::Encapsulated(_) | Self::None => labelled,
        }
    }
    /// The compact form kept beside the instance row: varints, offsets as deltas.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::None => out.push(0),
            Self::Native { offset, length, count, deflated, big } => {
                out.push(0x10 | u8::from(*deflated) | (u8::from(*big) << 1));
                for v in [*offset, *length, u64::from(*count)] {
                    put(&mut out, v);
                }
            }
            Self::Packed { offset, bits, count, deflated, swapped } => {
                out.push(0x20 | u8::from(*deflated) | (u8::from(*swapped) << 1));
                for v in [*offset, *bits, u64::from(*count)] {
                    put(&mut out, v);
                }
            }
            Self::Encapsulated(list) => {
                out.push(1);
                put(&mut out, list.len() as u64);
                let mut last = 0u64;
                for frame in list {
                    put(&mut out, frame.len() as u64);
                    for (offset, length) in frame {
                        put(&mut out, offset.saturating_sub(last));
                        put(&mut out, *length);
                        last = *offset;
                    }
                }
            }
        }
        out
    }
    /// Reads the compact form; damage gives `None`.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        read(bytes).unwrap_or_default()
    }
}

fn put(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push((v & 0x7F) as u8 | 0x80);
        v >>= 7;
    }
    out.push((v & 0x7F) as u8);
}

fn get(bytes: &mut &[u8]) -> Option<u64> {
    let mut v = 0u64;
    for shift in (0..64).step_by(7) {
        let (b, rest) = bytes.split_first()?;
        *bytes = rest;
        v |= u64::from(b & 0x7F) << shift;
        if b & 0x80 == 0 {
            return Some(v);
        }
    }
    None
}

fn read(bytes: &[u8]) -> Option<Frames> {
    let (kind, mut rest) = bytes.split_first()?;
    match kind {
        0 => Some(Frames::None),
        1 => {
            let count = usize::try_from(get(&mut rest)?).ok().filter(|n| *n <= rest.len())?;
            let mut list = Vec::with_capacity(count);
            let mut last = 0u64;
            for _ in 0..count {
                let n = usize::try_from(get(&mut rest)?).ok().filter(|n| *n <= rest.len())?;
                let mut frame = Vec::with_capacity(n);
                for _ in 0..n {
                    last = last.checked_add(get(&mut rest)?)?;
                    frame.push((last, get(&mut rest)?));
                }
                list.push(frame);
            }
            Some(Frames::Encapsulated(list))
        }
        k if k & 0xFC == 0x10 => Some(Frames::Native {
            offset: get(&mut rest)?,
            length: get(&mut rest)?,
            count: u32::try_from(get(&mut rest)?).ok()?,
            deflated: k & 1 != 0,
            big: k & 2 != 0,
        }),
        k if k & 0xFC == 0x20 => Some(Frames::Packed {
            offset: get(&mut rest)?,
            bits: get(&mut rest)?,
            count: u32::try_from(get(&mut rest)?).ok()?,
            deflated: k & 1 != 0,
            swapped: k & 2 != 0,
        }),
        _ => None,
    }
}

/// `count` bits from bit `first` of a plane packed from the low bit, as bytes; what lies behind them is zero.
pub(super) fn cut_bits(packed: &[u8], first: u64, count: u64) -> Option<Vec<u8>> {
    let start = usize::try_from(first / 8).ok()?;
    let length = usize::try_from(count.div_ceil(8)).ok()?;
    let shift = (first % 8) as u32;
    let end = usize::try_from((first + count).div_ceil(8)).ok()?;
    let part = packed.get(start..end)?;
    let mut out: Vec<u8> = part
        .iter()
        .enumerate()
        .take(length)
        .map(|(i, low)| {
            let high = part.get(i + 1).copied().unwrap_or(0);
            (u16::from_le_bytes([*low, high]) >> shift).to_le_bytes()[0]
        })
        .collect();
    if let Some(last) = out.last_mut().filter(|_| !count.is_multiple_of(8)) {
        *last &= (1 << (count % 8)) - 1;
    }
    Some(out)
}

/// Builds the index; what is wrong is noted as `pixel-size`, `pixel-length`, `fragment-count`, `offset-table`.
pub fn index<S: Source>(object: &Object, image: &Image, source: &mut S, defects: &mut Defects) -> Frames {
    let root = object.root();
    let Some((offset, length, big)) =
        [tag::PIXELS, tag::FLOAT_PIXELS, tag::DOUBLE_PIXELS].into_iter().find_map(|t| root.place(t))
    else {
        return Frames::None;
    };
    let Some(frame) = image.frame_bytes() else {
        defects.note("pixel-size");
        return Frames::None;
    };
    if object.fragments.is_empty() {
        if !uid::is_native(&object.head.transfer_syntax)
            && object.head.transfer_syntax.starts_with("1.2.840.10008.1.2.4.")
        {
            defects.note("ts-mismatch");
        }
        return native(object, image, (offset, length, big), frame, defects);
    }
    encapsulated(object, image, source, defects)
}

/// Native samples: computed.
fn native(
    object: &Object,
    image: &Image,
    (offset, length, big): (u64, u64, bool),
    frame: u64,
    defects: &mut Defects,
) -> Frames {
    let deflated = object.deflated.is_some();
    // 8-bit samples in big-endian OW stand in swapped pairs (PS3.5 §7.3, annex D).
    let words = object.root().get(tag::PIXELS).is_some_and(|(_, t)| t.vr == Vr::OW);
    let swapped = big && words && image.bits_allocated <= 8;
    // Native 4:2:2 shares its chrominance between two pixels (PS3.3 §C.7.6.3.1.2); some writers only say so.
    let halved = matches!(image.photometric.as_str(), "YBR_FULL_422" | "YBR_PARTIAL_422")
        && image.samples == 3
        && length / u64::from(image.frames.max(1)) < frame;
    let bits = match (image.bits_allocated, halved) {
        (1, _) => u64::from(image.rows) * u64::from(image.cols) * u64::from(image.samples),
        (_, true) => frame / 3 * 2 * 8,
        (_, false) => frame * 8,
    };
    let there = length.saturating_mul(8) / bits.max(1);
    let count = u32::try_from(there).unwrap_or(u32::MAX).min(image.frames);
    if count < image.frames {
        defects.note("pixel-length");
    }
    if count == 0 {
        Frames::None
    } else if image.bits_allocated == 1 || swapped {
        Frames::Packed { offset, bits, count, deflated, swapped }
    } else {
        Frames::Native { offset, length: bits / 8, count, deflated, big }
    }
}

/// Fragments: by the tables where every entry is a real item, else one fragment a frame, else by codestream starts or ends.
fn encapsulated<S: Source>(object: &Object, image: &Image, source: &mut S, defects: &mut Defects) -> Frames {
    let wanted = usize::try_from(image.frames).unwrap_or(usize::MAX).min(MAX_FRAMES);
    let data = object.fragments.get(1..).unwrap_or_default();
    if data.is_empty() {
        defects.note("fragment-count");
        return Frames::None;
    }
    if uid::is_video(&object.head.transfer_syntax) {
        // Its frames have no bytes of their own: the stream is kept, and handed out, as one.
        return Frames::Encapsulated(vec![data.to_vec()]);
    }
    for table in [extended(object), basic(object, source)].into_iter().flatten() {
        if let Some(list) = by_table(&table, data, wanted) {
            return Frames::Encapsulated(list);
        }
        defects.note("offset-table");
    }
    if data.len() == wanted {
        return Frames::Encapsulated(data.iter().map(|f| vec![*f]).collect());
    }
    let segments = image.samples * image.bits_allocated.div_ceil(8);
    let rle = (object.head.transfer_syntax == uid::RLE).then_some(segments);
    // the end of an image is a marker of codestreams, RLE has none
    let ended = if rle.is_none() { by_end(data, source) } else { Vec::new() };
    let whole = if wanted == 1 && rle.is_none() { vec![data.to_vec()] } else { Vec::new() };
    for list in [by_start(data, source, rle), ended, whole] {
        if list.len() == wanted && list.iter().all(|f| f.len() <= MAX_FRAGMENTS) {
            return Frames::Encapsulated(list);
        }
    }
    defects.note("fragment-count");
    Frames::None
}

/// (7FE0,0001): 64-bit offsets.
fn extended(object: &Object) -> Option<Vec<u64>> {
    let raw = object.root().bytes(tag::EXTENDED_OFFSETS).filter(|b| !b.is_empty())?;
    Some(raw.chunks_exact(8).filter_map(|c| c.try_into().ok().map(u64::from_le_bytes)).collect())
}

/// The first item: 32-bit offsets.
fn basic<S: Source>(object: &Object, source: &mut S) -> Option<Vec<u64>> {
    let (offset, length) = *object.fragments.first()?;
    if length == 0 {
        return None;
    }
    let raw = source.bytes(offset, length.min(4 * MAX_FRAMES as u64));
    Some(
        raw.chunks_exact(4)
            .filter_map(|c| c.try_into().ok())
            .map(|b| u64::from(u32::from_le_bytes(b)))
            .collect(),
    )
}

/// Groups fragments by a table whose every entry must be the start of a real item.
fn by_table(table: &[u64], data: &[(u64, u64)], wanted: usize) -> Option<Vec<Vec<(u64, u64)>>> {
    let base = data.first()?.0.checked_sub(8)?;
    if table.len() != wanted || table.first() != Some(&0) {
        return None;
    }
    let mut list: Vec<Vec<(u64, u64)>> = Vec::with_capacity(table.len());
    let mut next = table.iter().peekable();
    for (offset, length) in data {
        let here = offset - 8 - base;
        if next.peek().is_some_and(|t| **t == here) {
            next.next();
            list.push(Vec::new());
        }
        list.last_mut()?.push((*offset, *length));
    }
    next.peek().is_none().then_some(list)
}

/// Groups fragments by codestream starts: SOI and a marker (JPEG, JPEG-LS), SOC and SIZ (JPEG 2000), the signature boxes of
/// JP2 and JPEG XL, the bare JPEG XL codestream; an RLE header of so many segments for RLE.
fn by_start<S: Source>(data: &[(u64, u64)], source: &mut S, rle: Option<u32>) -> Vec<Vec<(u64, u64)>> {
    let mut list: Vec<Vec<(u64, u64)>> = Vec::new();
    for (offset, length) in data {
        let start = source.bytes(*offset, 8.min(*length));
        let begins = match (start.as_slice(), rle) {
            ([a, b, c, d, 64, 0, 0, 0], Some(segments)) => u32::from_le_bytes([*a, *b, *c, *d]) == segments,
            (_, Some(_)) => false,
            (s, None) => STARTS.iter().any(|begin| s.starts_with(begin)),
        };
        if begins || (list.is_empty() && rle.is_none()) {
            list.push(Vec::new());
        }
        if let Some(frame) = list.last_mut() {
            frame.push((*offset, *length));
        }
    }
    list
}

const STARTS: &[&[u8]] = &[
    &[0xFF, 0xD8, 0xFF],
    &[0xFF, 0x4F, 0xFF, 0x51],
    &[0, 0, 0, 12, b'j', b'P', b' ', b' '],
    &[0, 0, 0, 12, b'J', b'X', b'L', b' '],
    &[0xFF, 0x0A],
];

/// Groups fragments by the end of image marker FFD9, which JPEG, JPEG-LS and JPEG 2000 share; one padding byte may follow.
fn by_end<S: Source>(data: &[(u64, u64)], source: &mut S) -> Vec<Vec<(u64, u64)>> {
    let mut list: Vec<Vec<(u64, u64)>> = Vec::new();
    let mut open = false;
    for (offset, length) in data {
        let tail = source.bytes(offset + length.saturating_sub(3), 3.min(*length));
        if !open {
            list.push(Vec::new());
        }
        if let Some(frame) = list.last_mut() {
            frame.push((*offset, *length));
        }
        open = !matches!(tail.as_slice(), [.., 0xFF, 0xD9] | [0xFF, 0xD9, _]);
    }
    list
}
