//! One stored frame: where its bytes are, and what the codec workers make of it. Pages, previews and DICOMweb use the same.

use serde_json::Value;
use yigong_base::codec::Output;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::Row;
use yigong_base::storage::blob::Blobs;
use yigong_formats::dicom::frames::Frames;

use super::stack::request;
use crate::Centre;

/// Largest stored frame read into memory, bytes.
const MAX_STORED: u64 = 256 << 20;

/// A frame of an instance.
#[derive(Debug, Clone)]
pub struct StoredFrame {
    /// Address of the stored object.
    pub object_sha256: String,
    /// Transfer syntax as stored.
    pub transfer_syntax: String,
    /// Stack document of the instance.
    pub stack: Value,
    /// Frame index as kept in the instance row.
    pub frame_index: Vec<u8>,
    /// Frame number from 1.
    pub number: usize,
}

impl StoredFrame {
    /// From an instance row with the columns `object_sha256 transfer_syntax stack frame_index`.
    ///
    /// # Errors
    /// A column is missing or damaged.
    pub fn of(row: &Row, number: usize) -> Result<Self> {
        Ok(Self {
            object_sha256: row.text("object_sha256")?,
            transfer_syntax: row.text("transfer_syntax")?,
            stack: row.json("stack")?,
            frame_index: row.opt_bytes("frame_index")?.unwrap_or_default(),
            number,
        })
    }

    /// The bytes of the frame as stored: a native frame, or its codestream with the fragments joined.
    ///
    /// # Errors
    /// `NotFound` for a frame number that is not there; `Invalid` for a deflated object; storage faults.
    pub async fn bytes(&self, blobs: &Blobs) -> Result<Vec<u8>> {
        let frames = Frames::from_bytes(&self.frame_index);
        if matches!(frames, Frames::Native { deflated: true, .. }) {
            return Err(Fault::invalid("frame", "frames of a deflated object are not read one by one"));
        }
        let ranges = self.number.checked_sub(1).and_then(|n| frames.ranges(n));
        let ranges = ranges.ok_or_else(|| Fault::not_found("frame"))?;
        let total: u64 = ranges.iter().map(|(_, length)| *length).fold(0, u64::saturating_add);
        if total > MAX_STORED {
            return Err(Fault::invalid("frame", format!("{total} bytes")));
        }
        let mut bytes = Vec::new();
        for (offset, length) in ranges {
            let length = usize::try_from(length).map_err(|_| Fault::invalid("frame", "length"))?;
            bytes.append(&mut blobs.read_range(&self.object_sha256, offset, length).await?);
        }
        Ok(bytes)
    }

    /// Has a codec worker make `outputs` of the frame.
    ///
    /// # Errors
    /// As [`Self::bytes`]; `Invalid { what: "frame" | "stack" }` when it cannot be decoded; `Internal` without a worker.
    pub async fn decode(&self, centre: &Centre, outputs: Vec<Output>) -> Result<Vec<Vec<u8>>> {
        let request = request(&self.stack, self.effective_syntax(), outputs)?;
        let bytes = self.bytes(&centre.ctx.blobs).await?;
        Ok(centre.codec.decode(&request, &bytes).await?)
    }

    /// What the frame really is: an object that names a codestream but holds native pixels is read as native.
    fn effective_syntax(&self) -> &str {
        match Frames::from_bytes(&self.frame_index) {
            Frames::Native { big: true, .. } => "1.2.840.10008.1.2.2",
            Frames::Native { .. } => "1.2.840.10008.1.2.1",
            Frames::Encapsulated(_) | Frames::None => &self.transfer_syntax,
        }
    }
}
