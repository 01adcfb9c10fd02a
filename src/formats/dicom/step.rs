//! Modality performed procedure steps as values (PS3.4 §F.7.2.1): what a modality says it did.

use super::{Node, Object, Refusal, Tag};

const STATUS: Tag = Tag::new(0x0040, 0x0252);
const STATION_AE: Tag = Tag::new(0x0040, 0x0241);
const START_DATE: Tag = Tag::new(0x0040, 0x0244);
const START_TIME: Tag = Tag::new(0x0040, 0x0245);
const END_DATE: Tag = Tag::new(0x0040, 0x0250);
const END_TIME: Tag = Tag::new(0x0040, 0x0251);
const MODALITY: Tag = Tag::new(0x0008, 0x0060);
const PATIENT_ID: Tag = Tag::new(0x0010, 0x0020);
const SCHEDULED: Tag = Tag::new(0x0040, 0x0270);
const STUDY_UID: Tag = Tag::new(0x0020, 0x000D);
const ACCESSION: Tag = Tag::new(0x0008, 0x0050);
const SCHEDULED_ID: Tag = Tag::new(0x0040, 0x0009);
const PERFORMED_SERIES: Tag = Tag::new(0x0040, 0x0340);
const IMAGES: Tag = Tag::new(0x0008, 0x1140);
const OTHERS: Tag = Tag::new(0x0040, 0x0220);
const INSTANCE: Tag = Tag::new(0x0008, 0x1155);
const DISCONTINUED_FOR: Tag = Tag::new(0x0040, 0x0281);
const CODE_MEANING: Tag = Tag::new(0x0008, 0x0104);
const CODE_VALUE: Tag = Tag::new(0x0008, 0x0100);

/// Performed Procedure Step Status (PS3.3 §C.4.14).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// Started.
    InProgress,
    /// Ended before it was done.
    Discontinued,
    /// Done.
    Completed,
}

impl StepState {
    /// As rows and pages say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Discontinued => "discontinued",
            Self::Completed => "completed",
        }
    }
}

/// The attributes of an N-CREATE or N-SET that we act on; everything else is kept with the message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepReport {
    /// Status; `None` when the list does not carry it.
    pub state: Option<StepState>,
    /// The status as written, when it is none of the three.
    pub unknown_state: Option<String>,
    /// Performed Station AE Title.
    pub station: String,
    /// Modality.
    pub modality: String,
    /// Start, `YYYYMMDD` and time as sent.
    pub started: String,
    /// End, likewise.
    pub ended: String,
    /// Study Instance UID of the first scheduled step.
    pub study_uid: String,
    /// Accession number of the first scheduled step.
    pub accession: String,
    /// Scheduled Procedure Step ID of the first scheduled step.
    pub scheduled_id: String,
    /// Patient ID.
    pub patient_id: String,
    /// Why it was discontinued: meaning, else code.
    pub reason: String,
    /// SOP Instance UIDs of everything that was made.
    pub instances: Vec<String>,
}

/// Reads an attribute list in its negotiated transfer syntax.
///
/// # Errors
/// A refusal of the scanner.
pub fn read(data: &[u8], transfer_syntax: &str) -> Result<StepReport, Refusal> {
    let object = Object::parse(data, Some(transfer_syntax))?;
    let root = object.root();
    let (state, unknown_state) = match root.text(STATUS).as_str() {
        "IN PROGRESS" => (Some(StepState::InProgress), None),
        "DISCONTINUED" => (Some(StepState::Discontinued), None),
        "COMPLETED" => (Some(StepState::Completed), None),
        "" => (None, None),
        other => (None, Some(other.to_owned())),
    };
    let scheduled = root.items(SCHEDULED);
    let scheduled = |wanted: Tag| scheduled.first().map(|s| s.text(wanted)).unwrap_or_default();
    let why = root.items(DISCONTINUED_FOR);
    let why = |wanted: Tag| why.first().map(|c| c.text(wanted)).unwrap_or_default();
    let mut instances = Vec::new();
    for series in root.items(PERFORMED_SERIES) {
        for made in series.items(IMAGES).into_iter().chain(series.items(OTHERS)) {
            instances.push(made.text(INSTANCE));
        }
    }
    instances.retain(|uid| super::uid::is_valid(uid));
    instances.sort_unstable();
    instances.dedup();
    Ok(StepReport {
        state,
        unknown_state,
        station: root.text(STATION_AE),
        modality: root.text(MODALITY),
        started: moment(&root, START_DATE, START_TIME),
        ended: moment(&root, END_DATE, END_TIME),
        study_uid: scheduled(STUDY_UID),
        accession: scheduled(ACCESSION),
        scheduled_id: scheduled(SCHEDULED_ID),
        patient_id: root.text(PATIENT_ID),
        reason: Some(why(CODE_MEANING)).filter(|m| !m.is_empty()).unwrap_or_else(|| why(CODE_VALUE)),
        instances,
    })
}

fn moment(root: &Node<'_>, date: Tag, time: Tag) -> String {
    format!("{} {}", root.text(date), root.text(time)).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::build::{DataSet, TextSet};
    use crate::dicom::uid::{EXPLICIT_LE, IMPLICIT_LE};

    #[test]
    fn what_was_done_is_read_in_both_syntaxes() {
        let mut scheduled = DataSet::new(TextSet::Utf8);
        scheduled.put_text(0x0020_000D, b"UI", "1.2.3").put_text(0x0008_0050, b"SH", "ACC1").put_text(
            0x0040_0009,
            b"SH",
            "S1",
        );
        let image = |uid: &str| {
            let mut item = DataSet::new(TextSet::Utf8);
            item.put_text(0x0008_1155, b"UI", uid);
            item
        };
        let mut series = DataSet::new(TextSet::Utf8);
        series
            .put_items(0x0008_1140, vec![image("1.2.3.2"), image("1.2.3.1"), image("../x")])
            .put_items(0x0040_0220, vec![image("1.2.3.1")]);
        let mut set = DataSet::new(TextSet::Gb18030);
        set.declare_text()
            .put_text(0x0040_0252, b"CS", "DISCONTINUED")
            .put_text(0x0040_0244, b"DA", "20260901")
            .put_text(0x0040_0245, b"TM", "081500")
            .put_code(0x0040_0281, "110514", "DCM", "病人拒绝")
            .put_items(0x0040_0270, vec![scheduled])
            .put_items(0x0040_0340, vec![series]);
        for (bytes, syntax) in [(set.encode(), EXPLICIT_LE), (set.encode_implicit(), IMPLICIT_LE)] {
            let step = read(&bytes, syntax).expect("readable");
            assert_eq!(step.state, Some(StepState::Discontinued));
            assert_eq!((step.study_uid.as_str(), step.accession.as_str()), ("1.2.3", "ACC1"));
            assert_eq!((step.started.as_str(), step.ended.as_str()), ("20260901 081500", ""));
            assert_eq!(step.reason, "病人拒绝");
            assert_eq!(step.instances, ["1.2.3.1", "1.2.3.2"]);
        }
    }

    #[test]
    fn a_status_of_its_own_is_named() {
        let mut set = DataSet::new(TextSet::Utf8);
        set.put_text(0x0040_0252, b"CS", "PAUSED");
        let step = read(&set.encode(), EXPLICIT_LE).expect("readable");
        assert_eq!((step.state, step.unknown_state.as_deref()), (None, Some("PAUSED")));
    }
}
