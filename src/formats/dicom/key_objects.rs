//! Key Object Selection Document (PS3.3 §A.35.4, PS3.16 TID 2010): which images of a study show the finding, as an object that other
//! archives and viewers understand.

use super::build::{DataSet, TextSet, part10};
use super::document::{cut, person};

/// Key Object Selection Document Storage.
pub const KEY_OBJECTS: &str = "1.2.840.10008.5.1.4.1.1.88.59";

/// An image that is key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Series Instance UID.
    pub series: String,
    /// SOP Class UID.
    pub sop_class: String,
    /// SOP Instance UID.
    pub sop_instance: String,
    /// Frames of a multi-frame image, from 1; empty = the image as a whole.
    pub frames: Vec<i64>,
}

/// A selection. Text is Unicode; dates are `YYYYMMDD`, times `HHMMSS`, empty = unknown.
#[derive(Debug, Clone, Default)]
pub struct Selection<'a> {
    /// Study of the images and of the document.
    pub study: &'a str,
    /// Series of the selections of the study.
    pub series: &'a str,
    /// This selection.
    pub instance: &'a str,
    /// Name as a PN value, with its delimiters (PS3.5 §6.2.1).
    pub patient_name: &'a str,
    /// Id at the facility that examined.
    pub patient_id: &'a str,
    /// `M`, `F`, `O` or empty.
    pub sex: &'a str,
    /// Birth date.
    pub birth_date: &'a str,
    /// Accession number.
    pub accession: &'a str,
    /// Study ID (0020,0010).
    pub study_id: &'a str,
    /// When the examination took place.
    pub study_date: &'a str,
    /// The same, time of day.
    pub study_time: &'a str,
    /// Study description.
    pub description: &'a str,
    /// When the report was signed.
    pub content_date: &'a str,
    /// The same, time of day.
    pub content_time: &'a str,
    /// Number of the report's version, from 1.
    pub number: i64,
    /// Centre that read.
    pub institution: &'a str,
    /// Who signed.
    pub observer: &'a str,
    /// What the readers noted; empty = nothing.
    pub notes: &'a str,
    /// Software version of this program.
    pub software: &'a str,
    /// The images, in the order of their series.
    pub keys: &'a [Key],
}

impl Selection<'_> {
    /// The Part-10 file. The same arguments give the same bytes.
    #[must_use]
    pub fn part10(&self) -> Vec<u8> {
        let mut set = DataSet::new(TextSet::Utf8);
        set.declare_text();
        self.patient_and_study(&mut set);
        self.series_and_document(&mut set);
        self.content(&mut set);
        part10(&set, KEY_OBJECTS, self.instance)
    }

    /// Modules Patient (§C.7.1.1) and General Study (§C.7.2.1).
    fn patient_and_study(&self, set: &mut DataSet) {
        set.put_text(0x0010_0010, b"PN", &self.patient_name.replace('\\', " "))
            .put_text(0x0010_0020, b"LO", self.patient_id)
            .put_text(0x0010_0030, b"DA", self.birth_date)
            .put_text(0x0010_0040, b"CS", self.sex)
            .put_text(0x0020_000D, b"UI", self.study)
            .put_text(0x0008_0020, b"DA", self.study_date)
            .put_text(0x0008_0030, b"TM", self.study_time)
            .put_text(0x0008_0090, b"PN", "")
            .put_text(0x0020_0010, b"SH", &cut(self.study_id, 16))
            .put_text(0x0008_0050, b"SH", &cut(self.accession, 16));
        if !self.description.is_empty() {
            set.put_text(0x0008_1030, b"LO", &cut(self.description, 64));
        }
    }

    /// Modules Key Object Document Series (§C.17.6.1), General Equipment (§C.7.5.1), Key Object Document (§C.17.6.2), SOP Common.
    fn series_and_document(&self, set: &mut DataSet) {
        set.put_text(0x0008_0060, b"CS", "KO")
            .put_text(0x0020_000E, b"UI", self.series)
            .put_integer(0x0020_0011, 9002)
            .put_text(0x0008_103E, b"LO", "Key images")
            .put_items(0x0008_1111, Vec::new())
            .put_text(0x0008_0070, b"LO", "Yigong")
            .put_text(0x0008_0080, b"LO", &cut(self.institution, 64))
            .put_text(0x0018_1020, b"LO", self.software)
            .put_text(0x0008_0016, b"UI", KEY_OBJECTS)
            .put_text(0x0008_0018, b"UI", self.instance)
            .put_integer(0x0020_0013, self.number)
            .put_text(0x0008_0023, b"DA", self.content_date)
            .put_text(0x0008_0033, b"TM", self.content_time);
        let mut series = Vec::new();
        for group in self.keys.chunk_by(|a, b| a.series == b.series) {
            let Some(first) = group.first() else { continue };
            let mut item = DataSet::new(TextSet::Utf8);
            item.put_text(0x0020_000E, b"UI", &first.series).put_items(
                0x0008_1199,
                group.iter().map(|key| set_of(&key.sop_class, &key.sop_instance)).collect(),
            );
            series.push(item);
        }
        let mut study = DataSet::new(TextSet::Utf8);
        study.put_text(0x0020_000D, b"UI", self.study).put_items(0x0008_1115, series);
        set.put_items(0x0040_A375, vec![study]);
    }

    /// The content tree: TID 2010 "Key Object Selection" with the title 113000, Of Interest (PS3.16 CID 7010).
    fn content(&self, set: &mut DataSet) {
        let mut template = DataSet::new(TextSet::Utf8);
        template.put_text(0x0008_0105, b"CS", "DCMR").put_text(0x0040_DB00, b"CS", "2010");
        set.put_text(0x0040_A040, b"CS", "CONTAINER")
            .put_code(0x0040_A043, "113000", "DCM", "Of Interest")
            .put_text(0x0040_A050, b"CS", "SEPARATE")
            .put_items(0x0040_A504, vec![template]);
        let mut items = Vec::new();
        if !self.observer.is_empty() {
            let mut kind = node("HAS OBS CONTEXT", "CODE");
            kind.put_code(0x0040_A043, "121005", "DCM", "Observer Type");
            kind.put_code(0x0040_A168, "121006", "DCM", "Person");
            let mut name = node("HAS OBS CONTEXT", "PNAME");
            name.put_code(0x0040_A043, "121008", "DCM", "Person Observer Name");
            name.put_text(0x0040_A123, b"PN", &person(self.observer));
            items.extend([kind, name]);
        }
        if !self.notes.is_empty() {
            let mut notes = node("CONTAINS", "TEXT");
            notes.put_code(0x0040_A043, "113012", "DCM", "Key Object Description");
            notes.put_text(0x0040_A160, b"UT", self.notes);
            items.push(notes);
        }
        items.extend(self.keys.iter().map(|key| {
            let mut image = set_of(&key.sop_class, &key.sop_instance);
            if !key.frames.is_empty() {
                let frames: Vec<_> = key.frames.iter().map(i64::to_string).collect();
                image.put_text(0x0008_1160, b"IS", &frames.join("\\"));
            }
            let mut item = node("CONTAINS", "IMAGE");
            item.put_items(0x0008_1199, vec![image]);
            item
        }));
        set.put_items(0x0040_A730, items);
    }
}

