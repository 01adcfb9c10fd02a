//! The inverse discrete cosine transform (T.81 §A.3.3) in single precision: exact to a small part of a grey level at 12 bits.

use std::f32::consts::PI;

/// `zigzag[k]` = place of the k-th coefficient (T.81 figure A.6).
pub(super) const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// The transform, its cosines computed once.
pub(super) struct Dct {
    /// `basis[u][x]` = C(u)/2 · cos((2x+1)uπ/16).
    basis: [[f32; 8]; 8],
}

impl Dct {
    pub(super) fn new() -> Self {
        let mut basis = [[0.0; 8]; 8];
        for (u, row) in basis.iter_mut().enumerate() {
            let scale = if u == 0 { std::f32::consts::FRAC_1_SQRT_2 / 2.0 } else { 0.5 };
            for (x, entry) in row.iter_mut().enumerate() {
                *entry = scale * (((2 * x + 1) * u) as f32 * PI / 16.0).cos();
            }
        }
        Self { basis }
    }

    /// Dequantised coefficients, row by row, to samples around zero.
    pub(super) fn inverse(&self, block: &[f32; 64]) -> [f32; 64] {
        let mut half = [0.0; 64];
        for (row, out) in block.chunks_exact(8).zip(half.chunks_exact_mut(8)) {
            for (coefficient, basis) in row.iter().zip(&self.basis).filter(|(c, _)| **c != 0.0) {
                for (sum, b) in out.iter_mut().zip(basis) {
                    *sum += coefficient * b;
                }
            }
        }
        let mut out = [0.0; 64];
        for (v, basis) in self.basis.iter().enumerate() {
            let line = &half[v * 8..v * 8 + 8];
            for (y, b) in basis.iter().enumerate() {
                for (sum, value) in out[y * 8..y * 8 + 8].iter_mut().zip(line) {
                    *sum += b * value;
                }
            }
        }
        out
    }
}
