//! A recording as DICOM 12-lead ECG waveform (PS3.3 §A.34.3) with the measurements of the imagined cart.

use super::dipole::{RATE, Rhythm, SAMPLES, record};
use crate::object::{Exam, Series, seed};
use yigong_formats::dicom::build::{DataSet, part10};

/// 12-lead ECG Waveform Storage.
pub const SOP_CLASS: &str = "1.2.840.10008.5.1.4.1.1.9.1.1";
const LEADS: [(u16, &str); 12] = [
    (1, "I"),
    (2, "II"),
    (61, "III"),
    (62, "aVR"),
    (63, "aVL"),
    (64, "aVF"),
    (3, "V1"),
    (4, "V2"),
    (5, "V3"),
    (6, "V4"),
    (7, "V5"),
    (8, "V6"),
];

/// The recording of `exam` as a Part-10 file.
pub fn waveform(exam: &Exam, rhythm: Rhythm) -> Vec<u8> {
    let series = Series {
        modality: "ECG",
        sop_class: SOP_CLASS,
        number: 1,
        description: ("十二导联心电图", "12-LEAD ECG"),
        body_part: "HEART",
        device: ("Synthetic", "Phantom-ECG 12"),
    };
    let recording = record(seed(&exam.seed), rhythm);
    let mut d = exam.start(&series, 1);
    d.put_text(0x0008_002A, b"DT", &format!("{}{}", exam.at.0, exam.at.1)).put_items(0x0040_0555, Vec::new());
    let mut notes = Vec::new();
    let mut number = |code: &str, meaning: &str, value: f64, unit: &str| {
        let mut note = DataSet::new(exam.text);
        note.put_code(0x0040_08EA, unit, "UCUM", unit)
            .put_code(0x0040_A043, code, "SCPECG", meaning)
            .put_u16(0x0040_A0B0, &[1, 0])
            .put_u16(0x0040_A180, &[1])
            .put_decimals(0x0040_A30A, &[value]);
        notes.push(note);
    };
    let [pr, qrs, qt] = recording.intervals;
    number("5.10.2.1-3", "RR Interval", (60_000.0 / recording.rate).round(), "ms");
    if pr > 0 {
        number("5.13.5-7", "PR Interval", f64::from(pr), "ms");
    }
    number("5.13.5-9", "QRS Duration", f64::from(qrs), "ms");
    number("5.13.5-11", "QT Interval", f64::from(qt), "ms");
    let statement = match rhythm {
        Rhythm::AnteriorStemi => "前壁 ST 段抬高,考虑急性心肌梗死",
        Rhythm::Fibrillation => "心房颤动",
        Rhythm::SlowSinus => "窦性心动过缓,一度房室传导阻滞",
        Rhythm::RightArmOff | Rhythm::V3Off => "信号质量差",
        Rhythm::Sinus => "窦性心律,正常心电图",
    };
    let mut note = DataSet::new(exam.text);
    note.put_text(0x0070_0006, b"ST", statement).put_u16(0x0040_A0B0, &[1, 0]).put_u16(0x0040_A180, &[0]);
    notes.push(note);
    d.put_items(0x0040_B020, notes);

    let channels = LEADS
        .iter()
        .map(|(code, name)| {
            let mut c = DataSet::new(exam.text);
            c.put_code(0x003A_0208, &format!("5.6.3-9-{code}"), "SCPECG", &format!("Lead {name}"))
                .put_decimals(0x003A_0210, &[1.0])
                .put_code(0x003A_0211, "uV", "UCUM", "microvolt")
                .put_decimals(0x003A_0212, &[1.0])
                .put_decimals(0x003A_0213, &[0.0])
                .put_decimals(0x003A_0215, &[0.0])
                .put_u16(0x003A_021A, &[16])
                .put_decimals(0x003A_0220, &[0.05])
                .put_decimals(0x003A_0221, &[150.0])
                .put_decimals(0x003A_0222, &[0.0]);
            c
        })
        .collect();
    let mut group = DataSet::new(exam.text);
    let samples =
        (0..SAMPLES).flat_map(|i| recording.leads.iter().flat_map(move |l| l[i].to_le_bytes())).collect();
    group
        .put_text(0x003A_0004, b"CS", "ORIGINAL")
        .put_u16(0x003A_0005, &[12])
        .put_u32(0x003A_0010, SAMPLES as u32)
        .put_decimals(0x003A_001A, &[RATE as f64])
        .put_text(0x003A_0020, b"SH", "RHYTHM")
        .put_items(0x003A_0200, channels)
        .put_u16(0x5400_1004, &[16])
        .put_text(0x5400_1006, b"CS", "SS")
        .put_bytes(0x5400_1010, b"OW", samples);
    d.put_items(0x5400_0100, vec![group]);
    part10(&d, SOP_CLASS, &exam.instance_uid(1, 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::county::person;
    use yigong_formats::dicom::build::TextSet;

    #[test]
    fn limb_leads_follow_einthoven_exactly_and_files_repeat() {
        for rhythm in [
            Rhythm::Sinus,
            Rhythm::AnteriorStemi,
            Rhythm::Fibrillation,
            Rhythm::RightArmOff,
            Rhythm::V3Off,
            Rhythm::SlowSinus,
        ] {
            let r = record(7, rhythm);
            assert!((0..SAMPLES).all(|i| r.leads[2][i] == r.leads[1][i] - r.leads[0][i]), "{rhythm:?}");
            let exam = Exam {
                seed: "ecg test".into(),
                person: person("C01", 3),
                accession: String::new(),
                at: ("20261124".into(), "080000".into()),
                text: TextSet::Gb18030,
            };
            assert_eq!(waveform(&exam, rhythm), waveform(&exam, rhythm));
        }
    }
}
