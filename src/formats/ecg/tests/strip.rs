//! Measurement on made strips: what the numbers must be is known from how the strip was made.

use super::*;
use crate::ecg::measure::{BeatClass, Measured, delineate, measure};

/// Weights of the leads.
const LEADS: [(u16, f64); 12] = [
    (1, 0.7),
    (2, 1.0),
    (61, 0.3),
    (62, -0.85),
    (63, 0.2),
    (64, 0.65),
    (3, -0.5),
    (4, -0.8),
    (5, 0.4),
    (6, 1.2),
    (7, 1.1),
    (8, 0.9),
];

/// A bump like a half sine, µV: 0 outside.
fn bump(t: f64, from: f64, to: f64, uv: f64) -> f64 {
    if t < from || t > to {
        0.0
    } else {
        uv * (std::f64::consts::PI * (t - from) / (to - from)).sin().powi(2)
    }
}

/// One beat, `t` in ms after the R peak: QRS from -40 to 50, T until 340, P from -170 to -80.
fn beat(t: f64) -> f64 {
    bump(t, -170.0, -80.0, 120.0)
        + bump(t, -40.0, -10.0, -150.0)
        + bump(t, -22.0, 24.0, 1_100.0)
        + bump(t, 12.0, 50.0, -250.0)
        + bump(t, 160.0, 340.0, 320.0)
}

/// Ten seconds with a beat every 800 ms; `more` is added at ms of the strip.
pub(super) fn strip(more: impl Fn(f64) -> f64) -> Group {
    let lead = |(n, k): (u16, f64)| Lead {
        id: LeadId::Standard(n),
        label: String::new(),
        raw: (0..5_000)
            .map(|i| {
                let t = f64::from(i) * 2.0;
                let clean: f64 = (0..13).map(|b| beat(t - 300.0 - 800.0 * f64::from(b))).sum();
                // A little unlike from sample to sample, so that nothing is exactly still.
                (k * (clean + more(t)) + f64::from(i * 7_919 % 11) - 5.0).round() as i32
            })
            .collect(),
        scale: Ratio::whole(1_000),
        offset: Ratio::ZERO,
        missing: vec![],
        rails: (-32_768, 32_767),
        derived: false,
    };
    Group {
        kind: GroupKind::Rhythm,
        derived: false,
        rate: Ratio::whole(500),
        t0_ms: 0.0,
        samples: 5_000,
        leads: LEADS.into_iter().map(lead).collect(),
    }
}

fn value(m: &Measured, what: &str) -> f64 {
    m.values.iter().find(|v| v.what == what).unwrap_or_else(|| panic!("{what}")).number.unwrap()
}

#[test]
fn a_made_strip_measures_as_it_was_made() {
    let m = measure(&strip(|_| 0.0), &[]);
    assert_eq!(m.beats.len(), 13);
    for (what, want, within) in [
        ("hr", 75.0, 0.1),
        ("hr_mean", 75.0, 0.5),
        ("rr_min", 800.0, 3.0),
        ("rr_max", 800.0, 3.0),
        ("pr", 130.0, 16.0),
        // The global QRS is wider than the waves of a strip whose leads all begin together: it is fitted to readers.
        ("qrs", 100.0, 14.0),
        ("qt", 380.0, 20.0),
        ("axis_qrs", f64::to_degrees((0.65_f64 * 2.0 / 3.0_f64.sqrt()).atan2(0.7)), 2.0),
        ("rv5_sv1", 1_100.0 * 1.1 + 1_100.0 * 0.5, 140.0),
        ("st_j60_V4", 0.0, 15.0),
    ] {
        assert!((value(&m, what) - want).abs() <= within, "{what} {} for {want}", value(&m, what));
    }
    let q = m.delineation[5].qrs;
    let central = 2.0 * (q.off.unwrap() - q.on.unwrap());
    assert!((central - 90.0).abs() <= 10.0, "QRS {central}");
    let (qt, rr) = (value(&m, "qt"), 0.8_f64);
    for (what, want) in [
        ("qtcb", qt / rr.sqrt()),
        ("qtcf", qt / rr.cbrt()),
        ("qtc_framingham", qt + 154.0 * (1.0 - rr)),
        ("qtc_hodges", qt + 1.75 * (75.0 - 60.0)),
    ] {
        assert!((value(&m, what) - want).abs() <= 1.0, "{what}");
    }
    assert!(m.delineation.iter().all(|b| b.class == BeatClass::Dominant));
}

#[test]
fn a_raised_st_segment_does_not_stretch_the_qrs() {
    let plain = value(&measure(&strip(|_| 0.0), &[]), "qrs");
    let raised = strip(|t| {
        let t = (t + 500.0) % 800.0 - 40.0;
        // Rises over 60 ms from the J point and falls into the T wave.
        if t < 0.0 {
            0.0
        } else {
            250.0 * (t / 60.0).min(1.0) * (-((t - 60.0).max(0.0) / 120.0).powi(2)).exp()
        }
    });
    let m = measure(&raised, &[]);
    assert!(value(&m, "st_j60_V4") > 120.0, "{}", value(&m, "st_j60_V4"));
    assert!((value(&m, "qrs") - plain).abs() <= 12.0, "{} against {plain}", value(&m, "qrs"));
}

#[test]
fn a_step_is_no_beat_and_a_slow_early_beat_is() {
    let step = measure(&strip(|t| if t > 4_700.0 { 700.0 } else { 0.0 }), &[]);
    assert_eq!(step.beats.len(), 13);
    let ectopic = measure(&strip(|t| bump(t, 4_600.0, 4_780.0, -1_900.0)), &[]);
    assert_eq!(ectopic.beats.len(), 14);
    let other: Vec<_> = ectopic.delineation.iter().filter(|b| b.class != BeatClass::Dominant).collect();
    assert!(other.len() == 1 && other[0].class == BeatClass::Ectopic, "{other:?}");
}

#[test]
fn the_delineation_is_written_in_samples_of_the_file() {
    let mut group = strip(|_| 0.0);
    group.rate = Ratio::whole(250);
    let m = measure(&group, &[]);
    let j = delineate::json("7", 250.0, 5_000, &m);
    assert_eq!(j["schema"], "yigong-ecg-delineation/1");
    let beats = j["records"]["7"]["beats"].as_array().unwrap();
    assert_eq!(beats.len(), m.beats.len());
    let last = beats.last().unwrap()["QRS"]["peak"].as_f64().unwrap();
    assert!((last - (300.0 + 800.0 * 12.0) / 2.0).abs() <= 12.0, "{last}");
    assert_eq!(beats[3]["class"], "dominant");
    assert!(beats[3]["T"]["off"].as_f64() > beats[3]["QRS"]["off"].as_f64());
    assert!((j["records"]["7"]["intervals"]["hr"].as_f64().unwrap() - 37.5).abs() < 0.1);
    // Nothing to measure: an empty list, no numbers.
    let none = delineate::entry(500.0, 0, &Measured::default());
    assert!(none["beats"].as_array().unwrap().is_empty() && none["intervals"]["hr"].is_null());
}
