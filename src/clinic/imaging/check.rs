//! The bounded look at a spooled object before anything is kept: header, hashes, lane.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use sha2::{Digest, Sha256};
use yigong_base::fault::{Fault, Result};
use yigong_formats::dicom::{FileSource, Header, Source, header_in, tag};

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
    /// SHA-256 of the pixel data alone; empty without any, or inside a deflated data set.
    pub pixel_sha256: String,
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
    check_in(path, None)
}

/// The same with the character set of the sender's profile, for text whose own set is in doubt.
///
/// # Errors
/// As [`check`].
pub fn check_in(path: &Path, profile: Option<&str>) -> Result<Checked> {
    let io = |e: &std::io::Error| Fault::io("scan spooled object", e);
    let mut file = std::fs::File::open(path).map_err(|e| io(&e))?;
    let length = file.metadata().map_err(|e| io(&e))?.len();
    let mut source = FileSource::new(&mut file, length);
    let header = header_in(&mut source, None, profile).map_err(|r| Fault::invalid(r.slug, r.detail))?;
    let pixel_sha256 = pixels(&header, &mut source);
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
    Ok(Checked { header, dataset_sha256: hex(hash), pixel_sha256 })
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// Hash of what the reader sees: the native value, or the fragments without their offset table (specification §7.2).
fn pixels<S: Source>(header: &Header, source: &mut S) -> String {
    if header.object.deflated.is_some() {
        return String::new();
    }
    let root = header.root();
    let ranges: Vec<(u64, u64)> = if header.object.fragments.is_empty() {
        let found =
            [tag::PIXELS, tag::FLOAT_PIXELS, tag::DOUBLE_PIXELS].into_iter().find_map(|t| root.place(t));
        found.map(|(offset, length, _)| (offset, length)).into_iter().collect()
    } else {
        header.object.fragments.iter().skip(1).copied().collect()
    };
    if ranges.is_empty() {
        return String::new();
    }
    let mut hash = Sha256::new();
    hash.update(header.transfer_syntax.as_bytes());
    for (mut offset, length) in ranges {
        let end = offset.saturating_add(length);
        while offset < end {
            let part = source.bytes(offset, (end - offset).min(256 * 1024));
            if part.is_empty() {
                break;
            }
            offset += part.len() as u64;
            hash.update(&part);
        }
    }
    hex(hash)
}
