//! Enqueueing inside the caller's transaction.

use serde_json::Value;

use super::sql;
use crate::args;
use crate::ctx::Ctx;
use crate::fault::Result;
use crate::storage::Tx;

/// A job to be run after the commit.
#[derive(Debug, Clone)]
pub struct Job {
    kind: &'static str,
    key: String,
    payload: Value,
    at: Option<i64>,
    quiet: bool,
}

impl Job {
    /// A job of `kind` about the object `key`; due at once.
    pub fn new(kind: &'static str, key: impl Into<String>) -> Self {
        Self { kind, key: key.into(), payload: Value::Null, at: None, quiet: false }
    }

    /// Due at `ms`.
    #[must_use]
    pub fn at(mut self, ms: i64) -> Self {
        self.at = Some(ms);
        self
    }

    /// Waits for quiet: when it is enqueued again the later time counts. Without this the earlier one does.
    #[must_use]
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// With a payload.
    #[must_use]
    pub fn payload(mut self, payload: Value) -> Self {
        self.payload = payload;
        self
    }
}

/// Adds the job to the caller's unit of work. Handlers must be idempotent.
pub async fn enqueue(tx: &mut Tx, ctx: &Ctx, job: Job) -> Result<()> {
    let now = ctx.now();
    let due = job.at.unwrap_or(now);
    let statement = if job.quiet { sql::POSTPONE } else { sql::ENQUEUE };
    tx.exec(statement, args![ctx.id(), job.kind, job.key, job.payload, due, now]).await?;
    if due <= now {
        tx.ring(ctx.db.job_bell());
    }
    Ok(())
}
