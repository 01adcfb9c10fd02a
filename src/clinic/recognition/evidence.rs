//! Catalogue items and evidence records.

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args, audit};

use super::sql;

/// Levels, highest first.
pub const LEVELS: &[&str] = &["national", "region", "province", "city", "county"];

/// A catalogue item, effective from a time.
#[derive(Debug, Clone)]
pub struct Item {
    /// Item code.
    pub code: String,
    /// Name.
    pub name: String,
    /// `image`, `waveform`, `value`.
    pub kind: String,
    /// Days a result may be recognised; `None` = set by nobody yet (待县级设定).
    pub window_days: Option<i64>,
    /// Highest level at which the catalogue lists it.
    pub scope_level: String,
    /// From, ms.
    pub valid_from: i64,
    /// Until, ms.
    pub valid_to: Option<i64>,
}

/// Evidence that an item is under control at a facility.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Performing facility.
    pub facility: String,
    /// Item code.
    pub item: String,
    /// `eqa`, `iqc`, `device_qc`.
    pub scheme: String,
    /// One of [`LEVELS`].
    pub level: String,
    /// `pass` or `fail`.
    pub result: String,
    /// From, ms.
    pub valid_from: i64,
    /// Until, ms.
    pub valid_to: i64,
}

/// Puts an item into the catalogue.
pub async fn put_item(tx: &mut Tx, ctx: &Ctx, permit: &Permit, item: &Item) -> Result<()> {
    if !LEVELS.contains(&item.scope_level.as_str()) {
        return Err(Fault::invalid("scope_level", format!("one of {}", LEVELS.join(", "))));
    }
    tx.exec(
        sql::PUT_ITEM,
        args![
            &item.code,
            item.valid_from,
            item.valid_to,
            &item.name,
            &item.kind,
            item.window_days,
            &item.scope_level
        ],
    )
    .await?;
    audit::append(tx, ctx, permit, "recognition.item", "recognition_item", &item.code, &json!({}));
    Ok(())
}

/// Files evidence; answers its id.
pub async fn file(tx: &mut Tx, ctx: &Ctx, permit: &Permit, e: &Evidence) -> Result<String> {
    if !LEVELS.contains(&e.level.as_str()) {
        return Err(Fault::invalid("level", format!("one of {}", LEVELS.join(", "))));
    }
    let id = ctx.id();
    tx.exec(
        sql::PUT_EVIDENCE,
        args![&id, &e.facility, &e.item, &e.scheme, &e.level, &e.result, e.valid_from, e.valid_to],
    )
    .await?;
    let detail = json!({"facility": e.facility, "item": e.item, "scheme": e.scheme, "level": e.level});
    audit::append(tx, ctx, permit, "recognition.evidence", "evidence", &id, &detail);
    Ok(id)
}
