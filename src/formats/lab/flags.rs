//! Abnormal flags (HL7 table 0078) and critical limits.

use super::ranges::Range;
use crate::hl7::value::Number;
use serde::{Deserialize, Serialize};

/// Flag of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Flag {
    /// Inside the range, or no range to compare with.
    #[serde(rename = "")]
    None,
    /// Below the range.
    L,
    /// Above the range.
    H,
    /// At or below the critical limit.
    LL,
    /// At or above the critical limit.
    HH,
    /// Abnormal text.
    A,
}

impl Flag {
    /// As stored and sent.
    pub fn code(self) -> &'static str {
        match self {
            Self::None => "",
            Self::L => "L",
            Self::H => "H",
            Self::LL => "LL",
            Self::HH => "HH",
            Self::A => "A",
        }
    }

    /// Whether the value is critical.
    pub fn critical(self) -> bool {
        matches!(self, Self::LL | Self::HH)
    }
}

/// Critical limits of an item. "Not authored" is not "no limit": an item without a signed decision is held.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CriticalLimit {
    /// Nobody has decided yet.
    NotAuthored,
    /// Decided: this item has no critical value.
    NoLimit,
    /// Critical at or below, at or above.
    Limits {
        /// At or below.
        low: Option<f64>,
        /// At or above.
        high: Option<f64>,
    },
}

impl CriticalLimit {
    /// From the stored state `not_authored`, `none`, `limits`. An unknown state counts as not authored.
    pub fn of(state: &str, low: Option<f64>, high: Option<f64>) -> Self {
        match state {
            "none" => Self::NoLimit,
            "limits" if low.is_some() || high.is_some() => Self::Limits { low, high },
            _ => Self::NotAuthored,
        }
    }
}

/// Flags a number. `<x` counts as x from below: it can be low or critically low, never high.
pub fn of_number(number: &Number, range: Option<&Range>, critical: CriticalLimit) -> Flag {
    let at_most = number.comparator.starts_with('<');
    let at_least = number.comparator.starts_with('>');
    let v = number.value;
    if let CriticalLimit::Limits { low, high } = critical {
        if !at_least && low.is_some_and(|l| v <= l) {
            return Flag::LL;
        }
        if !at_most && high.is_some_and(|h| v >= h) {
            return Flag::HH;
        }
    }
    match range {
        Some(r) if !at_least && r.low.is_some_and(|l| v < l || (at_most && v <= l)) => Flag::L,
        Some(r) if !at_most && r.high.is_some_and(|h| v > h || (at_least && v >= h)) => Flag::H,
        _ => Flag::None,
    }
}

/// Flags a text against the expected text.
pub fn of_text(value: &str, range: Option<&Range>) -> Flag {
    let expected = range.and_then(|r| r.text.as_deref());
    match expected {
        Some(expected) if !same_meaning(value, expected) => Flag::A,
        _ => Flag::None,
    }
}

fn same_meaning(value: &str, expected: &str) -> bool {
    let negative = |t: &str| {
        matches!(
            t.trim().to_lowercase().as_str(),
            "阴性" | "-" | "(-)" | "neg" | "negative" | "阴性(-)" | "阴性（-）"
        )
    };
    value.trim() == expected.trim() || (negative(value) && negative(expected))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hl7::value::number;

    #[test]
    fn potassium() {
        let range = Range { low: Some(3.5), high: Some(5.3), ..Range::default() };
        let limit = CriticalLimit::of("limits", Some(2.8), Some(6.2));
        let flag = |text: &str| of_number(&number(text, false).unwrap(), Some(&range), limit);
        assert_eq!(
            [
                flag("7.1"),
                flag("6.2"),
                flag("5.4"),
                flag("5.3"),
                flag("3.4"),
                flag("2.8"),
                flag("<3.5"),
                flag(">5.3"),
                flag("<9")
            ],
            [Flag::HH, Flag::HH, Flag::H, Flag::None, Flag::L, Flag::LL, Flag::L, Flag::H, Flag::None]
        );
        assert!(flag("7.1").critical());
    }

    #[test]
    fn not_authored_is_not_no_limit() {
        assert_eq!(CriticalLimit::of("not_authored", None, Some(6.2)), CriticalLimit::NotAuthored);
        assert_eq!(CriticalLimit::of("limits", None, None), CriticalLimit::NotAuthored);
        assert_eq!(CriticalLimit::of("none", None, None), CriticalLimit::NoLimit);
    }

    #[test]
    fn texts() {
        let range = Range { text: Some("阴性".into()), ..Range::default() };
        assert_eq!(
            (of_text("阳性", Some(&range)), of_text("(-)", Some(&range)), of_text("x", None)),
            (Flag::A, Flag::None, Flag::None)
        );
    }
}
