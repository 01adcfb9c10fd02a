//! Stored instances on their way to a peer: each looked at again when its turn comes, with its corrections, in a transfer
//! syntax that the peer takes (specification §6, §7.4). C-GET, C-MOVE and the outbox send through here.

use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::spool::Content;
use yigong_clinic::Centre;
use yigong_clinic::imaging::egress;
use yigong_clinic::imaging::leaving;
use yigong_clinic::imaging::open::Opened;
use yigong_clinic::imaging::retrieve::Stored;
use yigong_clinic::imaging::transcode::{self, Transcoded};

use super::scu::object::Reader;
use super::scu::{Instance, NOT_SENT, NOT_YET, Sent};

/// For whom instances leave.
pub(super) struct Leaving<'a> {
    pub(super) centre: &'a Centre,
    /// Of the one who gets them.
    pub(super) permit: Permit,
}

impl Leaving<'_> {
    /// The instance as it may leave now.
    ///
    /// # Errors
    /// Why it stays here; storage faults.
    pub(super) async fn find(&self, id: &str) -> Result<Stored> {
        leaving::instance(&self.centre.ctx, &self.permit, id).await
    }

    /// The data set in `syntax`: in the stored one byte for byte but for its corrections.
    ///
    /// # Errors
    /// `Invalid` when it cannot go out in that syntax or a correction cannot be written into it; storage faults.
    pub(super) async fn open(&self, stored: &Stored, syntax: &str) -> Result<Reader> {
        if syntax == stored.transfer_syntax {
            return Ok(Reader::stored(egress::open(&self.centre.ctx, stored).await?));
        }
        self.convert(stored, syntax).await
    }

    /// Converted whole before its message begins, so that a frame which cannot be decoded fails this object and not the
    /// association; on disk, so that its size costs no memory.
    async fn convert(&self, stored: &Stored, syntax: &str) -> Result<Reader> {
        let ctx = &self.centre.ctx;
        if !transcode::reaches(&stored.transfer_syntax, syntax) {
            let detail = format!("{} cannot be made from {}", syntax, stored.transfer_syntax);
            return Err(Fault::invalid("transfer-syntax", detail));
        }
        small("stored", u64::try_from(stored.size).unwrap_or(u64::MAX))?;
        let opened = Opened::outgoing(ctx, stored).await?;
        small("decoded", opened.decoded())?;
        let mut object = Transcoded::begin(self.centre.codec.clone(), opened, syntax).await?;
        let mut spool = ctx.blobs.scratch()?;
        // The first part is the head, which is not sent.
        object.next().await?;
        while let Some(part) = object.next().await? {
            spool.write(&part).await?;
        }
        let spooled = spool.finish().await?;
        let path = match spooled.content() {
            Content::Memory(bytes) => return Ok(Reader::Bytes { bytes: bytes.to_vec(), at: 0 }),
            Content::File(path) => path.to_owned(),
        };
        let io = |e: std::io::Error| Fault::io("read converted object", &e);
        Ok(Reader::spooled(tokio::fs::File::open(path).await.map_err(io)?, spooled))
    }
}

/// Refuses what is too large to be converted while a peer waits.
fn small(what: &str, bytes: u64) -> Result<()> {
    if bytes <= transcode::LARGEST {
        return Ok(());
    }
    let (has, most) = (bytes >> 20, transcode::LARGEST >> 20);
    Err(Fault::invalid("size", format!("{what} it has {has} MiB, above {most} it is not converted")))
}

/// What a sender notes of an instance that stays here: for good, or because this side could not read it now.
pub(super) fn unsent(fault: &Fault) -> Sent {
    let for_good = matches!(fault, Fault::NotFound { .. } | Fault::Conflict { .. } | Fault::Invalid { .. });
    Sent { status: if for_good { NOT_SENT } else { NOT_YET }, comment: fault.to_string() }
}

/// The instance as the calling side lists it.
pub(super) fn listed(stored: &Stored) -> Instance {
    Instance {
        id: stored.id.clone(),
        uid: stored.uid.clone(),
        sop_class: stored.sop_class.clone(),
        transfer_syntax: stored.transfer_syntax.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_says_how_large() {
        assert!(small("decoded", transcode::LARGEST).is_ok());
        let told = small("decoded", 3 << 30).unwrap_err().to_string();
        assert_eq!(told, "size: decoded it has 3072 MiB, above 512 it is not converted");
        assert!(told.len() <= 64, "it fits an Error Comment");
    }

    #[test]
    fn a_fault_of_ours_is_tried_again() {
        assert_eq!(unsent(&Fault::conflict("damaged", "x")).status, NOT_SENT);
        assert_eq!(unsent(&Fault::storage("x")).status, NOT_YET);
        assert_eq!(unsent(&Fault::Busy { detail: "x".into() }).status, NOT_YET);
    }
}
