//! The one model of a recording: planar integers with an exact scale in nanovolts.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::format::Format;
use super::lead::{LeadId, TWELVE};
use super::ratio::Ratio;

/// Seconds of a page.
const PAGE_SECONDS: f64 = 10.0;

/// A decoded recording.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    /// Format of the file it was read from.
    pub source: Format,
    /// Format as shown: `DICOM 12-lead ECG`.
    pub format: String,
    /// Multiplex groups.
    pub groups: Vec<Group>,
    /// The person as the file names them.
    pub subject: Subject,
    /// The recorder.
    pub device: Device,
    /// Start as written: `YYYYMMDDHHMMSS[.f][+ZZZZ]`; empty when the file does not say.
    pub acquired: String,
    /// Filters of the rhythm group as shown on paper: `0.05-300 Hz AC50`.
    pub filters: String,
    /// Upper band limit of the recorder, Hz.
    pub high_hz: Option<f64>,
    /// Text statements of the maker.
    pub statements: Vec<String>,
    /// Values of the maker.
    pub values: Vec<Value>,
    /// Marks of the maker.
    pub fiducials: Vec<Fiducial>,
    /// What a reader must know.
    pub warnings: Vec<Warning>,
}

/// The person named in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// Patient id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Sex as written.
    pub sex: String,
    /// `YYYYMMDD`.
    pub birth_date: String,
}

/// The recorder. A device is its serial number, never the PC beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Device {
    /// Maker.
    pub maker: String,
    /// Model.
    pub model: String,
    /// Serial number.
    pub serial: String,
}

/// What a group holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupKind {
    /// The recording itself.
    Rhythm,
    /// A representative beat.
    Median,
    /// Longer than ten minutes.
    Holter,
    /// Anything else.
    Other,
}

/// Channels sampled together.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Kind.
    pub kind: GroupKind,
    /// Computed from other samples by the maker.
    pub derived: bool,
    /// Samples per second.
    pub rate: Ratio,
    /// Offset of the first sample, ms.
    pub t0_ms: f64,
    /// Samples of each lead.
    pub samples: usize,
    /// Channels.
    pub leads: Vec<Lead>,
}

/// One channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Lead {
    /// Which lead.
    pub id: LeadId,
    /// Its name in the file.
    pub label: String,
    /// Samples as stored.
    pub raw: Vec<i32>,
    /// Nanovolts of one unit.
    pub scale: Ratio,
    /// Nanovolts at raw 0.
    pub offset: Ratio,
    /// Missing samples `[from, to)`: gaps in the drawing, never interpolated.
    pub missing: Vec<(usize, usize)>,
    /// Range of the stored type, for saturation.
    pub rails: (i32, i32),
    /// Computed here from I and II because the file has no such lead.
    pub derived: bool,
}

/// Where a value comes from. A new source adds a row and never replaces one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The recorder.
    Vendor,
    /// This program.
    Server,
    /// A person.
    Physician,
}

/// One measurement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Value {
    /// `hr pr qrs qt qtc qtcf qtcb rr axis_p axis_qrs axis_t st_j60_<lead> …`.
    pub what: String,
    /// The number; none when looked for and not found (no P wave: no PR).
    pub number: Option<f64>,
    /// `/min`, `ms`, `deg`, `uV`.
    pub unit: &'static str,
    /// Source.
    pub source: Source,
}

impl Value {
    /// A value of this program, rounded to `digits` decimals.
    #[must_use]
    pub fn server(what: impl Into<String>, number: Option<f64>, unit: &'static str) -> Self {
        let number = number.filter(|n| n.is_finite()).map(|n| n.round() + 0.0);
        Self { what: what.into(), number, unit, source: Source::Server }
    }
}

/// A mark of the maker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fiducial {
    /// `p_on p_off qrs_on qrs_off t_off r`.
    pub what: &'static str,
    /// Sample of `group`, from 0.
    pub sample: usize,
    /// Index into `Document::groups`.
    pub group: usize,
}

/// Something the reader is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Stable code.
    pub code: &'static str,
    /// Chinese.
    pub text_zh: String,
    /// English.
    pub text_en: String,
}

impl Warning {
    /// A warning.
    pub fn new(code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { code, text_zh: zh.into(), text_en: en.into() }
    }
}

impl Lead {
    /// Sample `i` in nanovolts; `None` when missing or outside.
    #[must_use]
    pub fn nv(&self, i: usize) -> Option<i64> {
        let raw = *self.raw.get(i)?;
        (!self.is_missing(i)).then(|| self.nv_of(raw))
    }

    /// Whether sample `i` lies in a gap; gaps are sorted and apart.
    #[must_use]
    pub fn is_missing(&self, i: usize) -> bool {
        let behind = self.missing.partition_point(|(a, _)| *a <= i);
        behind.checked_sub(1).and_then(|k| self.missing.get(k)).is_some_and(|(_, b)| i < *b)
    }

