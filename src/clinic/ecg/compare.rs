//! Two recordings of a person side by side (serial comparison, ECG specification 14).

use serde_json::{Value, json};
use yigong_base::Ctx;
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_formats::ecg::measure::HZ;
use yigong_formats::ecg::{leadswap, serial};

use super::detail::find;
use super::previous::Doubt;
use super::understand::{Understood, again};

/// What is to be doubted on arrival: exchanged electrodes, seen in the recording itself or against the previous one, and
/// beats so unlike that the person is in doubt. An exchange that was found explains unlike beats.
pub(super) fn doubt(new: &Understood, before: Option<&Understood>) -> Doubt {
    let measured = &new.analysis.measured;
    let by_rules = new.analysis.swap.clone();
    let Some(before) = before.map(|b| &b.analysis.measured) else {
        return Doubt { swap: json!(by_rules), other_person: false };
    };
    // What holds against an earlier recording of the same heart is the stronger evidence.
    let swap = leadswap::against(measured, &before.median).or(by_rules);
    let other_person = swap.is_none() && serial::compare(measured, before).same_person_doubt;
    Doubt { swap: json!(swap), other_person }
}

/// Deltas, ST by lead, likeness and the median beats laid on each other; `record` is now, `other` before.
///
/// # Errors
/// `NotFound` outside the scope, `Conflict` for records of two persons, storage faults.
pub async fn compare(ctx: &Ctx, permit: &Permit, record: &str, other: &str) -> Result<Value> {
    let (now, before) = {
        let mut conn = ctx.db.read(permit).await?;
        let (a, b) = (find(&mut conn, permit, record).await?, find(&mut conn, permit, other).await?);
        if a.text("person")? != b.text("person")? {
            return Err(Fault::conflict("other_person", "the recordings are of two persons"));
        }
        (a.text("object_hash")?, b.text("object_hash")?)
    };
    let (now, before) = (again(ctx, &now).await?, again(ctx, &before).await?);
    let made = tokio::task::spawn_blocking(move || {
        let c = serial::compare(&now.analysis.measured, &before.analysis.measured);
        let doubt = doubt(&now, Some(&before));
        json!({
            "deltas": c.deltas, "st": c.st, "correlation": c.correlation, "same_person_doubt": doubt.other_person,
            "swap": doubt.swap, "median": {"rate": HZ, "leads": c.medians},
        })
    });
    made.await.map_err(|_| Fault::internal("a comparison stopped"))
}
