//! The sentences a reader picks from, and what contradicts the recording.

use serde_json::{Value, json};
use yigong_base::Ctx;
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_formats::ecg::statements;

use super::show::version;
use super::understand::again;

/// Most sentences of one report.
const MOST: usize = 64;

/// The list with its version and source.
#[must_use]
pub fn list() -> Value {
    json!({"version": statements::version(), "source": statements::source(), "rows": statements::all()})
}

/// What does not go together: the sentences with each other, or with the measurement.
///
/// # Errors
/// `NotFound` outside the scope, `Invalid` for codes that are not in the list, storage faults.
pub async fn check(ctx: &Ctx, permit: &Permit, record: &str, codes: Vec<String>) -> Result<Value> {
    if codes.len() > MOST {
        return Err(Fault::invalid("codes", "at most 64 sentences"));
    }
    if let Some(other) = codes.iter().find(|c| statements::get(c).is_none()) {
        return Err(Fault::invalid("codes", format!("{other} is not in the list")));
    }
    let object = version(ctx, permit, record).await?;
    let u = again(ctx, &object).await?;
    let found = statements::contradictions(&codes, &u.analysis.measured);
    Ok(json!({"contradictions": found}))
}