    /// `raw * scale + offset`, rounded to a nanovolt. Cut at a hundred volts, so that sums of leads cannot overflow.
    #[must_use]
    pub fn nv_of(&self, raw: i32) -> i64 {
        self.scale
            .scale(i64::from(raw))
            .saturating_add(self.offset.scale(1))
            .clamp(-100_000_000_000, 100_000_000_000)
    }

    /// The first `most` samples in microvolts; missing ones are NaN.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "analysis works in f32")]
    pub fn uv(&self, most: usize) -> Vec<f32> {
        let (k, o) = (self.scale.to_f64() / 1_000.0, self.offset.to_f64() / 1_000.0);
        let mut out: Vec<f32> = self.raw.iter().take(most).map(|r| (f64::from(*r) * k + o) as f32).collect();
        for (a, b) in &self.missing {
            let end = (*b).min(out.len());
            if let Some(gap) = out.get_mut(*a..end) {
                gap.fill(f32::NAN);
            }
        }
        out
    }
}

impl Group {
    /// The lead of this id.
    #[must_use]
    pub fn lead(&self, id: &LeadId) -> Option<&Lead> {
        self.leads.iter().find(|l| l.id == *id)
    }

    /// Length, seconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "sample counts are below 2^53")]
    pub fn seconds(&self) -> f64 {
        self.samples as f64 / self.rate.to_f64()
    }

    /// Standard leads that were recorded, times the seconds of them that a page shows.
    #[expect(clippy::cast_precision_loss, reason = "a handful of leads")]
    fn shown(&self) -> f64 {
        let standard = TWELVE.iter().filter(|id| self.lead(id).is_some_and(|l| !l.derived)).count();
        standard as f64 * self.seconds().min(PAGE_SECONDS)
    }

    /// Whether `other` holds further leads of the same stretch of time, so that both are one group.
    #[must_use]
    pub fn continues(&self, other: &Self) -> bool {
        self.derived == other.derived
            && self.kind == other.kind
            && self.rate == other.rate
            && self.samples == other.samples
            && (self.t0_ms - other.t0_ms).abs() < 0.5
            && other.leads.iter().all(|l| self.lead(&l.id).is_none())
    }
}

impl Document {
    /// The group that is measured: of the rhythm groups, else of the ambulatory, else of the others, the one that
    /// shows most of a page of ten seconds (standard leads times seconds); of equals the first. Its leads are
    /// simultaneous; those of a sequential recording lie in several groups ([`Document::strips`]).
    #[must_use]
    pub fn rhythm(&self) -> Option<&Group> {
        let fullest = |kind| {
            let mut best: Option<(f64, &Group)> = None;
            for group in self.groups.iter().filter(|g| g.kind == kind) {
                let shown = group.shown();
                if best.is_none_or(|(most, _)| shown > most) {
                    best = Some((shown, group));
                }
            }
            best.map(|(_, group)| group)
        };
        let kinds = [GroupKind::Rhythm, GroupKind::Holter, GroupKind::Other];
        kinds.into_iter().find_map(fullest)
    }

    /// The measured group, then the other rhythm groups: columns recorded one after another, a longer strip.
    pub fn strips(&self) -> impl Iterator<Item = &Group> {
        let main = self.rhythm();
        let others = self.groups.iter().filter(move |g| {
            g.kind == GroupKind::Rhythm && main.is_some_and(|m| m.kind == g.kind && !std::ptr::eq(m, *g))
        });
        main.into_iter().chain(others)
    }

    /// The maker's representative beat.
    #[must_use]
    pub fn median(&self) -> Option<&Group> {
        self.groups.iter().find(|g| g.kind == GroupKind::Median)
    }

    /// The twelve standard leads that no rhythm group holds.
    #[must_use]
    pub fn absent(&self) -> Vec<LeadId> {
        TWELVE.iter().filter(|id| self.strips().all(|g| g.lead(id).is_none())).cloned().collect()
    }

    /// SHA-256 over rate, count and the nanovolts (i64 LE) of I, II, V1..V6 of the rhythm group: equal = the same
    /// recording in another format. Empty without those leads.
    #[must_use]
    pub fn waveform_sha256(&self) -> String {
        let Some(group) = self.rhythm() else { return String::new() };
        let mut hash = Sha256::new();
        hash.update(group.rate.num().to_le_bytes());
        hash.update(group.rate.den().to_le_bytes());
        hash.update((group.samples as u64).to_le_bytes());
        for n in 1..=8 {
            let Some(lead) = group.lead(&LeadId::Standard(n)) else { return String::new() };
            for raw in &lead.raw {
                hash.update(lead.nv_of(*raw).to_le_bytes());
            }
        }
        hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }
}
