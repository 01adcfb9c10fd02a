//! Messages between server and worker: `u32` header length, JSON header, `u64` body length, body; all little-endian.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use super::{CodecError, Request};

/// First bytes a worker sends: name and version of this protocol.
pub(super) const GREETING: &[u8; 8] = b"YGCODEC1";
/// Largest header, bytes; tables of 65,536 entries and overlays of large images fit.
const MAX_HEADER: u32 = 64 << 20;
/// Largest body, bytes.
pub(super) const MAX_BODY: u64 = 512 << 20;

/// Header of an answer; the parts follow each other in the body.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// Lengths of the outputs in the order asked for.
    Done(Vec<u64>),
    /// Nothing was made.
    Failed(CodecError),
}

/// Encodes the part before the body.
pub(super) fn head<T: Serialize>(header: &T, body_length: u64) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(header)?;
    let length =
        u32::try_from(json.len()).ok().filter(|l| *l <= MAX_HEADER).ok_or(io::ErrorKind::InvalidInput)?;
    let mut out = Vec::with_capacity(json.len() + 12);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&json);
    out.extend_from_slice(&body_length.to_le_bytes());
    Ok(out)
}

/// Length of the header as announced, if within limits.
pub(super) fn header_length(bytes: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_le_bytes(bytes);
    if length > MAX_HEADER {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(length as usize)
}

/// Length of the body as announced, if within limits.
pub(super) fn body_length(bytes: [u8; 8]) -> io::Result<usize> {
    let length = u64::from_le_bytes(bytes);
    if length > MAX_BODY {
        return Err(io::ErrorKind::InvalidData.into());
    }
    usize::try_from(length).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Reads one request and the length of the body behind it, bytes; `None` at the end of the stream.
pub(super) fn read_request(input: &mut dyn Read) -> io::Result<Option<(Request, u64)>> {
    let mut four = [0; 4];
    match input.read_exact(&mut four) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let mut json = vec![0; header_length(four)?];
    input.read_exact(&mut json)?;
    let mut eight = [0; 8];
    input.read_exact(&mut eight)?;
    Ok(Some((serde_json::from_slice(&json)?, body_length(eight)? as u64)))
}

/// Reads the rest of a body.
pub(super) fn read_body<R: Read>(body: &mut io::Take<R>) -> io::Result<Vec<u8>> {
    let length = usize::try_from(body.limit()).map_err(|_| io::ErrorKind::InvalidData)?;
    // Not zeroed first: every byte of it is read.
    let mut bytes = Vec::with_capacity(length);
    body.read_to_end(&mut bytes)?;
    if bytes.len() == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Writes one answer.
pub(super) fn write_answer(output: &mut dyn Write, answer: &Answer, parts: &[Vec<u8>]) -> io::Result<()> {
    output.write_all(&head(answer, parts.iter().map(|p| p.len() as u64).sum())?)?;
    for part in parts {
        output.write_all(part)?;
    }
    output.flush()
}
