//! Filters over all leads at once: one row of twelve samples per step.

use super::lanes::{Row, WIDTH};
use super::signal::{HZ, section};

/// Coefficients b0 b1 b2 a1 a2 of a second-order Butterworth section.
struct Section([f32; 5]);

impl Section {
    fn new(cut: f32, high: bool) -> Self {
        Self(section(cut, HZ, high))
    }

    /// One pass, begun in the steady state of the first row: a constant passes without a step.
    fn pass<'a>(&self, rows: impl Iterator<Item = &'a mut Row>) {
        let [b0, b1, b2, a1, a2] = self.0;
        let gain = (b0 + b1 + b2) / (1.0 + a1 + a2);
        let mut state: Option<[Row; 4]> = None;
        for row in rows {
            let [x1, x2, y1, y2] = state.get_or_insert_with(|| {
                let still = row.map(|v| v * gain);
                [*row, *row, still, still]
            });
            for i in 0..WIDTH {
                let y = b0 * row[i] + b1 * x1[i] + b2 * x2[i] - a1 * y1[i] - a2 * y2[i];
                (x2[i], x1[i], y2[i], y1[i]) = (x1[i], row[i], y1[i], y);
                row[i] = y;
            }
        }
    }

    /// Forward and backward: no phase.
    fn both(&self, rows: &mut [Row]) {
        self.pass(rows.iter_mut());
        self.pass(rows.iter_mut().rev());
    }
}

/// Zero-phase low-pass.
pub fn low_pass(rows: &mut [Row], cut: f32) {
    Section::new(cut, false).both(rows);
}

/// Zero-phase high-pass.
pub fn high_pass(rows: &mut [Row], cut: f32) {
    Section::new(cut, true).both(rows);
}

/// Leads side by side; unused places are 0.
#[must_use]
pub fn of(leads: &[(u16, Vec<f32>)]) -> Vec<Row> {
    let len = leads.iter().map(|(_, s)| s.len()).min().unwrap_or(0);
    let mut rows = vec![[0.0; WIDTH]; len];
    for (k, (_, s)) in leads.iter().take(WIDTH).enumerate() {
        for (row, v) in rows.iter_mut().zip(s) {
            row[k] = *v;
        }
    }
    rows
}

/// Central differences, µV per sample; 0 at the ends.
#[must_use]
pub fn slopes(rows: &[Row]) -> Vec<Row> {
    let mut out = vec![[0.0; WIDTH]; rows.len()];
    for (row, w) in out.iter_mut().skip(1).zip(rows.windows(3)) {
        for ((d, a), b) in row.iter_mut().zip(&w[0]).zip(&w[2]) {
            *d = (b - a) / 2.0;
        }
    }
    out
}

/// Length of the vector of all leads.
#[must_use]
pub fn length(row: &Row) -> f32 {
    row.iter().map(|v| v * v).sum::<f32>().sqrt()
}

/// Mean of each lead.
#[must_use]
pub fn mean(rows: &[Row]) -> Option<Row> {
    let mut out = [0.0; WIDTH];
    for row in rows {
        out.iter_mut().zip(row).for_each(|(o, v)| *o += v);
    }
    #[expect(clippy::cast_precision_loss, reason = "a stretch of one beat")]
    let n = rows.len() as f32;
    (!rows.is_empty()).then(|| out.map(|v| v / n))
}

/// Sorts every lead by itself: neighbours are exchanged in turn, without a branch and for all leads at once.
pub fn sort(rows: &mut [Row]) {
    for round in 0..rows.len() {
        for pair in rows[round % 2..].chunks_exact_mut(2) {
            let [a, b] = pair else { continue };
            for (x, y) in a.iter_mut().zip(b) {
                (*x, *y) = (if *x < *y { *x } else { *y }, if *x < *y { *y } else { *x });
            }
        }
    }
}
