//! Running jobs: a few workers, woken by the bell and by a poll; a failed job is tried again with back-off.
//!
//! Jobs that talk to other machines have workers of their own: however many receivers are silent, studies settle, and
//! what waits on a clock is done in its time.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::sql;
use crate::access::Permit;
use crate::args;
use crate::clock::{MINUTE_MS, SECOND_MS};
use crate::ctx::Ctx;
use crate::fault::Result;
use crate::storage::{Engine, Row};

/// How long a running job may stay silent before another worker takes it.
const LEASE_MS: i64 = 5 * MINUTE_MS;
/// How often a running job says that it is alive.
const ALIVE: Duration = Duration::from_secs(60);
/// Longest pause between two looks at the table.
const POLL: Duration = Duration::from_secs(1);

/// A job that was taken.
#[derive(Debug, Clone)]
pub struct JobRow {
    /// Row id.
    pub id: String,
    /// Kind, by which the function is chosen.
    pub kind: String,
    /// What it is about.
    pub key: String,
    /// Payload.
    pub payload: Value,
    /// How often it was tried, this time included.
    pub attempts: i64,
}

type Work<C> = Arc<dyn Fn(C, JobRow) -> Pin<Box<dyn Future<Output = Result<()>> + Send>> + Send + Sync>;

/// Which jobs a worker takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    /// Those that this machine does alone.
    Own,
    /// Those that wait for others.
    Line,
    Any,
}

/// The runner: functions by kind over an application context `C`.
pub struct Runner<C> {
    ctx: Ctx,
    app: C,
    work: HashMap<&'static str, Work<C>>,
    /// Kinds that talk to other machines.
    line: BTreeSet<&'static str>,
    alive: Duration,
}

