//! The job `ecg_receive`: a kept waveform object becomes a record, a verdict, and work.

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Row, Tx};
use yigong_base::{Ctx, args, audit};
use yigong_formats::ecg::{self, Analysis, Document, Limits, Refusal, draw};

use super::{place, sql};
use crate::imaging::quarantine::{self, Entry};

/// What became of the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// No such object any more.
    Gone,
    /// Understood before; nothing changed.
    Known(String),
    /// A record and an item for the readers.
    Queued(String),
    /// A record, held until a person has settled who it belongs to. A red finding has been raised all the same.
    Held(String),
    /// The same samples as this record: kept as another file of it.
    Rendition(String),
    /// Not understood: in quarantine with the reason.
    Quarantined,
}

/// A recording as understood, outside any transaction.
pub(super) struct Understood {
    /// As decoded.
    pub document: Document,
    /// As measured and judged.
    pub analysis: Analysis,
    /// The 3×4+1 drawing for the report.
    pub page: String,
}

/// Understands the object of an instance once; doing it twice changes nothing.
///
/// # Errors
/// Storage faults; the job is tried again.
pub async fn receive(ctx: &Ctx, instance: &str) -> Result<Received> {
    let permit = Permit::system("ecg");
    let arrived = {
        let mut conn = ctx.db.read(&permit).await?;
        let Some(row) = conn.opt(sql::ARRIVED, args![instance]).await? else { return Ok(Received::Gone) };
        let arrived = Arrived::of(&row)?;
        let known = conn.opt(sql::OF_OBJECT, args![&arrived.facility, &arrived.object]).await?;
        if let Some(record) = known
            && (record.text("state")? != "held" || arrived.is_held())
        {
            return Ok(Received::Known(record.text("id")?));
        }
        arrived
    };
    let limits = Limits::default();
    let understood = if usize::try_from(arrived.size).is_ok_and(|s| s <= limits.file) {
        let bytes = ctx.blobs.read(&arrived.object).await?;
        understand(bytes, limits).await?
    } else {
        Err(Refusal::new("limit", format!("file of {} bytes, at most {}", arrived.size, limits.file)))
    };
    match understood {
        Ok(understood) => record(ctx, &permit, &arrived, understood).await,
        Err(refusal) => refuse(ctx, &permit, &arrived, &refusal).await,
    }
}

/// Decodes, measures and draws on a thread of its own: milliseconds of arithmetic that must not stop the others.
pub(super) async fn understand(
    bytes: Vec<u8>,
    limits: Limits,
) -> Result<std::result::Result<Understood, Refusal>> {
    tokio::task::spawn_blocking(move || {
        let document = ecg::decode::decode(&bytes, &limits)?;
        let analysis = ecg::analyse(&document, "");
        let page = draw::svg(&draw::layout(&document, &draw::Paper::REPORT));
        Ok(Understood { document, analysis, page })
    })
    .await
    .map_err(|_| Fault::internal("the analysis of a recording stopped"))
}

/// The object and what its study knows.
pub(super) struct Arrived {
    /// Instance row.
    pub instance: String,
    /// Facility of the peer.
    pub facility: String,
    /// Blob.
    pub object: String,
    size: i64,
    /// When it came, ms.
    pub received_at: i64,
    peer: String,
    /// Study row.
    pub study: String,
    /// Patient row.
    pub patient: String,
    /// Order of the study.
    pub order: Option<String>,
    /// Accession number as sent.
    pub accession: String,
    lane: String,
}

impl Arrived {
    fn of(row: &Row) -> Result<Self> {
        Ok(Self {
            instance: row.text("id")?,
            facility: row.text("facility")?,
            object: row.text("object_sha256")?,
            size: row.int("size_bytes")?,
            received_at: row.int("received_at")?,
            peer: row.text("peer")?,
            study: row.text("study")?,
            patient: row.text("patient")?,
            order: row.opt_text("order_id")?,
            accession: row.text("accession")?,
            lane: row.text("lane")?,
        })
    }

    /// Whether a person must first say whose recording it is.
    pub fn is_held(&self) -> bool {
        matches!(self.lane.as_str(), "identity" | "content" | "security")
    }
}

async fn record(ctx: &Ctx, permit: &Permit, arrived: &Arrived, understood: Understood) -> Result<Received> {
    // Blob first, rows second.
    let page = ctx.blobs.put(understood.page.as_bytes()).await?;
    let mut tx = ctx.db.begin(permit).await?;
    let placed = place::place(&mut tx, ctx, permit, arrived, &understood, &page).await?;
    tx.commit().await?;
    ctx.live.changed("ecg", placed.record(), &arrived.facility);
    if let Some(item) = &placed.item {
        ctx.live.changed("worklist", item, &arrived.facility);
    }
    if let Some(alert) = &placed.alert {
        ctx.live.changed("critical", alert, &arrived.facility);
    }
    Ok(placed.received)
}

async fn refuse(ctx: &Ctx, permit: &Permit, arrived: &Arrived, refusal: &Refusal) -> Result<Received> {
    let mut tx = ctx.db.begin(permit).await?;
    let reason = if refusal.stage == "lead" { "ecg-no-usable-lead" } else { "ecg-not-readable" };
    let entry = Entry {
        lane: "defect",
        reason,
        facility: &arrived.facility,
        peer: &arrived.peer,
        object_kind: "instance",
        object_id: &arrived.instance,
        blob: Some(&arrived.object),
        detail: json!({"study": arrived.study, "stage": refusal.stage, "why": refusal.reason}),
    };
    quarantine::open(&mut tx, ctx, permit, &entry).await?;
    note(&mut tx, ctx, permit, "ecg.refuse", &arrived.instance, &refusal.to_string()).await?;
    tx.commit().await?;
    ctx.live.changed("imaging", &arrived.study, &arrived.facility);
    Ok(Received::Quarantined)
}

async fn note(tx: &mut Tx, ctx: &Ctx, permit: &Permit, action: &str, object: &str, why: &str) -> Result<()> {
    audit::append(tx, ctx, permit, action, "instance", object, &json!({"why": why})).await
}
