//! The XLI compression: LZW over the halves of 16-bit words, second differences, limb leads as corrections.

use crate::ecg::decode::build::{i16_at, u32_at};
use crate::ecg::limits::Refusal;

/// Bytes before each lead: length of its data, two unused, start value.
const HEADER: usize = 8;
/// Bits of a code.
const BITS: u32 = 10;
/// Last code that is given out; the table is frozen behind it.
const LAST: usize = 1_022;

/// The samples of the next lead, and what follows it. At most `limit` samples.
///
/// # Errors
/// Cut, a code before it is defined, more samples than `limit`.
pub fn lead(data: &[u8], limit: usize) -> Result<(Vec<i16>, &[u8]), Refusal> {
    let cut = || Refusal::new("waveform", "the compressed data end early");
    let length = u32_at(data, 0).and_then(|n| usize::try_from(n).ok()).ok_or_else(cut)?;
    let start = i16_at(data, 6).ok_or_else(cut)?;
    let end = HEADER.saturating_add(length);
    let packed = data.get(HEADER..end).ok_or_else(cut)?;
    let bytes = unpack(packed, limit.saturating_mul(2))?;
    let (high, low) = bytes.split_at(bytes.len() / 2);
    let mut words: Vec<i16> = high.iter().zip(low).map(|(h, l)| i16::from_be_bytes([*h, *l])).collect();
    integrate(&mut words, start);
    Ok((words, data.get(end..).unwrap_or_default()))
}

/// LZW with fixed codes, highest bit first. An entry is its predecessor and a last byte.
fn unpack(packed: &[u8], limit: usize) -> Result<Vec<u8>, Refusal> {
    let bad = |why: &str| Refusal::new("waveform", why);
    // (where the text of the entry begins in `out`, its length): every entry has been written once.
    let mut table: Vec<(usize, usize)> = Vec::new();
    let mut out: Vec<u8> = Vec::new();
    let mut before: Option<(usize, usize)> = None;
    let (mut held, mut bits) = (0_u32, 0_u32);
    for byte in packed {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        if bits < BITS {
            continue;
        }
        bits -= BITS;
        let code = usize::try_from(held >> bits & 0x3FF).unwrap_or(0);
        held &= (1 << bits) - 1;
        let at = out.len();
        if at >= limit {
            // What fills the last bits is no code that could add anything.
            if code > LAST {
                break;
            }
            return Err(bad(&format!("more samples than {}", limit / 2)));
        }
        if let Ok(literal) = u8::try_from(code) {
            out.push(literal);
        } else {
            let next = table.len() + 256;
            let (from, length) = match (table.get(code - 256), before) {
                (Some(entry), _) => *entry,
                // The entry that is just being made: the previous text and its first byte, which follow each other.
                (None, Some((from, length))) if code == next && next <= LAST => (from, length + 1),
                // What fills the last bits is no code.
                _ if code > LAST => break,
                _ => return Err(bad("a code is used before it is defined")),
            };
            for k in 0..length {
                let byte = out.get(from + k).copied().ok_or_else(|| bad("a code leads nowhere"))?;
                out.push(byte);
            }
        }
        if out.len() > limit {
            return Err(bad(&format!("more samples than {}", limit / 2)));
        }
        if let Some((from, length)) = before
            && table.len() + 256 <= LAST
        {
            // The previous text with the first byte of this one stands in `out` as it is.
            table.push((from, length + 1));
        }
        before = Some((at, out.len() - at));
    }
    Ok(out)
}

/// Words 0 and 1 are absolute, then `z = 2y - x - last`, where `last` begins as the start value and becomes each word
/// less 64. Everything wraps in 16 bits, as the recorder does.
fn integrate(words: &mut [i16], start: i16) {
    let (mut x, mut y, mut last) = (0_i16, 0_i16, start);
    for (i, word) in words.iter_mut().enumerate() {
        if i < 2 {
            (x, y) = (y, *word);
            continue;
        }
        let z = y.wrapping_mul(2).wrapping_sub(x).wrapping_sub(last);
        last = word.wrapping_sub(64);
        *word = z;
        (x, y) = (y, z);
    }
}

/// III, aVR, aVL, aVF are stored as what remains after they were computed from the others.
pub fn limbs(leads: &mut [Vec<i16>]) {
    let [one, two, three, avr, avl, avf, ..] = leads else { return };
    let sources = one.iter().zip(two.iter());
    let corrected = three.iter_mut().zip(avr.iter_mut()).zip(avl.iter_mut().zip(avf.iter_mut()));
    for ((i, ii), ((iii, avr), (avl, avf))) in sources.zip(corrected) {
        *iii = ii.wrapping_sub(*i).wrapping_sub(*iii);
        *avr = avr.wrapping_neg().wrapping_sub(half(i32::from(*i) + i32::from(*ii)));
        *avl = half(i32::from(*i) - i32::from(*iii)).wrapping_sub(*avl);
        *avf = half(i32::from(*ii) + i32::from(*iii)).wrapping_sub(*avf);
    }
}

/// Half, rounded down.
fn half(sum: i32) -> i16 {
    i16::try_from(sum.div_euclid(2)).unwrap_or(if sum > 0 { i16::MAX } else { i16::MIN })
}
