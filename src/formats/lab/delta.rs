//! Delta check: the change against the last value of the same patient and item (WS/T 616-2018).

use serde::{Deserialize, Serialize};

/// When a change is too large. Without any limit the rule is not authored.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeltaRule {
    /// Largest change in percent of the earlier value.
    pub percent: Option<f64>,
    /// Largest change in the unit of the item.
    pub absolute: Option<f64>,
    /// Earlier values older than this many days are not compared; 0 = 30 days.
    pub window_days: u32,
}

/// Outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// No rule, or no earlier value in the window.
    NotEvaluated,
    /// Inside the limits.
    Within,
    /// Outside: the change in the unit of the item.
    Exceeded(f64),
}

impl DeltaRule {
    /// Compares a value with the earlier one and its age in milliseconds.
    pub fn check(&self, value: f64, earlier: Option<(f64, i64)>) -> Verdict {
        let window = i64::from(if self.window_days == 0 { 30 } else { self.window_days }) * 86_400_000;
        let Some((before, _)) = earlier.filter(|(_, age)| (0..=window).contains(age)) else {
            return Verdict::NotEvaluated;
        };
        if self.percent.is_none() && self.absolute.is_none() {
            return Verdict::NotEvaluated;
        }
        let change = value - before;
        let by_percent = self
            .percent
            .is_some_and(|p| before == 0.0 && change != 0.0 || change.abs() > before.abs() * p / 100.0);
        let by_absolute = self.absolute.is_some_and(|a| change.abs() > a);
        if by_percent || by_absolute { Verdict::Exceeded(change) } else { Verdict::Within }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes() {
        let rule = DeltaRule { percent: Some(20.0), absolute: None, window_days: 7 };
        let day = 86_400_000;
        assert_eq!(rule.check(7.1, Some((4.1, day))), Verdict::Exceeded(7.1 - 4.1));
        assert_eq!(rule.check(4.2, Some((4.1, day))), Verdict::Within);
        assert_eq!(rule.check(7.1, Some((4.1, 8 * day))), Verdict::NotEvaluated);
        assert_eq!(rule.check(7.1, None), Verdict::NotEvaluated);
        assert_eq!(DeltaRule::default().check(7.1, Some((4.1, day))), Verdict::NotEvaluated);
    }
}
