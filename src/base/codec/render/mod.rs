//! From samples to a displayed image (dicom reference, section 7.6): modality, VOI, presentation, shutter, overlays, size, format.

mod cover;
mod file;
mod grey;
mod press;
mod resize;
mod straight;

use std::io::{self, Read};

use super::decode::{Pixels, ybr_to_rgb_8};
use super::error::refused;
use super::{CodecError, Display, Overlay, Plane, Shape};

pub(super) use press::Press;

/// Bytes of samples read at once: they stay in the processor's second cache, and one system call gets many of them.
const NEAR: usize = 256 << 10;

/// An 8-bit image, or some lines of one.
pub(super) struct Image {
    pub(super) width: usize,
    /// Lines there are.
    pub(super) height: usize,
    /// Lines above them.
    pub(super) top: usize,
    /// 1 or 3 bytes a pixel.
    pub(super) channels: usize,
    pub(super) data: Vec<u8>,
}

/// Displays a frame.
pub(super) fn display(pixels: &Pixels, shape: &Shape, display: &Display) -> Result<Image, CodecError> {
    let (width, height) = (shape.cols as usize, shape.rows as usize);
    let mut image = match (shape.samples, shape.photometric.as_str()) {
        (1, "PALETTE COLOR") => {
            Image { width, height, top: 0, channels: 3, data: palette(pixels, shape, display)? }
        }
        (1, _) => {
            Image { width, height, top: 0, channels: 1, data: grey::display(&pixels.data, shape, display) }
        }
        (3, _) => Image { width, height, top: 0, channels: 3, data: colour(pixels, shape) },
        (samples, _) => return Err(CodecError::Unsupported(format!("display of {samples} samples"))),
    };
    over(&mut image, display, Some((pixels, shape)));
    Ok(image)
}

/// Displays a plain grey frame whose levels do not hang on what values it has: its samples pass by, some lines at a time, which
/// `take` is given, and nothing is kept. `false`, and nothing read, for any other.
///
/// # Errors
/// Reading; the end before the last sample.
pub(super) fn passing<R: Read>(
    samples: &mut R,
    shape: &Shape,
    display: &Display,
    mut take: impl FnMut(&Image),
) -> io::Result<bool> {
    let embedded = |overlay: &Overlay| matches!(overlay.plane, Plane::Embedded(_));
    if shape.samples != 1 || shape.photometric == "PALETTE COLOR" || display.overlays.iter().any(embedded) {
        return Ok(false);
    }
    let Some(passing) = grey::Passing::of(shape, display) else { return Ok(false) };
    let (width, height) = (shape.cols as usize, shape.rows as usize);
    let line = width * shape.sample_bytes();
    let lines = (NEAR / line).clamp(1, height);
    let mut near = vec![0; lines * line];
    let data = Vec::with_capacity(lines * width);
    let mut band = Image { width, height: lines, top: 0, channels: 1, data };
    while band.top < height {
        band.height = lines.min(height - band.top);
        let part = &mut near[..band.height * line];
        samples.read_exact(part)?;
        band.data.clear();
        passing.show(part, &mut band.data);
        over(&mut band, display, None);
        take(&band);
        band.top += band.height;
    }
    Ok(true)
}

/// What lies over an image; `from` what embedded overlays are read.
fn over(image: &mut Image, display: &Display, from: Option<(&Pixels, &Shape)>) {
    if let Some(shutter) = &display.shutter {
        cover::shut(image, shutter);
    }
    for overlay in &display.overlays {
        cover::draw(image, overlay, from);
    }
}

/// Colour samples to 8 bits: of wider ones the eight highest stored bits are shown.
fn colour(pixels: &Pixels, shape: &Shape) -> Vec<u8> {
    let drop = shape.bits_stored.saturating_sub(8);
    let mut data = match shape.sample_bytes() {
        1 => pixels.data.clone(),
        width => pixels.data.chunks_exact(width).map(|w| (grey::word(w) >> drop) as u8).collect(),
    };
    if pixels.ybr_full {
        ybr_to_rgb_8(&mut data, 3);
    }
    data
}

/// Looks the colours up; indices outside the table take its first or last entry.
fn palette(pixels: &Pixels, shape: &Shape, display: &Display) -> Result<Vec<u8>, CodecError> {
    let palette = display.palette.as_ref().filter(|p| !p.entries.is_empty());
    let palette = palette.ok_or_else(|| refused("palette colour without a palette"))?;
    let last = palette.entries.len() - 1;
    let colour = |word: &[u8]| {
        let index = shape.stored_value(grey::word(word)).saturating_sub(palette.first).max(0);
        palette.entries[usize::try_from(index).map_or(last, |i| i.min(last))]
    };
    Ok(pixels.data.chunks_exact(shape.sample_bytes()).flat_map(colour).collect())
}
