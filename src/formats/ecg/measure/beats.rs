//! Every beat delineated: the boundaries found in the median of its class, laid where the beat lies in the recording.
//!
//! Within a class the marks of one beat to the next differ by less than a single noisy beat can be measured.

use super::bounds::{self, Edges};
use super::delineate::{Beat, BeatClass, Qrs, Wave};
use super::lanes::Row;
use super::median::{self, Median};
use super::rows;
use super::signal::ms;
use super::twave::{self, TWave};
use super::typing::Class;

/// A beat this much earlier than the median RR is early.
const EARLY: f32 = 0.85;
/// A pacing spike stands this long before the QRS peak, ms.
const SPIKE_MS: std::ops::Range<f32> = 18.0..150.0;
/// Behind the spike the blanked stretch lasts this long, ms: the QRS is not seen to begin within it.
const BLANKED_MS: f32 = 12.0;

/// A class measured.
#[derive(Debug, Clone, Default)]
pub struct Shape {
    /// Its median beat.
    pub median: Median,
    /// QRS.
    pub qrs: Option<Edges>,
    /// T wave.
    pub t: Option<TWave>,
}

/// A strip with its beats.
#[derive(Debug, Clone, Copy)]
pub struct Strip<'a> {
    /// The leads side by side.
    pub rows: &'a [Row],
    /// Their numbers.
    pub numbers: &'a [u16],
    /// QRS peaks.
    pub beats: &'a [usize],
    /// Pacing spikes.
    pub spikes: &'a [usize],
    /// Median RR.
    pub rr_ms: f32,
}

/// The classes measured, in their order.
#[must_use]
pub fn shapes(strip: &Strip<'_>, classes: &[Class]) -> Vec<Shape> {
    classes.iter().map(|c| shape(strip, c)).collect()
}

fn shape(strip: &Strip<'_>, class: &Class) -> Shape {
    let Strip { rows: signal, numbers, beats, spikes, rr_ms } = *strip;
    let median = median::median(signal, numbers, &class.at);
    let rows = rows::of(&median.leads);
    let mut behind: Vec<f32> = class
        .at
        .iter()
        .filter_map(|at| Some(bounds::float(median.peak) - bounds::float(at - spike_before(spikes, *at)?)))
        .collect();
    // More than half of the class is paced, or it is not.
    let paced = behind.len() * 2 > class.at.len();
    let not_before = paced.then(|| middle(&mut behind)).flatten().map(|s| s + bounds::float(ms(BLANKED_MS)));
    let qrs = bounds::qrs(&median, &rows, not_before);
    let mut next: Vec<f32> = class
        .beats
        .iter()
        .map(|b| beats.get(b + 1).map_or(rr_ms, |n| bounds::float(n - beats[*b]) * 2.0))
        .collect();
    // The longest stretch of any member that lies within the recording.
    let to = class.at.iter().map(|at| signal.len().saturating_sub(*at) + median.peak).max().unwrap_or(0);
    let t = qrs.and_then(|q| twave::find(&median, &rows, &q, middle(&mut next)?, to));
    Shape { median, qrs, t }
}

/// Beats in samples of the analysis copy.
#[must_use]
pub fn lay(strip: &Strip<'_>, classes: &[Class], shapes: &[Shape]) -> Vec<Beat> {
    let Strip { rows: signal, beats, spikes, rr_ms, .. } = *strip;
    let mut out: Vec<Beat> = beats
        .iter()
        .map(|b| Beat { qrs: Qrs { peak: place(*b), ..Qrs::default() }, ..Beat::default() })
        .collect();
    let end = place(signal.len().saturating_sub(1));
    for (n, (class, shape)) in classes.iter().zip(shapes).enumerate() {
        let mid = place(shape.median.peak);
        for (b, at) in class.beats.iter().zip(&class.at) {
            let Some(beat) = out.get_mut(*b) else { continue };
            let lie = |v: f32| Some(place(*at) + f64::from(v) - mid).filter(|v| (0.0..=end).contains(v));
            if let Some(q) = shape.qrs {
                beat.qrs = Qrs {
                    on: lie(q.on),
                    peak: beat.qrs.peak,
                    off: lie(q.off),
                    g_on: lie(q.g_on),
                    g_off: lie(q.g_off),
                };
            }
            let limit = beats.get(b + 1).map_or(end, |n| place(*n));
            beat.t = shape.t.and_then(|t| {
                let wave =
                    Wave { peak: lie(t.peak), off: lie(t.off), g_off: lie(t.g_off), ..Wave::default() };
                // A T wave cut off by the next beat or the end of the recording is not measured.
                (wave.off? < limit).then_some(wave)
            });
            let early = b
                .checked_sub(1)
                .and_then(|p| beats.get(p))
                .is_some_and(|p| bounds::float(beats[*b] - p) * 2.0 < EARLY * rr_ms);
            beat.class = match (spike_before(spikes, *at).is_some(), n, early) {
                (true, ..) => BeatClass::Paced,
                (false, 0, _) => BeatClass::Dominant,
                (false, _, true) => BeatClass::Ectopic,
                (false, _, false) => BeatClass::Aberrant,
            };
        }
    }
    out
}

/// The spike a beat follows.
fn spike_before(spikes: &[usize], at: usize) -> Option<usize> {
    let (far, near) = (at.saturating_sub(ms(SPIKE_MS.end)), at.checked_sub(ms(SPIKE_MS.start))?);
    spikes.iter().rev().copied().find(|s| (far..=near).contains(s))
}

/// Spikes that pace: they stand before at least four in ten beats, otherwise something else was seen and none is believed.
#[must_use]
pub fn pacing(candidates: Vec<usize>, beats: &[usize]) -> Vec<usize> {
    let paced = beats.iter().filter(|b| spike_before(&candidates, **b).is_some()).count();
    if paced >= 3 && paced * 5 >= beats.len() * 2 { candidates } else { Vec::new() }
}

#[expect(clippy::cast_precision_loss, reason = "sample numbers within the analysed minute")]
fn place(i: usize) -> f64 {
    i as f64
}

fn middle(v: &mut [f32]) -> Option<f32> {
    v.sort_by(f32::total_cmp);
    let k = v.len() / 2;
    let high = *v.get(k)?;
    Some(if v.len().is_multiple_of(2) { f32::midpoint(v[k - 1], high) } else { high })
}
