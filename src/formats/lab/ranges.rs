//! Reference ranges by sex and age (WS/T 404, 405 give adult ranges; 779, 780 children; the numbers are the county's data).

use serde::{Deserialize, Serialize};

/// Sex of the patient as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sex {
    /// `M`
    #[serde(rename = "M")]
    Male,
    /// `F`
    #[serde(rename = "F")]
    Female,
}

impl Sex {
    /// From `M`/`F` and the words instruments send; `None` for anything else.
    pub fn of(text: &str) -> Option<Self> {
        match text.trim().to_lowercase().as_str() {
            "m" | "male" | "男" | "1" => Some(Self::Male),
            "f" | "female" | "女" | "2" => Some(Self::Female),
            _ => None,
        }
    }
}

/// One reference range. A missing bound is open; `text` stands for qualitative items (`阴性`).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Range {
    /// Only for this sex.
    pub sex: Option<Sex>,
    /// From this age in days, inclusive.
    pub age_from_days: Option<u32>,
    /// To this age in days, exclusive.
    pub age_to_days: Option<u32>,
    /// Lower bound, inclusive.
    pub low: Option<f64>,
    /// Upper bound, inclusive.
    pub high: Option<f64>,
    /// Expected text.
    pub text: Option<String>,
}

impl Range {
    /// As printed: `3.5-5.3`, `<5.2`, `>1.0`, `阴性`.
    pub fn print(&self) -> String {
        match (&self.text, self.low, self.high) {
            (Some(text), ..) => text.clone(),
            (None, Some(low), Some(high)) => format!("{low}-{high}"),
            (None, Some(low), None) => format!(">={low}"),
            (None, None, Some(high)) => format!("<={high}"),
            (None, None, None) => String::new(),
        }
    }

    fn fits(&self, sex: Option<Sex>, age_days: Option<u32>) -> bool {
        let sex_ok = self.sex.is_none() || self.sex == sex;
        let bounded = self.age_from_days.is_some() || self.age_to_days.is_some();
        let age_ok = match age_days {
            Some(days) => {
                self.age_from_days.is_none_or(|from| days >= from)
                    && self.age_to_days.is_none_or(|to| days < to)
            }
            None => !bounded,
        };
        sex_ok && age_ok
    }

    fn narrowness(&self) -> u8 {
        u8::from(self.sex.is_some()) * 2
            + u8::from(self.age_from_days.is_some() || self.age_to_days.is_some())
    }
}

/// The narrowest range that fits. With unknown sex or age only ranges without that condition fit: nothing is guessed.
pub fn pick(ranges: &[Range], sex: Option<Sex>, age_days: Option<u32>) -> Option<&Range> {
    let mut best: Option<&Range> = None;
    for range in ranges.iter().filter(|r| r.fits(sex, age_days)) {
        if best.is_none_or(|b| range.narrowness() > b.narrowness()) {
            best = Some(range);
        }
    }
    best
}

/// Age in days on a day; both `YYYYMMDD`. `None` when one is no date or birth lies after the day.
pub fn age_days(birth: &str, on: &str) -> Option<u32> {
    let date = |text: &str| crate::hl7::value::Timestamp::parse(text.get(..8)?).map(|t| t.date);
    u32::try_from((date(on)? - date(birth)?).whole_days()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_fitting_range_counts() {
        let ranges: Vec<Range> = serde_json::from_str(
            r#"[{"low":115,"high":150},{"sex":"M","low":130,"high":175},{"sex":"M","age_to_days":28,"low":170,"high":200}]"#,
        )
        .unwrap();
        assert_eq!(pick(&ranges, Some(Sex::Male), Some(10)).unwrap().low, Some(170.0));
        assert_eq!(pick(&ranges, Some(Sex::Male), Some(9000)).unwrap().print(), "130-175");
        assert_eq!(pick(&ranges, Some(Sex::Male), None).unwrap().low, Some(130.0));
        assert_eq!(pick(&ranges, None, None).unwrap().low, Some(115.0));
        assert!(pick(&ranges[1..], None, None).is_none());
        assert!(serde_json::from_str::<Range>(r#"{"lo":1}"#).is_err());
    }

    #[test]
    fn ages() {
        assert_eq!(age_days("20260101", "20260111"), Some(10));
        assert_eq!(age_days("20260111", "20260101"), None);
        assert_eq!(age_days("2026", "20260101"), None);
        assert_eq!(age_days("19800229", "20260101").map(|d| d / 365), Some(45));
        assert_eq!((Sex::of("男"), Sex::of("Male"), Sex::of("")), (Some(Sex::Male), Some(Sex::Male), None));
    }
}
