//! Which colours the three components of a JPEG frame are.
//!
//! The data set says it in (0028,0004), and many captures of ultrasound and endoscopy say it wrongly: the frame was taken from a
//! program that writes YCbCr, the attribute stayed RGB. What the frame says about itself goes first.

use super::super::super::Shape;

/// What a frame says of its components.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// Components named `R`, `G`, `B`.
    Rgb,
    /// A JFIF marker, whose components are Y, Cb, Cr (ITU-T T.871 §6.3), or components of unequal sampling, which only colour
    /// differences have.
    Ybr,
    Nothing,
}

/// True for Y, Cb, Cr: by the frame, else by the data set. `lossless` frames are believed by their names alone: programs write
/// JFIF in front of samples that they have not converted.
pub(super) fn is_ybr(shape: &Shape, frame: &[u8], lossless: bool) -> bool {
    let labelled = shape.photometric.starts_with("YBR");
    // `YBR_FULL` goes out as it is, and whoever draws it goes by that name.
    if shape.samples != 3 || shape.photometric == "YBR_FULL" {
        return shape.samples == 3 && labelled;
    }
    match said(frame) {
        Said::Rgb => false,
        Said::Ybr if !lossless => true,
        Said::Ybr | Said::Nothing => labelled,
    }
}

fn said(frame: &[u8]) -> Said {
    let (mut found, mut adobe) = (Said::Nothing, None);
    for (marker, segment) in segments(frame) {
        if marker == 0xe0 && segment.starts_with(b"JFIF\0") {
            found = Said::Ybr;
        }
        if marker == 0xee && segment.starts_with(b"Adobe") {
            // Whoever writes this says it outright (TN5116): 0 = not converted.
            adobe = match segment.get(11) {
                Some(0) => Some(Said::Rgb),
                Some(1) => Some(Said::Ybr),
                _ => adobe,
            };
        }
        if matches!(marker, 0xc0..=0xc3) {
            let [a, b, c] = [6, 9, 12].map(|at| segment.get(at..at + 2));
            let (Some(a), Some(b), Some(c)) = (a, b, c) else { break };
            if matches!([a[0], b[0], c[0]], [b'R', b'G', b'B'] | [b'r', b'g', b'b']) {
                return Said::Rgb;
            }
            if a[1] != b[1] || a[1] != c[1] {
                found = Said::Ybr;
            }
            if let Some(said) = adobe {
                return said;
            }
            break;
        }
    }
    found
}

/// Marker segments in front of the first scan (ITU-T T.81 §B.1.1.4).
fn segments(frame: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = frame.strip_prefix(&[0xff, 0xd8]).unwrap_or_default();
    std::iter::from_fn(move || {
        let at = rest.iter().position(|b| *b != 0xff).filter(|at| *at > 0)?;
        let (marker, behind) = (*rest.get(at)?, rest.get(at + 1..)?);
        let length = usize::from(u16::from_be_bytes([*behind.first()?, *behind.get(1)?]));
        let segment = behind.get(2..length)?;
        rest = behind.get(length..)?;
        (!matches!(marker, 0xd9 | 0xda)).then_some((marker, segment))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_says_whether_it_converted_is_believed() {
        let frame = |transform: u8, names: [u8; 3]| {
            let mut frame = b"\xff\xd8\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00".to_vec();
            frame.push(transform);
            frame.extend_from_slice(b"\xff\xc0\x00\x11\x08\x00\x01\x00\x01\x03");
            for name in names {
                frame.extend_from_slice(&[name, 0x11, 0]);
            }
            frame
        };
        assert_eq!(said(&frame(1, [1, 2, 3])), Said::Ybr);
        assert_eq!(said(&frame(0, [1, 2, 3])), Said::Rgb);
        assert_eq!(said(&frame(7, [1, 2, 3])), Said::Nothing);
        assert_eq!(said(&frame(1, *b"RGB")), Said::Rgb, "components that are called so");
    }

    #[test]
    fn damaged_headers_say_nothing() {
        for frame in [
            &b""[..],
            b"\xff\xd8",
            b"\xff\xd8\xff",
            b"\xff\xd8\xff\xe0\x00",
            b"\xff\xd8\xff\xe0\x00\x01JFIF\0",
        ] {
            assert_eq!(said(frame), Said::Nothing, "{frame:?}");
        }
        assert_eq!(said(b"\xff\xd8\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x03R\x11\x00"), Said::Nothing);
    }
}
