//! The bounded look at a spooled object before anything is kept: header, hashes, lane.

use std::path::Path;

use tokio::task::spawn_blocking;
use yigong_base::digest::Running;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::spool::{Content, Spooled};
use yigong_formats::dicom::{
    FileSource, Header, Reading, SliceSource, Source, head, header_with, part10, text, uid,
};

use super::receive::Names;

/// Defects that make an image unreliable to read.
const HARMFUL: &[&str] =
    &["value-past-end", "truncated", "structure", "pixel-size", "pixel-length", "fragment-count"];

/// What the check found.
#[derive(Debug)]
pub struct Checked {
    /// Header for the index.
    pub header: Header,
    /// Equality of re-sent objects.
    pub dataset_sha256: Digest,
}

/// SHA-256 of the data set bytes behind the head that we write (class, instance and transfer syntax, `part10::head`):
/// equal for equal data, whatever head a file came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Digest {
    /// The object has our own head: it is the address of the object, and nothing is hashed twice.
    Object,
    /// The object has another head: not computed yet.
    Foreign,
    /// The object has another head.
    Other(String),
}

impl Digest {
    /// The digest of an object with this address.
    #[must_use]
    pub fn of<'a>(&'a self, address: &'a str) -> &'a str {
        match self {
            Self::Object | Self::Foreign => address,
            Self::Other(digest) => digest,
        }
    }
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

/// Scans a spooled object and says what it is.
///
/// # Errors
/// `Invalid` with the scanner's slug when the object is refused; `Storage` when the file cannot be read.
pub async fn check(spooled: &Spooled) -> Result<Checked> {
    check_for(spooled, None).await
}

/// The same with the character set of the sender's profile, for text whose own set is in doubt.
///
/// # Errors
/// As [`check`].
pub async fn check_for(spooled: &Spooled, profile: Option<&str>) -> Result<Checked> {
    let looked = match spooled.content() {
        // At most 1 MiB of memory: shorter than a change of thread.
        Content::Memory(bytes) => {
            let checked = scan(&mut SliceSource(bytes), profile)?;
            let (Checked { dataset_sha256: Digest::Foreign, header }, Some(bytes)) =
                (&checked, spooled.shared())
            else {
                return Ok(checked);
            };
            let (head, from) = (own_head(header), header.dataset_offset());
            let digest = spawn_blocking(move || digest(&mut SliceSource((*bytes).as_ref()), &head, from));
            digest.await.map(|d| Ok(Checked { dataset_sha256: Digest::Other(d), ..checked }))
        }
        Content::File(path) => {
            let (path, length, profile) = (path.to_owned(), spooled.len, profile.map(str::to_owned));
            spawn_blocking(move || check_file(&path, Some(length), profile.as_deref())).await
        }
    };
    looked.map_err(|_| Fault::internal("the scan of an object stopped"))?
}

/// The same for a file; blocks.
///
/// # Errors
/// As [`check`].
pub fn check_in(path: &Path, profile: Option<&str>) -> Result<Checked> {
    check_file(path, None, profile)
}

/// A spool file may be longer than the object in it, hence `length`.
fn check_file(path: &Path, length: Option<u64>, profile: Option<&str>) -> Result<Checked> {
    let io = |e: &std::io::Error| Fault::io("scan object", e);
    let file = std::fs::File::open(path).map_err(|e| io(&e))?;
    let length = match length {
        Some(length) => length,
        None => file.metadata().map_err(|e| io(&e))?.len(),
    };
    let mut source = FileSource::new(file, length);
    let checked = scan(&mut source, profile).map(|mut checked| {
        if checked.dataset_sha256 == Digest::Foreign {
            let (head, from) = (own_head(&checked.header), checked.header.dataset_offset());
            checked.dataset_sha256 = Digest::Other(digest(&mut source, &head, from));
        }
        checked
    });
    // What was scanned past a read error is no verdict on the object: the sender may try again.
    source.failed().map_or(checked, |kind| Err(io(&kind.into())))
}

fn scan<S: Source>(source: &mut S, profile: Option<&str>) -> Result<Checked> {
    let profile = profile.and_then(text::of_terms);
    let reading = Reading { negotiated: None, profile: profile.as_ref() };
    let header = header_with(source, reading).map_err(|r| Fault::invalid(r.slug, r.detail))?;
    let head = own_head(&header);
    let own = header.dataset_offset() == head.len() as u64 && source.bytes(0, head.len() as u64) == head;
    let dataset_sha256 = if own { Digest::Object } else { Digest::Foreign };
    Ok(Checked { header, dataset_sha256 })
}

fn own_head(h: &Header) -> Vec<u8> {
    part10::head(&h.sop_class, &h.sop_instance, &h.transfer_syntax)
}

/// SHA-256 of our head and the data set bytes.
fn digest<S: Source>(source: &mut S, head: &[u8], from: u64) -> String {
    let mut hash = Running::default();
    hash.update(head);
    let (mut at, mut buffer) = (from, vec![0_u8; 256 * 1024]);
    loop {
        let n = source.read_at(at, &mut buffer);
        let Some(part) = buffer.get(..n).filter(|p| !p.is_empty()) else { return hash.finish_hex() };
        hash.update(part);
        at += n as u64;
    }
}

/// What the meta group of a refused object calls it; empty where it is no legal UID.
pub(super) async fn meta_names(spooled: &Spooled) -> Names {
    match spooled.content() {
        Content::Memory(bytes) => named(&mut SliceSource(bytes)),
        Content::File(path) => {
            let (path, length) = (path.to_owned(), spooled.len);
            let work = spawn_blocking(move || {
                std::fs::File::open(path).map(|file| named(&mut FileSource::new(file, length)))
            });
            // What cannot be read has no name; the fault of the object itself is what the sender hears.
            work.await.ok().and_then(std::io::Result::ok).unwrap_or_default()
        }
    }
}

fn named<S: Source>(source: &mut S) -> Names {
    let Ok(head) = head::read(source, None, &mut Default::default()) else { return Names::default() };
    let legal = |raw: &[u8]| uid::check(raw, "uid", &mut Default::default()).unwrap_or_default();
    Names { sop_class: legal(&head.class), sop_instance: legal(&head.instance), ..Names::default() }
}
