//! The frame index (specification §4): where each frame stands, computed or taken from tables that are checked against the real items.

use super::image::Image;
use super::object::Object;
use super::{Defects, Source, tag, uid};

/// Frames listed at most; an object with more is read through its first ones only.
pub const MAX_FRAMES: usize = 1_000_000;

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
    /// Encapsulated: the fragments of each frame.
    Encapsulated(Vec<Vec<(u64, u64)>>),
}

impl Frames {
    /// Number of frames that can be read.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Native { count, .. } => *count as usize,
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
            Self::Encapsulated(list) => list.get(n).cloned(),
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
        _ => None,
    }
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
        // Native 4:2:2 shares its chrominance between two pixels (PS3.3 §C.7.6.3.1.2).
        let halved =
            matches!(image.photometric.as_str(), "YBR_FULL_422" | "YBR_PARTIAL_422") && image.samples == 3;
        let frame = if halved { frame / 3 * 2 } else { frame };
        if !uid::is_native(&object.head.transfer_syntax)
            && object.head.transfer_syntax.starts_with("1.2.840.10008.1.2.4.")
        {
            defects.note("ts-mismatch");
        }
        let there = u32::try_from(length / frame.max(1)).unwrap_or(u32::MAX).min(image.frames);
        if there < image.frames {
            defects.note("pixel-length");
        }
        return if there == 0 {
            Frames::None
        } else {
            Frames::Native { offset, length: frame, count: there, deflated: object.deflated.is_some(), big }
        };
    }
    let wanted = usize::try_from(image.frames).unwrap_or(usize::MAX).min(MAX_FRAMES);
    let data = object.fragments.get(1..).unwrap_or_default();
    if data.is_empty() {
        defects.note("fragment-count");
        return Frames::None;
    }
    let rle = object.head.transfer_syntax == "1.2.840.10008.1.2.5";
    for table in [extended(object), basic(object, source)].into_iter().flatten() {
        if let Some(list) = by_table(&table, data, wanted)
            && (!rle || list.iter().all(|f| f.len() == 1))
        {
            return Frames::Encapsulated(list);
        }
        defects.note("offset-table");
    }
    if data.len() == wanted {
        return Frames::Encapsulated(data.iter().map(|f| vec![*f]).collect());
    }
    // RLE has exactly one fragment a frame (PS3.5 §A.4.2).
    if !rle {
        if wanted == 1 {
            return Frames::Encapsulated(vec![data.to_vec()]);
        }
        let list = by_start(data, source);
        if list.len() == wanted {
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

/// Groups fragments by codestream starts: SOI (JPEG, JPEG-LS), SOC (JPEG 2000).
fn by_start<S: Source>(data: &[(u64, u64)], source: &mut S) -> Vec<Vec<(u64, u64)>> {
    let mut list: Vec<Vec<(u64, u64)>> = Vec::new();
    for (offset, length) in data {
        let start = source.bytes(*offset, 2.min(*length));
        if list.is_empty() || matches!(start.as_slice(), [0xFF, 0xD8 | 0x4F]) {
            list.push(Vec::new());
        }
        if let Some(frame) = list.last_mut() {
            frame.push((*offset, *length));
        }
    }
    list
}
