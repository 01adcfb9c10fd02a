//! What a backup is made of, and by what it is proved. The manifest is written last: what has none is no backup.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::macros::format_description;
use tokio::task::spawn_blocking;
use yigong_base::clock::Clock;
use yigong_base::digest::Running;
use yigong_base::fault::{Fault, Result};

/// Of this file.
pub(super) const FORMAT: u32 = 1;
/// The file that says which store the objects are; a server starts when it is there (see `setting::pairing`).
pub(super) const STORE: &str = "store";

/// A file of the backup.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Proof {
    /// Under the folder of the backup.
    pub file: String,
    /// Length.
    pub bytes: u64,
    /// BLAKE3, hex.
    pub blake3: String,
}

/// A row of the audit chain that the rows have.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    /// Its number; 0 before the first.
    pub seq: i64,
    /// Its hash.
    pub hash: String,
}

/// A backup.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// When it was begun, ms since 1970 UTC.
    pub at: i64,
    /// Version of the program.
    pub program: String,
    /// The rows; absent where PostgreSQL's own tools copy them.
    pub database: Option<Proof>,
    /// Keys, certificates, the id of the store.
    pub others: Vec<Proof>,
    /// Where the audit chain ended when the rows were copied, or before.
    pub head: Head,
    /// Objects in the folder.
    pub objects: u64,
}

impl Manifest {
    /// Writes it under its name; on the disk when this answers.
    pub(super) fn write(&self, to: &Path, name: &str) -> Result<()> {
        let folder = to.join("manifest");
        let (part, target) = (folder.join(format!("{name}.part")), folder.join(format!("{name}.json")));
        let write = || -> std::io::Result<()> {
            let mut file = File::create(&part)?;
            file.write_all(&serde_json::to_vec_pretty(self)?)?;
            file.sync_all()?;
            for beside in ["database", "others"] {
                File::open(to.join(beside))?.sync_all()?;
            }
            std::fs::rename(&part, &target)?;
            File::open(&folder)?.sync_all()
        };
        write().map_err(|e| Fault::io("write the manifest", &e))
    }

    /// The one called `name`, or the newest.
    pub(super) fn read(from: &Path, name: Option<&str>) -> Result<(String, Self)> {
        let mut all = all(from)?;
        let found = match name {
            Some(name) => all.iter().position(|(n, _)| n == name),
            None => all.len().checked_sub(1),
        };
        let Some(found) = found else {
            let names: Vec<String> = all.into_iter().map(|(name, _)| name).collect();
            return Err(Fault::invalid("at", format!("no such backup; there are: {}", names.join(", "))));
        };
        let (name, read) = all.swap_remove(found);
        if read.format != FORMAT {
            return Err(Fault::invalid("manifest", format!("{name}: format {} is not known", read.format)));
        }
        if let Some(wrong) = read.others.iter().chain(&read.database).find(|p| !is_plain(&p.file)) {
            return Err(Fault::invalid("manifest", format!("{name}: {} leads elsewhere", wrong.file)));
        }
        Ok((name, read))
    }
}

/// A folder and a file in it, and nothing that leads out.
fn is_plain(file: &str) -> bool {
    let parts: Vec<_> = Path::new(file).components().collect();
    parts.len() == 2 && parts.iter().all(|part| matches!(part, Component::Normal(_)))
}

fn path(from: &Path, name: &str) -> PathBuf {
    from.join("manifest").join(format!("{name}.json"))
}

/// All backups of a folder in the order in which their rows went on: clocks may be wrong, the audit chain only grows.
fn all(from: &Path) -> Result<Vec<(String, Manifest)>> {
    let entries = std::fs::read_dir(from.join("manifest")).map_err(|e| Fault::io("find backups", &e))?;
    let mut all = Vec::new();
    for entry in entries {
        let file = entry.map_err(|e| Fault::io("find backups", &e))?.file_name();
        let Some(name) = file.to_str().and_then(|n| n.strip_suffix(".json")) else { continue };
        let text = std::fs::read(path(from, name)).map_err(|e| Fault::io("read the manifest", &e))?;
        let read: Manifest = serde_json::from_slice(&text)
            .map_err(|e| Fault::invalid("manifest", format!("{name}.json is damaged: {e}")))?;
        all.push((name.to_owned(), read));
    }
    all.sort_by(|(a, x), (b, y)| (x.head.seq, x.at, a).cmp(&(y.head.seq, y.at, b)));
    Ok(all)
}

