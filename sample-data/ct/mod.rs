//! A chest CT without contrast, 512 x 512, signed 16 bit, invented thorax with a small nodule: 120 slices of 2.5 mm, or 200
//! of 1.5 mm with two markers on the skin whose distance is known.

mod thorax;
pub mod volume;

use crate::geometry::smooth;
use crate::object::{Exam, Series, seed, uid};
use crate::random::Random;
use thorax::Thorax;
use yigong_formats::dicom::build::part10;

/// Slices of the usual series.
pub const SLICES: usize = 120;
/// Slices of the thin series.
pub const THIN_SLICES: usize = 200;
/// Rows and columns.
pub const SIZE: usize = 512;
/// Pixel spacing, mm.
pub const SPACING: f64 = 0.703_125;
/// Slice thickness and distance of the usual series, mm.
pub const THICKNESS: f64 = 2.5;
/// The same of the thin series, mm.
pub const THIN: f64 = 1.5;
/// Centres of the skin markers of the thin series: x, y, z in the frame of the slices, mm. In one coronal plane, 140 mm apart
/// across and 140 mm along the body: 197.99 mm.
pub const MARKERS: [[f64; 3]; 2] = [[-70.0, -107.93, 60.0], [70.0, -107.93, 200.0]];
/// Radius of a marker, mm.
pub const MARKER_RADIUS: f64 = 3.0;
const MARKER_HU: f32 = 1500.0;

const SOP_CLASS: &str = "1.2.840.10008.5.1.4.1.1.2";

/// The series of one exam; slices are made one at a time.
pub struct Scan {
    exam: Exam,
    thorax: Thorax,
    noise: Vec<f32>,
    nodule: bool,
    thin: bool,
}

/// Prepares the scan of `exam`, with a 12 mm nodule in the right upper lobe or without.
pub fn scan(exam: &Exam, nodule: bool) -> Scan {
    prepare(exam, nodule, false)
}

/// Prepares the thin scan of `exam`: 200 slices, the nodule, two skin markers.
pub fn thin(exam: &Exam) -> Scan {
    prepare(exam, true, true)
}

fn prepare(exam: &Exam, nodule: bool, thin: bool) -> Scan {
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
    Scan { exam: exam.clone(), thorax, noise, nodule, thin }
}

impl Scan {
    /// Slices and their distance, mm.
    fn grid(&self) -> (usize, f64) {
        if self.thin { (THIN_SLICES, THIN) } else { (SLICES, THICKNESS) }
    }

    /// Slice `n` (0 = lowest) as a Part-10 file; `None` beyond the last.
    pub fn slice(&self, n: usize) -> Option<Vec<u8>> {
        let (slices, thickness) = self.grid();
        if n >= slices {
            return None;
        }
        let series = Series {
            modality: "CT",
            sop_class: SOP_CLASS,
            number: 2,
            description: (
                "胸部CT平扫",
                if self.thin { "CHEST 1.5mm THIN" } else { "CHEST 2.5mm LUNG+MEDIASTINUM" },
            ),
            body_part: "CHEST",
            device: ("Synthetic", "Phantom-CT 16"),
        };
        let instance = n as i64 + 1;
        let z = n as f64 * thickness;
        let pixels = self.pixels(n);
        let edge = -(SIZE as f64) / 2.0 * SPACING + SPACING / 2.0;
        let mut d = self.exam.start(&series, instance);
        d.put_text(0x0008_0008, b"CS", "ORIGINAL\\PRIMARY\\AXIAL")
            .put_decimals(0x0018_0050, &[thickness])
            .put_text(0x0018_0060, b"DS", "120")
            .put_decimals(0x0018_0088, &[thickness])
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
        let z = n as f32 * self.grid().1 as f32;
        let plane = self.thorax.plane(z);
        let half = SIZE as f32 / 2.0 - 0.5;
        let shift = (n * 7_919 + n * n * 31) % self.noise.len();
        let mut out = Vec::with_capacity(SIZE * SIZE);
        for row in 0..SIZE {
            for column in 0..SIZE {
                let (x, y) = ((column as f32 - half) * SPACING as f32, (row as f32 - half) * SPACING as f32);
                let mut hu = plane.hounsfield(x, y);
                if self.thin {
                    hu = marker(x, y, z, hu);
                }
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

/// The value at a point with the skin markers laid over it.
fn marker(x: f32, y: f32, z: f32, hu: f32) -> f32 {
    let mut value = hu;
    for [mx, my, mz] in MARKERS.map(|m| m.map(|v| v as f32)) {
        let far = ((x - mx).powi(2) + (y - my).powi(2) + (z - mz).powi(2)).sqrt();
        let share = smooth(MARKER_RADIUS as f32 + 0.5, MARKER_RADIUS as f32 - 0.5, far);
        value += (MARKER_HU - value) * share;
    }
    value
}
