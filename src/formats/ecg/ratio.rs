//! Exact scale factors, made from the decimal text of a file and never from a float.

/// A rational number with a positive denominator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// Numerator.
    pub num: i64,
    /// Denominator, at least 1.
    pub den: i64,
}

impl Ratio {
    /// Zero.
    pub const ZERO: Ratio = Ratio { num: 0, den: 1 };
    /// One.
    pub const ONE: Ratio = Ratio { num: 1, den: 1 };

    /// Reads a decimal text (`-1.25`, `4.88e-3`); `None` when it is not a number or does not fit.
    pub fn parse(text: &str) -> Option<Ratio> {
        let text = text.trim();
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (text.get(..at)?, text.get(at + 1..)?.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (sign, digits) = match mantissa.as_bytes().first()? {
            b'-' => (-1, mantissa.get(1..)?),
            b'+' => (1, mantissa.get(1..)?),
            _ => (1, mantissa),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && part.is_empty() || !whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit()) {
            return None;
        }
        let mut num: i64 = 0;
        for digit in whole.bytes().chain(part.bytes()) {
            num = num.checked_mul(10)?.checked_add(i64::from(digit - b'0'))?;
        }
        let power = exponent.checked_sub(i32::try_from(part.len()).ok()?)?;
        let ten = 10i64.checked_pow(power.unsigned_abs())?;
        let num = num.checked_mul(sign)?;
        Some(if power >= 0 { Ratio { num: num.checked_mul(ten)?, den: 1 } } else { Ratio { num, den: ten } }.reduced())
    }

    /// Product, `None` when it does not fit.
    pub fn times(self, other: Ratio) -> Option<Ratio> {
        let (a, b) = (self.reduced(), other.reduced());
        let (g, h) = (gcd(a.num, b.den), gcd(b.num, a.den));
        Some(Ratio { num: (a.num / g).checked_mul(b.num / h)?, den: (a.den / h).checked_mul(b.den / g)? })
    }

    /// As a float, for display and analysis only.
    pub fn to_f64(self) -> f64 {
        self.num as f64 / self.den.max(1) as f64
    }

    /// True when positive.
    pub fn is_positive(self) -> bool {
        self.num > 0
    }

    fn reduced(self) -> Ratio {
        let g = gcd(self.num, self.den);
        Ratio { num: self.num / g, den: self.den / g }
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    i64::try_from(a).unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn millivolt_text_becomes_whole_nanovolts() {
        let scale = Ratio::parse("0.00122").and_then(|r| r.times(Ratio { num: 1_000_000, den: 1 }));
        assert_eq!(scale, Some(Ratio { num: 1220, den: 1 }));
        assert_eq!(Ratio::parse("+4.88e-3"), Some(Ratio { num: 61, den: 12_500 }));
        assert_eq!(Ratio::parse("1.2.3"), None);
        assert_eq!(Ratio::parse(""), None);
        assert_eq!(Ratio::parse("99999999999999999999"), None);
    }
}
