//! The median beat cut into P, QRS and T of the eight independent leads.

use crate::ecg::measure::Measured;
use crate::ecg::measure::signal::ms;

/// Height below which a chest lead shows no heart beat, µV: an electrode that is off, not a small heart.
const CHEST_UV: f32 = 60.0;

/// P, QRS and ST-T in samples of the median beat.
pub struct Window<'a> {
    /// Lead I.
    pub one: &'a [f32],
    /// Lead II.
    pub two: &'a [f32],
    /// V1 to V6.
    pub chest: [&'a [f32]; 6],
    /// P wave.
    pub p: Option<(usize, usize)>,
    /// QRS.
    pub qrs: (usize, usize),
    /// End of T, or 220 ms behind the QRS.
    pub end: usize,
}

impl<'a> Window<'a> {
    /// None when leads or boundaries are missing: no verdict.
    pub fn of(m: &'a Measured) -> Option<Self> {
        let (on, off) = m.marks.qrs?;
        let lead = |n: u16| m.median.lead(n);
        let chest = [lead(3)?, lead(4)?, lead(5)?, lead(6)?, lead(7)?, lead(8)?];
        let end = m.marks.t_off.unwrap_or(off + ms(220.0)).min(m.median.len());
        (m.median.beats >= 3 && off < end && on >= 2).then_some(Self {
            one: lead(1)?,
            two: lead(2)?,
            chest,
            p: m.marks.p,
            qrs: (on, off),
            end,
        })
    }

    /// Whether every chest electrode shows a heart beat. A lead without signal is no evidence of any order of them.
    pub fn chest_speaks(&self) -> bool {
        self.chest.iter().all(|s| {
            let w = s.get(self.qrs.0..self.end).unwrap_or_default();
            let (low, high) = w.iter().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
            high - low >= CHEST_UV
        })
    }

    /// Level before the QRS.
    fn level(&self, s: &[f32]) -> f32 {
        let w = s.get(self.qrs.0.saturating_sub(ms(16.0))..self.qrs.0).unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "eight samples")]
        let n = w.len().max(1) as f32;
        w.iter().sum::<f32>() / n
    }

    /// A lead between two samples, against its level before the QRS.
    pub fn cut(&self, s: &[f32], (a, b): (usize, usize)) -> Vec<f64> {
        let zero = self.level(s);
        s.get(a..b.min(s.len())).unwrap_or_default().iter().map(|v| f64::from(v - zero)).collect()
    }

    /// aVF.
    pub fn foot(&self, span: (usize, usize)) -> Vec<f64> {
        let (one, two) = (self.cut(self.one, span), self.cut(self.two, span));
        one.iter().zip(&two).map(|(a, b)| b - a / 2.0).collect()
    }

    /// Net area of the P wave over the line through its ends.
    pub fn p_net(&self, s: &[f32]) -> Option<f64> {
        let (a, b) = self.p?;
        let w = s.get(a..=b)?;
        let (first, last) = (f64::from(*w.first()?), f64::from(*w.last()?));
        #[expect(clippy::cast_precision_loss, reason = "samples of one wave")]
        let n = w.len() as f64;
        Some(w.iter().map(|v| f64::from(*v)).sum::<f64>() / n - f64::midpoint(first, last))
    }
}

/// Sum of products.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
