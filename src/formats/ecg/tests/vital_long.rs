//! Recordings longer than a minute, other sampling rates, a pacemaker that does not capture.

use super::strip::{LEADS, bump};
use super::vital::{at, beats_but, made, red, set};
use super::*;
use crate::ecg::critical::Level;

const EVERY: [u16; 12] = [1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8];

#[test]
fn a_pause_is_found_in_every_minute() {
    for from in [5_000.0, 48_000.0, 56_500.0, 59_500.0, 90_000.0, 107_000.0, 113_500.0, 154_500.0] {
        let d = made(160, 5.0, at(&beats_but(160, from, from + 6_000.0)));
        let a = analyse(&d, "");
        let raise = red(&a, "pause").unwrap_or_else(|| panic!("pause at {from} ms: {:?}", a.raises));
        assert_eq!(raise.provisional, from > 154_000.0, "{from}: {raise:?}");
        assert_eq!(a.raises.iter().filter(|r| r.rule == "pause").count(), 1);
    }
    let d = made(160, 5.0, at(&beats_but(160, 90_000.0, 96_000.0)));
    let found = red(&analyse(&d, "shanxi"), "pause").unwrap().clone();
    assert!(found.finding.contains("记录第 50–110 秒内"), "{found:?}");
    let quiet = analyse(&made(160, 5.0, at(&beats_but(160, 1e9, 0.0))), "");
    assert_eq!((quiet.raises.clone(), quiet.triage()), (vec![], "normal"));
    // Values stay those of the first minute, and the reader is told.
    let mut d = made(160, 5.0, at(&beats_but(160, 90_000.0, 96_000.0)));
    physics::check(&mut d);
    assert!(d.warnings.iter().any(|w| w.code == "first_minute" && w.text_zh.contains("第一分钟")));
    assert_eq!(analyse(&d, "").measured.beats.len(), 75);
    let mut short = made(60, 5.0, |_, _| 0.0);
    physics::check(&mut short);
    assert!(short.warnings.iter().all(|w| w.code != "first_minute"));
}

#[test]
fn fibrillation_and_rates_are_found_in_a_later_minute() {
    let normal = at(&beats_but(130, 1e9, 0.0));
    let sine = |t: f64| 600.0 * (t / 240.0 * std::f64::consts::TAU).sin();
    let late = made(130, 5.0, |k, t| if t < 120_000.0 { normal(k, t) } else { sine(t) });
    assert!(red(&analyse(&late, "shanxi"), "vf").is_some());
    // From the second minute on the heart beats at 25 a minute.
    let slow: Vec<f64> = (0..75).map(|k| 300.0 + 800.0 * f64::from(k)).collect();
    let slow: Vec<f64> = slow.into_iter().chain((0..29).map(|k| 62_000.0 + 2_400.0 * f64::from(k))).collect();
    let a = analyse(&made(130, 5.0, at(&slow)), "zhejiang");
    assert!(red(&a, "rate_low").is_some_and(|r| !r.provisional), "{:?}", a.raises);
    // A cable that is pulled in the third minute.
    let mut pulled = made(150, 5.0, &normal);
    set(&mut pulled, &EVERY, |i, v| if i > 62_500 { 0 } else { v });
    assert!(red(&analyse(&pulled, ""), "pause").is_some());
}

#[test]
fn other_rates_of_sampling_and_other_leads_change_nothing() {
    let sine = |_: usize, t: f64| 600.0 * (t / 300.0 * std::f64::consts::TAU).sin();
    for (rate, seconds) in [(250, 10), (1_000, 20), (125, 10)] {
        let seen = |wave: &dyn Fn(usize, f64) -> f64| {
            let mut d = made(seconds, 3.0, |n, t| wave(n, t * 500.0 / rate as f64));
            d.groups[0].rate = Ratio::whole(rate);
            analyse(&d, "")
        };
        let until_4 = at(&beats_but(10, 4_000.0, 1e9));
        assert!(red(&seen(&until_4), "pause").is_some(), "{rate}: {:?}", seen(&until_4).raises);
        assert!(red(&seen(&sine), "vf").is_some(), "{rate}");
        assert!(red(&seen(&|_, _| 0.0), "asystole").is_some(), "{rate}");
        let going = seen(&at(&beats_but(40, 1e9, 0.0)));
        assert!(going.raises.is_empty(), "{rate}: {:?}", going.raises);
    }
    for kept in [1, 3, 6] {
        let mut d = made(10, 3.0, sine);
        d.groups[0].leads.truncate(kept);
        assert!(red(&analyse(&d, ""), "vf").is_some(), "{kept} leads");
        let mut d = made(10, 3.0, at(&beats_but(10, 2_700.0, 7_000.0)));
        d.groups[0].leads.truncate(kept);
        assert!(red(&analyse(&d, "third"), "pause").is_some(), "{kept} leads");
    }
}

