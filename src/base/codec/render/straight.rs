//! Grey levels by arithmetic, many at a time, where a straight line gives the same as the table of greys for every number.
//!
//! Nearly every window is such a line. Looking up a grey takes as long for each sample as working out eight of them.

use fearless_simd::{Level, dispatch, f32x8, i16x16, i32x8, prelude::*, u8x32, u16x16, u32x8};

use super::super::Shape;
use super::grey::Greys;

/// Samples worked on at once.
const SAMPLES: usize = 32;
/// What lies half way between two greys, give or take the last bits of the arithmetic, is the upper one.
const HALF: f32 = 0.500_05;

/// A line from the stored bits of a sample of two bytes to its grey.
pub(super) struct Straight {
    /// Bits above the highest stored one.
    up: u32,
    /// Those, and the ones below the lowest stored one.
    down: u32,
    signed: bool,
    factor: f32,
    start: f32,
    /// 255 turns the greys about.
    flip: u8,
}

impl Straight {
    /// The line `factor * value + start`, if it gives each number of `bits_stored` bits the grey it has.
    pub(super) fn of(
        shape: &Shape,
        (factor, start): (f64, f64),
        is_inverted: bool,
        greys: &Greys,
    ) -> Option<Self> {
        if shape.sample_bytes() != 2 || shape.bits_stored == 0 || cfg!(target_endian = "big") {
            return None;
        }
        let line = Self {
            up: 15 - u32::from(shape.high_bit),
            down: 16 - u32::from(shape.bits_stored),
            signed: shape.signed,
            factor: factor as f32,
            start: start as f32,
            flip: if is_inverted { 255 } else { 0 },
        };
        let last = u16::MAX >> line.down;
        if !line.factor.is_finite() || !line.start.is_finite() {
            return None;
        }
        (0..=last).all(|number| line.grey(number) == greys[usize::from(number)]).then_some(line)
    }

    /// The grey of a number that the stored bits make.
    fn grey(&self, number: u16) -> u8 {
        let value = if self.signed {
            f32::from((number << self.down).cast_signed() >> self.down)
        } else {
            f32::from(number)
        };
        ((value * self.factor + self.start).clamp(0.0, 255.0) + HALF) as u8 ^ self.flip
    }

    /// Adds the grey of each sample.
    pub(super) fn draw(&self, samples: &[u8], shown: &mut Vec<u8>) {
        self.draw_at(Level::new(), samples, shown);
    }

    /// The same with the vectors of a processor.
    fn draw_at(&self, level: Level, samples: &[u8], shown: &mut Vec<u8>) {
        let (many, rest) = samples.as_chunks::<{ 2 * SAMPLES }>();
        let start = shown.len();
        shown.resize(start + many.len() * SAMPLES, 0);
        let drawn = shown[start..].as_chunks_mut::<SAMPLES>().0;
        dispatch!(level, simd => self.draw_with(simd, many, drawn));
        let number = |word: &[u8; 2]| (u16::from_le_bytes(*word) << self.up) >> self.down;
        shown.extend(rest.as_chunks::<2>().0.iter().map(|word| self.grey(number(word))));
    }

    // Must become part of the one function that knows the vectors of the processor, and so must all that it calls.
    #[inline(always)]
    fn draw_with<S: Simd>(&self, simd: S, many: &[[u8; 2 * SAMPLES]], drawn: &mut [[u8; SAMPLES]]) {
        let flip = u8x32::splat(simd, self.flip);
        let mut at = 0;
        while at < many.len().min(drawn.len()) {
            let (low, high) = many[at].split_at(SAMPLES);
            let greys = self.sixteen(simd, low).narrow(self.sixteen(simd, high));
            (greys ^ flip).store_slice(&mut drawn[at]);
            at += 1;
        }
    }

    #[inline(always)]
    fn sixteen<S: Simd>(&self, simd: S, bytes: &[u8]) -> u16x16<S> {
        let words: u16x16<S> = u8x32::from_slice(simd, bytes).bitcast();
        let words = words << self.up;
        let (low, high): (i32x8<S>, i32x8<S>) = if self.signed {
            let words: i16x16<S> = words.bitcast();
            (words >> self.down).widen()
        } else {
            let (low, high): (u32x8<S>, u32x8<S>) = (words >> self.down).widen();
            (low.bitcast(), high.bitcast())
        };
        let (low, high): (u32x8<S>, u32x8<S>) =
            (self.eight(simd, low).bitcast(), self.eight(simd, high).bitcast());
        low.narrow(high)
    }

