//! HL7 annotated ECG (HL7 v3, PORT_MT020001, 2003-12): "FDA-XML".

mod annotation;
mod device;
mod sequence;

use super::build::{Budget, group, warn};
use super::stamp::Stamp;
use super::xml::{self, Path, Visit};
use crate::ecg::format::Format;
use crate::ecg::limits::{Limits, Refusal};
use crate::ecg::model::{Document, Fiducial, Group};
use annotation::{Annotations, Mark};
use sequence::{Sequence, Set};

/// Sets of sequences read at most.
const SETS: usize = 256;
/// Marks read at most.
const MARKS: usize = 65_536;

/// Decodes a document.
///
/// # Errors
/// Not well-formed, without a series, a lead without scale or unit, samples that are no numbers.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Document, Refusal> {
    let document = Document { source: Format::Aecg, format: "HL7 aECG".into(), ..Document::default() };
    let mut reading = Reading {
        document,
        budget: Budget::new(limits),
        series: Vec::new(),
        set: Set::default(),
        sequence: Sequence::default(),
        annotations: Annotations::default(),
        device: device::Filters::default(),
        times: Times::default(),
        origins: Vec::new(),
        marks: Vec::new(),
        seen: false,
        sets: 0,
    };
    let read = xml::walk(bytes, limits, &mut reading).and_then(|()| reading.finish());
    match read {
        Ok(()) => Ok(reading.document),
        Err(refusal) => Err(refusal.of(&reading.document)),
    }
}

/// Effective times as written: of the first series, of the document, first sample of the first absolute sequence.
#[derive(Debug, Default)]
struct Times {
    series: Interval,
    document: Interval,
    head: String,
}

/// `low`, `high`, `center` or a plain value.
#[derive(Debug, Default)]
struct Interval {
    low: String,
    high: String,
    plain: String,
}

impl Interval {
    fn take(&mut self, name: &str, text: &str) {
        let field = match name {
            "low" => &mut self.low,
            "high" => &mut self.high,
            _ => &mut self.plain,
        };
        if field.is_empty() {
            text.clone_into(field);
        }
    }
}

/// A series being read.
#[derive(Debug)]
struct Series {
    derived: bool,
    /// Its first group.
    group: Option<usize>,
}

struct Reading<'a> {
    document: Document,
    budget: Budget<'a>,
    series: Vec<Series>,
    set: Set,
    sequence: Sequence,
    annotations: Annotations,
    device: device::Filters,
    times: Times,
    /// Absolute time of the first sample of each group, and its offset, ms.
    origins: Vec<(Option<Stamp>, f64)>,
    marks: Vec<(Mark, usize)>,
    seen: bool,
    sets: usize,
}

impl Visit for Reading<'_> {
    fn open(&mut self, path: Path<'_>) -> Result<(), Refusal> {
        match path.name() {
            "series" | "derivedSeries" => {
                self.seen = true;
                self.series.push(Series { derived: path.name() == "derivedSeries", group: None });
            }
            "sequenceSet" => self.set = Set::default(),
            "sequence" => self.sequence = Sequence::default(),
            "annotationSet" => self.annotations.begin_set(),
            "annotation" => self.annotations.open(),
            "controlVariable" => self.device.open(),
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, path: Path<'_>) -> Result<(), Refusal> {
        if path.inside("sequence") {
            return self.in_sequence(path);
        }
        match path.name() {
            "sequenceSet" => self.end_set()?,
            "series" | "derivedSeries" => {
                self.series.pop();
            }
            "annotation" => self.end_annotation(),
            "controlVariable" => self.device.close(&mut self.document),
            _ if path.inside("annotationSet") => self.annotations.read(path),
            _ if path.up(1) == "controlVariable" => self.device.read(path),
            _ => {
                device::read(path, &mut self.document);
                self.time(path);
            }
        }
        Ok(())
    }
}

