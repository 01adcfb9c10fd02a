//! Image files.

use super::super::encode::jpeg::{self, Colour, Samples};
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

/// Colour of a good picture is kept whole; a smaller one halves it.
fn jpeg(image: &Image, quality: u8) -> Result<Vec<u8>, CodecError> {
    let samples = if image.channels == 1 { Samples::Grey } else { Samples::Rgb };
    let colour = if quality < 90 { Colour::Halved } else { Colour::Whole };
    jpeg::write(&image.data, (image.width, image.height), samples, colour, quality)
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
