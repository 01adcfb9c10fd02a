//! Recordings that are kept outside the index because they name somebody else than the study they came for, or stand beside another one of
//! the same name: nobody reads them until a person has looked. Whether a heart is in danger is looked at all the same.

use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::patient::{self, Seen};
use yigong_base::{Ctx, args, audit};
use yigong_formats::ecg::Limits;
use yigong_formats::ecg::critical::Level;

use super::understand::understand;
use super::{preset, sql};
use crate::critical::{self, Raise};

/// The job; its key is the address of the object, its payload who sent it and whom it names.
pub const JOB: &str = "ecg_stray";

/// Rings for a held recording with a red finding, once, on a patient who is still to be found. What cannot be read says nothing here: it is
/// in the quarantine anyway.
///
/// # Errors
/// Storage faults; the job is tried again.
pub async fn look(ctx: &Ctx, object: &str, payload: &Value) -> Result<()> {
    let permit = Permit::system("ecg");
    let preset = preset::active(&mut *ctx.db.read(&permit).await?).await?;
    let bytes = ctx.blobs.read(object).await?;
    let limits = Limits::default();
    if bytes.len() > limits.file {
        return Ok(());
    }
    let Ok((understood, _)) = understand(bytes, limits, preset).await? else { return Ok(()) };
    let red: Vec<_> = understood.analysis.raises.iter().filter(|r| r.level == Level::Red).collect();
    if red.is_empty() {
        return Ok(());
    }
    let text = |key: &str| payload.get(key).and_then(Value::as_str).unwrap_or_default();
    let mut tx = ctx.db.begin(&permit).await?;
    if tx.opt(sql::TOLD_RULES, args![object]).await?.is_some() {
        return Ok(());
    }
    let seen = Seen { name: text("name").to_owned(), ..Seen::default() };
    let facility = text("facility").to_owned();
    let patient = patient::link(&mut tx, ctx, &facility, &seen).await?.id;
    let joined = |parts: Vec<&str>| parts.join(";");
    let findings = joined(red.iter().map(|r| r.finding.as_str()).collect());
    let number = match text("patient_id") {
        "" => String::new(),
        id => format!(",患者号 {id}"),
    };
    let new = Raise {
        pipeline: "ecg".into(),
        subject_kind: "object".into(),
        subject: object.to_owned(),
        dedupe: format!("ecg:{patient}:stray"),
        patient,
        facility: facility.clone(),
        level: "red".into(),
        finding: format!("{findings}(记录在隔离区,归属待核对{number})"),
        value: joined(red.iter().map(|r| r.value.as_str()).collect()),
        rule: red.iter().map(|r| format!("{} ({})", r.rule, r.preset)).collect::<Vec<_>>().join(";"),
        provisional: true,
        report: None,
    };
    let raised = critical::raise(&mut tx, ctx, &permit, &new).await?;
    audit::append(&mut tx, ctx, &permit, "ecg.stray", "object", object, &json!({"alert": raised.alert}));
    tx.commit().await?;
    ctx.live.changed("critical", &raised.alert, &facility);
    Ok(())
}
