//! Grey images: modality, VOI and presentation transformations, inversion (PS3.3 §C.11.1, §C.11.2, §C.11.6).

use super::super::{Display, Shape, Table};
use super::straight::Straight;

/// Share of pixels clipped at either end when the data set has no window.
const CLIP: f64 = 0.005;
/// Bytes looked up in one run: they stay in the processor's first cache.
const NEAR: usize = 16 << 10;
/// Samples compared side by side.
const AT_ONCE: usize = 32;

/// Eight-bit grey levels of one-sample data.
pub(super) fn display(data: &[u8], shape: &Shape, display: &Display) -> Vec<u8> {
    let width = shape.sample_bytes();
    if let Some(words) = Words::of(shape) {
        return words.display(data, shape, display);
    }
    let voi = Voi::of(display).unwrap_or_else(|| spanned(range(data, shape, display)));
    let level = |stored: f64| level(stored, &voi, shape, display);
    data.chunks_exact(width).map(|w| level(value(w, shape))).collect()
}

/// From samples to grey levels that do not hang on what other samples there are.
pub(super) struct Passing {
    words: Words,
    greys: Greys,
    line: Option<Straight>,
}

impl Passing {
    /// `None` where they do, or where working out every level costs more than the image.
    pub(super) fn of(shape: &Shape, display: &Display) -> Option<Self> {
        let (words, voi) = (Words::of(shape)?, Voi::of(display)?);
        if !words.are_few(shape) || shape.bits_allocated == 1 {
            return None;
        }
        let greys = words.greys((0, words.mask), &voi, shape, display);
        let line = voi.straight(shape, display, &greys);
        Some(Self { words, greys, line })
    }

    /// Adds the grey of each of a few samples.
    pub(super) fn show(&self, samples: &[u8], shown: &mut Vec<u8>) {
        match &self.line {
            Some(line) => line.draw(samples, shown),
            None => self.words.look_up_near(samples, &self.greys, shown),
        }
    }
}

/// The grey level of a stored value.
fn level(stored: f64, voi: &Voi<'_>, shape: &Shape, display: &Display) -> u8 {
    if is_padding(stored, display) || stored.is_nan() {
        return 0;
    }
    let share = voi.share(modality(stored, display));
    let share = match &display.presentation {
        Some(table) if !table.entries.is_empty() => {
            table.share(table.first as f64 + share * (table.entries.len() - 1) as f64)
        }
        _ => share,
    };
    let grey = (share * 255.0).round() as u8;
    if is_inverted(shape, display) { 255 - grey } else { grey }
}

fn is_inverted(shape: &Shape, display: &Display) -> bool {
    display.invert || shape.photometric == "MONOCHROME1"
}

/// A grey for each number two bytes can make: no look-up can miss.
pub(super) type Greys = Box<[u8; 1 << 16]>;

/// Samples of one or two bytes: so few values that each is worked out once and looked up for every pixel.
struct Words {
    bytes: usize,
    /// Bits below the stored ones.
    shift: u16,
    /// The largest number the stored bits make.
    mask: u16,
}

impl Words {
    fn of(shape: &Shape) -> Option<Self> {
        let (bytes, shift) = (shape.sample_bytes(), shape.high_bit + 1 - shape.bits_stored);
        let mask = u16::MAX.checked_shr(16 - u32::from(shape.bits_stored.min(16))).unwrap_or(0);
        (bytes <= 2 && !shape.float).then_some(Self { bytes, shift, mask })
    }

    fn display(&self, data: &[u8], shape: &Shape, display: &Display) -> Vec<u8> {
        let voi = Voi::of(display).unwrap_or_else(|| {
            let stored = |bits| self.stored(bits, shape);
            spanned(if shape.bits_allocated == 1 { (0.0, 1.0) } else { self.range(data, &stored, display) })
        });
        let occur = if self.are_few(shape) { (0, self.mask) } else { self.span(data) };
        let greys = self.greys(occur, &voi, shape, display);
        let mut shown = Vec::with_capacity(shape.pixels());
        match voi.straight(shape, display, &greys) {
            Some(line) => line.draw(data, &mut shown),
            None => self.look_up(data, &greys, &mut shown),
        }
        shown
    }

    /// The stored value whose bits make a number.
    fn stored(&self, bits: u16, shape: &Shape) -> f64 {
        shape.stored_value(u32::from(bits) << self.shift) as f64
    }

