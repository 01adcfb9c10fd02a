//! Receiving one object: scan, keep, one transaction, and only then an answer (specification §7.1).

use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::site::peer::Peer;
use yigong_base::storage::spool::Spooled;
use yigong_base::{Ctx, args};

use super::check::{Checked, check_for, meta_names};
use super::enter::{New, Step};
use super::pixels::Pixels;
use super::scrub;
use crate::Centre;

/// Source of a recording that a person or program hands in and waits for.
pub const UPLOAD: &str = "upload";

/// A spooled Part-10 file and where it came from.
pub struct Arrival {
    /// Who sent it; the facility comes from here.
    pub peer: Peer,
    /// The bytes, hashed and closed.
    pub spooled: Spooled,
    /// SOP Class UID of the command, when there was one.
    pub sop_class: Option<String>,
    /// SOP Instance UID of the command, when there was one.
    pub sop_instance: Option<String>,
    /// Study Instance UID of the address it was posted to, when there was one.
    pub study: Option<String>,
    /// Who acts when it is not the peer itself: the person or token of a web request.
    pub by: Option<Permit>,
    /// `dimse`, `stow`, `import`.
    pub source: &'static str,
}

/// What became of it. Every outcome is a success for the sender (specification §7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A new instance.
    New,
    /// Already here with equal data: nothing changed.
    Same,
    /// Same UID, other bytes: kept beside the first one, which stays current.
    Version,
    /// Kept, held for a person.
    Quarantined,
}

/// The receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Instance row, or the blob address when the object is held outside the index.
    pub instance: String,
    /// Outcome.
    pub outcome: Outcome,
    /// Slug of the quarantine reason, else empty.
    pub reason: &'static str,
    /// Slug of what is wrong with an object that was taken all the same, else empty.
    pub defect: &'static str,
}

/// The UIDs an object goes by, as far as they could be read; each is a legal UID.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// (0020,000D), empty when the header was refused.
    pub study: String,
    /// (0020,000E), empty when the header was refused.
    pub series: String,
    /// (0008,0016).
    pub sop_class: String,
    /// (0008,0018).
    pub sop_instance: String,
}

/// Receives. When this returns `Ok`, bytes and rows are durable.
///
/// # Errors
/// `Invalid { what: "sop-mismatch" | "study-mismatch" }`: command or address and data set disagree (A900). `Invalid` with another slug: refused by the
/// scanner (C000). Everything else: nothing was stored, the sender may retry (A700).
pub async fn receive(centre: &Centre, arrival: Arrival) -> Result<Received> {
    receive_with(&centre.ctx, arrival).await
}

/// The same with the platform only: receiving needs neither fonts nor codecs.
///
/// # Errors
/// As [`receive`].
pub async fn receive_with(ctx: &Ctx, arrival: Arrival) -> Result<Received> {
    receive_named(ctx, arrival).await.1
}

/// The same, and the UIDs of the object whatever became of it: STOW-RS answers with them.
pub async fn receive_named(ctx: &Ctx, arrival: Arrival) -> (Names, Result<Received>) {
    match check_for(&arrival.spooled, arrival.peer.policy_text("charset")).await {
        Ok(checked) => {
            let h = &checked.header;
            let names = Names {
                study: h.study.clone(),
                series: h.series.clone(),
                sop_class: h.sop_class.clone(),
                sop_instance: h.sop_instance.clone(),
            };
            (names, keep(ctx, arrival, checked).await)
        }
        Err(fault) => (meta_names(&arrival.spooled).await, Err(fault)),
    }
}

async fn keep(ctx: &Ctx, arrival: Arrival, checked: Checked) -> Result<Received> {
    let Arrival { peer, spooled, sop_class, sop_instance, study, by, source } = arrival;
    let h = &checked.header;
    if study.is_some_and(|s| s != h.study) {
        return Err(Fault::invalid("study-mismatch", "the object belongs to another study than the address"));
    }
    if sop_class.is_some_and(|c| c != h.sop_class) || sop_instance.is_some_and(|i| i != h.sop_instance) {
        return Err(Fault::invalid("sop-mismatch", "command and data set name different objects"));
    }
    let size = spooled.len;
    let object = ctx.blobs.keep(spooled).await?;
    let permit = by.unwrap_or_else(|| peer.permit());
    let (receipt, study, marked) = enter(ctx, &permit, &peer, &checked, &object, size, source).await?;
    if marked && let Err(fault) = scrub::mend::came_again(ctx, &permit, &object).await {
        // The object is received all the same; the sweeper looks again.
        tracing::warn!(object, %fault, "object.mended not yet");
    }
    if receipt.outcome != Outcome::Same {
        ctx.live.changed("imaging", &study, &peer.facility);
    }
    Ok(receipt)
}

/// Commits the rows; answers the receipt, the study, and whether the object was marked as damaged.
async fn enter(
    ctx: &Ctx,
    permit: &Permit,
    peer: &Peer,
    checked: &Checked,
    object: &str,
    size: u64,
    source: &'static str,
) -> Result<(Received, String, bool)> {
    let mut pixels = Pixels::default();
    // Two associations may bring the first image of a study at the same moment: the loser of that race looks again.
    let mut tries = 0;
    loop {
        let new = New { ctx, permit, peer, checked, object, size, source, pixels: &pixels };
        let mut tx = ctx.db.begin(permit).await?;
        match new.store(&mut tx).await {
            Ok(Step::Compare(objects)) => {
                // Reading files has no place inside a unit.
                drop(tx);
                pixels = Pixels::read(ctx, objects).await?;
            }
            Ok(Step::Done(receipt, study)) => {
                // Also for an equal object: the row it was compared with may belong to a unit whose commit is pending,
                // and no yes is said before that is on disk.
                let marked = tx.opt(scrub::sql::IS_DAMAGED, args![object]).await?.is_some();
                tx.commit().await?;
                return Ok((receipt, study, marked));
            }
            Err(Fault::Conflict { .. } | Fault::Busy { .. }) if tries < 2 => tries += 1,
            Err(fault) => return Err(fault),
        }
    }
}
