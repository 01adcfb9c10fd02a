//! An object to send: what its head says, and its data set in pieces.

use tokio::io::AsyncReadExt;
use yigong_base::storage::spool::Spooled;
use yigong_clinic::imaging::egress::Outgoing;
use yigong_formats::dicom::{Defects, SliceSource, head, uid};

use super::Object;

/// Bytes of a stored object read at once.
const CHUNK: usize = 256 * 1024;

/// What negotiation and the request need.
pub(in crate::dimse) struct Head {
    pub(in crate::dimse) sop_class: String,
    pub(in crate::dimse) sop_instance: String,
    pub(in crate::dimse) transfer_syntax: String,
}

/// Who the object is; one without class or instance cannot be sent.
pub(super) fn head(object: &Object) -> Result<Head, String> {
    let mut defects = Defects::default();
    let (class, instance, transfer_syntax) = match object {
        Object::Bytes(bytes) => {
            let found = head::read(&mut SliceSource(bytes), None, &mut defects).map_err(|e| e.to_string())?;
            (found.class, found.instance, found.transfer_syntax)
        }
        Object::Stored(i) => {
            (i.sop_class.clone().into_bytes(), i.uid.clone().into_bytes(), i.transfer_syntax.clone())
        }
    };
    Ok(Head {
        sop_class: uid::check(&class, "sop class", &mut defects).map_err(|e| e.to_string())?,
        sop_instance: uid::check(&instance, "sop instance", &mut defects).map_err(|e| e.to_string())?,
        transfer_syntax,
    })
}

/// The data set in pieces.
pub(in crate::dimse) enum Reader {
    /// In memory, from byte `at` on.
    Bytes { bytes: Vec<u8>, at: usize },
    /// As it is stored, with its corrections.
    Stored { object: Box<Outgoing>, left: u64, chunk: Vec<u8>, at: usize },
    /// Written anew; the spool file is gone with this.
    Spooled { file: tokio::fs::File, left: u64, chunk: Vec<u8>, _kept: Spooled },
}

impl Reader {
    /// Of a Part-10 file in memory.
    pub(super) fn of(bytes: &[u8]) -> Result<Self, String> {
        let found = head::read(&mut SliceSource(bytes), None, &mut Defects::default());
        let from = usize::try_from(found.map_err(|e| e.to_string())?.dataset).map_err(|e| e.to_string())?;
        Ok(Self::Bytes { bytes: bytes.get(from..).unwrap_or_default().to_vec(), at: 0 })
    }

    /// Of an object that goes out as it is stored.
    pub(in crate::dimse) fn stored(mut object: Outgoing) -> Self {
        let left = object.skip_head();
        Self::Stored { object: Box::new(object), left, chunk: Vec::new(), at: 0 }
    }

    /// Of a data set alone that was spooled to a file.
    pub(in crate::dimse) fn spooled(file: tokio::fs::File, kept: Spooled) -> Self {
        Self::Spooled { file, left: kept.len, chunk: Vec::new(), _kept: kept }
    }

    /// The next piece of at most `size` bytes, and whether it is the last.
    pub(in crate::dimse) async fn next(&mut self, size: usize) -> Result<(&[u8], bool), String> {
        match self {
            Self::Bytes { bytes, at } => {
                let rest = bytes.get(*at..).unwrap_or_default();
                let take = size.min(rest.len());
                *at += take;
                Ok((rest.get(..take).unwrap_or_default(), take == rest.len()))
            }
            Self::Stored { object, left, chunk, at } => {
                if *at >= chunk.len() && *left > 0 {
                    // Whole fragments, so that every one but the last is full.
                    let most = size.max(CHUNK - CHUNK % size.max(1));
                    let read = object.next(most).await.map_err(|e| format!("read the data set: {e}"))?;
                    *chunk = read.ok_or_else(|| "the data set ends early".to_owned())?;
                    *at = 0;
                }
                let rest = chunk.get(*at..).unwrap_or_default();
                let take = size.min(rest.len());
                *at += take;
                *left = left.saturating_sub(take as u64);
                Ok((rest.get(..take).unwrap_or_default(), *left == 0))
            }
            Self::Spooled { file, left, chunk, .. } => {
                let take = usize::try_from((*left).min(size as u64)).unwrap_or(size);
                chunk.resize(take, 0);
                file.read_exact(chunk).await.map_err(|e| format!("read the data set: {e}"))?;
                *left -= take as u64;
                Ok((chunk.as_slice(), *left == 0))
            }
        }
    }
}
