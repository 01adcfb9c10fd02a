//! The pool of `yigong codec-worker` child processes that decode foreign pixels (dicom reference, section 7.7).
//!
//! The server never decodes a codestream itself: it sends one frame and its shape to a child process that has 1 GiB of
//! memory, 10 s, no files, no network and no environment, and is killed and replaced when anything goes wrong.

mod decode;
mod encode;
mod error;
mod feed;
mod jpegls;
mod pool;
mod render;
mod sandbox;
mod shape;
mod wire;
mod worker;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
pub use yigong_formats::dicom::image::{Overlay, Palette, Plane, Shutter, Table};

pub use decode::supported;
pub use encode::Coding;
pub use error::CodecError;
pub use feed::Frame;
pub use pool::{Pool, PoolLimits, PoolStats};
pub use shape::Shape;
pub use worker::work;

/// What samples and pictures are made by. Its last number goes up with every change after which the same frame may give other
/// bytes: browsers keep them under addresses and tags that name it.
pub const MADE_BY: &str = concat!(env!("CARGO_PKG_VERSION"), ".2");

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
    /// The displayed image as a client asks for it.
    Picture(Picture),
    /// The frame in another coding, from its decoded samples.
    Coded(Coding),
}

/// A displayed image: part, size and format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// File format.
    pub format: Format,
    /// Part of the image: left, top, width, height in pixels; what lies outside is cut.
    pub part: Option<[u32; 4]>,
    /// The image is fitted into this width and height, its proportions kept.
    pub fit: Option<(u32, u32)>,
    /// It may become larger than it is.
    pub enlarge: bool,
}

/// File format of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Baseline JPEG of quality 1 to 100.
    Jpeg(u8),
    /// PNG, 8 bits a sample.
    Png,
}

/// From stored values to what is shown (PS3.3 §C.11).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Display {
    /// Rescale slope.
    pub slope: f64,
    /// Rescale intercept.
    pub intercept: f64,
    /// Modality LUT, instead of slope and intercept.
    pub modality: Option<Table>,
    /// Window centre and width in output units of the modality transformation; none = `voi`, or from the values, 0.5 % clipped
    /// at either end.
    pub window: Option<(f64, f64)>,
    /// `LINEAR` (default), `LINEAR_EXACT` or `SIGMOID`.
    pub voi_function: String,
    /// VOI LUT, where there is no window.
    pub voi: Option<Table>,
    /// Presentation LUT.
    pub presentation: Option<Table>,
    /// Stored values that are padding, first and last; shown black, not counted.
    pub padding: Option<(i64, i64)>,
    /// Presentation LUT Shape INVERSE. `MONOCHROME1` is inverted in any case.
    pub invert: bool,
    /// Palette of a `PALETTE COLOR` image.
    pub palette: Option<Palette>,
    /// What is covered.
    pub shutter: Option<Shutter>,
    /// What is drawn over the image.
    pub overlays: Vec<Overlay>,
}

impl Default for Display {
    fn default() -> Self {
        Self {
            slope: 1.0,
            intercept: 0.0,
            modality: None,
            window: None,
            voi_function: String::new(),
            voi: None,
            presentation: None,
            padding: None,
            invert: false,
            palette: None,
            shutter: None,
            overlays: Vec::new(),
        }
    }
}
