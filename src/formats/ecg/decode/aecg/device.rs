//! The person, the recorder and its filters.

use crate::ecg::decode::build::{filters, name};
use crate::ecg::decode::xml::Path;
use crate::ecg::model::Document;

/// Reads what stands outside sequences and annotations.
pub fn read(path: Path<'_>, document: &mut Document) {
    let Some(here) = path.here() else { return };
    let fill = |field: &mut String, text: &str| {
        if field.is_empty() {
            text.trim().clone_into(field);
        }
    };
    let (subject, device) = (&mut document.subject, &mut document.device);
    let rhythm = path.inside("series") && !path.inside("derivedSeries");
    match (path.name(), path.up(1)) {
        ("id", "trialSubject") => {
            // The root names who gives the numbers out and is the same for all their patients; only a UUID names one.
            let (root, number) = (here.attr("root"), here.attr("extension"));
            fill(&mut subject.id, if number.is_empty() && is_uuid(root) { root } else { number });
        }
        ("name", "subjectDemographicPerson") if !here.text.trim().is_empty() => {
            fill(&mut subject.name, &here.text)
        }
        ("family", "name") if path.up(2) == "subjectDemographicPerson" => {
            subject.name = name(&here.text, &subject.name);
        }
        ("given", "name") if path.up(2) == "subjectDemographicPerson" => {
            subject.name = name(&subject.name, &here.text);
        }
        ("administrativeGenderCode", "subjectDemographicPerson") => fill(&mut subject.sex, here.attr("code")),
        ("birthTime", "subjectDemographicPerson") => {
            let day: String = here.value().chars().take_while(char::is_ascii_digit).take(8).collect();
            fill(&mut subject.birth_date, &day);
        }
        ("id", "manufacturedSeriesDevice") if rhythm => {
            let serial = here.attr("extension");
            // 0 is what writers put where they know none.
            fill(&mut device.serial, if serial == "0" { "" } else { serial });
        }
        ("manufacturerModelName", "manufacturedSeriesDevice") if rhythm => {
            fill(&mut device.model, here.value())
        }
        ("name", "manufacturerOrganization") if rhythm && path.up(2) == "seriesAuthor" => {
            fill(&mut device.maker, here.value());
        }
        _ => {}
    }
}

/// `8-4-4-4-12` hexadecimal digits, not all zero.
fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').take(6).collect();
    parts.iter().map(|p| p.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|p| p.bytes().all(|b| b.is_ascii_hexdigit()))
        && text.bytes().any(|b| !matches!(b, b'0' | b'-'))
}

/// Nested control variables: the outer one names the filter, the inner one its frequency.
#[derive(Debug, Default)]
pub struct Filters {
    open: Vec<(String, Option<f64>)>,
    low: Option<f64>,
    high: Option<f64>,
    notch: Option<f64>,
}

impl Filters {
    /// A control variable begins.
    pub fn open(&mut self) {
        self.open.push((String::new(), None));
    }

    /// An element of it.
    pub fn read(&mut self, path: Path<'_>) {
        let (Some(here), Some(top)) = (path.here(), self.open.last_mut()) else { return };
        match path.name() {
            "code" => here.attr("code").clone_into(&mut top.0),
            "value" if here.attr("unit") == "Hz" => top.1 = here.value().parse().ok(),
            _ => {}
        }
    }

    /// A control variable ends.
    pub fn close(&mut self, document: &mut Document) {
        let Some((code, Some(hz))) = self.open.pop() else { return };
        let names: Vec<&str> = self.open.iter().map(|(c, _)| c.as_str()).chain([code.as_str()]).collect();
        let of = |end: &str| names.iter().any(|n| n.ends_with(end));
        // A low-pass filter limits the band from above.
        let place = if of("FILTER_LOW_PASS") {
            &mut self.high
        } else if of("FILTER_HIGH_PASS") {
            &mut self.low
        } else if of("FILTER_NOTCH") || of("FILTER_NOTCH_FREQ") {
            &mut self.notch
        } else {
            return;
        };
        place.get_or_insert(hz);
        document.filters = filters(self.low, self.high, self.notch);
        document.high_hz = self.high.filter(|h| *h > 0.0);
    }
}
