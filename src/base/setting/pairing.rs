//! Which database and which store belong together: both carry one id. A volume that is not mounted, or another centre's
//! database, stops the start, before an object is put where nobody will look for it or the sweeper takes strangers for leftovers.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::sql::{CLAIM, GET, HAS_POSTGRES, HAS_SQLITE, PUT};
use crate::access::Permit;
use crate::args;
use crate::fault::{Fault, Result};
use crate::storage::{Conn, Db, Engine};

/// Name of the id in the database.
const SETTING: &str = "store";
/// Name of the file beside the objects.
const FILE: &str = "store";
/// The same until the database names the id.
const PENDING: &str = "store.new";

/// Refuses a store that is known as another's, before the database is touched. A database without tables knows nothing yet.
///
/// # Errors
/// `Conflict` `store_missing`, `store_foreign`; storage faults.
pub async fn look(db: &Db, data: &Path) -> Result<()> {
    let mut conn = db.read(&Permit::system("storage")).await?;
    let has = if db.engine() == Engine::Sqlite { HAS_SQLITE } else { HAS_POSTGRES };
    if conn.opt(has, args![]).await?.is_none() {
        return Ok(());
    }
    let known = in_database(&mut conn).await?;
    settle(data, known.as_deref())?;
    match (in_folder(data)?, known) {
        (None, None) => Ok(()),
        // Another process that is starting may have named both just now.
        (there @ Some(_), None) => {
            drop(conn);
            let known = in_database(&mut *db.read(&Permit::system("storage")).await?).await?;
            same(data, there.as_deref(), known.as_deref())
        }
        (there, known) => same(data, there.as_deref(), known.as_deref()),
    }
}

/// Checks that the store under `data` is the database's; two that have no id yet get `fresh`, unless the database names objects
/// (`stored`) and the store has none. Several processes may call it at once.
///
/// # Errors
/// As [`look`].
pub async fn check(db: &Db, data: &Path, fresh: &str, stored: bool, now: i64) -> Result<()> {
    let permit = Permit::system("storage");
    let known = in_database(&mut *db.read(&permit).await?).await?;
    if known.is_some() && in_folder(data)? == known {
        return Ok(());
    }
    let mut tx = db.begin(&permit).await?;
    // Whoever else is starting waits here: one id is given.
    let given = tx.exec(CLAIM, args![SETTING, fresh, now]).await? > 0;
    let known = in_database(&mut tx).await?;
    if !given {
        settle(data, known.as_deref())?;
        return same(data, in_folder(data)?.as_deref(), known.as_deref());
    }
    if in_folder(data)?.is_some() {
        return same(data, in_folder(data)?.as_deref(), None);
    }
    if stored && !has_objects(data)? {
        return Err(missing(data, "nor any object beside it, and the database names objects"));
    }
    // The folder says it only after the database does: a start that is broken off in between is gone on with by the next.
    write(data, fresh)?;
    tx.commit().await?;
    settle(data, Some(fresh))?;
    same(data, in_folder(data)?.as_deref(), Some(fresh))
}

/// Says that the database and the store under `data` belong together from now on, by the new id `fresh`.
///
/// # Errors
/// Storage faults.
pub async fn adopt(db: &Db, data: &Path, fresh: &str, now: i64) -> Result<()> {
    let mut tx = db.begin(&Permit::system("storage")).await?;
    tx.exec(PUT, args![SETTING, fresh, now]).await?;
    write(data, fresh)?;
    tx.commit().await?;
    settle(data, Some(fresh))
}

fn same(data: &Path, there: Option<&str>, known: Option<&str>) -> Result<()> {
    let file = file(data, FILE).display().to_string();
    match (there, known) {
        (Some(there), Some(known)) if there == known => Ok(()),
        (None, known) => {
            Err(missing(data, &format!("and the database names store {}", known.unwrap_or("none"))))
        }
        (Some(there), known) => Err(Fault::conflict(
            "store_foreign",
            format!("{file} says {there}, the database names {}. {ADOPT}", known.unwrap_or("none yet")),
        )),
    }
}

fn missing(data: &Path, why: &str) -> Fault {
    let file = file(data, FILE).display().to_string();
    Fault::conflict("store_missing", format!("{file} is not there, {why}: is the volume mounted? {ADOPT}"))
}

const ADOPT: &str = "If they do belong together (a copy, an older backup), say so once: yigong adopt";

async fn in_database(conn: &mut Conn) -> Result<Option<String>> {
    conn.opt(GET, args![SETTING]).await?.map(|r| r.text("value")).transpose()
}

fn file(data: &Path, name: &str) -> PathBuf {
    data.join("objects").join(name)
}

fn in_folder(data: &Path) -> Result<Option<String>> {
    read(&file(data, FILE))
}

fn read(path: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Fault::io("read the id of the store", &e)),
    }
}

/// Writes an id that the database is about to name.
fn write(data: &Path, id: &str) -> Result<()> {
    let folder = data.join("objects");
    let written = || -> io::Result<()> {
        std::fs::create_dir_all(&folder)?;
        let mut file = File::create(file(data, PENDING))?;
        writeln!(file, "{id}")?;
        file.sync_all()?;
        File::open(&folder)?.sync_all()
    };
    written().map_err(|e| Fault::io("write the id of the store", &e))
}

