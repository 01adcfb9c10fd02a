//! GE MUSE XML (`RestingECG`): usually eight leads are stored and four follow from them. The DTD it names is never loaded.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::build::{Budget, filters, group, label, lead16, name, state, vendor, warn};
use super::stamp::joined;
use super::xml::{self, Path, Visit};
use crate::ecg::format::Format;
use crate::ecg::lead::LeadId;
use crate::ecg::limits::{Limits, Refusal};
use crate::ecg::model::{Document, Fiducial, Lead};
use crate::ecg::ratio::Ratio;

/// Samples a lead may begin behind the first one.
const LATE: usize = 10_000;

/// Elements of `RestingECGMeasurements`, our name, unit.
const VALUES: &[(&str, &str, &str)] = &[
    ("VentricularRate", "hr", "/min"),
    ("PRInterval", "pr", "ms"),
    ("QRSDuration", "qrs", "ms"),
    ("QTInterval", "qt", "ms"),
    ("QTCorrected", "qtc", "ms"),
    ("QTcFrederica", "qtcf", "ms"),
    ("PAxis", "axis_p", "deg"),
    ("RAxis", "axis_qrs", "deg"),
    ("TAxis", "axis_t", "deg"),
];

/// Marks in the median beat, samples of `ECGSampleBase`.
const MARKS: &[(&str, &str)] = &[
    ("POnset", "p_on"),
    ("POffset", "p_off"),
    ("QOnset", "qrs_on"),
    ("QOffset", "qrs_off"),
    ("TOffset", "t_off"),
];

/// Decodes a document.
///
/// # Errors
/// Not well-formed, without waveforms, a lead without unit, samples that are not base64.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Document, Refusal> {
    let document = Document { source: Format::Muse, format: "GE MUSE XML".into(), ..Document::default() };
    let mut reading = Reading {
        document,
        budget: Budget::new(limits),
        person: Default::default(),
        date: Default::default(),
        wave: Wave::default(),
        lead: Channel::default(),
        statement: String::new(),
        line_ends: false,
        marks: Vec::new(),
        mark_rate: None,
    };
    let read = xml::walk(bytes, limits, &mut reading).and_then(|()| reading.finish());
    match read {
        Ok(()) => Ok(reading.document),
        Err(refusal) => Err(refusal.of(&reading.document)),
    }
}

/// One `Waveform`.
#[derive(Debug, Default)]
struct Wave {
    kind: String,
    base: String,
    exponent: i32,
    low: Option<f64>,
    high: Option<f64>,
    notch: Option<f64>,
    leads: Vec<Lead>,
}

/// One `LeadData`.
#[derive(Debug, Default)]
struct Channel {
    id: String,
    per_bit: String,
    unit: String,
    size: String,
    late: usize,
    count: Option<usize>,
    rails: [Option<i32>; 2],
    crc: Option<u32>,
    data: Vec<u8>,
}

struct Reading<'a> {
    document: Document,
    budget: Budget<'a>,
    /// Last and first name.
    person: [String; 2],
    /// Date and time of acquisition.
    date: [String; 2],
    wave: Wave,
    lead: Channel,
    statement: String,
    line_ends: bool,
    marks: Vec<(&'static str, f64)>,
    mark_rate: Option<f64>,
}

impl Visit for Reading<'_> {
    fn open(&mut self, path: Path<'_>) -> Result<(), Refusal> {
        match path.name() {
            "Waveform" => self.wave = Wave::default(),
            "LeadData" => self.lead = Channel::default(),
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, path: Path<'_>) -> Result<(), Refusal> {
        let Some(here) = path.here() else { return Ok(()) };
        let text = here.text.trim();
        match path.up(1) {
            "LeadData" => self.lead.read(path.name(), text)?,
            "Waveform" if path.name() == "LeadData" => self.end_lead()?,
            "Waveform" => self.wave.read(path.name(), text),
            "PatientDemographics" => self.person(path.name(), text),
            "TestDemographics" => self.test(path.name(), text),
            "RestingECGMeasurements" => self.measurement(path.name(), text),
            // The original statement is repeated in OriginalDiagnosis.
            "DiagnosisStatement" if path.up(2) == "Diagnosis" => self.diagnosis(path.name(), text),
            "Diagnosis" if path.name() == "DiagnosisStatement" && std::mem::take(&mut self.line_ends) => {
                self.end_statement();
            }
            _ if path.name() == "Waveform" => self.end_wave()?,
            _ => {}
        }
        Ok(())
    }
}

