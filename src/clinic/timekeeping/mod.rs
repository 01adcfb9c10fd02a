//! When the machine's clock is set: what was to last so long still does, and nothing waits for an hour that does not come
//! (decision 0079).
//!
//! The program's own time goes on as before ([`yigong_base::clock::SystemClock`]) until this file has moved what hangs on it.

pub mod sql;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::clock::{HOUR_MS, MINUTE_MS, SECOND_MS, SteppedClock};
use yigong_base::fault::Result;
use yigong_base::storage::{Engine, Tx};
use yigong_base::{Ctx, args, audit, setting};

/// Between two looks.
pub const LOOK: Duration = Duration::from_secs(1);
/// Furthest the clock is followed without a person's word, ms: a day and a mistaken zone. A machine whose battery is empty is
/// off by years.
const FAR_MS: i64 = 36 * HOUR_MS;
/// Two processes that were told the same see it at most so far apart, ms.
const SAME_MS: i64 = MINUTE_MS;
/// How long a person's word counts, ms.
const WORD_MS: i64 = 10 * MINUTE_MS;
/// What was moved last, so that two processes do not move it twice.
const MOVED: &str = "clock.moved";
/// What the machine's clock said when a person called it right.
const WORD: &str = "clock.word";

/// A clock that was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Set {
    /// By how much, ms; back is below 0.
    pub by: i64,
    /// What the machine's clock says now, ms.
    pub machine: i64,
}

/// What a look found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Both clocks agree.
    Right,
    /// It was set, and is followed.
    Followed(Set),
    /// It was set so far, or against the clock of the database, that a person must say that it is right.
    Held(Set),
}

/// Looks again and again; says what it found once.
#[derive(Debug, Default)]
pub struct Keeper {
    held: Option<Set>,
}

impl Keeper {
    /// Follows the machine's clock where it was set by no more than a day and a half, or a person has said that it is right.
    ///
    /// # Errors
    /// Storage faults; nothing is followed then, and the next look tries again.
    pub async fn look(&mut self, ctx: &Ctx) -> Result<Seen> {
        let by = ctx.clock.set_by();
        if by == 0 {
            self.held = None;
            return Ok(Seen::Right);
        }
        let set = Set { by, machine: ctx.now() + by };
        if !is_believed(ctx, set).await? {
            if self.held.is_none_or(|held| held.by.abs_diff(by) > SAME_MS.unsigned_abs()) {
                tracing::error!(
                    by_seconds = by / SECOND_MS,
                    "clock.held: the machine's clock was set; see `yigong follow-clock`"
                );
                note(ctx, "clock.hold", set).await?;
                self.held = Some(set);
            }
            return Ok(Seen::Held(set));
        }
        move_all(ctx, set).await?;
        ctx.clock.follow();
        self.held = None;
        tracing::warn!(by_seconds = by / SECOND_MS, "clock.set: what hangs on it was moved");
        Ok(Seen::Followed(set))
    }
}

/// Says that the machine's clock is right: the processes on this database follow it.
///
/// # Errors
/// Storage faults.
pub async fn believe(ctx: &Ctx) -> Result<()> {
    let machine = ctx.now() + ctx.clock.set_by();
    let permit = Permit::system("clock");
    let mut tx = ctx.db.begin(&permit).await?;
    setting::put(&mut tx, ctx, WORD, &machine.to_string()).await?;
    audit::append(&mut tx, ctx, &permit, "clock.believe", "setting", WORD, &json!({"machine": machine}))
        .await?;
    tx.commit().await
}

async fn is_believed(ctx: &Ctx, set: Set) -> Result<bool> {
    let mut conn = ctx.db.read(&Permit::system("clock")).await?;
    let word = setting::get(&mut conn, WORD).await?.and_then(|word| word.parse::<i64>().ok());
    // A word of the wrong time is none of the right one.
    if word.is_some_and(|said| (said..=said.saturating_add(WORD_MS)).contains(&set.machine)) {
        return Ok(true);
    }
    if ctx.db.engine() == Engine::Postgres {
        let database = conn.one(sql::DATABASE_POSTGRES, args![]).await?.int("now")?;
        if database.abs_diff(set.machine) > SAME_MS.unsigned_abs() {
            return Ok(false);
        }
    }
    Ok(set.by.abs() <= FAR_MS)
}

/// Moves all that hangs on the clock, once for all processes that were told the same.
async fn move_all(ctx: &Ctx, set: Set) -> Result<()> {
    let permit = Permit::system("clock");
    let mut tx = ctx.db.begin(&permit).await?;
    let moved: Option<Set> =
        setting::get(&mut tx, MOVED).await?.and_then(|text| serde_json::from_str(&text).ok());
    let near = |a: i64, b: i64| a.abs_diff(b) <= SAME_MS.unsigned_abs();
    if moved.is_some_and(|last| near(last.by, set.by) && near(last.machine, set.machine)) {
        return Ok(());
    }
    move_rows(&mut tx, set).await?;
    // The first event of the new time: a start asks when the last one was.
    let then = Ctx { clock: Arc::new(SteppedClock::at(set.machine)), ..ctx.clone() };
    setting::put(&mut tx, &then, MOVED, &json!(set).to_string()).await?;
    audit::append(&mut tx, &then, &permit, "clock.set", "setting", MOVED, &json!(set)).await?;
    tx.commit().await
}

async fn move_rows(tx: &mut Tx, set: Set) -> Result<()> {
    // What lasts so long: neither longer nor shorter.
    let lasting = [
        sql::SESSIONS,
        sql::LOCKS,
        sql::JOB_LEASES,
        sql::WORK_LEASES,
        sql::SKIPS,
        sql::LINKS,
        sql::COMMITMENTS,
    ];
    for statement in lasting {
        tx.exec(statement, args![set.by]).await?;
    }
    // What is to be done is done early rather than late: after a clock that was set forward it is due.
    if set.by < 0 {
        let due = [sql::JOBS, sql::ESCALATIONS, sql::DELIVERIES, sql::OUTGOING, sql::BATCHES, sql::REDOS];
        for statement in due {
            tx.exec(statement, args![set.by]).await?;
        }
        tx.exec(sql::DEADLINES, args![set.by, set.machine]).await?;
    }
    Ok(())
}

async fn note(ctx: &Ctx, action: &str, set: Set) -> Result<()> {
    let permit = Permit::system("clock");
    let mut tx = ctx.db.begin(&permit).await?;
    audit::append(&mut tx, ctx, &permit, action, "setting", MOVED, &json!(set)).await?;
    tx.commit().await
}
