//! P waves and rhythm on strips made here, where every wave is known, and on the cardiologists' marks of LUDB.

use super::ludb::{NO_P, RECORDS, record, reference};
use crate::ecg::measure::atria::{self, Reading};
use crate::ecg::measure::lanes::Lanes;
use crate::ecg::measure::rhythm::Kind;
use crate::ecg::measure::template::Complex;
use crate::ecg::measure::{self, Signal, spikes};

const LEADS: [u16; 12] = [1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8];
/// Projection of the atrial, ventricular and recovery vectors on the leads.
const P: [f32; 12] = [0.6, 1.0, 0.4, -0.8, 0.1, 0.7, 0.4, 0.5, 0.5, 0.5, 0.5, 0.4];
const R: [f32; 12] = [0.7, 1.0, 0.3, -0.85, 0.2, 0.65, -0.8, -0.6, 0.2, 1.2, 1.3, 1.0];
const T: [f32; 12] = [0.8, 1.0, 0.2, -0.9, 0.3, 0.6, 0.1, 1.2, 1.3, 1.1, 0.9, 0.7];
/// Half a P wave is 50 ms.
const HALF: i32 = 25;

/// A strip of ten seconds under construction.
struct Strip {
    signal: Signal,
    beats: Vec<Complex>,
}

impl Strip {
    fn new() -> Self {
        // Noise of some microvolts: a generator of Lehmer, the same in every run.
        let mut seed = 7_u64;
        let leads = LEADS
            .iter()
            .map(|n| {
                let noise = (0..5_000)
                    .map(|_| {
                        seed = seed * 48_271 % 2_147_483_647;
                        (seed as f32 / 2_147_483_647.0 - 0.5) * 12.0
                    })
                    .collect();
                (*n, noise)
            })
            .collect();
        Self { signal: Signal { leads, len: 5_000 }, beats: vec![] }
    }

    /// Adds a raised cosine.
    fn wave(&mut self, at: i32, half: i32, uv: f32, project: &[f32; 12]) {
        for ((_, lead), gain) in self.signal.leads.iter_mut().zip(project) {
            for i in (at - half).max(0)..(at + half).min(5_000) {
                let x = (i - at) as f32 / half as f32;
                lead[i as usize] += uv * gain * 0.5 * (1.0 + (std::f32::consts::PI * x).cos());
            }
        }
    }

    fn p(&mut self, at: i32) {
        self.wave(at, HALF, 120.0, &P);
    }

    fn beat(&mut self, at: i32) {
        self.wave(at, 20, 1_000.0, &R);
        self.wave(at + 130, 45, 250.0, &T);
        self.complex(at, 20, 175, true);
    }

    fn ectopic(&mut self, at: i32) {
        self.wave(at, 40, -1_500.0, &R);
        self.wave(at + 150, 60, 500.0, &T);
        self.complex(at, 40, 210, false);
    }

    fn complex(&mut self, at: i32, half: i32, t: i32, dominant: bool) {
        let u = |v: i32| v.clamp(0, 4_999) as usize;
        self.beats.push(Complex {
            on: u(at - half),
            peak: u(at),
            off: u(at + half),
            t_off: Some(u(at + t)),
            dominant,
        });
    }

    fn spike(&mut self, at: i32) {
        for (_, lead) in &mut self.signal.leads {
            lead[at as usize] += 800.0;
        }
    }

    fn read(&self) -> Reading {
        let lanes = Lanes::of(&self.signal);
        atria::read(&lanes, &self.beats, &spikes::candidates(&lanes))
    }
}

#[test]
fn a_sinus_rhythm_has_its_p_wave_in_every_beat() {
    let mut s = Strip::new();
    for k in 0..10 {
        s.p(200 + 480 * k);
        s.beat(280 + 480 * k);
    }
    let r = s.read();
    assert_eq!((r.rhythm.kind, r.rhythm.p_present, r.rhythm.irregular), (Kind::Sinus, true, false));
    for (k, w) in r.waves.iter().enumerate() {
        let at = 200.0 + 480.0 * k as f64;
        let w = w.unwrap();
        // The foot of a raised cosine is flat: nobody sees its first 10 ms.
        assert!((w.on - (at - 25.0)).abs() <= 8.0 && (w.off - (at + 25.0)).abs() <= 8.0, "{k} {w:?}");
        assert!((w.peak - at).abs() <= 3.0 && w.g_on <= w.on && w.g_off >= w.off, "{k} {w:?}");
    }
}

