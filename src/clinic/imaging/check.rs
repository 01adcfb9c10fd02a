//! The bounded look at a spooled object before anything is kept: header, lane.

use std::path::Path;

use tokio::task::spawn_blocking;
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
    /// The object has the head that this program writes: objects with equal data sets have the same address.
    pub own_head: bool,
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
    match spooled.content() {
        // At most 1 MiB of memory: shorter than a change of thread.
        Content::Memory(bytes) => scan(&mut SliceSource(bytes), profile),
        Content::File(path) => {
            let (path, length, profile) = (path.to_owned(), spooled.len, profile.map(str::to_owned));
            let work = spawn_blocking(move || check_file(&path, Some(length), profile.as_deref()));
            work.await.map_err(|_| Fault::internal("the scan of an object stopped"))?
        }
    }
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
    let checked = scan(&mut source, profile);
    // What was scanned past a read error is no verdict on the object: the sender may try again.
    source.failed().map_or(checked, |kind| Err(io(&kind.into())))
}

fn scan<S: Source>(source: &mut S, profile: Option<&str>) -> Result<Checked> {
    let profile = profile.and_then(text::of_terms);
    let reading = Reading { negotiated: None, profile: profile.as_ref() };
    let header = header_with(source, reading).map_err(|r| Fault::invalid(r.slug, r.detail))?;
    let head = part10::head(&header.sop_class, &header.sop_instance, &header.transfer_syntax);
    let own_head = header.dataset_offset() == head.len() as u64 && source.bytes(0, head.len() as u64) == head;
    Ok(Checked { header, own_head })
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
