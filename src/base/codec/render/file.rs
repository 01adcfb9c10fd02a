//! Image files.

use jpeg_encoder::{ColorType, Encoder};

use super::super::error::refused;
use super::super::{CodecError, Format};
use super::Image;

/// Writes an image.
pub(super) fn write(image: &Image, format: Format) -> Result<Vec<u8>, CodecError> {
    match format {
        Format::Jpeg(quality) => jpeg(image, quality),
        Format::Png => png(image),
    }
}

fn jpeg(image: &Image, quality: u8) -> Result<Vec<u8>, CodecError> {
    let colour = if image.channels == 1 { ColorType::Luma } else { ColorType::Rgb };
    let side = |pixels: usize| u16::try_from(pixels).map_err(|_| refused("image side"));
    let mut out = Vec::new();
    let encoder = Encoder::new(&mut out, quality.clamp(1, 100));
    let encoded = encoder.encode(&image.data, side(image.width)?, side(image.height)?, colour);
    encoded.map_err(|e| refused(format!("jpeg: {e}")))?;
    Ok(out)
}

fn png(image: &Image) -> Result<Vec<u8>, CodecError> {
    let failed = |e: png::EncodingError| refused(format!("png: {e}"));
    let side = |pixels: usize| u32::try_from(pixels).map_err(|_| refused("image side"));
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, side(image.width)?, side(image.height)?);
    encoder.set_color(if image.channels == 1 { png::ColorType::Grayscale } else { png::ColorType::Rgb });
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&image.data).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(out)
}
