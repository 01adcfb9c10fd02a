//! ORM^O01 and OML^O21: new (NW), changed (XO) and cancelled (CA) orders; answered ORR^O02 and ORL^O22 with both numbers.

use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Conn, Tx};
use yigong_clinic::lab::unmatched;
use yigong_clinic::order::{self, CatalogItem, NewOrder, NewSpecimen, Placed};
use yigong_formats::hl7::ack::Detail;
use yigong_formats::hl7::value::Timestamp;
use yigong_formats::hl7::{AckCode, ErrorCode, Header, Message, ReadError, Segment, escape};

use super::answer::Answer;
use super::intake::Intake;
use super::patient;

/// One order of a message: ORC with its OBR, TQ1, SPM and DG1 segments.
#[derive(Default)]
struct Asked<'m> {
    control: String,
    placer_no: String,
    line: usize,
    orc: Option<Segment<'m>>,
    obr: Vec<Segment<'m>>,
    tq1: Option<Segment<'m>>,
    spm: Vec<Segment<'m>>,
    diagnosis: Vec<String>,
}

/// Takes the orders of a message; all stand or none does.
pub(super) async fn take(
    intake: &mut Intake<'_>,
    tx: &mut Tx,
    header: &Header,
    message: &Message,
    kind: &str,
) -> Result<Answer> {
    let asked = asked(message);
    if let Some(error) = missing(&asked) {
        return Ok(Answer::refused(AckCode::Error, &error));
    }
    let patient = match patient::of_message(intake, tx, message).await? {
        Ok(patient) => patient,
        Err(error) => return Ok(Answer::refused(AckCode::Error, &error)),
    };
    let mut lines = String::new();
    let mut refused = 0;
    for one in &asked {
        let (control, placed) = match one.control.as_str() {
            "CA" | "OC" | "DC" => cancel(intake, tx, one, &patient).await?,
            "XO" => change(intake, tx, one, message, &patient, kind).await?,
            _ => match new_order(intake, tx, one, message, &patient, kind).await? {
                Ok(new) => {
                    let placed =
                        order::place(tx, intake.ctx, intake.permit, &intake.peer.facility, &new).await?;
                    intake.live.push(("clinic", placed.id.clone(), intake.peer.facility.clone()));
                    for (id, facility) in
                        unmatched::match_again(tx, intake.ctx, intake.permit, &placed.id).await?
                    {
                        intake.live.push(("lab", id, facility));
                    }
                    ("OK", Some(placed))
                }
                Err(error) => return Ok(Answer::refused(AckCode::Error, &error)),
            },
        };
        refused += usize::from(control == "UC");
        lines.push_str(&orc_line(header, control, one, placed.as_ref()));
    }
    let c = header.delimiters.component.unwrap_or('^');
    let kind = if kind == "OML" { format!("ORL{c}O22{c}ORL_O22") } else { format!("ORR{c}O02") };
    let text = if refused > 0 {
        "an order could not be cancelled or changed any more".to_owned()
    } else {
        String::new()
    };
    let detail = Detail { kind, extra: lines, text, ..Detail::default() };
    Ok(Answer { detail, ..Answer::done() })
}

fn asked(message: &Message) -> Vec<Asked<'_>> {
    let mut all: Vec<Asked<'_>> = Vec::new();
    for segment in message.segments() {
        match (segment.name(), all.last_mut()) {
            ("ORC", last) => {
                let placer_no = segment.text(2);
                if last.is_none_or(|l| l.placer_no != placer_no || placer_no.is_empty()) {
                    let control = segment.text(1);
                    all.push(Asked {
                        control,
                        placer_no,
                        line: segment.index + 1,
                        orc: Some(segment),
                        ..Asked::default()
                    });
                }
            }
            ("OBR", None) => {
                all.push(Asked { obr: vec![segment], line: segment.index + 1, ..Asked::default() })
            }
            ("OBR", Some(one)) => one.obr.push(segment),
            ("TQ1", Some(one)) => one.tq1 = Some(segment),
            ("SPM", Some(one)) => one.spm.push(segment),
            ("DG1", Some(one)) => one.diagnosis.push(diagnosis(segment)),
            _ => {}
        }
    }
    for one in all.iter_mut().filter(|o| o.placer_no.is_empty()) {
        one.placer_no = one.obr.first().map(|o| o.text(2)).unwrap_or_default();
    }
    all
}

fn diagnosis(dg1: Segment<'_>) -> String {
    let text = dg1.component(3, 2);
    if text.is_empty() { dg1.text(4) } else { text }
}

