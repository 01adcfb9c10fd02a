//! Formats without a public sample, written here from their descriptions.

use super::*;

fn read(bytes: &[u8]) -> Document {
    decode::decode(bytes, &Limits::default()).unwrap()
}

fn refused(bytes: &[u8]) -> Refusal {
    decode::decode(bytes, &Limits::default()).unwrap_err()
}

/// `text` on `width` places.
fn pad(text: &str, width: usize) -> Vec<u8> {
    format!("{text:<width$}").into_bytes()
}

fn healforce() -> Vec<u8> {
    let values: Vec<i32> = (0..600).map(|n| (n * 7 % 1_000) - 500).collect();
    let mut stream = Vec::new();
    for (k, four) in values.chunks(4).enumerate() {
        let v: Vec<u16> = four.iter().map(|v| (v + 512) as u16).collect();
        let mut words = [v[0], v[1], v[2]];
        for (i, w) in words.iter_mut().enumerate() {
            // The fourth sample: its upper two bits, four more, the lowest four.
            *w |= [v[3] >> 8 << 10 & 0x0C00, v[3] >> 4 << 10 & 0x3C00, v[3] << 10 & 0x3C00][i];
        }
        if k == 30 {
            words[1] |= 0x8000;
        }
        stream.extend(words.iter().flat_map(|w| w.to_le_bytes()));
    }
    let section = |id: u16, body: Vec<u8>| {
        let mut out = vec![0xAB, 0xCD];
        out.extend(id.to_le_bytes());
        out.extend((body.len() as u32 + 16).to_le_bytes());
        out.extend([0x0D, 0x0D, 0, 0, 0, 0, 0, 0]);
        [out, body].concat()
    };
    let tags =
        [&[2, 4, 0][..], b"H-7\0", &[25, 4, 0, 0x07, 0xE9, 3, 9], &[26, 3, 0, 12, 13, 14], &[255, 0, 0]]
            .concat();
    let six = [&[0, 0, 150, 0, 0, 0][..], &(stream.len() as u16).to_le_bytes(), &stream].concat();
    let made = [section(1, tags), section(2, vec![0x1F, 0x4E]), section(3, vec![3, 0]), section(6, six)];
    let table_length = 16 + 10 * 5;
    let mut at = 6 + table_length;
    let mut zero = section(0, Vec::new());
    zero[4..8].copy_from_slice(&(table_length as u32).to_le_bytes());
    zero.extend([0, 0]);
    zero.extend((table_length as u32).to_le_bytes());
    zero.extend(6_u32.to_le_bytes());
    for s in &made {
        zero.extend(&s[2..4]);
        zero.extend((s.len() as u32).to_le_bytes());
        zero.extend((at as u32).to_le_bytes());
        at += s.len();
    }
    let mut out = vec![0x12, 0x34, 0, 0];
    out.extend((at as u16).to_le_bytes());
    out.extend(zero);
    out.extend(made.concat());
    out.extend([0; 40]);
    out
}

#[test]
fn a_healforce_record_has_channels_without_names() {
    let bytes = healforce();
    let d = read(&bytes);
    assert_eq!(
        (d.source, d.subject.id.as_str(), d.acquired.as_str()),
        (Format::Healforce, "H-7", "20250309121314")
    );
    let r = d.rhythm().unwrap();
    assert_eq!((r.rate.to_f64(), r.samples), (150.0, 200));
    let names: Vec<String> = r.leads.iter().map(|l| l.id.to_string()).collect();
    assert_eq!(names, ["Ch 1", "Ch 2", "Ch 3"]);
    assert!(r.leads.iter().all(|l| l.id.number().is_none()));
    for (k, lead) in r.leads.iter().enumerate() {
        for i in 0..200 {
            let value = (((3 * i + k) * 7 % 1_000) as i64 - 500) * 10_000;
            assert_eq!(lead.nv(i), Some(value), "lead {k} sample {i}");
        }
    }
    assert_eq!(d.fiducials.iter().map(|f| f.sample).collect::<Vec<_>>(), [40]);
    keep("ecg_healforce", "three", &bytes);
    for length in 0..bytes.len() - 40 {
        assert!(!refused(&bytes[..length]).reason.is_empty(), "{length}");
    }
}

