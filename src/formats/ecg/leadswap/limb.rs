//! Arm and leg electrodes: lead I against what the chest leads and aVF say it must be.

use super::Exchange;
use super::window::{Window, dot};
use crate::ecg::measure::{Kind, Measured};

/// Lead I in QRS and ST-T from V1..V6 and aVF. Neither an exchange of the arms nor a heart on the right side
/// makes them contradict each other: the first changes I alone, the second all of them together. Fitted by least squares with a
/// ridge of 1 % on one half of 100 records and checked on the other; then on all.
const QRS: [f64; 7] = [-0.581, 0.201, 0.109, -0.022, -0.033, 0.497, -0.424];
const ST_T: [f64; 7] = [-0.463, 0.268, -0.011, -0.006, 0.122, 0.352, -0.218];

/// Likeness of lead I with its reconstruction below which it is upside down. Of 100 unaltered records none lies below 0.3.
const TURNED: f64 = -0.3;
/// Without a P wave that agrees: clearly upside down in QRS and in ST-T, and lead I large enough to have a direction.
const CLEARLY: (f64, f64, f64) = (-0.7, -0.3, 0.25);
/// Peak to peak of a flat limb lead against the largest of the three. Of 100 unaltered records none lies below 0.19.
const FLAT: f64 = 0.12;
/// And absolutely, µV.
const FLAT_UV: f64 = 150.0;

/// Right leg on an arm: the lead between both legs shows nothing, and the other two are mirror images.
pub fn flat(w: &Window<'_>, m: &Measured) -> Option<Exchange> {
    let span = (w.p.map_or(w.qrs.0, |p| p.0), w.end);
    let (one, two) = (w.cut(w.one, span), w.cut(w.two, span));
    let three: Vec<f64> = two.iter().zip(&one).map(|(b, a)| b - a).collect();
    // A single dead channel contradicts the others; an electrode in the wrong place does not.
    let told = m.median.lead(61).map(|s| w.cut(s, span));
    let range =
        |s: &[f64]| s.iter().copied().fold(f64::MIN, f64::max) - s.iter().copied().fold(f64::MAX, f64::min);
    let (i, ii, iii) = (range(&one), range(&two), range(&three));
    let gap: Vec<f64> = told.iter().flatten().zip(&three).map(|(a, b)| a - b).collect();
    if told.is_some() && range(&gap) > 0.2 * i.max(ii).max(iii) {
        return None;
    }
    let nothing = |r: f64, most: f64| r < FLAT * most && r < FLAT_UV && most > 300.0;
    if nothing(ii, i.max(iii)) {
        Some(Exchange::RaRl)
    } else if nothing(iii, i.max(ii)) {
        Some(Exchange::LaRl)
    } else {
        None
    }
}

/// Likeness (-1..1) of lead I with its reconstruction, and its share of the frontal plane.
fn likeness(w: &Window<'_>, span: (usize, usize), k: &[f64; 7]) -> (f64, f64) {
    let foot = w.foot(span);
    let chest: Vec<Vec<f64>> = w.chest.iter().map(|s| w.cut(s, span)).collect();
    let one = w.cut(w.one, span);
    let made: Vec<f64> = (0..one.len())
        .map(|i| {
            let all = chest.iter().map(|s| s.get(i).copied().unwrap_or(0.0)).chain(foot.get(i).copied());
            all.zip(k).map(|(v, c)| v * c).sum()
        })
        .collect();
    let (a, b, f) = (dot(&one, &one), dot(&made, &made), dot(&foot, &foot));
    let share = (a / (a + f).max(1e-9)).sqrt();
    if a <= 0.0 || b <= 0.0 { (0.0, share) } else { (dot(&one, &made) / (a * b).sqrt(), share) }
}

/// Right arm exchanged. Which with, the recording alone does not tell for sure: with the left arm in most cases, and so it is named;
/// an exchange with the left leg turns lead I as well and shows in comparison with the previous recording.
pub fn arms(w: &Window<'_>, m: &Measured) -> Option<Exchange> {
    let (on, off) = w.qrs;
    if matches!(m.rhythm.kind, Kind::Flutter | Kind::Paced) || !w.chest_speaks() || !progresses(w) {
        return None;
    }
    let (q, share) = likeness(w, (on, off), &QRS);
    let (t, _) = likeness(w, (off, w.end), &ST_T);
    // The P wave in I, as a share of its frontal vector: normally upright, after an exchange upside down.
    let p = w
        .p_net(w.one)
        .zip(w.p_net(w.two))
        .map(|(one, two)| one / one.hypot((two - one / 2.0) * 1.155).max(1.0));
    let clearly = q < CLEARLY.0 && t < CLEARLY.1 && share > CLEARLY.2;
    let found = match p {
        Some(p) if p < -0.05 => q < TURNED && (t < 0.5 || q < CLEARLY.0),
        Some(p) => p < 0.1 && clearly,
        None => clearly,
    };
    found.then_some(Exchange::RaLa)
}

/// R grows from V1 towards the left: a heart on the right side has its own reason for a negative lead I.
fn progresses(w: &Window<'_>) -> bool {
    let r = |k: usize| w.chest.get(k).map_or(0.0, |s| w.cut(s, w.qrs).into_iter().fold(0.0_f64, f64::max));
    r(3).max(r(4)).max(r(5)) > r(0)
}
