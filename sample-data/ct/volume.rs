//! A small phantom of the trunk as one enhanced CT of two points in time, and as single slices with an overlay and a shutter:
//! for cuts through what a viewer cannot show slice by slice. 128 x 128, 80 slices of 2 mm, two markers whose distance is known.

use crate::geometry::smooth;
use crate::object::{Exam, Series, uid};
use yigong_formats::dicom::build::{DataSet, part10};

/// Rows and columns.
pub const SIDE: usize = 128;
/// Slices of each point in time.
pub const PLACES: usize = 80;
/// Pixel spacing, mm.
pub const PIXEL: f64 = 1.25;
/// Distance of the slices, mm.
pub const STEP: f64 = 2.0;
/// Points in time of the enhanced object.
pub const TIMES: usize = 2;
/// Centres of the markers at the first point in time: x, y, z in mm. Both in the coronal plane through row 30; 70 mm apart across
/// and 100 mm along the body: 122.07 mm. At the second the upper one is 20 mm lower: 106.30 mm.
pub const MARKERS: [[f64; 3]; 2] = [[-35.0, -41.875, 30.0], [35.0, -41.875, 130.0]];
const RADIUS: f32 = 5.0;

const ENHANCED: &str = "1.2.840.10008.5.1.4.1.1.2.1";
const SINGLE: &str = "1.2.840.10008.5.1.4.1.1.2";

/// Stored values (Hounsfield units + 1024) of a slice at a point in time, 0 or 1.
fn pixels(place: usize, time: usize) -> Vec<u8> {
    let z = (place as f64 * STEP) as f32;
    let half = SIDE as f32 / 2.0 - 0.5;
    let mut out = Vec::with_capacity(SIDE * SIDE * 2);
    for row in 0..SIDE {
        for column in 0..SIDE {
            let (x, y) = ((column as f32 - half) * PIXEL as f32, (row as f32 - half) * PIXEL as f32);
            let inside = |a: f32, b: f32, x: f32| (x / a).powi(2) + (y / b).powi(2) < 1.0;
            let mut hu = if inside(74.0, 56.0, x) { 40.0 } else { -1000.0 };
            if z > 50.0 && (inside(26.0, 36.0, x - 36.0) || inside(26.0, 36.0, x + 36.0)) {
                hu = -820.0;
            }
            for [mx, my, mz] in markers(time).map(|m| m.map(|v| v as f32)) {
                let far = ((x - mx).powi(2) + (y - my).powi(2) + (z - mz).powi(2)).sqrt();
                hu += (1500.0 - hu) * smooth(RADIUS + 0.5, RADIUS - 0.5, far);
            }
            out.extend(((hu + 1024.0).clamp(0.0, 3071.0).round() as i16).to_le_bytes());
        }
    }
    out
}

/// Where the markers are at a point in time.
fn markers(time: usize) -> [[f64; 3]; 2] {
    let [low, mut high] = MARKERS;
    high[2] -= 20.0 * time as f64;
    [low, high]
}

const EDGE: f64 = -(SIDE as f64) / 2.0 * PIXEL + PIXEL / 2.0;

fn series(sop_class: &'static str, number: i64, text: &'static str) -> Series<'static> {
    Series {
        modality: "CT",
        sop_class,
        number,
        description: ("腹部CT增强", text),
        body_part: "ABDOMEN",
        device: ("Synthetic", "Phantom-CT 16"),
    }
}

fn pixel_module(d: &mut DataSet) {
    d.put_u16(0x0028_0002, &[1])
        .put_text(0x0028_0004, b"CS", "MONOCHROME2")
        .put_u16(0x0028_0010, &[SIDE as u16])
        .put_u16(0x0028_0011, &[SIDE as u16])
        .put_u16(0x0028_0100, &[16])
        .put_u16(0x0028_0101, &[16])
        .put_u16(0x0028_0102, &[15])
        .put_u16(0x0028_0103, &[1]);
}

/// The enhanced CT of `exam`, Part 10: frames run by place, then by time.
pub fn enhanced(exam: &Exam) -> Vec<u8> {
    let series = series(ENHANCED, 1, "ABDOMEN 2 PHASES");
    let item = |fill: &dyn Fn(&mut DataSet)| {
        let mut d = DataSet::new(exam.text);
        fill(&mut d);
        vec![d]
    };
    let shared = item(&|d| {
        let measures = |m: &mut DataSet| {
            m.put_decimals(0x0018_0050, &[STEP]).put_decimals(0x0028_0030, &[PIXEL, PIXEL]);
        };
        let real = |m: &mut DataSet| {
            m.put_decimals(0x0028_1052, &[-1024.0]).put_decimals(0x0028_1053, &[1.0]);
            m.put_text(0x0028_1054, b"LO", "HU");
        };
        d.put_items(0x0020_9116, item(&|o| _ = o.put_decimals(0x0020_0037, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0])))
            .put_items(0x0028_9110, item(&measures))
            .put_items(
                0x0028_9132,
                item(&|w| _ = w.put_decimals(0x0028_1050, &[50.0]).put_decimals(0x0028_1051, &[350.0])),
            )
            .put_items(0x0028_9145, item(&real));
    });
    let mut frames = Vec::new();
    let mut samples = Vec::new();
    for (place, time) in (0..PLACES).flat_map(|place| (0..TIMES).map(move |time| (place, time))) {
        let (stack, at) = ((place + 1) as u32, (time + 1) as u32);
        let index = [at, stack].iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        let content = |c: &mut DataSet| {
            c.put_text(0x0020_9056, b"SH", "1").put_u32(0x0020_9057, stack).put_u32(0x0020_9128, at);
            c.put_bytes(0x0020_9157, b"UL", index.clone());
        };
        frames.extend(item(&|f| {
            let position = item(&|p| _ = p.put_decimals(0x0020_0032, &[EDGE, EDGE, place as f64 * STEP]));
            f.put_items(0x0020_9111, item(&content)).put_items(0x0020_9113, position);
        }));
        samples.extend(pixels(place, time));
    }
    let dimensions = [0x0020_9128_u32, 0x0020_9057].map(|pointer| {
        let at = |tag: u32| {
            [(tag >> 16) as u16, tag as u16].iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>()
        };
        item(&|d| {
            _ = d.put_bytes(0x0020_9165, b"AT", at(pointer)).put_bytes(0x0020_9167, b"AT", at(0x0020_9111))
        })
    });
    let mut d = exam.start(&series, 1);
    d.put_text(0x0008_0008, b"CS", "ORIGINAL\\PRIMARY\\VOLUME\\NONE")
        .put_text(0x0020_0052, b"UI", &uid(&format!("frame of reference {}", exam.seed)))
        .put_items(0x0020_9222, dimensions.into_iter().flatten().collect())
        .put_integer(0x0028_0008, (PLACES * TIMES) as i64)
        .put_items(0x5200_9229, shared)
        .put_items(0x5200_9230, frames)
        .put_bytes(0x7FE0_0010, b"OW", samples);
    pixel_module(&mut d);
    part10(&d, ENHANCED, &exam.instance_uid(series.number, 1))
}

