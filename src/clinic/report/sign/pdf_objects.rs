//! Finds the objects of a PDF that must be written again to sign it (ISO 32000-1 §7.5).
//!
//! Reads only what our own renderer writes: one classic cross-reference table, plain dictionaries. Anything else is refused.

use super::SignError;

/// Places in an unsigned PDF.
pub(super) struct PdfObjects<'a> {
    bytes: &'a [u8],
    xref: &'a [u8],
    /// Offset of the cross-reference table, for `/Prev`.
    pub(super) startxref: usize,
    /// Number of objects, for `/Size`.
    pub(super) size: usize,
    /// Object number of the catalog.
    pub(super) root: usize,
    /// The trailer dictionary without `<<` and `>>`.
    pub(super) trailer: &'a str,
}

impl<'a> PdfObjects<'a> {
    /// Reads the end of `bytes`.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, SignError> {
        let tail = find_last(bytes, b"startxref").ok_or(SignError::Pdf("no startxref"))?;
        let startxref = number(&bytes[tail + 9..]).ok_or(SignError::Pdf("no cross-reference offset"))?;
        let section = bytes.get(startxref..tail).ok_or(SignError::Pdf("cross-reference offset"))?;
        let xref = section.strip_prefix(b"xref").ok_or(SignError::Pdf("no cross-reference table"))?;
        let at = find_last(xref, b"trailer").ok_or(SignError::Pdf("no trailer"))?;
        let trailer =
            std::str::from_utf8(&xref[at + 7..]).map_err(|_| SignError::Pdf("trailer is not text"))?.trim();
        let trailer =
            trailer.strip_prefix("<<").and_then(|t| t.strip_suffix(">>")).ok_or(SignError::Pdf("trailer"))?;
        if trailer.contains("/Prev") || trailer.contains("/Encrypt") {
            return Err(SignError::Pdf("already changed or encrypted"));
        }
        let size = entry(trailer, "/Size").ok_or(SignError::Pdf("no size"))?;
        let root = entry(trailer, "/Root").ok_or(SignError::Pdf("no catalog"))?;
        Ok(Self { bytes, xref: &xref[..at], startxref, size, root, trailer })
    }

    /// The text of dictionary object `id`, without `<<` and `>>`.
    pub(super) fn dictionary(&self, id: usize) -> Result<&'a str, SignError> {
        let body = self.bytes.get(self.offset(id)?..).ok_or(SignError::Pdf("object offset"))?;
        let head = format!("{id} 0 obj");
        let body =
            body.strip_prefix(head.as_bytes()).ok_or(SignError::Pdf("object is not where the table says"))?;
        let end = find(body, b"endobj").ok_or(SignError::Pdf("object does not end"))?;
        let text =
            std::str::from_utf8(&body[..end]).map_err(|_| SignError::Pdf("object is not text"))?.trim();
        text.strip_prefix("<<")
            .and_then(|t| t.strip_suffix(">>"))
            .ok_or(SignError::Pdf("object is not a dictionary"))
    }

    /// Object number of the first page.
    pub(super) fn first_page(&self) -> Result<usize, SignError> {
        let mut id = entry(self.dictionary(self.root)?, "/Pages").ok_or(SignError::Pdf("no pages"))?;
        for _ in 0..8 {
            let node = self.dictionary(id)?;
            let Some(at) = node.find("/Kids") else { return Ok(id) };
            let kids = node[at + 5..].trim_start().strip_prefix('[').ok_or(SignError::Pdf("kids"))?;
            id = number(kids.as_bytes()).ok_or(SignError::Pdf("no first page"))?;
        }
        Err(SignError::Pdf("page tree is too deep"))
    }

    /// Cross-reference entries are 20 bytes each; our files have one section that begins at object 0 (§7.5.4).
    fn offset(&self, id: usize) -> Result<usize, SignError> {
        let table = self.xref.trim_ascii_start();
        let line_end =
            table.iter().position(|b| *b == b'\n').ok_or(SignError::Pdf("cross-reference table"))?;
        if !table.starts_with(b"0 ") || id >= self.size {
            return Err(SignError::Pdf("cross-reference section"));
        }
        let start = line_end + 1 + id * 20;
        let row = table.get(start..start + 20).ok_or(SignError::Pdf("cross-reference row"))?;
        if row[17] != b'n' {
            return Err(SignError::Pdf("object is free"));
        }
        number(row).ok_or(SignError::Pdf("cross-reference row"))
    }
}

/// The first number after `key` in a dictionary.
fn entry(dictionary: &str, key: &str) -> Option<usize> {
    let at = dictionary.find(key)?;
    number(&dictionary.as_bytes()[at + key.len()..])
}

fn number(bytes: &[u8]) -> Option<usize> {
    let bytes = bytes.trim_ascii_start();
    let end = bytes.iter().position(|b| !b.is_ascii_digit()).unwrap_or(bytes.len());
    std::str::from_utf8(&bytes[..end]).ok()?.parse().ok()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

fn find_last(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).rposition(|w| w == needle)
}
