//! Required behaviours of ECG specification 15 on public recordings; loud when the data is not there.

use std::path::PathBuf;

use proptest::prelude::*;

use super::draw::{self, Paper};
use super::model::{Group, GroupKind, Lead};
use super::*;

mod aecg;
mod atria;
mod bombs;
mod columns;
mod dicom;
mod exports;
mod judged;
mod ludb;
mod other;
mod paper;
mod philips;
mod scp;
mod strip;
mod twin;
mod wfdb;

fn shared(path: &str) -> Option<Vec<u8>> {
    let root = std::env::var_os("YIGONG_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let found = std::fs::read(root.join("data/ecg").join(path)).ok();
    if found.is_none() {
        eprintln!("SKIPPED: {path} not found, set YIGONG_SHARED");
    }
    found
}

/// `waveform_ecg.dcm` of pydicom 3.0.2, from the folder `PYDICOM_FILES` (its `data/test_files`).
fn pydicom() -> Option<Vec<u8>> {
    let found = std::env::var_os("PYDICOM_FILES")
        .and_then(|d| std::fs::read(PathBuf::from(d).join("waveform_ecg.dcm")).ok());
    if found.is_none() {
        eprintln!("SKIPPED: waveform_ecg.dcm not found, set PYDICOM_FILES to pydicom's data/test_files");
    }
    found
}

/// Keeps a file written by a test as a seed of a fuzz target, in the folder `YIGONG_KEEP_SEEDS`.
fn keep(target: &str, name: &str, bytes: &[u8]) {
    if let Some(folder) = std::env::var_os("YIGONG_KEEP_SEEDS") {
        let folder = PathBuf::from(folder).join(target);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), bytes).unwrap();
    }
}

fn uv(group: &Group, n: u16, count: usize) -> Vec<f64> {
    let lead = group.lead(&LeadId::Standard(n)).unwrap();
    (0..count).map(|i| lead.nv(i).unwrap() as f64 / 1_000.0).collect()
}

fn vendor(document: &Document) -> Vec<(String, f64)> {
    document.values.iter().map(|v| (v.what.clone(), v.number.unwrap())).collect()
}

fn server(analysis: &Analysis, what: &str) -> Option<f64> {
    analysis.measured.values.iter().find(|v| v.what == what).and_then(|v| v.number)
}

#[test]
fn the_mortara_file_gives_its_amplitudes_and_values() {
    let Some(bytes) = pydicom() else { return };
    let d = decode::decode(&bytes, &Limits::default()).unwrap();
    let (r, m) = (d.rhythm().unwrap(), d.median().unwrap());
    assert_eq!(
        (r.leads.len(), r.samples, r.rate.to_f64(), m.leads.len(), m.samples),
        (12, 10_000, 1_000.0, 12, 1_200)
    );
    assert_eq!(uv(r, 1, 5), [100.0, 81.25, 62.5, 43.75, 46.25]);
    assert_eq!(uv(r, 2, 5), [112.5, 106.25, 100.0, 93.75, 96.25]);
    assert_eq!(uv(r, 61, 5), [12.5, 25.0, 37.5, 50.0, 50.0]);
    assert_eq!(d.filters, "0.05-300 Hz");
    let v = vendor(&d);
    for (what, number) in [
        ("pr", 161.0),
        ("qrs", 75.0),
        ("qt", 368.0),
        ("qtc", 370.0),
        ("axis_p", 74.0),
        ("axis_qrs", 52.0),
        ("axis_t", 57.0),
    ] {
        assert!(v.contains(&(what.into(), number)), "{what}: {v:?}");
    }
    assert_eq!(d.statements, ["RITMO SINUSALE", "ECG NORMALE"]);
    assert_eq!(
        d.fiducials.iter().filter(|f| f.what == "r" && d.groups[f.group].kind == GroupKind::Rhythm).count(),
        10
    );
    let a = analyse(&d, "");
    eprintln!("mortara: {:?}", a.measured.values);
    eprintln!("{:?} {:?}", a.quality, a.raises);
    assert!((server(&a, "hr").unwrap() - 61.0).abs() <= 1.0);
    assert_eq!((a.triage(), a.measured.beats.len()), ("normal", 10));
    assert!((server(&a, "pr").unwrap() - 161.0).abs() <= 20.0);
    assert!((server(&a, "qt").unwrap() - 368.0).abs() <= 25.0);
}

