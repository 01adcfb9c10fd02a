//! Philips files (rows 8, 9, 10 of ECG specification 15).

use super::*;

fn read(name: &str) -> Option<Document> {
    let bytes = shared(&format!("philips/{name}"))?;
    Some(decode::decode(&bytes, &Limits::default()).unwrap())
}

fn check(d: &Document, values: &[(&str, f64)]) {
    let v = vendor(d);
    for (what, number) in values {
        assert!(v.contains(&((*what).into(), *number)), "{what}: {v:?}");
    }
}

#[test]
fn version_1_03_of_a_defibrillator() {
    let Some(d) = read("129DYPRG.XML") else { return };
    let r = d.rhythm().unwrap();
    assert_eq!((d.source, d.format.as_str()), (Format::Philips, "Philips XML 1.03"));
    assert_eq!((r.leads.len(), r.samples, r.rate.to_f64()), (12, 5_500, 500.0));
    assert_eq!(uv(r, 1, 6), [240.0, 220.0, 200.0, 170.0, 155.0, 140.0]);
    assert_eq!(uv(r, 2, 6), [585.0, 575.0, 555.0, 535.0, 525.0, 515.0]);
    check(&d, &[("hr", 41.0), ("pr", 151.0), ("qrs", 135.0), ("qt", 476.0), ("axis_qrs", -21.0)]);
    assert_eq!((d.acquired.as_str(), d.device.model.as_str()), ("20111201072734", "HeartstartMRx"));
    assert_eq!((d.filters.as_str(), d.high_hz, d.subject.sex.as_str()), ("0.05-150 Hz", Some(150.0), "M"));
    assert!(d.statements.iter().any(|s| s == "Sinus bradycardia (rate< 50)"), "{:?}", d.statements);
    assert!(d.statements.iter().any(|s| s == "ECG OK"));
    assert!(d.warnings.is_empty(), "{:?}", d.warnings);
}

#[test]
fn version_1_04_01_in_utf_16() {
    let Some(d) = read("2020-5-18_15-48-11.xml") else { return };
    let (r, m) = (d.rhythm().unwrap(), d.median().unwrap());
    assert_eq!(uv(r, 1, 6), [-10.0, -5.0, 0.0, -5.0, -5.0, -15.0]);
    assert_eq!(uv(r, 2, 4), [695.0, 685.0, 670.0, 645.0]);
    assert_eq!((m.leads.len(), m.samples, m.rate.to_f64()), (12, 1_200, 1_000.0));
    assert_eq!(uv(m, 2, 4), [10.0, 9.0, 9.0, 10.0]);
    check(
        &d,
        &[("hr", 64.0), ("pr", 164.0), ("qrs", 102.0), ("qt", 399.0), ("qtcb", 412.0), ("qtcf", 408.0)],
    );
    let mark = |what| d.fiducials.iter().find(|f| f.what == what).unwrap().sample;
    assert_eq!(["p_on", "p_off", "qrs_on", "qrs_off", "t_off"].map(mark), [341, 445, 505, 607, 904]);
    assert_eq!((d.device.serial.as_str(), d.subject.birth_date.as_str()), ("US71621374", "19510101"));
    assert!(d.statements.iter().any(|s| s == "Poor ECG, retry if possible"));
    let a = analyse(&d, "");
    assert!((server(&a, "hr").unwrap() - 64.0).abs() <= 2.0, "{:?}", a.measured.values);
}

#[test]
fn a_cut_or_damaged_file_gives_a_reason() {
    let Some(bytes) = shared("philips/129DYPRG.XML") else { return };
    for length in (0..bytes.len()).step_by(97) {
        assert!(decode::decode(&bytes[..length], &Limits::default()).is_err(), "{length}");
    }
    let mut bytes = bytes;
    for at in (0..bytes.len()).step_by(61) {
        let before = bytes[at];
        bytes[at] ^= 0x11;
        if let Err(refusal) = decode::decode(&bytes, &Limits::default()) {
            assert!(!refusal.reason.is_empty());
        }
        bytes[at] = before;
    }
}
