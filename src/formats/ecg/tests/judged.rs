//! Exchanged electrodes on every record of the training half; injected faults, critical rules, comparison and sentences on a few.

use super::*;
use crate::ecg::critical::{self, Level};
use crate::ecg::leadswap::{self, Exchange};
use crate::ecg::measure::{Kind, Measured};
use crate::ecg::{serial, statements};

fn measured(d: &Document) -> Measured {
    crate::ecg::measure::measure(&d.groups[0], &[])
}

fn samples(d: &Document, n: u16) -> Vec<i32> {
    d.groups[0].lead(&LeadId::Standard(n)).unwrap().raw.clone()
}

/// Right leg electrode on an arm: the arm's electrode on the right leg has the potential of the left leg.
fn with_leg(d: &Document, right: bool) -> Document {
    let (one, two) = (samples(d, 1), samples(d, 2));
    let mut out = d.clone();
    let n = one.len();
    let (a, b): (Vec<i32>, Vec<i32>) = if right {
        (one.iter().zip(&two).map(|(a, b)| a - b).collect(), vec![0; n])
    } else {
        (two.clone(), two.clone())
    };
    let pairs: Vec<(i32, i32)> = a.iter().copied().zip(b.iter().copied()).collect();
    let of = |f: fn(i32, i32) -> i32| pairs.iter().map(|(a, b)| f(*a, *b)).collect::<Vec<i32>>();
    for l in &mut out.groups[0].leads {
        l.raw = match l.id {
            LeadId::Standard(1) => a.clone(),
            LeadId::Standard(2) => b.clone(),
            LeadId::Standard(61) => of(|a, b| b - a),
            LeadId::Standard(62) => of(|a, b| -(a + b) / 2),
            LeadId::Standard(63) => of(|a, b| a - b / 2),
            LeadId::Standard(64) => of(|a, b| b - a / 2),
            _ => continue,
        };
    }
    out
}

#[test]
fn exchanged_electrodes_are_suspected_and_unaltered_records_are_not() {
    let (mut arms, mut legs, mut chest, mut all) = ([0; 2], 0, 0, 0);
    for (n, d) in (1..200).step_by(2).filter_map(|n| Some((n, ludb::record(n)?))) {
        let m = measured(&d);
        assert_eq!(leadswap::suspect(&m), None, "record {n} as it is");
        assert_eq!(leadswap::against(&m, &m.median), None);
        all += 1;
        let swap = |d: &Document| leadswap::suspect(&measured(d)).map(|s| s.kind);
        let half = usize::from(n % 4 == 3);
        arms[half] += usize::from(swap(&leadswap::exchanged(&d, Exchange::RaLa)) == Some(Exchange::RaLa));
        legs += usize::from(swap(&with_leg(&d, true)) == Some(Exchange::RaRl));
        chest +=
            usize::from(swap(&leadswap::exchanged(&d, Exchange::Chest(1, 6))) == Some(Exchange::Chest(1, 6)));
        // With the previous recording every exchange that can be undone is named.
        let turned = measured(&leadswap::exchanged(&d, Exchange::RaLa));
        let s = leadswap::against(&turned, &m.median).map(|s| (s.kind, s.basis));
        assert_eq!(s, Some((Exchange::RaLa, leadswap::Basis::Previous)), "record {n}");
    }
    eprintln!(
        "of {all}: arms {} (number mod 4 = 1: {}, = 3: {}), right leg {legs}, V1/V6 {chest}, alarms without an exchange 0",
        arms[0] + arms[1],
        arms[0],
        arms[1]
    );
    if all > 0 {
        assert!(arms[0] + arms[1] >= 90 && legs >= 95 && chest >= 70);
    }
}

