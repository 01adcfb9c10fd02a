//! Decoders: content decides, never a file name.

mod aecg;
pub mod annotation;
mod build;
pub mod channel;
pub mod dicom;
mod edf;
mod healforce;
mod ishne;
mod muse;
mod pdf;
mod philips;
mod probe;
pub mod samples;
mod scp;
pub mod stamp;
pub mod wfdb;
mod xml;

use super::format::Format;
use super::limits::{Limits, Refusal};
use super::model::Document;
use super::physics;

pub use probe::probe;

/// Bytes shown of a file whose format is not recognised.
const HEAD: usize = 64;
/// Findings that a file with a wrong checksum must not have.
const CONTRADICTIONS: [&str; 3] = ["lead_map_or_skew", "scale_suspect", "saturated"];

/// Decodes a recording of any format and checks it.
///
/// # Errors
/// [`Refusal`] in plain words; whatever was read of person and device travels with it.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Document, Refusal> {
    if bytes.len() > limits.file {
        let why =
            format!("file of {} bytes, at most {} are read (no Holter streaming)", bytes.len(), limits.file);
        return Err(Refusal::new("limit", why));
    }
    let mut document = match probe(bytes) {
        Some(Format::Dicom) => dicom::decode(bytes, limits),
        Some(Format::Scp) => scp::decode(bytes, limits),
        Some(Format::Aecg) => aecg::decode(bytes, limits),
        Some(Format::Philips) => philips::decode(bytes, limits),
        Some(Format::Healforce) => healforce::decode(bytes, limits),
        Some(Format::Muse) => muse::decode(bytes, limits),
        Some(Format::Edf) => edf::decode(bytes, limits),
        Some(Format::Ishne) => ishne::decode(bytes, limits),
        Some(Format::Pdf) => Ok(pdf::decode()),
        // Its samples lie in other files, which only the command line has.
        Some(Format::Wfdb) => Err(Refusal::new("structure", "a WFDB header without its signal files")),
        None => Err(unknown(bytes)),
    }?;
    if document.groups.iter().flat_map(|g| &g.leads).any(|l| l.missing.len() >= build::GAPS) {
        let why = format!("a lead with more than {} gaps", build::GAPS);
        return Err(Refusal::new("limit", why).of(&document));
    }
    physics::check(&mut document);
    apart(&mut document);
    let has = |codes: &[&str]| document.warnings.iter().any(|w| codes.contains(&w.code));
    if has(&["crc_mismatch"]) && has(&CONTRADICTIONS) {
        let why = "the checksum is wrong and the samples contradict themselves: the file is damaged";
        return Err(Refusal::new("structure", why).of(&document));
    }
    Ok(document)
}

/// Leads that were not recorded together are drawn, but only the measured group speaks for rhythm and intervals.
fn apart(document: &mut Document) {
    let Some(main) = document.rhythm() else { return };
    if document.strips().skip(1).flat_map(|g| &g.leads).all(|l| main.lead(&l.id).is_some_and(|m| !m.derived))
    {
        return;
    }
    let leads: Vec<String> = main.leads.iter().filter(|l| !l.derived).map(|l| l.id.to_string()).collect();
    let (list, seconds) = (leads.join(" "), main.seconds());
    let zh = format!("导联并非全部同步记录;自动测量只用 {list}({seconds:.1} s)");
    let en = format!("not all leads were recorded together; measured are only {list} ({seconds:.1} s)");
    build::warn(document, "leads_apart", zh, en);
}

fn unknown(bytes: &[u8]) -> Refusal {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let hex = head.iter().map(|b| format!("{b:02x}")).collect::<String>();
    Refusal::new(
        "probe",
        format!(
            "format not recognised; the file begins with {}",
            if hex.is_empty() { "nothing" } else { &hex }
        ),
    )
    .at(0)
}
