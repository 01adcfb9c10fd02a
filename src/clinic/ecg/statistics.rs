//! 波形合格率: verdicts by clinic and operator, with reasons by electrode, and how soon a poor one was done again.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::fault::Result;
use yigong_base::storage::Conn;

use super::sql;

#[derive(Default)]
struct Count {
    facility_name: String,
    total: i64,
    good: i64,
    usable: i64,
    redo: i64,
    redone: i64,
    waits_ms: Vec<i64>,
    reasons: BTreeMap<(String, String), i64>,
}

/// Counts of the recordings received in `[from, to)`, ms.
///
/// # Errors
/// Storage faults.
pub async fn statistics(conn: &mut Conn, permit: &Permit, from: i64, to: i64) -> Result<Vec<Value>> {
    let mut all: BTreeMap<(String, String), Count> = BTreeMap::new();
    for row in conn.all(sql::COUNTED, args![permit.scope(), from, to]).await? {
        let count = all.entry((row.text("facility")?, row.text("operator")?)).or_default();
        count.facility_name = row.text("facility_name")?;
        count.total += 1;
        match row.text("verdict")?.as_str() {
            "good" => count.good += 1,
            "usable" => count.usable += 1,
            "redo" => count.redo += 1,
            _ => {}
        }
        if let Some(at) = row.opt_int("redone_at")? {
            count.redone += 1;
            count.waits_ms.push(at - row.int("received_at")?);
        }
        let quality: Value = row.json("quality")?;
        for reason in quality.get("reasons").and_then(Value::as_array).into_iter().flatten() {
            let of = |key: &str| reason.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            *count.reasons.entry((of("code"), of("electrode"))).or_default() += 1;
        }
    }
    Ok(all.into_iter().map(shown).collect())
}

fn shown(((facility, operator), mut count): ((String, String), Count)) -> Value {
    count.waits_ms.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "minutes")]
    let median = count.waits_ms.get(count.waits_ms.len() / 2).map(|ms| (*ms as f64 / 6_000.0).round() / 10.0);
    let mut reasons: Vec<_> = count.reasons.into_iter().collect();
    reasons.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let reasons: Vec<Value> = reasons
        .into_iter()
        .map(|((code, electrode), n)| json!({"code": code, "electrode": electrode, "count": n}))
        .collect();
    json!({
        "facility": facility, "facility_name": count.facility_name, "operator": operator, "total": count.total, "good": count.good,
        "usable": count.usable, "redo": count.redo, "redone": count.redone, "median_minutes_to_redo": median, "reasons": reasons,
    })
}
