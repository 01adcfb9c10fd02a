//! `yigong import`: files of a folder or a disc into the archive, by the same function that receives a C-STORE.
//!
//! It may run beside a server on the same database, SQLite included: every write is a transaction of its own, the spool
//! folder of a living process is left alone, and the server picks up the jobs. Open pages hear of it at their next look.

mod walk;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use yigong_base::Ctx;
use yigong_base::access::Permit;
use yigong_base::config::Config;
use yigong_base::fault::{Fault, Result};
use yigong_base::site::{Peer, facility, peer};
use yigong_clinic::imaging::receive::{Arrival, Outcome, Received, receive_with};

use super::{say, start_log};
use crate::app::{keep_time, open_platform};
use walk::Walk;

/// Files that are received at the same time: their syncs join one another.
const AT_ONCE: usize = 4;
/// Bytes of a file read at once.
const CHUNK: usize = 256 * 1024;
/// Exit code when files were refused.
const SOME_REFUSED: u8 = 2;

/// What is imported, and for whom.
#[derive(Args)]
pub struct ImportArgs {
    /// Files and folders; folders are walked to their end, links are not followed.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Code of the facility the images belong to.
    #[arg(long)]
    facility: String,
    /// AE title of the registered peer they come from.
    #[arg(long)]
    peer: String,
}

/// Numbers of a run.
#[derive(Default)]
struct Count {
    new: u64,
    same: u64,
    version: u64,
    held: u64,
    refused: u64,
}

/// Runs the import: 0 = every file is stored, 2 = some were refused (each has its line), 1 = it had to stop.
pub async fn import(config: Config, args: ImportArgs) -> Result<ExitCode> {
    start_log(&config)?;
    let ctx = open_platform(config).await?;
    tokio::spawn(keep_time(ctx.clone(), CancellationToken::new()));
    let peer = sender(&ctx, &args.facility, &args.peer).await?;
    let mut count = Count::default();
    let mut running = JoinSet::new();
    let mut fatal = None;
    let (give, mut take) = mpsc::channel(AT_ONCE);
    let paths = args.paths;
    let walking = tokio::task::spawn_blocking(move || {
        // Nobody takes any more: the run has ended early.
        Walk::new(paths).try_for_each(|found| give.blocking_send(found)).is_ok()
    });
    while let Some(found) = take.recv().await {
        let path = match found {
            Ok(path) => path,
            Err((path, why)) => {
                refused(&mut count, &path, &why);
                continue;
            }
        };
        let (ctx, peer) = (ctx.clone(), peer.clone());
        running.spawn(async move {
            let result = one(&ctx, peer, &path).await;
            (path, result)
        });
        if running.len() >= AT_ONCE {
            fatal = settle(&mut count, running.join_next().await);
        }
        if fatal.is_some() {
            break;
        }
    }
    drop(take);
    if walking.await.is_err() {
        fatal = fatal.or(Some(Fault::internal("the walk through the folders stopped")));
    }
    while let Some(done) = running.join_next().await {
        fatal = settle(&mut count, Some(done)).or(fatal);
    }
    say(&format!(
        "{} new, {} already here, {} further versions, {} held for a person, {} refused",
        count.new, count.same, count.version, count.held, count.refused
    ));
    match fatal {
        Some(fault) => Err(fault),
        None if count.refused > 0 => Ok(ExitCode::from(SOME_REFUSED)),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// The registered peer, which must belong to the facility: nothing is taken from the files.
async fn sender(ctx: &Ctx, code: &str, ae_title: &str) -> Result<Peer> {
    let mut conn = ctx.db.read(&Permit::system("import")).await?;
    let site = facility::find(&mut conn, code).await?;
    let found = peer::find_ae(&mut conn, ae_title, &site.code).await?.ok_or_else(|| {
        Fault::invalid("peer", format!("no enabled DICOM peer has the AE title {ae_title}"))
    })?;
    if found.facility != site.code {
        return Err(Fault::invalid(
            "peer",
            format!("{ae_title} belongs to {}, not to {}", found.facility, site.code),
        ));
    }
    Ok(found)
}

async fn one(ctx: &Ctx, peer: Peer, path: &Path) -> Result<Received> {
    let read = |e: std::io::Error| Fault::invalid("read", e.to_string());
    let mut file = tokio::fs::File::open(path).await.map_err(read)?;
    let mut spool = ctx.blobs.spool().await?;
    let mut chunk = vec![0_u8; CHUNK];
    loop {
        let n = file.read(&mut chunk).await.map_err(read)?;
        let Some(part) = chunk.get(..n).filter(|p| !p.is_empty()) else { break };
        spool.write(part).await?;
    }
    let arrival = Arrival {
        peer,
        spooled: spool.finish().await?,
        sop_class: None,
        sop_instance: None,
        study: None,
        by: None,
        source: "import",
    };
    receive_with(ctx, arrival).await
}

/// Counts one file; a failing disk or database ends the run, because every further file would meet it too.
fn settle(
    count: &mut Count,
    done: Option<std::result::Result<(PathBuf, Result<Received>), tokio::task::JoinError>>,
) -> Option<Fault> {
    match done? {
        Err(_) => Some(Fault::internal("receiving a file stopped")),
        Ok((path, Err(fault @ (Fault::Storage { .. } | Fault::Internal { .. })))) => {
            refused(count, &path, &fault.to_string());
            Some(fault)
        }
        Ok((path, Err(fault))) => {
            refused(count, &path, &fault.to_string());
            None
        }
        Ok((_, Ok(received))) => {
            match received.outcome {
                Outcome::New => count.new += 1,
                Outcome::Same => count.same += 1,
                Outcome::Version => count.version += 1,
                Outcome::Quarantined => count.held += 1,
            }
            None
        }
    }
}

/// One line for a file that is not stored.
fn refused(count: &mut Count, path: &Path, why: &str) {
    count.refused += 1;
    let line = format!("refused {}: {why}", path.display());
    // A file name may hold anything; on a terminal it must stay one line of text.
    say(&line.chars().map(|c| if c.is_control() { '?' } else { c }).collect::<String>());
}
