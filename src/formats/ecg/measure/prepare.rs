//! The analysis copy: microvolts at 500 Hz, gaps bridged, wander removed. The archive copy is never touched.

use super::filter::{high_pass, low_pass};
use crate::ecg::lead::STANDARD;
use crate::ecg::{Group, Lead};

/// Rate of analysis, samples a second.
pub const RATE: f64 = 500.0;
/// Longest strip analysed: the first 60 s of longer recordings.
const LONGEST_S: f64 = 60.0;

/// Leads for analysis.
#[derive(Clone, Debug)]
pub struct Strip {
    /// Standard lead codes, parallel to `leads`.
    pub codes: Vec<u16>,
    /// Microvolts at 500 Hz, baseline wander below 0.5 Hz removed.
    pub leads: Vec<Vec<f32>>,
    /// Samples of each lead.
    pub samples: usize,
}

impl Strip {
    /// Prepares the standard leads of `group` except those in `bad`; `None` when nothing usable remains.
    pub fn prepare(group: &Group, bad: &[u16]) -> Option<Strip> {
        let rate = group.rate.to_f64();
        if !(50.0..=50_000.0).contains(&rate) {
            return None;
        }
        let (mut codes, mut leads) = (Vec::new(), Vec::new());
        for code in STANDARD {
            let Some(lead) = group.lead(code) else { continue };
            if bad.contains(&code) || lead.missing.iter().map(|(a, b)| b - a).sum::<usize>() * 2 > group.samples {
                continue;
            }
            let mut x = at_analysis_rate(&bridged(lead, group.samples, rate), rate);
            high_pass(&mut x, 0.5, RATE);
            codes.push(code);
            leads.push(x);
        }
        let samples = leads.first().map_or(0, Vec::len);
        (samples >= RATE as usize).then_some(Strip { codes, leads, samples })
    }

    /// Lead by standard code.
    pub fn lead(&self, code: u16) -> Option<&[f32]> {
        self.codes.iter().position(|c| *c == code).and_then(|i| self.leads.get(i)).map(Vec::as_slice)
    }
}

/// Microvolts with gaps held at the last value.
fn bridged(lead: &Lead, samples: usize, rate: f64) -> Vec<f32> {
    let count = samples.min(lead.raw.len()).min((LONGEST_S * rate) as usize);
    let (scale, offset) = (lead.scale.to_f64() / 1000.0, lead.offset.to_f64() / 1000.0);
    let mut x: Vec<f32> = lead.raw.iter().take(count).map(|raw| (f64::from(*raw) * scale + offset) as f32).collect();
    for (from, to) in &lead.missing {
        let hold = if *from > 0 { x.get(from - 1).copied() } else { x.get(*to).copied() }.unwrap_or(0.0);
        for v in x.iter_mut().take(*to).skip(*from) {
            *v = hold;
        }
    }
    x
}

/// Low-pass below half the target rate, then linear interpolation at exact positions i * rate / 500.
fn at_analysis_rate(x: &[f32], rate: f64) -> Vec<f32> {
    if (rate - RATE).abs() < 1e-9 {
        return x.to_vec();
    }
    let mut smooth = x.to_vec();
    if rate > RATE {
        low_pass(&mut smooth, 180.0, rate);
    }
    let count = (x.len() as f64 * RATE / rate) as usize;
    (0..count)
        .map(|i| {
            let at = i as f64 * rate / RATE;
            let k = (at as usize).min(smooth.len().saturating_sub(1));
            let next = smooth[(k + 1).min(smooth.len() - 1)];
            smooth[k] + (next - smooth[k]) * (at - k as f64) as f32
        })
        .collect()
}
