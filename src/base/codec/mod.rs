//! The pool of `yigong codec-worker` child processes that decode foreign pixels (dicom reference, section 7.7).
//!
//! The server never decodes a codestream itself: it sends one frame and its shape to a child process that has 1 GiB of
//! memory, 10 s, no files, no network and no environment, and is killed and replaced when anything goes wrong.

mod decode;
mod error;
mod pool;
mod render;
mod sandbox;
mod shape;
mod wire;
mod worker;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use decode::supported;
pub use error::CodecError;
pub use pool::{Pool, PoolLimits};
pub use shape::Shape;
pub use worker::work;

/// What is to be made of one frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Transfer Syntax UID of `Pixel Data` as stored.
    pub transfer_syntax: String,
    /// Image pixel attributes (PS3.3 §C.7.6.3).
    pub shape: Shape,
    /// How stored values become grey levels; needed for [`Output::Jpeg`] only.
    pub display: Display,
    /// What to answer, in this order.
    pub outputs: Vec<Output>,
}

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Samples of the frame, little-endian, `rows * cols * samples * bits_allocated / 8` bytes in the planar
    /// configuration of the shape. Colour codestreams come as RGB, except `YBR_FULL`, which is left as it is.
    Raw,
    /// A baseline JPEG of the displayed image, never enlarged.
    Jpeg {
        /// Longest side, pixels.
        longest_side: u16,
        /// JPEG quality, 1 to 100.
        quality: u8,
    },
}

/// From stored values to grey levels: modality and VOI transformations (PS3.3 §C.11.1, §C.11.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Display {
    /// Rescale slope.
    pub slope: f64,
    /// Rescale intercept.
    pub intercept: f64,
    /// Window centre and width in output units; none = from the values, 0.5 % clipped at either end.
    pub window: Option<(f64, f64)>,
    /// `LINEAR` (default), `LINEAR_EXACT` or `SIGMOID`.
    pub voi_function: String,
    /// Stored values that are padding, first and last; shown black, not counted.
    pub padding: Option<(i64, i64)>,
    /// Presentation LUT Shape INVERSE. `MONOCHROME1` is inverted in any case.
    pub invert: bool,
    /// Palette of a `PALETTE COLOR` image.
    pub palette: Option<Palette>,
}

impl Default for Display {
    fn default() -> Self {
        Self {
            slope: 1.0,
            intercept: 0.0,
            window: None,
            voi_function: String::new(),
            padding: None,
            invert: false,
            palette: None,
        }
    }
}

/// Palette colour lookup table (PS3.3 §C.7.9), entries brought to 8 bits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Palette {
    /// Stored value of the first entry; values outside are clamped.
    pub first: i64,
    /// Red, green and blue of each entry.
    pub entries: Vec<[u8; 3]>,
}
