//! Typing of beats and the median beat of the dominant class (specification §11, steps 4 and 5).

use super::filter::correlation;
use super::prepare::{RATE, Strip};

/// Samples before R in the median window: 500 ms.
pub const BEFORE: usize = 250;
/// Samples of the median window: 1.2 s.
pub const WINDOW: usize = 600;

/// Median beat.
#[derive(Clone, Debug)]
pub struct Median {
    /// Standard lead codes.
    pub codes: Vec<u16>,
    /// Microvolts at 500 Hz; R stands at sample 250.
    pub leads: Vec<Vec<f32>>,
    /// Indexes of the beats that belong to the dominant class.
    pub members: Vec<usize>,
}

impl Median {
    /// Lead by standard code.
    pub fn lead(&self, code: u16) -> Option<&[f32]> {
        self.codes.iter().position(|c| *c == code).and_then(|i| self.leads.get(i)).map(Vec::as_slice)
    }
}

/// Clusters beats by correlation >= 0.9 of their QRST and takes the sample-wise median of the largest cluster.
pub fn median(strip: &Strip, beats: &[usize]) -> Option<Median> {
    let shape = |r: usize| -> Option<Vec<f32>> {
        let from = r.checked_sub(50)?;
        strip.leads.iter().map(|l| l.get(from..from + 200)).collect::<Option<Vec<_>>>().map(|parts| parts.concat())
    };
    let shapes: Vec<Option<Vec<f32>>> = beats.iter().map(|r| shape(*r)).collect();
    let mut clusters: Vec<Vec<usize>> = Vec::new();
    for (i, s) in shapes.iter().enumerate() {
        let Some(s) = s else { continue };
        let near = clusters.iter_mut().find(|c| c.first().and_then(|k| shapes.get(*k)).and_then(Option::as_ref).is_some_and(|t| correlation(s, t) >= 0.9));
        match near {
            Some(cluster) => cluster.push(i),
            None => clusters.push(vec![i]),
        }
    }
    let mut members = clusters.into_iter().max_by_key(Vec::len)?;
    let template = members.first().and_then(|k| shapes.get(*k)).and_then(Option::as_ref)?.clone();
    // Align each member with the first by the best correlation within +-5 ms... at 500 Hz +-3 samples.
    let aligned: Vec<usize> = members
        .iter()
        .map(|k| {
            let r = beats[*k];
            (-3i64..=3)
                .filter_map(|d| usize::try_from(r as i64 + d).ok())
                .max_by(|a, b| {
                    let score = |p: usize| shape(p).map_or(-2.0, |s| correlation(&s, &template));
                    score(*a).total_cmp(&score(*b))
                })
                .unwrap_or(r)
        })
        .collect();
    let leads = strip
        .leads
        .iter()
        .map(|lead| {
            (0..WINDOW)
                .map(|i| {
                    let mut column: Vec<f32> = aligned.iter().filter_map(|r| (r + i).checked_sub(BEFORE).and_then(|k| lead.get(k)).copied()).collect();
                    column.sort_by(f32::total_cmp);
                    let n = column.len();
                    if n == 0 { 0.0 } else { (column[(n - 1) / 2] + column[n / 2]) / 2.0 }
                })
                .collect()
        })
        .collect();
    // Beats too near an edge for typing still count for the rhythm.
    members.extend(shapes.iter().enumerate().filter(|(_, s)| s.is_none()).map(|(i, _)| i));
    members.sort_unstable();
    Some(Median { codes: strip.codes.clone(), leads, members })
}

/// Milliseconds of `samples` at the analysis rate.
pub fn ms(samples: f64) -> f64 {
    samples * 1000.0 / RATE
}
