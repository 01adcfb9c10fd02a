//! Signing: the final version (tier 2, or tier 1 for a normal ECG) and the preliminary one.

use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Conn, Tx};
use yigong_base::{Ctx, args};

use super::commit::commit_version;
use super::content::{Ecg, ReportContent};
use super::draft::fenced;
use super::gather::{gather, person};
use super::grade;
use super::open::find;
use super::prepare::prepare;
use super::submit::{Act, checked, free_to_report, set_subject};
use crate::centre::Centre;
use crate::worklist::{self, ItemRow};

/// What was published.
#[derive(Debug, Clone)]
pub struct Published {
    /// Version number.
    pub n: i64,
    /// The item that was read.
    pub item: ItemRow,
}

/// Whether the caller may sign the final from this item: the second tier, never by the writer; or, for a normal ECG,
/// the first tier by a reader certified for audit (one signature, workflow specification 2.2).
#[must_use]
pub fn may_sign(permit: &Permit, item: &ItemRow) -> bool {
    if !permit.may_for(Right::Audit, &item.pipeline) {
        return false;
    }
    match item.tier.as_str() {
        "audit" => item.written_by != permit.who(),
        "write" => item.pipeline == "ecg" && matches!(item.triage.as_str(), "" | "normal"),
        _ => false,
    }
}

/// A second person must sign an ECG whose values are disputed between recorder, server and physician (ECG
/// specification 19); red ones and those of readers without the right to audit never get here alone.
pub(super) async fn second_needed(conn: &mut Conn, item: &ItemRow) -> Result<bool> {
    if item.tier != "write" || item.subject_kind != "ecg" {
        return Ok(false);
    }
    let measurements = super::gather::values(conn, &item.subject).await?;
    Ok(!Ecg { measurements, ..Ecg::default() }.disputed().is_empty())
}

/// Signs the final version.
pub async fn sign(centre: &Centre, permit: &Permit, act: &Act<'_>) -> Result<Published> {
    let ctx = &centre.ctx;
    // First look: fence and checks before any work, and the text is kept if the fence refuses.
    let tx = ctx.db.begin(permit).await?;
    let (mut tx, item) = fenced(tx, ctx, permit, act.report, act.item, act.epoch, act.sections).await?;
    if !may_sign(permit, &item) {
        return Err(Fault::denied("sign: another person must audit this report"));
    }
    if second_needed(&mut tx, &item).await? {
        return Err(Fault::conflict(
            "second_signature",
            "values of recorder, server and physician differ: another person must audit this report",
        ));
    }
    checked(&mut tx, ctx, act, &item).await?;
    let report = find(&mut tx, permit, act.report).await?;
    let mut content = gather(&mut tx, ctx, &report, &item.title).await?;
    let previous = if report.current_version > 0 {
        Some(super::read::content(&mut tx, &report.id, report.current_version).await?)
    } else {
        None
    };
    content.sections = act.sections.clone();
    content.kind = match &previous {
        Some(p) if p.kind != "prelim" => "amended".into(),
        _ => "final".into(),
    };
    content.change_class = report.amend_class.unwrap_or_default();
    if let Some(before) = &previous {
        let least = grade::least(before, &content);
        if before.kind != "prelim" && least > content.change_class && !act.confirm {
            return Err(Fault::Invalid {
                what: "checks".into(),
                detail: "the change is more than it was called".into(),
                current: serde_json::json!({"checks": [grade::raised()]}),
            });
        }
        content.change_class = content.change_class.max(least);
    }
    if report.amend_class.is_some() {
        content.change_reason = super::amend::reason(&mut tx, &report.id).await?;
    }
    let writer = if item.tier == "audit" && !item.written_by.is_empty() {
        item.written_by.as_str()
    } else {
        permit.who()
    };
    content.writer = person(&mut tx, permit, writer).await?;
    content.auditor =
        if writer == permit.who() { None } else { Some(person(&mut tx, permit, permit.who()).await?) };
    drop(tx);
    // Rendering and signing take a while: outside any unit of work; the fence stands again at the commit.
    let ready = prepare(centre, permit, content).await?;
    let tx = ctx.db.begin(permit).await?;
    let (mut tx, item) = fenced(tx, ctx, permit, act.report, act.item, act.epoch, act.sections).await?;
    if !may_sign(permit, &item) {
        // Another file of the recording has meanwhile said what needs a second person.
        return Err(Fault::denied("sign: another person must audit this report"));
    }
    free_to_report(&mut tx, &item).await?;
    unchanged(&mut tx, ctx, permit, &item, &ready.content).await?;
    let n = commit_version(&mut tx, centre, permit, ready).await?;
    tx.exec(worklist::sql::CLOSE, args![&item.id, "done", ctx.now()]).await?;
    tx.commit().await?;
    Ok(Published { n, item })
}

