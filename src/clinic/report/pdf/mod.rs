//! Puts a report version on paper: PDF/A-2b by typst, from templates and plain values.
//!
//! Rendering is pure and takes about 0.1 s of processor time: call it on a blocking thread.

mod document;
mod fonts;
mod text;
mod world;

#[cfg(test)]
pub(crate) mod tests;

use std::fmt;
use std::path::PathBuf;

use typst::diag::SourceDiagnostic;
use typst::ecow::EcoVec;
use typst::foundations::{Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

pub use document::{
    Body, EcgBody, Field, ImagingBody, Issuer, Kind, LabBody, LabRow, Lang, Measurement, OrderInfo,
    PatientHeader, ReportDocument, SignedBy, Tracing,
};
pub use fonts::{CHINESE_FAMILIES, DEFAULT_FOLDER, Fonts};

use world::ReportWorld;

/// Results of earlier renders are kept by typst for this many renders, then dropped.
const KEEP_RENDERS: usize = 4;

/// Why a report could not be put on paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PdfError {
    /// No font for Chinese text in the configured folders; install one of [`CHINESE_FAMILIES`].
    ChineseFontMissing {
        /// Folders that were searched.
        folders: Vec<PathBuf>,
    },
    /// `issued_at` is not RFC 3339.
    IssuedAt(String),
    /// The verification address does not fit into a QR code.
    QrCode(String),
    /// The templates failed: our fault.
    Template(String),
    /// The document could not be written as PDF/A-2b.
    Export(String),
}

impl fmt::Display for PdfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChineseFontMissing { folders } => write!(
                f,
                "no font for chinese text in {folders:?}: install one of {CHINESE_FAMILIES:?} (debian: fonts-noto-cjk)"
            ),
            Self::IssuedAt(why) => write!(f, "time of issue is not rfc 3339: {why}"),
            Self::QrCode(why) => write!(f, "verification address does not fit a qr code: {why}"),
            Self::Template(why) => write!(f, "report template failed: {why}"),
            Self::Export(why) => write!(f, "report could not be written as pdf/a-2b: {why}"),
        }
    }
}

impl std::error::Error for PdfError {}

/// Renders `document` as PDF/A-2b. The same document gives the same bytes.
///
/// # Errors
/// See [`PdfError`]; none of them carries patient data.
pub fn render(document: &ReportDocument, fonts: &Fonts) -> Result<Vec<u8>, PdfError> {
    let issued = parse_time(&document.issued_at)?;
    let mut data = serde_json::to_value(document).map_err(|e| PdfError::Template(e.to_string()))?;
    if let Some(tracing) = data.pointer_mut("/body/tracing/svg") {
        tracing.take();
    }
    text::make_printable(&mut data, fonts);
    data["font"] = fonts.chinese_family().into();
    data["issued_shown"] = shown(issued).into();
    let mut files =
        vec![("data.json", data.to_string().into_bytes()), ("qr.svg", qr_svg(&document.verify_url)?)];
    if let Body::Ecg(EcgBody { tracing: Some(tracing), .. }) = &document.body {
        files.push(("ecg.svg", tracing.svg.clone().into_bytes()));
    }
    let world = ReportWorld::new(fonts, files)?;
    let paged =
        typst::compile::<PagedDocument>(&world).output.map_err(|e| PdfError::Template(messages(&e)))?;
    let pdf = typst_pdf::pdf(&paged, &options(document, issued)?).map_err(|e| PdfError::Export(messages(&e)));
    typst::comemo::evict(KEEP_RENDERS);
    pdf
}

fn options(document: &ReportDocument, issued: time::OffsetDateTime) -> Result<PdfOptions, PdfError> {
    let standards =
        PdfStandards::new(&[PdfStandard::A_2b]).map_err(|e| PdfError::Export(e.message().to_string()))?;
    Ok(PdfOptions {
        ident: Smart::Custom(format!("{} v{}", document.report_no, document.version)),
        creator: Smart::Custom(Some("Yigong".to_owned())),
        timestamp: timestamp(issued),
        standards,
        ..PdfOptions::default()
    })
}

fn timestamp(issued: time::OffsetDateTime) -> Option<Timestamp> {
    let (y, mo, d) = issued.to_calendar_date();
    let (h, mi, s) = issued.to_hms();
    Timestamp::new_local(
        Datetime::from_ymd_hms(y, mo.into(), d, h, mi, s)?,
        i32::from(issued.offset().whole_minutes()),
    )
}

fn parse_time(text: &str) -> Result<time::OffsetDateTime, PdfError> {
    let format = &time::format_description::well_known::Rfc3339;
    time::OffsetDateTime::parse(text, format).map_err(|e| PdfError::IssuedAt(e.to_string()))
}

fn shown(t: time::OffsetDateTime) -> String {
    let (h, m, s) = t.to_hms();
    format!("{} {h:02}:{m:02}:{s:02}", t.date())
}

fn qr_svg(url: &str) -> Result<Vec<u8>, PdfError> {
    let code = qrcode::QrCode::with_error_correction_level(url, qrcode::EcLevel::M)
        .map_err(|e| PdfError::QrCode(e.to_string()))?;
    Ok(code.render::<qrcode::render::svg::Color<'_>>().quiet_zone(true).build().into_bytes())
}

/// Messages up to the first quotation mark: what typst quotes may be a patient's name.
fn messages(errors: &EcoVec<SourceDiagnostic>) -> String {
    let unquoted = errors.iter().filter_map(|e| e.message.split(['"', '`']).next());
    unquoted.map(str::trim_end).collect::<Vec<_>>().join("; ")
}
