//! PAdES B-B: an invisible signature added to a finished PDF by one incremental update (ISO 32000-1 §12.8, EN 319 142-1).

use time::OffsetDateTime;

use super::pdf_objects::PdfObjects;
use super::{SignError, SignInfo, Signer, cms, sha256};

/// Room for the CMS message, bytes. A chain of three certificates and a time-stamp fit.
const CMS_ROOM: usize = 10 * 1024;
/// Ten digits hold any offset of a file below 10 GB; the unused ones are spaces.
const BYTE_RANGE_ROOM: &str = "/ByteRange[0 0000000000 0000000000 0000000000]";

/// Signs `pdf` (unsigned, as `report::pdf::render` made it) and returns the file with the signature appended.
///
/// # Errors
/// [`SignError::Pdf`] when it is not such a file; the errors of the signer.
pub fn sign_pdf(pdf: &[u8], signer: &dyn Signer, info: &SignInfo) -> Result<Vec<u8>, SignError> {
    let mut update = prepare(pdf, info)?;
    let (before, after) = update.covered();
    let range = format!("/ByteRange[0 {} {} {}]", before.len(), update.contents.1, after.len());
    let digest_ready = format!("{range:<width$}", width = BYTE_RANGE_ROOM.len());
    if digest_ready.len() != BYTE_RANGE_ROOM.len() {
        return Err(SignError::Pdf("file is too large"));
    }
    let at = update.byte_range;
    update.bytes[at..at + digest_ready.len()].copy_from_slice(digest_ready.as_bytes());
    let (before, after) = update.covered();
    let message = cms::signed_data(&sha256(&[before, after].concat()), signer, None)?;
    if message.len() > CMS_ROOM {
        return Err(SignError::Pdf("certificate chain is too long"));
    }
    let start = update.contents.0 + 1;
    let hex = super::hex(&message);
    update.bytes[start..start + hex.len()].copy_from_slice(hex.as_bytes());
    Ok(update.bytes)
}

/// A PDF with the place for its signature.
struct Update {
    bytes: Vec<u8>,
    /// Where [`BYTE_RANGE_ROOM`] stands.
    byte_range: usize,
    /// First byte of `<…>` of `/Contents` and first byte after it.
    contents: (usize, usize),
}

impl Update {
    /// The bytes the signature covers: all but the `<…>` of `/Contents`.
    fn covered(&self) -> (&[u8], &[u8]) {
        (&self.bytes[..self.contents.0], &self.bytes[self.contents.1..])
    }
}

fn prepare(pdf: &[u8], info: &SignInfo) -> Result<Update, SignError> {
    let objects = PdfObjects::read(pdf)?;
    let page = objects.first_page()?;
    let catalog_text = objects.dictionary(objects.root)?;
    let page_text = objects.dictionary(page)?;
    if catalog_text.contains("/AcroForm") || page_text.contains("/Annots") {
        return Err(SignError::Pdf("it has forms or annotations already"));
    }
    let (signature, field) = (objects.size, objects.size + 1);
    let mut bytes = pdf.to_vec();
    bytes.push(b'\n');
    let mut rows = Vec::new();
    let mut write = |bytes: &mut Vec<u8>, id: usize, dictionary: &str| {
        rows.push((id, bytes.len()));
        bytes.extend_from_slice(format!("{id} 0 obj\n<<{dictionary}>>\nendobj\n").as_bytes());
        bytes.len()
    };
    write(&mut bytes, page, &format!("{page_text}/Annots[{field} 0 R]"));
    write(&mut bytes, objects.root, &format!("{catalog_text}/AcroForm<</Fields[{field} 0 R]/SigFlags 3>>"));
    let head = signature_head(info);
    let dictionary = format!("{head}{BYTE_RANGE_ROOM}/Contents<{}>", "0".repeat(CMS_ROOM * 2));
    let start = bytes.len() + format!("{signature} 0 obj\n<<").len();
    write(&mut bytes, signature, &dictionary);
    let byte_range = start + head.len();
    let contents = byte_range + BYTE_RANGE_ROOM.len() + "/Contents".len();
    // flag 4 = printed, 128 = locked; without an area there is nothing to draw (PDF/A-2 §6.3.3)
    let widget = format!(
        "/Type/Annot/Subtype/Widget/FT/Sig/T(Signature1)/V {signature} 0 R/F 132/Rect[0 0 0 0]/P {page} 0 R"
    );
    write(&mut bytes, field, &widget);
    finish(&mut bytes, rows, &objects, field + 1);
    Ok(Update { bytes, byte_range, contents: (contents, contents + CMS_ROOM * 2 + 2) })
}

/// Cross-reference section and trailer of the update (§7.5.6).
fn finish(bytes: &mut Vec<u8>, mut rows: Vec<(usize, usize)>, objects: &PdfObjects<'_>, size: usize) {
    rows.sort_unstable();
    let startxref = bytes.len();
    let mut text = "xref\n".to_owned();
    for (id, offset) in rows {
        text.push_str(&format!("{id} 1\n{offset:010} 00000 n \n"));
    }
    let old_size = format!("/Size {}", objects.size);
    let trailer = objects.trailer.replacen(&old_size, &format!("/Size {size}/Prev {}", objects.startxref), 1);
    text.push_str(&format!("trailer\n<<{trailer}>>\nstartxref\n{startxref}\n%%EOF\n"));
    bytes.extend_from_slice(text.as_bytes());
}

fn signature_head(info: &SignInfo) -> String {
    format!(
        "/Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/Name{}/Reason{}/M(D:{})",
        text_string(&info.name),
        text_string(&info.reason),
        pdf_date(info.time),
    )
}

/// Text string in UTF-16BE with its mark, written in hexadecimal: nothing in it can end the string (§7.9.2.2).
fn text_string(text: &str) -> String {
    let units: String = text.encode_utf16().map(|unit| format!("{unit:04X}")).collect();
    format!("<FEFF{units}>")
}

/// `YYYYMMDDHHmmSS+HH'mm'` (§7.9.4).
fn pdf_date(t: OffsetDateTime) -> String {
    let (y, mo, d) = t.to_calendar_date();
    let (h, mi, s) = t.to_hms();
    let (oh, om, _) = t.offset().as_hms();
    let sign = if t.offset().is_negative() { '-' } else { '+' };
    let mo = u8::from(mo);
    format!("{y:04}{mo:02}{d:02}{h:02}{mi:02}{s:02}{sign}{:02}'{:02}'", oh.abs(), om.abs())
}
