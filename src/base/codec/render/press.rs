//! From the lines of an image to the picture that is asked for: part, size, file. No more of the image is kept than that takes.

use super::super::error::refused;
use super::super::{CodecError, Picture};
use super::Image;
use super::file::File;
use super::resize::{Grow, Part, Shrink, fitted};

/// A picture in the making.
pub(in super::super) struct Press {
    part: Part,
    size: Size,
    file: File,
}

/// What becomes of the lines on their way into the file.
enum Size {
    Same,
    Smaller(Shrink),
    Larger(Grow),
}

impl Press {
    /// Of an image of `width` by `height` pixels of one or three `channels`.
    ///
    /// # Errors
    /// `Refused`: an empty part, a size that the format does not have.
    pub(in super::super) fn of(
        wanted: &Picture,
        (width, height): (usize, usize),
        channels: usize,
    ) -> Result<Self, CodecError> {
        let part = Part::of(wanted.part, (width, height), channels);
        let part = part.ok_or_else(|| refused("the part asked for is empty"))?;
        let from = part.size();
        let target = wanted.fit.map_or(from, |fit| fitted(from, fit, wanted.enlarge));
        let size = if target == from {
            Size::Same
        } else if target.0 <= from.0 && target.1 <= from.1 {
            Size::Smaller(Shrink::new(from, target, channels))
        } else {
            Size::Larger(Grow::new(from, target, channels))
        };
        let file = File::new(wanted.format, target, channels)?;
        Ok(Self { part, size, file })
    }

    /// Takes the next lines of the image.
    pub(in super::super) fn take(&mut self, lines: &Image) {
        for line in self.part.lines(lines) {
            match &mut self.size {
                Size::Same => self.file.take(line),
                Size::Smaller(shrink) => {
                    if let Some(line) = shrink.take(line) {
                        self.file.take(line);
                    }
                }
                Size::Larger(grow) => grow.take(line, |line| self.file.take(line)),
            }
        }
    }

    /// The file.
    ///
    /// # Errors
    /// `Refused`: lines that never came, or what the format cannot hold.
    pub(in super::super) fn end(self) -> Result<Vec<u8>, CodecError> {
        self.file.end()
    }
}
