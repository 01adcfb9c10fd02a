//! A cart that gives a drawing and nothing else: kept, queued, reported without measurements.

use super::build::warn;
use crate::ecg::format::Format;
use crate::ecg::model::Document;

/// A document without groups that says so.
#[must_use]
pub fn decode() -> Document {
    let mut document = Document { source: Format::Pdf, format: "PDF".into(), ..Document::default() };
    warn(
        &mut document,
        "no_waveform",
        "无波形:仅有 PDF 图像,不能测量",
        "no waveform: a PDF drawing only, nothing can be measured",
    );
    document
}
