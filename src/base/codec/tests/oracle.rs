//! Frames encoded by DCMTK decode to the same samples (skipped, loudly, where DCMTK is not installed).

use std::path::{Path, PathBuf};

use super::*;

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn run(program: &str, arguments: &[&str]) -> bool {
    #[expect(clippy::disallowed_methods, reason = "tests ask other people's programs")]
    let status = std::process::Command::new(program).args(arguments).status();
    status.is_ok_and(|s| s.success())
}

/// Has DCMTK encode `samples`; answers the codestream.
fn encoded(name: &str, shape: &Shape, samples: &[u8], program: &str, options: &[&str]) -> Option<Vec<u8>> {
    let folder = Folder(std::env::temp_dir().join(format!("yigong-codec-{name}-{}", std::process::id())));
    std::fs::create_dir_all(&folder.0).unwrap();
    let path = |file: &str| folder.0.join(file).to_str().unwrap().to_owned();
    std::fs::write(path("pixels"), samples).unwrap();
    std::fs::write(path("dump"), dump(shape, Path::new(&path("pixels")))).unwrap();
    if !run("dump2dcm", &["+te", &path("dump"), &path("plain.dcm")]) {
        println!("SKIPPED: dcmtk is not installed");
        return None;
    }
    let files = [path("plain.dcm"), path("coded.dcm")];
    let arguments = [options, &[&files[0], &files[1]]].concat();
    assert!(run(program, &arguments), "{program} {options:?}");
    Some(fragments(&std::fs::read(&files[1]).unwrap()))
}

fn dump(shape: &Shape, pixels: &Path) -> String {
    let vr = if shape.bits_allocated == 8 { "OB" } else { "OW" };
    let planar = if shape.samples > 1 { "(0028,0006) US 0\n" } else { "" };
    format!(
        "(0008,0016) UI =SecondaryCaptureImageStorage\n(0008,0018) UI [1.2.3.4]\n(0020,000d) UI [1.2.3]\n\
         (0020,000e) UI [1.2.3.1]\n(0028,0002) US {}\n(0028,0004) CS [{}]\n{planar}(0028,0010) US {}\n(0028,0011) US {}\n\
         (0028,0100) US {}\n(0028,0101) US {}\n(0028,0102) US {}\n(0028,0103) US {}\n(7fe0,0010) {vr} ={}\n",
        shape.samples,
        shape.photometric,
        shape.rows,
        shape.cols,
        shape.bits_allocated,
        shape.bits_stored,
        shape.high_bit,
        u8::from(shape.signed),
        pixels.display(),
    )
}

/// All fragments of the one frame in an encapsulated file.
fn fragments(file: &[u8]) -> Vec<u8> {
    let mark = b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff";
    let start = file.windows(mark.len()).position(|w| w == mark).unwrap() + mark.len();
    let mut rest = &file[start..];
    let mut items = Vec::new();
    while rest.starts_with(b"\xfe\xff\x00\xe0") {
        let length = u32::from_le_bytes(rest[4..8].try_into().unwrap()) as usize;
        items.push(&rest[8..8 + length]);
        rest = &rest[8 + length..];
    }
    items[1..].concat()
}

/// Edges, a ramp, flat areas for runs, and noise.
fn picture(shape: &Shape) -> Vec<u8> {
    let top = (1_u32 << shape.bits_stored) - 1;
    let mut state = 7_u32;
    let mut out = Vec::new();
    for y in 0..shape.rows {
        for x in 0..shape.cols {
            for sample in 0..u32::from(shape.samples) {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let value = match (x / 16 + y / 16) % 4 {
                    0 => 0,
                    1 => (x * 5 + y * 3 + sample * 40) & top,
                    2 => top - sample,
                    _ => (state >> 12) & top,
                };
                out.extend_from_slice(&value.to_le_bytes()[..shape.sample_bytes()]);
            }
        }
    }
    out
}

#[test]
fn lossless_frames_are_equal_sample_by_sample() {
    let shapes =
        [grey(61, 83, 8), grey(64, 70, 10), grey(64, 70, 12), grey(50, 47, 16), colour(40, 52, "RGB")];
    for (number, shape) in shapes.iter().enumerate() {
        let samples = picture(shape);
        for (syntax, program, options) in [
            ("1.2.840.10008.1.2.4.70", "dcmcjpeg", &["+e1"][..]),
            ("1.2.840.10008.1.2.4.57", "dcmcjpeg", &["+el", "+sv", "6"][..]),
            (JPEG_LS, "dcmcjpls", &["+in"][..]),
            (JPEG_LS, "dcmcjpls", &["+il"][..]),
            (JPEG_LS, "dcmcjpls", &["+is"][..]),
            (JPEG_LS, "dcmcjpls", &["+t1", "5", "+t2", "9", "+t3", "30", "+rs", "31", "+pc"][..]),
            (RLE, "dcmcrle", &[][..]),
        ] {
            let name = format!("lossless-{number}");
            let Some(frame) = encoded(&name, shape, &samples, program, options) else { return };
            let decoded =
                raw(syntax, shape, &frame).unwrap_or_else(|e| panic!("{program} {options:?} {shape:?}: {e}"));
            assert!(decoded == samples, "{program} {options:?} {shape:?} differs");
        }
    }
}

#[test]
fn lossy_frames_stay_within_their_deviation() {
    let shape = grey(64, 64, 8);
    let samples = picture(&shape);
    let Some(frame) = encoded("near", &shape, &samples, "dcmcjpls", &["+en", "+md", "3"]) else { return };
    let decoded = raw("1.2.840.10008.1.2.4.81", &shape, &frame).unwrap();
    assert!(decoded.iter().zip(&samples).all(|(a, b)| a.abs_diff(*b) <= 3));

    let shape = colour(48, 64, "RGB");
    let flat: Vec<u8> = std::iter::repeat_n([200, 60, 20], shape.pixels()).flatten().collect();
    let frame = encoded("baseline", &shape, &flat, "dcmcjpeg", &["+eb"]).unwrap();
    let stored = Shape { photometric: "YBR_FULL_422".into(), ..shape };
    let decoded = raw("1.2.840.10008.1.2.4.50", &stored, &frame).unwrap();
    assert!(decoded.iter().zip(&flat).all(|(a, b)| a.abs_diff(*b) <= 4), "{:?}", &decoded[..6]);
    let left =
        decode("1.2.840.10008.1.2.4.50", &Shape { photometric: "YBR_FULL".into(), ..stored }, frame).unwrap();
    assert!(left.ybr_full && left.data[0].abs_diff(97) <= 3, "luminance stays luminance");
}
