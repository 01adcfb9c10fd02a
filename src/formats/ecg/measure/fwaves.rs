//! Atrial activity where a sinus rhythm has none: between the T wave and the P wave.

use super::lanes::{Lanes, Row, WIDTH};
use super::level::{bump, bumps, cosine, rms};
use super::signal::{ms, percentile};
use super::template::{Complex, Template, Window};

/// A stretch shorter than this shows nothing, ms.
const LEAST_MS: f32 = 110.0;
/// The T wave is left alone this long behind its end, ms; the P wave this long before its peak.
const AFTER_T_MS: f32 = 20.0;
const BEFORE_P_MS: f32 = 100.0;
/// A pause in which a period can be seen, ms.
const PAUSE_MS: f32 = 330.0;
/// Samples from one looked at to the next.
const STEP: usize = 4;
/// Periods of flutter: 200 to 400 a minute (ESC 2019: typical flutter 250 to 330), ms.
const PERIOD_MS: (f32, f32) = (150.0, 300.0);

/// For each pause between T and P that is long enough: the highest bump in it, µV RMS over leads.
#[must_use]
pub fn between(lanes: &Lanes, beats: &[Complex], template: Option<&Template>) -> Vec<f32> {
    // Without a common P wave everything up to the QRS counts.
    let guard = template.map_or(ms(60.0), |t| t.before - t.centre + ms(BEFORE_P_MS));
    beats
        .windows(2)
        .filter_map(|w| {
            let [a, b] = w else { return None };
            // The T wave of a beat of another shape is long and tall.
            if !a.dominant {
                return None;
            }
            let from = a.t_off.unwrap_or(a.off + ms(260.0)) + ms(AFTER_T_MS);
            let to = b.peak.checked_sub(guard)?;
            (from + ms(LEAST_MS) <= to).then_some(())?;
            let size = bumps(&lanes.rows, from, to);
            let all: Vec<f32> = size.iter().map(|r| rms(r, lanes.leads.len())).collect();
            Some(percentile(&all, 0.95))
        })
        .collect()
}

/// Whether a pause is long enough to see a period in it.
#[must_use]
pub fn shows_period(from: usize, to: usize) -> bool {
    from + ms(PAUSE_MS) <= to
}

/// Period of the activity in the pauses between T wave and QRS, samples, and how strictly it repeats (1: exactly).
#[must_use]
pub fn period(lanes: &Lanes, windows: &[Window]) -> Option<(usize, f32)> {
    // Every fourth sample of what is smooth to 30 Hz.
    let (least, most) = (ms(PERIOD_MS.0) / STEP, ms(PERIOD_MS.1) / STEP);
    let mut sums = vec![(0.0_f32, 0.0_f32, 0.0_f32); most + 1];
    for (from, to) in windows.iter().filter(|(a, b)| shows_period(*a, *b)) {
        let rows = thinned(lanes, *from, *to);
        for lag in least..=most.min(rows.len().saturating_sub(ms(60.0) / STEP)) {
            let (xy, xx, yy) = sums.get_mut(lag)?;
            for (a, b) in rows.iter().zip(rows.get(lag..)?) {
                for k in 0..WIDTH {
                    *xy += a[k] * b[k];
                    *xx += a[k] * a[k];
                    *yy += b[k] * b[k];
                }
            }
        }
    }
    let value = |lag: usize| sums.get(lag).map_or(0.0, |(xy, xx, yy)| cosine(*xy, *xx, *yy));
    // A maximum inside the range: what only falls off has no period.
    (least + 1..most)
        .filter(|lag| value(*lag) > value(lag - 1) && value(*lag) >= value(lag + 1))
        .map(|lag| (lag * STEP, value(lag)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
}

fn thinned(lanes: &Lanes, from: usize, to: usize) -> Vec<Row> {
    (from..to).step_by(STEP).map(|i| bump(&lanes.rows, i, from, to)).collect()
}
