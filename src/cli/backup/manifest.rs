//! What a backup is made of, and by what it is proved. The manifest is written last: what has none is no backup.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::macros::format_description;
use tokio::task::spawn_blocking;
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
        let all = names(from)?;
        let found = match name {
            Some(name) => all.iter().find(|n| *n == name),
            None => all.last(),
        };
        let Some(found) = found else {
            return Err(Fault::invalid("at", format!("no such backup; there are: {}", all.join(", "))));
        };
        let text = std::fs::read(path(from, found)).map_err(|e| Fault::io("read the manifest", &e))?;
        let read: Self =
            serde_json::from_slice(&text).map_err(|e| Fault::invalid("manifest", format!("{found}: {e}")))?;
        if read.format != FORMAT {
            return Err(Fault::invalid("manifest", format!("{found}: format {} is not known", read.format)));
        }
        Ok((found.clone(), read))
    }
}

fn path(from: &Path, name: &str) -> PathBuf {
    from.join("manifest").join(format!("{name}.json"))
}

/// Names of all backups of a folder, oldest first.
fn names(from: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(from.join("manifest")).map_err(|e| Fault::io("find backups", &e))?;
    let mut all = Vec::new();
    for entry in entries {
        let name = entry.map_err(|e| Fault::io("find backups", &e))?.file_name();
        all.extend(name.to_str().and_then(|n| n.strip_suffix(".json")).map(str::to_owned));
    }
    all.sort();
    Ok(all)
}

/// A name for a backup of this moment, in UTC: they sort as they were made.
pub(super) fn name_of(ms: i64) -> Result<String> {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    let at = OffsetDateTime::from_unix_timestamp(ms / 1_000).ok();
    at.and_then(|at| at.format(format).ok()).ok_or_else(|| Fault::internal("the time has no name"))
}

/// Removes all but the newest `keep`, and what belongs to none; answers how many. Objects stay: a later copy names them, too.
pub(super) fn forget(to: &Path, keep: usize) -> Result<usize> {
    let all = names(to)?;
    let (old, kept) = all.split_at(all.len().saturating_sub(keep));
    let remove = || -> std::io::Result<()> {
        // The manifest first: what has one is whole.
        for name in old {
            std::fs::remove_file(path(to, name))?;
        }
        for folder in ["database", "others"] {
            for entry in std::fs::read_dir(to.join(folder))? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if !kept.iter().any(|k| name.starts_with(k.as_str())) {
                    std::fs::remove_file(entry.path())?;
                }
            }
        }
        Ok(())
    };
    remove().map_err(|e| Fault::io("remove an old copy", &e))?;
    Ok(old.len())
}

/// Files of a data folder beside rows and objects, and what they are called in a backup.
pub(super) fn beside(data: &Path) -> Result<Vec<(PathBuf, String)>> {
    let entries = std::fs::read_dir(data).map_err(|e| Fault::io("read the data folder", &e))?;
    let mut all = vec![(data.join("objects").join(STORE), STORE.to_owned())];
    for entry in entries {
        let path = entry.map_err(|e| Fault::io("read the data folder", &e))?.path();
        let Some(name) = path.file_name().and_then(|n| n.to_str()) else { continue };
        if path.is_file() && !name.starts_with("yigong.sqlite") {
            all.push((path.clone(), name.to_owned()));
        }
    }
    Ok(all)
}

/// Hashes a file of a backup.
pub(super) async fn prove(root: &Path, file: String) -> Result<Proof> {
    let path = root.join(&file);
    let done = spawn_blocking(move || {
        let (mut from, mut hash, mut bytes) = (File::open(&path)?, Running::default(), 0);
        let mut piece = vec![0; 1 << 20];
        loop {
            let n = from.read(&mut piece)?;
            let Some(read) = piece.get(..n).filter(|p| !p.is_empty()) else { break };
            hash.update(read);
            bytes += n as u64;
        }
        Ok::<_, std::io::Error>((bytes, hash.finish_hex()))
    });
    let done = done.await.map_err(|_| Fault::internal("hashing stopped"))?;
    let (bytes, blake3) = done.map_err(|e| Fault::io(&format!("read {file}"), &e))?;
    Ok(Proof { file, bytes, blake3 })
}
