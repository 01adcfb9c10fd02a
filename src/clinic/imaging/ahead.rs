//! Reading ahead: the system fetches from the disk what is about to be read, while nobody waits for it (decision 0078).

use std::fs::File;
use std::num::NonZeroU64;

use rustix::fs::{Advice, fadvise};
use tokio::task::spawn_blocking;
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::{Ctx, args};

use super::preview::sql;

/// So much of an object is fetched when it is opened, bytes; what lies behind is fetched as reading goes on.
const FIRST: u64 = 4 << 20;
/// So much of a study is fetched when it has become work, bytes.
const STUDY: u64 = 1 << 30;

/// Asks for the beginning of a file that is about to be read.
pub(super) fn fetch(file: &File, length: u64) {
    // A file system that takes no advice reads when it is asked to.
    let _ = fadvise(file, 0, NonZeroU64::new(length.min(FIRST)), Advice::WillNeed);
}

/// Asks for the images of a study: received objects went to the disk past the memory of the system (decision 0077), and now
/// somebody will look at them.
///
/// # Errors
/// Storage faults of the database. A file that is not there is for the sweeper.
pub(super) async fn study(ctx: &Ctx, permit: &Permit, study: &str) -> Result<()> {
    let rows = ctx.db.read(permit).await?.all(sql::OBJECTS, args![study]).await?;
    let (mut paths, mut bytes) = (Vec::new(), 0);
    for row in rows {
        bytes += u64::try_from(row.int("size_bytes")?).unwrap_or(0);
        if bytes > STUDY {
            break;
        }
        paths.push(ctx.blobs.path(&row.text("object_hash")?).await?);
    }
    let asked = spawn_blocking(move || {
        for file in paths.into_iter().filter_map(|path| File::open(path).ok()) {
            let _ = fadvise(&file, 0, None, Advice::WillNeed);
        }
    });
    asked.await.map_err(|_| Fault::internal("reading ahead stopped"))
}