/// A name of the form of [`name`].
fn is_name(name: &str) -> bool {
    name.len() == 16 && name.ends_with('Z') && name.bytes().all(|b| b.is_ascii_digit() || b"TZ".contains(&b))
}

/// The name of a backup that begins now, in UTC, and the time, ms; one that is taken is waited out.
pub(super) async fn name(to: &Path, clock: &dyn Clock) -> Result<(i64, String)> {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    loop {
        let now = clock.now();
        let at = OffsetDateTime::from_unix_timestamp(now / 1_000).ok();
        let name = at.and_then(|at| at.format(format).ok());
        let name = name.ok_or_else(|| Fault::internal("the time has no name"))?;
        if !path(to, &name).exists() {
            return Ok((now, name));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Removes all but the newest `keep`, the last of each of the `days` before, and `own`; answers how many. Objects stay: a later
/// copy names them, too.
pub(super) fn forget(to: &Path, keep: usize, days: usize, own: &str) -> Result<usize> {
    let names: Vec<String> = all(to)?.into_iter().map(|(name, _)| name).collect();
    let mut seen = BTreeSet::new();
    let mut gone = 0;
    for (back, name) in names.iter().rev().enumerate() {
        let first_of_day = seen.insert(name.get(..8).unwrap_or(name));
        if back < keep || name == own || (first_of_day && seen.len() <= days + 1) {
            continue;
        }
        std::fs::remove_file(path(to, name)).map_err(|e| Fault::io("remove an old copy", &e))?;
        gone += 1;
    }
    tidy(to)?;
    Ok(gone)
}

/// Removes rows and keys of backups that have no manifest; what others put there stays.
pub(super) fn tidy(to: &Path) -> Result<()> {
    let remove = || -> std::io::Result<()> {
        for folder in ["database", "others"] {
            for entry in std::fs::read_dir(to.join(folder))? {
                let entry = entry?;
                let file = entry.file_name().to_string_lossy().into_owned();
                let name = file.get(..16).unwrap_or_default();
                if is_name(name) && entry.file_type()?.is_file() && !path(to, name).exists() {
                    std::fs::remove_file(entry.path())?;
                }
            }
        }
        Ok(())
    };
    remove().map_err(|e| Fault::io("remove an old copy", &e))
}

/// Files of a data folder beside rows and objects, and what they are called in a backup.
pub(super) fn beside(data: &Path) -> Result<Vec<(PathBuf, String)>> {
    let entries = std::fs::read_dir(data).map_err(|e| Fault::io("read the data folder", &e))?;
    let mut all = vec![(data.join("objects").join(STORE), STORE.to_owned())];
    for entry in entries {
        let path = entry.map_err(|e| Fault::io("read the data folder", &e))?.path();
        let Some(name) = path.file_name().and_then(|n| n.to_str()) else { continue };
        if path.is_file() && !name.starts_with("yigong.sqlite") && name != STORE {
            all.push((path.clone(), name.to_owned()));
        }
    }
    Ok(all)
}

/// Hashes a file of a backup.
pub(super) async fn prove(root: &Path, file: String) -> Result<Proof> {
    let path = root.join(&file);
    let done = spawn_blocking(move || {
        let mut hash = Running::default();
        let bytes = hash.update_reader(File::open(&path)?)?;
        Ok::<_, std::io::Error>((bytes, hash.finish_hex()))
    });
    let done = done.await.map_err(|_| Fault::internal("hashing stopped"))?;
    let (bytes, blake3) = done.map_err(|e| Fault::io(&format!("read {file}"), &e))?;
    Ok(Proof { file, bytes, blake3 })
}
