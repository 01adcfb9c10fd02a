//! What must never be missed: standstill, pauses, fibrillation, sine waves, with loose electrodes and whatever the preset. Made
//! strips: what they show is known from how they were made. And what must not raise: the records of LUDB, muscles, tremor.

use super::strip::{LEADS, beat, bump};
use super::*;
use crate::ecg::critical::{self, Level, Raise};

const PRESETS: [&str; 3] = ["zhejiang", "shanxi", "third"];

/// Numbers in -1..1 that repeat from run to run.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed * 2_654_435_761 + 1)
    }

    pub(super) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / f64::from(1 << 30) - 1.0
    }
}

/// A strip of `seconds`, lead by lead: µV at `(place of the lead, ms)`, weighted as the leads are, with white noise of `noise` µV.
pub(super) fn made(seconds: usize, noise: f64, wave: impl Fn(usize, f64) -> f64) -> Document {
    let mut chance = Chance::new(7);
    let leads = LEADS
        .into_iter()
        .enumerate()
        .map(|(k, (n, weight))| Lead {
            id: LeadId::Standard(n),
            label: String::new(),
            raw: (0..seconds * 500)
                .map(|i| (weight * wave(k, i as f64 * 2.0) + noise * 1.7 * chance.next()).round() as i32)
                .collect(),
            scale: Ratio::whole(1_000),
            offset: Ratio::ZERO,
            missing: vec![],
            rails: (-32_768, 32_767),
            derived: false,
        })
        .collect();
    Document {
        groups: vec![Group {
            kind: GroupKind::Rhythm,
            derived: false,
            rate: Ratio::whole(500),
            t0_ms: 0.0,
            samples: seconds * 500,
            leads,
        }],
        ..Document::default()
    }
}

/// Normal beats with their R peaks at these ms.
pub(super) fn at(peaks: &[f64]) -> impl Fn(usize, f64) -> f64 + use<> {
    let peaks = peaks.to_vec();
    move |_, t| peaks.iter().filter(|p| (t - *p).abs() < 400.0).map(|p| beat(t - p)).sum()
}

/// A beat every 800 ms from 300 ms on, but for a silence.
pub(super) fn beats_but(seconds: usize, from: f64, to: f64) -> Vec<f64> {
    let all = (0..seconds * 10 / 8).map(|k| 300.0 + 800.0 * k as f64);
    all.filter(|p| *p <= from || *p >= to).collect()
}

pub(super) fn red<'a>(a: &'a Analysis, rule: &str) -> Option<&'a Raise> {
    a.raises.iter().find(|r| r.rule == rule && r.level == Level::Red)
}

/// One of the rules raises red with every preset.
#[track_caller]
fn raised(what: &str, d: &Document, rules: &[&str]) {
    for preset in PRESETS {
        let a = analyse(d, preset);
        let found = rules.iter().any(|rule| red(&a, rule).is_some());
        assert!(found && a.triage() == "red", "{what}, {preset}: {:?}", a.raises);
    }
}

pub(super) fn set(d: &mut Document, numbers: &[u16], with: impl Fn(usize, i32) -> i32) {
    for l in d.groups[0].leads.iter_mut().filter(|l| l.id.number().is_some_and(|n| numbers.contains(&n))) {
        for (i, v) in l.raw.iter_mut().enumerate() {
            *v = with(i, *v);
        }
    }
}

#[test]
fn standstill_is_raised_from_none_to_two_beats() {
    for noise in [1.0, 8.0, 20.0] {
        raised("no beat", &made(10, noise, |_, _| 0.0), &["asystole"]);
        let wander = |k: usize, t: f64| 150.0 * (t / 4_000.0 * std::f64::consts::TAU + k as f64).sin();
        raised("no beat, wander", &made(10, noise, wander), &["asystole"]);
        raised("one beat", &made(10, noise, at(&[4_000.0])), &["pause", "asystole"]);
        raised("two beats", &made(10, noise, at(&[2_000.0, 7_500.0])), &["pause", "asystole"]);
    }
    // P waves alone: the atria beat on.
    let p = |_: usize, t: f64| bump(t % 800.0, 300.0, 400.0, 180.0);
    raised("P waves alone", &made(10, 3.0, p), &["asystole"]);
    let hum = |_: usize, t: f64| 200.0 * (t / 20.0 * std::f64::consts::TAU).sin();
    raised("no beat, 50 Hz", &made(10, 5.0, hum), &["asystole"]);
}

