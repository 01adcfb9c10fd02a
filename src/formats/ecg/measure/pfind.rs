//! P waves beat by beat (ECG specification 11.8). In doubt there is none: "PR —".

use super::delineate::Wave;
use super::lanes::{Lanes, Row, WIDTH};
use super::level::{chord, cosine, levelled};
use super::pedges::{Edges, edges};
use super::signal::ms;
use super::template::{Complex, HALF_MS, Template};
use super::train::Train;

/// The wave may come this much earlier or later than in the common beat, ms.
const SHIFT_MS: f32 = 40.0;
/// Likeness with the common P wave that makes a beat of the dominant shape carry one.
const ALIKE: f32 = 0.50;
/// The same for a beat of another shape: it carries one when it is the atrium's own.
const ALIKE_OTHER: f32 = 0.85;
/// Height against the common one.
const SIZE: std::ops::RangeInclusive<f32> = 0.4..=2.5;

/// A P wave, samples of the analysis copy.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PWave {
    /// Onset, central over the leads.
    pub on: f64,
    /// Peak.
    pub peak: f64,
    /// End, central over the leads.
    pub off: f64,
    /// Second earliest onset over the leads.
    pub g_on: f64,
    /// Second latest end over the leads.
    pub g_off: f64,
}

impl From<PWave> for Wave {
    fn from(w: PWave) -> Self {
        Self {
            on: Some(w.on),
            peak: Some(w.peak),
            off: Some(w.off),
            g_on: Some(w.g_on),
            g_off: Some(w.g_off),
        }
    }
}

impl PWave {
    fn at(e: Edges, start: f64) -> Self {
        Self {
            on: e.on + start,
            peak: e.peak + start,
            off: e.off + start,
            g_on: e.g_on + start,
            g_off: e.g_off + start,
        }
    }
}

/// The common P wave relative to the QRS peak.
#[must_use]
pub fn common(lanes: &Lanes, t: &Template) -> Option<PWave> {
    let found = edges(&levelled(&t.rows), t.centre, lanes)?;
    Some(PWave::at(found, -to_f64(t.before)))
}

/// The last wave of an independent train before each QRS, with boundaries of its own.
#[must_use]
pub fn of_train(lanes: &Lanes, beats: &[Complex], train: &Train) -> Vec<Option<PWave>> {
    let mut previous = 0;
    beats
        .iter()
        .map(|b| {
            let at = train.waves.iter().copied().rfind(|w| *w >= previous && w + ms(40.0) <= b.on);
            previous = b.off;
            let at = at?;
            let from = at.saturating_sub(ms(110.0));
            let to = (at + ms(110.0)).min(b.on.saturating_sub(ms(4.0)));
            let rows = levelled(lanes.rows.get(from..to)?);
            edges(&rows, at - from, lanes).map(|e| PWave::at(e, to_f64(from)))
        })
        .collect()
}

/// P waves of all beats by the common one.
#[must_use]
pub fn by_template(lanes: &Lanes, beats: &[Complex], t: &Template) -> Vec<Option<PWave>> {
    let rows = levelled(&t.rows);
    let Some(common) = edges(&rows, t.centre, lanes) else { return vec![None; beats.len()] };
    let (a, b) = (t.centre.saturating_sub(ms(HALF_MS)), (t.centre + ms(HALF_MS)).min(rows.len()));
    let pattern = levelled(&rows[a..b]);
    (0..beats.len())
        .map(|k| {
            let beat = beats.get(k)?;
            let before = k.checked_sub(1).and_then(|j| beats.get(j));
            let start = beat.peak.checked_sub(t.before)?;
            let (shift, alike, size) = best(lanes, &pattern, &t.weights, start + a)?;
            let wave = PWave::at(common, to_f64(start) + shift);
            // The T wave before a beat of another shape is no P wave: its end has passed.
            let free = |p: &Complex| p.t_off.is_none_or(|t| wave.on >= to_f64(t));
            if !beat.dominant && !before.is_some_and(free) {
                return None;
            }
            let usual = beat.dominant && before.is_none_or(|p| p.dominant);
            let limit = if usual { ALIKE } else { ALIKE_OTHER };
            (alike >= limit && SIZE.contains(&size)).then_some(wave)
        })
        .collect()
}

/// The shift of the pattern at which a beat is most alike, likeness and relative size there.
fn best(lanes: &Lanes, pattern: &[Row], weights: &Row, at: usize) -> Option<(f64, f32, f32)> {
    let reach = ms(SHIFT_MS).min(at);
    let mut top: Option<(usize, f32, f32)> = None;
    for from in (at - reach..=at + reach).step_by(2) {
        let Some((c, size)) = like(lanes, pattern, weights, from) else { continue };
        if top.is_none_or(|t| c > t.1) {
            top = Some((from, c, size));
        }
    }
    top.map(|(from, c, size)| (to_f64(from) - to_f64(at), c, size))
}

/// Likeness of the strip at `from` with the pattern, and its relative size. Every fourth sample of what is smooth to 30 Hz;
/// the line through the ends is removed as in the pattern.
fn like(lanes: &Lanes, pattern: &[Row], weights: &Row, from: usize) -> Option<(f32, f32)> {
    let rows = lanes.rows.get(from..from + pattern.len())?;
    let (first, slope) = chord(rows);
    let (mut xy, mut xx, mut yy) = ([0.0_f32; WIDTH], [0.0_f32; WIDTH], [0.0_f32; WIDTH]);
    for (k, (p, r)) in pattern.iter().zip(rows).enumerate().step_by(4) {
        #[expect(clippy::cast_precision_loss, reason = "a window of 200 samples")]
        let at = k as f32;
        for i in 0..WIDTH {
            let v = r[i] - first[i] - slope[i] * at;
            xy[i] += p[i] * v;
            xx[i] += p[i] * p[i];
            yy[i] += v * v;
        }
    }
    let sum = |v: &Row| v.iter().zip(weights).map(|(v, w)| v * w).sum::<f32>();
    let (xy, xx, yy) = (sum(&xy), sum(&xx), sum(&yy));
    Some((cosine(xy, xx, yy), if xx > 0.0 { xy / xx } else { 0.0 }))
}

#[expect(clippy::cast_precision_loss, reason = "sample numbers within the analysed minute")]
fn to_f64(i: usize) -> f64 {
    i as f64
}
