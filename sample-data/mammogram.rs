//! A screening mammogram in four views: compressed breast of invented outline and texture, 12 bit, ready for presentation.

use crate::geometry::{Point, blur, smooth, to_segment};
use crate::object::{Exam, Series, seed};
use crate::random::Random;
use yigong_formats::dicom::build::part10;

/// Columns and rows; 0.1 mm a pixel at the detector gives 12 x 16 cm.
pub const SIZE: (usize, usize) = (1200, 1600);
/// Detector elements, mm.
const SPACING: f64 = 0.1;
/// How much larger the breast is shown than it is (PS3.3 §C.8.7.1.1).
const MAGNIFICATION: f64 = 1.05;
/// Texture is computed on a grid of this many pixels a cell.
const CELL: usize = 4;
const SOP_CLASS: &str = "1.2.840.10008.5.1.4.1.1.1.2";

/// Side, view, patient orientation: chest walls face each other when right and left hang side by side.
const VIEWS: [(&str, &str, &str); 4] =
    [("R", "CC", "P\\L"), ("L", "CC", "A\\R"), ("R", "MLO", "P\\FL"), ("L", "MLO", "A\\FR")];

/// The four views as Part-10 files with their names (`RCC`, `LCC`, `RMLO`, `LMLO`).
pub fn views(exam: &Exam) -> Vec<(String, Vec<u8>)> {
    VIEWS
        .iter()
        .enumerate()
        .map(|(n, (side, view, orientation))| {
            (format!("{side}{view}"), film(exam, n as i64 + 1, side, view, orientation))
        })
        .collect()
}

fn film(exam: &Exam, n: i64, side: &str, view: &str, orientation: &str) -> Vec<u8> {
    let name = format!("{side} {view}");
    let series = Series {
        modality: "MG",
        sop_class: SOP_CLASS,
        number: n,
        description: ("双乳钼靶", &name),
        body_part: "BREAST",
        device: ("Synthetic", "Phantom-MG"),
    };
    let samples = pixels(seed(&exam.seed).wrapping_add(n as u64), side == "R", view == "MLO");
    let mut d = exam.start(&series, n);
    d.put_text(0x0008_0008, b"CS", "DERIVED\\PRIMARY")
        .put_text(0x0008_0068, b"CS", "FOR PRESENTATION")
        .put_text(0x0018_0060, b"DS", "29")
        .put_decimals(0x0018_1114, &[MAGNIFICATION])
        .put_text(0x0018_1152, b"IS", "80")
        .put_decimals(0x0018_1164, &[SPACING, SPACING])
        .put_text(0x0018_5101, b"CS", view)
        .put_text(0x0020_0020, b"CS", orientation)
        .put_text(0x0020_0062, b"CS", side)
        .put_u16(0x0028_0002, &[1])
        .put_text(0x0028_0004, b"CS", "MONOCHROME2")
        .put_u16(0x0028_0010, &[SIZE.1 as u16])
        .put_u16(0x0028_0011, &[SIZE.0 as u16])
        .put_u16(0x0028_0100, &[16])
        .put_u16(0x0028_0101, &[12])
        .put_u16(0x0028_0102, &[11])
        .put_u16(0x0028_0103, &[0])
        .put_text(0x0028_0301, b"CS", "NO")
        .put_decimals(0x0028_1050, &[2000.0])
        .put_decimals(0x0028_1051, &[3600.0])
        .put_decimals(0x0028_1052, &[0.0])
        .put_decimals(0x0028_1053, &[1.0])
        .put_text(0x0028_1054, b"LO", "US")
        .put_text(0x0028_2110, b"CS", "00")
        .put_text(0x2050_0020, b"CS", "IDENTITY")
        .put_bytes(0x7FE0_0010, b"OW", samples.iter().flat_map(|v| v.to_le_bytes()).collect());
    part10(&d, SOP_CLASS, &exam.instance_uid(n, n))
}

/// What one breast is made of, in cells from the chest wall (x) and from the top (y).
struct Breast {
    oblique: bool,
    texture: Vec<f32>,
    strands: Vec<(Point, Point, f32)>,
    width: usize,
}

