//! Which database and which store belong together: both carry one id. A volume that is not mounted, or another centre's
//! database, stops the start, before an object is put where nobody will look for it or the sweeper takes strangers for leftovers.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::sql::{CLAIM, GET, PUT};
use crate::access::Permit;
use crate::args;
use crate::fault::{Fault, Result};
use crate::storage::{Conn, Db};

/// Name of the id in the database.
const SETTING: &str = "store";
/// Name of the file beside the objects.
const FILE: &str = "store";

/// Checks that the store under `data` is the database's; two that have no id yet get `fresh`. Several processes may call it at
/// once.
///
/// # Errors
/// `Conflict` `store_missing`, `store_foreign`; storage faults.
pub async fn check(db: &Db, data: &Path, fresh: &str, now: i64) -> Result<()> {
    let permit = Permit::system("storage");
    let known = in_database(&mut *db.read(&permit).await?).await?;
    if known.is_some() && in_folder(data)? == known {
        return Ok(());
    }
    let mut tx = db.begin(&permit).await?;
    // Whoever else is starting waits here: one id is given.
    let given = tx.exec(CLAIM, args![SETTING, fresh, now]).await? > 0;
    let known = in_database(&mut tx).await?.unwrap_or_default();
    match in_folder(data)? {
        Some(there) if there == known => Ok(()),
        None if given => {
            write(data, &known)?;
            tx.commit().await
        }
        None => Err(Fault::conflict(
            "store_missing",
            format!(
                "{} says nothing, the database names store {known}: is the volume mounted? {ADOPT}",
                file(data).display()
            ),
        )),
        Some(there) => {
            let named = if given { "no store yet".to_owned() } else { format!("store {known}") };
            Err(Fault::conflict(
                "store_foreign",
                format!("{} says {there}, the database names {named}. {ADOPT}", file(data).display()),
            ))
        }
    }
}

const ADOPT: &str = "If they do belong together (a copy, an older backup), say so once: yigong adopt";

/// Says that the database and the store under `data` belong together from now on, by the new id `fresh`.
///
/// # Errors
/// Storage faults.
pub async fn adopt(db: &Db, data: &Path, fresh: &str, now: i64) -> Result<()> {
    let mut tx = db.begin(&Permit::system("storage")).await?;
    tx.exec(PUT, args![SETTING, fresh, now]).await?;
    write(data, fresh)?;
    tx.commit().await
}

async fn in_database(conn: &mut Conn) -> Result<Option<String>> {
    conn.opt(GET, args![SETTING]).await?.map(|r| r.text("value")).transpose()
}

fn file(data: &Path) -> PathBuf {
    data.join("objects").join(FILE)
}

fn in_folder(data: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(file(data)) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Fault::io("read the id of the store", &e)),
    }
}

/// Whole or not at all: a half written id would be somebody else's.
fn write(data: &Path, id: &str) -> Result<()> {
    let target = file(data);
    let folder = data.join("objects");
    let beside = target.with_extension("new");
    let written = || -> io::Result<()> {
        std::fs::create_dir_all(&folder)?;
        let mut file = File::create(&beside)?;
        writeln!(file, "{id}")?;
        file.sync_all()?;
        std::fs::rename(&beside, &target)?;
        File::open(&folder)?.sync_all()
    };
    written().map_err(|e| Fault::io("write the id of the store", &e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::engines;

    fn code(result: Result<()>) -> String {
        result.map_or_else(|f| f.code().to_owned(), |()| "together".into())
    }

    #[tokio::test]
    async fn a_database_and_its_store_know_each_other() {
        for (n, bench) in engines().await.unwrap().into_iter().enumerate() {
            let db = &bench.ctx.db;
            let data = std::env::temp_dir().join(format!("yigong-pair-{}-{n}", std::process::id()));
            let other = data.with_extension("other");
            let starts =
                tokio::join!(check(db, &data, "a", 1), check(db, &data, "b", 1), check(db, &data, "c", 1));
            assert_eq!([code(starts.0), code(starts.1), code(starts.2)], ["together"; 3], "{}", bench.engine);
            let said = in_folder(&data).unwrap();
            assert_eq!(code(check(db, &data, "d", 2).await), "together");
            assert_eq!(in_folder(&data).unwrap(), said, "the id stays");

            assert_eq!(code(check(db, &other, "d", 2).await), "store_missing");
            assert!(!other.exists(), "nothing is made where the volume should be");
            write(&other, "another centre's").unwrap();
            assert_eq!(code(check(db, &other, "d", 2).await), "store_foreign");
            adopt(db, &other, "e", 3).await.unwrap();
            assert_eq!(code(check(db, &other, "f", 3).await), "together");
            assert_eq!(
                code(check(db, &data, "f", 3).await),
                "store_foreign",
                "and the first is another's now"
            );
            for folder in [data, other] {
                std::fs::remove_dir_all(folder).unwrap();
            }
        }
        // An empty database before a store that is somebody's.
        let bench = crate::testing::sqlite().await.unwrap();
        let data = std::env::temp_dir().join(format!("yigong-pair-{}-empty", std::process::id()));
        write(&data, "somebody's").unwrap();
        assert_eq!(code(check(&bench.ctx.db, &data, "g", 1).await), "store_foreign");
        assert_eq!(
            in_database(&mut bench.ctx.db.read(&Permit::system("t")).await.unwrap()).await.unwrap(),
            None
        );
        std::fs::remove_dir_all(data).unwrap();
    }
}