/// The id that was written becomes the store's once the database names it.
fn settle(data: &Path, known: Option<&str>) -> Result<()> {
    let pending = file(data, PENDING);
    if known.is_none() || read(&pending)?.as_deref() != known {
        return Ok(());
    }
    let settled = || -> io::Result<()> {
        match std::fs::rename(&pending, file(data, FILE)) {
            // Another process that is starting was quicker.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            moved => moved?,
        }
        File::open(data.join("objects"))?.sync_all()
    };
    settled().map_err(|e| Fault::io("write the id of the store", &e))
}

/// Whether anything lies in the folders of objects.
fn has_objects(data: &Path) -> Result<bool> {
    let looked = || -> io::Result<bool> {
        for entry in std::fs::read_dir(data.join("objects"))? {
            let entry = entry?;
            let hex =
                entry.file_name().to_str().is_some_and(|n| n.len() == 2 && u8::from_str_radix(n, 16).is_ok());
            if hex && std::fs::read_dir(entry.path())?.next().is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    };
    match looked() {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        found => found.map_err(|e| Fault::io("look for objects", &e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::engines;

    fn code(result: Result<()>) -> String {
        result.map_or_else(|f| f.code().to_owned(), |()| "together".into())
    }

    /// A folder that goes with the test.
    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("yigong-pair-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        path
    }

    fn put(data: &Path, name: &str, id: &str) {
        std::fs::create_dir_all(data.join("objects")).unwrap();
        std::fs::write(file(data, name), id).unwrap();
    }

    #[tokio::test]
    async fn a_database_and_its_store_know_each_other() {
        for bench in engines().await.unwrap() {
            let db = &bench.ctx.db;
            let (data, other) = (folder(bench.engine), folder(&format!("{}-other", bench.engine)));
            let first = |id: &'static str| check(db, &data, id, false, 1);
            let starts = tokio::join!(first("a"), first("b"), first("c"));
            assert_eq!([starts.0, starts.1, starts.2].map(code), ["together"; 3], "{}", bench.engine);
            let said = in_folder(&data).unwrap();
            assert!(said.is_some() && read(&file(&data, PENDING)).unwrap().is_none());
            assert_eq!(code(check(db, &data, "d", true, 2).await), "together");
            assert_eq!(code(look(db, &data).await), "together");
            assert_eq!(in_folder(&data).unwrap(), said, "the id stays");

            assert_eq!(code(look(db, &other).await), "store_missing");
            assert_eq!(code(check(db, &other, "d", false, 2).await), "store_missing");
            assert!(!other.exists(), "nothing is made where the volume should be");
            put(&other, FILE, "another centre's");
            assert_eq!(code(look(db, &other).await), "store_foreign");
            assert_eq!(code(check(db, &other, "d", false, 2).await), "store_foreign");
            adopt(db, &other, "e", 3).await.unwrap();
            assert_eq!(code(check(db, &other, "f", false, 3).await), "together");
            assert_eq!(
                code(check(db, &data, "f", false, 3).await),
                "store_foreign",
                "the first is nobody's now"
            );
            // Broken off between the database's word and the folder's.
            std::fs::rename(file(&other, FILE), file(&other, PENDING)).unwrap();
            assert_eq!(code(look(db, &other).await), "together");
            for folder in [data, other] {
                std::fs::remove_dir_all(folder).unwrap();
            }
        }
    }

    #[tokio::test]
    async fn a_first_start_believes_no_empty_folder_and_no_strangers_store() {
        let bench = crate::testing::sqlite().await.unwrap();
        let db = &bench.ctx.db;
        let unnamed =
            async || in_database(&mut db.read(&Permit::system("t")).await.unwrap()).await.unwrap().is_none();
        let data = folder("first");
        assert_eq!(code(look(db, &data).await), "together", "neither knows anything");
        assert_eq!(
            code(check(db, &data, "a", true, 1).await),
            "store_missing",
            "an upgrade without its volume"
        );
        assert!(unnamed().await && !data.exists());
        put(&data, FILE, "somebody's");
        assert_eq!(code(look(db, &data).await), "store_foreign");
        assert_eq!(code(check(db, &data, "a", false, 1).await), "store_foreign");
        assert!(unnamed().await);
        // An upgrade with its objects, and with what a start left that was broken off before the database's word.
        std::fs::remove_file(file(&data, FILE)).unwrap();
        put(&data, PENDING, "never said");
        std::fs::create_dir_all(data.join("objects/ab")).unwrap();
        assert_eq!(code(check(db, &data, "a", true, 1).await), "store_missing");
        std::fs::write(data.join("objects/ab/1"), b"an object").unwrap();
        assert_eq!(code(check(db, &data, "a", true, 1).await), "together");
        assert_eq!(in_folder(&data).unwrap().as_deref(), Some("a"));
        std::fs::remove_dir_all(data).unwrap();
    }
}
