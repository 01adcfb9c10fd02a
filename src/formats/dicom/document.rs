//! Encapsulated PDF (PS3.3 §A.45.1): a report as an object that every archive can keep beside the images.

use super::build::{DataSet, TextSet, part10};
use super::name;

/// Encapsulated PDF Storage.
pub const ENCAPSULATED_PDF: &str = "1.2.840.10008.5.1.4.1.1.104.1";

/// What the object says about its document. Text is Unicode; dates are `YYYYMMDD`, times `HHMMSS`, empty = unknown.
#[derive(Debug, Clone, Default)]
pub struct Document<'a> {
    /// Study it belongs to.
    pub study: &'a str,
    /// Series of the documents of one report.
    pub series: &'a str,
    /// This version.
    pub instance: &'a str,
    /// Number of the version, from 1.
    pub number: i64,
    /// Name as written.
    pub patient_name: &'a str,
    /// Id at the facility that examined.
    pub patient_id: &'a str,
    /// `M`, `F`, `O` or empty.
    pub sex: &'a str,
    /// Birth date.
    pub birth_date: &'a str,
    /// Accession number.
    pub accession: &'a str,
    /// When the examination took place.
    pub study_date: &'a str,
    /// The same, time of day.
    pub study_time: &'a str,
    /// When the version was signed.
    pub content_date: &'a str,
    /// The same, time of day.
    pub content_time: &'a str,
    /// Ordering doctor.
    pub referring: &'a str,
    /// Facility whose report it is.
    pub institution: &'a str,
    /// Title for people.
    pub title: &'a str,
    /// Concept of the title in LOINC: code and meaning (PS3.16 CID 7020).
    pub concept: (&'a str, &'a str),
    /// Software version of this program.
    pub software: &'a str,
}

impl Document<'_> {
    /// The Part-10 file. The same arguments give the same bytes.
    #[must_use]
    pub fn part10(&self, pdf: &[u8]) -> Vec<u8> {
        let mut set = DataSet::new(TextSet::Utf8);
        set.declare_text();
        self.patient_and_study(&mut set);
        self.series_and_equipment(&mut set);
        self.document(&mut set, pdf);
        part10(&set, ENCAPSULATED_PDF, self.instance)
    }

    /// Modules Patient (§C.7.1.1) and General Study (§C.7.2.1).
    fn patient_and_study(&self, set: &mut DataSet) {
        set.put_text(0x0010_0010, b"PN", &person(self.patient_name))
            .put_text(0x0010_0020, b"LO", self.patient_id)
            .put_text(0x0010_0030, b"DA", self.birth_date)
            .put_text(0x0010_0040, b"CS", self.sex)
            .put_text(0x0020_000D, b"UI", self.study)
            .put_text(0x0008_0020, b"DA", self.study_date)
            .put_text(0x0008_0030, b"TM", self.study_time)
            .put_text(0x0008_0090, b"PN", &person(self.referring))
            .put_text(0x0020_0010, b"SH", "")
            .put_text(0x0008_0050, b"SH", &cut(self.accession, 16));
    }

    /// Modules Encapsulated Document Series (§C.24.1), General Equipment (§C.7.5.1) and SC Equipment (§C.8.6.1).
    fn series_and_equipment(&self, set: &mut DataSet) {
        set.put_text(0x0008_0060, b"CS", "DOC")
            .put_text(0x0020_000E, b"UI", self.series)
            .put_integer(0x0020_0011, 9001)
            .put_text(0x0008_103E, b"LO", &cut(self.title, 64))
            .put_text(0x0008_0070, b"LO", "Yigong")
            .put_text(0x0008_0080, b"LO", &cut(self.institution, 64))
            .put_text(0x0018_1020, b"LO", self.software)
            .put_text(0x0008_0064, b"CS", "WSD");
    }

    /// Modules Encapsulated Document (§C.24.2) and SOP Common (§C.12.1).
    fn document(&self, set: &mut DataSet, pdf: &[u8]) {
        set.put_text(0x0008_0016, b"UI", ENCAPSULATED_PDF)
            .put_text(0x0008_0018, b"UI", self.instance)
            .put_integer(0x0020_0013, self.number)
            .put_text(0x0008_0023, b"DA", self.content_date)
            .put_text(0x0008_0033, b"TM", self.content_time)
            .put_text(0x0008_002A, b"DT", "")
            // The page names the patient.
            .put_text(0x0028_0301, b"CS", "YES")
            .put_text(0x0042_0010, b"ST", self.title)
            .put_code(0x0040_A043, self.concept.0, "LN", self.concept.1)
            .put_text(0x0042_0012, b"LO", "application/pdf")
            .put_u32(0x0042_0015, u32::try_from(pdf.len()).unwrap_or(u32::MAX))
            .put_bytes(0x0042_0011, b"OB", pdf.to_vec());
    }
}

/// A name as PN: Han goes into the ideographic group, beside its reading for those who show only letters (PS3.5 §6.2.1).
pub(super) fn person(written: &str) -> String {
    // The delimiters of a PN value are no part of a name.
    let clean: String =
        written.chars().map(|c| if matches!(c, '\\' | '=' | '^') { ' ' } else { c }).collect();
    let clean = clean.trim();
    if clean.is_ascii() {
        return clean.to_owned();
    }
    let reading = name::syllables(clean).join(" ");
    // A rare character without a known reading: no half reading.
    format!("{}={clean}", if reading.is_ascii() { reading.as_str() } else { "" })
}

/// At most `most` characters (PS3.5 §6.2).
pub(super) fn cut(text: &str, most: usize) -> String {
    text.chars().filter(|c| *c != '\\').take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_reads_back() {
        let document = Document {
            study: "2.25.1",
            series: "2.25.2",
            instance: "2.25.3",
            number: 2,
            patient_name: "卢瑋",
            title: "胸部正位 DR",
            concept: ("18748-4", "Diagnostic imaging report"),
            ..Document::default()
        };
        let pdf = b"%PDF-1.7 odd";
        let file = document.part10(&pdf[..11]);
        assert_eq!(file, document.part10(&pdf[..11]), "the same arguments give the same bytes");
        let header = super::super::header(&mut super::super::SliceSource(&file), None).unwrap();
        assert_eq!(header.sop_class, ENCAPSULATED_PDF);
        assert_eq!(header.name.ideographic.as_deref(), Some("卢瑋"));
        assert!(header.name.pinyin.starts_with("lu"), "{}", header.name.pinyin);
        assert!(header.defects.slugs().is_empty(), "{:?}", header.defects.slugs());
    }

    #[test]
    fn delimiters_never_split_a_name() {
        assert_eq!(person("a\\b^c=d"), "a b c d");
        assert_eq!(person(""), "");
    }
}
