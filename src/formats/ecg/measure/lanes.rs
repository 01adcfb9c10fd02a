//! All leads side by side: sample after sample, so that one pass filters twelve leads at once.

use std::borrow::Cow;

use super::signal::{HZ, Signal};
use super::spikes;

/// Leads at most.
pub const WIDTH: usize = 12;
/// One sample of all leads; unused places are 0.
pub type Row = [f32; WIDTH];
/// The upper band limit of P waves, Hz.
const CUT_HZ: f32 = 30.0;

/// The analysis copy without spikes, low-passed for atrial waves.
#[derive(Debug, Clone, Default)]
pub struct Lanes {
    /// Samples.
    pub rows: Vec<Row>,
    /// Lead numbers, in the order of the places.
    pub leads: Vec<u16>,
}

impl Lanes {
    /// From the analysis copy; spikes are blanked.
    #[must_use]
    pub fn prepare(signal: &Signal, spikes: &[usize]) -> Self {
        let leads: Vec<Cow<'_, [f32]>> =
            signal.leads.iter().take(WIDTH).map(|(_, s)| spikes::blanked(s, spikes)).collect();
        let mut rows = vec![[0.0; WIDTH]; signal.len];
        for (i, row) in rows.iter_mut().enumerate() {
            for (v, lead) in row.iter_mut().zip(&leads) {
                *v = lead.get(i).copied().unwrap_or_default();
            }
        }
        smooth(&mut rows);
        Self { rows, leads: signal.leads.iter().take(WIDTH).map(|(n, _)| *n).collect() }
    }

    /// Place of a lead.
    #[must_use]
    pub fn place(&self, lead: u16) -> Option<usize> {
        self.leads.iter().position(|n| *n == lead)
    }
}

/// Second-order Butterworth low-pass, forward and backward: no phase.
fn smooth(rows: &mut [Row]) {
    let k = (std::f32::consts::PI * CUT_HZ / HZ).tan();
    let norm = 1.0 / (1.0 + std::f32::consts::SQRT_2 * k + k * k);
    let b = k * k * norm;
    let a = [2.0 * (k * k - 1.0) * norm, (1.0 - std::f32::consts::SQRT_2 * k + k * k) * norm];
    pass(rows.iter_mut(), b, a);
    pass(rows.iter_mut().rev(), b, a);
}

fn pass<'a>(rows: impl Iterator<Item = &'a mut Row>, b: f32, [a1, a2]: [f32; 2]) {
    let mut state: Option<[Row; 4]> = None;
    for row in rows {
        // Start in the steady state of the first sample: a constant passes without a step.
        let [x1, x2, y1, y2] = state.get_or_insert([*row; 4]);
        let x = *row;
        for i in 0..WIDTH {
            row[i] = b * (x[i] + 2.0 * x1[i] + x2[i]) - a1 * y1[i] - a2 * y2[i];
        }
        (*x2, *x1, *y2, *y1) = (*x1, x, *y1, *row);
    }
}