/// Slice `place` of the first point in time as a single image with a frame drawn in an overlay and a round shutter, Part 10.
pub fn covered(exam: &Exam, place: usize) -> Vec<u8> {
    let series = series(SINGLE, 1, "ABDOMEN WITH OVERLAY");
    let number = place as i64 + 1;
    let mut bits = vec![0u8; SIDE * SIDE / 8];
    for k in 20..SIDE - 20 {
        for (x, y) in [(k, 20), (k, SIDE - 21), (20, k), (SIDE - 21, k)] {
            let at = y * SIDE + x;
            bits[at / 8] |= 1 << (at % 8);
        }
    }
    let mut d = exam.start(&series, number);
    d.put_text(0x0008_0008, b"CS", "ORIGINAL\\PRIMARY\\AXIAL")
        .put_decimals(0x0018_0050, &[STEP])
        .put_text(0x0018_1600, b"CS", "CIRCULAR")
        .put_text(0x0018_1610, b"IS", "64\\64")
        .put_text(0x0018_1612, b"IS", "60")
        .put_decimals(0x0020_0032, &[EDGE, EDGE, place as f64 * STEP])
        .put_decimals(0x0020_0037, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
        .put_text(0x0020_0052, b"UI", &uid(&format!("frame of reference {}", exam.seed)))
        .put_decimals(0x0028_0030, &[PIXEL, PIXEL])
        .put_decimals(0x0028_1050, &[50.0])
        .put_decimals(0x0028_1051, &[350.0])
        .put_decimals(0x0028_1052, &[-1024.0])
        .put_decimals(0x0028_1053, &[1.0])
        .put_text(0x0028_1054, b"LO", "HU")
        .put_u16(0x6000_0010, &[SIDE as u16])
        .put_u16(0x6000_0011, &[SIDE as u16])
        .put_text(0x6000_0040, b"CS", "G")
        .put_bytes(0x6000_0050, b"SS", [1i16, 1].iter().flat_map(|v| v.to_le_bytes()).collect())
        .put_u16(0x6000_0100, &[1])
        .put_u16(0x6000_0102, &[0])
        .put_bytes(0x6000_3000, b"OW", bits)
        .put_bytes(0x7FE0_0010, b"OW", pixels(place, 0));
    pixel_module(&mut d);
    part10(&d, SINGLE, &exam.instance_uid(series.number, number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::county::person;
    use yigong_formats::dicom::build::TextSet;
    use yigong_formats::dicom::{SliceSource, header};

    fn exam() -> Exam {
        let at = ("20261124".into(), "081500".into());
        Exam {
            seed: "v".into(),
            person: person("C01", 1),
            accession: String::new(),
            at,
            text: TextSet::Gb18030,
        }
    }

    #[test]
    fn the_enhanced_object_says_place_and_time_of_every_frame() {
        let file = enhanced(&exam());
        let read = header(&mut SliceSource(&file), None).unwrap();
        let frames = &read.image.varying.frames;
        assert_eq!((frames.len(), read.frames.count()), (PLACES * TIMES, PLACES * TIMES));
        assert_eq!(read.defects.slugs(), [""; 0], "nothing is wrong with it");
        for (n, f) in frames.iter().enumerate() {
            assert_eq!(f.position, [EDGE, EDGE, (n / TIMES) as f64 * STEP]);
            assert_eq!(
                (f.set.as_str(), &f.pixel_spacing[..]),
                (frames[n % TIMES].set.as_str(), &[PIXEL, PIXEL][..])
            );
        }
        assert_ne!(frames[0].set, frames[1].set);
    }

    #[test]
    fn covered_slices_ask_to_be_drawn() {
        let file = covered(&exam(), 3);
        let read = header(&mut SliceSource(&file), None).unwrap();
        assert_eq!(read.image.beyond, ["overlay", "shutter"]);
        let far = MARKERS[0].iter().zip(MARKERS[1]).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        assert!((far - 122.07).abs() < 0.01);
    }
}
