//! A chest CT without contrast: 120 slices of 2.5 mm, 512 x 512, signed 16 bit, invented thorax with a small nodule.

mod thorax;

use crate::object::{Exam, Series, seed, uid};
use crate::random::Random;
use thorax::Thorax;
use yigong_formats::dicom::build::part10;

/// Slices of the series.
pub const SLICES: usize = 120;
/// Rows and columns.
pub const SIZE: usize = 512;
/// Pixel spacing, mm.
pub const SPACING: f64 = 0.703_125;
/// Slice thickness and distance, mm.
pub const THICKNESS: f64 = 2.5;

const SOP_CLASS: &str = "1.2.840.10008.5.1.4.1.1.2";

/// The series of one exam; slices are made one at a time.
pub struct Scan {
    exam: Exam,
    thorax: Thorax,
    noise: Vec<f32>,
    nodule: bool,
}

/// Prepares the scan of `exam`, with a 12 mm nodule in the right upper lobe or without.
pub fn scan(exam: &Exam, nodule: bool) -> Scan {
    let mut random = Random::new(seed(&exam.seed));
    let thorax = Thorax::new(&mut random, nodule);
    // One tile of correlated noise; every slice reads it at another place.
    let white: Vec<f32> = (0..SIZE * SIZE).map(|_| random.normal()).collect();
    let noise = (0..SIZE * SIZE)
        .map(|i| {
            let at = |d: usize| white[(i + d) % white.len()];
            9.0 * (0.9 * at(0) + 0.5 * (at(1) + at(SIZE)) + 0.3 * at(SIZE + 1))
        })
        .collect();
    Scan { exam: exam.clone(), thorax, noise, nodule }
}

impl Scan {
    /// Slice `n` (0 = lowest) as a Part-10 file; `None` beyond the last.
    pub fn slice(&self, n: usize) -> Option<Vec<u8>> {
        if n >= SLICES {
            return None;
        }
        let series = Series {
            modality: "CT",
            sop_class: SOP_CLASS,
            number: 2,
            description: ("胸部CT平扫", "CHEST 2.5mm LUNG+MEDIASTINUM"),
            body_part: "CHEST",
            device: ("Synthetic", "Phantom-CT 16"),
        };
        let instance = n as i64 + 1;
        let z = n as f64 * THICKNESS;
        let pixels = self.pixels(n);
        let edge = -(SIZE as f64) / 2.0 * SPACING + SPACING / 2.0;
        let mut d = self.exam.start(&series, instance);
        d.put_text(0x0008_0008, b"CS", "ORIGINAL\\PRIMARY\\AXIAL")
            .put_decimals(0x0018_0050, &[THICKNESS])
            .put_text(0x0018_0060, b"DS", "120")
            .put_decimals(0x0018_0088, &[THICKNESS])
            .put_text(0x0018_1151, b"IS", "180")
            .put_text(0x0018_1210, b"SH", if self.nodule { "B50" } else { "B40" })
            .put_text(0x0018_5100, b"CS", "HFS")
            .put_decimals(0x0020_0032, &[edge, edge, z])
            .put_decimals(0x0020_0037, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
            .put_text(0x0020_0052, b"UI", &uid(&format!("frame of reference {}", self.exam.seed)))
            .put_text(0x0020_1040, b"LO", "")
            .put_decimals(0x0020_1041, &[z])
            .put_u16(0x0028_0002, &[1])
            .put_text(0x0028_0004, b"CS", "MONOCHROME2")
            .put_u16(0x0028_0010, &[SIZE as u16])
            .put_u16(0x0028_0011, &[SIZE as u16])
            .put_decimals(0x0028_0030, &[SPACING, SPACING])
            .put_u16(0x0028_0100, &[16])
            .put_u16(0x0028_0101, &[16])
            .put_u16(0x0028_0102, &[15])
            .put_u16(0x0028_0103, &[1])
            .put_decimals(0x0028_1050, &[40.0, -600.0])
            .put_decimals(0x0028_1051, &[400.0, 1500.0])
            .put_decimals(0x0028_1052, &[-1024.0])
            .put_decimals(0x0028_1053, &[1.0])
            .put_text(0x0028_1054, b"LO", "HU")
            .put_text(0x0028_1055, b"LO", "MEDIASTINUM\\LUNG")
            .put_bytes(0x7FE0_0010, b"OW", pixels.iter().flat_map(|v| v.to_le_bytes()).collect());
        Some(part10(&d, SOP_CLASS, &self.exam.instance_uid(series.number, instance)))
    }

    /// Stored values: Hounsfield units + 1024.
    fn pixels(&self, n: usize) -> Vec<i16> {
        let z = n as f32 * THICKNESS as f32;
        let plane = self.thorax.plane(z);
        let half = SIZE as f32 / 2.0 - 0.5;
        let shift = (n * 7_919 + n * n * 31) % self.noise.len();
        let mut out = Vec::with_capacity(SIZE * SIZE);
        for row in 0..SIZE {
            for column in 0..SIZE {
                let (x, y) = ((column as f32 - half) * SPACING as f32, (row as f32 - half) * SPACING as f32);
                let hu = plane.hounsfield(x, y);
                let k = (row * SIZE + column + shift) % self.noise.len();
                // Fewer quanta reach the middle of the body.
                let weight = if hu < -980.0 { 0.35 } else { 1.35 - (x * x + y * y) / 60_000.0 };
                let v = hu + self.noise[k] * weight;
                out.push((v + 1024.0).clamp(0.0, 3071.0).round() as i16);
            }
        }
        out
    }
}
