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
            let id =
                if here.attr("extension").is_empty() { here.attr("root") } else { here.attr("extension") };
            fill(&mut subject.id, id);
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
