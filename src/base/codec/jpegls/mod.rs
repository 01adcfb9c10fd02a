//! JPEG-LS (ITU-T T.87): lossless and near-lossless streams are read, lossless ones written. Mapping tables and the colour
//! transformations of one vendor (APP8 `mrfx`) are refused by name.

mod bits;
mod context;
mod encode;
mod scan;

use super::decode::{Pixels, codestream};
use super::error::refused;
use super::{CodecError, Shape};
use context::{Coding, Preset};
pub(super) use encode::encode;
use scan::Scan;

/// Decodes a JPEG-LS frame.
pub(super) fn decode(shape: &Shape, frame: &[u8]) -> Result<Pixels, CodecError> {
    let header = codestream::jpeg(frame)?;
    header.check(shape)?;
    if header.precision < 2 || header.precision > 16 {
        return Err(refused(format!("jpeg-ls of {} bits", header.precision)));
    }
    let samples = usize::from(shape.samples);
    let mut out = vec![0_u16; shape.pixels() * samples];
    let mut preset = Preset::default();
    let mut components = Vec::new();
    let mut done = 0;
    let mut restart = 0;
    let mut rest = frame.get(2..).unwrap_or_default();
    while done < samples {
        let (marker, segment, after) = next_segment(rest)?;
        rest = after;
        match marker {
            0xf7 => components = component_ids(segment, samples)?,
            0xf8 => preset = Preset::read(segment)?,
            // 2 to 4 bytes (§C.2.5); counted in lines
            0xdd => restart = segment.iter().take(4).fold(0, |n, b| n << 8 | usize::from(*b)),
            0xe8 if segment.starts_with(b"mrfx") && segment.get(4).is_some_and(|t| *t != 0) => {
                return Err(CodecError::Unsupported("jpeg-ls colour transformation".into()));
            }
            0xda => {
                let (members, near, interleave) = scan_header(segment, &components)?;
                let coding = Coding::new(header.precision, near, preset)?;
                let width = shape.cols as usize;
                let mut scan = Scan {
                    out: &mut out,
                    width,
                    rows: shape.rows as usize,
                    samples,
                    members: &members,
                    coding,
                    restart,
                };
                let used = scan.decode(interleave, rest)?;
                rest = &rest[used..];
                done += members.len();
            }
            0xd9 => return Err(refused("jpeg-ls stream ends early")),
            _ => {}
        }
    }
    let ybr_full = samples == 3 && shape.photometric == "YBR_FULL";
    Ok(Pixels::from_words(shape, &out, header.precision)?.with_ybr_full(ybr_full))
}

/// Next marker with its segment, and what follows.
fn next_segment(stream: &[u8]) -> Result<(u8, &[u8], &[u8]), CodecError> {
    let bad = || refused("jpeg-ls marker");
    let start =
        stream.windows(2).position(|w| w[0] == 0xff && w[1] >= 0x80 && w[1] != 0xff).ok_or_else(bad)?;
    let (marker, rest) = (stream[start + 1], &stream[start + 2..]);
    if marker == 0xd9 {
        return Ok((marker, &[], rest));
    }
    let [high, low, ..] = *rest else { return Err(bad()) };
    let length = usize::from(u16::from_be_bytes([high, low]));
    let segment = rest.get(2..length).ok_or_else(bad)?;
    Ok((marker, segment, &rest[length..]))
}

/// Component identifiers of the frame header; subsampled components do not occur in DICOM.
fn component_ids(segment: &[u8], samples: usize) -> Result<Vec<u8>, CodecError> {
    let specs = segment.get(6..).unwrap_or_default().chunks_exact(3);
    if specs.len() != samples || specs.clone().any(|s| s[1] != 0x11) {
        return Err(refused("jpeg-ls components"));
    }
    Ok(specs.map(|s| s[0]).collect())
}

/// Components of the scan (by position), NEAR and interleave mode (§C.2.3).
fn scan_header(segment: &[u8], components: &[u8]) -> Result<(Vec<usize>, i32, u8), CodecError> {
    let bad = || refused("jpeg-ls scan header");
    let [count, rest @ ..] = segment else { return Err(bad()) };
    let (specs, tail) = rest.split_at_checked(usize::from(*count) * 2).ok_or_else(bad)?;
    let [near, interleave, transform, ..] = *tail else { return Err(bad()) };
    let find = |spec: &[u8]| match spec {
        [id, 0] => components.iter().position(|c| c == id),
        _ => None,
    };
    let members: Vec<usize> = specs.chunks_exact(2).map(find).collect::<Option<_>>().ok_or_else(bad)?;
    let single = members.len() == 1;
    if members.is_empty() || interleave > 2 || single != (interleave == 0) && !single || transform & 0x0f != 0
    {
        return Err(bad());
    }
    Ok((members, near.into(), if single { 0 } else { interleave }))
}
