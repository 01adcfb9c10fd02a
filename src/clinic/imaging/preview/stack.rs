//! From the stack document of an instance to what the codec worker needs.

use serde::Deserialize;
use serde_json::Value;
use yigong_base::codec::{Display, Output, Request, Shape};
use yigong_base::fault::{Fault, Result};

/// The fields of the stack document that concern pixels.
#[derive(Debug, Deserialize)]
struct Pixels {
    rows: u32,
    cols: u32,
    #[serde(default = "one")]
    samples: u16,
    bits_allocated: u16,
    bits_stored: Option<u16>,
    high_bit: Option<u16>,
    #[serde(default)]
    signed: bool,
    #[serde(default)]
    photometric: String,
    planar: Option<u16>,
    #[serde(default)]
    float: bool,
}

/// A request for the samples of one frame of the instance described by `stack`.
///
/// # Errors
/// `stack` when the document does not describe an image.
pub fn request(stack: &Value, transfer_syntax: &str, outputs: Vec<Output>) -> Result<Request> {
    let p = Pixels::deserialize(stack).map_err(|e| Fault::invalid("stack", e.to_string()))?;
    let bits_stored = p.bits_stored.unwrap_or(p.bits_allocated);
    let shape = Shape {
        rows: p.rows,
        cols: p.cols,
        samples: p.samples,
        bits_allocated: p.bits_allocated,
        bits_stored,
        high_bit: p.high_bit.unwrap_or_else(|| bits_stored.saturating_sub(1)),
        signed: p.signed,
        photometric: p.photometric,
        planar: p.planar.unwrap_or(0),
        float: p.float,
    };
    Ok(Request { transfer_syntax: transfer_syntax.to_owned(), shape, display: Display::default(), outputs })
}

fn one() -> u16 {
    1
}
