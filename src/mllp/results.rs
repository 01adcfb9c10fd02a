//! ORU^R01 to runs of the laboratory.

use yigong_base::fault::Result;
use yigong_base::storage::Tx;
use yigong_clinic::lab::{self, Arrival, Run, SampleKind};
use yigong_clinic::order;
use yigong_formats::hl7::value::Timestamp;
use yigong_formats::hl7::{AckCode, ErrorCode, Header, Message, ReadError, Segment};
use yigong_formats::lab::Sex;

use super::answer::Answer;
use super::intake::Intake;
use super::patient;

/// OBR with what belongs to it, up to the next OBR.
struct Group<'m> {
    obr: Segment<'m>,
    spm: Option<Segment<'m>>,
    obx: Vec<Segment<'m>>,
}

/// Takes the results of a message.
pub(super) async fn take(
    intake: &mut Intake<'_>,
    tx: &mut Tx,
    header: &Header,
    message: &Message,
) -> Result<Answer> {
    let groups = match groups(message) {
        Ok(groups) => groups,
        Err(error) => return Ok(Answer::refused(AckCode::Error, &error)),
    };
    let mut runs = Vec::new();
    let whole = sample_kind(intake, header);
    for group in groups {
        // SPM-11 speaks of its own group: a control beside a patient's sample must not hide the patient's results
        let sample = match group.spm {
            Some(spm) if spm.text(11) == "Q" => SampleKind::QualityControl,
            _ => whole,
        };
        let (barcode, ambiguous) = barcode(intake, tx, message, &group).await?;
        for obx in &group.obx {
            runs.push(Run { sample, ambiguous, ..run(intake, &barcode, group.obr, *obx) });
        }
    }
    let pid = message.segment("PID");
    let said = pid.map(patient::seen).unwrap_or_default();
    let arrival = Arrival {
        inbox: intake.inbox.clone(),
        instrument: intake.peer.name.clone(),
        facility: intake.peer.facility.clone(),
        community: intake.community,
        // PID-2 may be anything; only what stands in PID-3 is compared
        local_id: if pid.is_some_and(|p| !p.text(3).is_empty()) { said.local_id } else { String::new() },
        name: said.name,
        sex: pid.and_then(|p| Sex::of(&p.text(8))),
        birth_date: pid.and_then(|p| Timestamp::parse(&p.text(7))).and_then(|t| t.day()).unwrap_or_default(),
        runs,
    };
    let received = lab::receive(tx, intake.ctx, intake.permit, &arrival).await?;
    for (specimen, facility) in received.specimens {
        for slice in ["lab", "worklist", "critical", "clinic"] {
            intake.live.push((slice, specimen.clone(), facility.clone()));
        }
    }
    Ok(if received.unmatched > 0 {
        Answer { reason: "unmatched".into(), ..Answer::done() }
    } else {
        Answer::done()
    })
}

fn groups(message: &Message) -> std::result::Result<Vec<Group<'_>>, ReadError> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for segment in message.segments() {
        match (segment.name(), groups.last_mut()) {
            ("OBR", _) => groups.push(Group { obr: segment, spm: None, obx: Vec::new() }),
            ("SPM", Some(group)) => group.spm = Some(segment),
            ("OBX", Some(group)) => group.obx.push(segment),
            ("OBX", None) => {
                return Err(ReadError::new(
                    segment.index + 1,
                    ErrorCode::SegmentSequence,
                    "OBX in front of OBR",
                ));
            }
            _ => {}
        }
    }
    if groups.is_empty() {
        return Err(ReadError::new(0, ErrorCode::SegmentSequence, "OBR is missing"));
    }
    Ok(groups)
}

/// The first place that names a known specimen, and whether another place names a different one; otherwise the first
/// that is not empty, for the list of unmatched.
async fn barcode(
    intake: &Intake<'_>,
    tx: &mut Tx,
    message: &Message,
    group: &Group<'_>,
) -> Result<(String, bool)> {
    let mut first = String::new();
    let mut known: Option<(String, String)> = None;
    for path in intake.profile.barcode_paths() {
        let said = match path.segment.as_str() {
            "OBR" => group.obr.at(&path),
            "SPM" => group.spm.map(|s| s.at(&path)).unwrap_or_default(),
            _ => message.at(&path),
        };
        let said = said.trim().to_owned();
        if said == first && !first.is_empty() {
            continue;
        }
        if let Some(found) = order::specimen_by_barcode(tx, &said).await? {
            match &known {
                Some((barcode, id)) if *id != found.id => return Ok((barcode.clone(), true)),
                Some(_) => {}
                None => known = Some((said.clone(), found.id)),
            }
        }
        if first.is_empty() {
            first = said;
        }
    }
    Ok((known.map_or(first, |(barcode, _)| barcode), false))
}

fn run(intake: &Intake<'_>, barcode: &str, obr: Segment<'_>, obx: Segment<'_>) -> Run {
    let profile = intake.profile;
    let code = if profile.item_component == 4 {
        obx.text(4)
    } else {
        obx.component(3, profile.item_component.max(1))
    };
    let named = obx.component(3, 2);
    let kind = obx.text(2);
    let unit = obx.text(6);
    let run_at = [obx.text(14), obx.text(19), obr.text(22), obr.text(7)]
        .into_iter()
        .find(|t| !t.is_empty())
        .unwrap_or_default();
    let offset = i32::try_from(intake.ctx.config.centre.utc_offset_minutes).unwrap_or(480);
    let suspect = !intake.cut.is_empty()
        && (intake.cut.contains(&(obx.index + 1)) || intake.cut.contains(&(obr.index + 1)));
    Run {
        barcode: barcode.to_owned(),
        item: profile.code_map.get(&code).cloned().unwrap_or(code),
        item_name: if named.is_empty() { obx.text(4) } else { named },
        run_ms: Timestamp::parse(&run_at).map(|t| t.millis(offset)),
        run_at,
        value: value(obx, &kind, profile.value_field),
        unit: profile.unit_map.get(&unit).cloned().unwrap_or(unit),
        range: obx.whole(7),
        flags: obx.repetitions(8).into_iter().map(|r| obx.component_of(r, 1)).collect(),
        status: obx.text(11),
        comma_decimal: profile.comma_decimal,
        suspect,
        attachment: matches!(kind.as_str(), "ED" | "RP") || (kind == "IS" && profile.instrument),
        manual: false,
        sample: SampleKind::Patient,
        ambiguous: false,
        doubt: None,
    }
}

/// OBX-5 by its type (OBX-2).
fn value(obx: Segment<'_>, kind: &str, field: usize) -> String {
    match kind {
        "SN" => (1..=4).map(|n| obx.component(field, n)).collect(),
        "CE" | "CWE" | "CNE" => {
            let text = obx.component(field, 2);
            if text.is_empty() { obx.text(field) } else { text }
        }
        "ED" | "RP" => format!("({kind}, {} characters)", obx.raw(field).len()),
        "TX" | "FT" | "ST" => obx.whole(field),
        _ => obx.text(field),
    }
}

/// Some instruments say in MSH-16 what they measured: 0 sample, 1 calibration, 2 quality control.
fn sample_kind(intake: &Intake<'_>, header: &Header) -> SampleKind {
    match (intake.profile.msh16_sample_kind, header.application_ack.as_str()) {
        (true, "1") => SampleKind::Calibration,
        (true, "2") => SampleKind::QualityControl,
        _ => SampleKind::Patient,
    }
}
