//! Orders as pages show them.

use serde::Serialize;
use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::fault::Result;
use yigong_base::patient::{self, link::PatientHead};
use yigong_base::storage::{Conn, Row};

use super::place::{PlacedSpecimen, labels};
use super::sql;

/// An order beside its evidence.
#[derive(Debug, Clone, Serialize)]
pub struct OrderHead {
    /// Row id.
    pub id: String,
    /// Placer number.
    pub placer_no: String,
    /// Filler number, accession.
    pub filler_no: String,
    /// `stat`, `emergency`, `urgent`, `routine`.
    pub priority: String,
    /// Ordering doctor.
    pub orderer: String,
    /// Department.
    pub department: String,
    /// Clinical history.
    pub history: String,
    /// Flags.
    pub flags: Vec<String>,
    /// Items.
    pub items: Vec<OrderItemHead>,
    /// When it was placed, ms.
    pub created_at: i64,
}

/// One item of an order.
#[derive(Debug, Clone, Serialize)]
pub struct OrderItemHead {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Modality.
    pub modality: String,
    /// Body part.
    pub body_part: String,
    /// As of an order.
    pub state: String,
}

impl OrderHead {
    /// The examinations that a study of these modalities answers: those of the modalities, or all where none is. One study may
    /// show several.
    #[must_use]
    pub fn answered_by(&self, modalities: &[&str]) -> Vec<&OrderItemHead> {
        let wanted: Vec<_> = self.items.iter().filter(|i| i.state != "cancelled").collect();
        let answered = answered(wanted.iter().map(|i| i.modality.as_str()), modalities);
        wanted.into_iter().zip(answered).filter_map(|(item, yes)| yes.then_some(item)).collect()
    }
}

/// Whether two modalities are the same way of examining. Radiography has several terms (PS3.3 C.7.3.1.1.1 and what hospital
/// systems write): which of them is used depends on the make of the detector.
#[must_use]
fn alike(a: &str, b: &str) -> bool {
    const RADIOGRAPHY: [&str; 3] = ["DX", "CR", "DR"];
    a == b || (RADIOGRAPHY.contains(&a) && RADIOGRAPHY.contains(&b))
}

/// Which items, by their modalities, evidence of the modalities `shown` answers: those of the same way of examining, and all where it
/// shows none of them, for what a device calls itself is not always what was ordered.
pub fn answered<'a>(items: impl IntoIterator<Item = &'a str>, shown: &[&str]) -> Vec<bool> {
    let same: Vec<bool> = items.into_iter().map(|item| shown.iter().any(|m| alike(m, item))).collect();
    let some = same.contains(&true);
    same.into_iter().map(|yes| yes || !some).collect()
}

/// A row of the order list.
#[derive(Debug, Clone, Serialize)]
pub struct OrderRow {
    /// The order.
    #[serde(flatten)]
    pub head: OrderHead,
    /// Facility code.
    pub facility: String,
    /// Facility name.
    pub facility_name: String,
    /// Its patient.
    pub patient: PatientHead,
    /// `imaging`, `ecg`, `lab`.
    pub pipeline: String,
    /// `ordered` (something is still to be examined), `received`, `preliminary`, `reported`, `cancelled`.
    pub state: String,
    /// Labels.
    pub specimens: Vec<PlacedSpecimen>,
}

/// A page of the list.
#[derive(Debug, Clone, Serialize)]
pub struct OrderPage {
    /// Newest first.
    pub rows: Vec<OrderRow>,
    /// Cursor of the next page.
    pub next_cursor: Option<String>,
}

/// The order, or `None` when it is not in the caller's scope.
pub async fn head(conn: &mut Conn, permit: &Permit, order: &str) -> Result<Option<OrderHead>> {
    let Some(row) = conn.opt(sql::FIND, args![order, permit.scope()]).await? else { return Ok(None) };
    of_row(conn, &row).await.map(Some)
}

/// Orders in scope, newest first. `state` empty = any; `query` searches patient and numbers.
pub async fn list(
    conn: &mut Conn,
    permit: &Permit,
    state: &str,
    query: &str,
    cursor: Option<i64>,
    now: i64,
) -> Result<OrderPage> {
    const PAGE: usize = 100;
    let state = if state == "open" { "ordered" } else { state };
    let pattern = if query.trim().is_empty() { String::new() } else { format!("%{}%", query.trim()) };
    let before = cursor.unwrap_or(i64::MAX);
    let found = conn.all(sql::LIST, args![permit.scope(), state, pattern, before, PAGE]).await?;
    let mut rows = Vec::with_capacity(found.len());
    for row in &found {
        let head = of_row(conn, row).await?;
        let specimens = labels(conn, &head.id).await?;
        rows.push(OrderRow {
            facility: row.text("facility")?,
            facility_name: row.text("facility_name")?,
            patient: patient::head(conn, &row.text("patient")?, now).await?,
            pipeline: row.text("pipeline")?,
            state: row.text("state")?,
            specimens,
            head,
        });
    }
    let next_cursor =
        (rows.len() == PAGE).then(|| rows.last().map(|r| r.head.created_at.to_string())).flatten();
    Ok(OrderPage { rows, next_cursor })
}

async fn of_row(conn: &mut Conn, row: &Row) -> Result<OrderHead> {
    let id = row.text("id")?;
    let mut items = Vec::new();
    for item in conn.all(sql::ITEMS, args![&id]).await? {
        items.push(OrderItemHead {
            code: item.text("code")?,
            name: item.text("name")?,
            modality: item.text("modality")?,
            body_part: item.text("body_part")?,
            state: item.text("state")?,
        });
    }
    Ok(OrderHead {
        id,
        placer_no: row.text("placer_no")?,
        filler_no: row.text("filler_no")?,
        priority: row.text("priority")?,
        orderer: row.text("orderer")?,
        department: row.text("department")?,
        history: row.text("history")?,
        flags: row.json("flags")?,
        items,
        created_at: row.int("created_at")?,
    })
}

/// Moves the state of a laboratory order on as its specimens move: `received`, `reported`. Other orders: [`super::progress`].
pub async fn advance(tx: &mut yigong_base::storage::Tx, order: &str, state: &str, now: i64) -> Result<()> {
    tx.exec(sql::MOVE, args![order, state, now]).await?;
    Ok(())
}