#[test]
fn the_preview_exchanges_leads_and_alters_nothing() {
    let Some(d) = ludb::record(1) else { return };
    let p = leadswap::exchanged(&d, Exchange::RaLa);
    let nv = |d: &Document, n: u16, i: usize| d.groups[0].lead(&LeadId::Standard(n)).unwrap().nv(i).unwrap();
    for i in 0..d.groups[0].samples {
        assert_eq!((nv(&p, 1, i), nv(&p, 2, i), nv(&p, 61, i)), (-nv(&d, 1, i), nv(&d, 61, i), nv(&d, 2, i)));
        assert_eq!((nv(&p, 62, i), nv(&p, 64, i)), (nv(&d, 63, i), nv(&d, 64, i)));
    }
    let twice = leadswap::exchanged(&leadswap::exchanged(&d, Exchange::RaLl), Exchange::RaLl);
    assert!((1..=8).all(|n| (0..99).all(|i| nv(&twice, n, i) == nv(&d, n, i))));
    assert!(p.warnings.iter().any(|w| w.code == "exchange_preview"));
    let lost = leadswap::exchanged(&d, Exchange::RaRl);
    assert_eq!((lost.groups == d.groups, lost.warnings[0].code), (true, "exchange_not_undone"));
    assert_eq!(Exchange::of("v2_v3"), Some(Exchange::Chest(2, 3)));
    assert_eq!(serde_json::to_value(Exchange::LaRl).unwrap(), "la_rl");
}

#[test]
fn every_injected_fault_is_named_with_lead_and_electrode() {
    let Some(d) = ludb::record(3) else { return };
    let mut seed = 1_u64;
    let mut noise = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as f64 / f64::from(1 << 30) - 1.0
    };
    let emg: Vec<f64> = (0..5_000).map(|_| 60.0 * noise()).collect();
    let wave = |i: usize, hz: f64, pp: f64| pp / 2.0 * (i as f64 / 500.0 * hz * std::f64::consts::TAU).sin();
    for (lead, name, electrode) in
        [(5_u16, "V3", "C3"), (8, "V6", "C6"), (2, "II", "RA/LL"), (62, "aVR", "RA"), (3, "V1", "C1")]
    {
        let with = |f: &dyn Fn(usize) -> f64| {
            let mut x = d.clone();
            for l in x.groups[0].leads.iter_mut().filter(|l| l.id == LeadId::Standard(lead)) {
                for (i, v) in l.raw.iter_mut().enumerate() {
                    *v += f(i) as i32;
                }
            }
            quality::judge(&x, &measured(&x)).reasons
        };
        let found = |code: &str, r: &[quality::Reason]| {
            r.iter().any(|r| {
                r.code == code && r.lead == name && r.electrode == electrode && r.text_zh.contains(name)
            })
        };
        assert!(found("mains", &with(&|i| wave(i, 50.0, 100.0))), "mains {name}");
        assert!(found("wander", &with(&|i| wave(i, 0.25, 1_000.0))), "wander {name}");
        assert!(found("noise", &with(&|i| emg[i % emg.len()])), "EMG {name}");
        assert!(found("offset", &with(&|_| 6_000.0)), "offset {name}");
        let mut x = d.clone();
        for l in x.groups[0].leads.iter_mut().filter(|l| l.id == LeadId::Standard(lead)) {
            l.raw.fill(0);
        }
        let r = quality::judge(&x, &measured(&x)).reasons;
        assert!(found("lead_off", &r) || found("flat", &r), "zeroed {name}: {r:?}");
        // Not mistaken for exchanged electrodes.
        assert_eq!(leadswap::suspect(&measured(&x)), None);
    }
}

/// A strip with QRS complexes at these intervals.
fn rhythm(rr_ms: &[f64], qrs_ms: f64, kind: Kind) -> Measured {
    let mut at = 300.0;
    let mut m = Measured { beats_ms: vec![at], ..Measured::default() };
    for rr in rr_ms {
        at += rr;
        m.beats_ms.push(at);
    }
    m.beats = m.beats_ms.iter().map(|b| (b / 2.0) as usize).collect();
    m.dominant = vec![true; m.beats.len()];
    m.longest_rr_ms = rr_ms.iter().copied().reduce(f64::max);
    m.rhythm.kind = kind;
    m.rhythm.p_present = kind == Kind::Sinus;
    m.values.push(Value::server("qrs", Some(qrs_ms), "ms"));
    m
}

fn rules(m: &Measured, preset: &str) -> Vec<(&'static str, Level, bool)> {
    let q = quality::Quality::default();
    critical::evaluate(m, &q, critical::preset(preset))
        .into_iter()
        .map(|r| (r.rule, r.level, r.provisional))
        .collect()
}

