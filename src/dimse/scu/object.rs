//! An object to send: what its head says, and its data set in pieces.

use std::io::Seek;

use tokio::io::{AsyncReadExt, AsyncSeekExt};
use yigong_formats::dicom::{Defects, FileSource, SliceSource, Source, head, uid};

use super::Object;

/// What negotiation and the request need.
pub(in crate::dimse) struct Head {
    pub(in crate::dimse) sop_class: String,
    pub(in crate::dimse) sop_instance: String,
    pub(in crate::dimse) transfer_syntax: String,
    /// First byte of the data set.
    pub(in crate::dimse) dataset: u64,
}

/// Reads the meta group; an object without class or instance in it cannot be sent.
pub(in crate::dimse) async fn head(object: &Object) -> Result<Head, String> {
    match object {
        Object::Bytes(bytes) => of(&mut SliceSource(bytes)),
        Object::Path(path) => {
            let path = path.clone();
            let read = tokio::task::spawn_blocking(move || {
                let mut file =
                    std::fs::File::open(&path).map_err(|e| format!("open {}: {e}", path.display()))?;
                let length = file
                    .seek(std::io::SeekFrom::End(0))
                    .map_err(|e| format!("measure {}: {e}", path.display()))?;
                of(&mut FileSource::new(file, length))
            });
            read.await.map_err(|_| "reading the head stopped".to_owned())?
        }
    }
}

fn of<S: Source>(source: &mut S) -> Result<Head, String> {
    let mut defects = Defects::default();
    let found = head::read(source, None, &mut defects).map_err(|e| e.to_string())?;
    Ok(Head {
        sop_class: uid::check(&found.class, "sop class", &mut defects).map_err(|e| e.to_string())?,
        sop_instance: uid::check(&found.instance, "sop instance", &mut defects).map_err(|e| e.to_string())?,
        transfer_syntax: found.transfer_syntax,
        dataset: found.dataset,
    })
}

/// The data set in pieces.
pub(in crate::dimse) enum Reader<'a> {
    Bytes(&'a [u8]),
    File { file: tokio::fs::File, left: u64, buffer: Vec<u8> },
}

impl<'a> Reader<'a> {
    pub(in crate::dimse) async fn open(object: &'a Object, dataset: u64) -> Result<Self, String> {
        match object {
            Object::Bytes(bytes) => {
                let from = usize::try_from(dataset).map_err(|e| e.to_string())?;
                Ok(Self::Bytes(bytes.get(from..).unwrap_or_default()))
            }
            Object::Path(path) => {
                let failed = |e: std::io::Error| format!("open {}: {e}", path.display());
                let mut file = tokio::fs::File::open(path).await.map_err(failed)?;
                let length = file.metadata().await.map_err(failed)?.len();
                file.seek(std::io::SeekFrom::Start(dataset)).await.map_err(failed)?;
                Ok(Self::File { file, left: length.saturating_sub(dataset), buffer: Vec::new() })
            }
        }
    }

    /// The next piece of at most `size` bytes, and whether it is the last.
    pub(in crate::dimse) async fn next(&mut self, size: usize) -> Result<(&[u8], bool), String> {
        match self {
            Self::Bytes(rest) => {
                let (piece, tail) = rest.split_at(size.min(rest.len()));
                *rest = tail;
                Ok((piece, tail.is_empty()))
            }
            Self::File { file, left, buffer } => {
                let take = usize::try_from((*left).min(size as u64)).unwrap_or(size);
                buffer.resize(take, 0);
                file.read_exact(buffer).await.map_err(|e| format!("read the data set: {e}"))?;
                *left -= take as u64;
                Ok((buffer.as_slice(), *left == 0))
            }
        }
    }
}
