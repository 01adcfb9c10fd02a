//! Fonts of the reports: found once in the configured folders, read when first used.
//!
//! A missing Chinese font is an error with a name, never a page of empty boxes.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use typst::foundations::Bytes;
use typst::text::{Font, FontBook, FontInfo};
use typst::utils::LazyHash;

use super::PdfError;

/// Where Debian and most distributions keep fonts.
pub const DEFAULT_FOLDER: &str = "/usr/share/fonts";
/// Families accepted for Chinese text, best first. The reports need one of them.
pub const CHINESE_FAMILIES: [&str; 5] =
    ["Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "Noto Serif CJK SC"];

/// Folders deeper than this are not searched.
const MAX_DEPTH: usize = 8;
/// Larger files are not fonts for reports.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// The fonts reports are set in. Cheap to share behind an `Arc`; make one per process.
pub struct Fonts {
    book: LazyHash<FontBook>,
    faces: Vec<Face>,
    chinese: String,
}

struct Face {
    path: PathBuf,
    index: u32,
    font: OnceLock<Option<Font>>,
}

impl Fonts {
    /// Searches `folders` for fonts.
    ///
    /// # Errors
    /// [`PdfError::ChineseFontMissing`] when none of [`CHINESE_FAMILIES`] is there.
    pub fn load(folders: &[PathBuf]) -> Result<Self, PdfError> {
        let mut files = Vec::new();
        for folder in folders {
            collect(folder, 0, &mut files);
        }
        files.sort();
        let mut book = FontBook::new();
        let mut faces = Vec::new();
        // One buffer for all files: it grows in place and goes back to the system as a whole. Memory of its own for each file
        // would stay in the heap for good, 20 MB of it.
        let mut data = Vec::new();
        for path in files {
            data.clear();
            if File::open(&path).and_then(|mut file| file.read_to_end(&mut data)).is_err() {
                continue;
            }
            for (index, info) in wanted_faces(&data) {
                book.push(info);
                faces.push(Face { path: path.clone(), index, font: OnceLock::new() });
            }
        }
        let found = CHINESE_FAMILIES.iter().find(|family| book.contains_family(&family.to_lowercase()));
        let Some(chinese) = found.map(|family| (*family).to_owned()) else {
            return Err(PdfError::ChineseFontMissing { folders: folders.to_vec() });
        };
        Ok(Self { book: LazyHash::new(book), faces, chinese })
    }

    /// Family the reports are set in.
    #[must_use]
    pub fn chinese_family(&self) -> &str {
        &self.chinese
    }

    /// True when some font has a glyph for `c`.
    #[must_use]
    pub fn covers(&self, c: char) -> bool {
        (0..self.faces.len())
            .filter_map(|i| self.book.info(i))
            .any(|info| info.coverage.contains(u32::from(c)))
    }

    pub(super) fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    pub(super) fn font(&self, index: usize) -> Option<Font> {
        let face = self.faces.get(index)?;
        let read = || Font::new(Bytes::new(std::fs::read(&face.path).ok()?), face.index);
        face.font.get_or_init(read).clone()
    }
}

/// Faces of one file worth having: of the pan-Chinese collections only the Simplified Chinese proportional face, because
/// the other faces share its glyphs and would only cost time.
fn wanted_faces(data: &[u8]) -> Vec<(u32, FontInfo)> {
    let count = ttf_parser::fonts_in_collection(data).unwrap_or(1);
    let mut faces = Vec::new();
    for index in 0..count {
        let Ok(face) = ttf_parser::Face::parse(data, index) else { continue };
        let family = family_name(&face).unwrap_or_default();
        if count > 1 && family.contains(" CJK ") && (!family.ends_with(" SC") || family.contains(" Mono ")) {
            continue;
        }
        if let Some(info) = FontInfo::new(data, index) {
            faces.push((index, info));
        }
    }
    faces
}

fn family_name(face: &ttf_parser::Face<'_>) -> Option<String> {
    let names = face.names().into_iter();
    names.filter(|n| n.name_id == ttf_parser::name_id::FAMILY).find_map(|n| n.to_string())
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(meta) = entry.metadata() else { continue };
        if meta.is_dir() && depth < MAX_DEPTH {
            collect(&path, depth + 1, files);
        } else if meta.is_file() && meta.len() <= MAX_FILE_BYTES && is_font(&path) {
            files.push(path);
        }
    }
}

fn is_font(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    matches!(extension.as_str(), "ttf" | "otf" | "ttc" | "otc")
}
