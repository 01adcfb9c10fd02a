//! The delineation of every beat, and its JSON form.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Measured;

/// A P or T wave; samples of the file's own rate, fractional. A boundary that cannot be seen is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Wave {
    /// Onset, central over all leads.
    pub on: Option<f64>,
    /// Peak.
    pub peak: Option<f64>,
    /// End, central over all leads.
    pub off: Option<f64>,
    /// Earliest onset over the leads (second earliest, so that one odd lead does not decide).
    pub g_on: Option<f64>,
    /// Latest end over the leads (second latest).
    pub g_off: Option<f64>,
}

/// The QRS complex; samples of the file's own rate, fractional.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Qrs {
    /// Onset, central over all leads.
    pub on: Option<f64>,
    /// The centre of the steep part.
    pub peak: f64,
    /// End, central over all leads.
    pub off: Option<f64>,
    /// Earliest onset over the leads (second earliest).
    pub g_on: Option<f64>,
    /// Latest end over the leads (second latest).
    pub g_off: Option<f64>,
}

/// What a beat is by its shape and time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BeatClass {
    /// Of the largest class of like shape.
    Dominant,
    /// Another shape, early.
    Ectopic,
    /// Begun by a pacing spike.
    Paced,
    /// Another shape, in time.
    Aberrant,
    /// Not typed: no room for the comparison.
    #[default]
    Unknown,
}

/// One beat.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Beat {
    /// P wave.
    pub p: Option<Wave>,
    /// QRS.
    pub qrs: Qrs,
    /// T wave.
    pub t: Option<Wave>,
    /// Class.
    pub class: BeatClass,
}

impl Wave {
    /// The same at `k` times the rate.
    #[must_use]
    pub fn scaled(self, k: f64) -> Self {
        let at = |v: Option<f64>| v.map(|x| x * k);
        Self {
            on: at(self.on),
            peak: at(self.peak),
            off: at(self.off),
            g_on: at(self.g_on),
            g_off: at(self.g_off),
        }
    }
}

impl Beat {
    /// The same at `k` times the rate.
    #[must_use]
    pub fn scaled(self, k: f64) -> Self {
        let q = self.qrs;
        let at = |v: Option<f64>| v.map(|x| x * k);
        Self {
            p: self.p.map(|w| w.scaled(k)),
            t: self.t.map(|w| w.scaled(k)),
            qrs: Qrs { on: at(q.on), peak: q.peak * k, off: at(q.off), g_on: at(q.g_on), g_off: at(q.g_off) },
            class: self.class,
        }
    }
}

/// The delineation of one recording as a document of its own: `{"schema", "records": {record: ...}}`.
#[must_use]
pub fn json(record: &str, fs: f64, samples: usize, m: &Measured) -> Value {
    let mut records = Map::new();
    records.insert(record.to_owned(), entry(fs, samples, m));
    json!({ "schema": SCHEMA, "records": records })
}

/// Name and version of the form.
pub const SCHEMA: &str = "yigong-ecg-delineation/1";

/// The value of one recording under `records`.
#[must_use]
pub fn entry(fs: f64, samples: usize, m: &Measured) -> Value {
    let value = |what: &str| m.values.iter().find(|v| v.what == what).and_then(|v| v.number);
    json!({
        "fs": fs,
        "samples": samples,
        "beats": m.delineation.iter().map(beat).collect::<Vec<_>>(),
        "intervals": {
            "hr": m.rate, "pr": value("pr"), "qrs": value("qrs"), "qt": value("qt"),
        },
        "doubtful": m.doubtful,
    })
}

fn beat(b: &Beat) -> Value {
    json!({ "P": b.p.map(rounded), "QRS": rounded_qrs(b.qrs), "T": b.t.map(rounded), "class": b.class })
}

/// Hundredths of a sample are more than anyone reads.
fn hundredths(v: f64) -> f64 {
    (v * 100.0).round() / 100.0
}

fn rounded(w: Wave) -> Wave {
    let at = |v: Option<f64>| v.map(hundredths);
    Wave { on: at(w.on), peak: at(w.peak), off: at(w.off), g_on: at(w.g_on), g_off: at(w.g_off) }
}

fn rounded_qrs(q: Qrs) -> Qrs {
    let at = |v: Option<f64>| v.map(hundredths);
    Qrs { on: at(q.on), peak: hundredths(q.peak), off: at(q.off), g_on: at(q.g_on), g_off: at(q.g_off) }
}