    /// Working out the grey of every number there can be costs less than looking which ones there are.
    fn are_few(&self, shape: &Shape) -> bool {
        usize::from(self.mask) < shape.pixels() / 8
    }

    /// The greys of the numbers between two.
    fn greys(&self, (least, most): (u16, u16), voi: &Voi<'_>, shape: &Shape, display: &Display) -> Greys {
        let mut greys = vec![0; 1 << 16];
        for bits in least..=most {
            greys[usize::from(bits)] = level(self.stored(bits, shape), voi, shape, display);
        }
        greys.into_boxed_slice().try_into().unwrap_or_else(|_| Box::new([0; 1 << 16]))
    }

    /// Adds the grey of each sample of a frame. It comes from far memory: copied near run by run it is there in time, look-up by
    /// look-up each one waits for it.
    fn look_up(&self, data: &[u8], greys: &Greys, shown: &mut Vec<u8>) {
        let mut near = [0; NEAR];
        for part in data.chunks(NEAR) {
            let near = &mut near[..part.len()];
            near.copy_from_slice(part);
            self.look_up_near(near, greys, shown);
        }
    }

    /// The same of samples that the processor has near.
    fn look_up_near(&self, data: &[u8], greys: &Greys, shown: &mut Vec<u8>) {
        let (shift, mask) = (self.shift, self.mask);
        let grey = |bits: u16| greys[usize::from((bits >> shift) & mask)];
        if self.bytes == 1 {
            shown.extend(data.iter().map(|byte| grey(u16::from(*byte))));
        } else {
            shown.extend(data.as_chunks::<2>().0.iter().map(|word| grey(u16::from_le_bytes(*word))));
        }
    }

    /// The smallest and the largest number.
    fn span(&self, data: &[u8]) -> (u16, u16) {
        let (shift, mask) = (self.shift, self.mask);
        if self.bytes == 1 {
            return span(data, |[byte]| (u16::from(*byte) >> shift) & mask);
        }
        span(data, |word: &[u8; 2]| (u16::from_le_bytes(*word) >> shift) & mask)
    }

    /// As [`range`], by counting how often each value occurs.
    fn range(&self, data: &[u8], stored: &dyn Fn(u16) -> f64, display: &Display) -> (f64, f64) {
        let mut counts = vec![0_usize; 1 << 16];
        let mut count = |bits: u16| counts[usize::from((bits >> self.shift) & self.mask)] += 1;
        if self.bytes == 1 {
            data.iter().for_each(|byte| count(u16::from(*byte)));
        } else {
            data.as_chunks::<2>().0.iter().for_each(|word| count(u16::from_le_bytes(*word)));
        }
        let seen = (0..=self.mask).zip(&counts).filter(|(_, n)| **n > 0).map(|(bits, n)| (stored(bits), *n));
        let seen = seen.filter(|(stored, _)| !is_padding(*stored, display));
        let values = seen.map(|(stored, n)| (modality(stored, display), n));
        let mut values: Vec<(f64, usize)> = values.filter(|(v, _)| v.is_finite()).collect();
        values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let (Some((least, _)), Some((most, _))) = (values.first(), values.last()) else { return (0.0, 1.0) };
        let total: usize = values.iter().map(|(_, n)| n).sum();
        let clip = (total as f64 * CLIP) as usize;
        let at = |rank: usize| {
            let mut behind = 0;
            let found = values.iter().find(|(_, n)| {
                behind += n;
                behind > rank
            });
            found.map_or(*most, |(value, _)| *value)
        };
        let (low, high) = (at(clip), at((total - 1 - clip).max(clip)));
        // nearly all of one value: what little differs is what there is to see
        if high > low { (low, high) } else { (*least, *most) }
    }
}

/// The smallest and the largest number that samples of `N` bytes make. Several are looked for at once, and put together at the
/// end: one after the other, each comparison would wait for the one before.
fn span<const N: usize>(data: &[u8], number: impl Fn(&[u8; N]) -> u16) -> (u16, u16) {
    let (mut least, mut most) = ([u16::MAX; AT_ONCE], [0; AT_ONCE]);
    let (many, rest) = data.as_chunks::<N>().0.as_chunks::<AT_ONCE>();
    for samples in many {
        for ((sample, least), most) in samples.iter().zip(&mut least).zip(&mut most) {
            let number = number(sample);
            (*least, *most) = ((*least).min(number), (*most).max(number));
        }
    }
    let rest = rest.iter().map(&number);
    let (low, high) = rest.fold((u16::MAX, 0), |(low, high), n| (low.min(n), high.max(n)));
    (least.into_iter().fold(low, u16::min), most.into_iter().fold(high, u16::max))
}