impl Wave {
    fn read(&mut self, name: &str, text: &str) {
        let number = || text.parse::<f64>().ok();
        match name {
            "WaveformType" => text.clone_into(&mut self.kind),
            "SampleBase" => text.clone_into(&mut self.base),
            "SampleExponent" => self.exponent = text.parse().unwrap_or(0),
            // Hundredths of a hertz.
            "HighPassFilter" => self.low = number().map(|n| n / 100.0),
            "LowPassFilter" => self.high = number(),
            "ACFilter" => self.notch = number(),
            _ => {}
        }
    }

    /// `SampleBase` times ten to the `SampleExponent`.
    fn rate(&self) -> Option<Ratio> {
        let power = 10_i64.checked_pow(self.exponent.unsigned_abs()).map(Ratio::whole)?;
        let base = Ratio::from_decimal(&self.base)?;
        let rate = if self.exponent < 0 { base.over(power) } else { base.times(power) };
        rate.filter(|r| r.is_positive())
    }
}

impl Channel {
    fn read(&mut self, name: &str, text: &str) -> Result<(), Refusal> {
        match name {
            "LeadID" => self.id = label(text),
            "LeadAmplitudeUnitsPerBit" => text.clone_into(&mut self.per_bit),
            "LeadAmplitudeUnits" => text.clone_into(&mut self.unit),
            "LeadSampleSize" => text.clone_into(&mut self.size),
            "LeadOffsetFirstSample" => self.late = text.parse().unwrap_or(0),
            "LeadSampleCountTotal" => self.count = text.parse().ok(),
            "LeadLowLimit" => self.rails[0] = text.parse().ok(),
            "LeadHighLimit" => self.rails[1] = text.parse().ok(),
            "LeadDataCRC32" => self.crc = text.parse().ok(),
            "WaveFormData" => {
                let dense: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
                self.data = STANDARD
                    .decode(dense)
                    .map_err(|_| Refusal::new("waveform", "the samples are not base64"))?;
            }
            _ => {}
        }
        Ok(())
    }
}

