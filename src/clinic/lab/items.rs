//! The laboratory items of the county: names, codes, units, ranges, limits. Limits are the laboratory director's; none ship.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Conn, Row, Tx};
use yigong_base::{Ctx, args, audit, setting};
use yigong_formats::lab::{CriticalLimit, DeltaRule, Range, units};

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

/// Revision of the items in `setting`: a new one whenever an item is written.
const REVISION: &str = "lab.items.revision";

/// The item of a code or alias; capital letters do not matter.
pub async fn find(conn: &mut Conn, ctx: &Ctx, code: &str) -> Result<Option<Item>> {
    Ok(catalogue(conn, ctx).await?.find(code).cloned())
}

/// All items. A message names many of them, so they are kept in memory as long as their revision stands.
pub(super) struct Catalogue {
    revision: String,
    items: HashMap<String, Item>,
    /// Folded code or alias, and the code it stands for.
    names: HashMap<String, String>,
}

/// The items as they are now.
pub(super) async fn catalogue(conn: &mut Conn, ctx: &Ctx) -> Result<Arc<Catalogue>> {
    let revision = setting::get(conn, REVISION).await?.unwrap_or_default();
    if let Some(kept) = ctx.kept.get::<Catalogue>().filter(|kept| kept.revision == revision) {
        return Ok(kept);
    }
    let (mut items, mut names) = (HashMap::new(), HashMap::new());
    for row in conn.all(sql::ALL_ITEMS, args![]).await? {
        let (item, aliases) = match (of_row(&row), row.json::<Vec<String>>("aliases")) {
            (Ok(item), Ok(aliases)) => (item, aliases),
            (Err(error), _) | (_, Err(error)) => {
                // Its results stay unmatched and are seen; those of the other items go on.
                tracing::error!(code = ?row.text("code"), %error, "lab.item cannot be read");
                continue;
            }
        };
        for name in std::iter::once(item.code.clone()).chain(aliases) {
            // The first item of the list keeps a name that two have.
            names.entry(name.to_lowercase()).or_insert_with(|| item.code.clone());
        }
        items.insert(item.code.clone(), item);
    }
    let read = Arc::new(Catalogue { revision, items, names });
    ctx.kept.put(&read);
    Ok(read)
}

impl Catalogue {
    /// The item of a code or alias; capital letters do not matter.
    pub(super) fn find(&self, code: &str) -> Option<&Item> {
        self.items
            .get(code)
            .or_else(|| self.names.get(&code.to_lowercase()).and_then(|own| self.items.get(own)))
    }
}

/// The items have changed. The revision is no counter: one that was never committed must not come again for other items.
async fn changed(tx: &mut Tx, ctx: &Ctx) -> Result<()> {
    setting::put(tx, ctx, REVISION, &ctx.id()).await
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

/// An item as the laboratory director writes it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemText {
    /// Code.
    pub code: String,
    /// Name, Chinese.
    pub name: String,
    /// Name, English.
    #[serde(default)]
    pub name_en: String,
    /// LOINC code.
    #[serde(default)]
    pub loinc: String,
    /// UCUM unit; empty for texts.
    #[serde(default)]
    pub unit: String,
    /// Panel.
    #[serde(default)]
    pub panel: String,
    /// Other codes instruments send.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Reference ranges.
    #[serde(default)]
    pub ranges: Vec<Range>,
    /// `not_authored`, `none` or `limits`.
    #[serde(default)]
    pub critical_state: String,
    /// Critical at or below.
    #[serde(default)]
    pub critical_low: Option<f64>,
    /// Critical at or above.
    #[serde(default)]
    pub critical_high: Option<f64>,
    /// Lowest reportable value.
    #[serde(default)]
    pub reportable_low: Option<f64>,
    /// Highest reportable value.
    #[serde(default)]
    pub reportable_high: Option<f64>,
    /// Delta rule.
    #[serde(default)]
    pub delta: DeltaRule,
    /// Digits after the decimal point.
    #[serde(default)]
    pub decimals: i64,
    /// Place in lists.
    #[serde(default)]
    pub sort: i64,
}

/// Writes an item. A limit that contradicts itself, or a unit the table does not know, is refused.
pub async fn put(tx: &mut Tx, ctx: &Ctx, permit: &Permit, item: &ItemText) -> Result<()> {
    permit.require_for(Right::Lead, "lab")?;
    let state = if item.critical_state.is_empty() { "not_authored" } else { item.critical_state.as_str() };
    let limits = item.critical_low.is_some() || item.critical_high.is_some();
    if !["not_authored", "none", "limits"].contains(&state) || (state == "limits") != limits {
        return Err(Fault::invalid("critical_state", "limits with a limit, none or not_authored without"));
    }
    if item.code.trim().is_empty() || item.name.trim().is_empty() {
        return Err(Fault::invalid("code", "code and name must not be empty"));
    }
    if !item.unit.is_empty() && units::ucum(&item.unit) != Some(item.unit.as_str()) {
        return Err(Fault::invalid("unit", "not a UCUM code of the unit table"));
    }
    tx.exec(
        sql::PUT_ITEM,
        args![
            &item.code,
            &item.name,
            &item.name_en,
            &item.loinc,
            &item.unit,
            &item.panel,
            &Value::from(item.aliases.clone()),
            &serde_json::to_value(&item.ranges)?,
            item.critical_low,
            item.critical_high,
            state,
            item.reportable_low,
            item.reportable_high,
            &serde_json::to_value(item.delta)?,
            item.decimals.clamp(0, 6),
            item.sort
        ],
    )
    .await?;
    changed(tx, ctx).await?;
    let detail = json!({"critical": [item.critical_low, item.critical_high], "state": state});
    audit::append(tx, ctx, permit, "lab.item", "lab_item", &item.code, &detail);
    Ok(())
}

/// All items as they are written.
pub async fn list(conn: &mut Conn) -> Result<Vec<ItemText>> {
    let mut items = Vec::new();
    for row in conn.all(sql::ALL_ITEMS, args![]).await? {
        items.push(ItemText {
            code: row.text("code")?,
            name: row.text("name")?,
            name_en: row.text("name_en")?,
            loinc: row.text("loinc")?,
            unit: row.text("unit")?,
            panel: row.text("panel")?,
            aliases: row.json("aliases")?,
            ranges: row.json("ranges")?,
            critical_state: row.text("critical_state")?,
            critical_low: row.opt_real("critical_low")?,
            critical_high: row.opt_real("critical_high")?,
            reportable_low: row.opt_real("reportable_low")?,
            reportable_high: row.opt_real("reportable_high")?,
            delta: row.json("delta")?,
            decimals: row.int("decimals")?,
            sort: row.int("sort")?,
        });
    }
    Ok(items)
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
        changed(tx, ctx).await?;
        audit::append(tx, ctx, permit, "lab.items_demo", "lab_item", "*", &json!({"added": added}));
    }
    Ok(usize::try_from(added).unwrap_or(0))
}