#[test]
fn zeros_declared_as_padding_are_samples_and_the_type_minimum_is_a_gap() {
    let Some(bytes) = shared("twin/Example.dcm") else { return };
    let d = decode::decode(&bytes, &Limits::default()).unwrap();
    let (r, m) = (d.rhythm().unwrap(), d.median().unwrap());
    assert_eq!((r.rate.to_f64(), r.samples), (500.0, 5_000));
    assert_eq!(uv(r, 1, 5), [-5.0, -5.0, -5.0, -5.0, -7.5]);
    assert_eq!(uv(r, 3, 5), [107.5; 5]);
    assert_eq!(uv(r, 8, 5), [-22.5, -17.5, -12.5, -7.5, -2.5]);
    let sum = |n| uv(r, n, 5_000).iter().sum::<f64>();
    assert_eq!((sum(1), sum(4)), (-12_302.5, -6_620.0));
    assert!(r.leads.iter().all(|l| l.missing.is_empty()));
    assert!(m.leads.iter().all(|l| l.missing == [(599, 600)]));
    let get = |ids: [u16; 3]| ids.map(|n| r.lead(&LeadId::Standard(n)).unwrap());
    assert_eq!(physics::residual(&get([1, 2, 61]), |v| v[2] - (v[1] - v[0])), Some(0));
    assert!(physics::residual(&get([1, 2, 62]), |v| v[2] + (v[0] + v[1]) / 2).unwrap() <= 1_250);
    let v = vendor(&d);
    for (what, number) in [
        ("pr", 148.0),
        ("qrs", 120.0),
        ("qt", 420.0),
        ("qtc", 443.0),
        ("axis_p", 44.0),
        ("axis_qrs", -61.0),
        ("axis_t", 86.0),
    ] {
        assert!(v.contains(&(what.into(), number)), "{what}: {v:?}");
    }
    assert_eq!(
        (d.subject.id.as_str(), d.subject.name.as_str(), d.acquired.as_str()),
        ("SBJ-123", "Clark", "20021122091000")
    );
    assert_eq!(d.waveform_sha256().len(), 64);
    let a = analyse(&d, "");
    eprintln!("twin: {:?}", a.measured.values);
    eprintln!("{:?} {:?}", a.quality, a.raises);
    assert!((server(&a, "qrs").unwrap() - 120.0).abs() <= 20.0);
    let svg = draw::svg(&draw::layout(&d, &Paper::REPORT));
    assert!(svg.contains(r#"width="266.00mm""#), "{}", &svg[..200]);
    if let Some(folder) = std::env::var_os("YIGONG_KEEP_DRAWINGS") {
        std::fs::write(PathBuf::from(folder).join("twin.svg"), &svg).unwrap();
    }
}

/// A square wave of 1 mV with a period of one second, 500 Hz.
fn square(rate: i64) -> Document {
    let raw: Vec<i32> = (0..10 * rate).map(|i| if i % rate < rate / 2 { 0 } else { 1_000 }).collect();
    let samples = raw.len();
    let lead = |n| Lead {
        id: LeadId::Standard(n),
        label: String::new(),
        raw: raw.clone(),
        scale: Ratio::whole(1_000),
        offset: Ratio::ZERO,
        missing: vec![],
        rails: (-32_768, 32_767),
        derived: false,
    };
    let leads = [1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8].into_iter().map(lead).collect();
    Document {
        groups: vec![Group {
            kind: GroupKind::Rhythm,
            derived: false,
            rate: Ratio::whole(rate),
            t0_ms: 0.0,
            samples,
            leads,
        }],
        ..Document::default()
    }
}

#[test]
fn one_millivolt_is_ten_millimetres_and_one_second_twenty_five() {
    for (speed, gain, second, millivolt) in
        [("25", "10", 2_500, 1_000), ("50", "20", 5_000, 2_000), ("12.5", "5", 1_250, 500)]
    {
        for rate in [500, 1_000, 240] {
            let d = draw::layout(&square(rate), &Paper::of("12x1", speed, gain).unwrap());
            let stroke = d.strokes.first().unwrap();
            let per = usize::try_from(rate).unwrap();
            assert_eq!(stroke[per].0 - stroke[0].0, second);
            assert_eq!(stroke[9 * per].0 - stroke[0].0, 9 * second);
            assert_eq!(stroke[0].1 - stroke[per / 2].1, millivolt);
        }
    }
    let d = draw::layout(&square(500), &Paper::REPORT);
    assert!(d.width >= 26_000 && d.width <= 27_000 && d.height <= 16_000, "{} x {}", d.width, d.height);
    // The fourth column begins at 7.5 s.
    assert_eq!(d.strokes[3][0].0 - d.strokes[0][0].0, 3 * 6_250);
    let pulse = &d.marks[0];
    assert_eq!((pulse[3].0 - pulse[2].0, pulse[1].1 - pulse[2].1), (500, 1_000));
    assert_eq!(draw::Format::of("2x6"), None);
}

#[test]
fn a_lead_that_fell_off_is_named_with_its_electrode() {
    let Some(bytes) = shared("twin/Example.dcm") else { return };
    let whole = decode::decode(&bytes, &Limits::default()).unwrap();
    let silence = |numbers: &[u16]| {
        let mut d = whole.clone();
        for l in &mut d.groups[0].leads {
            if l.id.number().is_some_and(|n| numbers.contains(&n)) {
                l.raw.fill(0);
            }
        }
        analyse(&d, "").quality
    };
    let q = silence(&[5]);
    let r = q.reasons.iter().find(|r| r.code == "lead_off").unwrap();
    assert_eq!((q.verdict, r.electrode.as_str(), r.lead.as_str()), (quality::Verdict::Redo, "C3", "V3"));
    assert!(r.text_zh.contains("请重做") && r.text_zh.contains("V3 电极脱落"));
    // What is measured does not rest on the lead that fell off.
    let mut d = whole.clone();
    for l in d.groups[0].leads.iter_mut().filter(|l| l.id == LeadId::Standard(5)) {
        l.raw.fill(0);
    }
    let a = analyse(&d, "");
    assert!(server(&a, "st_j60_V3").is_none() && (server(&a, "qrs").unwrap() - 120.0).abs() <= 24.0);
    assert!(silence(&[1, 2]).reasons.iter().any(|r| r.electrode == "RA"));
    assert!(silence(&[2, 61]).reasons.iter().any(|r| r.electrode == "LL"));
    let disturbed = |f: &dyn Fn(usize) -> f64| {
        let mut d = whole.clone();
        for l in d.groups[0].leads.iter_mut().filter(|l| l.id == LeadId::Standard(8)) {
            for (i, v) in l.raw.iter_mut().enumerate() {
                *v += (f(i) / 2.5) as i32;
            }
        }
        analyse(&d, "").quality.reasons
    };
    let wave =
        |hz: f64, pp: f64| move |i: usize| pp / 2.0 * (i as f64 / 500.0 * hz * std::f64::consts::TAU).sin();
    assert!(disturbed(&wave(50.0, 120.0)).iter().any(|r| r.code == "mains" && r.electrode == "C6"));
    assert!(disturbed(&wave(0.2, 1_000.0)).iter().any(|r| r.code == "wander" && r.lead == "V6"));
    assert_eq!(analyse(&whole, "").quality.reasons, vec![]);
}

#[test]
fn the_wave_blob_carries_every_sample() {
    let Some(bytes) = shared("twin/Example.dcm") else { return };
    let d = decode::decode(&bytes, &Limits::default()).unwrap();
    let a = analyse(&d, "");
    let blob = draw::blob(&d, &a);
    let length = u32::from_le_bytes(blob[..4].try_into().unwrap()) as usize;
    let head: serde_json::Value = serde_json::from_slice(&blob[4..4 + length]).unwrap();
    let counts: u64 = head["groups"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|g| g["leads"].as_array().unwrap())
        .map(|l| l["count"].as_u64().unwrap())
        .sum();
    assert_eq!(blob.len() as u64, 4 + length as u64 + 2 * counts);
    assert_eq!(
        (
            head["groups"][0]["leads"][0]["name"].as_str(),
            head["groups"][0]["leads"][0]["nv_per_unit"].as_f64()
        ),
        (Some("I"), Some(2_500.0))
    );
    assert!(head["markers"].as_array().unwrap().iter().any(|m| m["what"] == "qrs_on" && m["group"] == 1));
}

#[test]
fn what_is_no_recording_is_refused_in_words() {
    for bytes in [&b""[..], b"hello", b"<svg/>", b"1 12 500 5000\n"] {
        let refusal = decode::decode(bytes, &Limits::default()).unwrap_err();
        assert!(!refusal.reason.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Cut anywhere, flipped anywhere: an answer, never a panic.
    #[test]
    fn damage_never_panics(cut in 0_usize..143_392, flips in proptest::collection::vec((0_usize..143_392, any::<u8>()), 0..8)) {
        let Some(mut bytes) = shared("twin/Example.dcm") else { return Ok(()) };
        for (at, value) in flips {
            // Half of them in the header, where they hurt.
            let at = if at % 2 == 0 { at % 9_000 } else { at };
            if let Some(b) = bytes.get_mut(at) { *b = value; }
        }
        for part in [&bytes[..], bytes.get(..cut).unwrap_or_default()] {
            if let Ok(d) = decode::decode(part, &Limits::default()) {
                let a = analyse(&d, "");
                let _ = draw::blob(&d, &a);
                let _ = draw::svg(&draw::layout(&d, &Paper::REPORT));
            }
        }
    }

    /// Arbitrary samples are measured without a panic.
    #[test]
    fn arbitrary_samples_never_panic(raw in proptest::collection::vec(-32_768_i32..32_767, 400..3_000), rate in 50_i64..1_100, leads in 1_usize..4) {
        let samples = raw.len();
        let lead = |n: u16| Lead { id: LeadId::Standard(n), label: String::new(), raw: raw.clone(), scale: Ratio::whole(2_500), offset: Ratio::ZERO, missing: vec![], rails: (-32_768, 32_767), derived: false };
        let leads = [1, 2, 5].into_iter().take(leads).map(lead).collect();
        let mut d = Document { groups: vec![Group { kind: GroupKind::Rhythm, derived: false, rate: Ratio::whole(rate), t0_ms: 0.0, samples, leads }], ..Document::default() };
        physics::check(&mut d);
        let a = analyse(&d, "third");
        let _ = draw::blob(&d, &a);
        let _ = draw::layout(&d, &Paper::REPORT);
    }
}