fn edf(plus: bool, ecg: bool) -> Vec<u8> {
    let mut head = b"0       ".to_vec();
    head.extend(pad(if plus { "MCH-0234567 F 02-MAY-1951 Haagse_Harry" } else { "Harry" }, 80));
    head.extend(pad("Startdate 02-MAR-2002 X X Recorder_9", 80));
    head.extend(pad("02.03.02", 8));
    head.extend(pad("09.07.05", 8));
    let names = [if ecg { "ECG II" } else { "EEG Fpz" }, "ECG V1", "Resp chest", "SaO2"];
    let names: Vec<&str> = names.into_iter().filter(|n| ecg || !n.starts_with("ECG")).collect();
    let per = [500, 500, 25, 1];
    head.extend(pad(&(256 * (names.len() + 1)).to_string(), 8));
    head.extend(pad(if plus { "EDF+C" } else { "" }, 44));
    head.extend(pad("10", 8));
    head.extend(pad("1", 8));
    head.extend(pad(&names.len().to_string(), 4));
    let columns: [(usize, &dyn Fn(usize) -> String); 10] = [
        (16, &|k| names[k].to_owned()),
        (80, &|_| "electrode".to_owned()),
        (8, &|k| ["mV", "uV", "", "%"][k].to_owned()),
        (8, &|k| ["-5", "-3276.8", "-1", "0"][k].to_owned()),
        (8, &|k| ["5", "3276.7", "1", "100"][k].to_owned()),
        (8, &|k| ["-2048", "-32768", "-2048", "0"][k].to_owned()),
        (8, &|k| ["2048", "32767", "2047", "100"][k].to_owned()),
        (80, &|_| "HP:0.05Hz LP:150Hz N:50Hz".to_owned()),
        (8, &|k| per[k].to_string()),
        (32, &|_| String::new()),
    ];
    for (width, text) in columns {
        (0..names.len()).for_each(|k| head.extend(pad(&text(k), width)));
    }
    for record in 0..10 {
        for (k, _) in names.iter().enumerate() {
            head.extend((0..per[k]).flat_map(|i| (((record * per[k] + i) % 200) as i16 - 100).to_le_bytes()));
        }
    }
    head
}

#[test]
fn only_ecg_signals_of_an_edf_file_are_leads() {
    for plus in [false, true] {
        let bytes = edf(plus, true);
        let d = read(&bytes);
        let r = d.rhythm().unwrap();
        assert_eq!((d.source, r.rate.to_f64(), r.samples, r.leads.len()), (Format::Edf, 500.0, 5_000, 2));
        let two = r.lead(&LeadId::Standard(2)).unwrap();
        // 10 mV over 4096 steps, 0 at 0: exactly 2441.40625 nV.
        assert_eq!((two.scale, two.offset), (Ratio::new(78_125, 32).unwrap(), Ratio::ZERO));
        assert_eq!((two.nv(0), two.nv(100), two.nv(101)), (Some(-244_141), Some(0), Some(2_441)));
        let one = r.lead(&LeadId::Standard(3)).unwrap();
        assert_eq!((one.scale, one.nv(101)), (Ratio::whole(100), Some(100)));
        assert_eq!((d.filters.as_str(), d.high_hz), ("0.05-150 Hz AC50", Some(150.0)));
        assert_eq!(d.acquired, "20020302090705");
        let others: Vec<&str> = d
            .groups
            .iter()
            .filter(|g| g.kind == GroupKind::Other)
            .map(|g| g.leads[0].label.as_str())
            .collect();
        assert_eq!(others, ["Resp chest", "SaO2"]);
        assert!(
            d.warnings.iter().any(|w| w.code == "signals_not_ecg" && w.text_en.contains("Resp chest, SaO2"))
        );
        if plus {
            let s = &d.subject;
            let told = [&s.id, &s.name, &s.sex, &s.birth_date].map(String::as_str);
            assert_eq!(told, ["MCH-0234567", "Haagse Harry", "F", "19510502"]);
            assert_eq!(d.device.model, "Recorder 9");
        }
        assert!(refused(&bytes[..bytes.len() - 1]).reason.contains("10 records"));
        let mut short = bytes[..256 * 5 + 2 * 1_026 * 2].to_vec();
        short[236] = b'2';
        short[237] = b' ';
        assert_eq!(read(&short).rhythm().unwrap().samples, 1_000);
        keep("ecg_edf", if plus { "plus" } else { "plain" }, &short);
    }
    let none = refused(&edf(false, false));
    assert!(none.stage == "lead" && none.reason.contains("EEG Fpz"), "{none}");
}

fn ishne() -> Vec<u8> {
    let mut head = vec![0; 512];
    let mut put = |at: usize, bytes: &[u8]| head[at - 10..at - 10 + bytes.len()].copy_from_slice(bytes);
    put(14, &1_000_u32.to_le_bytes());
    put(18, &522_u32.to_le_bytes());
    put(22, &522_u32.to_le_bytes());
    put(28, b"Ann");
    put(68, b"Smith");
    put(108, b"H-1");
    put(128, &[2, 0]);
    put(138, &[7_i16, 3, 2024].map(i16::to_le_bytes).concat());
    put(150, &[23_i16, 1, 2].map(i16::to_le_bytes).concat());
    put(156, &[2, 0]);
    put(158, &[6_i16, 15].map(i16::to_le_bytes).concat());
    put(206, &[2_500_i16, 5_000].map(i16::to_le_bytes).concat());
    put(272, &200_i16.to_le_bytes());
    let mut sum = 0xFFFF_u16;
    for byte in &head {
        sum ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            sum = if sum & 0x8000 == 0 { sum << 1 } else { (sum << 1) ^ 0x1021 };
        }
    }
    let samples = (0..1_000_i16).flat_map(|i| [i - 500, 500 - i]).flat_map(i16::to_le_bytes);
    [b"ISHNE1.0".to_vec(), sum.to_le_bytes().to_vec(), head, samples.collect()].concat()
}

