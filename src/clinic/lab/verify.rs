//! Releasing results: only rows as they were seen, only by a verifier, never one's own manual value.
//!
//! The report version is rendered and signed first; the rows, the version and the item change in one unit of work.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Conn, Row};
use yigong_base::{args, audit};

use super::correct::MANUAL;
use super::queue::{self, LabLine};
use super::{matched, sql};
use crate::centre::Centre;
use crate::critical;
use crate::critical::correct::Corrected;
use crate::report::content::LabRow;
use crate::report::{self, LabReport};
use crate::worklist;

/// A row to release, as the verifier saw it.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Eq)]
pub struct Pick {
    /// Result row.
    pub id: String,
    /// Version of the row that was shown.
    pub row_version: i64,
}

/// A row that was not released.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Refused {
    /// Result row.
    pub id: String,
    /// `not_found`, `changed`, `own_value`, `unit`, `held`.
    pub code: &'static str,
    /// Chinese.
    pub text_zh: &'static str,
    /// English.
    pub text_en: &'static str,
}

/// A version that came out.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Issued {
    /// Report.
    pub report: String,
    /// Version.
    pub n: i64,
    /// Specimen.
    pub specimen: String,
    /// Facility that ordered.
    pub facility: String,
}

/// What became of a release.
#[derive(Debug, Clone, Default, Serialize, PartialEq, Eq)]
pub struct Outcome {
    /// Rows released.
    pub released: usize,
    /// Rows that were not, with the reason.
    pub refused: Vec<Refused>,
    /// Versions that came out.
    pub reports: Vec<Issued>,
}

/// Releases the picked rows. `only_ready` refuses every row that carries a reason to be held.
pub async fn release(
    centre: &Centre,
    permit: &Permit,
    picks: &[Pick],
    comment: &str,
    only_ready: bool,
) -> Result<Outcome> {
    permit.require_for(Right::Verify, "lab")?;
    let mut outcome = Outcome::default();
    let mut by_specimen: BTreeMap<String, Vec<Pick>> = BTreeMap::new();
    {
        let mut conn = centre.ctx.db.read(permit).await?;
        for pick in picks {
            let row = conn.opt(sql::RESULT, args![&pick.id, permit.scope()]).await?;
            match check(row.as_ref(), pick, permit, only_ready)? {
                Ok(specimen) => by_specimen.entry(specimen).or_default().push(pick.clone()),
                Err(refused) => outcome.refused.push(refused),
            }
        }
    }
    for (specimen, picks) in by_specimen {
        match issue(centre, permit, &specimen, &picks, comment).await {
            Ok(issued) => {
                outcome.released += picks.len();
                outcome.reports.push(issued);
            }
            // Somebody changed a row or published first: nothing of this specimen was released.
            Err(Fault::Conflict { .. }) => {
                outcome.refused.extend(picks.iter().map(|p| refusal(&p.id, "changed")));
            }
            Err(fault) => return Err(fault),
        }
    }
    Ok(outcome)
}

/// Releases every row of lane 1 in the caller's scope: whole specimens without a single reason to hold a row.
pub async fn release_ready(centre: &Centre, permit: &Permit) -> Result<Outcome> {
    permit.require_for(Right::Verify, "lab")?;
    let picks: Vec<Pick> = {
        let mut conn = centre.ctx.db.read(permit).await?;
        let queue = queue::queue(&mut conn, &centre.ctx, permit, "ready").await?;
        let waiting = |r: &LabLine| r.state == "resulted" && r.holds.is_empty();
        let rows = queue.specimens.into_iter().flat_map(|s| s.results).filter(waiting);
        rows.map(|r| Pick { id: r.id, row_version: r.row_version }).collect()
    };
    release(centre, permit, &picks, "", true).await
}

