//! Writing RLE lossless (PS3.5 annex G): a segment per byte of a sample, most significant first, every line on its own.

use super::super::decode::Pixels;
use super::super::error::refused;
use super::super::{CodecError, Shape};

/// Longest run, literal or replicated (§G.3.1).
const LONGEST: usize = 128;

/// The frame: header and segments.
pub(super) fn encode(pixels: &Pixels, shape: &Shape) -> Result<Vec<u8>, CodecError> {
    let width = shape.sample_bytes();
    let segments = usize::from(shape.samples) * width;
    let cols = shape.cols as usize;
    let mut header = vec![u32::try_from(segments).unwrap_or(u32::MAX)];
    let mut body: Vec<u8> = Vec::new();
    for segment in 0..segments {
        header.push(u32::try_from(64 + body.len()).map_err(|_| refused("rle frame above 4 GiB"))?);
        let (sample, byte) = (segment / width, segment % width);
        let first = sample * width + (width - 1 - byte);
        let bytes: Vec<u8> = pixels.data.iter().skip(first).step_by(segments).copied().collect();
        for line in bytes.chunks(cols) {
            pack(line, &mut body);
        }
        if body.len() % 2 == 1 {
            body.push(0);
        }
    }
    header.resize(16, 0);
    let mut out: Vec<u8> = header.iter().flat_map(|w| w.to_le_bytes()).collect();
    out.append(&mut body);
    Ok(out)
}

/// PackBits (§G.3.1).
fn pack(line: &[u8], out: &mut Vec<u8>) {
    let run_at = |at: usize| line[at..].iter().take(LONGEST).take_while(|b| **b == line[at]).count();
    let mut at = 0;
    while at < line.len() {
        let run = run_at(at);
        if run >= 2 {
            out.extend_from_slice(&[(257 - run) as u8, line[at]]);
            at += run;
            continue;
        }
        let mut end = at + 1;
        // a run of two inside a literal saves nothing
        while end < line.len() && end - at < LONGEST && run_at(end) < 3 {
            end += 1;
        }
        out.push((end - at - 1) as u8);
        out.extend_from_slice(&line[at..end]);
        at = end;
    }
}
