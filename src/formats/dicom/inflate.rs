//! Deflated Explicit VR Little Endian (PS3.5 §A.5) through a counting reader.

use super::{Refusal, Source};
use flate2::{Decompress, FlushDecompress, Status};

/// What of a deflated data set is kept for the index; the rest is only counted.
const KEEP: usize = 16 << 20;

/// The first bytes of the inflated data set, its whole length counted within the limits.
#[derive(Debug, Clone, Default)]
pub struct Inflated {
    /// The leading bytes (at most 16 MiB, or all when asked).
    pub bytes: Vec<u8>,
    /// Length of the whole.
    pub total: u64,
    /// The stream ended early or was damaged.
    pub truncated: bool,
}

/// Inflates from `offset`. At most max(64 MiB, 20 × input) and never above 512 MiB are produced.
/// The stream is raw (PS3.5 §A.5); one in a zlib envelope, as some senders write it, is read too.
///
/// # Errors
/// `inflate-limit`.
pub fn inflate<S: Source>(source: &mut S, offset: u64, keep_all: bool) -> Result<Inflated, Refusal> {
    let keep = if keep_all { usize::MAX } else { KEEP };
    let mut bytes = Vec::new();
    let (total, truncated) = inflate_to(source, offset, &mut |part| {
        let room = keep.saturating_sub(bytes.len()).min(part.len());
        bytes.extend_from_slice(part.get(..room).unwrap_or_default());
        true
    })?;
    Ok(Inflated { bytes, total, truncated })
}

/// The same, each part given away as it comes; `give` ends it with `false`. Answers the length of the whole, and whether the
/// stream ended early or was damaged.
///
/// # Errors
/// As [`inflate`].
pub fn inflate_to<S: Source>(
    source: &mut S,
    offset: u64,
    give: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<(u64, bool), Refusal> {
    match run(source, offset, give, Decompress::new(false))? {
        (0, true) => run(source, offset, give, Decompress::new(true)),
        found => Ok(found),
    }
}

fn run<S: Source>(
    source: &mut S,
    offset: u64,
    give: &mut dyn FnMut(&[u8]) -> bool,
    mut engine: Decompress,
) -> Result<(u64, bool), Refusal> {
    let input = source.len().saturating_sub(offset);
    let limit = input.saturating_mul(20).clamp(64 << 20, 512 << 20);
    let mut total = 0;
    let mut at = offset;
    let mut chunk = vec![0u8; 32 * 1024];
    let mut output = vec![0u8; 64 * 1024];
    loop {
        let n = source.read_at(at, &mut chunk);
        let data = chunk.get(..n).unwrap_or_default();
        let (before_in, before_out) = (engine.total_in(), engine.total_out());
        let status = engine.decompress(
            data,
            &mut output,
            if n == 0 { FlushDecompress::Finish } else { FlushDecompress::None },
        );
        let produced = usize::try_from(engine.total_out() - before_out).unwrap_or(0);
        let consumed = engine.total_in() - before_in;
        total += produced as u64;
        if total > limit {
            return Err(Refusal::new("inflate-limit", format!("more than {limit} bytes from {input}")));
        }
        if !give(output.get(..produced).unwrap_or_default()) {
            return Ok((total, true));
        }
        at += consumed;
        match status {
            Ok(Status::StreamEnd) => return Ok((total, false)),
            Ok(_) if produced > 0 || consumed > 0 => {}
            _ => return Ok((total, true)),
        }
    }
}

/// An inflated data set as a source: reads behind the kept part are short.
#[derive(Debug)]
pub struct InflatedSource(pub Inflated);

impl Source for InflatedSource {
    fn len(&self) -> u64 {
        self.0.total
    }
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> usize {
        super::SliceSource(&self.0.bytes).read_at(offset, buffer)
    }
}
