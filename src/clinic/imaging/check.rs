//! The bounded look at a spooled object before anything is kept: header, hashes, lane.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use sha2::{Digest, Sha256};
use yigong_base::fault::{Fault, Result};
use yigong_formats::dicom::{FileSource, Header, head, header, uid};

use super::receive::Names;

/// Defects that make an image unreliable to read.
const HARMFUL: &[&str] =
    &["value-past-end", "truncated", "structure", "pixel-size", "pixel-length", "fragment-count"];

/// What the check found.
#[derive(Debug)]
pub struct Checked {
    /// Header for the index.
    pub header: Header,
    /// SHA-256 of transfer syntax UID and data set bytes: equality of re-sent objects.
    pub dataset_sha256: String,
}

impl Checked {
    /// The lane the object itself asks for (specification §7.4), with the slug.
    #[must_use]
    pub fn lane(&self) -> Option<(&'static str, &'static str)> {
        let d = &self.header.defects;
        if d.has("preamble-executable") {
            return Some(("security", "preamble-executable"));
        }
        if let Some(slug) = HARMFUL.iter().find(|s| d.has(s)) {
            return Some(("defect", slug));
        }
        ["charset-wrong", "charset-missing"].into_iter().find(|s| d.has(s)).map(|s| ("charset", s))
    }
}

/// Scans and hashes a spooled file. Blocking: call it on a blocking thread.
///
/// # Errors
/// `Invalid` with the scanner's slug when the object is refused; `Storage` when the file cannot be read.
pub fn check(path: &Path) -> Result<Checked> {
    let io = |e: &std::io::Error| Fault::io("scan spooled object", e);
    let mut file = std::fs::File::open(path).map_err(|e| io(&e))?;
    let length = file.metadata().map_err(|e| io(&e))?.len();
    let mut source = FileSource::new(&mut file, length);
    let header = header(&mut source, None).map_err(|r| Fault::invalid(r.slug, r.detail))?;
    let mut hash = Sha256::new();
    hash.update(header.transfer_syntax.as_bytes());
    hash.update([0]);
    file.seek(SeekFrom::Start(header.dataset_offset())).map_err(|e| io(&e))?;
    let mut buffer = vec![0_u8; 256 * 1024];
    loop {
        let n = file.read(&mut buffer).map_err(|e| io(&e))?;
        let Some(part) = buffer.get(..n).filter(|p| !p.is_empty()) else { break };
        hash.update(part);
    }
    let dataset_sha256 = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
    Ok(Checked { header, dataset_sha256 })
}

/// What the meta group of a refused object calls it; empty where it is no legal UID.
pub(super) fn meta_names(path: &Path) -> Names {
    let Ok(file) = std::fs::File::open(path) else { return Names::default() };
    let length = file.metadata().map_or(0, |m| m.len());
    let Ok(head) = head::read(&mut FileSource::new(file, length), None, &mut Default::default()) else {
        return Names::default();
    };
    let legal = |raw: &[u8]| uid::check(raw, "uid", &mut Default::default()).unwrap_or_default();
    Names { sop_class: legal(&head.class), sop_instance: legal(&head.instance), ..Names::default() }
}