impl<C: Clone + Send + Sync + 'static> Runner<C> {
    /// A runner without functions.
    pub fn new(ctx: Ctx, app: C) -> Self {
        Self { ctx, app, work: HashMap::new(), line: BTreeSet::new(), alive: ALIVE }
    }

    /// Says that a running job is alive every so often instead of once a minute.
    #[must_use]
    pub fn alive_every(self, alive: Duration) -> Self {
        Self { alive, ..self }
    }

    /// Registers the function of a kind.
    #[must_use]
    pub fn on<F, Fut>(mut self, kind: &'static str, run: F) -> Self
    where
        F: Fn(C, JobRow) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        self.work.insert(kind, Arc::new(move |app, job| Box::pin(run(app, job))));
        self
    }

    /// Registers the function of a kind that talks to another machine, and may wait for it.
    #[must_use]
    pub fn on_line<F, Fut>(mut self, kind: &'static str, run: F) -> Self
    where
        F: Fn(C, JobRow) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        self.line.insert(kind);
        self.on(kind, run)
    }

    /// Runs until `stop`, with so many jobs of this machine's own, and so many that talk to others, at a time.
    pub async fn run(self, own: usize, line: usize, stop: CancellationToken) {
        let shared = Arc::new(self);
        let bells = [(Lane::Own, own, Arc::new(Notify::new())), (Lane::Line, line, Arc::new(Notify::new()))];
        let mut tasks = Vec::new();
        for (lane, workers, bell) in &bells {
            for _ in 0..*workers {
                let (runner, lane, bell, stop) = (Arc::clone(&shared), *lane, Arc::clone(bell), stop.clone());
                tasks.push(tokio::spawn(async move { runner.worker(lane, &bell, stop).await }));
            }
        }
        // Who rings does not know for whom: one worker of each lane looks.
        tasks.push(tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = shared.ctx.db.job_bell().notified() => bells.iter().for_each(|(_, _, bell)| bell.notify_one()),
                }
            }
        }));
        for task in tasks {
            if task.await.is_err() {
                tracing::error!("jobs.worker stopped unexpectedly");
            }
        }
    }

    async fn worker(&self, lane: Lane, bell: &Notify, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.step_of(lane).await {
                Ok(true) => {}
                Ok(false) => {
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = bell.notified() => {}
                        () = tokio::time::sleep(POLL) => {}
                    }
                }
                Err(fault) => {
                    tracing::error!(error = %fault, "jobs.take failed");
                    tokio::time::sleep(POLL).await;
                }
            }
        }
    }

    /// Takes and runs one due job; `false` when none is due. Tests step the queue with it.
    pub async fn step(&self) -> Result<bool> {
        self.step_of(Lane::Any).await
    }

    async fn step_of(&self, lane: Lane) -> Result<bool> {
        let Some(job) = self.take(lane).await? else { return Ok(false) };
        let outcome = match self.work.get(job.kind.as_str()) {
            Some(run) => {
                // A panic in one job must not stop the worker: run it as its own task.
                let task = tokio::spawn(run(self.app.clone(), job.clone()));
                match self.attended(&job, task).await {
                    Ok(outcome) => outcome.map_err(|f| f.to_string()),
                    Err(_) => Err("the job panicked".to_owned()),
                }
            }
            None => Err(format!("no function for kind {}", job.kind)),
        };
        self.close(&job, outcome).await?;
        Ok(true)
    }

    /// Waits for the end of a job and says meanwhile that it is alive: what takes long must not be begun a second time.
    async fn attended<T>(
        &self,
        job: &JobRow,
        mut task: JoinHandle<T>,
    ) -> std::result::Result<T, tokio::task::JoinError> {
        loop {
            tokio::select! {
                done = &mut task => return done,
                () = tokio::time::sleep(self.alive) => {
                    if let Err(error) = self.renew(job).await {
                        tracing::warn!(kind = %job.kind, %error, "jobs.renew");
                    }
                }
            }
        }
    }

    async fn renew(&self, job: &JobRow) -> Result<()> {
        let mut tx = self.ctx.db.begin(&Permit::system("jobs")).await?;
        tx.exec(sql::RENEW, args![&job.id, self.ctx.now() + LEASE_MS]).await?;
        tx.commit().await
    }

    async fn take(&self, lane: Lane) -> Result<Option<JobRow>> {
        let now = self.ctx.now();
        let permit = Permit::system("jobs");
        let listed = self.line.iter().fold(String::from("|"), |all, kind| all + kind + "|");
        let which = match lane {
            Lane::Own => 0_i64,
            Lane::Line => 1,
            Lane::Any => 2,
        };
        let sqlite = self.ctx.db.engine() == Engine::Sqlite;
        let (is_due, is_stale, waiting, silent) = if sqlite {
            (sql::DUE_SQLITE, sql::STALE_SQLITE, sql::TAKE_SQLITE, sql::TAKE_STALE_SQLITE)
        } else {
            (sql::DUE_POSTGRES, sql::STALE_POSTGRES, sql::TAKE_POSTGRES, sql::TAKE_STALE_POSTGRES)
        };
        // A look without the writer first: an idle queue must not cost a transaction every second.
        let (due, stale) = {
            let mut reader = self.ctx.db.read(&permit).await?;
            let due = reader.opt(is_due, args![now, &listed, which]).await?.is_some();
            (due, reader.opt(is_stale, args![now, &listed, which]).await?.is_some())
        };
        if !due && !stale {
            return Ok(None);
        }
        let asked = || args![now, now + LEASE_MS, &listed, which];
        let mut tx = self.ctx.db.begin(&permit).await?;
        // What was begun and broken off goes before what waits: it is older, and may be about the same object.
        let mut row = if stale { tx.opt(silent, asked()).await? } else { None };
        if row.is_none() && due {
            row = tx.opt(waiting, asked()).await?;
        }
        if row.is_some() {
            // One ring may stand for several jobs: another worker looks whether there are more.
            tx.ring(self.ctx.db.job_bell());
        }
        tx.commit().await?;
        row.map(|r| job_of(&r)).transpose()
    }

    async fn close(&self, job: &JobRow, outcome: std::result::Result<(), String>) -> Result<()> {
        let mut tx = self.ctx.db.begin(&Permit::system("jobs")).await?;
        match outcome {
            Ok(()) => {
                tx.exec(sql::FINISH, args![&job.id]).await?;
            }
            Err(why) => {
                tracing::warn!(kind = %job.kind, attempts = job.attempts, error = %why, "jobs.retry");
                if tx.opt(sql::NEWER, args![&job.kind, &job.key]).await?.is_some() {
                    tx.exec(sql::FINISH, args![&job.id]).await?;
                } else {
                    let pause = (SECOND_MS << job.attempts.clamp(0, 11)).min(30 * MINUTE_MS);
                    tx.exec(sql::RETRY, args![&job.id, self.ctx.now() + pause, why]).await?;
                }
            }
        }
        tx.commit().await
    }
}

