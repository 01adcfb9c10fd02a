//! An ultrasound screen with two calibrated regions: a vessel along its length in 2D, and the Doppler trace of its flow.

use crate::geometry::{blur, smooth};
use crate::object::{Exam, Series, seed};
use crate::random::Random;
use yigong_formats::dicom::build::{DataSet, part10};

/// Columns and rows.
pub const SIZE: (usize, usize) = (800, 600);
/// The 2D region: left, top, right, bottom pixel, and centimetres a pixel.
pub const TISSUE: [u32; 4] = [100, 40, 699, 309];
/// Centimetres a pixel of the 2D region.
pub const CM: f64 = 0.0125;
/// The spectral region: left, top, right, bottom pixel.
pub const TRACE: [u32; 4] = [60, 340, 739, 579];
/// Seconds a pixel of the trace.
pub const SECONDS: f64 = 0.005;
/// Centimetres a second a pixel of the trace (rows run downwards).
pub const VELOCITY: f64 = -0.5;
/// Row of zero flow in the trace, from its top.
const BASE: i32 = 200;

/// The screen of `exam` as a Part-10 file.
pub fn doppler(exam: &Exam) -> Vec<u8> {
    let series = Series {
        modality: "US",
        sop_class: "1.2.840.10008.5.1.4.1.1.6.1",
        number: 1,
        description: ("颈动脉超声", "CCA DUPLEX"),
        body_part: "NECK",
        device: ("Synthetic", "Phantom-US"),
    };
    let region = |format: u16, data: u16, bounds: [u32; 4], units: [u16; 2], delta: [f64; 2]| {
        let mut r = DataSet::new(exam.text);
        r.put_u16(0x0018_6012, &[format])
            .put_u16(0x0018_6014, &[data])
            .put_u32(0x0018_6016, 0)
            .put_u32(0x0018_6018, bounds[0])
            .put_u32(0x0018_601A, bounds[1])
            .put_u32(0x0018_601C, bounds[2])
            .put_u32(0x0018_601E, bounds[3])
            .put_i32(0x0018_6020, 0)
            .put_i32(0x0018_6022, if format == 3 { BASE } else { 0 })
            .put_u16(0x0018_6024, &[units[0]])
            .put_u16(0x0018_6026, &[units[1]])
            .put_f64(0x0018_602C, delta[0])
            .put_f64(0x0018_602E, delta[1]);
        r
    };
    let regions = vec![
        region(1, 1, TISSUE, [3, 3], [CM, CM]),
        // PS3.3 §C.8.5.5: spectral, pulsed-wave Doppler, seconds across and cm/s up.
        region(3, 3, TRACE, [4, 7], [SECONDS, VELOCITY]),
    ];
    let mut d = exam.start(&series, 1);
    d.put_text(0x0008_0008, b"CS", "ORIGINAL\\PRIMARY")
        .put_items(0x0018_6011, regions)
        .put_u16(0x0028_0002, &[1])
        .put_text(0x0028_0004, b"CS", "MONOCHROME2")
        .put_u16(0x0028_0010, &[SIZE.1 as u16])
        .put_u16(0x0028_0011, &[SIZE.0 as u16])
        .put_u16(0x0028_0100, &[8])
        .put_u16(0x0028_0101, &[8])
        .put_u16(0x0028_0102, &[7])
        .put_u16(0x0028_0103, &[0])
        .put_text(0x0028_2110, b"CS", "00")
        .put_bytes(0x7FE0_0010, b"OB", pixels(seed(&exam.seed)));
    part10(&d, series.sop_class, &exam.instance_uid(1, 1))
}

fn pixels(seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let (width, height) = SIZE;
    let white: Vec<f32> = (0..width * height).map(|_| random.normal()).collect();
    let grain = blur(&white, width, 1, 1);
    let coarse = blur(&white, width, 6, 2);
    let mut out = vec![0u8; width * height];
    for y in 0..height {
        for x in 0..width {
            let k = y * width + x;
            let v = if inside(TISSUE, x, y) {
                tissue((x as f32 - 400.0, y as f32 - TISSUE[1] as f32), grain[k], coarse[k])
            } else if inside(TRACE, x, y) {
                trace(x as f32 - TRACE[0] as f32, y as f32 - TRACE[1] as f32, white[k])
            } else {
                ruler(x, y)
            };
            out[k] = v.clamp(0.0, 255.0) as u8;
        }
    }
    out
}

fn inside(r: [u32; 4], x: usize, y: usize) -> bool {
    (r[0] as usize..=r[2] as usize).contains(&x) && (r[1] as usize..=r[3] as usize).contains(&y)
}

/// Muscle, the two walls of the vessel with their bright lines, dark blood.
fn tissue((x, y): (f32, f32), grain: f32, coarse: f32) -> f32 {
    let middle = 140.0 + 9.0 * (x / 260.0).sin();
    let off = (y - middle).abs();
    let layers = 0.75 + 0.25 * (y * 0.23 + x * 0.012).sin();
    let mut v = (58.0 + 38.0 * coarse * 6.0) * layers;
    v = v * (1.0 - smooth(26.0, 21.0, off)) + 7.0 * smooth(26.0, 21.0, off);
    v += 120.0 * smooth(3.2, 0.8, (off - 25.0).abs()) + 70.0 * smooth(2.2, 0.6, (off - 31.0).abs());
    // Echoes behind the fluid are stronger, depth takes its share.
    let behind = if y > middle + 30.0 { 1.25 } else { 1.0 };
    v * behind * (1.1 - 0.0016 * y) * (0.62 + 0.55 * (grain * 2.4).abs())
}

/// Flow over time: steep rise, early fall, slow run-off, each 0.85 s.
fn trace(x: f32, y: f32, white: f32) -> f32 {
    let seconds = x * SECONDS as f32;
    let phase = (seconds / 0.85).fract();
    let peak = 24.0
        + 62.0 * smooth(0.02, 0.12, phase) * smooth(0.42, 0.16, phase)
        + 16.0 * smooth(0.40, 0.48, phase) * smooth(0.98, 0.50, phase);
    let speed = (y - BASE as f32) * VELOCITY as f32;
    if (y - BASE as f32).abs() < 0.6 {
        return 190.0;
    }
    if speed < 0.0 || speed > peak {
        return 6.0 * white.abs();
    }
    // Most cells move near the peak: the band is brightest there.
    let near = smooth(0.35, 0.95, speed / peak);
    (40.0 + 150.0 * near) * (0.55 + 0.5 * white.abs())
}

/// Depth marks every centimetre beside the 2D region, velocity marks every 20 cm/s beside the trace.
fn ruler(x: usize, y: usize) -> f32 {
    let every = |from: u32, step: f64, length: usize| {
        y >= from as usize
            && ((y - from as usize) as f64 / step).fract() < 1.0 / step
            && (706..706 + length).contains(&x)
    };
    let depth = y <= TISSUE[3] as usize && every(TISSUE[1], 1.0 / CM, 9);
    let speed = y >= TRACE[1] as usize
        && y <= TRACE[3] as usize
        && (744..752).contains(&x)
        && (y as i32 - TRACE[1] as i32 - BASE) % 40 == 0;
    if depth || speed { 200.0 } else { 0.0 }
}