#[test]
fn pauses_count_to_the_ends_of_the_strip() {
    for noise in [0.0, 1.0, 10.0] {
        for (what, from, to) in [
            ("in the middle", 2_700.0, 7_000.0),
            ("at the end", 3_600.0, 99_000.0),
            ("at the start", -1.0, 4_200.0),
        ] {
            let d = made(10, noise, at(&beats_but(10, from, to)));
            raised(what, &d, &["pause"]);
            let a = analyse(&d, "");
            assert_eq!(
                red(&a, "pause").unwrap().provisional,
                what != "in the middle" || noise < 0.5,
                "{what} {noise}"
            );
            assert!(a.quality.reasons.iter().all(|r| r.code != "lead_off"), "{what}: {:?}", a.quality);
        }
    }
    // P waves go on in the pause.
    let peaks = beats_but(10, 2_700.0, 7_000.0);
    let waves = |k: usize, t: f64| at(&peaks)(k, t) + bump((t + 600.0) % 800.0, 700.0, 790.0, 120.0);
    raised("P waves in a pause", &made(10, 3.0, waves), &["pause"]);
    let short = made(10, 3.0, at(&beats_but(10, 3_000.0, 5_000.0)));
    assert!(analyse(&short, "").raises.is_empty());
}

#[test]
fn loose_electrodes_hide_no_standstill() {
    let pause = made(10, 2.0, at(&beats_but(10, 2_700.0, 7_000.0)));
    let still = made(10, 3.0, |_, _| 0.0);
    let chest = [3, 4, 5, 6, 7, 8];
    for numbers in [&[8][..], &[5], &[1, 2, 62, 63, 64], &chest] {
        for (what, d) in [("pause", &pause), ("standstill", &still)] {
            let mut off = d.clone();
            set(&mut off, numbers, |_, _| 0);
            raised(&format!("{what}, {numbers:?} zero"), &off, &["pause", "asystole"]);
            set(&mut off, numbers, |_, _| 32_767);
            raised(&format!("{what}, {numbers:?} at the rail"), &off, &["pause", "asystole"]);
            let mut chance = Chance::new(3);
            let loud: Vec<i32> = (0..5_000).map(|_| (200.0 * chance.next()) as i32).collect();
            if numbers.len() == 1 {
                set(&mut off, numbers, |i, _| loud[i]);
                raised(&format!("{what}, {numbers:?} noisy"), &off, &["pause", "asystole"]);
            }
        }
    }
    // The cable is pulled while the heart beats: nobody can tell it from standstill.
    let mut pulled = made(10, 3.0, at(&beats_but(10, 99_000.0, 0.0)));
    let all: Vec<u16> = LEADS.iter().map(|l| l.0).collect();
    set(&mut pulled, &all, |i, v| if i > 2_500 { 0 } else { v });
    raised("pulled", &pulled, &["pause"]);
    let a = analyse(&pulled, "");
    assert!(red(&a, "pause").unwrap().provisional && red(&a, "pause").unwrap().finding.contains("电极"));
}

#[test]
fn beats_that_go_on_in_the_remaining_leads_are_no_pause() {
    let whole = made(10, 3.0, at(&beats_but(10, 99_000.0, 0.0)));
    for numbers in [&[1, 2, 62, 63, 64, 3, 4, 5, 6, 7, 8][..], &[1, 2, 62, 63, 64, 3, 4, 5]] {
        for value in [0, 32_767] {
            let mut d = whole.clone();
            set(&mut d, numbers, |i, v| if i > 2_500 { value } else { v });
            let a = analyse(&d, "");
            assert!(a.triage() != "red", "{numbers:?} {value}: {:?}", a.raises);
            set(&mut d, numbers, |_, _| value);
            let a = analyse(&d, "");
            assert!(a.triage() != "red", "{numbers:?} {value} from the start: {:?}", a.raises);
        }
    }
}

#[test]
fn a_lost_recording_is_told_from_standstill() {
    for value in [0, 5, 32_767, -32_768] {
        let mut d = made(10, 0.0, |_, _| 0.0);
        set(&mut d, &LEADS.map(|l| l.0), |_, _| value);
        let a = analyse(&d, "");
        let said: Vec<_> = a.raises.iter().map(|r| (r.rule, r.level, r.provisional)).collect();
        assert_eq!(said, [("no_signal", Level::Orange, true)], "{value}");
        assert_eq!((a.quality.verdict, a.triage()), (quality::Verdict::Redo, "orange"));
        assert!(a.raises[0].finding.contains("查看患者"));
    }
    let mut d = made(10, 0.0, |_, _| 0.0);
    d.groups[0].leads.iter_mut().for_each(|l| l.missing = vec![(0, 5_000)]);
    assert_eq!(analyse(&d, "").triage(), "orange");
    // One living lead: somebody may lie there.
    let mut d = made(10, 0.0, |_, _| 0.0);
    set(&mut d, &[2], |i, _| (i % 7) as i32);
    assert_eq!(analyse(&d, "").triage(), "red");
}