/// A content item (PS3.3 §C.17.3.2) without its value.
fn node(relation: &str, kind: &str) -> DataSet {
    let mut item = DataSet::new(TextSet::Utf8);
    item.put_text(0x0040_A010, b"CS", relation).put_text(0x0040_A040, b"CS", kind);
    item
}

fn set_of(sop_class: &str, sop_instance: &str) -> DataSet {
    let mut item = DataSet::new(TextSet::Utf8);
    item.put_text(0x0008_1150, b"UI", sop_class).put_text(0x0008_1155, b"UI", sop_instance);
    item
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::{Object, SliceSource, Tag, header, rejection};

    #[test]
    fn a_selection_reads_back() {
        let key = |series: &str, instance: &str, frames: &[i64]| Key {
            series: series.into(),
            sop_class: "1.2.840.10008.5.1.4.1.1.2".into(),
            sop_instance: instance.into(),
            frames: frames.into(),
        };
        let keys = [key("1.1", "1.1.1", &[]), key("1.1", "1.1.2", &[3, 7]), key("1.2", "1.2.1", &[])];
        let selection = Selection {
            study: "1",
            series: "2.25.2",
            instance: "2.25.3",
            patient_name: "卢瑋",
            number: 1,
            observer: "周审正",
            notes: "右肺上叶结节",
            keys: &keys,
            ..Selection::default()
        };
        let file = selection.part10();
        assert_eq!(file, selection.part10(), "the same arguments give the same bytes");
        let head = header(&mut SliceSource(&file), None).unwrap();
        assert_eq!((head.sop_class.as_str(), head.sop_instance.as_str()), (KEY_OBJECTS, "2.25.3"));
        assert!(head.defects.slugs().is_empty(), "{:?}", head.defects.slugs());
        let object = Object::parse(&file, None).expect("readable");
        let series = object.root().items(Tag::new(0x0040, 0xA375))[0].items(Tag::new(0x0008, 0x1115));
        let counts: Vec<_> = series.iter().map(|s| s.items(Tag::new(0x0008, 0x1199)).len()).collect();
        assert_eq!(counts, [2, 1], "grouped by series");
        let content = object.root().items(Tag::new(0x0040, 0xA730));
        assert_eq!(content.len(), 6, "observer twice, the notes, three images");
        let image = content[4].items(Tag::new(0x0008, 0x1199));
        assert_eq!(image[0].strings(Tag::new(0x0008, 0x1160)), ["3", "7"]);
        assert!(rejection::of(&object).is_none(), "no rejection");
    }
}
