//! Feeds the invented cases into a running demonstration over DICOM C-STORE and MLLP, as clinics would.
//!
//! Where it stands is kept in the data folder: a restart goes on after the last step that was answered, and a folder
//! that was fed is never fed again.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::{Ctx, setting};
use yigong_formats::hl7::value::write_timestamp;
use yigong_sample_data::cases::{Load, Start, Step, Study, steps};

use crate::dimse::scu::{self, Object, Target};
use crate::mllp;

/// Name of the setting that holds the progress.
const PROGRESS: &str = "demo.feed";
/// Pause after a message and after a study: the list fills while the visitor looks.
const AFTER_MESSAGE: Duration = Duration::from_millis(60);
const AFTER_STUDY: Duration = Duration::from_millis(250);
/// How often a step is tried before the feed gives up until the next start.
const TRIES: u32 = 5;
const BETWEEN_TRIES: Duration = Duration::from_secs(1);
const ANSWER: Duration = Duration::from_secs(30);
/// Objects of one association: a CT goes in several, so that it need not stand in memory whole.
const BATCH: usize = 24;

/// Where the listeners of this program are.
#[derive(Debug, Clone)]
pub struct Doors {
    /// `host:port` of the DICOM listener.
    pub dicom: String,
    /// `host:port` of the MLLP listener.
    pub mllp: String,
}

/// What is kept between starts. The moment of the first start stays, so that every byte stays the same.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Progress {
    date: String,
    minute: u32,
    done: usize,
}

/// Feeds until every step is done or `stop`; a failure is logged and tried again at the next start.
pub async fn feed(ctx: Ctx, doors: Doors, stop: CancellationToken) {
    let fed = tokio::select! {
        () = stop.cancelled() => return,
        fed = run(&ctx, &doors) => fed,
    };
    match fed {
        Ok(count) => tracing::info!(steps = count, "demo.feed done"),
        Err(fault) => tracing::error!(error = %fault, "demo.feed stopped"),
    }
}

async fn run(ctx: &Ctx, doors: &Doors) -> Result<usize> {
    let mut progress = resume(ctx).await?;
    let all = steps(&Start { date: progress.date.clone(), minute: progress.minute });
    let count = all.len();
    for (n, step) in all.into_iter().enumerate().skip(progress.done) {
        let pause = if matches!(step.load, Load::Message(_)) { AFTER_MESSAGE } else { AFTER_STUDY };
        attempt(ctx, doors, n, step).await?;
        progress.done = n + 1;
        keep(ctx, &progress).await?;
        tokio::time::sleep(pause).await;
    }
    Ok(count)
}

async fn resume(ctx: &Ctx) -> Result<Progress> {
    let permit = Permit::system("demo");
    let kept = setting::get(&mut *ctx.db.read(&permit).await?, PROGRESS).await?;
    if let Some(text) = kept {
        return serde_json::from_str(&text).map_err(|e| Fault::internal(format!("setting {PROGRESS}: {e}")));
    }
    let offset = i32::try_from(ctx.config.centre.utc_offset_minutes).unwrap_or(480);
    let now = write_timestamp(ctx.now(), offset);
    let part = |from: usize, to: usize| now.get(from..to).unwrap_or_default().to_owned();
    let number = |from: usize, to: usize| part(from, to).parse::<u32>().unwrap_or_default();
    let progress = Progress { date: part(0, 8), minute: number(8, 10) * 60 + number(10, 12), done: 0 };
    keep(ctx, &progress).await?;
    Ok(progress)
}

async fn keep(ctx: &Ctx, progress: &Progress) -> Result<()> {
    let permit = Permit::system("demo");
    let text = serde_json::to_string(progress).map_err(|e| Fault::internal(e.to_string()))?;
    let mut tx = ctx.db.begin(&permit).await?;
    setting::put(&mut tx, ctx, PROGRESS, &text).await?;
    tx.commit().await
}