impl Reading<'_> {
    fn in_sequence(&mut self, path: Path<'_>) -> Result<(), Refusal> {
        if path.name() == "sequence" {
            let sequence = std::mem::take(&mut self.sequence);
            if let Some((head, _)) = sequence.absolute()
                && self.times.head.is_empty()
            {
                head.clone_into(&mut self.times.head);
            }
            return self.set.add(sequence, &self.budget);
        }
        self.sequence.read(path, &mut self.budget)
    }

    fn time(&mut self, path: Path<'_>) {
        let Some(here) = path.here() else { return };
        let part = matches!(path.name(), "low" | "high" | "center");
        let (owner, name) = if part && path.up(1) == "effectiveTime" {
            (path.up(2), path.name())
        } else if path.name() == "effectiveTime" && !here.value().is_empty() {
            (path.up(1), "center")
        } else {
            return;
        };
        match owner {
            "AnnotatedECG" => self.times.document.take(name, here.value()),
            "series" => self.times.series.take(name, here.value()),
            _ => {}
        }
    }

    fn end_set(&mut self) -> Result<(), Refusal> {
        let set = std::mem::take(&mut self.set);
        self.sets += 1;
        if self.sets > SETS {
            return Err(Refusal::new("limit", format!("more than {SETS} sets of sequences")));
        }
        let Some(series) = self.series.last_mut() else { return Ok(()) };
        let made = set.finish(&mut self.document)?;
        if made.leads.is_empty() {
            return Ok(());
        }
        let stamp = Stamp::read(&made.head);
        let first = self.origins.iter().find_map(|o| o.0);
        // Sets of one recording that begin later are the columns of a sequential recording.
        let t0_ms = match (stamp, first) {
            _ if series.derived => 0.0,
            (Some(a), Some(b)) => a.minus_ms(&b).map_or(0.0, milliseconds),
            _ => made.offset_ms,
        };
        let new = group(series.derived, made.rate, t0_ms, made.leads, &mut self.budget)?;
        if let Some(k) = self.document.groups.iter().position(|g| g.continues(&new)) {
            series.group.get_or_insert(k);
            if let Some(old) = self.document.groups.get_mut(k) {
                self.budget.channels(old.leads.len() + new.leads.len())?;
                old.leads.extend(new.leads);
            }
            return Ok(());
        }
        series.group.get_or_insert(self.document.groups.len());
        self.document.groups.push(new);
        self.origins.push((stamp, made.offset_ms));
        Ok(())
    }

    fn end_annotation(&mut self) {
        let derived = self.series.last().is_some_and(|s| s.derived);
        let group = self.series.last().and_then(|s| s.group);
        for mark in self.annotations.close(&mut self.document, derived) {
            if let Some(group) = group.filter(|_| self.marks.len() < MARKS) {
                self.marks.push((mark, group));
            }
        }
    }

    fn finish(&mut self) -> Result<(), Refusal> {
        if !self.seen {
            return Err(Refusal::new("waveform", "the document has no series"));
        }
        if self.document.groups.is_empty() {
            return Err(Refusal::new("waveform", "no series of the document has samples"));
        }
        if self.annotations.by_person {
            let (zh, en) = (
                "文件含医师标注,未采用",
                "the file carries annotations of a person; they are not taken over",
            );
            warn(&mut self.document, "annotations_of_person", zh, en);
        }
        self.document.acquired = self.acquired();
        for (mark, k) in std::mem::take(&mut self.marks) {
            let (Some(group), Some((stamp, offset))) = (self.document.groups.get(k), self.origins.get(k))
            else {
                continue;
            };
            let ms = match &mark.time {
                annotation::At::Absolute(at) => match stamp.and_then(|s| at.minus_ms(&s)) {
                    Some(ms) => milliseconds(ms),
                    None => continue,
                },
                annotation::At::Relative(ms) => ms - offset,
            };
            if let Some(sample) = sample_at(ms, group) {
                self.document.fiducials.push(Fiducial { what: mark.what, sample, group: k });
            }
        }
        Ok(())
    }

    /// Start of the series, else of the document, else of the samples; an end alone is counted back from.
    fn acquired(&self) -> String {
        let t = &self.times;
        let known = [&t.series.low, &t.series.plain, &t.document.low, &t.document.plain, &t.head];
        if let Some(text) = known.into_iter().find(|text| Stamp::read(text).is_some()) {
            return padded(text);
        }
        let high = [&t.series.high, &t.document.high].into_iter().find_map(|text| Stamp::read(text));
        let ms = self.document.rhythm().map_or(0.0, |g| g.seconds() * 1_000.0);
        high.map_or_else(String::new, |h| h.earlier(whole(ms)))
    }
}

/// HL7 allows a time to end after the day, hour or minute; shown are seconds.
fn padded(text: &str) -> String {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (stamp, rest) = text.trim().split_at_checked(digits).unwrap_or((text, ""));
    if (8..14).contains(&stamp.len()) { format!("{stamp:0<14}{rest}") } else { format!("{stamp}{rest}") }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds within a recording")]
fn milliseconds(ms: i64) -> f64 {
    ms as f64
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds within a recording")]
fn whole(ms: f64) -> i64 {
    ms as i64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked against the group")]
fn sample_at(ms: f64, group: &Group) -> Option<usize> {
    let sample = (ms * group.rate.to_f64() / 1_000.0).round();
    (sample >= 0.0 && (sample as usize) < group.samples).then_some(sample as usize)
}
