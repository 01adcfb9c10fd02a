//! Attributes every generated DICOM object shares: patient, study, series, equipment, UIDs.

use crate::county::{Person, place};
use sha2::{Digest, Sha256};
use yigong_formats::dicom::build::{DataSet, TextSet};

/// What one generated examination is: who, where, when, which order.
#[derive(Clone, Debug)]
pub struct Exam {
    /// Seed text; equal seeds give equal UIDs and equal pixels.
    pub seed: String,
    /// Patient.
    pub person: Person,
    /// Accession number (= filler order number); empty when unordered.
    pub accession: String,
    /// Local date and time, `YYYYMMDD` and `HHMMSS`.
    pub at: (String, String),
    /// Character set of the object.
    pub text: TextSet,
}

/// UID `2.25.n` derived from text (PS3.5 §B.2): the first 128 bits of its SHA-256, marked as a UUID.
pub fn uid(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    let mut bytes = [0u8; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes[6] = (bytes[6] & 0x0F) | 0x80;
    bytes[8] = (bytes[8] & 0x3F) | 0x80;
    format!("2.25.{}", u128::from_be_bytes(bytes))
}

/// 64-bit seed from text, for pixel generators.
pub fn seed(text: &str) -> u64 {
    let hash = Sha256::digest(text.as_bytes());
    u64::from_le_bytes([hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7]])
}

/// Series-level description of an object.
pub struct Series<'a> {
    /// Modality code.
    pub modality: &'a str,
    /// SOP class UID.
    pub sop_class: &'a str,
    /// Series number; also part of the UID seed.
    pub number: i64,
    /// Study and series description.
    pub description: (&'a str, &'a str),
    /// Body part examined, defined term.
    pub body_part: &'a str,
    /// Maker and model of the invented device.
    pub device: (&'a str, &'a str),
}

impl Exam {
    /// UID of the study.
    pub fn study_uid(&self) -> String {
        uid(&format!("study {}", self.seed))
    }

    /// UID of instance `n` in series `series`.
    pub fn instance_uid(&self, series: i64, n: i64) -> String {
        uid(&format!("instance {} {series} {n}", self.seed))
    }

    /// Data set with patient, study, series, equipment and SOP common attributes.
    pub fn start(&self, series: &Series<'_>, instance: i64) -> DataSet {
        let p = &self.person;
        let (date, time) = (self.at.0.as_str(), self.at.1.as_str());
        let name = format!("{}={}", p.pinyin, p.name);
        let facility = place(p.facility).map_or("", |f| f.name);
        let mut d = DataSet::new(self.text);
        d.declare_text()
            .put_text(0x0008_0016, b"UI", series.sop_class)
            .put_text(0x0008_0018, b"UI", &self.instance_uid(series.number, instance))
            .put_text(0x0008_0020, b"DA", date)
            .put_text(0x0008_0021, b"DA", date)
            .put_text(0x0008_0022, b"DA", date)
            .put_text(0x0008_0023, b"DA", date)
            .put_text(0x0008_0030, b"TM", time)
            .put_text(0x0008_0031, b"TM", time)
            .put_text(0x0008_0032, b"TM", time)
            .put_text(0x0008_0033, b"TM", time)
            .put_text(0x0008_0050, b"SH", &self.accession)
            .put_text(0x0008_0060, b"CS", series.modality)
            .put_text(0x0008_0070, b"LO", series.device.0)
            .put_text(0x0008_0080, b"LO", facility)
            .put_text(0x0008_0090, b"PN", "")
            .put_text(0x0008_1010, b"SH", &format!("{}{}", series.modality, p.facility))
            .put_text(0x0008_1030, b"LO", series.description.0)
            .put_text(0x0008_103E, b"LO", series.description.1)
            .put_text(0x0008_1090, b"LO", series.device.1)
            .put_text(0x0010_0010, b"PN", &name)
            .put_text(0x0010_0020, b"LO", &p.local_id)
            .put_text(0x0010_0030, b"DA", &p.birth_date)
            .put_text(0x0010_0040, b"CS", p.sex)
            .put_text(0x0010_1010, b"AS", &age(&p.birth_date, date))
            .put_text(0x0018_0015, b"CS", series.body_part)
            .put_text(0x0018_1000, b"LO", &format!("SYN-{:04}", seed(p.facility) % 10_000))
            .put_text(0x0018_1020, b"LO", "1.0")
            .put_text(0x0020_000D, b"UI", &self.study_uid())
            .put_text(0x0020_000E, b"UI", &uid(&format!("series {} {}", self.seed, series.number)))
            .put_text(0x0020_0010, b"SH", &self.accession)
            .put_integer(0x0020_0011, series.number)
            .put_integer(0x0020_0013, instance);
        d
    }
}

fn age(birth: &str, on: &str) -> String {
    let number = |t: &str| t.parse::<u32>().unwrap_or(0);
    format!("{:03}Y", number(on).saturating_sub(number(birth)) / 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_fit_and_repeat() {
        assert_eq!(uid("a"), uid("a"));
        assert!(uid("a").len() <= 64 && uid("a") != uid("b"));
        assert_eq!(age("19501231", "20261124"), "075Y");
    }
}