#[test]
fn thresholds_are_inclusive_or_exclusive_as_in_the_tables() {
    let red = |rule| vec![(rule, Level::Red, false)];
    // 60000 / 35 ms: exactly 35 a minute.
    let at_35 = rhythm(&[60_000.0 / 35.0; 5], 90.0, Kind::Sinus);
    assert_eq!(rules(&at_35, "zhejiang"), []);
    assert_eq!(rules(&at_35, "third"), red("rate_low"));
    assert_eq!(rules(&at_35, "shanxi"), []);
    let below = rhythm(&[60_000.0 / 34.9; 5], 90.0, Kind::Sinus);
    assert_eq!(rules(&below, "zhejiang"), red("rate_low"));
    let pause = |ms: f64| rhythm(&[900.0, 900.0, ms, 900.0, 900.0], 90.0, Kind::Sinus);
    assert_eq!(rules(&pause(3_000.0), "zhejiang"), red("pause"));
    assert_eq!(rules(&pause(2_999.0), "zhejiang"), []);
    assert_eq!(rules(&pause(4_000.0), "shanxi"), []);
    let fast = |rate: f64, qrs, kind| rhythm(&[60_000.0 / rate; 25], qrs, kind);
    let svt = |rate| fast(rate, 90.0, Kind::Junctional);
    assert_eq!((rules(&svt(229.0), "zhejiang"), rules(&svt(231.0), "zhejiang")), (vec![], red("svt")));
    assert_eq!(rules(&svt(201.0), "third"), red("svt"));
    // Shanxi asks for thirty seconds, which ten cannot prove.
    assert_eq!(rules(&svt(181.0), "shanxi"), vec![("svt", Level::Red, true)]);
    assert_eq!(rules(&fast(185.0, 90.0, Kind::Fibrillation), "zhejiang"), red("af_rate"));
    assert_eq!(rules(&fast(185.0, 90.0, Kind::Fibrillation), "third"), []);
    let vt = fast(160.0, 150.0, Kind::Unknown);
    assert_eq!(rules(&vt, "zhejiang"), vec![("vt", Level::Red, true)]);
    assert_eq!(rules(&fast(160.0, 150.0, Kind::Paced), "zhejiang"), []);
    assert_eq!(rules(&fast(160.0, 150.0, Kind::Sinus), "zhejiang"), []);
    let evidence = critical::evaluate(&vt, &quality::Quality::default(), critical::preset("zhejiang"));
    assert!(
        evidence[0].evidence.contains("26 个心搏") && evidence[0].finding.contains("待确认"),
        "{evidence:?}"
    );
    assert_eq!(rules(&rhythm(&[1_400.0; 5], 130.0, Kind::Block3), "shanxi"), red("av_block_3"));
    let wpw = |rr: f64| rhythm(&[400.0, rr, 500.0, 450.0, 380.0, 520.0], 140.0, Kind::Fibrillation);
    assert_eq!(
        (rules(&wpw(250.0), "zhejiang"), rules(&wpw(249.0), "zhejiang")),
        (vec![], red("preexcited_af"))
    );
    assert_eq!(rules(&wpw(250.0), "third"), red("preexcited_af"));
}

#[test]
fn long_qt_needs_r_on_t_and_presets_name_their_source() {
    use crate::ecg::measure::{Beat, BeatClass, Qrs, Wave};
    let beat = |peak: f64, class| Beat {
        p: None,
        qrs: Qrs { on: Some(peak - 20.0), peak, off: Some(peak + 30.0), g_on: None, g_off: None },
        t: Some(Wave { off: Some(peak + 280.0), ..Wave::default() }),
        class,
    };
    let mut m = rhythm(&[1_000.0; 5], 90.0, Kind::Sinus);
    m.values.push(Value::server("qtcf", Some(560.0), "ms"));
    m.delineation = vec![beat(150.0, BeatClass::Dominant), beat(650.0, BeatClass::Dominant)];
    assert_eq!(rules(&m, "third"), vec![("qt", Level::Orange, false)]);
    assert_eq!(rules(&m, "zhejiang"), []);
    m.delineation.push(beat(900.0, BeatClass::Ectopic));
    assert_eq!(rules(&m, "third"), vec![("qt", Level::Red, false)]);
    assert_eq!(rules(&m, "zhejiang"), vec![("qt", Level::Red, false)]);
    let all = critical::presets();
    let rows = all["rows"].as_array().unwrap();
    assert_eq!((rows.len(), all["items"].as_array().unwrap().len()), (3, 10));
    for p in rows {
        assert!(!p["source"].as_str().unwrap().is_empty());
        assert_eq!(p["cells"].as_object().unwrap().len(), 10, "a cell is missing");
    }
    let shanxi = rows.iter().find(|p| p["code"] == "shanxi").unwrap();
    assert_eq!(
        (&shanxi["cells"]["pause"]["in_excerpt"], &shanxi["cells"]["pause"]["at_least"]),
        (&false.into(), &().into())
    );
}

