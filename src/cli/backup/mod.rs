//! `yigong backup` and `yigong restore`: rows and objects in a folder elsewhere, and back from there.

mod manifest;
mod restore;

use std::fs::File;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use tokio::task::spawn_blocking;
use yigong_base::access::Permit;
use yigong_base::audit;
use yigong_base::clock::SystemClock;
use yigong_base::config::Config;
use yigong_base::fault::{Fault, Result};
use yigong_base::setting::pairing;
use yigong_base::storage::layout::place_of;
use yigong_base::storage::mirror::{Copied, Mirror};
use yigong_base::storage::{Db, Engine};
use yigong_clinic::imaging::scrub;
use yigong_clinic::timekeeping;

use self::manifest::{Head, Manifest, Proof};
use super::say;
use crate::app::open_database;

pub use self::restore::{RestoreArgs, restore};

/// Where to copy to.
#[derive(Args)]
pub struct BackupArgs {
    /// Folder on another disk; it takes the database, the objects and the signing key.
    #[arg(long)]
    to: PathBuf,
    /// Newest copies of the database that are kept.
    #[arg(long, default_value_t = 48, value_parser = clap::value_parser!(u16).range(1..))]
    keep: u16,
    /// Of so many days before them the last copy of each is kept.
    #[arg(long, default_value_t = 30)]
    keep_days: u16,
}

/// Copies the database as it is now, then the objects that are not there yet. Beside a running server; exit code 1 when an
/// object is damaged.
pub async fn backup(config: Config, args: BackupArgs) -> Result<ExitCode> {
    let data = PathBuf::from(&config.storage.data);
    let to = prepare(&data, &args.to)?;
    // Two at once would take each other's unfinished copies away.
    let lock = File::create(to.join("lock")).map_err(|e| Fault::io("open the lock of the backup", &e))?;
    lock.try_lock().map_err(|_| Fault::Busy { detail: "another backup to this folder is at work".into() })?;
    if config.storage.database == "sqlite" && !data.join("yigong.sqlite").exists() {
        return Err(Fault::invalid("storage.data", format!("no centre in {}", data.display())));
    }
    let db = open_database(&config).await?;
    pairing::look(&db, &data).await?;
    let clock = SystemClock::new();
    timekeeping::begin(&db, &clock).await?;
    // What a run left that did not come to its end is nobody's.
    manifest::tidy(&to)?;
    let (now, name) = manifest::name(&to, &clock).await?;
    // Rows first: an object is older than the row that names it, so each that these rows name is copied after them.
    let (database, head) = rows(&db, &to, &name).await?;
    let others = others(&data, &to, &name).await?;
    let from = data.join("objects");
    let objects = to.join("objects");
    let copied = spawn_blocking(move || Mirror::new(&from, &objects)?.all());
    let copied = copied.await.map_err(|_| Fault::internal("copying stopped"))?;
    let copied = copied.map_err(|e| Fault::io("copy objects", &e))?;
    let made = Manifest {
        format: manifest::FORMAT,
        at: now,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        database,
        others,
        head,
        objects: copied.new + copied.held,
    };
    made.write(&to, &name)?;
    let gone = manifest::forget(&to, usize::from(args.keep), usize::from(args.keep_days), &name)?;
    report(&name, &made, &copied, gone);
    let absent = absent(&db, &data.join("objects"), &to.join("objects")).await?;
    for address in &absent {
        say(&format!("named by rows and not there: {address}"));
    }
    Ok(if copied.damaged.is_empty() && absent.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Objects that rows name and that are neither in the store nor in the backup.
async fn absent(db: &Db, store: &Path, backup: &Path) -> Result<Vec<String>> {
    let (mut after, mut absent) = (String::new(), Vec::new());
    loop {
        let page = scrub::named(&mut *db.read(&Permit::system("backup")).await?, &after).await?;
        let Some(last) = page.last() else { return Ok(absent) };
        after.clone_from(last);
        let folders = [backup.to_owned(), store.to_owned()];
        let there = move |address: &String| folders.iter().any(|f| place_of(f, address).exists());
        let gone = spawn_blocking(move || page.into_iter().filter(|a| !there(a)).collect::<Vec<_>>());
        absent.extend(gone.await.map_err(|_| Fault::internal("looking for objects stopped"))?);
    }
}

fn report(name: &str, made: &Manifest, copied: &Copied, gone: usize) {
    let database = match &made.database {
        Some(file) => format!("database {} MiB", file.bytes >> 20),
        None => "database not copied: use PostgreSQL's own tools, before this".to_owned(),
    };
    say(&format!(
        "backup {name}: {database}; {} objects copied ({} MiB), {} were there, {} damaged; audit row {}; {gone} older copies removed",
        copied.new,
        copied.bytes >> 20,
        copied.held,
        copied.damaged.len(),
        made.head.seq,
    ));
    for address in &copied.damaged {
        say(&format!("damaged, not copied: {address}"));
    }
}

/// The folder, which is neither the data folder nor in it.
fn prepare(data: &Path, to: &Path) -> Result<PathBuf> {
    let io = |what: &str, e: &std::io::Error| Fault::io(&format!("{what} {}", to.display()), e);
    let whole = std::path::absolute(to).map_err(|e| io("find", &e))?;
    let there = whole.ancestors().find_map(|folder| folder.canonicalize().ok());
    let data = data.canonicalize().map_err(|e| Fault::io("find the data folder", &e))?;
    if there.is_some_and(|there| there.starts_with(&data)) {
        return Err(Fault::invalid("to", "a backup inside the data folder is lost with it"));
    }
    std::fs::create_dir_all(to).map_err(|e| io("create", &e))?;
    let to = to.canonicalize().map_err(|e| io("find", &e))?;
    for folder in ["database", "manifest", "objects", "others"] {
        let path = to.join(folder);
        let made = std::fs::create_dir_all(&path).and_then(|()| {
            // Patients, passwords and the signing key are in it.
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700))
        });
        made.map_err(|e| Fault::io(&format!("create {folder}"), &e))?;
    }
    let device = |path: &Path| std::fs::metadata(path).map(|meta| meta.dev()).ok();
    if device(&to) == device(&data) {
        say("warning: the backup is on the same file system as the data; it is lost with it");
    }
    Ok(to)
}

/// Copies the rows, where that is ours to do, and says how far the audit chain goes at least.
async fn rows(db: &Db, to: &Path, name: &str) -> Result<(Option<Proof>, Head)> {
    let permit = Permit::system("backup");
    let head = audit::head(&mut *db.read(&permit).await?).await?;
    let head = Head { seq: head.0, hash: head.1 };
    if db.engine() != Engine::Sqlite {
        return Ok((None, head));
    }
    let file = format!("database/{name}.sqlite");
    db.snapshot(&permit, &to.join(&file)).await?;
    Ok((Some(manifest::prove(to, file).await?), head))
}

/// Copies what lies in the data folder beside rows and objects: keys and certificates, and which store it is.
async fn others(data: &Path, to: &Path, name: &str) -> Result<Vec<Proof>> {
    let mut proofs = Vec::new();
    for (from, called) in manifest::beside(data)? {
        let file = format!("others/{name}-{called}");
        let target = to.join(&file);
        let copied = spawn_blocking(move || {
            std::fs::copy(&from, &target)?;
            File::open(&target)?.sync_all()
        });
        let copied = copied.await.map_err(|_| Fault::internal("copying stopped"))?;
        copied.map_err(|e| Fault::io(&format!("copy {called}"), &e))?;
        proofs.push(manifest::prove(to, file).await?);
    }
    Ok(proofs)
}