fn check(
    row: Option<&Row>,
    pick: &Pick,
    permit: &Permit,
    only_ready: bool,
) -> Result<std::result::Result<String, Refused>> {
    let Some(row) = row else { return Ok(Err(refusal(&pick.id, "not_found"))) };
    let state = row.text("state")?;
    if row.int("row_version")? != pick.row_version || !matches!(state.as_str(), "resulted" | "held") {
        return Ok(Err(refusal(&pick.id, "changed")));
    }
    let holds: Vec<String> = row.json("holds")?;
    let own = row.text("instrument")? == format!("{MANUAL}{}", permit.who());
    if own || row.text("attached_by")? == permit.who() {
        return Ok(Err(refusal(&pick.id, "own_value")));
    }
    if holds.iter().any(|h| h == super::hold::UNKNOWN_UNIT) {
        return Ok(Err(refusal(&pick.id, "unit")));
    }
    if only_ready && !holds.is_empty() {
        return Ok(Err(refusal(&pick.id, "held")));
    }
    Ok(Ok(row.text("specimen")?))
}

fn refusal(id: &str, code: &'static str) -> Refused {
    let (text_zh, text_en) = match code {
        "not_found" => ("没有找到该结果", "No such result"),
        "own_value" => {
            ("录入或匹配结果者不能审核该结果", "Whoever entered or attached a value does not verify it")
        }
        "unit" => ("单位无法换算,请更正后再审核", "The unit does not convert; correct the value first"),
        "held" => ("有拦截原因,不能批量放行", "Held rows are not released in a batch"),
        _ => ("该结果已被更改,请刷新", "The row changed meanwhile; refresh"),
    };
    Refused { id: id.to_owned(), code, text_zh, text_en }
}

async fn issue(
    centre: &Centre,
    permit: &Permit,
    specimen: &str,
    picks: &[Pick],
    comment: &str,
) -> Result<Issued> {
    let ctx = &centre.ctx;
    let Draft { lab, mut content, told } = {
        let mut conn = ctx.db.read(permit).await?;
        draft(&mut conn, permit, specimen, picks, comment).await?
    };
    let patient = lab.patient.clone();
    let (facility, order, complete) = (lab.facility.clone(), lab.order_id.clone(), lab.complete);
    let ready = report::prepare_lab(centre, permit, lab).await?;
    let id = ready.content.report.clone();
    let mut tx = ctx.db.begin(permit).await?;
    matched::lock(&mut tx, specimen).await?;
    if tx.one(sql::STATE_OF, args![specimen]).await?.text("state")? == "rejected" {
        return Err(Fault::conflict("rejected", "the specimen was rejected"));
    }
    let mut released = Vec::new();
    for pick in picks {
        let row = tx.one(sql::RESULT, args![&pick.id, permit.scope()]).await?;
        let done = tx.exec(sql::RELEASE, args![&pick.id, pick.row_version, ctx.now(), permit.who()]).await?;
        if done == 0 {
            return Err(Fault::conflict("changed", "the row changed meanwhile"));
        }
        tx.exec(sql::SUPERSEDE, args![specimen, row.text("item")?, &pick.id]).await?;
        released.push((&pick.id, row.json::<Vec<String>>("holds")?));
    }
    for line in &told {
        let finding = format!("lab:{patient}:{}:", line.item);
        let corrected = Corrected {
            subject: specimen,
            finding: &finding,
            since: ctx.now() + 1,
            stands: &[&line.value, &line.said],
            remark: &line.remark,
        };
        critical::correct::reopen(&mut tx, ctx, permit, &corrected).await?;
    }
    let n = report::commit_version(&mut tx, centre, permit, ready).await?;
    // Two people release at once: the second one's version would leave out what the first has just published.
    let mut published = Vec::new();
    for row in tx.all(sql::PUBLISHED, args![specimen]).await? {
        published.push(row.text("id")?);
    }
    published.sort_unstable();
    content.sort_unstable();
    if published != content {
        return Err(Fault::conflict("changed", "another result of the specimen was published meanwhile"));
    }
    for (result, holds) in released {
        audit::append(&mut tx, ctx, permit, "lab.verify", "lab_result", result, &json!({"holds": holds}));
    }
    if let Some(item) = worklist::admit::of_subject(&mut tx, specimen, "audit").await?
        && tx.one(sql::WAITING, args![specimen]).await?.int("n")? == 0
    {
        tx.exec(worklist::sql::CLOSE, args![&item.id, "done", ctx.now()]).await?;
    }
    if complete {
        tx.exec(sql::ITEMS_REPORTED, args![&order]).await?;
    }
    tx.commit().await?;
    for slice in ["lab", "worklist", "clinic", "report", "critical"] {
        ctx.live.changed(slice, specimen, &facility);
    }
    Ok(Issued { report: id, n, specimen: specimen.to_owned(), facility })
}

