//! Lossless JPEG, processes 14 and 14 SV1 (T.81 annex H), 2 to 16 bits.

use super::super::super::error::refused;
use super::super::super::{CodecError, Shape};
use super::bits::Bits;
use super::huffman::Table;
use super::stream::{Scan, Stream, Tables};

/// Decodes to samples by pixel.
pub(super) fn decode(stream: &Stream<'_>, shape: &Shape) -> Result<Vec<u16>, CodecError> {
    let samples = usize::from(shape.samples);
    let mut out = vec![0; shape.pixels() * samples];
    let mut done = vec![false; samples];
    stream.scans(|tables, scan, data| {
        for member in &scan.members {
            let seen = done.get_mut(member.component).ok_or_else(|| refused("jpeg component"))?;
            *seen = true;
        }
        one(&mut out, shape, tables, scan, data)
    })?;
    if done.iter().all(|d| *d) { Ok(out) } else { Err(refused("jpeg scan is missing")) }
}

/// One scan, interleaved or not.
fn one(
    out: &mut [u16],
    shape: &Shape,
    tables: &Tables,
    scan: &Scan,
    data: &[u8],
) -> Result<usize, CodecError> {
    let alone = scan.members.len() == 1;
    if !alone && scan.members.iter().any(|m| tables.components[m.component].sampling != (1, 1)) {
        return Err(CodecError::Unsupported("subsampled lossless jpeg".into()));
    }
    if !(1..=7).contains(&scan.start) || scan.low >= tables.precision {
        return Err(refused(format!("lossless predictor {}, point transform {}", scan.start, scan.low)));
    }
    let (cols, samples) = (shape.cols as usize, usize::from(shape.samples));
    let members = scan.members.iter().map(|m| {
        let table = tables.dc[m.dc].as_ref().ok_or_else(|| refused("huffman table is missing"))?;
        Ok((m.component, table))
    });
    let members: Vec<(usize, &Table)> = members.collect::<Result<_, CodecError>>()?;
    let restart_rows = match tables.restart {
        0 => usize::MAX,
        n if n.is_multiple_of(cols) => n / cols,
        _ => return Err(refused("lossless restart interval inside a line")),
    };
    let first = 1_i32 << (tables.precision - scan.low - 1);
    let mut bits = Bits::new(data);
    let mut lines: Vec<[Vec<i32>; 2]> = members.iter().map(|_| [vec![0; cols], vec![0; cols]]).collect();
    for y in 0..shape.rows as usize {
        let fresh = y.is_multiple_of(restart_rows);
        if fresh && y > 0 {
            bits.restart()?;
        }
        for lines in &mut lines {
            lines.swap(0, 1);
        }
        for x in 0..cols {
            for ([above, line], (_, table)) in lines.iter_mut().zip(&members) {
                let difference = match table.decode(&mut bits)? {
                    16 => 32_768,
                    size @ 0..16 => bits.signed(size.into())?,
                    _ => return Err(refused("lossless difference")),
                };
                let prediction = match (fresh, x) {
                    (true, 0) => first,
                    (true, _) => line[x - 1],
                    (false, 0) => above[0],
                    (false, _) => predict(scan.start, line[x - 1], above[x], above[x - 1]),
                };
                line[x] = (prediction + difference) & 0xffff;
            }
        }
        for ([_, line], (component, _)) in lines.iter().zip(&members) {
            let places = out[y * cols * samples..].iter_mut().skip(*component).step_by(samples);
            for (place, value) in places.zip(line) {
                *place = (*value << scan.low) as u16;
            }
        }
    }
    Ok(bits.used())
}

/// Table H.1, from left, above and above left.
fn predict(selection: u8, a: i32, b: i32, c: i32) -> i32 {
    match selection {
        1 => a,
        2 => b,
        3 => c,
        4 => a + b - c,
        5 => a + ((b - c) >> 1),
        6 => b + ((a - c) >> 1),
        _ => (a + b) >> 1,
    }
}
