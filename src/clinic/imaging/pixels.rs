//! Hashes of the pixel data of versions of one instance: told apart only when a second version comes (specification §7.2).

use std::collections::HashMap;

use tokio::task::spawn_blocking;
use yigong_base::Ctx;
use yigong_base::digest::Running;
use yigong_base::fault::{Fault, Result};
use yigong_formats::dicom::{FileSource, Header, Source, header, tag};

/// Read at once, bytes.
const PART: u64 = 256 * 1024;

/// SHA-256 of the pixel data by object address; empty = no pixel data, inside a deflated data set, or not readable.
#[derive(Debug, Default)]
pub(super) struct Pixels(HashMap<String, String>);

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
        self.0.get(one).is_some_and(|hash| !hash.is_empty() && self.0.get(other) == Some(hash))
    }
}

fn of_file(path: &std::path::Path) -> Option<String> {
    let file = std::fs::File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    let mut source = FileSource::new(file, length);
    let header = header(&mut source, None).ok()?;
    let hash = of(&header, &mut source);
    source.failed().is_none().then_some(hash)
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
    for (mut offset, length) in ranges {
        let end = offset.saturating_add(length);
        while offset < end {
            let part = source.bytes(offset, (end - offset).min(PART));
            if part.is_empty() {
                break;
            }
            offset += part.len() as u64;
            hash.update(&part);
        }
    }
    hash.finish_hex()
}
