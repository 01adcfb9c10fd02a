//! Exports read back: the same samples, the same hash, the values with their names.

use super::*;
use crate::ecg::model::{Source, Subject};
use crate::ecg::write::{self, Export};

fn export<'a>(a: &'a Analysis) -> Export<'a> {
    Export {
        study: "2.25.329800735698586629295641978511506172918",
        series: "2.25.329800735698586629295641978511506172919",
        instance: "2.25.329800735698586629295641978511506172920",
        accession: "A1",
        written: "20260102030405",
        original_sha256: "00ff",
        institution: "县人民医院",
        measured: Some(&a.measured),
        values: &a.measured.values,
        ..Export::default()
    }
}

fn sources() -> Vec<(&'static str, Document)> {
    let mut out = Vec::new();
    for (name, bytes) in [("twin", shared("twin/Example.dcm")), ("mortara", pydicom())] {
        out.extend(bytes.map(|b| (name, decode::decode(&b, &Limits::default()).unwrap())));
    }
    out.extend(ludb::record(1).map(|mut d| {
        d.acquired = "20200101080000.5+0800".into();
        ("ludb", d)
    }));
    out
}

#[test]
fn a_dicom_export_reads_back_with_the_same_hash_and_our_values() {
    for (name, d) in sources() {
        let a = analyse(&d, "");
        let lines = ["窦性心律".to_owned()];
        let file = write::dicom(&d, &Export { statements: &lines, ..export(&a) }).unwrap();
        if let Some(folder) = std::env::var_os("YIGONG_KEEP_DRAWINGS") {
            std::fs::write(PathBuf::from(folder).join(format!("{name}.dcm")), &file).unwrap();
        }
        let back = decode::decode(&file, &Limits::default()).unwrap();
        assert_eq!(back.format, "DICOM 12-lead ECG");
        assert_eq!(back.waveform_sha256(), d.waveform_sha256(), "{name}");
        assert_eq!(back.warnings, vec![], "{name}");
        assert_eq!(back.filters, d.filters);
        let (r, m) = (back.rhythm().unwrap(), back.median().unwrap());
        assert_eq!((r.leads.len(), m.leads.len(), m.derived), (12, 12, true));
        assert!(r.leads.iter().all(|l| !l.derived), "{name}: a derived lead was left out");
        for l in &d.rhythm().unwrap().leads {
            let again = r.lead(&l.id).unwrap();
            assert!((0..l.raw.len()).all(|i| l.nv(i) == again.nv(i)), "{name} {}", l.id);
        }
        for what in ["hr", "qrs", "qt", "axis_qrs", "qtcf", "qtcb"] {
            let one = |v: &[Value]| v.iter().find(|v| v.what == what).and_then(|v| v.number);
            assert_eq!(one(&back.values), one(&a.measured.values), "{name} {what}");
        }
        let mark = |what: &str| {
            back.fiducials
                .iter()
                .find(|f| f.what == what && back.groups[f.group].kind == GroupKind::Median)
                .map(|f| f.sample)
        };
        assert_eq!(mark("qrs_on"), a.measured.marks.qrs.map(|q| q.0));
        assert_eq!(mark("t_off"), a.measured.marks.t_off);
        let peaks = back.fiducials.iter().filter(|f| f.what == "r").count();
        assert_eq!(peaks, a.measured.beats.len(), "{name}");
        assert!(back.statements.contains(&lines[0]));
    }
}

