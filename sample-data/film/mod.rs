//! A posterior-anterior chest film: projected tissue thickness of an invented thorax, tone curve, noise.

mod anatomy;
mod strokes;

use crate::geometry::blur;
use crate::object::{Exam, Series, seed};
use crate::random::Random;
use yigong_formats::dicom::build::part10;

/// Columns and rows of the film; 0.2 mm a pixel gives 35.2 x 42.8 cm.
pub const SIZE: (usize, usize) = (1760, 2140);
/// Anatomy is computed on a grid of this many pixels a cell and interpolated.
const CELL: usize = 2;

/// What the film shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Nothing abnormal.
    Normal,
    /// Consolidation in the right lower zone.
    Pneumonia,
    /// Coin lesion in the left upper zone.
    Nodule,
    /// Enlarged heart.
    Cardiomegaly,
    /// Blunted left costophrenic angle.
    Effusion,
}

/// A DX (or, with `computed`, CR) image of `exam` as a Part-10 file.
pub fn film(exam: &Exam, finding: Finding, computed: bool) -> Vec<u8> {
    let series = Series {
        modality: if computed { "CR" } else { "DX" },
        sop_class: if computed { "1.2.840.10008.5.1.4.1.1.1" } else { "1.2.840.10008.5.1.4.1.1.1.1" },
        number: 1,
        description: ("胸部正位", "CHEST PA"),
        body_part: "CHEST",
        device: ("Synthetic", "Phantom-DR"),
    };
    let samples = pixels(seed(&exam.seed), finding);
    let mut d = exam.start(&series, 1);
    d.put_text(0x0008_0008, b"CS", "DERIVED\\PRIMARY")
        .put_text(0x0008_0068, b"CS", "FOR PRESENTATION")
        .put_text(0x0018_0060, b"DS", "120")
        .put_text(0x0018_1152, b"IS", "3")
        .put_decimals(0x0018_1164, &[0.2, 0.2])
        .put_text(0x0018_5101, b"CS", "PA")
        .put_text(0x0020_0020, b"CS", "L\\F")
        .put_text(0x0020_0062, b"CS", "U")
        .put_u16(0x0028_0002, &[1])
        .put_text(0x0028_0004, b"CS", "MONOCHROME2")
        .put_u16(0x0028_0010, &[SIZE.1 as u16])
        .put_u16(0x0028_0011, &[SIZE.0 as u16])
        .put_decimals(0x0028_0030, &[0.2, 0.2])
        .put_u16(0x0028_0100, &[16])
        .put_u16(0x0028_0101, &[12])
        .put_u16(0x0028_0102, &[11])
        .put_u16(0x0028_0103, &[0])
        .put_text(0x0028_0301, b"CS", "NO")
        .put_decimals(0x0028_1050, &[2048.0])
        .put_decimals(0x0028_1051, &[4096.0])
        .put_decimals(0x0028_1052, &[0.0])
        .put_decimals(0x0028_1053, &[1.0])
        .put_text(0x0028_1054, b"LO", "US")
        .put_text(0x0028_2110, b"CS", "00")
        .put_text(0x2050_0020, b"CS", "IDENTITY")
        .put_bytes(0x7FE0_0010, b"OW", samples.iter().flat_map(|v| v.to_le_bytes()).collect());
    part10(&d, series.sop_class, &exam.instance_uid(1, 1))
}

/// 12-bit samples, bright = dense.
fn pixels(seed: u64, finding: Finding) -> Vec<u16> {
    let (width, height) = (SIZE.0 / CELL, SIZE.1 / CELL);
    let mut random = Random::new(seed);
    let thickness = anatomy::thickness(width, height, 0.2 * CELL as f32, finding, &mut random);
    // Tone curve, then the mild local contrast every digital film has.
    let tone: Vec<f32> = thickness.iter().map(|t| 1.0 / (1.0 + (-(t - 142.0) / 46.0).exp())).collect();
    let wide = blur(&tone, width, 16, 2);
    let sharp: Vec<f32> = tone.iter().zip(&wide).map(|(t, w)| (t + 0.45 * (t - w)).clamp(0.0, 1.0)).collect();
    let mut out = Vec::with_capacity(SIZE.0 * SIZE.1);
    for y in 0..SIZE.1 {
        for x in 0..SIZE.0 {
            let (fx, fy) = (x as f32 / CELL as f32, y as f32 / CELL as f32);
            let (ix, iy) = ((fx as usize).min(width - 2), (fy as usize).min(height - 2));
            let (ax, ay) = (fx - ix as f32, fy - iy as f32);
            let at = |i: usize, j: usize| sharp[j * width + i];
            let v = (at(ix, iy) * (1.0 - ax) + at(ix + 1, iy) * ax) * (1.0 - ay)
                + (at(ix, iy + 1) * (1.0 - ax) + at(ix + 1, iy + 1) * ax) * ay;
            // Quantum noise grows where few quanta arrive.
            let noise = random.normal() * (6.0 + 26.0 * v * v);
            out.push((60.0 + v * 3900.0 + noise).clamp(0.0, 4095.0) as u16);
        }
    }
    out
}
