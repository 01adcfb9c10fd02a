//! Values by source: the maker's, ours, the physician's. A new one is a further row and never replaces another.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use yigong_base::fault::Result;
use yigong_base::storage::{Conn, Row, Tx};
use yigong_base::{Ctx, args};
use yigong_formats::ecg::measure::{HZ, Measured};
use yigong_formats::ecg::{Source, Value};

use super::sql;

/// Vendor and server may differ so much in an interval before it must be looked at, ms.
const INTERVAL_MS: f64 = 20.0;
/// The same for the rate, beats a minute.
const RATE: f64 = 5.0;

/// Adds rows; `by` = account of a physician, `doubtful` = values of this program whose boundaries are in doubt.
pub(super) async fn add(
    tx: &mut Tx,
    ctx: &Ctx,
    record: &str,
    by: &str,
    list: impl Iterator<Item = Value>,
    doubtful: &[&str],
) -> Result<()> {
    let now = ctx.now();
    for (n, v) in list.enumerate() {
        let source = match v.source {
            Source::Vendor => "vendor",
            Source::Server => "server",
            Source::Physician => "physician",
        };
        // A value that was not found is no doubtful number.
        let doubt = v.source == Source::Server && v.number.is_some() && doubtful.contains(&v.what.as_str());
        let row = args![ctx.id(), record, &v.what, v.unit, v.number, source, by, now, n, doubt];
        tx.exec(sql::ADD_VALUE, row).await?;
    }
    Ok(())
}

/// One value as each source has it now.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Side {
    /// `hr pr qrs …`.
    pub what: String,
    /// Unit.
    pub unit: String,
    /// Newest number of each source; the inner one is none when it was looked for and not found.
    pub vendor: Option<Option<f64>>,
    /// Of this program.
    pub server: Option<Option<f64>>,
    /// Of a physician.
    pub physician: Option<Option<f64>>,
    /// The boundaries of this program's value were found in ways that disagree: it is shown with a question mark.
    pub doubtful: bool,
}

impl Side {
    /// Whether sources differ by more than must be looked at before signing (ECG specification 19).
    #[must_use]
    pub fn differs(&self) -> bool {
        let limit = match self.what.as_str() {
            "pr" | "qrs" | "qt" => INTERVAL_MS,
            "hr" => RATE,
            _ => return false,
        };
        let apart = |a: Option<Option<f64>>, b: Option<Option<f64>>| {
            a.flatten().zip(b.flatten()).is_some_and(|(a, b)| (a - b).abs() > limit)
        };
        apart(self.vendor, self.server)
    }

    /// The number that counts: the physician's, else ours, else the maker's.
    #[must_use]
    pub fn best(&self) -> Option<f64> {
        self.physician.or(self.server).or(self.vendor).flatten()
    }
}

/// Values side by side, in the order they were first seen.
///
/// # Errors
/// Storage faults.
pub async fn sides(conn: &mut Conn, record: &str) -> Result<Vec<Side>> {
    let mut order = Vec::new();
    let mut all: BTreeMap<String, Side> = BTreeMap::new();
    for row in conn.all(sql::VALUES, args![record]).await? {
        let what = row.text("what")?;
        let side = all.entry(what.clone()).or_insert_with(|| {
            order.push(what.clone());
            Side { what: what.clone(), ..Side::default() }
        });
        side.unit = row.text("unit")?;
        let number = Some(row.opt_real("number")?);
        match row.text("source")?.as_str() {
            "vendor" => side.vendor = number,
            "physician" => side.physician = number,
            _ => (side.server, side.doubtful) = (number, row.flag("doubtful")?),
        }
    }
    Ok(order.iter().filter_map(|what| all.remove(what)).collect())
}

/// The same for pages.
pub(super) fn shown(sides: &[Side]) -> Json {
    let one = |s: &Side| {
        json!({
            "what": s.what, "unit": s.unit, "vendor": s.vendor.flatten(), "server": s.server.flatten(),
            "physician": s.physician.flatten(), "differs": s.differs(), "doubtful": s.doubtful,
        })
    };
    sides.iter().map(one).collect()
}

/// Every row as it came, as the page's older list has it.
pub(super) fn rows(rows: &[Row]) -> Result<Json> {
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        all.push(json!({
            "what": row.text("what")?, "number": row.opt_real("number")?, "unit": row.text("unit")?, "source": row.text("source")?,
            "doubtful": row.flag("doubtful")?,
        }));
    }
    Ok(Json::from(all))
}

/// What is known of the rhythm.
pub(super) fn rhythm(measured: &Measured) -> Json {
    json!(measured.rhythm)
}

/// Boundaries in the median beat, ms from its first sample.
#[expect(clippy::cast_precision_loss, reason = "a sample of one beat")]
pub(super) fn marks(measured: &Measured) -> Json {
    let m = measured.marks;
    let mut all = Map::new();
    let list = [
        ("p_on", m.p.map(|p| p.0)),
        ("p_off", m.p.map(|p| p.1)),
        ("qrs_on", m.qrs.map(|q| q.0)),
        ("qrs_off", m.qrs.map(|q| q.1)),
        ("t_off", m.t_off),
    ];
    for (name, at) in list {
        if let Some(at) = at {
            all.insert(name.into(), json!(at as f64 * 1_000.0 / f64::from(HZ)));
        }
    }
    Json::Object(all)
}
