//! From samples to a displayed image (dicom reference, section 7.6): modality, window, inversion, size, JPEG.

mod grey;
mod resize;

use jpeg_encoder::{ColorType, Encoder};

use super::decode::{Pixels, ybr_to_rgb};
use super::error::refused;
use super::{CodecError, Display, Shape};

/// An 8-bit image.
pub(super) struct Image {
    pub(super) width: usize,
    pub(super) height: usize,
    /// 1 or 3 bytes a pixel.
    pub(super) channels: usize,
    pub(super) data: Vec<u8>,
}

/// Displays a frame.
pub(super) fn display(pixels: &Pixels, shape: &Shape, display: &Display) -> Result<Image, CodecError> {
    let (width, height) = (shape.cols as usize, shape.rows as usize);
    if shape.samples == 1 {
        if shape.photometric == "PALETTE COLOR" {
            let data = palette(pixels, shape, display)?;
            return Ok(Image { width, height, channels: 3, data });
        }
        return Ok(Image { width, height, channels: 1, data: grey::display(&pixels.data, shape, display) });
    }
    if shape.samples != 3 {
        return Err(CodecError::Unsupported(format!("display of {} samples", shape.samples)));
    }
    // of wider samples the eight highest stored bits are shown
    let drop = shape.bits_stored.saturating_sub(8);
    let mut data = match shape.sample_bytes() {
        1 => pixels.data.clone(),
        width => pixels.data.chunks_exact(width).map(|w| (grey::word(w) >> drop) as u8).collect(),
    };
    if pixels.ybr_full {
        ybr_to_rgb(&mut data, 3);
    }
    Ok(Image { width, height, channels: 3, data })
}

/// Encodes `image` as JPEG with its longest side at most `longest_side`.
pub(super) fn jpeg(image: &Image, longest_side: u16, quality: u8) -> Result<Vec<u8>, CodecError> {
    let small = resize::fit(image, usize::from(longest_side.max(1)));
    let image = small.as_ref().unwrap_or(image);
    let colour = if image.channels == 1 { ColorType::Luma } else { ColorType::Rgb };
    let side = |pixels: usize| u16::try_from(pixels).map_err(|_| refused("image side"));
    let mut out = Vec::new();
    let encoder = Encoder::new(&mut out, quality.clamp(1, 100));
    let encoded = encoder.encode(&image.data, side(image.width)?, side(image.height)?, colour);
    encoded.map_err(|e| refused(format!("jpeg: {e}")))?;
    Ok(out)
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
