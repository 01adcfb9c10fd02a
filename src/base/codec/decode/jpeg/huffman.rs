//! Huffman tables (T.81 annex C, §F.2.2.3).

use super::super::super::CodecError;
use super::super::super::error::refused;
use super::bits::Bits;

/// Codes of at most so many bits are looked up at once.
const QUICK: u32 = 9;

/// A decoding table.
pub(super) struct Table {
    /// Length and value of the code that begins with these bits; length 0 = longer than `QUICK`.
    quick: Vec<(u8, u8)>,
    /// Behind the last code of each length, left-aligned to 16 bits.
    limits: [u32; 17],
    /// What to add to a code of each length to find its value.
    offsets: [i32; 17],
    values: Vec<u8>,
}

impl Table {
    pub(super) fn new(counts: &[u8], values: &[u8]) -> Result<Self, CodecError> {
        let mut table = Self {
            quick: vec![(0, 0); 1 << QUICK],
            limits: [0; 17],
            offsets: [0; 17],
            values: values.to_vec(),
        };
        let (mut code, mut index) = (0_u32, 0_usize);
        for (length, count) in (1_u32..).zip(counts) {
            table.offsets[length as usize] = index as i32 - code as i32;
            for _ in 0..*count {
                if code >= 1 << length {
                    return Err(refused("huffman table has too many codes"));
                }
                if length <= QUICK {
                    let first = (code << (QUICK - length)) as usize;
                    let same = 1_usize << (QUICK - length);
                    table.quick[first..first + same].fill((length as u8, values[index]));
                }
                code += 1;
                index += 1;
            }
            table.limits[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Ok(table)
    }

    /// The next value.
    pub(super) fn decode(&self, bits: &mut Bits<'_>) -> Result<u8, CodecError> {
        let next = bits.peek();
        let (length, value) = self.quick[next >> (16 - QUICK)];
        if length > 0 {
            bits.take(length.into())?;
            return Ok(value);
        }
        for length in QUICK + 1..=16 {
            if (next as u32) < self.limits[length as usize] {
                bits.take(length)?;
                let index = (next >> (16 - length)) as i32 + self.offsets[length as usize];
                let value = usize::try_from(index).ok().and_then(|i| self.values.get(i));
                return value.copied().ok_or_else(|| refused("huffman code"));
            }
        }
        Err(refused("huffman code"))
    }
}