#[test]
fn in_tachycardia_the_p_wave_stands_on_the_end_of_the_t_wave() {
    let mut s = Strip::new();
    // 170 a minute: 64 ms from the end of the T wave to the QRS.
    for k in 0..27 {
        let at = 100 + 176 * k;
        s.p(at - 65);
        s.wave(at, 20, 1_000.0, &R);
        s.wave(at + 80, 40, 250.0, &T);
        s.complex(at, 20, 122, true);
    }
    let r = s.read();
    assert!(r.rhythm.p_present, "{:?}", r.rhythm);
    let found = r.waves.iter().flatten().count();
    assert!(found >= 26, "{found}");
}

#[test]
fn fibrillation_has_none() {
    let mut s = Strip::new();
    // Waves of changing length and height without regard to the QRS.
    let (mut at, mut seed) = (20, 3_u64);
    while at < 4_980 {
        seed = seed * 48_271 % 2_147_483_647;
        s.wave(at, 20 + (seed % 9) as i32, 25.0 + (seed % 41) as f32, &P);
        at += 55 + (seed % 50) as i32;
    }
    for at in [150, 470, 930, 1_190, 1_690, 2_010, 2_520, 2_790, 3_240, 3_760, 4_050, 4_500] {
        s.beat(at);
    }
    let r = s.read();
    assert!(matches!(r.rhythm.kind, Kind::Fibrillation | Kind::Flutter), "{:?}", r.rhythm);
    assert!(r.rhythm.irregular && !r.rhythm.p_present && r.common.is_none(), "{:?}", r.rhythm);
    assert!(r.waves.iter().all(Option::is_none));
}

#[test]
fn flutter_is_told_by_its_period() {
    let mut s = Strip::new();
    // 280 a minute, conducted 3:1, 4:1 and 5:1 with a constant delay: what precedes the QRS looks constant.
    for k in 0..46 {
        s.wave(30 + 107 * k, 50, 150.0, &P);
    }
    for k in [1, 5, 9, 12, 17, 21, 24, 29, 33, 37, 41] {
        s.beat(30 + 107 * k + 70);
    }
    let r = s.read();
    assert_eq!((r.rhythm.kind, r.rhythm.p_present), (Kind::Flutter, false), "{:?}", r.rhythm);
    let rate = r.rhythm.atrial_rate.unwrap();
    assert!((rate - 280.0).abs() < 10.0, "{rate}");
    assert!(r.waves.iter().all(Option::is_none));
}

#[test]
fn a_block_of_third_degree_is_two_trains() {
    let mut s = Strip::new();
    for k in 0..12 {
        s.p(60 + 415 * k);
    }
    for k in 0..6 {
        s.beat(200 + 780 * k);
    }
    let r = s.read();
    assert_eq!((r.rhythm.kind, r.rhythm.p_present), (Kind::Block3, false), "{:?}", r.rhythm);
    let rate = r.rhythm.atrial_rate.unwrap();
    assert!((rate - 72.3).abs() < 3.0, "{rate}");
    assert!(r.common.is_none(), "an interval from P to QRS means nothing here");
    // The waves themselves are there and are shown where they are.
    for w in r.waves.iter().flatten() {
        let nearest = (0..12).map(|k| (w.peak - f64::from(60 + 415 * k)).abs()).fold(f64::MAX, f64::min);
        assert!(nearest <= 5.0, "{w:?}");
    }
}

#[test]
fn a_dropped_beat_after_growing_intervals_is_no_fibrillation() {
    let mut s = Strip::new();
    for k in 0..12 {
        let at = 60 + 400 * k;
        s.p(at);
        // Wenckebach 4:3.
        if let Some(delay) = [80, 120, 145].get(k as usize % 4) {
            s.beat(at + delay);
        }
    }
    let r = s.read();
    assert!(!matches!(r.rhythm.kind, Kind::Fibrillation | Kind::Flutter | Kind::Block3), "{:?}", r.rhythm);
    assert!(
        r.common.is_none() && r.rhythm.atrial_rate.is_some_and(|a| (a - 75.0).abs() < 3.0),
        "{:?}",
        r.rhythm
    );
    let found = r.waves.iter().flatten().count();
    assert!(found >= 7, "{found}");
}

