//! Annotations of the maker: values, marks, statements. Those of a person are another reader's and are not taken over.

use crate::ecg::decode::build::{state, vendor};
use crate::ecg::decode::stamp::Stamp;
use crate::ecg::decode::xml::Path;
use crate::ecg::model::{Document, Source};

/// Codes of MDC (compared without case), our name, unit.
const VALUES: &[(&str, &str, &str)] = &[
    ("MDC_ECG_HEART_RATE", "hr", "/min"),
    ("MDC_ECG_HEART_RATE_VENTRICULAR", "hr", "/min"),
    ("MDC_ECG_TIME_PD_RR", "rr", "ms"),
    ("MDC_ECG_TIME_PD_PR", "pr", "ms"),
    ("MDC_ECG_TIME_PD_QRS", "qrs", "ms"),
    ("MDC_ECG_TIME_PD_QT", "qt", "ms"),
    ("MDC_ECG_TIME_PD_QTC", "qtc", "ms"),
    ("MDC_ECG_TIME_PD_QTCB", "qtcb", "ms"),
    ("MDC_ECG_TIME_PD_QTCF", "qtcf", "ms"),
    ("MDC_ECG_ANGLE_P_FRONT", "axis_p", "deg"),
    ("MDC_ECG_ANGLE_QRS_FRONT", "axis_qrs", "deg"),
    ("MDC_ECG_ANGLE_T_FRONT", "axis_t", "deg"),
];

/// Codes whose value is a sentence.
const SENTENCES: &[&str] = &[
    "MDC_ECG_INTERPRETATION_STATEMENT",
    "MDC_ECG_INTERPRETATION_SUMMARY",
    "MDC_ECG_INTERPRETATION_COMMENT",
    "MDC_ECG_INTERPRETATION",
    "MDC_ECG_RHY",
];

/// A time.
#[derive(Debug, Clone, Copy)]
pub enum At {
    /// Of the day.
    Absolute(Stamp),
    /// In the series, ms.
    Relative(f64),
}

/// A mark of a whole beat, not of one lead.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    /// As in `Fiducial`.
    pub what: &'static str,
    /// When.
    pub time: At,
}

#[derive(Debug, Default)]
struct One {
    code: String,
    value_code: String,
    value: String,
    unit: String,
    sentence: String,
    low: Option<At>,
    high: Option<At>,
    of_lead: bool,
}

/// The annotations being read.
#[derive(Debug, Default)]
pub struct Annotations {
    open: Vec<One>,
    person: bool,
    /// A set written by a person was seen.
    pub by_person: bool,
    /// Values that came from a derived series.
    from_beat: Vec<String>,
}

impl Annotations {
    /// A set begins.
    pub fn begin_set(&mut self) {
        self.person = false;
    }

    /// An annotation begins.
    pub fn open(&mut self) {
        self.open.push(One::default());
    }

    /// An element inside a set.
    pub fn read(&mut self, path: Path<'_>) {
        let Some(here) = path.here() else { return };
        if path.ends(&["assignedAuthorType", "assignedPerson"]) {
            (self.person, self.by_person) = (true, true);
        }
        let Some(one) = self.open.last_mut() else { return };
        match (path.name(), path.up(1)) {
            ("code", "annotation") => here.attr("code").clone_into(&mut one.code),
            ("value", "annotation") => {
                here.attr("code").clone_into(&mut one.value_code);
                here.value().clone_into(&mut one.value);
                here.attr("unit").clone_into(&mut one.unit);
                let said = [here.text.trim(), here.attr("displayName"), here.attr("code")];
                one.sentence = said.into_iter().find(|s| !s.is_empty()).unwrap_or_default().to_owned();
            }
            ("code", "boundary") => one.of_lead |= here.attr("code").starts_with("MDC_ECG_LEAD"),
            ("low", "value") => one.low = at(here.value(), here.attr("unit")),
            ("high", "value") => one.high = at(here.value(), here.attr("unit")),
            // A single point.
            ("value", "boundary") if !here.value().is_empty() => {
                one.low = at(here.value(), here.attr("unit"));
            }
            _ => {}
        }
    }

    /// An annotation ends: what it says goes into the document, its marks are returned.
    pub fn close(&mut self, document: &mut Document, derived: bool) -> Vec<Mark> {
        let Some(one) = self.open.pop() else { return Vec::new() };
        if self.person || one.of_lead {
            return Vec::new();
        }
        let code = one.code.to_ascii_uppercase();
        if SENTENCES.contains(&code.as_str()) && !one.sentence.is_empty() {
            state(document, one.sentence);
        } else if let Some((_, what, unit)) = VALUES.iter().find(|(c, _, _)| *c == code) {
            self.value(what, unit, &one, document, derived);
        } else if code.starts_with("MDC_ECG_WAVC") {
            return marks(&one);
        }
        Vec::new()
    }

    /// The first value stands, but one of the representative beat replaces one of a single beat.
    fn value(&mut self, what: &str, unit: &'static str, one: &One, document: &mut Document, derived: bool) {
        let factor = if unit == "ms" && one.unit == "s" { 1_000.0 } else { 1.0 };
        let number = one.value.trim_start_matches('+').parse::<f64>().ok().map(|n| n * factor);
        let known = self.from_beat.iter().any(|w| w == what);
        if derived && !known && number.is_some() {
            document.values.retain(|v| v.source != Source::Vendor || v.what != what);
            self.from_beat.push(what.to_owned());
        }
        vendor(document, what, number, unit);
    }
}

fn marks(one: &One) -> Vec<Mark> {
    let (on, off) = match one.value_code.to_ascii_uppercase().as_str() {
        "MDC_ECG_WAVC_PWAVE" => ("p_on", "p_off"),
        "MDC_ECG_WAVC_QRSWAVE" => ("qrs_on", "qrs_off"),
        "MDC_ECG_WAVC_TWAVE" => ("", "t_off"),
        "MDC_ECG_WAVC_PEAK" | "MDC_ECG_WAVC_RWAVE" => ("r", ""),
        _ => return Vec::new(),
    };
    let found = [(on, one.low), (off, one.high)];
    found
        .into_iter()
        .filter(|(w, _)| !w.is_empty())
        .filter_map(|(what, time)| Some(Mark { what, time: time? }))
        .collect()
}

/// `20021122091000.122`, or a number with `s` or `ms`.
fn at(text: &str, unit: &str) -> Option<At> {
    let number = || text.trim().trim_start_matches('+').parse::<f64>().ok().filter(|n| n.is_finite());
    match unit {
        "s" => number().map(|n| At::Relative(n * 1_000.0)),
        "ms" => number().map(At::Relative),
        "us" => number().map(|n| At::Relative(n / 1_000.0)),
        _ => Stamp::read(text).map(At::Absolute),
    }
}
