//! The heart as one dipole: Gaussians in X (left), Y (down), Z (back) against time in the beat.

use crate::random::Random;
use std::f64::consts::TAU;

/// What the recording shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rhythm {
    /// Normal sinus rhythm.
    Sinus,
    /// Sinus rhythm with anterior ST elevation.
    AnteriorStemi,
    /// Atrial fibrillation, about 95 a minute.
    Fibrillation,
    /// Sinus rhythm, right arm electrode off.
    RightArmOff,
    /// Sinus rhythm, V3 electrode off.
    V3Off,
    /// Sinus bradycardia with first degree block.
    SlowSinus,
}

/// Samples a second.
pub const RATE: usize = 500;
/// Samples of a lead.
pub const SAMPLES: usize = 5000;

/// Twelve leads in microvolts, in the order I II III aVR aVL aVF V1..V6, with what the imagined cart measured.
pub struct Recording {
    /// Planar samples, 1 uV a unit.
    pub leads: Vec<Vec<i16>>,
    /// Beats a minute.
    pub rate: f64,
    /// PR (0 = none), QRS and QT in ms.
    pub intervals: [i32; 3],
}

/// One Gaussian: centre in ms after R, width before and after the centre in ms, and its vector in mV.
struct Bump(f64, f64, f64, [f64; 3]);

/// Rows I, II, V1..V6 against X, Y, Z (inverse Dower matrix, J Electrocardiol 1968).
const DOWER: [[f64; 3]; 8] = [
    [0.632, -0.235, 0.059],
    [0.235, 1.066, -0.132],
    [-0.515, 0.157, -0.917],
    [0.044, 0.164, -1.387],
    [0.882, 0.098, -1.277],
    [1.213, 0.127, -0.601],
    [1.125, 0.127, -0.086],
    [0.831, 0.076, 0.230],
];

/// Generates a recording; the same seed and rhythm give the same samples.
pub fn record(seed: u64, rhythm: Rhythm) -> Recording {
    let mut random = Random::new(seed);
    let mut vary = |v: f64, share: f64| v * (1.0 + share * f64::from(random.between(-1.0, 1.0)));
    let rate = match rhythm {
        Rhythm::Fibrillation => 95.0,
        Rhythm::SlowSinus => 48.0,
        Rhythm::AnteriorStemi => 92.0,
        _ => vary(71.0, 0.12),
    };
    let size = vary(1.0, 0.12);
    let turn = vary(0.12, 1.0);
    let (rr, block) = (60_000.0 / rate, if rhythm == Rhythm::SlowSinus { 55.0 } else { 0.0 });
    let qt = 398.0 * (rr / 1000.0).powf(0.4);
    let mut beats = Vec::new();
    let mut at = 260.0;
    while at < 10_600.0 {
        beats.push(at);
        let spread = match rhythm {
            Rhythm::Fibrillation => 0.27,
            _ => 0.025,
        };
        at += rr
            * (1.0 + spread * f64::from(random.between(-1.0, 1.0)))
            * if rhythm == Rhythm::Fibrillation && random.unit() < 0.2 { 1.25 } else { 1.0 };
    }
    let bumps = bumps(rhythm, qt, block);
    let mut vector = vec![[0.0f64; 3]; SAMPLES];
    for (k, r) in beats.iter().enumerate() {
        let breath = 1.0 + 0.05 * (TAU * r / 4200.0).sin();
        // T follows the beat before it: short after a short RR.
        let local = if k > 0 { ((r - beats[k - 1]) / rr).clamp(0.6, 1.4).powf(0.25) } else { 1.0 };
        for Bump(centre, before, after, v) in &bumps {
            let centre = if *centre > 80.0 { centre * local } else { *centre };
            let (from, to) = (r + centre - 5.0 * before, r + centre + 5.0 * after);
            let first = (from.max(0.0) / 2.0) as usize;
            for (i, s) in
                vector.iter_mut().enumerate().take(((to.max(0.0) / 2.0) as usize).min(SAMPLES)).skip(first)
            {
                let d = i as f64 * 2.0 - r - centre;
                let g = (-0.5 * (d / if d < 0.0 { *before } else { *after }).powi(2)).exp() * breath * size;
                for n in 0..3 {
                    s[n] += v[n] * g;
                }
            }
        }
    }
    if rhythm == Rhythm::Fibrillation {
        for (i, s) in vector.iter_mut().enumerate() {
            let t = i as f64 / RATE as f64;
            let f = 0.055 * (TAU * 6.1 * t + 1.4 * (TAU * 0.37 * t).sin()).sin()
                + 0.03 * (TAU * 7.7 * t + 2.0 * (TAU * 0.23 * t).sin()).sin();
            s[0] -= 0.35 * f;
            s[1] += 0.7 * f;
            s[2] -= f;
        }
    }
    // What the imagined cart counted: the mean over the strip.
    let seen = beats.iter().filter(|b| **b < 10_000.0).count();
    let span = beats.get(seen.saturating_sub(1)).zip(beats.first()).map_or(0.0, |(b, a)| b - a);
    let counted = if seen > 1 { 60_000.0 * (seen - 1) as f64 / span } else { rate };
    let leads = project(&vector, turn, rhythm, &mut random);
    let pr = if rhythm == Rhythm::Fibrillation { 0 } else { (158.0 + block) as i32 };
    Recording { leads, rate: counted, intervals: [pr, 92, qt.round() as i32] }
}

