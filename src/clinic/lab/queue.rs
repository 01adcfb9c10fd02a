//! What waits for a verifier: specimens in lanes, each row with the reasons it is held for and its last values.

use serde::Serialize;
use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::patient::{self, link::PatientHead};
use yigong_base::storage::{Conn, Row};
use yigong_base::{Ctx, args};

use super::hold::{self, Hold};
use super::{matched, sql};
use crate::order::{self, OrderHead};

/// The queue.
#[derive(Debug, Clone, Serialize)]
pub struct Queue {
    /// Server time, ms.
    pub now: i64,
    /// Specimens by lane.
    pub counts: LaneCounts,
    /// Specimens, most urgent first.
    pub specimens: Vec<LabSpecimen>,
}

/// Specimens by lane.
#[derive(Debug, Clone, Copy, Default, Serialize, PartialEq, Eq)]
pub struct LaneCounts {
    /// 可放行
    pub ready: usize,
    /// 需看
    pub look: usize,
    /// 危急
    pub critical: usize,
    /// QC 拦截
    pub qc_hold: usize,
}

/// A specimen with its results.
#[derive(Debug, Clone, Serialize)]
pub struct LabSpecimen {
    /// Row id.
    pub id: String,
    /// Barcode.
    pub barcode: String,
    /// Work item.
    pub item: Option<String>,
    /// Type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Patient.
    pub patient: PatientHead,
    /// Facility code.
    pub facility: String,
    /// Facility name.
    pub facility_name: String,
    /// Order.
    pub order: Option<OrderHead>,
    /// Received, ms.
    pub received_at: Option<i64>,
    /// Deadline, ms.
    pub deadline: Option<i64>,
    /// Priority class.
    pub priority: String,
    /// `ready`, `look`, `critical`, `qc_hold`.
    pub lane: &'static str,
    /// Ordered items without a result.
    pub missing: Vec<String>,
    /// Results.
    pub results: Vec<LabLine>,
}

/// One result.
#[derive(Debug, Clone, Serialize)]
pub struct LabLine {
    /// Row id.
    pub id: String,
    /// Item code.
    pub code: String,
    /// Name.
    pub name: String,
    /// English name.
    pub name_en: String,
    /// LOINC.
    #[serde(skip)]
    pub loinc: String,
    /// Value as reported.
    pub value_raw: String,
    /// The value as the instrument said it.
    #[serde(skip)]
    pub said: String,
    /// Number.
    pub value_num: Option<f64>,
    /// Comparator.
    pub comparator: String,
    /// Unit.
    pub unit: String,
    /// Reference interval.
    pub reference: String,
    /// Flag.
    pub flag: String,
    /// `resulted`, `held`, `published`.
    pub state: String,
    /// Reasons it is held for.
    pub holds: Vec<Hold>,
    /// Version of the row: a release names the one it saw.
    pub row_version: i64,
    /// Earlier values of the person, newest first.
    pub previous: Vec<Previous>,
    /// Critical limits.
    pub critical_low: Option<f64>,
    /// Critical limits.
    pub critical_high: Option<f64>,
    /// Instrument.
    pub instrument: String,
    /// Run time as written.
    pub run_at: String,
    /// Runs of the item beyond the first.
    pub reruns: i64,
    /// When it came, ms.
    pub resulted_at: i64,
}

/// An earlier value.
#[derive(Debug, Clone, Serialize, PartialEq)]
pub struct Previous {
    /// Value with unit.
    pub value: String,
    /// When, ms.
    pub at: i64,
}

/// The queue of the caller's scope. `lane` empty = all.
pub async fn queue(conn: &mut Conn, ctx: &Ctx, permit: &Permit, lane: &str) -> Result<Queue> {
    let now = ctx.now();
    let mut counts = LaneCounts::default();
    let mut specimens = Vec::new();
    for row in conn.all(sql::QUEUE, args![permit.scope()]).await? {
        let specimen = specimen(conn, permit, &row, now).await?;
        match specimen.lane {
            "ready" => counts.ready += 1,
            "critical" => counts.critical += 1,
            _ => counts.look += 1,
        }
        if lane.is_empty() || lane == specimen.lane {
            specimens.push(specimen);
        }
    }
    Ok(Queue { now, counts, specimens })
}

async fn specimen(conn: &mut Conn, permit: &Permit, row: &Row, now: i64) -> Result<LabSpecimen> {
    let (id, order) = (row.text("id")?, row.text("order_id")?);
    let patient = row.text("patient")?;
    let results = results(conn, &id, &patient).await?;
    let codes: Vec<String> = results
        .iter()
        .filter(|r| r.state != "published")
        .flat_map(|r| r.holds.iter().map(|h| h.code.to_owned()))
        .collect();
    let mut missing = matched::ordered_items(conn, &order).await?;
    missing.retain(|code| !results.iter().any(|r| r.code == *code));
    Ok(LabSpecimen {
        id,
        barcode: row.text("barcode")?,
        item: row.opt_text("work_id")?,
        kind: row.text("type")?,
        patient: patient::head(conn, &patient, now).await?,
        facility: row.text("facility")?,
        facility_name: row.text("facility_name")?,
        order: order::head(conn, permit, &order).await?,
        received_at: row.opt_int("received_at")?,
        deadline: row.opt_int("deadline")?,
        priority: row.text("priority")?,
        lane: hold::lane(&codes),
        missing,
        results,
    })
}

/// Results of a specimen that stand (superseded runs left out).
pub(super) async fn results(conn: &mut Conn, specimen: &str, patient: &str) -> Result<Vec<LabLine>> {
    let mut runs = std::collections::BTreeMap::new();
    for row in conn.all(sql::RUNS, args![specimen]).await? {
        runs.insert(row.text("item")?, row.int("n")?);
    }
    let mut lines = Vec::new();
    for row in conn.all(sql::RESULTS, args![specimen]).await? {
        let mut line = line(&row)?;
        for earlier in conn.all(sql::EARLIER, args![patient, &line.code, specimen, line.resulted_at]).await? {
            let value = format!("{} {}", earlier.text("value_raw")?, earlier.text("unit")?);
            line.previous.push(Previous { value: value.trim().to_owned(), at: earlier.int("resulted_at")? });
        }
        line.reruns = runs.get(&line.code).map_or(0, |n| n - 1);
        lines.push(line);
    }
    Ok(lines)
}

pub(super) fn line(row: &Row) -> Result<LabLine> {
    let codes: Vec<String> = row.json("holds")?;
    Ok(LabLine {
        id: row.text("id")?,
        code: row.text("item")?,
        name: row.text("name")?,
        name_en: row.opt_text("name_en")?.unwrap_or_default(),
        loinc: row.opt_text("loinc")?.unwrap_or_default(),
        value_raw: row.text("value_raw")?,
        said: row.text("run_value")?.trim().to_owned(),
        value_num: row.opt_real("value_num")?,
        comparator: row.text("comparator")?,
        unit: row.text("unit")?,
        reference: row.text("reference")?,
        flag: row.text("flag")?,
        state: row.text("state")?,
        holds: codes.iter().map(|c| hold::of(c)).collect(),
        row_version: row.int("row_version")?,
        previous: Vec::new(),
        critical_low: row.opt_real("critical_low")?,
        critical_high: row.opt_real("critical_high")?,
        instrument: row.text("instrument")?,
        run_at: row.text("run_at")?,
        reruns: 0,
        resulted_at: row.int("resulted_at")?,
    })
}
