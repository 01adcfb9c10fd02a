//! Asking another archive: which studies it has (PS3.4 §C.4.1), and that it sends one here (§C.4.2).

use std::time::Duration;

use serde::Serialize;
use yigong_formats::dicom::build::{DataSet, TextSet};
use yigong_formats::dicom::command::{C_FIND, C_MOVE, Command, Counts, FindRequest, MoveRequest, Response};
use yigong_formats::dicom::{Object, Tag, name, tag, uid};

use super::call::Call;
use super::{CallError, Target, proposed};

/// From one response of a query to the next.
const ROW: Duration = Duration::from_secs(60);
/// From one response of a retrieval to the next: archives that fetch from tape say nothing for long.
const STEP: Duration = Duration::from_secs(600);
const PENDING: [u16; 2] = [0xFF00, 0xFF01];
/// Number of Study Related Instances.
const INSTANCES: Tag = Tag(0x0020_1208);

/// What a study must have; empty = anything.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    /// (0010,0020).
    pub patient_id: String,
    /// (0010,0010), its beginning.
    pub patient_name: String,
    /// (0008,0050).
    pub accession: String,
    /// (0020,000D).
    pub study_uid: String,
    /// (0008,0020), a day or a range.
    pub study_date: String,
    /// (0008,0061).
    pub modality: String,
    /// Character set of the question: an archive of GB 18030 names is asked in it.
    pub gb18030: bool,
}

/// A study as the other archive describes it.
#[derive(Debug, Clone, Default, Serialize, PartialEq, Eq)]
pub struct Found {
    /// Study Instance UID.
    pub study_uid: String,
    /// `YYYYMMDD`.
    pub study_date: String,
    /// As said.
    pub study_time: String,
    /// Modalities, separated by `\`.
    pub modalities: String,
    /// Description.
    pub description: String,
    /// Accession number.
    pub accession: String,
    /// Patient ID there.
    pub patient_id: String,
    /// Name for people.
    pub patient_name: String,
    /// `M`, `F`, `O` or empty.
    pub sex: String,
    /// `YYYYMMDD`.
    pub birth_date: String,
    /// Number of images, when it says so.
    pub instances: Option<i64>,
}

/// Studies of an archive, at most `most`; `true` when there are more.
///
/// # Errors
/// Names the step that failed, or the status of the archive.
pub async fn find(target: &Target, keys: &Keys, most: usize) -> Result<(Vec<Found>, bool), CallError> {
    let (mut call, context, syntax) = open(target, uid::STUDY_ROOT_FIND).await?;
    let request = FindRequest { message_id: 1, sop_class: uid::STUDY_ROOT_FIND.to_owned(), priority: 0 };
    call.message(context, &Command::Find(request), &identifier(keys, &syntax)).await?;
    let mut found = Vec::new();
    let mut more = false;
    loop {
        let (answer, data) = call.answer_with_data(C_FIND, 1, ROW).await?;
        if !PENDING.contains(&answer.status) {
            call.release().await;
            return match answer.status {
                0 => Ok((found, more)),
                // It stopped at its own limit, or because we asked it to: what it has said stands.
                0xFE00 | 0xA700 if !found.is_empty() => Ok((found, true)),
                _ => Err(refused("query", &answer)),
            };
        }
        if found.len() < most {
            found.push(study(&data, &syntax)?);
        } else if !more {
            more = true;
            call.command(context, &Command::Cancel { responded_id: 1 }).await?;
        }
    }
}

/// Lets an archive send a study to `destination`, our title; `told` hears how far it is. Answers its last counts.
///
/// # Errors
/// Names the step that failed, or the status of the archive where nothing was sent.
pub async fn fetch(
    target: &Target,
    study: &str,
    destination: &str,
    mut told: impl FnMut(Counts),
) -> Result<(), CallError> {
    let (mut call, context, syntax) = open(target, uid::STUDY_ROOT_MOVE).await?;
    let request = MoveRequest {
        message_id: 1,
        sop_class: uid::STUDY_ROOT_MOVE.to_owned(),
        priority: 0,
        destination: destination.to_owned(),
    };
    let keys = Keys { study_uid: study.to_owned(), ..Keys::default() };
    call.message(context, &Command::Move(request), &unique(&keys, &syntax)).await?;
    loop {
        let (answer, _) = call.answer_with_data(C_MOVE, 1, STEP).await?;
        if let Some(counts) = answer.counts {
            told(counts);
        }
        if PENDING.contains(&answer.status) {
            continue;
        }
        call.release().await;
        return match answer.status {
            0x0000 | 0xB000 => Ok(()),
            _ => Err(refused("retrieval", &answer)),
        };
    }
}