#[test]
fn sine_waves_and_fibrillation_are_raised() {
    use std::f64::consts::TAU;
    let noise =
        |k: usize, t: f64| 60.0 * (t / 20.0 * TAU).sin() + 300.0 * (t / 4_000.0 * TAU + k as f64 * 0.3).sin();
    for rate in [170, 185, 210, 240, 270, 300] {
        let sine = |k: usize, t: f64| 600.0 * (t / 60_000.0 * f64::from(rate) * TAU + k as f64 * 0.1).sin();
        raised(&format!("sine {rate}"), &made(10, 2.0, sine), &["vf"]);
        raised(&format!("sine {rate}, noise"), &made(10, 25.0, |k, t| sine(k, t) + noise(k, t)), &["vf"]);
        raised(&format!("sine {rate}, low"), &made(10, 3.0, |k, t| sine(k, t) / 6.0), &["vf"]);
    }
    for seed in 0..6 {
        let mut found = fibrillation(seed, 500.0);
        raised(&format!("coarse {seed}"), &made(10, 3.0, &found), &["vf"]);
        raised(&format!("coarse {seed}, noise"), &made(10, 25.0, |k, t| found(k, t) + noise(k, t)), &["vf"]);
        found = fibrillation(seed, 80.0);
        raised(&format!("fine {seed}"), &made(10, 5.0, &found), &["vf", "asystole"]);
        // It begins in the middle of a strip.
        let late = |k: usize, t: f64| {
            if t < 6_000.0 { at(&beats_but(6, 99_000.0, 0.0))(k, t) } else { found(k, t) * 6.0 }
        };
        raised(&format!("from 6 s on {seed}"), &made(10, 5.0, late), &["vf"]);
        let mut off = made(10, 5.0, fibrillation(seed, 500.0));
        set(&mut off, &[1, 2, 62, 63, 64], |_, _| 0);
        raised(&format!("coarse {seed}, RA off"), &off, &["vf"]);
    }
    for rate in [170.0, 200.0, 250.0] {
        let wide = |t: f64| bump(t, 0.0, 170.0, 1_200.0) - bump(t, 170.0, 340.0, 500.0);
        let run = |t: f64| {
            (0..3).map(|j| wide(t % (60_000.0 / rate) + 60_000.0 / rate * f64::from(j))).sum::<f64>()
        };
        let twist = |k: usize, t: f64| (t / 5_000.0 * TAU + k as f64 * 0.5).sin() * run(t);
        raised(&format!("torsade {rate}"), &made(10, 10.0, twist), &["vf", "vt"]);
        raised(&format!("wide {rate}"), &made(10, 10.0, |_, t| run(t)), &["vf", "vt"]);
    }
}

/// Five waves between 4 and 7 Hz that wax, wane and drift, another mixture in each lead.
fn fibrillation(seed: u64, uv: f64) -> Box<dyn Fn(usize, f64) -> f64> {
    use std::f64::consts::TAU;
    let mut chance = Chance::new(seed + 50);
    let waves: Vec<[f64; 5]> = (0..5)
        .map(|_| {
            let mut up = || (chance.next() + 1.0) / 2.0;
            [4.0 + 2.8 * up(), TAU * up(), 0.2 + 0.6 * up(), TAU * up(), 0.15 + 0.3 * up()]
        })
        .collect();
    let mix: Vec<Vec<(f64, f64)>> = (0..12)
        .map(|_| (0..5).map(|_| (0.65 + 0.35 * chance.next(), 1.2 * chance.next())).collect())
        .collect();
    Box::new(move |k, t| {
        let t = t / 1_000.0;
        let one = |(w, m): (&[f64; 5], &(f64, f64))| {
            let drift = 0.4 * (TAU * w[2] * t + w[1]).sin();
            m.0 * (1.0 + 0.6 * (TAU * w[4] * t + w[3]).sin()) * (TAU * (w[0] * t + drift) + w[1] + m.1).sin()
        };
        uv / 2.0 * waves.iter().zip(&mix[k]).map(one).sum::<f64>()
    })
}

#[test]
fn ludb_and_muscles_raise_none_of_it() {
    let mut all = 0;
    for n in (1..200).step_by(2) {
        let Some(d) = ludb::record(n) else { continue };
        all += 1;
        for preset in PRESETS {
            let a = analyse(&d, preset);
            let own = critical::evaluate(&a.measured, &a.quality, critical::preset(preset));
            assert_eq!(a.raises.len(), own.len(), "record {n}, {preset}: {:?}", a.raises);
        }
        let mut chance = Chance::new(u64::from(n));
        let mut noisy = d;
        for l in &mut noisy.groups[0].leads {
            l.raw.iter_mut().for_each(|v| *v += (260.0 * chance.next()) as i32);
        }
        let found: Vec<_> = analyse(&noisy, "").raises;
        let none = |r: &Raise| !matches!(r.rule, "vf" | "asystole" | "pause" | "no_signal");
        assert!(found.iter().all(none), "record {n}, muscles of 150 uV: {found:?}");
    }
    eprintln!("{all} records, none raised by the rules that hold whatever the preset");
}