/// The next version.
struct Draft {
    lab: LabReport,
    /// The rows it is made of.
    content: Vec<String>,
    /// Released values that are not critical: whoever was told of another one is told of this.
    told: Vec<Calm>,
}

/// A value that is not critical.
struct Calm {
    item: String,
    /// As it is shown, and as the instrument said it.
    value: String,
    said: String,
    remark: String,
}

/// The next version: what is published already and what is picked now.
async fn draft(
    conn: &mut Conn,
    permit: &Permit,
    specimen: &str,
    picks: &[Pick],
    comment: &str,
) -> Result<Draft> {
    let row = conn.one(sql::SPECIMEN_BY_ID, args![specimen, permit.scope()]).await?;
    let (order, patient, barcode) = (row.text("order_id")?, row.text("patient")?, row.text("barcode")?);
    let lines = queue::results(conn, specimen, &patient).await?;
    let picked = |line: &LabLine| picks.iter().any(|p| p.id == line.id);
    let (mut rows, mut ids) = (Vec::new(), Vec::new());
    let (mut changed, mut told) = (Vec::new(), Vec::new());
    for line in &lines {
        if picked(line) {
            let before = lines.iter().find(|l| l.code == line.code && l.state == "published");
            if let Some(before) = before.filter(|b| b.value_raw != line.value_raw) {
                changed.push(format!("{} {} → {}", line.name, before.value_raw, line.value_raw));
            }
            // A value that is critical itself rings by itself.
            if !is_critical(&line.flag) {
                told.push(Calm {
                    item: line.code.clone(),
                    value: line.value_raw.clone(),
                    said: line.said.clone(),
                    remark: format!("条码 {barcode}:{} 现为 {} {}", line.name, line.value_raw, line.unit),
                });
            }
            rows.push(content(line, before));
            ids.push(line.id.clone());
        } else if line.state == "published" && !lines.iter().any(|l| picked(l) && l.code == line.code) {
            rows.push(content(line, None));
            ids.push(line.id.clone());
        }
    }
    let mut missing = matched::ordered_items(conn, &order).await?;
    missing.retain(|code| !rows.iter().any(|r| r.code == *code));
    let title =
        conn.opt(sql::WORK_TITLE, args![specimen]).await?.map_or(Ok(String::new()), |r| r.text("title"))?;
    let lab = LabReport {
        specimen: specimen.to_owned(),
        order_id: order,
        patient,
        facility: row.text("facility")?,
        title: if title.is_empty() { "检验报告".to_owned() } else { title },
        rows,
        complete: missing.is_empty(),
        change_class: if changed.is_empty() { 0 } else { 2 },
        change_reason: changed.join("; "),
        comment: comment.trim().to_owned(),
    };
    Ok(Draft { lab, content: ids, told })
}

fn is_critical(flag: &str) -> bool {
    matches!(flag, "HH" | "LL")
}

fn content(line: &LabLine, before: Option<&LabLine>) -> LabRow {
    let method = if line.instrument.starts_with(MANUAL) { "手工" } else { &line.instrument };
    LabRow {
        code: line.code.clone(),
        name: line.name.clone(),
        name_en: line.name_en.clone(),
        loinc: line.loinc.clone(),
        value: line.value_raw.clone(),
        unit: line.unit.clone(),
        reference: line.reference.clone(),
        flag: line.flag.clone(),
        critical: is_critical(&line.flag),
        method: method.to_owned(),
        performed_at: line.resulted_at,
        corrected_from: before
            .filter(|b| b.value_raw != line.value_raw)
            .map(|b| b.value_raw.clone())
            .unwrap_or_default(),
    }
}
