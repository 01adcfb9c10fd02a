//! Representative beats: one per lead, with its own rate and resolution, directly in `repbeat` (1.03) or in its
//! `waveform` (1.04).

use super::{bytes_of, lead_of, words};
use crate::ecg::decode::build::{Budget, group, label};
use crate::ecg::decode::xml::Path;
use crate::ecg::limits::Refusal;
use crate::ecg::model::{Document, Fiducial, Lead};
use crate::ecg::ratio::Ratio;

/// The beats being read.
#[derive(Debug, Default)]
pub struct Beats {
    rate: Option<Ratio>,
    scale: Option<Ratio>,
    label: String,
    leads: Vec<Lead>,
    /// P, PR, QRS onset, QRS, QT of the first lead that has them, ms.
    times: [Option<f64>; 5],
}

impl Beats {
    /// The list or one of it begins.
    pub fn open(&mut self, path: Path<'_>) {
        let Some(here) = path.here() else { return };
        if path.name() == "repbeat" {
            self.label = label(here.attr("leadname"));
            return;
        }
        let rate =
            [here.attr("samplespersec"), here.attr("samplespersecond")].into_iter().find(|t| !t.is_empty());
        self.rate = rate.and_then(Ratio::from_decimal).filter(|r| r.is_positive());
        self.scale = Ratio::from_decimal(here.attr("resolution"))
            .and_then(|r| r.times(Ratio::whole(1_000)))
            .filter(|r| r.is_positive());
    }

    /// An element inside the list.
    ///
    /// # Errors
    /// Samples that are not base64, more than the budget.
    pub fn read(&mut self, path: Path<'_>, budget: &mut Budget<'_>) -> Result<(), Refusal> {
        let Some(here) = path.here() else { return Ok(()) };
        let slot = match path.name() {
            "pdur" => 0,
            "print" => 1,
            "qonset" => 2,
            "qrsdur" => 3,
            "qtint" => 4,
            "repbeat" | "waveform" => {
                if let (Some(scale), false) = (self.scale, here.text.trim().is_empty()) {
                    let raw = words(&bytes_of(&here.text)?);
                    budget.take(1, raw.len())?;
                    if self.leads.len() >= budget.limits().channels {
                        return Err(Refusal::new("limit", "too many representative beats"));
                    }
                    self.leads.push(lead_of(self.label.clone(), raw, scale));
                }
                return Ok(());
            }
            _ => return Ok(()),
        };
        if let Some(field) = self.times.get_mut(slot)
            && field.is_none()
        {
            *field = here.text.trim().parse().ok().filter(|n: &f64| n.is_finite());
        }
        Ok(())
    }

    /// Adds the group and its marks.
    ///
    /// # Errors
    /// Beats of unequal length that exceed the budget.
    pub fn finish(&mut self, document: &mut Document, budget: &mut Budget<'_>) -> Result<(), Refusal> {
        let (Some(rate), false) = (self.rate, self.leads.is_empty()) else { return Ok(()) };
        let made = group(true, rate, 0.0, std::mem::take(&mut self.leads), budget)?;
        let (samples, index) = (made.samples, document.groups.len());
        document.groups.push(made);
        let [p, pr, on, qrs, qt] = self.times;
        let sum = |a: Option<f64>, b: Option<f64>| Some(a? + b?);
        let p_on = on.zip(pr).map(|(on, pr)| on - pr);
        let marks = [
            ("p_on", p_on),
            ("p_off", sum(p_on, p)),
            ("qrs_on", on),
            ("qrs_off", sum(on, qrs)),
            ("t_off", sum(on, qt)),
        ];
        for (what, ms) in marks {
            let sample = ms.and_then(|ms| index_of(ms * rate.to_f64() / 1_000.0));
            if let Some(sample) = sample.filter(|s| *s < samples) {
                document.fiducials.push(Fiducial { what, sample, group: index });
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
    let sample = sample.round();
    (0.0..1e9).contains(&sample).then_some(sample as usize)
}
