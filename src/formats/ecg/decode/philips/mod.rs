//! Philips (Sierra) XML 1.03, 1.04, 1.04.01, 1.04.02: carts, monitors and defibrillators of the PageWriter family.

mod beat;
mod head;
mod xli;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::build::{Budget, group, label, lead16, warn};
use super::xml::{self, Path, Visit};
use crate::ecg::format::Format;
use crate::ecg::lead::LeadId;
use crate::ecg::limits::{Limits, Refusal};
use crate::ecg::model::{Document, Group, Lead};
use crate::ecg::ratio::Ratio;

/// Height of the calibration pulse, nanovolts.
const CALIBRATION_NV: i64 = 1_000_000;
/// Order of the leads of files that do not name them.
const STANDARD_LEADS: &str = "I II III aVR aVL aVF V1 V2 V3 V4 V5 V6";

/// Decodes a document.
///
/// # Errors
/// Not well-formed, without waveforms, without rate or resolution, a stream that cannot be unpacked.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Document, Refusal> {
    let document = Document { source: Format::Philips, format: "Philips XML".into(), ..Document::default() };
    let mut reading = Reading {
        document,
        budget: Budget::new(limits),
        head: head::Head::default(),
        signal: Signal::default(),
        waves: None,
        beats: beat::Beats::default(),
    };
    let read = xml::walk(bytes, limits, &mut reading).and_then(|()| reading.finish());
    match read {
        Ok(()) => Ok(reading.document),
        Err(refusal) => Err(refusal.of(&reading.document)),
    }
}

/// Signal characteristics as written; the attributes of the waveforms go before.
#[derive(Debug, Default)]
struct Signal {
    rate: String,
    resolution: String,
    labels: String,
    duration_ms: String,
    compression: String,
    encoding: String,
}

impl Signal {
    fn put(field: &mut String, texts: &[&str]) {
        if let Some(text) = texts.iter().map(|t| t.trim()).find(|t| !t.is_empty()) {
            text.clone_into(field);
        }
    }
}

struct Reading<'a> {
    document: Document,
    budget: Budget<'a>,
    head: head::Head,
    signal: Signal,
    waves: Option<Vec<u8>>,
    beats: beat::Beats,
}

impl Visit for Reading<'_> {
    fn open(&mut self, path: Path<'_>) -> Result<(), Refusal> {
        if path.name() == "repbeats" || path.name() == "repbeat" {
            self.beats.open(path);
        }
        Ok(())
    }

    fn close(&mut self, path: Path<'_>) -> Result<(), Refusal> {
        let Some(here) = path.here() else { return Ok(()) };
        match path.name() {
            "samplingrate" | "samplespersecond" => Signal::put(&mut self.signal.rate, &[&here.text]),
            "signalresolution" | "resolution" if path.up(1) == "signalcharacteristics" => {
                Signal::put(&mut self.signal.resolution, &[&here.text]);
            }
            "parsedwaveforms" => {
                let s = &mut self.signal;
                Signal::put(&mut s.rate, &[here.attr("samplespersecond"), here.attr("samplingrate")]);
                Signal::put(&mut s.resolution, &[here.attr("resolution"), here.attr("signalresolution")]);
                Signal::put(&mut s.labels, &[here.attr("leadlabels")]);
                Signal::put(&mut s.duration_ms, &[here.attr("durationperchannel")]);
                Signal::put(&mut s.compression, &[here.attr("compression"), here.attr("compressmethod")]);
                Signal::put(&mut s.encoding, &[here.attr("dataencoding")]);
                if here.attr("compressflag").eq_ignore_ascii_case("false") {
                    s.compression.clear();
                }
                if self.waves.is_some() {
                    return Err(Refusal::new("waveform", "the file has two sets of waveforms"));
                }
                self.waves = Some(bytes_of(&here.text)?);
            }
            _ if path.inside("repbeats") => self.beats.read(path, &mut self.budget)?,
            _ => self.head.read(path, &mut self.document),
        }
        Ok(())
    }
}

/// Base64, line breaks and blanks anywhere.
fn bytes_of(text: &str) -> Result<Vec<u8>, Refusal> {
    let dense: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    STANDARD.decode(dense).map_err(|_| Refusal::new("waveform", "the samples are not base64"))
}

/// 16 bits, little-endian.
fn words(bytes: &[u8]) -> Vec<i32> {
    bytes.as_chunks::<2>().0.iter().map(|w| i32::from(i16::from_le_bytes(*w))).collect()
}