impl Reading<'_> {
    fn person(&mut self, name: &str, text: &str) {
        let subject = &mut self.document.subject;
        match name {
            "PatientID" => text.clone_into(&mut subject.id),
            "PatientLastName" => text.clone_into(&mut self.person[0]),
            "PatientFirstName" => text.clone_into(&mut self.person[1]),
            "Gender" => {
                let sex = match text.to_ascii_uppercase().as_str() {
                    "MALE" => "M",
                    "FEMALE" => "F",
                    _ => text,
                };
                sex.clone_into(&mut subject.sex);
            }
            "DateofBirth" => subject.birth_date = joined(text, "", true).chars().take(8).collect(),
            _ => {}
        }
    }

    fn test(&mut self, name: &str, text: &str) {
        match name {
            "AcquisitionDate" => text.clone_into(&mut self.date[0]),
            "AcquisitionTime" => text.clone_into(&mut self.date[1]),
            "AcquisitionDevice" => {
                "GE".clone_into(&mut self.document.device.maker);
                text.clone_into(&mut self.document.device.model);
            }
            "CartNumber" => text.clone_into(&mut self.document.device.serial),
            _ => {}
        }
    }

    fn measurement(&mut self, name: &str, text: &str) {
        let number = text.parse::<f64>().ok().filter(|n| n.is_finite());
        if let Some((_, what, unit)) = VALUES.iter().find(|(n, _, _)| *n == name) {
            vendor(&mut self.document, what, number, unit);
        } else if let Some((_, what)) = MARKS.iter().find(|(n, _)| *n == name) {
            self.marks
                .extend(number.filter(|n| *n > 0.0 && self.marks.len() < MARKS.len()).map(|n| (*what, n)));
        } else if name == "ECGSampleBase" {
            self.mark_rate = number.filter(|n| *n > 0.0);
        }
    }

    /// A statement is a line of parts; `ENDSLINE` ends it.
    fn diagnosis(&mut self, name: &str, text: &str) {
        match name {
            "StmtText" => {
                if !self.statement.is_empty() {
                    self.statement.push(' ');
                }
                self.statement.push_str(text);
            }
            // It may stand before the text of its line.
            "StmtFlag" if text == "ENDSLINE" => self.line_ends = true,
            _ => {}
        }
    }

    fn end_statement(&mut self) {
        let statement = std::mem::take(&mut self.statement);
        state(&mut self.document, statement);
    }

    fn end_lead(&mut self) -> Result<(), Refusal> {
        let c = std::mem::take(&mut self.lead);
        let refuse = |why: String| Refusal::new("lead", format!("lead {}: {why}", c.id));
        let unit = match c.unit.to_ascii_uppercase().as_str() {
            "MICROVOLTS" => 1_000,
            "MILLIVOLTS" => 1_000_000,
            "NANOVOLTS" => 1,
            other => return Err(refuse(format!("unit '{other}' is not a voltage this program knows"))),
        };
        let scale = Ratio::from_decimal(&c.per_bit)
            .and_then(|s| s.times(Ratio::whole(unit)))
            .filter(|s| s.num() != 0)
            .ok_or_else(|| refuse("no usable amplitude per bit".into()))?;
        if !matches!(c.size.as_str(), "" | "2") {
            return Err(refuse(format!("samples of {} bytes are not read", c.size)));
        }
        let have = c.data.len() / 2;
        if !c.data.len().is_multiple_of(2) || c.count.is_some_and(|n| n > have) {
            return Err(refuse(format!(
                "{} samples declared, {} bytes present",
                c.count.unwrap_or(0),
                c.data.len()
            )));
        }
        if c.late > LATE {
            return Err(refuse(format!("begins {} samples late", c.late)));
        }
        let count = c.count.unwrap_or(have);
        self.budget.take(1, count + c.late)?;
        if self.wave.leads.len() >= self.budget.limits().channels {
            return Err(Refusal::new("limit", "too many leads"));
        }
        if let Some(crc) = c.crc {
            let mut sum = flate2::Crc::new();
            sum.update(&c.data);
            if sum.sum() != crc {
                let (zh, en) =
                    (format!("{} 导联校验和不符", c.id), format!("checksum of lead {} is wrong", c.id));
                warn(&mut self.document, "crc_mismatch", zh, en);
            }
        }
        let words = c.data.as_chunks::<2>().0.iter().take(count).map(|w| i32::from(i16::from_le_bytes(*w)));
        let raw = std::iter::repeat_n(0, c.late).chain(words).collect();
        let id = LeadId::of_name(&c.id).unwrap_or_else(|| LeadId::Other(c.id.clone(), c.id.clone()));
        let mut lead = lead16(id, c.id, raw, scale);
        if c.late > 0 {
            lead.missing.insert(0, (0, c.late));
        }
        if let [Some(low), Some(high)] = c.rails
            && low < high
        {
            lead.rails = (low, high);
        }
        self.wave.leads.push(lead);
        Ok(())
    }

    fn end_wave(&mut self) -> Result<(), Refusal> {
        let mut wave = std::mem::take(&mut self.wave);
        if wave.leads.is_empty() {
            return Ok(());
        }
        let rate = wave.rate().ok_or_else(|| Refusal::new("waveform", "sample rate not given"))?;
        let beat = wave.kind.eq_ignore_ascii_case("median");
        if self.document.groups.len() >= self.budget.limits().channels {
            return Err(Refusal::new("limit", "too many waveforms"));
        }
        if !beat && self.document.filters.is_empty() {
            self.document.filters = filters(wave.low, wave.high, wave.notch);
            self.document.high_hz = wave.high.filter(|h| *h > 0.0);
        }
        self.document.groups.push(group(beat, rate, 0.0, std::mem::take(&mut wave.leads), &mut self.budget)?);
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Refusal> {
        self.end_statement();
        let [last, first] = &self.person;
        self.document.subject.name = name(last, first);
        self.document.acquired = joined(&self.date[0], &self.date[1], true);
        if self.document.groups.is_empty() {
            return Err(Refusal::new("waveform", "the document has no waveform"));
        }
        let Some(k) = self.document.groups.iter().position(|g| g.derived) else { return Ok(()) };
        let Some(median) = self.document.groups.get(k) else { return Ok(()) };
        let own = median.rate.to_f64();
        let factor = self.mark_rate.map_or(1.0, |base| own / base);
        let samples = median.samples;
        for (what, at) in std::mem::take(&mut self.marks) {
            if let Some(sample) = index_of(at * factor).filter(|s| *s < samples) {
                self.document.fiducials.push(Fiducial { what, sample, group: k });
            }
        }
        Ok(())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "compared with the length by the caller"
)]
fn index_of(sample: f64) -> Option<usize> {
    (0.0..1e9).contains(&sample).then_some(sample.round() as usize)
}