#[test]
fn an_early_beat_of_another_shape_has_none() {
    let mut s = Strip::new();
    for k in 0..10 {
        if k == 4 {
            s.ectopic(200 + 480 * k - 90);
        } else {
            s.p(120 + 480 * k);
            s.beat(200 + 480 * k);
        }
    }
    let r = s.read();
    assert!(r.rhythm.p_present);
    for (k, w) in r.waves.iter().enumerate() {
        assert_eq!(w.is_none(), k == 4, "{k} {w:?}");
    }
}

#[test]
fn spikes_before_the_qrs_are_pacing_and_a_single_artefact_is_not() {
    let (mut paced, mut plain) = (Strip::new(), Strip::new());
    for k in 0..10 {
        paced.beat(280 + 480 * k);
        paced.spike(280 + 480 * k - 26);
        plain.p(200 + 480 * k);
        plain.beat(280 + 480 * k);
    }
    plain.spike(1_000);
    let (r, q) = (paced.read(), plain.read());
    assert_eq!((r.rhythm.kind, r.rhythm.pacing_spikes.len()), (Kind::Paced, 10), "{:?}", r.rhythm);
    assert!(!r.rhythm.p_present && r.waves.iter().all(Option::is_none));
    assert_eq!((q.rhythm.kind, q.rhythm.pacing_spikes.len()), (Kind::Sinus, 0), "{:?}", q.rhythm);
}

#[test]
fn strips_without_beats_or_signal_are_answered() {
    let s = Strip::new();
    assert_eq!(s.read().rhythm.kind, Kind::Unknown);
    let (lanes, empty) = (Lanes::of(&s.signal), Lanes::default());
    assert!(atria::read(&empty, &[], &[]).waves.is_empty());
    // Marks that do not fit the samples.
    let odd = Complex { on: 9_000, peak: 10, off: 0, t_off: Some(70_000), dominant: true };
    assert_eq!(atria::read(&lanes, &[odd; 6], &[3, 9_999]).waves.len(), 6);
    assert_eq!(atria::read(&empty, &[odd; 4], &[0]).waves.len(), 4);
}

#[test]
fn ludb_p_waves() {
    let (mut met, mut missed, mut extra, mut on) = (0, vec![], vec![], vec![]);
    for n in RECORDS.step_by(2) {
        let Some(d) = record(n) else { return };
        let m = measure::measure(d.rhythm().unwrap(), &[]);
        let truth = reference(n);
        let of = |kind: u8| truth.iter().filter(move |w| w.0.kind == kind).map(|w| &w.0);
        let from = of(b'Q').filter_map(|w| w.on).fold(f64::MAX, f64::min) - 30.0;
        let to = of(b'Q').filter_map(|w| w.off).fold(0.0, f64::max) + 30.0;
        let found: Vec<_> = m.delineation.iter().filter_map(|b| b.p).collect();
        for w in of(b'P') {
            match found.iter().find(|p| p.peak.is_some_and(|x| (x - w.peak).abs() <= 75.0)) {
                Some(p) => {
                    met += 1;
                    on.push(2.0 * (p.on.unwrap() - w.on.unwrap()));
                }
                None => missed.push(n),
            }
        }
        let inside = found.iter().filter_map(|p| p.peak).filter(|x| *x >= from && *x <= to);
        extra.extend(inside.filter(|x| !of(b'P').any(|w| (x - w.peak).abs() <= 75.0)).map(|_| n));
        if NO_P.contains(&n) {
            assert!(found.is_empty() && m.marks.p.is_none(), "{n} {:?}", m.rhythm);
        }
        if [45, 93, 95, 111].contains(&n) {
            assert_eq!(m.rhythm.kind, Kind::Paced, "{n} {:?}", m.rhythm);
        } else {
            assert!(m.rhythm.pacing_spikes.is_empty(), "{n} {:?}", m.rhythm);
        }
    }
    let mean = on.iter().sum::<f64>() / on.len() as f64;
    let sd = (on.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / on.len() as f64).sqrt();
    eprintln!("P met {met} missed {missed:?} extra {extra:?} onset {mean:+.1} sd {sd:.1} ms");
    assert!(met >= 684 && extra.len() <= 8, "{missed:?} {extra:?}");
    assert!(mean.abs() <= 3.0 && sd <= 12.0, "{mean} {sd}");
}