fn missing(asked: &[Asked<'_>]) -> Option<ReadError> {
    if asked.is_empty() {
        return Some(ReadError::new(0, ErrorCode::SegmentSequence, "ORC is missing"));
    }
    asked
        .iter()
        .find(|one| one.placer_no.is_empty())
        .map(|one| ReadError::new(one.line, ErrorCode::RequiredField, "ORC-2 placer order number is empty"))
}

async fn cancel(
    intake: &mut Intake<'_>,
    tx: &mut Tx,
    one: &Asked<'_>,
    patient: &str,
) -> Result<(&'static str, Option<Placed>)> {
    let found = order::by_placer(tx, &intake.peer.facility, &one.placer_no, patient).await?;
    let id = found.ok_or_else(|| Fault::not_found("order"))?;
    match order::cancel(tx, intake.ctx, intake.permit, &id, "ORC-1 CA").await {
        Ok(()) => {
            intake.live.push(("clinic", id, intake.peer.facility.clone()));
            Ok(("CR", None))
        }
        Err(Fault::Conflict { code, .. }) if code == "too_late" => Ok(("UC", None)),
        Err(fault) => Err(fault),
    }
}

async fn change(
    intake: &mut Intake<'_>,
    tx: &mut Tx,
    one: &Asked<'_>,
    message: &Message,
    patient: &str,
    kind: &str,
) -> Result<(&'static str, Option<Placed>)> {
    let found = order::by_placer(tx, &intake.peer.facility, &one.placer_no, patient).await?;
    let id = found.ok_or_else(|| Fault::not_found("order"))?;
    let new = new_order(intake, tx, one, message, patient, kind)
        .await?
        .map_err(|e| Fault::invalid("order", e.reason))?;
    match order::change(tx, intake.ctx, intake.permit, &id, &new).await {
        Ok(()) => {
            intake.live.push(("clinic", id, intake.peer.facility.clone()));
            Ok(("XR", None))
        }
        Err(Fault::Conflict { code, .. }) if code == "too_late" => Ok(("UX", None)),
        Err(fault) => Err(fault),
    }
}

async fn new_order(
    intake: &Intake<'_>,
    tx: &mut Tx,
    one: &Asked<'_>,
    message: &Message,
    patient: &str,
    kind: &str,
) -> Result<std::result::Result<NewOrder, ReadError>> {
    let mut items: Vec<CatalogItem> = Vec::new();
    for obr in &one.obr {
        match item(intake, tx, *obr, kind).await? {
            Some(item) => items.push(item),
            None => {
                return Ok(Err(ReadError::new(
                    obr.index + 1,
                    ErrorCode::TableValue,
                    "OBR-4 names no known item and OBR-24 no section",
                )));
            }
        }
    }
    let Some(pipeline) = items.first().map(|i| i.pipeline.clone()) else {
        return Ok(Err(ReadError::new(one.line, ErrorCode::SegmentSequence, "the order has no OBR")));
    };
    if items.iter().any(|i| i.pipeline != pipeline) {
        return Ok(Err(ReadError::new(
            one.line,
            ErrorCode::TableValue,
            "one order mixes imaging, ECG and laboratory items",
        )));
    }
    let obr = one.obr.first().copied();
    let of = |segment: Option<Segment<'_>>, field: usize, component: usize| {
        segment.map(|s| s.component(field, component)).unwrap_or_default()
    };
    let priority = [of(one.tq1, 9, 1), of(obr, 27, 6), of(one.orc, 7, 6), of(obr, 5, 1)]
        .into_iter()
        .find(|p| !p.is_empty())
        .unwrap_or_default();
    // TQ1-7 start, ORC-7.4 of older senders, OBR-36 (HL7 2.5.1 §4.5.4, §4.5.1.7, §4.5.3.36)
    let start = [of(one.tq1, 7, 1), of(one.orc, 7, 4), of(obr, 36, 1)].into_iter().find(|t| !t.is_empty());
    let offset = i32::try_from(intake.ctx.config.centre.utc_offset_minutes).unwrap_or(480);
    let orderer =
        [person(obr, 16), person(one.orc, 12)].into_iter().find(|p| !p.is_empty()).unwrap_or_default();
    let department = [
        of(one.orc, 17, 2),
        of(one.orc, 17, 1),
        message.segment("PV1").map(|p| p.text(3)).unwrap_or_default(),
    ];
    let mut history: Vec<String> = vec![obr.map(|o| o.whole(13)).unwrap_or_default(), of(obr, 31, 2)];
    history.extend(one.diagnosis.iter().cloned());
    history.retain(|h| !h.trim().is_empty());
    Ok(Ok(NewOrder {
        placer_no: one.placer_no.clone(),
        patient: patient.to_owned(),
        pipeline: pipeline.clone(),
        items,
        priority: order::priority_of(&priority).to_owned(),
        flags: Vec::new(),
        orderer,
        department: department.into_iter().find(|d| !d.is_empty()).unwrap_or_default(),
        history: history.join("; "),
        scheduled_at: start.and_then(|t| Timestamp::parse(&t)).map(|t| t.millis(offset)),
        station: String::new(),
        specimens: if pipeline == "lab" { specimens(intake, one, obr) } else { Vec::new() },
    }))
}

