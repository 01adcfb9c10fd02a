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
        let (is_stale, waiting, silent) = if sqlite {
            (sql::STALE_SQLITE, sql::TAKE_SQLITE, sql::TAKE_STALE_SQLITE)
        } else {
            (sql::STALE_POSTGRES, sql::TAKE_POSTGRES, sql::TAKE_STALE_POSTGRES)
        };
        // A look without the writer first: an idle queue must not cost a transaction every second.
        let (due, stale) = {
            let mut reader = self.ctx.db.read(&permit).await?;
            let mut due = Vec::new();
            for row in reader.all(sql::KINDS, args![]).await? {
                let kind = row.text("kind")?;
                let mine = lane == Lane::Any || self.line.contains(kind.as_str()) == (lane == Lane::Line);
                if mine && row.int("run_at")? <= now {
                    due.push(kind);
                }
            }
            (due, reader.opt(is_stale, args![now, &listed, which]).await?.is_some())
        };
        if due.is_empty() && !stale {
            return Ok(None);
        }
        let mut tx = self.ctx.db.begin(&permit).await?;
        // What was begun and broken off goes before what waits: it is older, and may be about the same object.
        let until = now + LEASE_MS;
        let mut row = if stale { tx.opt(silent, args![now, until, &listed, which]).await? } else { None };
        // The kind that waits longest first. All of one kind may have to wait for what runs on the same objects.
        for kind in due {
            if row.is_some() {
                break;
            }
            row = tx.opt(waiting, args![now, until, kind]).await?;
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
mod tests;
