//! PID to a patient row, and ADT messages.

use yigong_base::fault::{Fault, Result};
use yigong_base::patient::{self, Seen};
use yigong_base::storage::Tx;
use yigong_formats::dicom::name::syllables;
use yigong_formats::hl7::value::Timestamp;
use yigong_formats::hl7::{AckCode, ErrorCode, Message, ReadError, Segment};

use super::answer::Answer;
use super::intake::Intake;

/// What PID says.
pub(super) fn seen(pid: Segment<'_>) -> Seen {
    let (mut local_id, mut national_id) = (String::new(), String::new());
    for repetition in pid.repetitions(3) {
        let id = pid.component_of(repetition, 1);
        let kind = pid.component_of(repetition, 5);
        if matches!(kind.as_str(), "NI" | "NNCHN" | "NN" | "SFZ") {
            national_id = id;
        } else if local_id.is_empty() {
            local_id = id;
        }
    }
    if local_id.is_empty() {
        local_id = pid.text(2);
    }
    if national_id.is_empty() && pid.text(19).len() >= 15 {
        national_id = pid.text(19);
    }
    let name = name(&pid.component(5, 1), &pid.component(5, 2));
    let syllables = syllables(&name);
    Seen {
        local_id,
        name,
        pinyin: syllables.concat(),
        initials: syllables.iter().filter_map(|s| s.chars().next()).collect(),
        sex: sex(&pid.text(8)),
        birth_date: Timestamp::parse(&pid.text(7)).and_then(|t| t.day()).unwrap_or_default(),
        national_id,
        phone: pid.text(13),
    }
}

/// Chinese names are written without a blank, family name first.
fn name(family: &str, given: &str) -> String {
    let (family, given) = (family.trim(), given.trim());
    let latin = family.is_ascii() && given.is_ascii() && !family.is_empty() && !given.is_empty();
    if latin { format!("{family} {given}") } else { format!("{family}{given}") }
}

/// `M`, `F`, `O` or empty for what senders write.
fn sex(text: &str) -> String {
    match yigong_formats::lab::Sex::of(text) {
        Some(yigong_formats::lab::Sex::Male) => "M".into(),
        Some(yigong_formats::lab::Sex::Female) => "F".into(),
        None if matches!(text.trim(), "O" | "A" | "其他") => "O".into(),
        None => String::new(),
    }
}

/// ADT^A04, A28: register; A08, A31: what the facility says now.
pub(super) async fn adt(
    intake: &mut Intake<'_>,
    tx: &mut Tx,
    message: &Message,
    event: &str,
) -> Result<Answer> {
    let Some(pid) = message.segment("PID") else {
        return Ok(Answer::refused(
            AckCode::Error,
            &ReadError::new(0, ErrorCode::SegmentSequence, "PID is missing"),
        ));
    };
    let seen = seen(pid);
    if seen.local_id.is_empty() {
        return Ok(Answer::refused(
            AckCode::Error,
            &ReadError::new(pid.index + 1, ErrorCode::RequiredField, "PID-3 is empty"),
        ));
    }
    let linked = patient::link(tx, intake.ctx, &intake.peer.facility, &seen).await?;
    match (linked.clash, event) {
        (None, _) => {}
        (Some(_), "A08" | "A31") => {
            patient::update(tx, intake.ctx, intake.permit, &intake.peer.facility, &seen).await?;
        }
        (Some(field), _) => return Ok(Answer::refused(AckCode::Error, &clash(field))),
    }
    intake.live.push(("clinic", linked.id, intake.peer.facility.clone()));
    Ok(Answer::done())
}

/// The patient of a message; a contradiction with the held record is refused, not merged.
pub(super) async fn of_message(
    intake: &Intake<'_>,
    tx: &mut Tx,
    message: &Message,
) -> Result<std::result::Result<String, ReadError>> {
    let pid = message.segment("PID").ok_or_else(|| Fault::invalid("PID", "the message has no patient"))?;
    let linked = patient::link(tx, intake.ctx, &intake.peer.facility, &seen(pid)).await?;
    Ok(match linked.clash {
        None => Ok(linked.id),
        Some(field) => Err(clash(field)),
    })
}

fn clash(field: &'static str) -> ReadError {
    let reason = match field {
        "name" => "the name differs from the record of this patient id",
        "sex" => "the sex differs from the record of this patient id",
        _ => "the birth date differs from the record of this patient id",
    };
    ReadError::new(0, ErrorCode::UnknownKey, reason)
}