impl Reading<'_> {
    fn finish(&mut self) -> Result<(), Refusal> {
        self.head.finish(&mut self.document);
        let wrong = |why: &str| Refusal::new("waveform", why);
        let packed = self.waves.take().ok_or_else(|| wrong("the document has no parsedwaveforms"))?;
        if !self.signal.encoding.is_empty() && !self.signal.encoding.eq_ignore_ascii_case("base64") {
            return Err(wrong("the samples are in an encoding other than base64"));
        }
        let rate = Ratio::from_decimal(&self.signal.rate)
            .filter(|r| r.is_positive())
            .ok_or_else(|| wrong("sampling rate not given"))?;
        // Microvolts of a unit.
        let scale = Ratio::from_decimal(&self.signal.resolution)
            .and_then(|r| r.times(Ratio::whole(1_000)))
            .filter(|r| r.is_positive())
            .ok_or_else(|| wrong("resolution not given"))?;
        let labels = if self.signal.labels.is_empty() { STANDARD_LEADS } else { &self.signal.labels };
        let most = self.budget.limits().channels;
        let labels: Vec<String> = labels.split_ascii_whitespace().take(most + 1).map(label).collect();
        self.budget.channels(labels.len())?;
        let declared = self.declared(rate);
        let streams = match self.signal.compression.to_ascii_uppercase().as_str() {
            "" | "NONE" | "PLAIN" | "UNCOMPRESSED" => self.plain(&packed, labels.len())?,
            "XLI" => self.unpacked(&packed, labels.len(), declared)?,
            other => return Err(wrong(&format!("compression '{other}' is not read"))),
        };
        let leads = streams.into_iter().zip(labels).map(|(raw, label)| lead_of(label, raw, scale)).collect();
        let mut group = group(false, rate, 0.0, leads, &mut self.budget)?;
        if let Some(from) = calibration(&group) {
            group.leads.iter_mut().for_each(|l| gap(l, from));
            let (zh, en) = (
                "记录末尾为定标脉冲,不作为心电",
                "the recording ends in a calibration pulse, which is no ECG",
            );
            warn(&mut self.document, "calibration_pulse", zh, en);
        }
        if let Some(declared) = declared.filter(|d| *d != group.samples) {
            let zh = format!("文件声明每导联 {declared} 点,实有 {} 点", group.samples);
            let en = format!("{declared} samples a lead are declared, {} are there", group.samples);
            warn(&mut self.document, "length_differs", zh, en);
        }
        self.document.groups.push(group);
        self.beats.finish(&mut self.document, &mut self.budget)
    }

    /// Samples of a lead by its declared duration.
    fn declared(&self, rate: Ratio) -> Option<usize> {
        let ms = Ratio::from_decimal(&self.signal.duration_ms)?;
        let count = ms.times(rate)?.times(Ratio::new(1, 1_000)?)?;
        usize::try_from(count.scale(1)).ok().filter(|n| *n > 0)
    }

    fn plain(&mut self, packed: &[u8], leads: usize) -> Result<Vec<Vec<i32>>, Refusal> {
        let all = words(packed);
        let count = all.len() / leads.max(1);
        if count == 0 || !all.len().is_multiple_of(leads.max(1)) {
            let why = format!("{} samples do not divide among {leads} leads", all.len());
            return Err(Refusal::new("waveform", why));
        }
        self.budget.take(leads, count)?;
        Ok(all.chunks_exact(count).map(<[i32]>::to_vec).collect())
    }

    fn unpacked(
        &mut self,
        packed: &[u8],
        leads: usize,
        declared: Option<usize>,
    ) -> Result<Vec<Vec<i32>>, Refusal> {
        // A code of ten bits stands for up to 767 bytes: what the file declares is checked before anything is unpacked,
        // and without a declaration the leads share what may be made in all.
        let mut budget = Budget::packed(self.budget.limits());
        if let Some(declared) = declared {
            budget.take(leads, declared)?;
        }
        let limit = declared.unwrap_or(budget.left() / leads.max(1));
        let mut rest = packed;
        let mut out: Vec<Vec<i16>> = Vec::new();
        for n in 1..=leads {
            let of_lead = |r: Refusal| Refusal::new(r.stage, format!("lead {n}: {}", r.reason));
            let (samples, next) = xli::lead(rest, limit).map_err(of_lead)?;
            out.push(samples);
            rest = next;
        }
        self.budget.take(leads, out.iter().map(Vec::len).max().unwrap_or(0))?;
        if out.iter().any(|s| s.len() != out.first().map_or(0, Vec::len)) {
            return Err(Refusal::new("waveform", "the leads differ in length"));
        }
        xli::limbs(&mut out);
        Ok(out.into_iter().map(|s| s.into_iter().map(i32::from).collect()).collect())
    }
}

/// Where the recorder's calibration begins: behind the patient every lead runs alike at 0 and at 1 mV, which would be
/// measured as a beat.
fn calibration(group: &Group) -> Option<usize> {
    let first = group.leads.first().filter(|_| group.leads.len() > 2)?;
    let alike = |i: &usize| group.leads.iter().all(|l| l.raw.get(*i) == first.raw.get(*i));
    let length = (0..group.samples).rev().take_while(alike).count();
    let from = group.samples - length;
    let tail = first.raw.get(from..)?;
    let only = tail.iter().all(|v| *v == 0 || first.nv_of(*v) == CALIBRATION_NV);
    (only && tail.iter().any(|v| *v != 0)).then_some(from)
}

/// Everything from `from` is missing.
fn gap(lead: &mut Lead, from: usize) {
    lead.missing.retain(|(a, _)| *a < from);
    lead.missing.push((from, lead.raw.len()));
}

/// A lead by its label.
fn lead_of(label: String, raw: Vec<i32>, scale: Ratio) -> Lead {
    let id = LeadId::of_name(&label).unwrap_or_else(|| LeadId::Other(label.clone(), label.clone()));
    lead16(id, label, raw, scale)
}
