//! Exact rational numbers made from the decimal text of a file: 0.00122 mV is 1220 nV, never a float.

use serde::{Serialize, Serializer};

/// A rational number with a positive denominator, in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    num: i64,
    den: i64,
}

impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_f64(self.to_f64())
    }
}

impl Ratio {
    /// Zero.
    pub const ZERO: Ratio = Ratio { num: 0, den: 1 };
    /// One.
    pub const ONE: Ratio = Ratio { num: 1, den: 1 };

    /// `num / den`; `None` when `den` is 0 or the terms leave 64 bits.
    #[must_use]
    pub fn new(num: i64, den: i64) -> Option<Self> {
        Self::reduced(i128::from(num), i128::from(den))
    }

    /// One half.
    #[must_use]
    pub const fn halved() -> Self {
        Self { num: 1, den: 2 }
    }

    /// An integer.
    #[must_use]
    pub const fn whole(num: i64) -> Self {
        Self { num, den: 1 }
    }

    fn reduced(num: i128, den: i128) -> Option<Self> {
        if den == 0 {
            return None;
        }
        let g = gcd(num.unsigned_abs(), den.unsigned_abs()).max(1);
        let g = i128::try_from(g).ok()?;
        let sign = if den < 0 { -1 } else { 1 };
        Some(Self { num: i64::try_from(sign * num / g).ok()?, den: i64::try_from(sign * den / g).ok()? })
    }

    /// Reads `-1.25`, `+.5`, `2.5E-3` (DICOM DS, PS3.5 §6.2); at most 18 significant digits.
    #[must_use]
    pub fn from_decimal(text: &str) -> Option<Self> {
        let text = text.trim();
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((m, e)) => (m, e.trim_start_matches('+').parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, digits) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let fraction = fraction.trim_end_matches('0');
        if whole.is_empty() && fraction.is_empty() && !digits.contains('0') {
            return None;
        }
        let mut value: i128 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            if !byte.is_ascii_digit() || value > 1_000_000_000_000_000_000 {
                return None;
            }
            value = value * 10 + i128::from(byte - b'0');
        }
        if negative {
            value = -value;
        }
        let scale = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
        let power = 10_i128.checked_pow(scale.unsigned_abs()).filter(|_| scale.abs() <= 18)?;
        if scale >= 0 { Self::reduced(value.checked_mul(power)?, 1) } else { Self::reduced(value, power) }
    }

    /// The product; `None` when it leaves 64 bits.
    #[must_use]
    pub fn times(self, other: Self) -> Option<Self> {
        Self::reduced(
            i128::from(self.num) * i128::from(other.num),
            i128::from(self.den) * i128::from(other.den),
        )
    }

    /// The sum; `None` when it leaves 64 bits.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        let (a, b) = (i128::from(self.num), i128::from(self.den));
        let (c, d) = (i128::from(other.num), i128::from(other.den));
        Self::reduced(a.checked_mul(d)?.checked_add(c.checked_mul(b)?)?, b * d)
    }

    /// The difference; `None` when it leaves 64 bits.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        self.plus(Self { num: other.num.checked_neg()?, den: other.den })
    }

    /// The quotient; `None` when `other` is 0 or it leaves 64 bits.
    #[must_use]
    pub fn over(self, other: Self) -> Option<Self> {
        Self::reduced(
            i128::from(self.num) * i128::from(other.den),
            i128::from(self.den) * i128::from(other.num),
        )
    }

    /// `n * self`, rounded half away from zero.
    #[must_use]
    pub fn scale(self, n: i64) -> i64 {
        // Nearly every product fits 64 bits, where a division costs a tenth.
        if let Some(product) = n.checked_mul(self.num).filter(|p| p.unsigned_abs() < 1 << 62) {
            let half = self.den / 2;
            return if self.den == 1 {
                product
            } else if let Some(up) = product.checked_add(if product < 0 { -half } else { half }) {
                up / self.den
            } else {
                round_div(i128::from(product), i128::from(self.den))
            };
        }
        round_div(i128::from(n) * i128::from(self.num), i128::from(self.den))
    }

    /// As a float, for display and analysis.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "display and analysis only; exact arithmetic uses the terms"
    )]
    pub fn to_f64(self) -> f64 {
        self.num as f64 / self.den as f64
    }

    /// Numerator.
    #[must_use]
    pub const fn num(self) -> i64 {
        self.num
    }

    /// Denominator, positive.
    #[must_use]
    pub const fn den(self) -> i64 {
        self.den
    }

    /// True above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.num > 0
    }
}

/// `num / den` rounded half away from zero, saturating; 0 when `den` is 0.
#[must_use]
pub fn round_div(num: i128, den: i128) -> i64 {
    if den == 0 {
        return 0;
    }
    let (num, den) = if den < 0 { (-num, -den) } else { (num, den) };
    let half = den / 2;
    let q = if num >= 0 { (num + half) / den } else { (num - half) / den };
    i64::try_from(q).unwrap_or(if q > 0 { i64::MAX } else { i64::MIN })
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        let mv = Ratio::from_decimal("0.00122").and_then(|r| r.times(Ratio::whole(1_000_000))).unwrap();
        assert_eq!((mv.num(), mv.den()), (1220, 1));
        assert_eq!(Ratio::from_decimal(" 2.5 "), Ratio::new(5, 2));
        assert_eq!(Ratio::from_decimal("-1.25E1"), Ratio::new(-25, 2));
        assert_eq!(Ratio::from_decimal("+.5"), Ratio::new(1, 2));
        assert_eq!(Ratio::from_decimal("0"), Some(Ratio::ZERO));
        for bad in ["", ".", "abc", "1e99", "1.2.3", "--1", "99999999999999999999"] {
            assert_eq!(Ratio::from_decimal(bad), None, "{bad}");
        }
        assert_eq!(Ratio::new(5, 2).unwrap().scale(-3), -8);
        let half = Ratio::new(1, 2).unwrap();
        assert_eq!(half.plus(Ratio::ONE), Ratio::new(3, 2));
        assert_eq!(half.minus(Ratio::ONE), Ratio::new(-1, 2));
        assert_eq!(Ratio::ONE.over(Ratio::new(-1, 500).unwrap()), Some(Ratio::whole(-500)));
        assert_eq!(Ratio::ONE.over(Ratio::ZERO), None);
    }
}
