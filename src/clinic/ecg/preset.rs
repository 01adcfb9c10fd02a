//! Which preset of critical thresholds is in force: one for the centre, chosen by a person.

use serde_json::{Value, json};
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Conn, Tx};
use yigong_base::{Ctx, audit, setting};
use yigong_formats::ecg::critical;

/// Name of the setting.
const SETTING: &str = "ecg.critical_preset";

/// Code of the preset in force; empty = the default of the list.
pub(super) async fn active(conn: &mut Conn) -> Result<String> {
    Ok(setting::get(conn, SETTING).await?.unwrap_or_default())
}

/// Every preset with its source, and which one is in force.
///
/// # Errors
/// Storage faults.
pub async fn list(conn: &mut Conn) -> Result<Value> {
    let active = active(conn).await?;
    let mut all = critical::presets();
    let known = |code: &str| {
        all.get("rows")
            .and_then(Value::as_array)
            .is_some_and(|r| r.iter().any(|p| p.get("code").and_then(Value::as_str) == Some(code)))
    };
    let code = if known(&active) { active } else { critical::preset("").code().to_owned() };
    if let Some(map) = all.as_object_mut() {
        map.insert("active".into(), json!(code));
    }
    Ok(all)
}

/// Puts a preset in force from now on; records keep what was raised.
///
/// # Errors
/// `Denied` without the right, `Invalid` for a code that is not in the list.
pub async fn choose(tx: &mut Tx, ctx: &Ctx, permit: &Permit, code: &str) -> Result<()> {
    permit.require(Right::Administer)?;
    if critical::preset(code).code() != code {
        return Err(Fault::invalid("code", "no preset of the list"));
    }
    let before = active(tx).await?;
    setting::put(tx, ctx, SETTING, code).await?;
    audit::append(tx, ctx, permit, "ecg.preset", "setting", SETTING, &json!({"from": before, "to": code}));
    Ok(())
}
