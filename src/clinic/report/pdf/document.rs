//! What a report says, as plain values: the only thing the templates see (workflow reference, section 4).
//!
//! Every string is text, never markup. A field that is empty is left off the page.

use serde::{Deserialize, Serialize};

/// One report version, ready to be put on paper.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReportDocument {
    /// Language of the labels.
    pub lang: Lang,
    /// What this version is; decides the banner.
    pub kind: Kind,
    /// Version number n of the report, counted from 1.
    pub version: u32,
    /// Number of the report as printed and quoted on the telephone.
    pub report_no: String,
    /// Title under the name of the centre, for example `数字X线摄影(DR)诊断报告`.
    pub title: String,
    /// Who issues and who asked.
    pub facility: Issuer,
    /// Whom the report is about.
    pub patient: PatientHeader,
    /// What was asked and when it was done.
    pub order: OrderInfo,
    /// The findings, by pipeline.
    pub body: Body,
    /// Why this version replaces the one before, or why the report was withdrawn.
    pub change_reason: String,
    /// Recognition mark as frozen in the version, for example `晋HR` or `医共体互认`; top right on every page.
    pub recognition_mark: Option<String>,
    /// Who signed, in order of signing.
    pub signers: Vec<SignedBy>,
    /// Lines about calls made and read back (critical values), each a whole sentence.
    pub communications: Vec<String>,
    /// Time of issue, RFC 3339 with the offset it is to be shown in, for example `2026-11-24T10:42:07+08:00`.
    pub issued_at: String,
    /// Address of the public verification page; printed as a QR code on every page.
    pub verify_url: String,
    /// True when the signing key is the demonstration key: every page says so.
    pub demo_signer: bool,
}

/// Language of the printed labels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lang {
    /// Simplified Chinese.
    #[default]
    #[serde(rename = "zh-CN")]
    ZhCn,
    /// English.
    #[serde(rename = "en")]
    En,
}

/// What a version is (workflow reference, section 4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 急诊报告: a final one follows.
    Prelim,
    /// 正式报告.
    #[default]
    Final,
    /// 修订报告: replaces an earlier version.
    Amended,
    /// 已撤回: says only that, and why.
    Withdrawn,
}

/// The centre that answers and the clinic that asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Issuer {
    /// Name of the issuing centre.
    pub centre: String,
    /// Name of the clinic that examined the patient.
    pub clinic: String,
    /// Telephone of the centre for questions about the report.
    pub phone: String,
}

/// Patient header.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PatientHeader {
    /// Full name.
    pub name: String,
    /// Sex as shown, for example `男`.
    pub sex: String,
    /// Age as shown, for example `43岁`.
    pub age: String,
    /// Patient number at the clinic.
    pub patient_id: String,
    /// Any further header field, label and value as shown.
    pub more: Vec<Field>,
}

/// Order and examination.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrderInfo {
    /// Accession number or specimen barcode.
    pub accession: String,
    /// Item or items asked for.
    pub item: String,
    /// Ordering clinician.
    pub ordered_by: String,
    /// Clinical diagnosis or question.
    pub clinical_info: String,
    /// When examined, recorded or collected, as shown.
    pub examined_at: String,
    /// When received by the centre, as shown.
    pub received_at: String,
}

/// A label and a value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Label as shown.
    pub label: String,
    /// Value as shown.
    pub value: String,
}

/// Part of the report that depends on the pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "pipeline", rename_all = "snake_case")]
pub enum Body {
    /// 影像.
    Imaging(ImagingBody),
    /// 心电.
    Ecg(EcgBody),
    /// 检验.
    Lab(LabBody),
}

impl Default for Body {
    fn default() -> Self {
        Self::Imaging(ImagingBody::default())
    }
}

/// Sections of an imaging report, plain text with line breaks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImagingBody {
    /// 检查方法.
    pub technique: String,
    /// 对比.
    pub comparison: String,
    /// 检查所见.
    pub findings: String,
    /// 诊断意见.
    pub impression: String,
    /// 建议.
    pub recommendation: String,
}

/// An ECG report with its tracing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EcgBody {
    /// That the recording is of no diagnostic quality, with the reason; empty = it is.
    pub quality: String,
    /// What a question mark behind a value means; empty = there is none.
    pub doubt: String,
    /// Measurements in printing order.
    pub measurements: Vec<Measurement>,
    /// Statements of the reader, one a line.
    pub statements: Vec<String>,
    /// 诊断意见.
    pub impression: String,
    /// Comparison with the previous ECG.
    pub comparison: String,
    /// 建议.
    pub recommendation: String,
    /// Tracing on calibrated paper; drawn at its true size.
    pub tracing: Option<Tracing>,
}

/// One measured value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Measurement {
    /// Name, for example `QTc`.
    pub name: String,
    /// Value as shown.
    pub value: String,
    /// Unit as shown.
    pub unit: String,
    /// Whose value it is, and what other sources say, in small print; empty = nothing.
    pub note: String,
}

/// A drawing with its size on paper.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tracing {
    /// SVG text made by this program; nothing foreign.
    pub svg: String,
    /// Width on paper, millimetres.
    pub width_mm: f64,
    /// Height on paper, millimetres.
    pub height_mm: f64,
    /// Paper speed, gain and filter as shown under the tracing.
    pub caption: String,
}

/// A laboratory report.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LabBody {
    /// Specimen type as shown.
    pub specimen: String,
    /// Rows in printing order.
    pub rows: Vec<LabRow>,
    /// Remarks, plain text with line breaks.
    pub notes: String,
}

/// One result.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LabRow {
    /// Item name.
    pub item: String,
    /// Result as shown.
    pub result: String,
    /// `H`, `L`, `HH`, `LL`, `A` or empty; printed as an arrow or the letters.
    pub flag: String,
    /// True for a critical value (危急值): printed in words, not only in colour.
    pub critical: bool,
    /// Unit as shown.
    pub unit: String,
    /// Reference range as shown.
    pub range: String,
    /// Method and performing laboratory as shown.
    pub method: String,
    /// True when this row carries the recognition symbol.
    pub recognised: bool,
}

/// One signature line.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SignedBy {
    /// Role as shown, for example `审核医师`.
    pub role: String,
    /// Name of the person.
    pub name: String,
    /// Time as shown.
    pub time: String,
}
