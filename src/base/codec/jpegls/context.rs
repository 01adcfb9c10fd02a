//! Coding parameters and adaptive contexts (T.87 annexes A and C).

use super::super::CodecError;
use super::super::error::refused;
use super::bits::{Bits, BitsOut};

/// Parameters of an LSE segment, 0 = default (§C.2.4.1.1).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Preset {
    max: i32,
    thresholds: [i32; 3],
    reset: i32,
}

impl Preset {
    pub(super) fn read(segment: &[u8]) -> Result<Self, CodecError> {
        let [1, rest @ ..] = segment else {
            return Err(CodecError::Unsupported("jpeg-ls mapping tables".into()));
        };
        let words: Vec<i32> = rest.chunks_exact(2).map(|w| u16::from_be_bytes([w[0], w[1]]).into()).collect();
        let [max, t1, t2, t3, reset] = words[..] else { return Err(refused("jpeg-ls parameters")) };
        Ok(Self { max, thresholds: [t1, t2, t3], reset })
    }
}

/// Parameters of a scan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coding {
    pub(super) near: i32,
    max: i32,
    range: i32,
    thresholds: [i32; 3],
    reset: i64,
    limit: u32,
    quantised_bits: u32,
}

/// One of the 365 regular or 2 run-interruption contexts (§A.2.1).
#[derive(Debug, Clone, Copy)]
pub(super) struct Context {
    a: i64,
    b: i64,
    c: i32,
    n: i64,
    negative: i64,
}

impl Coding {
    pub(super) fn new(precision: u8, near: i32, preset: Preset) -> Result<Self, CodecError> {
        let full = (1 << precision) - 1;
        let max = if preset.max == 0 { full } else { preset.max };
        if max > full || max < 1 || near < 0 || near > 255.min(max / 2) {
            return Err(refused("jpeg-ls parameters"));
        }
        let range = (max + 2 * near) / (2 * near + 1) + 1;
        let bits = bits_for(max + 1).max(2);
        let defaults = default_thresholds(max, near);
        let mut thresholds = preset.thresholds;
        for (chosen, default) in thresholds.iter_mut().zip(defaults) {
            if *chosen == 0 {
                *chosen = default;
            }
        }
        let reset = if preset.reset == 0 { 64 } else { preset.reset.max(3) };
        let limit = 2 * (bits + bits.max(8));
        Ok(Self { near, max, range, thresholds, reset: reset.into(), limit, quantised_bits: bits_for(range) })
    }

    pub(super) fn fresh_context(&self) -> Context {
        Context { a: i64::from((self.range + 32) / 64).max(2), b: 0, c: 0, n: 1, negative: 0 }
    }

    /// Context number with sign, -364 to 364, of the neighbours Ra, Rb, Rc, Rd; 0 begins a run (§A.3.4).
    pub(super) fn context(&self, [a, b, c, d]: [i32; 4]) -> i32 {
        81 * self.quantise(d - b) + 9 * self.quantise(b - c) + self.quantise(c - a)
    }

    /// Gradient to one of nine regions (§A.3.3).
    fn quantise(&self, d: i32) -> i32 {
        let [t1, t2, t3] = self.thresholds;
        let size = d.abs();
        let region = if size <= self.near {
            0
        } else if size < t1 {
            1
        } else if size < t2 {
            2
        } else if size < t3 {
            3
        } else {
            4
        };
        if d < 0 { -region } else { region }
    }

    /// Sample from prediction and error, modulo RANGE, clamped (§A.4.5, §A.8).
    fn reconstruct(&self, prediction: i32, error: i64) -> i32 {
        let step = i64::from(2 * self.near + 1);
        let mut value = i64::from(prediction) + error * step;
        if value < i64::from(-self.near) {
            value += i64::from(self.range) * step;
        } else if value > i64::from(self.max + self.near) {
            value -= i64::from(self.range) * step;
        }
        value.clamp(0, i64::from(self.max)) as i32
    }

    /// Regular mode: prediction error from the stream, sample from prediction (§A.4 to §A.6).
    pub(super) fn regular(
        &self,
        c: &mut Context,
        sign: i32,
        med: i32,
        bits: &mut Bits<'_>,
    ) -> Result<i32, CodecError> {
        let prediction = (med + sign * c.c).clamp(0, self.max);
        let k = golomb_parameter(c.n, c.a)?;
        let mapped = self.golomb(bits, k, self.limit)?;
        let shifted = self.near == 0 && k == 0 && 2 * c.b <= -c.n;
        let error = match (shifted, mapped % 2) {
            (false, 0) => mapped / 2,
            (false, _) => -(mapped + 1) / 2,
            (true, 0) => -(mapped / 2) - 1,
            (true, _) => (mapped - 1) / 2,
        };
        self.learn(c, error);
        Ok(self.reconstruct(prediction, i64::from(sign) * error))
    }

    /// The sample that ends a run; `alike` says left and upper neighbour agree (§A.7.2).
    pub(super) fn interruption(
        &self,
        c: &mut Context,
        alike: bool,
        (left, above): (i32, i32),
        run_bits: u32,
        bits: &mut Bits<'_>,
    ) -> Result<i32, CodecError> {
        let kind = i64::from(alike);
        let k = golomb_parameter(c.n, if alike { c.a + (c.n >> 1) } else { c.a })?;
        let mapped = self.golomb(bits, k, self.limit - run_bits - 1)?;
        let doubled = mapped + kind;
        let odd = doubled % 2 == 1;
        let size = (doubled + i64::from(odd)) / 2;
        let error = if (k != 0 || 2 * c.negative >= c.n) == odd { -size } else { size };
        self.learn_run(c, error, mapped, kind);
        let (prediction, sign) = if alike { (left, 1) } else { (above, if left > above { -1 } else { 1 }) };
        Ok(self.reconstruct(prediction, sign * error))
    }