#[test]
fn a_holter_of_two_leads() {
    let bytes = ishne();
    let d = read(&bytes);
    let r = d.rhythm().unwrap();
    assert_eq!((d.source, r.rate.to_f64(), r.samples), (Format::Ishne, 200.0, 1_000));
    assert_eq!((uv(r, 2, 2), uv(r, 7, 2)), (vec![-1_250.0, -1_247.5], vec![2_500.0, 2_495.0]));
    let told = [&d.subject.name, &d.subject.id, &d.subject.sex, &d.acquired].map(String::as_str);
    assert_eq!(told, ["Smith^Ann", "H-1", "F", "20240307230102"]);
    assert!(!d.warnings.iter().any(|w| w.code == "crc_mismatch"));
    let mut flipped = bytes.clone();
    flipped[70] ^= 1;
    assert!(read(&flipped).warnings.iter().any(|w| w.code == "crc_mismatch"));
    assert!(refused(&bytes[..2_000]).reason.contains("1000 samples declared"));
    // Some writers count the samples of all leads.
    let mut whole = bytes.clone();
    whole[14..18].copy_from_slice(&2_000_u32.to_le_bytes());
    assert_eq!(read(&whole).rhythm().unwrap().samples, 1_000);
    keep("ecg_ishne", "two", &bytes[..522 + 4_000]);
}

fn muse(extra: &str, crc: bool, count: i32) -> Vec<u8> {
    use base64::Engine as _;
    let lead = |id: &str, k: i32, count: i32, late: i32| {
        let bytes: Vec<u8> = (0..count).flat_map(|i| ((i * k % 400) as i16).to_le_bytes()).collect();
        let mut sum = flate2::Crc::new();
        sum.update(&bytes);
        let sum = if crc { sum.sum() } else { 7 };
        let text = base64::engine::general_purpose::STANDARD.encode(&bytes);
        let text = text
            .as_bytes()
            .chunks(76)
            .map(|c| String::from_utf8_lossy(c).into_owned())
            .collect::<Vec<_>>()
            .join("\r\n");
        format!(
            "<LeadData><LeadByteCountTotal>{}</LeadByteCountTotal><LeadSampleCountTotal>{count}</LeadSampleCountTotal>\
             <LeadAmplitudeUnitsPerBit>4.88</LeadAmplitudeUnitsPerBit><LeadAmplitudeUnits>MICROVOLTS</LeadAmplitudeUnits>\
             <LeadHighLimit>32767</LeadHighLimit><LeadLowLimit>-32768</LeadLowLimit><LeadID>{id}</LeadID>\
             <LeadOffsetFirstSample>{late}</LeadOffsetFirstSample><LeadSampleSize>2</LeadSampleSize>\
             <LeadDataCRC32>{sum}</LeadDataCRC32><WaveFormData>\n{text}\n</WaveFormData></LeadData>",
            bytes.len()
        )
    };
    let wave = |kind: &str, count: i32| {
        let leads: String = ["I", "II", "V1", "V2", "V3", "V4", "V5", "V6"]
            .iter()
            .enumerate()
            .map(|(k, id)| lead(id, k as i32 + 1, count, 0))
            .collect();
        format!(
            "<Waveform><WaveformType>{kind}</WaveformType><SampleType>CONTINUOUS_SAMPLES</SampleType><SampleBase>500</SampleBase>\
             <SampleExponent>0</SampleExponent><HighPassFilter>16</HighPassFilter><LowPassFilter>150</LowPassFilter>\
             <ACFilter>50</ACFilter>{leads}</Waveform>"
        )
    };
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<!DOCTYPE RestingECG SYSTEM \"restecg.dtd\"{extra}>\n<RestingECG>\
         <PatientDemographics><PatientID>0017</PatientID><Gender>FEMALE</Gender><DateofBirth>12-31-1949</DateofBirth>\
         <PatientLastName>M\u{fc}ller</PatientLastName><PatientFirstName>Eva</PatientFirstName></PatientDemographics>\
         <TestDemographics><AcquisitionDevice>MAC55</AcquisitionDevice><AcquisitionTime>07:08:09</AcquisitionTime>\
         <AcquisitionDate>03-25-2021</AcquisitionDate></TestDemographics>\
         <RestingECGMeasurements><VentricularRate>71</VentricularRate><PRInterval>150</PRInterval><QRSDuration>92</QRSDuration>\
         <QTInterval>390</QTInterval><QTCorrected>424</QTCorrected><PAxis>50</PAxis><RAxis>-12</RAxis><TAxis>40</TAxis>\
         <QOnset>220</QOnset><QOffset>266</QOffset><ECGSampleBase>500</ECGSampleBase></RestingECGMeasurements>\
         <Diagnosis><DiagnosisStatement><StmtFlag>ENDSLINE</StmtFlag><StmtText>Sinus rhythm</StmtText></DiagnosisStatement>\
         <DiagnosisStatement><StmtText>with 1st degree</StmtText></DiagnosisStatement>\
         <DiagnosisStatement><StmtText>A-V block &amp; more</StmtText><StmtFlag>ENDSLINE</StmtFlag></DiagnosisStatement></Diagnosis>\
         {}{}</RestingECG>",
        wave("Median", 60),
        wave("Rhythm", count)
    );
    // Latin-1 as declared.
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

