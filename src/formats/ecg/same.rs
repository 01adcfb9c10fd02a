//! Whether two files hold the same recording (ECG specification 3).

use super::decode::stamp::Stamp;
use super::lead::LeadId;
use super::model::{Document, Group};

/// Furthest two starts of one recording are written apart, ms.
const APART_MS: i64 = 120_000;
/// Samples one writer may leave out at the end.
const SHORTER: usize = 1;

impl Document {
    /// The same recording: equal samples by [`Document::waveform_sha256`], or, when the resolutions of the two files
    /// differ, the same person within two minutes and every common lead within one unit of the coarser file.
    #[must_use]
    pub fn same_recording(&self, other: &Self) -> bool {
        let hash = self.waveform_sha256();
        if !hash.is_empty() && hash == other.waveform_sha256() {
            return true;
        }
        let (Some(a), Some(b)) = (self.rhythm(), other.rhythm()) else { return false };
        self.same_person(other) && self.same_start(other) && close(a, b)
    }

    fn same_person(&self, other: &Self) -> bool {
        let (a, b) = (&self.subject, &other.subject);
        let (x, y) = (a.id.trim(), b.id.trim());
        if !x.is_empty() && !y.is_empty() {
            return x == y;
        }
        !a.name.trim().is_empty() && a.name.trim() == b.name.trim() && a.birth_date == b.birth_date
    }

    fn same_start(&self, other: &Self) -> bool {
        let (Some(a), Some(b)) = (Stamp::read(&self.acquired), Stamp::read(&other.acquired)) else {
            return false;
        };
        a.minus_ms(&b).is_some_and(|ms| ms.saturating_abs() <= APART_MS)
    }
}

/// Every lead of both within one unit of the coarser; the eight independent leads must be in both.
fn close(a: &Group, b: &Group) -> bool {
    let independent = (1..=8).all(|n| {
        let id = LeadId::Standard(n);
        a.lead(&id).is_some() && b.lead(&id).is_some()
    });
    if a.rate != b.rate || a.samples.abs_diff(b.samples) > SHORTER || !independent {
        return false;
    }
    a.leads.iter().filter_map(|x| Some((x, b.lead(&x.id)?))).all(|(x, y)| {
        let unit = x.scale.scale(1).saturating_abs().max(y.scale.scale(1).saturating_abs()).max(1);
        x.raw.iter().zip(&y.raw).all(|(r, s)| x.nv_of(*r).abs_diff(y.nv_of(*s)) <= unit.unsigned_abs())
    })
}
