//! All leads side by side: sample after sample, so that one pass filters twelve leads at once.

use super::rows;
use super::signal::Signal;
use super::spikes;

/// Leads at most.
pub const WIDTH: usize = 12;
/// One sample of all leads; unused places are 0.
pub type Row = [f32; WIDTH];
/// The upper band limit of P waves, Hz.
const CUT_HZ: f32 = 30.0;

/// The analysis copy, leads side by side.
#[derive(Debug, Clone, Default)]
pub struct Lanes {
    /// Samples.
    pub rows: Vec<Row>,
    /// Lead numbers, in the order of the places.
    pub leads: Vec<u16>,
}

impl Lanes {
    /// From the analysis copy.
    #[must_use]
    pub fn of(signal: &Signal) -> Self {
        Self {
            rows: rows::of(&signal.leads),
            leads: signal.leads.iter().take(WIDTH).map(|(n, _)| *n).collect(),
        }
    }

    /// A copy without spikes, low-passed for atrial waves.
    #[must_use]
    pub fn atrial(&self, spikes: &[usize]) -> Self {
        let mut out = self.clone();
        spikes::blank(&mut out.rows, spikes);
        rows::low_pass(&mut out.rows, CUT_HZ);
        out
    }

    /// Place of a lead.
    #[must_use]
    pub fn place(&self, lead: u16) -> Option<usize> {
        self.leads.iter().position(|n| *n == lead)
    }
}
