//! Forward cosine transform and quantization (ITU-T T.81 §A.3.3, §A.3.4), eight values at a time.
//!
//! The transform is the one of Arai, Agui and Nakajima (1988), whose scale is part of the quantization factors. It runs down the
//! columns, the block is turned, and it runs down the columns again: what comes out is turned, and everything here that names a
//! place in a block counts on that.

use fearless_simd::{Level, dispatch, f32x8, i32x8, prelude::*};

use super::tables::ZIGZAG;

/// Side of a block, samples.
pub(super) const SIDE: usize = 8;
/// Scale of each frequency that the transform leaves in its results.
const SCALE: [f64; SIDE] = [
    1.0,
    1.387_039_845_322_148,
    1.306_562_964_876_377,
    1.175_875_602_419_359,
    1.0,
    0.785_694_958_387_102,
    0.541_196_100_146_197,
    0.275_899_379_282_943,
];
/// Added to a number below 2^22, this leaves the nearest whole one in the lowest bits.
const ROUND: f32 = 12_582_912.0;
/// Those bits of [`ROUND`] itself.
const ROUND_BITS: i32 = 0x4b40_0000;
/// 128 of each sample (T.81 §A.3.1), as it appears in the first result.
const LEVEL: f32 = 128.0 * 64.0;

/// Quantized coefficients of one block.
#[derive(Clone, Copy)]
pub(super) struct Block {
    /// Turned: horizontal frequency by vertical frequency.
    values: [i32; 64],
    /// One bit for each place of the zigzag whose coefficient is not zero.
    pub(super) some: u64,
}

impl Block {
    /// Nothing.
    pub(super) const EMPTY: Self = Self { values: [0; 64], some: 0 };

    /// The coefficient at a place of the zigzag, 0 to 63.
    #[inline]
    pub(super) fn at(&self, place: u32) -> i32 {
        self.values[usize::from(TURNED[place as usize & 63]) & 63]
    }
}

/// Index in a turned block of each place of the zigzag.
const TURNED: [u8; 64] = {
    let mut turned = [0; 64];
    let mut place = 0;
    while place < 64 {
        turned[place] = ZIGZAG[place] % 8 * 8 + ZIGZAG[place] / 8;
        place += 1;
    }
    turned
};

/// For each line of a turned block, and each set of its values (a bit each): the places of the zigzag they take.
static PLACES: [[u64; 256]; SIDE] = {
    let mut places = [[0; 256]; SIDE];
    let mut place = 0;
    while place < 64 {
        let (line, column) = (TURNED[place] as usize / 8, TURNED[place] % 8);
        let mut set = 0;
        while set < 256 {
            if set >> column & 1 == 1 {
                places[line][set] |= 1 << place;
            }
            set += 1;
        }
        place += 1;
    }
    places
};

/// Multipliers of a turned block.
pub(super) struct Factors([[f32; SIDE]; SIDE]);

impl Factors {
    /// From steps, line by line.
    pub(super) fn of(steps: &[u8; 64]) -> Self {
        let factor = |across: usize, down: usize| {
            let step = f64::from(steps[down * SIDE + across]);
            (1.0 / (step * SCALE[across] * SCALE[down] * 8.0)) as f32
        };
        Self(std::array::from_fn(|across| std::array::from_fn(|down| factor(across, down))))
    }
}

/// Transforms the blocks that stand side by side in eight `lines` of `stride` samples, the first one at sample `start`, as many
/// as `out` has room for, with the vectors of `level`.
pub(super) fn transform(
    level: Level,
    (lines, stride): (&[u8], usize),
    start: usize,
    factors: &Factors,
    out: &mut [Block],
) {
    dispatch!(level, simd => blocks(simd, lines, stride, start, factors, out));
}

// What follows is written for whatever vectors the processor has, and must become part of the one function that knows them.

#[inline(always)]
fn blocks<S: Simd>(simd: S, lines: &[u8], stride: usize, start: usize, factors: &Factors, out: &mut [Block]) {
    let level = f32x8::simd_from(simd, [LEVEL, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let none = i32x8::splat(simd, 0);
    for (n, block) in out.iter_mut().enumerate() {
        let at = start + n * SIDE;
        let mut rows = [f32x8::splat(simd, 0.0); SIDE];
        for (y, row) in rows.iter_mut().enumerate() {
            let &[a, b, c, d, e, f, g, h] = &lines[y * stride + at..][..SIDE] else { continue };
            // Spelt out: the compiler must not make a call of it.
            let samples = [
                f32::from(a),
                f32::from(b),
                f32::from(c),
                f32::from(d),
                f32::from(e),
                f32::from(f),
                f32::from(g),
                f32::from(h),
            ];
            *row = samples.simd_into(simd);
        }
        down(&mut rows);
        let mut rows = turn(rows);
        down(&mut rows);
        rows[0] -= level;
        block.some = 0;
        for (y, row) in rows.into_iter().enumerate() {
            let factor: f32x8<S> = factors.0[y].simd_into(simd);
            let whole: i32x8<S> = (row * factor + ROUND).bitcast();
            let whole = whole - ROUND_BITS;
            whole.store_slice(&mut block.values[y * SIDE..][..SIDE]);
            block.some |= PLACES[y][whole.simd_ne(none).to_bitmask() as usize & 255];
        }
    }
}

/// One transform down each column.
#[inline(always)]
fn down<S: Simd>(rows: &mut [f32x8<S>; SIDE]) {
    let [a, b, c, d, e, f, g, h] = *rows;
    let (sum_0, sum_1, sum_2, sum_3) = (a + h, b + g, c + f, d + e);
    let (odd_0, odd_1, odd_2, odd_3) = (a - h, b - g, c - f, d - e);

    let (even_0, even_3) = (sum_0 + sum_3, sum_0 - sum_3);
    let (even_1, even_2) = (sum_1 + sum_2, sum_1 - sum_2);
    let slant = (even_2 + even_3) * std::f32::consts::FRAC_1_SQRT_2;
    rows[0] = even_0 + even_1;
    rows[4] = even_0 - even_1;
    rows[2] = even_3 + slant;
    rows[6] = even_3 - slant;

    let (outer, middle, inner) = (odd_3 + odd_2, odd_2 + odd_1, odd_1 + odd_0);
    let turned = (outer - inner) * 0.382_683_43;
    let outer = outer * 0.541_196_1 + turned;
    let inner = inner * 1.306_563 + turned;
    let middle = middle * std::f32::consts::FRAC_1_SQRT_2;
    let (plus, minus) = (odd_0 + middle, odd_0 - middle);
    rows[5] = minus + outer;
    rows[3] = minus - outer;
    rows[1] = plus + inner;
    rows[7] = plus - inner;
}

/// Rows become columns: three rounds of laying the lower half between the upper one.
#[inline(always)]
fn turn<S: Simd>(mut rows: [f32x8<S>; SIDE]) -> [f32x8<S>; SIDE] {
    for _ in 0..3 {
        let (a, b) = rows[0].interleave(rows[4]);
        let (c, d) = rows[1].interleave(rows[5]);
        let (e, f) = rows[2].interleave(rows[6]);
        let (g, h) = rows[3].interleave(rows[7]);
        rows = [a, b, c, d, e, f, g, h];
    }
    rows
}