#[test]
fn two_recordings_are_compared_with_what_changed_pointed_out() {
    let (Some(a), Some(b)) = (ludb::record(1), ludb::record(7)) else { return };
    let m = measured(&a);
    let same = serial::compare(&m, &m);
    assert_eq!((same.correlation, same.same_person_doubt), (Some(1.0), false));
    assert!(same.deltas.iter().all(|d| !d.notable && d.delta.is_none_or(|d| d == 0.0)));
    assert_eq!((same.st.len(), same.medians.len()), (12, 12));
    assert!(same.medians.iter().all(|p| p.now == p.before && !p.now.is_empty()));
    let other = serial::compare(&m, &measured(&b));
    assert!(other.correlation.unwrap() < 0.8);
    // ST lifted by 0.15 mV in V2, QRS axis turned over the back.
    let mut later = m.clone();
    for v in &mut later.values {
        match v.what.as_str() {
            "st_j60_V2" => v.number = v.number.map(|n| n + 150.0),
            "axis_qrs" => v.number = Some(-175.0),
            _ => {}
        }
    }
    let mut before = m.clone();
    before.values.iter_mut().filter(|v| v.what == "axis_qrs").for_each(|v| v.number = Some(170.0));
    let c = serial::compare(&later, &before);
    let axis = c.deltas.iter().find(|d| d.what == "axis_qrs").unwrap();
    assert_eq!((axis.delta, axis.notable), (Some(15.0), false));
    assert_eq!(c.st.iter().filter(|s| s.notable).map(|s| s.lead.as_str()).collect::<Vec<_>>(), ["V2"]);
}

#[test]
fn sentences_have_codes_and_letters_and_contradictions_are_seen() {
    let all = statements::all();
    assert!(all.len() >= 120, "{}", all.len());
    let mut codes: Vec<&str> = all.iter().map(|s| s.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), all.len(), "a code twice");
    assert!(
        all.iter()
            .all(|s| !s.zh.is_empty() && !s.en.is_empty() && !s.group.is_empty() && !s.initials.is_empty())
    );
    let s = statements::get("sinus").unwrap();
    assert_eq!((s.aha.as_str(), s.initials.as_str(), s.pinyin.as_str()), ("20", "dxxl", "douxingxinlv"));
    assert_eq!(statements::get("pr_short").unwrap().initials, "prjqsd");
    assert!(statements::source().contains("AHA/ACC/HRS"));
    let texts = |codes: &[&str], m: &Measured| {
        let codes: Vec<String> = codes.iter().map(|c| (*c).to_owned()).collect();
        statements::contradictions(&codes, m).into_iter().map(|c| c.text_zh).collect::<Vec<_>>()
    };
    let none = rhythm(&[800.0, 620.0, 910.0, 700.0], 90.0, Kind::Fibrillation);
    let said = texts(&["sinus", "avb1"], &none);
    assert!(said.iter().any(|t| t.contains("窦性心律") && t.contains("PR —")), "{said:?}");
    assert!(said.iter().any(|t| t.contains("一度房室传导阻滞")));
    assert_eq!(texts(&["af"], &none), Vec::<String>::new());
    assert_eq!(texts(&["sinus", "af"], &none).len(), 2);
    assert_eq!(texts(&["rbbb"], &none).len(), 1);
    assert_eq!(texts(&["normal", "mi_anterior_acute"], &none).len(), 1);
    let mut sinus = rhythm(&[1_200.0; 6], 90.0, Kind::Sinus);
    sinus.values.push(Value::server("hr", Some(50.0), "/min"));
    sinus.values.push(Value::server("pr", Some(150.0), "ms"));
    assert_eq!(texts(&["sinus_brady"], &sinus), Vec::<String>::new());
    assert_eq!(texts(&["sinus_tachy"], &sinus).len(), 1);
}