#[test]
fn a_muse_file_has_eight_leads_and_four_that_follow() {
    let bytes = muse("", true, 5_000);
    let d = read(&bytes);
    let (r, m) = (d.rhythm().unwrap(), d.median().unwrap());
    assert_eq!(
        (d.source, r.rate.to_f64(), r.samples, r.leads.len(), m.samples),
        (Format::Muse, 500.0, 5_000, 12, 60)
    );
    assert_eq!(r.leads.iter().filter(|l| l.derived).count(), 4);
    let nv = |n, i| r.lead(&LeadId::Standard(n)).unwrap().nv(i).unwrap();
    assert_eq!(
        (nv(1, 3), nv(2, 3), nv(61, 3), nv(62, 3), nv(8, 3)),
        (14_640, 29_280, 14_640, -21_960, 117_120)
    );
    let s = &d.subject;
    let told = [&s.id, &s.name, &s.sex, &s.birth_date, &d.acquired].map(String::as_str);
    assert_eq!(told, ["0017", "Müller^Eva", "F", "19491231", "20210325070809"]);
    let v = vendor(&d);
    for (what, number) in
        [("hr", 71.0), ("pr", 150.0), ("qrs", 92.0), ("qt", 390.0), ("qtc", 424.0), ("axis_qrs", -12.0)]
    {
        assert!(v.contains(&(what.into(), number)), "{what} {v:?}");
    }
    assert_eq!(d.statements, ["Sinus rhythm", "with 1st degree A-V block & more"]);
    assert_eq!((d.filters.as_str(), d.high_hz), ("0.16-150 Hz AC50", Some(150.0)));
    assert!(d.warnings.is_empty(), "{:?}", d.warnings);
    assert!(d.fiducials.is_empty(), "marks behind the end of the median are not taken");
    assert!(read(&muse("", false, 5_000)).warnings.iter().any(|w| w.code == "crc_mismatch"));
    keep("ecg_muse", "eight", &muse("", true, 60));
}

#[test]
fn a_dtd_with_declarations_an_entity_and_a_deep_document_are_refused() {
    let refusal = refused(&muse(" [<!ENTITY a \"b\">]", true, 10));
    assert!(refusal.reason.contains("DTD"), "{refusal}");
    let text = |body: &str| format!("<RestingECG>{body}</RestingECG>").into_bytes();
    assert!(refused(&text("<a>&evil;</a>")).reason.contains("entity"));
    assert!(refused(&text("<a b='&evil;'/>")).reason.contains("attribute"));
    let deep = refused(&text(&format!("{}{}", "<a>".repeat(100), "</a>".repeat(100))));
    assert_eq!((deep.stage, deep.offset), ("limit", Some(201)));
    assert!(refused(&text("<a></b>")).reason.contains("well-formed"));
    assert!(refused(b"<RestingECG><a>").reason.contains("ends inside"));
    assert!(refused(&text("")).reason.contains("no waveform"));
    let small = Limits { text: 100, ..Limits::default() };
    let long = text(&format!("<a>{}</a>", "x".repeat(101)));
    assert_eq!(decode::decode(&long, &small).unwrap_err().stage, "limit");
}

#[test]
fn a_pdf_is_a_document_without_samples() {
    let d = read(b"%PDF-1.4\n1 0 obj");
    assert_eq!((d.source, d.groups.len()), (Format::Pdf, 0));
    assert!(d.warnings.iter().any(|w| w.code == "no_waveform"));
    let a = analyse(&d, "");
    assert!(
        a.measured.values.is_empty() && a.quality.reasons.iter().any(|r| r.code == "no_waveform"),
        "{:?}",
        a.quality
    );
}
