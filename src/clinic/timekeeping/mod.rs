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
use yigong_base::clock::{Clock, HOUR_MS, MINUTE_MS, SECOND_MS, SteppedClock};
use yigong_base::fault::Result;
use yigong_base::storage::{Conn, Db, Engine, Tx};
use yigong_base::{Ctx, args, audit, setting};

use crate::critical::raise::ORANGE_STEP_MS;

/// Between two looks.
pub const LOOK: Duration = Duration::from_secs(1);
/// Furthest the clock is followed without a person's word, ms: a day and a mistaken zone. A machine whose battery is empty is
/// off by years.
pub const FAR_MS: i64 = 36 * HOUR_MS;
/// Two clocks that say the same are at most so far apart, ms.
const SAME_MS: i64 = MINUTE_MS;
/// How long a person's word counts, ms.
const WORD_MS: i64 = 10 * MINUTE_MS;
/// How long work is looked for that was put by whoever had read the clock before it was set back, ms.
const LATE_MS: i64 = 2 * MINUTE_MS;
/// Jobs are not put by a clock that is further ahead, ms.
const AHEAD_MS: i64 = 5 * SECOND_MS;
/// No alert rings later after it was raised, ms: an orange one takes longest, and a minute for whoever is slow.
const RINGS_MS: i64 = ORANGE_STEP_MS + MINUTE_MS;
/// What was moved, so that two processes do not move the same.
const MOVED: &str = "clock.moved";
/// A clock that is not followed, for whoever starts meanwhile.
const HELD: &str = "clock.held";
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

/// What was moved.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Moved {
    /// By how much in all, ms: a process that knows an earlier sum sees what others have moved since.
    sum: i64,
    /// The last time.
    by: i64,
    /// What the machine's clock said then.
    machine: i64,
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

/// The time a process begins with: the database's where that is PostgreSQL and says otherwise, that of a server which holds its
/// own against the machine's, and not before what is recorded.
///
/// # Errors
/// Storage faults.
pub async fn begin(db: &Db, clock: &dyn Clock) -> Result<()> {
    let mut conn = db.read(&Permit::system("clock")).await?;
    let held: Option<Set> = read(&mut conn, HELD).await?;
    let last = audit::last_at(&mut conn).await?;
    let machine = clock.now() + clock.set_by();
    if db.engine() == Engine::Postgres {
        let off = machine - database(&mut conn).await?;
        if off.abs() > SAME_MS {
            clock.hold(off);
        }
    } else if let Some(held) = held.filter(|held| held.by > 0 && machine >= held.machine) {
        // The other one may have been corrected a little since.
        clock.hold(held.by.min(machine - last));
        return Ok(());
    }
    clock.not_before(last);
    Ok(())
}

/// By how much the clock was set forward since then, as far as that is known, ms: what was dated before looks older by so much.
///
/// # Errors
/// Storage faults.
pub async fn forward_since(ctx: &Ctx, since: i64) -> Result<i64> {
    let mut conn = ctx.db.read(&Permit::system("clock")).await?;
    let moved: Option<Moved> = read(&mut conn, MOVED).await?;
    Ok(moved.filter(|moved| moved.machine > since).map_or(0, |moved| moved.by.max(0)))
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
    audit::append(&mut tx, ctx, &permit, "clock.believe", "setting", WORD, &json!({"machine": machine}));
    tx.commit().await
}

/// Looks again and again; says what it found once.
#[derive(Debug)]
pub struct Keeper {
    /// What had been moved when this process last agreed with the machine.
    sum: i64,
    /// By how much the clock is off that is not followed.
    held: Option<i64>,
    /// By how much it was set back, and how long late work is looked for.
    late: Option<(i64, i64)>,
}

impl Keeper {
    /// From now on.
    ///
    /// # Errors
    /// Storage faults.
    pub async fn start(ctx: &Ctx) -> Result<Self> {
        let mut conn = ctx.db.read(&Permit::system("clock")).await?;
        let moved: Moved = read(&mut conn, MOVED).await?.unwrap_or_default();
        let held: Option<Set> = read(&mut conn, HELD).await?;
        let by = ctx.clock.set_by();
        let same = |a: i64, b: i64| a.abs_diff(b) <= SAME_MS.unsigned_abs();
        if by != 0 && same(by, moved.by) && same(ctx.now() + by, moved.machine) {
            // Another process has moved it while this one was starting.
            ctx.clock.follow(by);
        }
        Ok(Self { sum: moved.sum, held: held.map(|held| held.by), late: None })
    }

    /// Follows the machine's clock where it was set by no more than a day and a half, or a person has said that it is right.
    ///
    /// # Errors
    /// Storage faults; nothing is followed then, and the next look tries again.
    pub async fn look(&mut self, ctx: &Ctx) -> Result<Seen> {
        self.catch_late(ctx).await?;
        let by = ctx.clock.set_by();
        if by == 0 {
            if self.held.is_some() {
                let mut tx = ctx.db.begin(&Permit::system("clock")).await?;
                setting::put(&mut tx, ctx, HELD, "").await?;
                tx.commit().await?;
                self.held = None;
            }
            return Ok(Seen::Right);
        }
        let set = Set { by, machine: ctx.now() + by };
        if is_believed(ctx, set).await? {
            self.follow(ctx, set).await?;
            tracing::warn!(by_seconds = by / SECOND_MS, "clock.set: what hangs on it was moved");
            return Ok(Seen::Followed(set));
        }
        if self.held.is_none_or(|held| held.abs_diff(by) > SAME_MS.unsigned_abs()) {
            hold(ctx, set).await?;
            self.held = Some(by);
            let by_seconds = by / SECOND_MS;
            tracing::error!(by_seconds, "clock.held: the machine's clock was set; see `yigong follow-clock`");
        }
        Ok(Seen::Held(set))
    }

