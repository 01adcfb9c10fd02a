//! Image files, line by line.

use super::super::encode::jpeg::{Colour, Samples, Writer};
use super::super::error::refused;
use super::super::{CodecError, Format};

/// A file in the making.
pub(super) enum File {
    Jpeg(Writer),
    Png(Png),
}

impl File {
    /// For `size` pixels of one or three `channels`.
    ///
    /// # Errors
    /// `Refused` when the format has no such size.
    pub(super) fn new(format: Format, size: (usize, usize), channels: usize) -> Result<Self, CodecError> {
        match format {
            Format::Jpeg(quality) => jpeg(size, channels, quality).map(Self::Jpeg),
            Format::Png => Png::new(size, channels).map(Self::Png),
        }
    }

    /// Takes the next lines.
    pub(super) fn take(&mut self, lines: &[u8]) {
        match self {
            Self::Jpeg(writer) => writer.take(lines),
            Self::Png(png) => png.data.extend_from_slice(lines),
        }
    }

    /// The whole file.
    ///
    /// # Errors
    /// `Refused` when lines are missing.
    pub(super) fn end(self) -> Result<Vec<u8>, CodecError> {
        match self {
            Self::Jpeg(writer) => writer.end(),
            Self::Png(png) => png.end(),
        }
    }
}

/// Colour of a good picture is kept whole; a smaller one halves it.
fn jpeg(size: (usize, usize), channels: usize, quality: u8) -> Result<Writer, CodecError> {
    let samples = if channels == 1 { Samples::Grey } else { Samples::Rgb };
    let colour = if quality < 90 { Colour::Halved } else { Colour::Whole };
    Writer::new(size, samples, colour, quality)
}

/// Lines of a PNG; it is written when it has them all.
pub(super) struct Png {
    size: (u32, u32),
    channels: usize,
    data: Vec<u8>,
}

impl Png {
    fn new((width, height): (usize, usize), channels: usize) -> Result<Self, CodecError> {
        let side = |pixels: usize| u32::try_from(pixels).map_err(|_| refused("image side"));
        let size = (side(width)?, side(height)?);
        Ok(Self { size, channels, data: Vec::with_capacity(width * height * channels) })
    }

    fn end(self) -> Result<Vec<u8>, CodecError> {
        let failed = |e: png::EncodingError| refused(format!("png: {e}"));
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, self.size.0, self.size.1);
        encoder.set_color(if self.channels == 1 { png::ColorType::Grayscale } else { png::ColorType::Rgb });
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header().map_err(failed)?;
        writer.write_image_data(&self.data).map_err(failed)?;
        writer.finish().map_err(failed)?;
        Ok(out)
    }
}