impl Breast {
    fn new(seed: u64, oblique: bool) -> Self {
        let mut random = Random::new(seed);
        let (width, height) = (SIZE.0 / CELL, SIZE.1 / CELL);
        let mut white = || (0..width * height).map(|_| random.normal()).collect::<Vec<f32>>();
        // Clouds of three sizes: lobes, lobules, threads.
        let layers = [(white(), 20, 42.0), (white(), 8, 17.0), (white(), 3, 6.0), (white(), 1, 2.2)];
        let mut texture = vec![0.0; width * height];
        for (noise, radius, gain) in layers {
            for (out, v) in texture.iter_mut().zip(blur(&noise, width, radius, 2)) {
                *out += v * gain * 0.35;
            }
        }
        let mut strands = Vec::new();
        let nipple = (200.0, if oblique { 235.0 } else { 200.0 });
        for k in 0..46 {
            let turn = -1.05 + 2.1 * k as f32 / 45.0 + random.between(-0.05, 0.05);
            let mut at = (nipple.0 - 14.0, nipple.1);
            let mut way = turn;
            for step in 0..7 {
                let length = random.between(14.0, 26.0);
                let to = (at.0 - length * way.cos(), at.1 + length * way.sin());
                strands.push((at, to, 1.5 - 0.16 * step as f32));
                at = to;
                way += random.between(-0.28, 0.28);
            }
        }
        Self { oblique, texture, strands, width }
    }

    /// Distance inside the skin (above 0) at a cell, in cells.
    fn depth(&self, x: f32, y: f32) -> f32 {
        let middle = if self.oblique { 225.0 } else { 200.0 };
        let (a, b) = (205.0, if y < middle { middle - 22.0 } else { 378.0 - middle });
        let q = ((x / a).abs().powf(2.1) + ((y - middle) / b).abs().powf(2.1)).powf(1.0 / 2.1);
        (1.0 - q) * a.min(b)
    }

    /// Attenuation 0..1.
    fn dense(&self, x: f32, y: f32) -> f32 {
        let depth = self.depth(x, y);
        if depth <= 0.0 {
            return 0.0;
        }
        let at = |dx: i32| {
            let i = (y as usize).min(SIZE.1 / CELL - 1) * self.width
                + ((x as i32 + dx).clamp(0, self.width as i32 - 1)) as usize;
            self.texture[i]
        };
        // Compression: even thickness inside, thin at the rim; the skin line is a little brighter.
        let thick = smooth(-6.0, 30.0, depth);
        let skin = 0.16 * smooth(0.0, 1.0, depth) * smooth(4.5, 2.0, depth);
        let cone = smooth(14.0, 70.0, depth) * (0.45 + 0.55 * smooth(10.0, 70.0, x));
        let gland = (0.26 + 0.30 * at(0)).clamp(0.02, 0.8) * cone;
        let mut v = thick * (0.17 + gland) + skin;
        let mut strand: f32 = 0.0;
        for (a, b, r) in &self.strands {
            if x < a.0.min(b.0) - 3.0 || x > a.0.max(b.0) + 3.0 || (y - a.1).abs() > 32.0 {
                continue;
            }
            strand = strand.max(r * smooth(r + 0.9, r - 0.6, to_segment((x, y), *a, *b).0));
        }
        v += 0.045 * strand * thick * (0.6 + 0.4 * at(1));
        if self.oblique {
            // The pectoral muscle: a wedge from the upper corner at the chest wall.
            let edge = 92.0 - 0.40 * y + 5.0 * (y * 0.02).sin();
            let muscle = 0.66 + 0.03 * at(0) + 0.03 * (y * 0.11 + x * 0.05).sin();
            v = v.max(
                muscle
                    * smooth(edge + 5.0, edge - 9.0, x)
                    * smooth(236.0, 196.0, y)
                    * smooth(0.0, 5.0, depth),
            );
        }
        v
    }
}

fn pixels(seed: u64, right: bool, oblique: bool) -> Vec<u16> {
    let breast = Breast::new(seed, oblique);
    let (width, height) = (SIZE.0 / CELL, SIZE.1 / CELL);
    let grid: Vec<f32> =
        (0..width * height).map(|i| breast.dense((i % width) as f32, (i / width) as f32)).collect();
    let mut random = Random::new(seed ^ 0x4D47);
    let mut out = Vec::with_capacity(SIZE.0 * SIZE.1);
    for y in 0..SIZE.1 {
        for x in 0..SIZE.0 {
            // Right breast: the chest wall is the right edge of the image.
            let from_wall = if right { SIZE.0 - 1 - x } else { x };
            let (fx, fy) = (from_wall as f32 / CELL as f32, y as f32 / CELL as f32);
            let (ix, iy) = ((fx as usize).min(width - 2), (fy as usize).min(height - 2));
            let (ax, ay) = (fx - ix as f32, fy - iy as f32);
            let at = |i: usize, j: usize| grid[j * width + i];
            let v = (at(ix, iy) * (1.0 - ax) + at(ix + 1, iy) * ax) * (1.0 - ay)
                + (at(ix, iy + 1) * (1.0 - ax) + at(ix + 1, iy + 1) * ax) * ay;
            let noise = random.normal() * (4.0 + 40.0 * v);
            out.push((150.0 + v * 3500.0 + noise).clamp(0.0, 4095.0) as u16);
        }
    }
    out
}
