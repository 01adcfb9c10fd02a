//! The job that lets another archive send a study here.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::jobs::{Job, enqueue};
use yigong_clinic::Centre;
use yigong_clinic::imaging::fetch::{self, Progress};
use yigong_formats::dicom::command::Counts;

use super::scu::{Target, query};

/// How often the page hears how far it is.
const TELL: Duration = Duration::from_secs(2);

/// An archive that takes longer than this for a study is not waited for.
const LONGEST: Duration = Duration::from_secs(2 * 3600);
/// Where nothing is free, it is looked again after this, ms.
const AGAIN_MS: i64 = 5_000;
/// Fetches at once. A tape archive is slow, and reports leave by the same workers.
const AT_ONCE: usize = 2;
/// The archives that send now.
static BUSY: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// A place among those that fetch now, given back when dropped.
struct Place(String);

impl Place {
    /// One for an archive that does not send already.
    fn take(archive: &str) -> Option<Self> {
        let mut busy = BUSY.lock().unwrap_or_else(PoisonError::into_inner);
        (busy.len() < AT_ONCE && busy.insert(archive.to_owned())).then(|| Self(archive.to_owned()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        BUSY.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

/// Fulfils a wish. A refusal or a broken line ends it with the reason: the person who waits sees it, and asks again.
///
/// # Errors
/// Storage faults; the job is tried again, and the archive sends what is here already once more: it changes nothing.
pub async fn run(centre: &Centre, id: &str) -> Result<()> {
    let ctx = &centre.ctx;
    let wish = fetch::wish(&mut *ctx.db.read(&Permit::system(fetch::JOB)).await?, id).await?;
    let Some(wish) = wish else { return Ok(()) };
    let Some(_place) = Place::take(&wish.archive.id) else {
        let mut tx = ctx.db.begin(&Permit::system(fetch::JOB)).await?;
        enqueue(&mut tx, ctx, Job::new(fetch::JOB, id).at(ctx.now() + AGAIN_MS)).await?;
        tx.commit().await?;
        return Ok(());
    };
    let target = match Target::of(ctx, &wish.archive) {
        Ok(target) => target,
        Err(fault) => return fetch::close(ctx, &wish, Progress::default(), Some(fault.to_string())).await,
    };
    fetch::progress(ctx, &wish, Progress::default()).await?;
    let (give, mut take) = tokio::sync::mpsc::unbounded_channel();
    let telling = {
        let (ctx, wish) = (ctx.clone(), wish.clone());
        tokio::spawn(async move {
            while let Some(at) = take.recv().await {
                if let Err(fault) = fetch::progress(&ctx, &wish, at).await {
                    tracing::warn!(%fault, "archive.progress not noted");
                }
            }
        })
    };
    let mut told = Instant::now();
    let mut at = Progress::default();
    let ours = ctx.config.dicom.ae_title.clone();
    let fetching = query::fetch(&target, &wish.study_uid, &ours, |counts| {
        at = of(counts);
        if told.elapsed() >= TELL {
            told = Instant::now();
            // Nobody listens any more only when the job itself has ended.
            let _ = give.send(at);
        }
    });
    let error = match tokio::time::timeout(LONGEST, fetching).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some("the archive was not done within two hours".to_owned()),
    };
    drop(give);
    if telling.await.is_err() {
        tracing::error!("archive.progress stopped");
    }
    fetch::close(ctx, &wish, at, error).await
}

fn of(counts: Counts) -> Progress {
    Progress {
        completed: i64::from(counts.completed) + i64::from(counts.warned),
        failed: i64::from(counts.failed),
        remaining: counts.remaining.map(i64::from),
    }
}