fn bumps(rhythm: Rhythm, qt: f64, block: f64) -> Vec<Bump> {
    let peak = qt - 150.0;
    let short = qt / 398.0;
    let flat = if rhythm == Rhythm::Fibrillation { 0.7 } else { 1.0 };
    let mut out = vec![
        // Septum: right and forward; free wall: left, down, back; base: up and back.
        Bump(-24.0, 7.0, 7.0, [-0.13, -0.06, -0.24]),
        Bump(-4.0, 8.5, 9.5, [0.92, 0.88, 0.28]),
        Bump(14.0, 8.5, 9.0, [0.24, 0.02, 0.62]),
        Bump(32.0, 7.5, 8.0, [-0.13, -0.16, 0.2]),
        Bump(peak, 46.0 * short, 36.0 * short, [0.27 * flat, 0.26 * flat, -0.19 * flat]),
    ];
    if rhythm != Rhythm::Fibrillation {
        out.push(Bump(-156.0 - block, 17.0, 18.0, [0.05, 0.1, -0.035]));
        out.push(Bump(-136.0 - block, 16.0, 17.0, [0.07, 0.08, 0.03]));
    }
    if rhythm == Rhythm::AnteriorStemi {
        out.push(Bump(96.0, 36.0, 70.0, [0.05, -0.06, -0.15]));
        out.push(Bump(170.0, 60.0, 60.0, [0.05, -0.03, -0.12]));
        out.push(Bump(peak - 12.0, 48.0, 40.0, [0.08, -0.03, -0.16]));
    }
    out
}

/// Eight independent leads with noise and wander in whole microvolts; the four others follow exactly from I and II.
fn project(vector: &[[f64; 3]], turn: f64, rhythm: Rhythm, random: &mut Random) -> Vec<Vec<i16>> {
    let mut eight: Vec<Vec<f64>> = Vec::new();
    for (n, row) in DOWER.iter().enumerate() {
        let phase = f64::from(random.unit()) * TAU;
        let mut hum = 0.0;
        eight.push(
            vector
                .iter()
                .enumerate()
                .map(|(i, v)| {
                    let t = i as f64 / RATE as f64;
                    // The heart lies a little differently in everyone: rotation in the frontal plane.
                    let (x, y) =
                        (v[0] * turn.cos() - v[1] * turn.sin(), v[0] * turn.sin() + v[1] * turn.cos());
                    hum = 0.7 * hum + 2.6 * f64::from(random.normal());
                    let wander = (18.0 + 3.0 * n as f64) * (TAU * 0.24 * t + phase).sin();
                    1000.0 * (row[0] * x + row[1] * y + row[2] * v[2]) + wander + hum
                })
                .collect(),
        );
    }
    if rhythm == Rhythm::RightArmOff {
        // The open electrode adds the same antenna signal to I and II; III does not see it.
        let (limb, _) = eight.split_at_mut(2);
        if let [one, two] = limb {
            for (i, (a, b)) in one.iter_mut().zip(two).enumerate() {
                let t = i as f64 / RATE as f64;
                let loose = 900.0 * (TAU * 50.0 * t).sin()
                    + 700.0 * (TAU * 0.31 * t).sin()
                    + 160.0 * f64::from(random.normal());
                *a += loose;
                *b += loose;
            }
        }
    }
    if rhythm == Rhythm::V3Off {
        eight[4].iter_mut().for_each(|v| *v = 4.0 * f64::from(random.normal()).clamp(-1.0, 1.0));
    }
    let whole: Vec<Vec<i32>> = eight
        .iter()
        .map(|l| l.iter().map(|v| v.round().clamp(-30_000.0, 30_000.0) as i32).collect())
        .collect();
    let from_limbs = |f: &dyn Fn(i32, i32) -> i32| -> Vec<i32> {
        whole[0].iter().zip(&whole[1]).map(|(a, b)| f(*a, *b)).collect()
    };
    let mut out = vec![
        whole[0].clone(),
        whole[1].clone(),
        from_limbs(&|a, b| b - a),
        from_limbs(&|a, b| -(a + b) / 2),
        from_limbs(&|a, b| a - b / 2),
        from_limbs(&|a, b| b - a / 2),
    ];
    out.extend(whole.into_iter().skip(2));
    out.into_iter().map(|l| l.into_iter().map(|v| v.clamp(-32_000, 32_000) as i16).collect()).collect()
}
