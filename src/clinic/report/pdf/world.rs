//! The world typst sees: our templates, our fonts and this report's data; no file system, no network, no clock.

use std::collections::HashMap;
use std::sync::LazyLock;

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};

use super::PdfError;
use super::fonts::Fonts;

/// Templates as they stand beside this file; a hospital that edits them edits these.
const TEMPLATES: [(&str, &str); 5] = [
    (MAIN, include_str!("templates/report.typ")),
    ("labels.typ", include_str!("templates/labels.typ")),
    ("imaging.typ", include_str!("templates/imaging.typ")),
    ("ecg.typ", include_str!("templates/ecg.typ")),
    ("lab.typ", include_str!("templates/lab.typ")),
];
const MAIN: &str = "report.typ";

static LIBRARY: LazyLock<LazyHash<Library>> = LazyLock::new(|| LazyHash::new(Library::default()));
static SOURCES: LazyLock<Option<Sources>> = LazyLock::new(Sources::parse);

struct Sources {
    main: FileId,
    by_id: HashMap<FileId, Source>,
}

impl Sources {
    fn parse() -> Option<Self> {
        let mut by_id = HashMap::new();
        for (path, text) in TEMPLATES {
            let id = file_id(path)?;
            by_id.insert(id, Source::new(id, text.to_owned()));
        }
        Some(Self { main: file_id(MAIN)?, by_id })
    }
}

/// One report being rendered.
pub(super) struct ReportWorld<'a> {
    fonts: &'a Fonts,
    sources: &'static Sources,
    files: HashMap<FileId, Bytes>,
}

impl<'a> ReportWorld<'a> {
    /// `files`: name and bytes of what the templates read (`data.json`, `qr.svg`, `ecg.svg`).
    pub(super) fn new(fonts: &'a Fonts, files: Vec<(&str, Vec<u8>)>) -> Result<Self, PdfError> {
        let sources = SOURCES.as_ref().ok_or_else(|| PdfError::Template("template paths".to_owned()))?;
        let by_id = files.into_iter().filter_map(|(name, data)| Some((file_id(name)?, Bytes::new(data))));
        Ok(Self { fonts, sources, files: by_id.collect() })
    }
}

impl World for ReportWorld<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.fonts.book()
    }

    fn main(&self) -> FileId {
        self.sources.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        self.sources.by_id.get(&id).cloned().ok_or_else(|| not_found(id))
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.files.get(&id).cloned().ok_or_else(|| not_found(id))
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.font(index)
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}

fn file_id(path: &str) -> Option<FileId> {
    Some(RootedPath::new(VirtualRoot::Project, VirtualPath::new(path).ok()?).intern())
}

fn not_found(id: FileId) -> FileError {
    FileError::NotFound(id.vpath().get_without_slash().into())
}
