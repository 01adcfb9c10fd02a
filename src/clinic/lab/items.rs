//! The laboratory items of the county: names, codes, units, ranges, limits. Limits are the laboratory director's; none ship.

use serde::Deserialize;
use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::storage::{Conn, Row, Tx};
use yigong_base::{Ctx, args, audit};
use yigong_formats::lab::{CriticalLimit, DeltaRule, Range};

use super::sql;

/// Invented numbers for the demonstration county; never loaded by `serve`.
const DEMO: &str = include_str!("demo_items.json");

/// One item.
#[derive(Debug, Clone)]
pub struct Item {
    /// Code.
    pub code: String,
    /// Name, Chinese.
    pub name: String,
    /// Name, English.
    pub name_en: String,
    /// LOINC code or empty.
    pub loinc: String,
    /// UCUM unit; empty for texts.
    pub unit: String,
    /// Reference ranges.
    pub ranges: Vec<Range>,
    /// Critical limits.
    pub critical: CriticalLimit,
    /// Lowest and highest value the method can report.
    pub reportable: (Option<f64>, Option<f64>),
    /// Delta rule; `None` when it cannot be read: the result is then held.
    pub delta: Option<DeltaRule>,
    /// Digits after the decimal point of a converted value.
    pub decimals: usize,
    /// Panel it belongs to.
    pub panel: String,
}

/// The item of a code or alias; capital letters do not matter.
pub async fn find(conn: &mut Conn, code: &str) -> Result<Option<Item>> {
    if let Some(row) = conn.opt(sql::ITEM, args![code]).await? {
        return of_row(&row).map(Some);
    }
    let wanted = code.to_lowercase();
    for row in conn.all(sql::ALL_ITEMS, args![]).await? {
        let aliases: Vec<String> = row.json("aliases")?;
        if row.text("code")?.to_lowercase() == wanted || aliases.iter().any(|a| a.to_lowercase() == wanted) {
            return of_row(&row).map(Some);
        }
    }
    Ok(None)
}

fn of_row(row: &Row) -> Result<Item> {
    let (low, high) = (row.opt_real("critical_low")?, row.opt_real("critical_high")?);
    Ok(Item {
        code: row.text("code")?,
        name: row.text("name")?,
        name_en: row.text("name_en")?,
        loinc: row.text("loinc")?,
        unit: row.text("unit")?,
        ranges: row.json("ranges")?,
        critical: CriticalLimit::of(&row.text("critical_state")?, low, high),
        reportable: (row.opt_real("reportable_low")?, row.opt_real("reportable_high")?),
        delta: row.json("delta").ok(),
        decimals: usize::try_from(row.int("decimals")?).unwrap_or(2),
        panel: row.text("panel")?,
    })
}

#[derive(Deserialize)]
struct DemoItem {
    code: String,
    name: String,
    name_en: String,
    loinc: String,
    unit: String,
    panel: String,
    aliases: Vec<String>,
    ranges: Value,
    critical: Value,
    reportable: Option<(f64, f64)>,
    delta: Option<Value>,
    decimals: i64,
}

/// Loads the demonstration items with their invented limits. Items that stand already are left alone.
pub async fn seed_demo(tx: &mut Tx, ctx: &Ctx, permit: &Permit) -> Result<usize> {
    let items: Vec<DemoItem> = serde_json::from_str(DEMO)?;
    let mut added = 0;
    for (sort, item) in items.iter().enumerate() {
        let limit = |n: usize| item.critical.get(n).and_then(Value::as_f64);
        let state = if item.critical.is_array() { "limits" } else { "none" };
        let delta = item.delta.clone().unwrap_or_else(|| json!({}));
        added += tx
            .exec(
                sql::ADD_ITEM,
                args![
                    &item.code,
                    &item.name,
                    &item.name_en,
                    &item.loinc,
                    &item.unit,
                    &item.panel,
                    &Value::from(item.aliases.clone()),
                    &item.ranges,
                    limit(0),
                    limit(1),
                    state,
                    item.reportable.map(|r| r.0),
                    item.reportable.map(|r| r.1),
                    &delta,
                    item.decimals,
                    sort
                ],
            )
            .await?;
    }
    if added > 0 {
        audit::append(tx, ctx, permit, "lab.items_demo", "lab_item", "*", &json!({"added": added})).await?;
    }
    Ok(usize::try_from(added).unwrap_or(0))
}