#[test]
fn a_pacemaker_that_does_not_capture_is_no_rhythm() {
    for uv in [500.0, 1_500.0, 4_000.0] {
        let spike = move |_: usize, t: f64| if t % 1_000.0 < 3.0 { uv } else { 0.0 };
        let a = analyse(&made(10, 3.0, spike), "");
        assert_eq!(a.triage(), "red", "spikes of {uv}: {:?} {:?}", a.raises, a.measured.beats);
        let chaos =
            |k: usize, t: f64| spike(k, t) + 500.0 * (t / 200.0 * std::f64::consts::TAU + k as f64).sin();
        assert!(
            red(&analyse(&made(10, 3.0, chaos), ""), "vf").is_some(),
            "fibrillation under spikes of {uv}"
        );
        // Captured until 3 s.
        let both = move |k: usize, t: f64| {
            spike(k, t)
                + if t < 3_600.0 {
                    bump(t % 1_000.0, 4.0, 160.0, 1_200.0) - bump(t % 1_000.0, 200.0, 480.0, 300.0)
                } else {
                    0.0
                }
        };
        let a = analyse(&made(10, 3.0, both), "shanxi");
        assert_eq!(
            a.triage(),
            "red",
            "capture lost, spikes of {uv}: {:?} {:?}",
            a.raises,
            a.measured.beats_ms
        );
    }
}

#[test]
fn tremor_and_wander_over_a_sinus_rhythm_are_no_fibrillation() {
    use std::f64::consts::TAU;
    for rr in [1_000.0, 600.0, 400.0] {
        let peaks: Vec<f64> = (0..26).map(|k| 300.0 + rr * f64::from(k)).collect();
        let beats = at(&peaks);
        for hz in [4.0, 5.0, 6.0] {
            // Of the arms: large in the limb leads, small in the chest leads.
            let tremor = |k: usize, t: f64| {
                let uv = if k < 6 { 200.0 } else { 30.0 };
                beats(k, t) + uv * (t / 1_000.0 * hz * TAU + k as f64).sin() / LEADS[k].1.abs()
            };
            let a = analyse(&made(10, 10.0, tremor), "");
            assert!(a.raises.iter().all(|r| r.rule != "vf"), "{rr} ms, {hz} Hz: {:?}", a.raises);
        }
        for hz in [0.2, 0.5, 0.8] {
            let wander =
                |k: usize, t: f64| beats(k, t) + 1_000.0 * (t / 1_000.0 * hz * TAU).sin() / LEADS[k].1;
            let a = analyse(&made(10, 10.0, wander), "");
            let red = a.raises.iter().filter(|r| r.level == Level::Red && r.rule != "st_elevation").count();
            assert_eq!(red, 0, "{rr} ms, {hz} Hz: {:?}", a.raises);
        }
    }
}

#[test]
fn columns_one_after_another_are_looked_at_together() {
    let columns = |wave: &dyn Fn(usize, f64) -> f64| {
        let whole = made(10, 3.0, wave).groups[0].clone();
        let groups = (0..4).map(|k| {
            let mut part = whole.part(k * 1_250, (k + 1) * 1_250);
            part.leads = part.leads[3 * k..3 * k + 3].to_vec();
            part
        });
        analyse(&Document { groups: groups.collect(), ..Document::default() }, "")
    };
    let still = columns(&|_, _| 0.0);
    assert!(red(&still, "asystole").is_some(), "{:?}", still.raises);
    let pause = columns(&at(&beats_but(10, 3_600.0, 8_000.0)));
    assert!(red(&pause, "pause").is_some(), "{:?}", pause.raises);
    let sine =
        columns(&|_, t| if t < 5_000.0 { 0.0 } else { 600.0 * (t / 300.0 * std::f64::consts::TAU).sin() });
    assert!(red(&sine, "vf").is_some(), "{:?}", sine.raises);
    let beats = columns(&at(&beats_but(10, 1e9, 0.0)));
    assert_eq!(beats.triage(), "normal", "{:?}", beats.raises);
}