/// What the version says about patient, order and evidence is still so: whoever signs has seen it, and it was rendered outside any unit.
///
/// # Errors
/// `Conflict` `facts_changed`.
async fn unchanged(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    item: &ItemRow,
    signed: &ReportContent,
) -> Result<()> {
    let lock = if item.subject_kind == "ecg" { super::sql::LOCK_ECG } else { super::sql::LOCK_STUDY };
    tx.exec(lock, args![&item.subject]).await?;
    let report = find(tx, permit, &signed.report).await?;
    let now = gather(tx, ctx, &report, &item.title).await?;
    let facts = |c: &ReportContent| {
        serde_json::to_value((&c.patient, &c.facility, &c.order, &c.subject, &c.ecg, &c.critical))
    };
    if facts(&now)? == facts(signed)? {
        return Ok(());
    }
    Err(Fault::conflict(
        "facts_changed",
        "patient, order, values or alerts changed while this was being signed: look at them and sign again",
    ))
}

/// Publishes a preliminary version (急诊报告) of an emergency by a licensed writer; the item stays with the reader.
pub async fn preliminary(centre: &Centre, permit: &Permit, act: &Act<'_>) -> Result<Published> {
    let ctx = &centre.ctx;
    let tx = ctx.db.begin(permit).await?;
    let (mut tx, item) = fenced(tx, ctx, permit, act.report, act.item, act.epoch, act.sections).await?;
    permit.require_for(Right::Preliminary, &item.pipeline)?;
    if !may_preliminary(&item) {
        return Err(Fault::conflict("not_emergency", "only an emergency has a preliminary report"));
    }
    checked(&mut tx, ctx, act, &item).await?;
    let report = find(&mut tx, permit, act.report).await?;
    if report.current_version > 0 {
        return Err(Fault::conflict("published", "the report has a version already"));
    }
    let mut content = gather(&mut tx, ctx, &report, &item.title).await?;
    content.sections = act.sections.clone();
    content.kind = "prelim".into();
    content.writer = person(&mut tx, permit, permit.who()).await?;
    drop(tx);
    let ready = prepare(centre, permit, content).await?;
    let tx = ctx.db.begin(permit).await?;
    let (mut tx, item) = fenced(tx, ctx, permit, act.report, act.item, act.epoch, act.sections).await?;
    free_to_report(&mut tx, &item).await?;
    unchanged(&mut tx, ctx, permit, &item, &ready.content).await?;
    let n = commit_version(&mut tx, centre, permit, ready).await?;
    // The item stays with its reader: the text of the preliminary is the draft of the final.
    let sections = serde_json::to_value(act.sections)?;
    tx.exec(super::sql::PUT_DRAFT, args![act.report, 1_i64, act.epoch, permit.who(), sections, ctx.now()])
        .await?;
    tx.exec(super::sql::SET_STATE, args![act.report, "draft", ctx.now()]).await?;
    set_subject(&mut tx, &item, "reading").await?;
    tx.commit().await?;
    Ok(Published { n, item })
}

/// Whether the item's class allows a preliminary version.
#[must_use]
pub fn may_preliminary(item: &ItemRow) -> bool {
    item.tier == "write" && matches!(item.priority.as_str(), "stat" | "emergency") && item.pipeline != "lab"
}
