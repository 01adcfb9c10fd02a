//! Frames and objects in another transfer syntax, on the way out (specification §6, §8): what is stored stays as it is.
//!
//! An object goes out in a syntax that loses nothing; JPEG baseline is written for single frames only, because what was lost
//! would stand under the identity of the original.

mod header;
mod object;

#[cfg(test)]
mod tests;

use yigong_base::codec::{Coding, Output, Pool, Request, Shape, supported};
use yigong_base::fault::{Fault, Result};
use yigong_formats::dicom::frames::Frames;
use yigong_formats::dicom::uid;

use super::open::Opened;
use super::retrieve::Stored;
use crate::Centre;

pub use object::Transcoded;

/// Bytes of an object that is converted for a peer at most, as it is stored and as it is decoded: the peer waits meanwhile.
pub const LARGEST: u64 = 512 << 20;

/// Syntaxes that this server writes, the one every receiver knows first.
pub const WRITTEN: [&str; 5] =
    [uid::EXPLICIT_LE, uid::IMPLICIT_LE, uid::JPEG_LS, uid::RLE, uid::JPEG_BASELINE];

/// True when an object stored in `from` can be sent in `to`: the same, or a written syntax that loses nothing, from one that is
/// decoded. Whether its own frames can be decoded shows when it is done.
#[must_use]
pub fn reaches(from: &str, to: &str) -> bool {
    from == to || (supported(from) && to != uid::JPEG_BASELINE && WRITTEN.contains(&to))
}

/// Frame `n` (from 1) of a stored instance in transfer syntax `to`, which may be the stored one, a native one or a written one.
///
/// # Errors
/// `NotFound` for a wrong number; `Invalid` with the codec's slug when the frame cannot be decoded or written that way.
pub async fn frame(centre: &Centre, stored: &Stored, n: usize, to: &str) -> Result<Vec<u8>> {
    let opened = Opened::outgoing(&centre.ctx, stored).await?;
    let n = n.checked_sub(1).ok_or_else(|| Fault::not_found("frame"))?;
    frame_of(&centre.codec, &opened, n, to).await
}

/// The whole object in transfer syntax `to`, read piece by piece.
///
/// # Errors
/// `Invalid` when this object cannot be sent that way; storage faults.
pub async fn object(centre: &Centre, stored: &Stored, to: &str) -> Result<Transcoded> {
    let opened = Opened::outgoing(&centre.ctx, stored).await?;
    Transcoded::begin(centre.codec.clone(), opened, to).await
}

/// The same of an opened object; `n` from 0.
///
/// # Errors
/// As [`frame`].
pub async fn frame_of(codec: &Pool, opened: &Opened, n: usize, to: &str) -> Result<Vec<u8>> {
    let bytes = opened.frame(n).await?;
    let as_stored = to == opened.syntax() && matches!(opened.frames, Frames::Encapsulated(_));
    if as_stored || (is_little(to) && is_little(opened.syntax())) {
        return Ok(bytes.into_bytes());
    }
    work(codec, opened, &bytes, output(&opened.shape(), to)?).await
}

/// The samples of frame `n` (from 0) as `Shape::decoded` describes them: native 4:2:2 is spread out, too.
///
/// # Errors
/// As [`frame`].
pub async fn samples_of(codec: &Pool, opened: &Opened, n: usize) -> Result<Vec<u8>> {
    let bytes = opened.frame(n).await?;
    work(codec, opened, &bytes, Output::Raw).await
}

async fn work(codec: &Pool, opened: &Opened, bytes: &[u8], output: Output) -> Result<Vec<u8>> {
    let request = Request {
        transfer_syntax: opened.syntax().to_owned(),
        shape: opened.shape(),
        display: Default::default(),
        outputs: vec![output],
    };
    let parts = codec.decode(&request, bytes).await?;
    parts.into_iter().next().ok_or_else(|| Fault::internal("the codec worker answered nothing"))
}

fn is_little(syntax: &str) -> bool {
    matches!(syntax, uid::EXPLICIT_LE | uid::IMPLICIT_LE | uid::DEFLATED_LE)
}

/// What the worker has to make.
fn output(shape: &Shape, to: &str) -> Result<Output> {
    if is_little(to) && to != uid::DEFLATED_LE {
        return Ok(Output::Raw);
    }
    match Coding::of(to) {
        Some(coding) if coding.takes(shape) => Ok(Output::Coded(coding)),
        Some(_) => Err(Fault::invalid("codec-unsupported", format!("{to} cannot carry this image"))),
        None => Err(Fault::invalid("codec-unsupported", format!("{to} is not written here"))),
    }
}
