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
    slope: Option<f64>,
    intercept: Option<f64>,
    #[serde(default)]
    windows: Vec<Window>,
    voi_function: Option<String>,
    padding: Option<f64>,
    #[serde(default)]
    invert: bool,
}

#[derive(Debug, Deserialize)]
struct Window {
    center: f64,
    width: f64,
}

/// A request for one frame of the instance described by `stack`, displayed with its first window.
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
    };
    let padding = p.padding.map(|v| (v as i64, v as i64));
    let display = Display {
        slope: p.slope.filter(|s| *s != 0.0).unwrap_or(1.0),
        intercept: p.intercept.unwrap_or(0.0),
        window: p.windows.first().map(|w| (w.center, w.width)),
        voi_function: p.voi_function.unwrap_or_default(),
        padding,
        // the document's flag already counts MONOCHROME1 in, and the worker inverts that once
        invert: p.invert,
        palette: None,
    };
    Ok(Request { transfer_syntax: transfer_syntax.to_owned(), shape, display, outputs })
}

fn one() -> u16 {
    1
}
