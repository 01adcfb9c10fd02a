//! What stops the sweeper before it takes a mistake for damage: a volume that is away, or a database that is not the one of the
//! store. A sample decides; a folder or a few objects are no mistake.

use std::collections::BTreeSet;

use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::layout::FOLDERS;
use yigong_base::{Ctx, args};

use super::super::recompress;
use super::{MANY, sql};

/// Of every so many folders some objects are looked at.
const SAMPLE: usize = 8;
/// Objects of a folder in the sample.
const EACH: usize = 10;

/// Whether most of what lies in other folders than these objects is there. A page of addresses is one folder's, or a few.
pub(super) async fn there_elsewhere(ctx: &Ctx, gone: &[String]) -> Result<bool> {
    let folder = |address: &str| address.get(..2).unwrap_or_default().to_owned();
    let lost: BTreeSet<String> = gone.iter().map(|a| folder(a)).collect();
    let (mut there, mut looked) = (0_usize, 0_usize);
    for number in (0..FOLDERS).step_by(SAMPLE) {
        let before = format!("{number:02x}");
        let next = ctx.db.read(&Permit::system("sweep")).await?.opt(sql::NAMED, args![&before, 1]).await?;
        let Some(row) = next else { continue };
        let address = row.text("address")?;
        if !lost.contains(&folder(&address)) {
            looked += 1;
            let there_now = tokio::fs::try_exists(ctx.blobs.path(&address)?).await;
            there += usize::from(there_now.map_err(|e| Fault::io("look for an object", &e))?);
        }
    }
    Ok(there * 2 > looked)
}

/// Refuses to go on when most of the objects are strangers to the rows: an empty or older database, or another centre's, stands
/// before this store, and what it does not name would be set aside and in the end removed.
///
/// # Errors
/// `Storage`: nothing was set aside; the job is tried again.
pub(super) async fn belongs(ctx: &Ctx) -> Result<()> {
    let (permit, young) = (Permit::system("sweep"), super::young(ctx).await?);
    let (mut strange, mut looked) = (0_usize, 0_usize);
    for number in (0..FOLDERS).step_by(SAMPLE) {
        for address in ctx.blobs.disk().folder(number).await?.into_iter().take(EACH) {
            if ctx.blobs.disk().written_at(&address).await?.is_none_or(|at| at > young) {
                // Its row may be on its way.
                continue;
            }
            looked += 1;
            let mut conn = ctx.db.read(&permit).await?;
            let known = conn.opt(sql::IS_NAMED, args![&address]).await?.is_some()
                || conn.opt(sql::IS_ERASED, args![&address]).await?.is_some()
                || conn.opt(recompress::sql::IS_ORIGINAL, args![&address]).await?.is_some();
            strange += usize::from(!known);
        }
    }
    if strange >= MANY && strange * 2 > looked {
        return Err(Fault::storage(format!(
            "{strange} of {looked} objects are named by no row: is this the database of this store? Nothing was set aside"
        )));
    }
    Ok(())
}