    #[inline(always)]
    fn eight<S: Simd>(&self, simd: S, values: i32x8<S>) -> i32x8<S> {
        let grey = f32x8::float_from(values) * self.factor + self.start;
        let grey = grey.max(f32x8::splat(simd, 0.0)).min(f32x8::splat(simd, 255.0)) + HALF;
        i32x8::truncate_from(grey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(bits_stored: u16, high_bit: u16, signed: bool) -> Shape {
        Shape {
            rows: 256,
            cols: 256,
            samples: 1,
            bits_allocated: 16,
            bits_stored,
            high_bit,
            signed,
            photometric: "MONOCHROME2".into(),
            planar: 0,
            float: false,
        }
    }

    /// The greys of a window as the standard says it (PS3.3 §C.11.2.1.2), number by number.
    fn greys(shape: &Shape, (centre, width): (f64, f64), intercept: f64, is_inverted: bool) -> Greys {
        let mut greys = Box::new([0; 1 << 16]);
        for (number, grey) in (0..1_u32 << shape.bits_stored).zip(greys.iter_mut()) {
            let unused = shape.high_bit + 1 - shape.bits_stored;
            let value = shape.stored_value(number << unused) as f64 + intercept;
            let share = ((value - (centre - 0.5)) / (width - 1.0) + 0.5).clamp(0.0, 1.0);
            let level = (share * 255.0).round() as u8;
            *grey = if is_inverted { 255 - level } else { level };
        }
        greys
    }

    #[test]
    fn the_usual_windows_are_lines_and_lines_draw_what_tables_show() {
        let samples: Vec<u8> = (0..2 * 65_537_usize).map(|at| (at * 7 + at / 200 * 3) as u8).collect();
        let shapes = [
            shape(12, 11, false),
            shape(12, 11, true),
            shape(12, 13, true),
            shape(16, 15, true),
            shape(10, 9, false),
        ];
        let windows = [
            (40.0, 400.0),
            (-600.0, 1500.0),
            (300.0, 1500.0),
            (35.0, 80.0),
            (2048.0, 4096.0),
            (2047.5, 4095.0),
        ];
        for shape in &shapes {
            for window in windows {
                for (intercept, is_inverted) in [(0.0, false), (-1024.0, false), (-1024.0, true)] {
                    let greys = greys(shape, window, intercept, is_inverted);
                    let start = 255.0 * ((intercept - (window.0 - 0.5)) / (window.1 - 1.0) + 0.5);
                    let line = Straight::of(shape, (255.0 / (window.1 - 1.0), start), is_inverted, &greys);
                    let line = line.unwrap_or_else(|| panic!("{shape:?} {window:?} {intercept}"));
                    let mut shown = vec![7];
                    line.draw(&samples, &mut shown);
                    assert_eq!(shown.len(), 1 + samples.len() / 2);
                    for level in super::super::super::tests::levels() {
                        let mut again = vec![7];
                        line.draw_at(level, &samples, &mut again);
                        assert!(again == shown, "{level:?}");
                    }
                    for (word, grey) in samples.chunks_exact(2).zip(&shown[1..]) {
                        let word = u16::from_le_bytes([word[0], word[1]]);
                        let number = (word << line.up) >> line.down;
                        assert_eq!(*grey, greys[usize::from(number)], "{word} {shape:?} {window:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_no_line_is_none() {
        let shape = shape(12, 11, false);
        let mut greys = greys(&shape, (40.0, 400.0), 0.0, false);
        let line = (255.0 / 399.0, 255.0 * (-39.5 / 399.0 + 0.5));
        assert!(Straight::of(&shape, line, false, &greys).is_some());
        assert!(Straight::of(&shape, (line.0, line.1 + 0.4), false, &greys).is_none());
        greys[100] = 0;
        assert!(Straight::of(&shape, line, false, &greys).is_none(), "padding within the window");
        let bytes = Shape { bits_allocated: 8, bits_stored: 8, high_bit: 7, ..shape };
        assert!(Straight::of(&bytes, line, false, &greys).is_none());
        let nothing = (f64::NAN, f64::INFINITY);
        assert!(Straight::of(&super::tests::shape(12, 11, true), nothing, false, &greys).is_none());
    }
}
