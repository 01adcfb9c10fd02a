//! Reading ahead: the system fetches from the disk what is about to be read, while nobody waits for it (decision 0078).

use std::fs::File;
use std::num::NonZeroU64;
use std::path::PathBuf;

use rustix::fs::{Advice, fadvise};
use tokio::task::spawn_blocking;
use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::{Ctx, args};

use super::preview::sql;

/// Asked for at once: the system fetches no more than this for one piece of advice.
const STEP: u64 = 128 << 10;
/// So much of an object is fetched when it is opened, bytes; further on the system sees that reading goes on.
const FIRST: u64 = 1 << 20;
/// So much of a study is fetched when it has become work, bytes.
const STUDY: u64 = 1 << 30;

/// Asks for the beginning of a file that is about to be read.
pub(super) fn fetch(file: &File, length: u64) {
    ask(file, length.min(FIRST));
}

fn ask(file: &File, end: u64) {
    let mut from = 0;
    while from < end {
        // A file system that takes no advice reads when it is asked to.
        if fadvise(file, from, NonZeroU64::new(STEP.min(end - from)), Advice::WillNeed).is_err() {
            return;
        }
        from += STEP;
    }
}

/// Begins to fetch the images of a study: received objects went to the disk past the memory of the system (decision 0077), and
/// now somebody will look at them.
pub(super) async fn study(ctx: &Ctx, permit: &Permit, study: &str) {
    match objects(ctx, permit, study).await {
        Ok(paths) => drop(spawn_blocking(move || fetch_all(&paths))),
        // Who looks at it then waits for the disk.
        Err(fault) => tracing::warn!(study, %fault, "preview.ahead"),
    }
}

async fn objects(ctx: &Ctx, permit: &Permit, study: &str) -> Result<Vec<PathBuf>> {
    let rows = ctx.db.read(permit).await?.all(sql::OBJECTS, args![study]).await?;
    let (mut paths, mut bytes) = (Vec::new(), 0);
    for row in rows {
        bytes += u64::try_from(row.int("size_bytes")?).unwrap_or(0);
        if bytes > STUDY {
            break;
        }
        paths.push(ctx.blobs.path(&row.text("object_hash")?)?);
    }
    Ok(paths)
}

/// A file that is not there is for the sweeper.
fn fetch_all(paths: &[PathBuf]) {
    for file in paths.iter().filter_map(|path| File::open(path).ok()) {
        ask(&file, file.metadata().map_or(0, |meta| meta.len()));
    }
}
