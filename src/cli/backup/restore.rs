//! `yigong restore`: a data folder from a backup; nothing of it is believed that its hash does not prove.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use tokio::task::spawn_blocking;
use yigong_base::access::Permit;
use yigong_base::audit::{Verdict, head_at, verify};
use yigong_base::clock::{Clock, SystemClock};
use yigong_base::config::Config;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::mirror::{Copied, Mirror};
use yigong_base::storage::{Db, migrate};
use yigong_clinic::imaging::scrub;

use super::manifest::{Head, Manifest, Proof, STORE, prove};
use super::say;
use crate::app::open_platform;

/// Which backup, and where to.
#[derive(Args)]
pub struct RestoreArgs {
    /// Folder of the backups.
    #[arg(long)]
    from: PathBuf,
    /// New data folder; it must be empty or not there.
    #[arg(long)]
    to: PathBuf,
    /// Name of the backup, for example 20261128T040102Z; else the newest.
    #[arg(long)]
    at: Option<String>,
    /// Go on although objects are damaged or missing; the server shows them as such.
    #[arg(long)]
    incomplete: bool,
}

/// Copies rows and the objects they name, each proved by its hash, and the audit chain by its links. A server does not start on
/// the folder before all of it is there.
pub async fn restore(args: RestoreArgs) -> Result<ExitCode> {
    // A backup at work may take away the copy that is read.
    let lock = std::fs::File::open(args.from.join("lock")).ok();
    if lock.as_ref().is_some_and(|lock| lock.try_lock_shared().is_err()) {
        return Err(Fault::Busy { detail: "a backup to this folder is at work".into() });
    }
    let (name, manifest) = Manifest::read(&args.from, args.at.as_deref())?;
    let Some(database) = &manifest.database else {
        return Err(Fault::invalid(
            "from",
            format!(
                "{name} has no rows: bring them back by PostgreSQL's own tools, and copy objects/ and others/"
            ),
        ));
    };
    let is_empty = |folder: &Path| std::fs::read_dir(folder).map_or(true, |mut all| all.next().is_none());
    if !is_empty(&args.to) {
        return Err(Fault::invalid("to", format!("{} is not empty", args.to.display())));
    }
    let objects = args.to.join("objects");
    std::fs::create_dir_all(&objects).map_err(|e| Fault::io("create the data folder", &e))?;
    for proof in manifest.others.iter().chain([database]) {
        proved(&args.from, proof).await?;
    }
    let rows = args.to.join("yigong.sqlite");
    copy(&args.from.join(&database.file), &rows).await?;
    let db = Db::open_sqlite(&rows).await?;
    chain(&db, &manifest.head).await?;
    // What names objects is asked in today's words.
    migrate::run(&db, SystemClock::new().now()).await?;
    let copied = named_objects(&db, args.from.join("objects"), objects.clone()).await?;
    for address in &copied.damaged {
        say(&format!("damaged in the backup: {address}"));
    }
    for address in &copied.missing {
        say(&format!("missing in the backup: {address}"));
    }
    let wrong = copied.damaged.len() + copied.missing.len();
    if wrong > 0 && !args.incomplete {
        say(&format!(
            "stopped: {wrong} objects are damaged or missing; a server does not start on this folder. Mend the backup, or say --incomplete with an empty folder"
        ));
        return Ok(ExitCode::FAILURE);
    }
    // The id of the store comes last: without it no server starts here.
    let (store, others): (Vec<&Proof>, Vec<&Proof>) =
        manifest.others.iter().partition(|p| called(p, &name) == STORE);
    for proof in others {
        copy(&args.from.join(&proof.file), &args.to.join(called(proof, &name))).await?;
    }
    for proof in store {
        copy(&args.from.join(&proof.file), &objects.join(STORE)).await?;
    }
    drop(db);
    let mut config = Config::default();
    config.storage.data = args.to.display().to_string();
    let ctx = open_platform(config).await?;
    let absent: Vec<String> = copied.damaged.iter().chain(&copied.missing).cloned().collect();
    scrub::restored(&ctx, &absent).await?;
    say(&format!(
        "restored {name}: {} objects ({} MiB), audit chain whole up to row {} and beyond, {wrong} damaged or missing",
        copied.new,
        copied.bytes >> 20,
        manifest.head.seq
    ));
    Ok(ExitCode::SUCCESS)
}

/// What a file is called in a data folder.
fn called<'a>(proof: &'a Proof, name: &str) -> &'a str {
    let file = proof.file.strip_prefix("others/").unwrap_or(&proof.file);
    file.strip_prefix(name).and_then(|f| f.strip_prefix('-')).unwrap_or(file)
}

async fn proved(from: &Path, proof: &Proof) -> Result<()> {
    let found = prove(from, proof.file.clone()).await?;
    if (found.bytes, &found.blake3) == (proof.bytes, &proof.blake3) {
        return Ok(());
    }
    Err(Fault::invalid("from", format!("{} is damaged: it is not what its manifest says", proof.file)))
}

async fn copy(from: &Path, to: &Path) -> Result<()> {
    let (from, to) = (from.to_owned(), to.to_owned());
    let copied = spawn_blocking(move || {
        std::fs::copy(&from, &to)?;
        std::fs::File::open(&to)?.sync_all()?;
        std::fs::File::open(to.parent().unwrap_or(&to))?.sync_all()
    });
    let copied = copied.await.map_err(|_| Fault::internal("copying stopped"))?;
    copied.map_err(|e| Fault::io("copy a file", &e))
}

/// The chain is whole, and goes on from where the manifest says that it was.
async fn chain(db: &Db, head: &Head) -> Result<()> {
    if let Verdict::Broken { seq, why } = verify(db).await? {
        return Err(Fault::invalid("from", format!("audit row {seq}: {why}")));
    }
    let there = head_at(&mut *db.read(&Permit::system("restore")).await?, head.seq).await?;
    if head.seq > 0 && there.as_ref() != Some(&head.hash) {
        return Err(Fault::invalid("from", format!("audit row {} is not the one of the manifest", head.seq)));
    }
    Ok(())
}

async fn named_objects(db: &Db, from: PathBuf, to: PathBuf) -> Result<Copied> {
    let stopped = |_| Fault::internal("copying stopped");
    let failed = |e: std::io::Error| Fault::io("copy objects", &e);
    let mut mirror =
        spawn_blocking(move || Mirror::new(&from, &to)).await.map_err(stopped)?.map_err(failed)?;
    let mut after = String::new();
    loop {
        let page = scrub::named(&mut *db.read(&Permit::system("restore")).await?, &after).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(last);
        let copied = spawn_blocking(move || {
            for address in &page {
                mirror.one(address)?;
            }
            Ok(mirror)
        });
        mirror = copied.await.map_err(stopped)?.map_err(failed)?;
    }
    spawn_blocking(move || mirror.finish()).await.map_err(stopped)?.map_err(failed)
}
