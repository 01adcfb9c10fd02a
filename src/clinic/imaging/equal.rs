//! An object that is here already.

use serde_json::json;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::{Row, Tx};
use yigong_base::{args, audit};

use super::enter::{New, Step};
use super::receive::Outcome;
use super::recompress::{self, Original};
use super::{scrub, sql};

impl New<'_> {
    /// Whether a stored object was this one before it was recompressed.
    pub(super) fn was(&self, row: &Row) -> Result<bool> {
        Ok(Original::of(row)?.is_some_and(|o| self.pixels.was(self.object, &o)))
    }

    /// Whether a stored object showed the picture of this one before it was recompressed.
    pub(super) fn shows(&self, row: &Row) -> Result<bool> {
        Ok(Original::of(row)?.is_some_and(|o| self.pixels.shows(self.object, &o)))
    }

    /// Whether a stored object is not on the disk.
    async fn is_gone(&self, object: &str) -> Result<bool> {
        let there = tokio::fs::try_exists(self.ctx.blobs.path(object)?).await;
        Ok(!there.map_err(|e| Fault::io("look for an object", &e))?)
    }

    /// An equal object. Where the retention policy had given up its bytes they are here again, and a person decides.
    ///
    /// The row takes the new address when its own file may not be the one that has just been kept: its bytes were given up,
    /// or it goes by the name of an earlier build (decision 0057), or was recompressed, where a damaged file would stay damaged.
    pub(super) async fn same(&self, tx: &mut Tx, row: &Row) -> Result<Step> {
        let (id, study, object) = (row.text("id")?, row.text("study")?, row.text("object_hash")?);
        let erased = row.opt_int("erased_at")?.is_some();
        let mended = self.was(row)?
            && (tx.opt(scrub::sql::IS_DAMAGED, args![&object]).await?.is_some()
                || self.is_gone(&object).await?);
        if erased || mended || self.pixels.is_older_name(self.object, &object) {
            let size = i64::try_from(self.size).unwrap_or(i64::MAX);
            let frames = self.header().frames.to_bytes();
            tx.exec(recompress::sql::FORGET, args![&id]).await?;
            tx.exec(
                sql::HERE_AGAIN,
                args![&id, self.object, self.dataset(), size, frames, &self.header().transfer_syntax],
            )
            .await?;
        }
        let reason = if erased {
            let detail = json!({"study": study, "instance_uid": self.header().sop_instance});
            self.quarantine(tx, "defect", "came-after-erasure", "instance", &id, detail.clone()).await?;
            audit::append(tx, self.ctx, self.permit, "instance.revive", "instance", &id, &detail);
            "came-after-erasure"
        } else {
            ""
        };
        Ok(Step::Done(self.received(id, Outcome::Same, reason), study))
    }
}
