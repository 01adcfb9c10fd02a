//! Laboratory reports: versions made from verified values.

use yigong_base::access::Permit;
use yigong_base::fault::Result;

use super::content::{LabRow, Sections};
use super::gather::{gather, person};
use super::open::{find, open};
use super::prepare::{Ready, prepare};
use crate::centre::Centre;

/// What a laboratory version is made of.
#[derive(Debug, Clone)]
pub struct LabReport {
    /// Specimen row.
    pub specimen: String,
    /// Order row.
    pub order_id: String,
    /// Patient row.
    pub patient: String,
    /// Facility that ordered.
    pub facility: String,
    /// Title, for example the panels.
    pub title: String,
    /// Verified rows: all of them, the earlier released ones too.
    pub rows: Vec<LabRow>,
    /// Whether every ordered item is among them.
    pub complete: bool,
    /// 0 added rows, 2 a corrected value.
    pub change_class: i64,
    /// Why it was changed.
    pub change_reason: String,
    /// Remark.
    pub comment: String,
}

/// Renders and signs the next version; commit it with [`super::commit_version`] in the slice's own transaction.
/// The first complete version is `final`; an incomplete one is `prelim`; what follows a final is `amended`.
pub async fn prepare_lab(centre: &Centre, permit: &Permit, lab: LabReport) -> Result<Ready> {
    let ctx = &centre.ctx;
    let mut tx = ctx.db.begin(permit).await?;
    let id =
        open(&mut tx, ctx, "lab", "specimen", &lab.specimen, &lab.patient, &lab.facility, Some(lab.order_id))
            .await?;
    let report = find(&mut tx, permit, &id).await?;
    let mut content = gather(&mut tx, ctx, &report, &lab.title).await?;
    let before = if report.current_version > 0 {
        Some(super::read::content(&mut tx, &id, report.current_version).await?.kind)
    } else {
        None
    };
    content.kind = match before.as_deref() {
        Some("final" | "amended") => "amended".into(),
        _ if lab.complete => "final".into(),
        _ => "prelim".into(),
    };
    if let Some(at) = lab.rows.iter().map(|r| r.performed_at).filter(|at| *at > 0).min() {
        content.subject.performed_at = at;
    }
    content.lab_rows = lab.rows;
    content.sections = Sections { comment: lab.comment, ..Sections::default() };
    content.change_class = lab.change_class;
    content.change_reason = lab.change_reason;
    content.writer = person(&mut tx, permit, permit.who()).await?;
    tx.commit().await?;
    prepare(centre, permit, content).await
}