    /// Adapts a regular context (§A.6).
    fn learn(&self, c: &mut Context, error: i64) {
        c.b += error * i64::from(2 * self.near + 1);
        c.a += error.abs();
        if c.n == self.reset {
            c.a >>= 1;
            c.b >>= 1;
            c.n >>= 1;
        }
        c.n += 1;
        if c.b <= -c.n {
            c.b = (c.b + c.n).max(1 - c.n);
            c.c = (c.c - 1).max(-128);
        } else if c.b > 0 {
            c.b = (c.b - c.n).min(0);
            c.c = (c.c + 1).min(127);
        }
    }

    /// Adapts a run-interruption context (§A.7.2.2).
    fn learn_run(&self, c: &mut Context, error: i64, mapped: i64, kind: i64) {
        if error < 0 {
            c.negative += 1;
        }
        c.a += (mapped + 1 - kind) >> 1;
        if c.n == self.reset {
            c.a >>= 1;
            c.n >>= 1;
            c.negative >>= 1;
        }
        c.n += 1;
    }

    /// Prediction error modulo RANGE, lossless (§A.4.5).
    fn reduce(&self, error: i32) -> i64 {
        let error = if error < 0 { error + self.range } else { error };
        i64::from(if error >= (self.range + 1) / 2 { error - self.range } else { error })
    }

    /// The reverse of `regular`, lossless.
    pub(super) fn put_regular(
        &self,
        c: &mut Context,
        sign: i32,
        med: i32,
        value: i32,
        bits: &mut BitsOut,
    ) -> Result<(), CodecError> {
        let prediction = (med + sign * c.c).clamp(0, self.max);
        let error = self.reduce(sign * (value - prediction));
        let k = golomb_parameter(c.n, c.a)?;
        let shifted = k == 0 && 2 * c.b <= -c.n;
        let mapped = match (shifted, error >= 0) {
            (false, true) => 2 * error,
            (false, false) => -2 * error - 1,
            (true, true) => 2 * error + 1,
            (true, false) => -2 * (error + 1),
        };
        self.put_golomb(bits, mapped, k, self.limit);
        self.learn(c, error);
        Ok(())
    }

    /// The reverse of `interruption`, lossless.
    pub(super) fn put_interruption(
        &self,
        c: &mut Context,
        (left, above): (i32, i32),
        value: i32,
        run_bits: u32,
        bits: &mut BitsOut,
    ) -> Result<(), CodecError> {
        let alike = left == above;
        let kind = i64::from(alike);
        let sign = if !alike && left > above { -1 } else { 1 };
        let error = self.reduce(sign * (value - if alike { left } else { above }));
        let k = golomb_parameter(c.n, if alike { c.a + (c.n >> 1) } else { c.a })?;
        let often_negative = 2 * c.negative >= c.n;
        let odd = if error < 0 { k != 0 || often_negative } else { error > 0 && k == 0 && !often_negative };
        let mapped = 2 * error.abs() - kind - i64::from(odd);
        self.put_golomb(bits, mapped, k, self.limit - run_bits - 1);
        self.learn_run(c, error, mapped, kind);
        Ok(())
    }

    fn put_golomb(&self, bits: &mut BitsOut, mapped: i64, k: u32, limit: u32) {
        let escape = limit.saturating_sub(self.quantised_bits + 1);
        let high = mapped >> k;
        if high < i64::from(escape) {
            bits.zeros(high as u32);
            bits.write((mapped & ((1 << k) - 1)) as u32, k);
        } else {
            bits.zeros(escape);
            bits.write((mapped - 1) as u32, self.quantised_bits);
        }
    }

    /// Limited-length Golomb code (§A.5.3).
    fn golomb(&self, bits: &mut Bits<'_>, k: u32, limit: u32) -> Result<i64, CodecError> {
        let escape = limit.saturating_sub(self.quantised_bits + 1);
        let zeros = bits.zeros(escape)?;
        if zeros < escape {
            return Ok((i64::from(zeros) << k) | i64::from(bits.read(k)?));
        }
        Ok(i64::from(bits.read(self.quantised_bits)?) + 1)
    }
}

/// Smallest k with N·2^k ≥ A (§A.5.1).
fn golomb_parameter(n: i64, a: i64) -> Result<u32, CodecError> {
    (0..=24).find(|k| n << k >= a).ok_or_else(|| refused("jpeg-ls context"))
}

/// Bits needed for `values` different values.
fn bits_for(values: i32) -> u32 {
    32 - (values - 1).leading_zeros()
}

/// §C.2.4.1.1.1.
fn default_thresholds(max: i32, near: i32) -> [i32; 3] {
    let clamp = |value: i32, low: i32| if value > max || value < low { low } else { value };
    let raw = if max >= 128 {
        let factor = (max.min(4095) + 128) / 256;
        [factor + 2 + 3 * near, factor * 4 + 3 + 5 * near, factor * 17 + 4 + 7 * near]
    } else {
        let factor = 256 / (max + 1);
        [(3 / factor + 3 * near).max(2), (7 / factor + 5 * near).max(3), (21 / factor + 7 * near).max(4)]
    };
    let t1 = clamp(raw[0], near + 1);
    let t2 = clamp(raw[1], t1);
    [t1, t2, clamp(raw[2], t2)]
}