#[test]
fn a_gap_stays_a_gap_and_what_16_bits_cannot_hold_goes_into_32() {
    let mut d = square(500);
    d.acquired = "20260101000000".into();
    let leads = &mut d.groups[0].leads;
    leads[6].missing = vec![(100, 200)];
    let a = analyse(&d, "");
    let back = decode::decode(&write::dicom(&d, &export(&a)).unwrap(), &Limits::default()).unwrap();
    let v1 = back.rhythm().unwrap().lead(&LeadId::Standard(3)).unwrap();
    assert_eq!(v1.missing, vec![(100, 200)]);
    // A gap cannot be written as aECG; no sample may be invented for it.
    assert!(write::aecg(&d, &export(&a)).unwrap_err().to_string().contains("V1"));
    // 1/3 µV a unit has no decimal text.
    let mut d = square(500);
    d.acquired = "20260101000000".into();
    for l in &mut d.groups[0].leads {
        l.scale = Ratio::new(1_000, 3).unwrap();
    }
    let back = decode::decode(&write::dicom(&d, &export(&a)).unwrap(), &Limits::default()).unwrap();
    assert_eq!(
        (back.format.as_str(), back.waveform_sha256()),
        ("DICOM General 32-bit ECG", d.waveform_sha256())
    );
    d.acquired.clear();
    assert!(write::dicom(&d, &export(&a)).is_err(), "a time was made up");
    d.groups.clear();
    assert!(write::dicom(&d, &export(&a)).is_err() && write::aecg(&d, &export(&a)).is_err());
}

#[test]
fn an_aecg_export_carries_every_sample_value_and_source() {
    for (name, d) in sources() {
        let a = analyse(&d, "");
        let mut values = a.measured.values.clone();
        values.push(Value { what: "pr".into(), number: Some(162.5), unit: "ms", source: Source::Physician });
        let person = Subject {
            id: "P<1>".into(),
            name: "张 & 王".into(),
            sex: "女".into(),
            birth_date: "19530508".into(),
        };
        let file =
            write::aecg(&d, &Export { values: &values, subject: Some(&person), ..export(&a) }).unwrap();
        if let Some(folder) = std::env::var_os("YIGONG_KEEP_DRAWINGS") {
            std::fs::write(PathBuf::from(folder).join(format!("{name}.xml")), &file).unwrap();
        }
        let back = decode::decode(&file, &Limits::default()).unwrap();
        assert_eq!(back.waveform_sha256(), d.waveform_sha256(), "{name}");
        assert_eq!((back.subject.id.as_str(), back.acquired.get(..14)), ("P<1>", d.acquired.get(..14)));
        // The physician's value is told, not taken over as the recorder's.
        assert_eq!(
            back.warnings.iter().map(|w| w.code).collect::<Vec<_>>(),
            ["annotations_of_person"],
            "{name}"
        );
        let median = back.median().unwrap();
        assert_eq!((median.leads.len(), median.samples), (12, a.measured.median.len()));
        let value = |v: &[Value], what: &str| v.iter().find(|v| v.what == what).and_then(|v| v.number);
        for what in ["hr", "qrs", "qt", "axis_qrs"] {
            assert_eq!(value(&back.values, what), value(&a.measured.values, what), "{name} {what}");
        }
        let text = String::from_utf8(file).unwrap();
        assert!(text.contains("P&lt;1&gt;") && text.contains("张 &amp; 王"));
        assert_eq!(text.matches("<digits>").count(), 24, "{name}");
        assert!(text.contains(r#"<value xsi:type="PQ" value="162.5" unit="ms"/>"#));
        // Lead I of the rhythm, word by word.
        let at = text.find(r#"code="MDC_ECG_LEAD_I""#).unwrap();
        let after = |key: &str| {
            let from = at + text[at..].find(key).unwrap() + key.len();
            &text[from..from + text[from..].find(['"', '<']).unwrap()]
        };
        let scale =
            Ratio::from_decimal(after(r#"<scale value=""#)).unwrap().times(Ratio::whole(1_000)).unwrap();
        let lead = d.rhythm().unwrap().lead(&LeadId::Standard(1)).unwrap();
        let digits: Vec<i64> = after("<digits>").split(' ').map(|w| w.parse().unwrap()).collect();
        assert_eq!(digits.len(), lead.raw.len());
        assert!(digits.iter().enumerate().all(|(i, n)| Some(scale.scale(*n)) == lead.nv(i)));
    }
}
