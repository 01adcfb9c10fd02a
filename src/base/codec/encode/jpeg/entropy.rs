//! Huffman coding of quantized blocks (ITU-T T.81 §F.1.2, annex C).

use super::tables::{List, Set};
use super::transform::Block;

/// Largest coefficient and difference of means for samples of 8 bits (T.81 tables F.1, F.2).
const LARGEST: (i32, i32) = (1023, 2047);
/// Symbols: the rest of the block is zero; sixteen zeros.
const END: usize = 0x00;
const SIXTEEN: usize = 0xf0;

/// The code of each symbol: length in bits and bits.
struct Codes([(u8, u16); 256]);

impl Codes {
    /// T.81 §C.2.
    fn of(list: &List) -> Self {
        let mut codes = [(0, 0); 256];
        let mut symbols = list.symbols.iter();
        let mut code = 0_u16;
        for (bits, count) in (1..).zip(list.counts) {
            for symbol in symbols.by_ref().take(usize::from(count)) {
                codes[usize::from(*symbol)] = (bits, code);
                code = code.wrapping_add(1);
            }
            code = code.wrapping_shl(1);
        }
        Self(codes)
    }
}

/// Codes blocks of one component.
pub(super) struct Coder {
    means: Codes,
    rest: Codes,
    /// Mean of the block before.
    before: i32,
}

impl Coder {
    pub(super) fn of(set: Set) -> Self {
        let (means, rest) = set.codes();
        Self { means: Codes::of(means), rest: Codes::of(rest), before: 0 }
    }

    /// One block.
    #[inline]
    pub(super) fn write(&mut self, block: &Block, bits: &mut Bits) {
        let step = (block.at(0) - self.before).clamp(-LARGEST.1, LARGEST.1);
        // As whoever reads it counts.
        self.before += step;
        bits.put_with(self.means.0[size(step) as usize & 255], step);
        let mut some = block.some & !1;
        let mut last = 0;
        while some != 0 {
            let place = some.trailing_zeros();
            some &= some - 1;
            let mut zeros = place - last - 1;
            last = place;
            while zeros > 15 {
                bits.put_with(self.rest.0[SIXTEEN], 0);
                zeros -= 16;
            }
            let value = block.at(place).clamp(-LARGEST.0, LARGEST.0);
            bits.put_with(self.rest.0[(zeros << 4 | size(value)) as usize & 255], value);
        }
        if last != 63 {
            bits.put_with(self.rest.0[END], 0);
        }
    }
}

/// Bits that a value takes.
fn size(value: i32) -> u32 {
    u32::BITS - value.unsigned_abs().leading_zeros()
}

/// Bits on their way into bytes; a byte of ones is followed by one of zeros (T.81 §F.1.2.3).
pub(super) struct Bits {
    out: Vec<u8>,
    /// From the highest bit down.
    held: u64,
    free: u32,
}

impl Bits {
    /// Behind what `out` has.
    pub(super) fn behind(out: Vec<u8>) -> Self {
        Self { out, held: 0, free: u64::BITS }
    }

    /// A code, and behind it as many bits of a value as it takes; one less of a negative one (T.81 §F.1.2.1).
    #[inline]
    fn put_with(&mut self, (length, code): (u8, u16), value: i32) {
        let size = size(value);
        let value = (value + (value >> 31)).cast_unsigned() & ((1 << size) - 1);
        self.put(u32::from(code) << size | value, u32::from(length) + size);
    }

    /// At most 57 bits fit behind the 7 that whole bytes may leave.
    #[inline]
    fn put(&mut self, bits: u32, count: u32) {
        if count > self.free {
            self.bytes();
        }
        self.free -= count;
        self.held |= u64::from(bits) << self.free;
    }

    /// Whole bytes go out.
    fn bytes(&mut self) {
        let whole = (u64::BITS - self.free) / 8;
        let bytes = self.held.to_be_bytes();
        let bytes = &bytes[..whole as usize];
        // Few eights have a byte of ones; those that may are looked at byte by byte.
        let zero_of_inverse =
            (!self.held).wrapping_sub(0x0101_0101_0101_0101) & self.held & 0x8080_8080_8080_8080;
        if zero_of_inverse == 0 {
            self.out.extend_from_slice(bytes);
        } else {
            for byte in bytes {
                self.out.push(*byte);
                if *byte == 0xff {
                    self.out.push(0);
                }
            }
        }
        self.held = self.held.checked_shl(8 * whole).unwrap_or(0);
        self.free += 8 * whole;
    }

    /// The last byte is filled with ones.
    pub(super) fn end(mut self) -> Vec<u8> {
        let fill = self.free % 8;
        self.put((1 << fill) - 1, fill);
        self.bytes();
        self.out
    }
}
