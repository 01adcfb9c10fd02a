//! Writing lossless JPEG-LS: one component alone, several line by line.

use super::super::CodecError;
use super::bits::BitsOut;
use super::context::{Coding, Context, Preset};
use super::scan::{Lines, REGULAR_CONTEXTS, RUN_BITS, median};

/// A stream of `samples` per pixel in `words`, `precision` bits each.
pub(in super::super) fn encode(
    words: &[u16],
    (rows, cols): (u16, u16),
    samples: u8,
    precision: u8,
) -> Result<Vec<u8>, CodecError> {
    let mut out = vec![0xff, 0xd8];
    // SOF55 (§C.2.2): precision, size, components without subsampling
    out.extend_from_slice(&[0xff, 0xf7, 0, 8 + 3 * samples, precision]);
    out.extend_from_slice(&rows.to_be_bytes());
    out.extend_from_slice(&cols.to_be_bytes());
    out.push(samples);
    out.extend((1..=samples).flat_map(|id| [id, 0x11, 0]));
    // SOS (§C.2.3): NEAR 0, interleaved by line where there are several
    out.extend_from_slice(&[0xff, 0xda, 0, 6 + 2 * samples, samples]);
    out.extend((1..=samples).flat_map(|id| [id, 0]));
    out.extend_from_slice(&[0, u8::from(samples > 1), 0]);
    out.extend(scan(words, usize::from(cols), usize::from(samples), precision)?);
    out.extend_from_slice(&[0xff, 0xd9]);
    Ok(out)
}

/// What adapts while a scan is written.
struct State {
    bits: BitsOut,
    coding: Coding,
    regular: Vec<Context>,
    run: [Context; 2],
}

/// The entropy-coded segment of all lines in `words`.
fn scan(words: &[u16], width: usize, samples: usize, precision: u8) -> Result<Vec<u8>, CodecError> {
    let coding = Coding::new(precision, 0, Preset::default())?;
    let fresh = coding.fresh_context();
    let mut state =
        State { bits: BitsOut::default(), coding, regular: vec![fresh; REGULAR_CONTEXTS], run: [fresh; 2] };
    let mut lines: Vec<Lines> = (0..samples).map(|_| Lines::new(width)).collect();
    let mut run_index = vec![0; samples];
    for row in words.chunks_exact(width * samples) {
        for (sample, (lines, index)) in lines.iter_mut().zip(&mut run_index).enumerate() {
            lines.begin(width);
            for (place, value) in
                lines.current[1..=width].iter_mut().zip(row.iter().skip(sample).step_by(samples))
            {
                *place = i32::from(*value);
            }
            line(&mut state, lines, width, index)?;
        }
    }
    Ok(state.bits.finish())
}

fn line(state: &mut State, lines: &Lines, width: usize, index: &mut usize) -> Result<(), CodecError> {
    let mut x = 1;
    while x <= width {
        let neighbours @ [a, b, c, _] = lines.neighbours(x);
        let context = state.coding.context(neighbours);
        if context == 0 {
            x = run(state, lines, x, width, index)?;
            continue;
        }
        let sign = if context < 0 { -1 } else { 1 };
        let place = &mut state.regular[context.unsigned_abs() as usize];
        state.coding.put_regular(place, sign, median(a, b, c), lines.current[x], &mut state.bits)?;
        x += 1;
    }
    Ok(())
}

/// A run from column `x` and the sample that ends it; answers the next column (§A.7).
fn run(
    state: &mut State,
    lines: &Lines,
    x: usize,
    width: usize,
    index: &mut usize,
) -> Result<usize, CodecError> {
    let value = lines.current[x - 1];
    let end = x + lines.current[x..=width].iter().take_while(|v| **v == value).count();
    let mut left = end - x;
    while left >= 1 << RUN_BITS[*index] {
        state.bits.write(1, 1);
        left -= 1 << RUN_BITS[*index];
        *index = (*index + 1).min(31);
    }
    if end > width {
        if left > 0 {
            state.bits.write(1, 1);
        }
        return Ok(end);
    }
    state.bits.write(0, 1);
    state.bits.write(left as u32, RUN_BITS[*index]);
    let [a, b, ..] = lines.neighbours(end);
    let place = &mut state.run[usize::from(a == b)];
    let run_bits = RUN_BITS[*index];
    state.coding.put_interruption(place, (a, b), lines.current[end], run_bits, &mut state.bits)?;
    *index = index.saturating_sub(1);
    Ok(end + 1)
}
