//! An ultrasound cine: four-chamber view of a beating heart in a sector, 20 frames, 8 bit, calibrated region.

use crate::geometry::{blur, smooth};
use crate::object::{Exam, Series, seed};
use crate::random::Random;
use std::f32::consts::TAU;
use yigong_formats::dicom::build::{DataSet, part10};

/// Columns, rows, frames.
pub const SIZE: (usize, usize, usize) = (640, 480, 20);
/// Time between frames, ms: 20 frames show one beat of 0.8 s.
pub const FRAME_MS: f64 = 40.0;
/// Centimetres a pixel.
const CM: f64 = 0.035;
const APEX: (f32, f32) = (320.0, 34.0);
const REACH: f32 = 420.0;

/// The cine of `exam` as a Part-10 file.
pub fn cine(exam: &Exam) -> Vec<u8> {
    let series = Series {
        modality: "US",
        sop_class: "1.2.840.10008.5.1.4.1.1.3.1",
        number: 1,
        description: ("心脏超声", "APICAL FOUR CHAMBER"),
        body_part: "HEART",
        device: ("Synthetic", "Phantom-US"),
    };
    let mut region = DataSet::new(exam.text);
    region
        .put_u16(0x0018_6012, &[1])
        .put_u16(0x0018_6014, &[1])
        .put_u32(0x0018_6016, 0)
        .put_u32(0x0018_6018, 60)
        .put_u32(0x0018_601A, 20)
        .put_u32(0x0018_601C, 580)
        .put_u32(0x0018_601E, 460)
        .put_i32(0x0018_6020, 260)
        .put_i32(0x0018_6022, 14)
        .put_u16(0x0018_6024, &[3])
        .put_u16(0x0018_6026, &[3])
        .put_f64(0x0018_602C, CM)
        .put_f64(0x0018_602E, CM);
    let (width, height, frames) = SIZE;
    let mut d = exam.start(&series, 1);
    d.put_text(0x0008_0008, b"CS", "ORIGINAL\\PRIMARY")
        .put_text(0x0008_2144, b"IS", "25")
        .put_text(0x0018_1063, b"DS", &format!("{FRAME_MS}"))
        .put_text(0x0018_0040, b"IS", "25")
        .put_items(0x0018_6011, vec![region])
        .put_u16(0x0028_0002, &[1])
        .put_text(0x0028_0004, b"CS", "MONOCHROME2")
        .put_integer(0x0028_0008, frames as i64)
        .put_bytes(0x0028_0009, b"AT", vec![0x18, 0x00, 0x63, 0x10])
        .put_u16(0x0028_0010, &[height as u16])
        .put_u16(0x0028_0011, &[width as u16])
        .put_u16(0x0028_0100, &[8])
        .put_u16(0x0028_0101, &[8])
        .put_u16(0x0028_0102, &[7])
        .put_u16(0x0028_0103, &[0])
        .put_text(0x0028_2110, b"CS", "00")
        .put_bytes(0x7FE0_0010, b"OB", pixels(seed(&exam.seed)));
    part10(&d, series.sop_class, &exam.instance_uid(1, 1))
}

fn pixels(seed: u64) -> Vec<u8> {
    let (width, height, frames) = SIZE;
    let mut random = Random::new(seed);
    // Speckle lives in beam coordinates: fine in depth, wide across.
    let (rays, depths) = (256, 420);
    let white: Vec<f32> = (0..rays * depths).map(|_| random.normal()).collect();
    let speckle: Vec<f32> = blur(&white, rays, 1, 1).iter().map(|v| (v * 2.6).abs()).collect();
    let mut out = Vec::with_capacity(width * height * frames);
    for frame in 0..frames {
        let phase = frame as f32 / frames as f32;
        // 0 relaxed, 1 contracted.
        let squeeze = (0.5 - 0.5 * (TAU * phase).cos()).powf(0.8);
        for y in 0..height {
            for x in 0..width {
                let (dx, dy) = (x as f32 - APEX.0, y as f32 - APEX.1);
                let (r, a) = ((dx * dx + dy * dy).sqrt(), dx.atan2(dy));
                let sector =
                    smooth(0.66, 0.645, a.abs()) * smooth(REACH + 1.0, REACH - 1.0, r) * smooth(8.0, 14.0, r);
                let mut v = 0.0;
                if sector > 0.0 {
                    let k = (((a + 0.7) / 1.4 * 255.0) as usize).min(rays - 1)
                        + ((r as usize).min(depths - 1)) * rays;
                    let grain = speckle[k] * 0.8 + 0.2 * speckle[(k * 7 + frame * 913) % speckle.len()];
                    let gain = 1.0 - 0.45 * (r / REACH);
                    v = (echo(dx, dy, squeeze, phase) * grain * gain * 260.0 + 5.0) * sector;
                }
                if x > 600 && x < 616 && (60..=420).contains(&y) {
                    v = 255.0 * (1.0 - (y as f32 - 60.0) / 360.0);
                }
                // Depth marks every centimetre, long every five.
                let depth = (y as f32 - APEX.1) * CM as f32;
                let near = (depth - depth.round()).abs() * 1.0 / CM as f32;
                if depth > -0.01
                    && near < 0.55
                    && depth < 12.1
                    && x > 582
                    && x < if depth.round() as i32 % 5 == 0 { 594 } else { 588 }
                {
                    v = 210.0;
                }
                out.push(v.clamp(0.0, 255.0) as u8);
            }
        }
    }
    out
}

/// Echo strength at a point below the probe.
fn echo(dx: f32, dy: f32, squeeze: f32, phase: f32) -> f32 {
    let ellipse =
        |cx: f32, cy: f32, rx: f32, ry: f32| (((dx - cx) / rx).powi(2) + ((dy - cy) / ry).powi(2)).sqrt();
    let outer = ellipse(0.0, 205.0, 152.0, 178.0);
    let mut v = 0.34 + 0.22 * smooth(1.0, 1.15, outer);
    v = v.max(0.9 * (1.0 - ((outer - 1.02).abs() / 0.035).min(1.0)));
    if outer < 1.0 {
        v = 0.62;
    }
    let left = ellipse(58.0, 155.0, 55.0 - 17.0 * squeeze, 108.0 - 16.0 * squeeze);
    let right = ellipse(-66.0, 172.0, 42.0 - 10.0 * squeeze, 90.0 - 14.0 * squeeze);
    let left_atrium = ellipse(60.0, 315.0 - 6.0 * squeeze, 46.0 + 7.0 * squeeze, 40.0 + 8.0 * squeeze);
    let right_atrium = ellipse(-60.0, 312.0 - 6.0 * squeeze, 44.0 + 6.0 * squeeze, 40.0 + 6.0 * squeeze);
    for chamber in [left, right, left_atrium, right_atrium] {
        v *= 0.05 + 0.95 * smooth(0.93, 1.03, chamber);
    }
    // Valve leaflets: closed while the heart contracts.
    let open = (TAU * (phase + 0.5)).cos().max(0.0);
    let plane = 262.0 - 12.0 * squeeze;
    for (centre, half) in [(59.0, 42.0), (-62.0, 38.0)] {
        for side in [-1.0f32, 1.0] {
            let root = (centre + side * half, plane);
            let tip = (centre + side * half * 0.42 * open, plane - 34.0 * open - 2.0);
            let d = crate::geometry::to_segment((dx, dy), root, tip).0;
            v = v.max(1.25 * smooth(4.0, 1.5, d));
        }
    }
    v
}
