//! The job that lets another archive send a study here.

use std::time::{Duration, Instant};

use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_clinic::Centre;
use yigong_clinic::imaging::fetch::{self, Progress};
use yigong_formats::dicom::command::Counts;

use super::scu::{Target, query};

/// How often the page hears how far it is.
const TELL: Duration = Duration::from_secs(2);

/// Fulfils a wish. A refusal or a broken line ends it with the reason: the person who waits sees it, and asks again.
///
/// # Errors
/// Storage faults; the job is tried again, and the archive sends what is here already once more: it changes nothing.
pub async fn run(centre: &Centre, id: &str) -> Result<()> {
    let ctx = &centre.ctx;
    let wish = fetch::wish(&mut *ctx.db.read(&Permit::system(fetch::JOB)).await?, id).await?;
    let Some(wish) = wish else { return Ok(()) };
    let target = match Target::of(ctx, &wish.archive) {
        Ok(target) => target,
        Err(fault) => return fetch::close(ctx, &wish, Err(fault.to_string())).await,
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
    let mut last = Instant::now();
    let ours = ctx.config.dicom.ae_title.clone();
    let done = query::fetch(&target, &wish.study_uid, &ours, |counts| {
        if last.elapsed() >= TELL {
            last = Instant::now();
            // Nobody listens any more only when the job itself has ended.
            let _ = give.send(of(counts));
        }
    })
    .await;
    drop(give);
    if telling.await.is_err() {
        tracing::error!("archive.progress stopped");
    }
    fetch::close(ctx, &wish, done.map(of).map_err(|e| e.to_string())).await
}

fn of(counts: Counts) -> Progress {
    Progress {
        completed: i64::from(counts.completed) + i64::from(counts.warned),
        failed: i64::from(counts.failed),
        remaining: counts.remaining.map(i64::from),
    }
}
