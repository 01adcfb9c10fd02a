//! Who looked at whose images and reports: kept in the audit chain, once an hour for each person and thing, whichever door they came
//! through (pages, DICOMweb, DIMSE, FHIR). The answer never waits for it.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::clock::HOUR_MS;
use yigong_base::fault::Result;
use yigong_base::{Ctx, audit};

/// What is remembered at most before it is forgotten: then something may be noted twice in an hour.
const MOST: usize = 100_000;

/// What was noted in the hour that runs.
#[derive(Default)]
struct Noted(Mutex<(i64, HashSet<String>)>);

impl Noted {
    fn kept(ctx: &Ctx) -> Arc<Self> {
        ctx.kept.get::<Self>().unwrap_or_else(|| {
            let new = Arc::new(Self::default());
            ctx.kept.put(&new);
            new
        })
    }

    /// Whether this is the first time in the hour.
    fn is_new(&self, now: i64, key: String) -> bool {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hour = now / HOUR_MS;
        if held.0 != hour || held.1.len() >= MOST {
            *held = (hour, HashSet::new());
        }
        held.1.insert(key)
    }

    fn forget(&self, key: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.remove(key);
    }
}

/// Somebody was shown, or sent, a thing: `kind` is `study` (row id), `study_uid`, `report`, `ecg_record`; `via` the door.
pub fn at(ctx: &Ctx, permit: &Permit, via: &'static str, kind: &'static str, object: &str) {
    if permit.who() == "system" || object.is_empty() {
        return;
    }
    let key = format!("{}\0{via}\0{kind}\0{object}", permit.who());
    let noted = Noted::kept(ctx);
    if !noted.is_new(ctx.now(), key.clone()) {
        return;
    }
    let (ctx, permit, object) = (ctx.clone(), permit.clone(), object.to_owned());
    tokio::spawn(async move {
        if let Err(fault) = note(&ctx, &permit, via, kind, &object).await {
            noted.forget(&key);
            tracing::error!(%fault, via, kind, object, "who looked was not noted");
        }
    });
}

async fn note(ctx: &Ctx, permit: &Permit, via: &str, kind: &str, object: &str) -> Result<()> {
    let mut tx = ctx.db.begin(permit).await?;
    audit::append(&mut tx, ctx, permit, "looked", kind, object, &json!({"via": via}));
    tx.commit().await
}
