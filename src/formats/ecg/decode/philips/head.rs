//! Everything but samples: person, recorder, filters, values and statements of the maker.

use crate::ecg::decode::build::{filters, name, state, vendor};
use crate::ecg::decode::stamp::joined;
use crate::ecg::decode::xml::Path;
use crate::ecg::model::Document;

/// Elements of the global measurements, our name, unit. Those of groups and leads bear the same names with other values.
const VALUES: &[(&str, &str, &str)] = &[
    ("meanventrate", "hr", "/min"),
    ("heartrate", "hr", "/min"),
    ("rrint", "rr", "ms"),
    ("meanprint", "pr", "ms"),
    ("print", "pr", "ms"),
    ("meanqrsdur", "qrs", "ms"),
    ("qrsdur", "qrs", "ms"),
    ("meanqtint", "qt", "ms"),
    ("qtint", "qt", "ms"),
    ("meanqtc", "qtc", "ms"),
    ("qtcb", "qtcb", "ms"),
    ("qtcf", "qtcf", "ms"),
    ("pfrontaxis", "axis_p", "deg"),
    ("qrsfrontaxis", "axis_qrs", "deg"),
    ("tfrontaxis", "axis_t", "deg"),
];

/// What is put together at the end.
#[derive(Debug, Default)]
pub struct Head {
    version: String,
    family: String,
    given: String,
    low: Option<f64>,
    high: Option<f64>,
    notch: Option<f64>,
    left: String,
    right: String,
}

impl Head {
    /// Reads an element.
    pub fn read(&mut self, path: Path<'_>, document: &mut Document) {
        let Some(here) = path.here() else { return };
        let text = here.text.trim();
        let number = || text.parse::<f64>().ok().filter(|n| n.is_finite() && *n > 0.0);
        match (path.name(), path.up(1)) {
            ("documentversion", _) => text.clone_into(&mut self.version),
            ("dataacquisition", _) => document.acquired = joined(here.attr("date"), here.attr("time"), false),
            ("machine", "dataacquisition") => {
                "Philips".clone_into(&mut document.device.maker);
                text.clone_into(&mut document.device.model);
                here.attr("machineid").clone_into(&mut document.device.serial);
            }
            ("patientid", _) => text.clone_into(&mut document.subject.id),
            ("lastname", "name") if path.inside("patient") => text.clone_into(&mut self.family),
            ("firstname", "name") if path.inside("patient") => text.clone_into(&mut self.given),
            ("sex", _) if path.inside("patient") => {
                let sex = match text.to_ascii_lowercase().as_str() {
                    "male" => "M",
                    "female" => "F",
                    "unknown" | "unspecified" => "",
                    _ => text,
                };
                sex.clone_into(&mut document.subject.sex);
            }
            ("dateofbirth", _) => {
                let day: String = joined(text, "", false).chars().take(8).collect();
                document.subject.birth_date = day;
            }
            ("hipass", "signalcharacteristics") => self.low = number(),
            ("lowpass", "signalcharacteristics") => self.high = number(),
            ("signalbandwidth", "signalcharacteristics") => {
                if let Some((low, high)) = text.split_once('-') {
                    (self.low, self.high) = (low.trim().parse().ok(), high.trim().parse().ok());
                }
            }
            ("notchfilterfreqs", "signalcharacteristics") => self.notch = number(),
            ("leftstatement", "statement") => text.clone_into(&mut self.left),
            ("rightstatement", "statement") => text.clone_into(&mut self.right),
            ("statement", _) => self.statement(document),
            ("severity", "interpretation") => add(document, text),
            // The cart's own verdict on the tracing.
            ("qaactioncode", _) => add(document, text),
            (element, "globalmeasurements" | "crossleadmeasurements" | "interpretationmeasurements") => {
                if let Some((_, what, unit)) = VALUES.iter().find(|(e, _, _)| *e == element) {
                    vendor(document, what, text.parse().ok(), unit);
                }
            }
            _ => {}
        }
    }

    fn statement(&mut self, document: &mut Document) {
        let (left, right) = (std::mem::take(&mut self.left), std::mem::take(&mut self.right));
        let whole = if right.is_empty() { left } else { format!("{left} ({right})") };
        add(document, &whole);
    }

    /// Name, filters, version.
    pub fn finish(&self, document: &mut Document) {
        document.subject.name = name(&self.family, &self.given);
        document.filters = filters(self.low, self.high, self.notch);
        document.high_hz = self.high.filter(|h| *h > 0.0);
        if !self.version.is_empty() {
            document.format = format!("Philips XML {}", self.version);
        }
    }
}

fn add(document: &mut Document, text: &str) {
    state(document, text.to_owned());
}
