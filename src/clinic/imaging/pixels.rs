//! Hashes of data set and pixel data of versions of one instance: told apart only when a second version comes
//! (specification §7.2).

use std::collections::HashMap;

use tokio::task::spawn_blocking;
use yigong_base::Ctx;
use yigong_base::digest::{Running, RunningSha256};
use yigong_base::fault::{Fault, Result};
use yigong_formats::dicom::{FileSource, Header, Source, header, tag};

use super::recompress::Original;

/// Read at once, bytes.
const PART: u64 = 256 * 1024;

/// What the objects hold, by their address.
#[derive(Debug, Default)]
pub(super) struct Pixels(HashMap<String, Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// Hash of the data set; empty = not readable.
    dataset: String,
    /// Hash of the pixel data; empty = no pixel data, inside a deflated data set, or not readable.
    pixels: String,
    /// SHA-256 of the file: its name in an earlier build (decision 0057).
    older_name: String,
}

impl Pixels {
    /// Reads the objects on a blocking thread. What cannot be read has no hash and so equals nothing.
    pub(super) async fn read(ctx: &Ctx, objects: Vec<String>) -> Result<Self> {
        let mut paths = Vec::with_capacity(objects.len());
        for object in objects {
            let path = ctx.blobs.path(&object)?;
            paths.push((object, path));
        }
        let work = spawn_blocking(move || {
            paths.into_iter().map(|(object, path)| (object, of_file(&path).unwrap_or_default())).collect()
        });
        work.await.map(Self).map_err(|_| Fault::internal("comparing pixels stopped"))
    }

    /// Whether all of these have been looked at.
    pub(super) fn cover(&self, objects: &[String]) -> bool {
        objects.iter().all(|o| self.0.contains_key(o))
    }

    /// Whether the two objects show the same picture.
    pub(super) fn same(&self, one: &str, other: &str) -> bool {
        self.alike(one, other, |seen| &seen.pixels)
    }

    /// Whether the new object holds the same data set as a stored one, whatever heads they have; also when that one can
    /// no longer be read, but goes by the older name of these bytes.
    pub(super) fn equal(&self, new: &str, stored: &str) -> bool {
        self.alike(new, stored, |seen| &seen.dataset) || self.is_older_name(new, stored)
    }

    /// Whether `stored` is what an earlier build called the bytes of `new`.
    pub(super) fn is_older_name(&self, new: &str, stored: &str) -> bool {
        self.0.get(new).is_some_and(|seen| seen.older_name == stored)
    }

    /// Whether the new object is what a stored one was before it was recompressed: the same bytes, or the same data set.
    pub(super) fn was(&self, new: &str, original: &Original) -> bool {
        let same = |seen: &Seen| !seen.dataset.is_empty() && seen.dataset == original.dataset;
        new == original.object || self.0.get(new).is_some_and(same)
    }

    /// Whether the new object shows the picture that a stored one showed before it was recompressed.
    pub(super) fn shows(&self, new: &str, original: &Original) -> bool {
        self.0.get(new).is_some_and(|seen| !seen.pixels.is_empty() && seen.pixels == original.pixels)
    }

    /// Hashes of data set and pixel data of an object that was read; empty = there are none.
    pub(super) fn take(&mut self, object: &str) -> (String, String) {
        self.0.remove(object).map(|seen| (seen.dataset, seen.pixels)).unwrap_or_default()
    }

    fn alike(&self, one: &str, other: &str, hash: impl Fn(&Seen) -> &String) -> bool {
        let of = |object| self.0.get(object).map(&hash).filter(|hash| !hash.is_empty());
        of(one).is_some() && of(one) == of(other)
    }
}

fn of_file(path: &std::path::Path) -> Option<Seen> {
    let file = std::fs::File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    let mut source = FileSource::new(file, length);
    let header = header(&mut source, None).ok()?;
    let mut hash = Running::default();
    // The same bytes in another syntax are other data.
    hash.update(header.transfer_syntax.as_bytes());
    add(&mut hash, &mut source, header.dataset_offset(), length);
    let mut whole = RunningSha256::default();
    parts(&mut source, 0, length, |part| whole.update(part));
    let seen =
        Seen { dataset: hash.finish_hex(), pixels: of(&header, &mut source), older_name: whole.finish_hex() };
    source.failed().is_none().then_some(seen)
}

/// Adds the bytes `from .. to`, as far as there are any.
fn add<S: Source>(hash: &mut Running, source: &mut S, from: u64, to: u64) {
    parts(source, from, to, |part| hash.update(part));
}

fn parts<S: Source>(source: &mut S, mut from: u64, to: u64, mut take: impl FnMut(&[u8])) {
    while from < to {
        let part = source.bytes(from, (to - from).min(PART));
        if part.is_empty() {
            return;
        }
        from += part.len() as u64;
        take(&part);
    }
}

/// Hash of what the reader sees: the native value, or the fragments without their offset table.
fn of<S: Source>(header: &Header, source: &mut S) -> String {
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
    let mut hash = Running::default();
    hash.update(header.transfer_syntax.as_bytes());
    for (offset, length) in ranges {
        add(&mut hash, source, offset, offset.saturating_add(length));
    }
    hash.finish_hex()
}