/// Little-endian sample word, at most 32 bits.
pub(super) fn word(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte))
}

/// Stored value of a sample.
fn value(bytes: &[u8], shape: &Shape) -> f64 {
    match *bytes {
        [a, b, c, d] if shape.float => f32::from_le_bytes([a, b, c, d]).into(),
        [a, b, c, d, e, f, g, h] => f64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => shape.stored_value(word(bytes)) as f64,
    }
}

fn modality(stored: f64, display: &Display) -> f64 {
    match &display.modality {
        Some(table) => table.at(stored).into(),
        None => stored * display.slope + display.intercept,
    }
}

/// From output values of the modality transformation to a share of the grey scale.
enum Voi<'a> {
    Window { centre: f64, width: f64, function: &'a str },
    Table(&'a Table),
}

impl<'a> Voi<'a> {
    /// The window where there is one, else the table; `None` = what the values span.
    fn of(display: &'a Display) -> Option<Self> {
        let window = display.window.filter(|(c, w)| c.is_finite() && w.is_finite() && *w > 0.0);
        if let Some((centre, width)) = window {
            return Some(Self::Window { centre, width, function: &display.voi_function });
        }
        display.voi.as_ref().filter(|t| !t.entries.is_empty()).map(Self::Table)
    }

    /// The line that a linear window is, where every number has the grey it gives.
    fn straight(&self, shape: &Shape, display: &Display, greys: &Greys) -> Option<Straight> {
        let (centre, width) = match *self {
            Self::Table(_) | Self::Window { function: "SIGMOID", .. } => return None,
            Self::Window { centre, width, function: "LINEAR_EXACT" } => (centre, width),
            Self::Window { centre, width, .. } => (centre - 0.5, width - 1.0),
        };
        let line = (255.0 * display.slope / width, 255.0 * ((display.intercept - centre) / width + 0.5));
        Straight::of(shape, line, is_inverted(shape, display), greys)
    }

    /// §C.11.2.1.2, §C.11.2.1.3.
    fn share(&self, value: f64) -> f64 {
        let level = match *self {
            Self::Table(table) => return table.share(value),
            Self::Window { centre, width, function: "SIGMOID" } => {
                1.0 / (1.0 + (-4.0 * (value - centre) / width).exp())
            }
            Self::Window { centre, width, function: "LINEAR_EXACT" } => (value - centre) / width + 0.5,
            // LINEAR with width 1 is a threshold
            Self::Window { centre, width, .. } if width <= 1.0 => f64::from(u8::from(value > centre - 0.5)),
            Self::Window { centre, width, .. } => (value - (centre - 0.5)) / (width - 1.0) + 0.5,
        };
        level.clamp(0.0, 1.0)
    }
}

/// The window over what the values span.
fn spanned((low, high): (f64, f64)) -> Voi<'static> {
    let width = if high > low { high - low } else { 1.0 };
    Voi::Window { centre: f64::midpoint(low, high), width, function: "LINEAR_EXACT" }
}

fn is_padding(stored: f64, display: &Display) -> bool {
    display.padding.is_some_and(|(a, b)| (a.min(b) as f64..=a.max(b) as f64).contains(&stored))
}

/// Range of values with half a percent clipped at either end, padding and what is no number left out.
fn range(data: &[u8], shape: &Shape, display: &Display) -> (f64, f64) {
    let samples = data.chunks_exact(shape.sample_bytes()).map(|w| value(w, shape));
    let samples = samples.filter(|v| v.is_finite() && !is_padding(*v, display));
    let mut sorted: Vec<f64> = samples.map(|v| modality(v, display)).collect();
    if sorted.is_empty() {
        return (0.0, 1.0);
    }
    let clip = ((sorted.len() as f64) * CLIP) as usize;
    let top = sorted.len() - 1 - clip;
    let low = *sorted.select_nth_unstable_by(clip, f64::total_cmp).1;
    let high = *sorted.select_nth_unstable_by(top.max(clip), f64::total_cmp).1;
    if high > low {
        return (low, high);
    }
    // nearly all of one value: what little differs is what there is to see
    sorted.iter().fold((low, high), |(l, h), v| (l.min(*v), h.max(*v)))
}
