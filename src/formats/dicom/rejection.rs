//! Rejection notes: key object selections whose title says that objects are not to be used (IHE RAD TF-3 §4.66, IOCM).

use super::{Object, Tag, uid};

const TITLE: Tag = Tag::new(0x0040, 0xA043);
const CODE_VALUE: Tag = Tag::new(0x0008, 0x0100);
const CODE_SCHEME: Tag = Tag::new(0x0008, 0x0102);
const EVIDENCE: Tag = Tag::new(0x0040, 0xA375);
const SERIES: Tag = Tag::new(0x0008, 0x1115);
const REFERENCED: Tag = Tag::new(0x0008, 0x1199);
const STUDY_UID: Tag = Tag::new(0x0020, 0x000D);
const SERIES_UID: Tag = Tag::new(0x0020, 0x000E);
const INSTANCE: Tag = Tag::new(0x0008, 0x1155);

/// Why the objects are not to be used (PS3.16 CID 7011).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejected {
    /// 113001, rejected for quality reasons.
    Quality,
    /// 113037, rejected for patient safety reasons.
    Safety,
    /// 113038, incorrect modality worklist entry.
    Worklist,
    /// 113039, data retention policy expired.
    Retention,
}

impl Rejected {
    /// The code of the title.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Quality => "113001",
            Self::Safety => "113037",
            Self::Worklist => "113038",
            Self::Retention => "113039",
        }
    }

    fn of(code: &str) -> Option<Self> {
        [Self::Quality, Self::Safety, Self::Worklist, Self::Retention].into_iter().find(|r| r.code() == code)
    }
}

/// A rejection note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Why.
    pub why: Rejected,
    /// Study, series and instance UIDs of what is rejected.
    pub objects: Vec<(String, String, String)>,
}

/// The rejection of a key object selection, or `None` when its title says something else.
#[must_use]
pub fn of(object: &Object) -> Option<Rejection> {
    let root = object.root();
    let title = root.items(TITLE);
    let title = title.first().filter(|t| t.text(CODE_SCHEME) == "DCM")?;
    let why = Rejected::of(&title.text(CODE_VALUE))?;
    let mut objects = Vec::new();
    for study in root.items(EVIDENCE) {
        let study_uid = study.text(STUDY_UID);
        for series in study.items(SERIES) {
            let series_uid = series.text(SERIES_UID);
            for instance in series.items(REFERENCED) {
                let found = (study_uid.clone(), series_uid.clone(), instance.text(INSTANCE));
                if uid::is_valid(&found.0) && uid::is_valid(&found.1) && uid::is_valid(&found.2) {
                    objects.push(found);
                }
            }
        }
    }
    Some(Rejection { why, objects })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::build::{DataSet, TextSet};

    fn note(code: &str, scheme: &str) -> Vec<u8> {
        let mut instance = DataSet::new(TextSet::Utf8);
        instance.put_text(INSTANCE.0, b"UI", "1.2.3.4.5");
        let mut series = DataSet::new(TextSet::Utf8);
        series.put_text(SERIES_UID.0, b"UI", "1.2.3.4").put_items(REFERENCED.0, vec![instance]);
        let mut study = DataSet::new(TextSet::Utf8);
        study.put_text(STUDY_UID.0, b"UI", "1.2.3").put_items(SERIES.0, vec![series]);
        let mut set = DataSet::new(TextSet::Utf8);
        set.put_code(TITLE.0, code, scheme, "Rejected").put_items(EVIDENCE.0, vec![study]);
        set.encode()
    }

    #[test]
    fn the_four_titles_reject_and_others_do_not() {
        let read = |code: &str, scheme: &str| {
            let object = Object::parse(&note(code, scheme), Some(uid::EXPLICIT_LE)).expect("readable");
            of(&object)
        };
        for why in [Rejected::Quality, Rejected::Safety, Rejected::Worklist, Rejected::Retention] {
            let found = read(why.code(), "DCM").expect("a rejection");
            assert_eq!(found.why, why);
            assert_eq!(found.objects, [("1.2.3".into(), "1.2.3.4".into(), "1.2.3.4.5".into())]);
        }
        assert_eq!(read("113000", "DCM"), None, "of interest");
        assert_eq!(read("113001", "99LOCAL"), None);
    }
}