async fn open(target: &Target, class: &'static str) -> Result<(Call, u8, String), CallError> {
    let context = proposed(1, class, &[uid::EXPLICIT_LE, uid::IMPLICIT_LE]);
    let call = Call::open(target, vec![context], &[]).await?;
    match call.contexts.first().map(|c| (c.id, c.transfer_syntax.clone())) {
        Some((id, syntax)) => Ok((call, id, syntax)),
        None => {
            call.release().await;
            Err(CallError::new("the archive does not accept the service"))
        }
    }
}

fn refused(what: &str, answer: &Response) -> CallError {
    CallError::new(format!("{what} refused: {:04X} {}", answer.status, answer.comment).trim().to_owned())
}

fn encoded(set: &DataSet, syntax: &str) -> Vec<u8> {
    if syntax == uid::IMPLICIT_LE { set.encode_implicit() } else { set.encode() }
}

fn unique(keys: &Keys, syntax: &str) -> Vec<u8> {
    let mut set = DataSet::new(TextSet::Utf8);
    set.put_text(tag::QUERY_LEVEL.0, b"CS", "STUDY").put_text(tag::STUDY_UID.0, b"UI", &keys.study_uid);
    encoded(&set, syntax)
}

fn identifier(keys: &Keys, syntax: &str) -> Vec<u8> {
    let mut set = DataSet::new(if keys.gb18030 { TextSet::Gb18030 } else { TextSet::Utf8 });
    let name = match keys.patient_name.trim() {
        "" => String::new(),
        name if name.contains(['*', '?']) => name.to_owned(),
        name => format!("{name}*"),
    };
    set.declare_text();
    for (t, vr, value) in [
        (tag::QUERY_LEVEL, b"CS", "STUDY"),
        (tag::STUDY_UID, b"UI", keys.study_uid.as_str()),
        (tag::STUDY_DATE, b"DA", keys.study_date.as_str()),
        (tag::STUDY_TIME, b"TM", ""),
        (tag::MODALITIES_IN_STUDY, b"CS", keys.modality.as_str()),
        (tag::STUDY_DESCRIPTION, b"LO", ""),
        (tag::ACCESSION, b"SH", keys.accession.as_str()),
        (tag::PATIENT_ID, b"LO", keys.patient_id.as_str()),
        (tag::PATIENT_NAME, b"PN", name.as_str()),
        (tag::BIRTH_DATE, b"DA", ""),
        (tag::SEX, b"CS", ""),
        (INSTANCES, b"IS", ""),
    ] {
        set.put_text(t.0, vr, value);
    }
    encoded(&set, syntax)
}

fn study(data: &[u8], syntax: &str) -> Result<Found, CallError> {
    let object =
        Object::parse(data, Some(syntax)).map_err(|r| CallError::new(format!("answer: {}", r.slug)))?;
    let root = object.root();
    let text = |t: Tag| root.text(t).trim().to_owned();
    Ok(Found {
        study_uid: text(tag::STUDY_UID),
        study_date: text(tag::STUDY_DATE),
        study_time: text(tag::STUDY_TIME),
        modalities: root.strings(tag::MODALITIES_IN_STUDY).join("\\"),
        description: text(tag::STUDY_DESCRIPTION),
        accession: text(tag::ACCESSION),
        patient_id: text(tag::PATIENT_ID),
        patient_name: name::read(&root.text(tag::PATIENT_NAME)).shown,
        sex: text(tag::SEX),
        birth_date: text(tag::BIRTH_DATE),
        instances: root.int(INSTANCES),
    })
}