/// The catalogue's item; otherwise the sender's own code and name with the section of OBR-24 (HL7 table 0074).
async fn item(
    intake: &Intake<'_>,
    conn: &mut Conn,
    obr: Segment<'_>,
    kind: &str,
) -> Result<Option<CatalogItem>> {
    let (said, name) = (obr.component(4, 1), obr.component(4, 2));
    let code = intake.profile.code_map.get(&said).cloned().unwrap_or_else(|| said.clone());
    if let Some(found) = order::catalogue::lookup(conn, &code).await? {
        return Ok(Some(found));
    }
    let (pipeline, modality) = match obr.text(24).as_str() {
        "EC" | "ECG" => ("ecg", "ECG"),
        "CT" => ("imaging", "CT"),
        "RUS" | "US" | "VUS" => ("imaging", "US"),
        "NMR" | "MR" => ("imaging", "MR"),
        "RX" | "RAD" | "DX" | "CR" => ("imaging", "DX"),
        "LAB" | "CH" | "HM" | "MB" | "IMM" | "SR" | "UR" | "BLB" => ("lab", ""),
        _ if kind == "OML" => ("lab", ""),
        _ => return Ok(None),
    };
    if code.is_empty() {
        return Ok(None);
    }
    Ok(Some(CatalogItem {
        name: if name.is_empty() { code.clone() } else { name },
        name_en: String::new(),
        code,
        pipeline: pipeline.into(),
        modality: modality.into(),
        body_part: String::new(),
        panel_items: Vec::new(),
    }))
}

fn specimens(intake: &Intake<'_>, one: &Asked<'_>, obr: Option<Segment<'_>>) -> Vec<NewSpecimen> {
    let offset = i32::try_from(intake.ctx.config.centre.utc_offset_minutes).unwrap_or(480);
    let at = |text: String| Timestamp::parse(&text).map(|t| t.millis(offset));
    if one.spm.is_empty() {
        let kind = obr.map(|o| o.text(15)).unwrap_or_default();
        let collected_at = obr.and_then(|o| at(o.text(7)));
        return vec![NewSpecimen { kind, collected_at, ..NewSpecimen::default() }];
    }
    let one_specimen = |spm: &Segment<'_>| {
        let inner =
            yigong_formats::hl7::Path { segment: "SPM".into(), field: 2, component: 1, subcomponent: 1 };
        let kind = spm.component(4, 2);
        NewSpecimen {
            barcode: spm.at(&inner),
            kind: if kind.is_empty() { spm.text(4) } else { kind },
            container: spm.component(27, 2),
            collected_at: at(spm.text(17)),
            collected_by: String::new(),
        }
    };
    one.spm.iter().map(one_specimen).collect()
}

fn person(segment: Option<Segment<'_>>, field: usize) -> String {
    let Some(segment) = segment else { return String::new() };
    let name = format!("{}{}", segment.component(field, 2), segment.component(field, 3));
    if name.is_empty() { segment.text(field) } else { name }
}

/// `ORC|OK|placer|filler`, and the labels that were given.
fn orc_line(header: &Header, control: &str, one: &Asked<'_>, placed: Option<&Placed>) -> String {
    let f = header.delimiters.field;
    let say = |text: &str| escape::encode(text, &header.delimiters).unwrap_or_default();
    let filler = placed.map(|p| p.filler_no.as_str()).unwrap_or_default();
    let mut line = format!("ORC{f}{control}{f}{}{f}{}\r", say(&one.placer_no), say(filler));
    for (i, specimen) in placed.iter().flat_map(|p| &p.specimens).enumerate() {
        line.push_str(&format!("SPM{f}{}{f}{}\r", i + 1, say(&specimen.barcode)));
    }
    line
}
