//! Stored samples: interleaved bytes to planar integers, and which of them are missing.

use super::build::lengthen;

/// How samples are stored (PS3.3 §C.10.9.1.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    bytes: usize,
    signed: bool,
}

/// Samples of a channel and its gaps `[from, to)`.
pub type Planar = (Vec<i32>, Vec<(usize, usize)>);

impl Stored {
    /// From SampleInterpretation, else from the allocated bits; `None` for companded audio (MB, AB) and unknown forms.
    #[must_use]
    pub fn of(interpretation: &str, allocated: i64) -> Option<Self> {
        let by_name = match interpretation.trim() {
            "SB" => Some((1, true)),
            "UB" => Some((1, false)),
            "SS" => Some((2, true)),
            "US" => Some((2, false)),
            "SL" => Some((4, true)),
            "UL" => Some((4, false)),
            _ => None,
        };
        let (bytes, signed) = by_name?;
        (allocated == 8 * i64::try_from(bytes).ok()?).then_some(Self { bytes, signed })
    }

    /// Bytes of a sample.
    #[must_use]
    pub const fn bytes(self) -> usize {
        self.bytes
    }

    /// Bits of a sample.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self.bytes {
            1 => 8,
            2 => 16,
            _ => 32,
        }
    }

    /// The first sample of `raw`, as stored; `None` when short.
    #[must_use]
    pub fn read(self, raw: &[u8], big: bool) -> Option<i64> {
        let mut value: u32 = 0;
        for k in 0..self.bytes {
            let byte = u32::from(*raw.get(k)?);
            let shift = 8 * if big { self.bytes - 1 - k } else { k };
            value |= byte << shift;
        }
        Some(if self.signed { extend(value, self.bits()) } else { i64::from(value) })
    }

    /// Lowest and highest value of `bits` stored bits; a 32-bit unsigned maximum is cut to what is kept.
    #[must_use]
    pub fn rails(self, bits: u32) -> (i32, i32) {
        let (low, high) = if self.signed {
            (-(1_i64 << (bits - 1)), (1_i64 << (bits - 1)) - 1)
        } else {
            (0, (1_i64 << bits) - 1)
        };
        (clamp(low), clamp(high))
    }

    /// The minimum of the type means "no data" in every signed group; what is declared as padding counts only at an
    /// extreme of the type: makers declare 0 while true zeros exist.
    fn is_missing(self, value: i64, padding: Option<i64>) -> bool {
        let (low, high) = if self.signed {
            (-(1_i64 << (self.bits() - 1)), (1_i64 << (self.bits() - 1)) - 1)
        } else {
            (0, (1_i64 << self.bits()) - 1)
        };
        (self.signed && value == low) || (padding == Some(value) && value == high)
    }
}

fn extend(value: u32, bits: u32) -> i64 {
    let shift = 32 - bits;
    // Shift the sign bit to the top and back: an arithmetic shift copies it.
    i64::from((value << shift).cast_signed() >> shift)
}

fn clamp(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(if value > 0 { i32::MAX } else { i32::MIN })
}

/// Channel `c` of `channels`, `count` samples of it. `bits` = BitsStored: 12 in 16 is sign-extended.
/// The caller has checked that `data` is long enough; what is not there would be missing.
#[must_use]
pub fn planar(
    data: &[u8],
    big: bool,
    stored: Stored,
    bits: u32,
    (c, channels, count): (usize, usize, usize),
    padding: Option<i64>,
) -> Planar {
    let step = channels * stored.bytes();
    let mut raw = Vec::with_capacity(count.min(data.len()));
    let mut missing: Vec<(usize, usize)> = Vec::new();
    for i in 0..count {
        let sample = data.get(i * step + c * stored.bytes()..).and_then(|d| stored.read(d, big));
        let gone = sample.is_none_or(|v| stored.is_missing(v, padding));
        if gone {
            lengthen(&mut missing, i);
        }
        let value = sample.unwrap_or(0);
        raw.push(clamp(if stored.signed && bits < stored.bits() && !gone {
            extend(u32::try_from(value & 0xFFFF_FFFF).unwrap_or(0), bits)
        } else {
            value
        }));
    }
    (raw, missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_bits_in_sixteen_are_sign_extended_and_zero_padding_is_not_a_gap() {
        let ss = Stored::of("SS", 16).unwrap();
        let data = [0xFF, 0x0F, 0x00, 0x00, 0x00, 0x80, 0x34, 0x02];
        let (raw, missing) = planar(&data, false, ss, 12, (0, 1, 4), Some(0));
        assert_eq!((raw.as_slice(), missing.as_slice()), (&[-1, 0, -32768, 0x234][..], &[(2, 3)][..]));
        let (raw, _) = planar(&[0x00, 0x01, 0xFF, 0xFE], true, ss, 16, (0, 1, 2), None);
        assert_eq!(raw, [1, -2]);
        let us = Stored::of("US", 16).unwrap();
        let (raw, missing) = planar(&[0xFF, 0xFF, 0, 0], false, us, 16, (0, 1, 2), Some(65535));
        assert_eq!((raw.as_slice(), missing.as_slice()), (&[65535, 0][..], &[(0, 1)][..]));
        assert_eq!(Stored::of("MB", 8), None);
        assert_eq!(Stored::of("SS", 8), None);
        let sl = Stored::of("SL", 32).unwrap();
        assert_eq!(sl.read(&[0xFE, 0xFF, 0xFF, 0xFF], false), Some(-2));
    }
}
