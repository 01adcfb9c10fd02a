//! One recording in three formats (rows 2, 3, 5, 22 of ECG specification 15).

use super::*;

fn three() -> Option<[Document; 3]> {
    let files = [shared("twin/Example.dcm")?, shared("twin/Example.scp")?, shared("twin/Example.xml")?];
    Some(files.map(|bytes| decode::decode(&bytes, &Limits::default()).unwrap()))
}

#[test]
fn all_three_formats_give_the_same_microvolts() {
    let Some(all) = three() else { return };
    assert_eq!(all.each_ref().map(|d| d.source), [Format::Dicom, Format::Scp, Format::Aecg]);
    let [dicom, ..] = &all;
    for d in &all {
        let (a, b) = (dicom.rhythm().unwrap(), d.rhythm().unwrap());
        assert_eq!((b.rate.to_f64(), b.samples, b.leads.len()), (500.0, 5_000, 12));
        for lead in &a.leads {
            let other = b.lead(&lead.id).unwrap();
            for i in 0..a.samples {
                assert_eq!(lead.nv(i), other.nv(i), "{} {} sample {i}", d.format, lead.id);
            }
        }
        // The beat may be one sample shorter than that of DICOM, whose last sample is missing.
        let (a, b) = (dicom.median().unwrap(), d.median().unwrap());
        for lead in &a.leads {
            let other = b.lead(&lead.id).unwrap();
            assert!((0..599).all(|i| lead.nv(i) == other.nv(i)), "{} {}", d.format, lead.id);
            assert_eq!(other.nv(599), None);
        }
        let known = ["defect", "annotations_of_person"];
        assert!(d.warnings.iter().all(|w| known.contains(&w.code)), "{} {:?}", d.format, d.warnings);
    }
}

#[test]
fn all_three_formats_name_the_same_person_time_and_values() {
    let Some(all) = three() else { return };
    for d in &all {
        let s = &d.subject;
        let told = [&s.id, &s.name, &s.sex, &s.birth_date, &d.acquired].map(String::as_str);
        assert_eq!(told, ["SBJ-123", "Clark", "M", "19530508", "20021122091000"], "{}", d.format);
        assert!(d.device.model.contains("ELI250"), "{:?}", d.device);
        let v = vendor(d);
        for (what, number) in [
            ("pr", 148.0),
            ("qrs", 120.0),
            ("qt", 420.0),
            ("qtc", 443.0),
            ("axis_p", 44.0),
            ("axis_qrs", -61.0),
            ("axis_t", 86.0),
        ] {
            assert!(v.contains(&(what.into(), number)), "{} {what}: {v:?}", d.format);
        }
        let kind = |what, k| {
            let index = d.groups.iter().position(|g| g.kind == k).unwrap();
            d.fiducials
                .iter()
                .filter(|f| f.what == what && f.group == index)
                .map(|f| f.sample)
                .collect::<Vec<_>>()
        };
        // The writer of the DICOM file counted from 0 where the standard counts from 1.
        let from = usize::from(d.source == Format::Dicom);
        assert_eq!(kind("qrs_on", GroupKind::Median), [217 - from], "{}", d.format);
        assert_eq!(kind("t_off", GroupKind::Median), [427 - from], "{}", d.format);
    }
    let [_, _, aecg] = &all;
    assert_eq!((aecg.filters.as_str(), aecg.high_hz), ("< 150 Hz AC60", Some(150.0)));
    assert_eq!(aecg.device.maker, "Mortara Instrument, Inc.");
    assert!(aecg.statements.contains(&"Sinus Rhythm".to_owned()), "{:?}", aecg.statements);
}

#[test]
fn any_two_of_them_are_one_recording() {
    let Some(all) = three() else { return };
    let hash = all[0].waveform_sha256();
    for d in &all {
        assert_eq!(d.waveform_sha256(), hash, "{}", d.format);
        assert!(all.iter().all(|o| d.same_recording(o)));
    }
    // A conversion to a coarser unit changes the hash, not the recording.
    let mut coarse = all[0].clone();
    for lead in coarse.groups.iter_mut().flat_map(|g| &mut g.leads) {
        for v in &mut lead.raw {
            *v = (*v + v.signum()) / 2;
        }
        lead.scale = Ratio::whole(5_000);
    }
    assert_ne!(coarse.waveform_sha256(), hash);
    assert!(coarse.same_recording(&all[1]) && all[1].same_recording(&coarse));
    let changed = |f: &dyn Fn(&mut Document)| {
        let mut d = coarse.clone();
        f(&mut d);
        d.same_recording(&all[1])
    };
    assert!(!changed(&|d| d.subject.id = "SBJ-124".into()));
    assert!(!changed(&|d| d.acquired = "20021122091201".into()));
    assert!(changed(&|d| d.acquired = "20021122091159".into()));
    assert!(!changed(&|d| d.groups[0].leads[7].raw[4_000] += 3));
}

#[test]
fn a_scp_record_cut_anywhere_is_refused_with_the_person_who_was_read() {
    let Some(bytes) = shared("twin/Example.scp") else { return };
    for length in 0..bytes.len() {
        let refusal = decode::decode(&bytes[..length], &Limits::default()).unwrap_err();
        assert!(!refusal.reason.is_empty());
        assert_eq!(refusal.subject.id, if length >= 310 { "SBJ-123" } else { "" }, "{length}");
    }
}

#[test]
fn a_scp_byte_flipped_anywhere_is_noticed() {
    let Some(mut bytes) = shared("twin/Example.scp") else { return };
    let whole = decode::decode(&bytes, &Limits::default()).unwrap();
    let (mut refused, mut flagged) = (0, 0);
    // Every byte outside the two blocks of samples; inside them every byte when optimised, some of them otherwise.
    let step =
        |at: usize| if cfg!(debug_assertions) && matches!(at, 520..3_818 | 3_868..33_900) { 401 } else { 1 };
    let mut at = 0;
    while at < bytes.len() {
        let before = bytes[at];
        bytes[at] ^= 0xFF;
        match decode::decode(&bytes, &Limits::default()) {
            Err(refusal) => {
                assert!(!refusal.reason.is_empty());
                refused += 1;
            }
            Ok(d) => {
                assert!(d.warnings.iter().any(|w| w.code == "crc_mismatch"), "byte {at}");
                assert!(d.groups.iter().all(|g| g.leads.iter().all(|l| l.raw.len() == g.samples)));
                flagged += 1;
            }
        }
        bytes[at] = before;
        at += step(at);
    }
    eprintln!("flipped: {refused} refused, {flagged} flagged");
    assert!(refused > 100 && flagged > 100, "{refused} refused, {flagged} flagged");
    assert_eq!(decode::decode(&bytes, &Limits::default()).unwrap(), whole);
}