fn job_of(row: &Row) -> Result<JobRow> {
    Ok(JobRow {
        id: row.text("id")?,
        kind: row.text("kind")?,
        key: row.text("key")?,
        payload: row.json("payload")?,
        attempts: row.int("attempts")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Job, enqueue};
    use super::*;
    use crate::testing::engines;

    async fn add(ctx: &Ctx, key: &str, payload: &str) {
        let mut tx = ctx.db.begin(&Permit::system("test")).await.unwrap();
        enqueue(&mut tx, ctx, Job::new("mark", key).payload(Value::from(payload))).await.unwrap();
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn what_takes_long_says_that_it_is_alive_and_is_not_begun_again() {
        for bench in engines().await.unwrap() {
            let go = Arc::new(Notify::new());
            let wait = Arc::clone(&go);
            let runner = Runner::new(bench.ctx.clone(), ()).alive_every(Duration::from_millis(20)).on(
                "mark",
                move |(), _| {
                    let wait = Arc::clone(&wait);
                    async move {
                        wait.notified().await;
                        Ok(())
                    }
                },
            );
            add(&bench.ctx, "slow", "sent over a thin line").await;
            let runner = Arc::new(runner);
            let first = Arc::clone(&runner);
            let at_work = tokio::spawn(async move { first.step().await });
            let waits = "SELECT id FROM job WHERE state = 'waiting'";
            while bench
                .ctx
                .db
                .read(&Permit::system("test"))
                .await
                .unwrap()
                .opt(waits, args![])
                .await
                .unwrap()
                .is_some()
            {
                tokio::task::yield_now().await;
            }
            for _ in 0..3 {
                bench.clock.advance(LEASE_MS - MINUTE_MS);
                tokio::time::sleep(Duration::from_millis(300)).await;
                assert!(runner.take(Lane::Any).await.unwrap().is_none(), "begun twice on {}", bench.engine);
            }
            go.notify_one();
            assert!(at_work.await.unwrap().unwrap());
            assert!(runner.take(Lane::Any).await.unwrap().is_none());
        }
    }

    #[tokio::test]
    async fn what_fell_silent_goes_before_what_waits_and_blocks_its_own_key() {
        for bench in engines().await.unwrap() {
            let runner = Runner::new(bench.ctx.clone(), ());
            let take = async || runner.take(Lane::Any).await.unwrap().map(|job| job.payload);
            add(&bench.ctx, "report", "first version").await;
            assert_eq!(take().await, Some(Value::from("first version")));
            // Its worker is killed. Meanwhile the report is signed again, and other work comes.
            add(&bench.ctx, "report", "second version").await;
            add(&bench.ctx, "other", "other").await;
            bench.clock.advance(MINUTE_MS);
            assert_eq!(take().await, Some(Value::from("other")), "another key is not held up");
            assert_eq!(take().await, None, "the second version waits for the first");
            bench.clock.advance(LEASE_MS);
            let again = runner.take(Lane::Any).await.unwrap().unwrap();
            assert_eq!((again.payload.as_str(), again.attempts), (Some("first version"), 2));
            assert_eq!(take().await, None, "both are at work");
            runner.close(&again, Ok(())).await.unwrap();
            assert_eq!(take().await, Some(Value::from("second version")));
        }
    }

    #[tokio::test]
    async fn silent_receivers_hold_up_nothing_that_is_done_here() {
        for bench in engines().await.unwrap() {
            let dead = Arc::new(Notify::new());
            let (wait, done) = (Arc::clone(&dead), Arc::new(Notify::new()));
            let mark = Arc::clone(&done);
            let runner = Runner::new(bench.ctx.clone(), ())
                .on_line("send", move |(), _| {
                    let wait = Arc::clone(&wait);
                    async move {
                        wait.notified().await;
                        Ok(())
                    }
                })
                .on("mark", move |(), _| {
                    let mark = Arc::clone(&mark);
                    async move {
                        mark.notify_one();
                        Ok(())
                    }
                });
            let mut tx = bench.ctx.db.begin(&Permit::system("test")).await.unwrap();
            for n in 0..20 {
                enqueue(&mut tx, &bench.ctx, Job::new("send", n.to_string())).await.unwrap();
            }
            tx.commit().await.unwrap();
            let stop = CancellationToken::new();
            let running = tokio::spawn(runner.run(1, 2, stop.clone()));
            tokio::time::sleep(Duration::from_millis(300)).await;
            add(&bench.ctx, "settle", "a study").await;
            let settled = tokio::time::timeout(Duration::from_secs(20), done.notified()).await;
            assert!(settled.is_ok(), "waited for a receiver on {}", bench.engine);
            stop.cancel();
            while !running.is_finished() {
                dead.notify_waiters();
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}
