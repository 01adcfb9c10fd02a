//! CPU time of the decoders on the example files of the shared folder, and on recordings made here in the formats for
//! which there is none.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use yigong_formats::ecg::decode::{decode, probe, wfdb};
use yigong_formats::ecg::{Format, Limits};

use super::made;

/// Files of a format that are listed one by one; of more only the distribution is printed.
const LISTED: usize = 4;
/// Folders below the examples.
const DEPTH: usize = 4;

/// A file as decoded over and over.
struct Example {
    name: String,
    format: Format,
    bytes: Vec<u8>,
    /// For a WFDB header: the files beside it.
    folder: PathBuf,
}

/// Endings of the files of recorders and of LUDB; its annotations are no recordings.
const ENDINGS: [&str; 6] = ["dcm", "ecg", "edf", "hea", "scp", "xml"];

impl Example {
    fn read(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_string_lossy().to_ascii_lowercase();
        if !ENDINGS.contains(&ending.as_str()) {
            return None;
        }
        let bytes = std::fs::read(path).ok()?;
        let format = probe(&bytes).filter(|f| *f != Format::Pdf)?;
        let name = path.file_name()?.to_string_lossy().into_owned();
        Some(Self { name, format, bytes, folder: path.parent()?.to_path_buf() })
    }

    /// Bytes decoded; the signal files of a WFDB record are read before the clock starts.
    fn run(&self, rounds: usize, repeats: u32) -> Option<(usize, f64)> {
        let limits = Limits::default();
        let mut beside: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        if self.format == Format::Wfdb {
            for line in String::from_utf8_lossy(&self.bytes).lines().skip(1) {
                let name = line.split(' ').next().unwrap_or_default();
                if let Ok(bytes) = std::fs::read(self.folder.join(name)) {
                    beside.insert(name.to_owned(), bytes);
                }
            }
        }
        let once = || match self.format {
            Format::Wfdb => wfdb::decode(&self.bytes, &|name| beside.get(name).cloned(), &limits),
            _ => decode(&self.bytes, &limits),
        };
        once().ok()?;
        let ms = super::median(rounds, repeats, || {
            std::hint::black_box(once().is_ok());
        })?;
        Some((self.bytes.len() + beside.values().map(Vec::len).sum::<usize>(), ms))
    }
}

/// Files below a folder.
fn walk(folder: &Path, depth: usize, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() && depth > 0 {
            walk(&path, depth - 1, out);
        } else if path.is_file() {
            out.push(path);
        }
    }
}

/// Measures and prints; without `whole` two files of a format once each.
#[expect(clippy::print_stdout, reason = "a bench prints")]
pub fn run(folder: &Path, whole: bool) {
    let mut paths = Vec::new();
    walk(folder, DEPTH, &mut paths);
    let mut of: BTreeMap<&'static str, Vec<Example>> = BTreeMap::new();
    let found = paths.iter().filter_map(|p| Example::read(p));
    let made = made::files().into_iter().map(|(name, bytes)| {
        let format = probe(&bytes);
        (name, bytes, format)
    });
    let made = made.filter_map(|(name, bytes, format)| {
        Some(Example { name: name.to_owned(), format: format?, bytes, folder: PathBuf::new() })
    });
    for example in found.chain(made) {
        of.entry(example.format.code()).or_default().push(example);
    }
    let (rounds, repeats) = if whole { (super::ROUNDS, super::REPEATS) } else { (1, 1) };
    println!("decoders, CPU ms per file ({rounds} rounds of {repeats}):");
    for (format, mut examples) in of {
        if !whole {
            examples.truncate(2);
        }
        let listed = examples.len() <= LISTED;
        let mut all: Vec<(f64, usize, String)> = Vec::new();
        for example in examples {
            match example.run(rounds, repeats) {
                Some((size, ms)) => all.push((ms, size, example.name)),
                None => println!("  {format:<10} {} is refused", example.name),
            }
        }
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        if listed {
            for (ms, size, name) in &all {
                println!("  {format:<10} {ms:7.2}  {size:>8} bytes  {name}");
            }
        } else if let (Some(middle), Some(last)) = (all.get(all.len() / 2), all.last()) {
            let (size, count) = (middle.1, all.len());
            println!(
                "  {format:<10} {:7.2}  {size:>8} bytes  median of {count}; most {:.2}",
                middle.0, last.0
            );
        }
    }
}
