//! The compression for AVX2 and AVX-512VL.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_or_si256, _mm256_ror_epi32, _mm256_set1_epi32,
    _mm256_setr_epi32, _mm256_slli_epi32, _mm256_srli_epi32, _mm256_ternarylogic_epi32, _mm256_xor_si256,
};
use std::sync::OnceLock;

use super::WIDTH;

/// What this processor has.
#[derive(Clone, Copy)]
pub(super) enum Wide {
    Avx2,
    Avx512,
}

/// The instructions to use, or `None` when single messages are as fast.
pub(super) fn wide() -> Option<Wide> {
    static FOUND: OnceLock<Option<Wide>> = OnceLock::new();
    *FOUND.get_or_init(|| {
        if is_x86_feature_detected!("sha") && is_x86_feature_detected!("sse4.1") {
            return None;
        }
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
            return Some(Wide::Avx512);
        }
        is_x86_feature_detected!("avx2").then_some(Wide::Avx2)
    })
}

impl Wide {
    /// Takes `count` blocks of every message; each has that many.
    #[expect(unsafe_code, reason = "a function for instructions that `wide` has found in this processor")]
    pub(super) fn compress(
        self,
        states: &mut [[u32; WIDTH]; 8],
        blocks: &[&[[u8; 64]]; WIDTH],
        count: usize,
    ) {
        match self {
            // SAFETY: `wide` answers this value only on a processor with AVX2.
            Self::Avx2 => unsafe { avx2(states, blocks, count) },
            // SAFETY: `wide` answers this value only on a processor with AVX-512F and AVX-512VL.
            Self::Avx512 => unsafe { avx512(states, blocks, count) },
        }
    }
}

const K: [[u32; 16]; 4] = [
    [
        0x428a_2f98,
        0x7137_4491,
        0xb5c0_fbcf,
        0xe9b5_dba5,
        0x3956_c25b,
        0x59f1_11f1,
        0x923f_82a4,
        0xab1c_5ed5,
        0xd807_aa98,
        0x1283_5b01,
        0x2431_85be,
        0x550c_7dc3,
        0x72be_5d74,
        0x80de_b1fe,
        0x9bdc_06a7,
        0xc19b_f174,
    ],
    [
        0xe49b_69c1,
        0xefbe_4786,
        0x0fc1_9dc6,
        0x240c_a1cc,
        0x2de9_2c6f,
        0x4a74_84aa,
        0x5cb0_a9dc,
        0x76f9_88da,
        0x983e_5152,
        0xa831_c66d,
        0xb003_27c8,
        0xbf59_7fc7,
        0xc6e0_0bf3,
        0xd5a7_9147,
        0x06ca_6351,
        0x1429_2967,
    ],
    [
        0x27b7_0a85,
        0x2e1b_2138,
        0x4d2c_6dfc,
        0x5338_0d13,
        0x650a_7354,
        0x766a_0abb,
        0x81c2_c92e,
        0x9272_2c85,
        0xa2bf_e8a1,
        0xa81a_664b,
        0xc24b_8b70,
        0xc76c_51a3,
        0xd192_e819,
        0xd699_0624,
        0xf40e_3585,
        0x106a_a070,
    ],
    [
        0x19a4_c116,
        0x1e37_6c08,
        0x2748_774c,
        0x34b0_bcb5,
        0x391c_0cb3,
        0x4ed8_aa4a,
        0x5b9c_ca4f,
        0x682e_6ff3,
        0x748f_82ee,
        0x78a5_636f,
        0x84c8_7814,
        0x8cc7_0208,
        0x90be_fffa,
        0xa450_6ceb,
        0xbef9_a3f7,
        0xc671_78f2,
    ],
];

#[inline]
#[target_feature(enable = "avx2")]
fn vector(x: [u32; WIDTH]) -> __m256i {
    let [a, b, c, d, e, f, g, h] = x.map(u32::cast_signed);
    _mm256_setr_epi32(a, b, c, d, e, f, g, h)
}

#[inline]
#[target_feature(enable = "avx2")]
fn words(v: __m256i) -> [u32; WIDTH] {
    use std::arch::x86_64::_mm256_extract_epi32 as lane;
    [
        lane::<0>(v),
        lane::<1>(v),
        lane::<2>(v),
        lane::<3>(v),
        lane::<4>(v),
        lane::<5>(v),
        lane::<6>(v),
        lane::<7>(v),
    ]
    .map(i32::cast_unsigned)
}

/// Word `t` of the current block of every message.
#[inline]
#[target_feature(enable = "avx2")]
fn gather(blocks: &[&[[u8; 64]]; WIDTH], at: usize, t: usize) -> __m256i {
    vector(std::array::from_fn(|lane| {
        let b = &blocks[lane][at];
        u32::from_be_bytes([b[t * 4], b[t * 4 + 1], b[t * 4 + 2], b[t * 4 + 3]])
    }))
}