    /// Moves all that hangs on the clock, as far as no other process has, and follows.
    async fn follow(&mut self, ctx: &Ctx, set: Set) -> Result<()> {
        let permit = Permit::system("clock");
        let mut tx = ctx.db.begin(&permit).await?;
        // One process after the other, also where the database lets two units run at once.
        setting::next_number(&mut tx, "clock").await?;
        let mut moved: Moved = read(&mut tx, MOVED).await?.unwrap_or_default();
        let rest = Set { by: set.by - (moved.sum - self.sum), ..set };
        // The first event of the new time: a start asks when the last one was.
        let then = Ctx { clock: Arc::new(SteppedClock::at(set.machine)), ..ctx.clone() };
        if rest.by.abs() > AHEAD_MS {
            move_rows(&mut tx, rest).await?;
            moved = Moved { sum: moved.sum + rest.by, by: rest.by, machine: set.machine };
            setting::put(&mut tx, &then, MOVED, &json!(moved).to_string()).await?;
            audit::append(&mut tx, &then, &permit, "clock.set", "setting", MOVED, &json!(rest));
        }
        setting::put(&mut tx, &then, HELD, "").await?;
        if set.by < 0 {
            // Whoever works beside this or after it dates its work by the new time: by the old one it would wait too long.
            ctx.clock.follow(set.by);
        }
        if let Err(fault) = tx.commit().await {
            if set.by < 0 {
                ctx.clock.follow(-set.by);
            }
            return Err(fault);
        }
        if set.by > 0 {
            ctx.clock.follow(set.by);
        }
        self.sum = moved.sum;
        self.held = None;
        self.late = (set.by < 0).then_some((set.by, ctx.now() + LATE_MS));
        Ok(())
    }

    /// Who read the clock just before it was set back puts work for a time that is far.
    async fn catch_late(&mut self, ctx: &Ctx) -> Result<()> {
        let Some((by, until)) = self.late else { return Ok(()) };
        let now = ctx.now();
        let mut tx = ctx.db.begin(&Permit::system("clock")).await?;
        tx.exec(sql::LATE_JOBS, args![by, now + AHEAD_MS]).await?;
        if -by > 2 * RINGS_MS {
            tx.exec(sql::LATE_ESCALATIONS, args![by, now + RINGS_MS]).await?;
        }
        tx.commit().await?;
        if now > until {
            self.late = None;
        }
        Ok(())
    }
}

async fn is_believed(ctx: &Ctx, set: Set) -> Result<bool> {
    let mut conn = ctx.db.read(&Permit::system("clock")).await?;
    let word = setting::get(&mut conn, WORD).await?.and_then(|word| word.parse::<i64>().ok());
    // A word of the wrong time is none of the right one.
    if word.is_some_and(|said| (said..=said.saturating_add(WORD_MS)).contains(&set.machine)) {
        return Ok(true);
    }
    if ctx.db.engine() == Engine::Postgres
        && database(&mut conn).await?.abs_diff(set.machine) > SAME_MS.unsigned_abs()
    {
        return Ok(false);
    }
    // A clock that was behind what is recorded is right once it is later, however much.
    Ok(if ctx.clock.is_pinned() { set.by > 0 } else { set.by.abs() <= FAR_MS })
}

async fn database(conn: &mut Conn) -> Result<i64> {
    conn.one(sql::DATABASE_POSTGRES, args![]).await?.int("now")
}

async fn read<T: serde::de::DeserializeOwned>(conn: &mut Conn, name: &str) -> Result<Option<T>> {
    Ok(setting::get(conn, name).await?.and_then(|text| serde_json::from_str(&text).ok()))
}

async fn move_rows(tx: &mut Tx, set: Set) -> Result<()> {
    // What lasts so long: neither longer nor shorter.
    let lasting = [
        sql::SESSIONS,
        sql::LOCKS,
        sql::DEVICE_LOCKS,
        sql::JOB_LEASES,
        sql::WORK_LEASES,
        sql::SKIPS,
        sql::LINKS,
        sql::COMMITMENTS,
        sql::GRANTS,
        sql::DELIVERIES_SINCE,
        sql::OUTGOING_SINCE,
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

async fn hold(ctx: &Ctx, set: Set) -> Result<()> {
    let permit = Permit::system("clock");
    let mut tx = ctx.db.begin(&permit).await?;
    setting::put(&mut tx, ctx, HELD, &json!(set).to_string()).await?;
    audit::append(&mut tx, ctx, &permit, "clock.hold", "setting", HELD, &json!(set));
    tx.commit().await
}
