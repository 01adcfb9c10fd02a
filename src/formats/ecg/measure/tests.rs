//! Real recordings: the twin of the shared data and, when present, the sample of pydicom.
use crate::ecg::decode::{Limits, decode};
use crate::ecg::draw::{Layout, layout, page, render};
use crate::ecg::measure::measure;
use crate::ecg::{EcgDocument, GroupKind, LeadId};

fn shared(name: &str) -> Option<Vec<u8>> {
    let root = std::env::var("YIGONG_SHARED").unwrap_or_else(|_| format!("{}/../../../shared", env!("CARGO_MANIFEST_DIR")));
    let bytes = std::fs::read(format!("{root}/{name}")).ok();
    if bytes.is_none() {
        println!("SKIPPED: {name} is not in the shared folder");
    }
    bytes
}

fn first(d: &EcgDocument, code: u16, n: usize) -> Vec<f64> {
    let lead = d.rhythm().unwrap().lead(code).unwrap();
    (0..n).map(|i| lead.microvolts(i).unwrap()).collect()
}

fn number(values: &[crate::ecg::Value], what: &str) -> f64 {
    values.iter().find(|v| v.what == what).and_then(|v| v.number).unwrap_or(f64::NAN)
}

#[test]
fn twin_example_decodes_to_the_unit() {
    let Some(bytes) = shared("data/ecg/twin/Example.dcm") else { return };
    let d = decode(&bytes, &Limits::default()).unwrap();
    let group = d.rhythm().unwrap();
    assert_eq!(group.rate.to_f64(), 500.0);
    assert_eq!(first(&d, 1, 5), [-5.0, -5.0, -5.0, -5.0, -7.5]);
    assert_eq!(first(&d, 3, 5), [107.5; 5]);
    assert_eq!(first(&d, 8, 5), [-22.5, -17.5, -12.5, -7.5, -2.5]);
    let sum = |code: u16| first(&d, code, group.samples).iter().sum::<f64>();
    assert_eq!((sum(1), sum(4)), (-12_302.5, -6_620.0));
    assert!(group.leads.iter().all(|l| l.missing.is_empty()), "no gap in the rhythm group");
    let median = d.groups.iter().find(|g| g.kind == GroupKind::Median).unwrap();
    assert!(median.leads.iter().all(|l| l.missing == [(599, 600)] || l.derived));
    assert!(!d.warnings.iter().any(|w| w.code == "lead_map_or_skew"), "{:?}", d.warnings);
    assert_eq!(["pr", "qrs", "qt", "qtcb", "axis_p", "axis_qrs", "axis_t"].map(|w| number(&d.measurements, w)), [148.0, 120.0, 420.0, 443.0, 44.0, -61.0, 86.0]);
    let a = measure(&d, &[]);
    println!("server {:?}", a.values.iter().take(9).map(|v| (v.what.clone(), v.number)).collect::<Vec<_>>());
    println!("beats {:?}", a.beats_ms);
    assert!((number(&a.values, "hr") - 67.0).abs() <= 5.0);
    assert!((number(&a.values, "qrs") - 120.0).abs() <= 20.0);
    assert!((number(&a.values, "qt") - 420.0).abs() <= 30.0);
    assert!((number(&a.values, "axis_qrs") + 61.0).abs() <= 15.0);
}

#[test]
fn pydicom_example_when_given() {
    let Ok(path) = std::env::var("YIGONG_PYDICOM_ECG") else {
        println!("SKIPPED: YIGONG_PYDICOM_ECG does not name waveform_ecg.dcm");
        return;
    };
    let d = decode(&std::fs::read(path).unwrap(), &Limits::default()).unwrap();
    assert_eq!(d.rhythm().unwrap().samples, 10_000);
    assert_eq!(d.rhythm().unwrap().leads.len(), 12);
    assert_eq!(d.groups[1].samples, 1200);
    assert_eq!(first(&d, 1, 5), [100.0, 81.25, 62.5, 43.75, 46.25]);
    assert_eq!(first(&d, 2, 5), [112.5, 106.25, 100.0, 93.75, 96.25]);
    assert_eq!(first(&d, 61, 5), [12.5, 25.0, 37.5, 50.0, 50.0]);
    assert_eq!(["pr", "qrs", "qt", "qtcb", "axis_p", "axis_qrs", "axis_t"].map(|w| number(&d.measurements, w)), [161.0, 75.0, 368.0, 370.0, 74.0, 52.0, 57.0]);
    assert_eq!(d.rhythm().unwrap().filters(), "0.05-300 Hz");
    let a = measure(&d, &[]);
    println!("server {:?}", a.values.iter().take(9).map(|v| (v.what.clone(), v.number)).collect::<Vec<_>>());
    assert!((number(&a.values, "hr") - 61.0).abs() <= 1.0);
}

#[test]
fn garbage_and_truncation_never_panic() {
    assert!(decode(b"", &Limits::default()).is_err());
    assert!(decode(b"%PDF-1.7", &Limits::default()).unwrap_err().reason.contains("PDF"));
    let Some(bytes) = shared("data/ecg/twin/Example.dcm") else { return };
    for n in (0..bytes.len()).step_by(3_571) {
        let _ = decode(&bytes[..n], &Limits::default());
        let mut flipped = bytes.clone();
        flipped[n] ^= 0xFF;
        let _ = decode(&flipped, &Limits::default()).map(|d| measure(&d, &[]));
    }
}

#[test]
fn one_millivolt_one_second_is_exact() {
    use crate::ecg::{Group, Lead, Ratio};
    let raw = (0..5000).map(|i| if i == 500 { 1000 } else { 0 }).collect();
    let lead = Lead { id: LeadId::Code(2), raw, scale: Ratio { num: 1000, den: 1 }, offset: Ratio::ZERO, missing: Vec::new(), saturated: Vec::new(), band: [None; 3], derived: false };
    let group = Group { kind: GroupKind::Rhythm, rate: Ratio { num: 500, den: 1 }, samples: 5000, leads: vec![lead] };
    let d = EcgDocument { groups: vec![group], ..EcgDocument::default() };
    let drawing = layout(&d, &Layout { format: crate::ecg::draw::Format::TwelveByOne, ..Layout::default() });
    let wave = &drawing.waves[0];
    assert_eq!(wave[500].0 - wave[0].0, 2500, "25.00 mm a second");
    assert_eq!(wave[0].1 - wave[500].1, 1000, "10.00 mm a millivolt");
    assert!(render(&drawing).contains("viewBox=\"0 0 27000"));
    let blob = page(&d, &measure(&d, &[]));
    let head = u32::from_le_bytes([blob[0], blob[1], blob[2], blob[3]]) as usize;
    assert!(serde_json::from_slice::<serde_json::Value>(&blob[4..4 + head]).is_ok());
    assert!(blob.len() >= 4 + head + 10_000);
}