/// One compression function from the operations of an instruction set.
macro_rules! compression {
    ($name:ident, $features:literal, $ror:ident, $xor3:ident, $choose:ident, $majority:ident) => {
        #[target_feature(enable = $features)]
        fn $name(states: &mut [[u32; WIDTH]; 8], blocks: &[&[[u8; 64]]; WIDTH], count: usize) {
            let mut sum: [__m256i; 8] = std::array::from_fn(|i| vector(states[i]));
            for at in 0..count {
                let mut w: [__m256i; 16] = std::array::from_fn(|t| gather(blocks, at, t));
                let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = sum;
                macro_rules! round {
                    ($k:expr, $t:literal, $a:ident, $b:ident, $c:ident, $d:ident, $e:ident, $f:ident, $g:ident, $h:ident) => {
                        let k = _mm256_set1_epi32($k[$t].cast_signed());
                        let s1 = $xor3($ror::<6>($e), $ror::<11>($e), $ror::<25>($e));
                        let t1 = add(add(add($h, add(w[$t], k)), $choose($e, $f, $g)), s1);
                        let s0 = $xor3($ror::<2>($a), $ror::<13>($a), $ror::<22>($a));
                        $d = add($d, t1);
                        $h = add(t1, add(s0, $majority($a, $b, $c)));
                    };
                }
                macro_rules! rounds {
                    ($k:expr) => {
                        round!($k, 0, a, b, c, d, e, f, g, h);
                        round!($k, 1, h, a, b, c, d, e, f, g);
                        round!($k, 2, g, h, a, b, c, d, e, f);
                        round!($k, 3, f, g, h, a, b, c, d, e);
                        round!($k, 4, e, f, g, h, a, b, c, d);
                        round!($k, 5, d, e, f, g, h, a, b, c);
                        round!($k, 6, c, d, e, f, g, h, a, b);
                        round!($k, 7, b, c, d, e, f, g, h, a);
                        round!($k, 8, a, b, c, d, e, f, g, h);
                        round!($k, 9, h, a, b, c, d, e, f, g);
                        round!($k, 10, g, h, a, b, c, d, e, f);
                        round!($k, 11, f, g, h, a, b, c, d, e);
                        round!($k, 12, e, f, g, h, a, b, c, d);
                        round!($k, 13, d, e, f, g, h, a, b, c);
                        round!($k, 14, c, d, e, f, g, h, a, b);
                        round!($k, 15, b, c, d, e, f, g, h, a);
                    };
                }
                macro_rules! schedule {
                    ($t:literal) => {
                        let (x, y) = (w[($t + 1) % 16], w[($t + 14) % 16]);
                        let s0 = $xor3($ror::<7>(x), $ror::<18>(x), _mm256_srli_epi32::<3>(x));
                        let s1 = $xor3($ror::<17>(y), $ror::<19>(y), _mm256_srli_epi32::<10>(y));
                        w[$t] = add(add(w[$t], w[($t + 9) % 16]), add(s0, s1));
                    };
                }
                let [first, rest @ ..] = &K;
                rounds!(first);
                for k in rest {
                    schedule!(0);
                    schedule!(1);
                    schedule!(2);
                    schedule!(3);
                    schedule!(4);
                    schedule!(5);
                    schedule!(6);
                    schedule!(7);
                    schedule!(8);
                    schedule!(9);
                    schedule!(10);
                    schedule!(11);
                    schedule!(12);
                    schedule!(13);
                    schedule!(14);
                    schedule!(15);
                    rounds!(k);
                }
                for (s, v) in sum.iter_mut().zip([a, b, c, d, e, f, g, h]) {
                    *s = add(*s, v);
                }
            }
            for (row, v) in states.iter_mut().zip(sum) {
                *row = words(v);
            }
        }
    };
}

compression!(avx512, "avx2,avx512f,avx512vl", ror512, xor512, choose512, majority512);
compression!(avx2, "avx2", ror2, xor2, choose2, majority2);

#[inline]
#[target_feature(enable = "avx2")]
fn add(a: __m256i, b: __m256i) -> __m256i {
    _mm256_add_epi32(a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn ror512<const N: i32>(a: __m256i) -> __m256i {
    _mm256_ror_epi32::<N>(a)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn xor512(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
    _mm256_ternarylogic_epi32::<0x96>(a, b, c)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn choose512(e: __m256i, f: __m256i, g: __m256i) -> __m256i {
    _mm256_ternarylogic_epi32::<0xCA>(e, f, g)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn majority512(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
    _mm256_ternarylogic_epi32::<0xE8>(a, b, c)
}

#[inline]
#[target_feature(enable = "avx2")]
fn ror2<const N: i32>(a: __m256i) -> __m256i {
    // The count of a left shift cannot be computed from a constant parameter: the pairs that SHA-256 needs.
    let left = match N {
        2 => _mm256_slli_epi32::<30>(a),
        6 => _mm256_slli_epi32::<26>(a),
        7 => _mm256_slli_epi32::<25>(a),
        11 => _mm256_slli_epi32::<21>(a),
        13 => _mm256_slli_epi32::<19>(a),
        17 => _mm256_slli_epi32::<15>(a),
        18 => _mm256_slli_epi32::<14>(a),
        19 => _mm256_slli_epi32::<13>(a),
        22 => _mm256_slli_epi32::<10>(a),
        _ => _mm256_slli_epi32::<7>(a),
    };
    _mm256_or_si256(_mm256_srli_epi32::<N>(a), left)
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor2(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
    _mm256_xor_si256(_mm256_xor_si256(a, b), c)
}

#[inline]
#[target_feature(enable = "avx2")]
fn choose2(e: __m256i, f: __m256i, g: __m256i) -> __m256i {
    _mm256_xor_si256(g, _mm256_and_si256(e, _mm256_xor_si256(f, g)))
}

#[inline]
#[target_feature(enable = "avx2")]
fn majority2(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
    _mm256_xor_si256(_mm256_and_si256(a, b), _mm256_and_si256(c, _mm256_xor_si256(a, b)))
}

#[cfg(test)]
pub(super) fn all() -> Vec<Wide> {
    let mut found = Vec::new();
    if is_x86_feature_detected!("avx2") {
        found.push(Wide::Avx2);
    }
    if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
        found.push(Wide::Avx512);
    }
    found
}