async fn attempt(ctx: &Ctx, doors: &Doors, n: usize, step: Step) -> Result<()> {
    let mut why = String::new();
    for _ in 0..TRIES {
        let sent = match &step.load {
            Load::Message(bytes) => message(doors, n, bytes).await,
            Load::Objects(study) => objects(ctx, doors, n, &step.ae_title, study).await,
        };
        match sent {
            Ok(()) => return Ok(()),
            Err(reason) => why = reason,
        }
        tokio::time::sleep(BETWEEN_TRIES).await;
    }
    Err(Fault::internal(format!("demo step {n}: {why}")))
}

/// A refusal by the receiver is an answer: it is logged, visible in the message list, and not repeated.
async fn message(doors: &Doors, n: usize, bytes: &[u8]) -> std::result::Result<(), String> {
    let ack = mllp::send(doors.mllp.as_str(), bytes, ANSWER).await.map_err(|e| e.to_string())?;
    if ack.code != "AA" {
        tracing::warn!(step = n, code = ack.code, text = ack.text, "demo.feed message refused");
    }
    Ok(())
}

async fn objects(
    ctx: &Ctx,
    doors: &Doors,
    n: usize,
    ae_title: &str,
    study: &Study,
) -> std::result::Result<(), String> {
    let target = Target {
        address: doors.dicom.clone(),
        calling_ae: ae_title.to_owned(),
        called_ae: ctx.config.dicom.ae_title.clone(),
        ..Target::default()
    };
    let (give, mut take) = mpsc::channel::<Vec<Object>>(1);
    let study = study.clone();
    let making = tokio::task::spawn_blocking(move || {
        let mut batch = Vec::new();
        study.objects(|bytes| {
            batch.push(Object::Bytes(bytes));
            batch.len() < BATCH || give.blocking_send(std::mem::take(&mut batch)).is_ok()
        });
        // The receiver may be gone: then nobody wants the rest.
        let _ = give.blocking_send(batch);
    });
    while let Some(batch) = take.recv().await {
        if batch.is_empty() {
            continue;
        }
        let answers = scu::store(&target, &batch).await.map_err(|e| e.what)?;
        if let Some(bad) = answers.iter().find(|a| a.status == scu::NOT_SENT || a.status & 0xF000 == 0xA000) {
            return Err(format!("status {:04X} {}", bad.status, bad.comment));
        }
        for refused in answers.iter().filter(|a| a.status != 0 && a.status & 0xF000 != 0xB000) {
            tracing::warn!(
                step = n,
                status = refused.status,
                comment = refused.comment,
                "demo.feed object refused"
            );
        }
    }
    making.await.map_err(|_| "generator stopped".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_restart_goes_on_where_it_stood_with_the_same_bytes() {
        let bench = yigong_base::testing::sqlite().await.unwrap();
        let mut first = resume(&bench.ctx).await.unwrap();
        assert_eq!((first.date.as_str(), first.minute, first.done), ("20260901", 480, 0));
        first.done = 7;
        keep(&bench.ctx, &first).await.unwrap();
        bench.clock.advance(86_400_000);
        let again = resume(&bench.ctx).await.unwrap();
        assert_eq!((again.date, again.minute, again.done), (first.date, first.minute, 7));
    }

    #[tokio::test]
    async fn a_fed_folder_is_not_fed_again() {
        let bench = yigong_base::testing::sqlite().await.unwrap();
        let mut progress = resume(&bench.ctx).await.unwrap();
        let all = steps(&Start { date: progress.date.clone(), minute: progress.minute });
        progress.done = all.len();
        keep(&bench.ctx, &progress).await.unwrap();
        // Nobody listens at these doors: a single sent byte would fail.
        let doors = Doors { dicom: "127.0.0.1:1".into(), mllp: "127.0.0.1:1".into() };
        assert_eq!(run(&bench.ctx, &doors).await.unwrap(), all.len());
    }
}
