//! Image files.

use jpeg_encoder::{ColorType, Encoder, ImageBuffer, JpegColorType};

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
    let side = |pixels: usize| u16::try_from(pixels).map_err(|_| refused("image side"));
    let (width, height) = (side(image.width)?, side(image.height)?);
    let mut out = Vec::new();
    let encoder = Encoder::new(&mut out, quality.clamp(1, 100));
    let encoded = if image.channels == 1 {
        encoder.encode_image(Grey { data: &image.data, width, height })
    } else {
        encoder.encode(&image.data, width, height, ColorType::Rgb)
    };
    encoded.map_err(|e| refused(format!("jpeg: {e}")))?;
    Ok(out)
}

/// A grey image, handed over line by line; the encoder's own takes it byte by byte.
struct Grey<'a> {
    data: &'a [u8],
    width: u16,
    height: u16,
}

impl ImageBuffer for Grey<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Luma
    }

    fn width(&self) -> u16 {
        self.width
    }

    fn height(&self) -> u16 {
        self.height
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let width = usize::from(self.width);
        buffers[0].extend_from_slice(&self.data[usize::from(y) * width..][..width]);
    }
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
