//! What the machine raises: a red alert before the report, and what a later file of the same recording adds. Never lower.

use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args};
use yigong_formats::ecg::critical::{self as rules, Level};

use super::{gate, sql};
use crate::critical;
use crate::worklist::admit::{of_subject, raise_priority};
use crate::worklist::deadline::rank;

/// A record as far as alerts name it.
pub(super) struct Subject<'a> {
    /// Record id.
    pub record: &'a str,
    /// Patient row.
    pub patient: &'a str,
    /// Facility whose doctor must answer.
    pub facility: &'a str,
}

/// A red finding is told before anybody has typed a word (先通知后报告); provisional until a physician confirms it.
pub(super) async fn alert<'a>(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    subject: &Subject<'_>,
    raises: impl Iterator<Item = &'a rules::Raise>,
) -> Result<Option<String>> {
    let red: Vec<_> = raises.filter(|r| r.level == Level::Red).collect();
    let Some(first) = red.first() else { return Ok(None) };
    let joined = |f: &dyn Fn(&rules::Raise) -> String| red.iter().map(|r| f(r)).collect::<Vec<_>>().join(";");
    let new = critical::raise::Raise {
        pipeline: "ecg".into(),
        subject_kind: "ecg".into(),
        subject: subject.record.into(),
        dedupe: format!("ecg:{}:{}", subject.patient, first.rule),
        patient: subject.patient.into(),
        facility: subject.facility.into(),
        level: "red".into(),
        finding: joined(&|r| r.finding.clone()),
        value: joined(&|r| r.value.clone()),
        rule: joined(&named),
        provisional: true,
        report: None,
    };
    Ok(Some(critical::raise::raise(tx, ctx, permit, &new).await?.alert))
}

fn named(raise: &rules::Raise) -> String {
    format!("{} ({})", raise.rule, raise.preset)
}

/// Another file of the record says more (a cart's own statement, a finer trace): triage, class and alert go up, never down.
/// Answers the alert.
pub(super) async fn higher(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    record: &str,
    analysis: &yigong_formats::ecg::Analysis,
) -> Result<Option<String>> {
    let row = tx.one(sql::FIND, args![record, "*"]).await?;
    let (patient, facility) = (row.text("patient")?, row.text("facility")?);
    let mut told = String::new();
    for alert in tx.all(sql::TOLD_RULES, args![record]).await? {
        told.push_str(&alert.text("rule")?);
    }
    let subject = Subject { record, patient: &patient, facility: &facility };
    let new = analysis.raises.iter().filter(|r| !told.contains(&format!("{} (", r.rule)));
    let alert = alert(tx, ctx, permit, &subject, new).await?;
    let triage = analysis.triage();
    if grade(triage) > grade(&row.text("triage")?) {
        tx.exec(sql::SET_TRIAGE, args![record, triage]).await?;
        // What has been written already waits for its auditor under the higher class, too.
        for tier in ["write", "audit"] {
            let Some(item) = of_subject(tx, record, tier).await? else { continue };
            if matches!(item.state.as_str(), "done" | "cancelled") {
                continue;
            }
            let class = gate::priority(triage, None, &[]);
            let class = if rank(class) < rank(&item.priority) { class } else { item.priority.as_str() };
            raise_priority(tx, ctx, permit, &item.id, class, triage, "another file of the recording").await?;
        }
    }
    Ok(alert)
}

fn grade(triage: &str) -> u8 {
    match triage {
        "red" => 2,
        "orange" => 1,
        _ => 0,
    }
}
