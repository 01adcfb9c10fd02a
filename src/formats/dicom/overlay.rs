//! Corrections on the way out (specification §7.4): which bytes of a stored object are copied, which are written anew.
//!
//! What was received is never changed. A [`Plan`] names ranges of the stored file and the few new bytes between them, so
//! an object of any size goes out in constant memory. Only corrected elements are encoded, in the set the object itself
//! uses when it can express them; otherwise every text of the object is written in UTF-8 (ISO_IR 192).

mod edit;
mod place;
mod splice;

#[cfg(test)]
mod tests;

use super::object::Keep;
use super::plausible::{Mode, mode_at};
use super::text::{self, Charset, How};
use super::{Object, Refusal, SliceSource, Source, Tag, Vr, inflate, tag};
use edit::Editor;
pub use splice::Spliced;

/// Largest deflated data set that is opened for a correction, inflated bytes.
const MAX_DEFLATED: u64 = 64 << 20;
/// VL Whole Slide Microscopy Image Storage: the only class whose TIFF preamble is kept (PS3.10 §7.1).
const WHOLE_SLIDE: &str = "1.2.840.10008.5.1.4.1.1.77.1.6";

/// One corrected element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `00100010`, or `00400275/1/00400007` for an element of the first item of a sequence.
    pub path: String,
    /// Its VR; a value is written for those whose value is text.
    pub vr: Vr,
    /// The new value, values separated by a backslash; `None` takes the element away, a sequence with all that is in it.
    pub value: Option<String>,
}

impl Change {
    /// A change of an element of the data set itself.
    #[must_use]
    pub fn of(t: Tag, vr: Vr, value: impl Into<String>) -> Self {
        Self { path: t.to_string(), vr, value: Some(value.into()) }
    }

    /// The address of the item it stands in (`00400275/1/`, empty for the data set) and its tag.
    fn place(&self) -> Option<(&str, Tag)> {
        let cut = self.path.rfind('/').map_or(0, |i| i + 1);
        let (item, own) = (self.path.get(..cut)?, self.path.get(cut..)?);
        let steps: Vec<&str> = item.split('/').filter(|s| !s.is_empty()).collect();
        let pairs = steps.chunks(2).all(
            |p| matches!(p, [t, n] if Tag::from_hex(t).is_some() && n.parse::<u32>().is_ok_and(|n| n > 0)),
        );
        (pairs && (self.vr.is_text() || self.value.is_none())).then_some(())?;
        Some((item, Tag::from_hex(own)?))
    }
}

/// A run of bytes of the outgoing file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Bytes of the stored file.
    Copy {
        /// First byte.
        offset: u64,
        /// How many.
        length: u64,
    },
    /// New bytes.
    Bytes(Vec<u8>),
}

impl Piece {
    /// Its length.
    #[must_use]
    pub fn length(&self) -> u64 {
        match self {
            Self::Copy { length, .. } => *length,
            Self::Bytes(b) => b.len() as u64,
        }
    }
}

/// The outgoing file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// In order.
    pub pieces: Vec<Piece>,
    /// Length of the whole.
    pub length: u64,
    /// Every text was written in UTF-8, because a new value does not fit the object's own set.
    pub recoded: bool,
    /// Paths that name an item the object does not have, or a value for an element that is a sequence.
    pub missed: Vec<String>,
}

/// The outgoing file without corrections: preamble zero, every other byte as stored.
pub fn untouched<S: Source>(source: &mut S, sop_class: &str) -> Plan {
    let length = source.len();
    let pieces = match preamble(source, sop_class) {
        Some(zero) => {
            vec![Piece::Bytes(zero), Piece::Copy { offset: 128, length: length.saturating_sub(128) }]
        }
        None => vec![Piece::Copy { offset: 0, length }],
    };
    Plan { pieces, length, recoded: false, missed: Vec::new() }
}

/// The outgoing file with corrections. Equal paths: the last one counts.
///
/// # Errors
/// `overlay-path` for a path or VR that cannot be corrected, `overlay-length` when a value does not fit its VR, and the
/// refusals of the scanner.
pub fn plan<S: Source>(source: &mut S, changes: &[Change]) -> Result<Plan, Refusal> {
    let object = Object::read(source, None, Keep::INDEX)?;
    if object.deflated.is_some() {
        return deflated(source, &object, changes);
    }
    planned(source, &object, object.head.dataset, changes)
}

fn planned<S: Source>(
    source: &mut S,
    object: &Object,
    start: u64,
    changes: &[Change],
) -> Result<Plan, Refusal> {
    let (changes, own, recoded) = settle(object, changes)?;
    let expected = Mode::of(&object.head.transfer_syntax);
    let mode = mode_at(source, start, Some(expected)).unwrap_or(expected);
    let mut editor = Editor::new(object, &changes, own, recoded, mode);
    editor.walk(source, start)?;
    let (mut edits, missed) = editor.finish(source)?;
    if start >= 132
        && let Some(zero) = preamble(source, &object.root().text(tag::SOP_CLASS))
    {
        edits.insert(0, edit::Edit { at: 0, skip: 128, bytes: zero });
    }
    let (pieces, length) = place::pieces(edits, source.len());
    Ok(Plan { pieces, length, recoded, missed })
}

/// A deflated data set is opened, corrected and deflated again (PS3.5 §A.5).
fn deflated<S: Source>(source: &mut S, object: &Object, changes: &[Change]) -> Result<Plan, Refusal> {
    if object.deflated.is_some_and(|n| n > MAX_DEFLATED) {
        return Err(Refusal::new("inflate-limit", "a deflated object of this size cannot be corrected"));
    }
    let start = object.head.dataset;
    let plain = inflate::inflate(source, start, true)?.bytes;
    let inner = planned(&mut SliceSource(&plain), object, 0, changes)?;
    let out = deflate(&render(&plain, &inner))?;
    let head = untouched(source, &object.root().text(tag::SOP_CLASS));
    let mut pieces: Vec<Piece> = Vec::new();
    let mut left = start;
    for piece in head.pieces {
        let take = piece.length().min(left);
        left -= take;
        match piece {
            Piece::Copy { offset, .. } => pieces.push(Piece::Copy { offset, length: take }),
            bytes @ Piece::Bytes(_) => pieces.push(bytes),
        }
    }
    pieces.push(Piece::Bytes(out));
    let length = pieces.iter().map(Piece::length).sum();
    Ok(Plan { pieces, length, recoded: inner.recoded, missed: inner.missed })
}

fn deflate(plain: &[u8]) -> Result<Vec<u8>, Refusal> {
    use flate2::{Compress, Compression, FlushCompress, Status};
    let failed = |_| Refusal::new("overlay-length", "deflating failed");
    let mut engine = Compress::new(Compression::default(), false);
    let mut out = Vec::with_capacity(plain.len() / 2 + 64);
    loop {
        let used = usize::try_from(engine.total_in()).unwrap_or(usize::MAX);
        out.reserve(64 * 1024);
        let rest = plain.get(used..).unwrap_or_default();
        if engine.compress_vec(rest, &mut out, FlushCompress::Finish).map_err(failed)? == Status::StreamEnd {
            if out.len() % 2 == 1 {
                out.push(0); // PS3.5 §A.5: the stream is padded to even length.
            }
            return Ok(out);
        }
    }
}

/// The bytes of a plan over a file in memory.
#[must_use]
pub fn render(stored: &[u8], plan: &Plan) -> Vec<u8> {
    let mut out = Vec::with_capacity(usize::try_from(plan.length).unwrap_or(0));
    for piece in &plan.pieces {
        match piece {
            Piece::Bytes(bytes) => out.extend_from_slice(bytes),
            Piece::Copy { offset, length } => {
                let range = usize::try_from(*offset).ok().zip(usize::try_from(*length).ok());
                let part = range.and_then(|(o, l)| stored.get(o..o.checked_add(l)?));
                out.extend_from_slice(part.unwrap_or_default());
            }
        }
    }
    out
}

/// 128 zero bytes where a preamble stands that must not go out.
fn preamble<S: Source>(source: &mut S, sop_class: &str) -> Option<Vec<u8>> {
    if source.array::<4>(128) != Some(*b"DICM") {
        return None;
    }
    let tiff = matches!(source.array::<4>(0), Some([b'I', b'I', b'*', 0] | [b'M', b'M', 0, b'*']));
    (!(tiff && sop_class == WHOLE_SLIDE)).then(|| vec![0; 128])
}

/// The changes to make, the set they are written in, and whether the whole object changes to UTF-8.
fn settle(object: &Object, asked: &[Change]) -> Result<(Vec<Change>, Label, bool), Refusal> {
    let mut changes: Vec<Change> = Vec::new();
    for change in asked {
        if change.place().is_none() {
            return Err(Refusal::new("overlay-path", format!("{} ({})", change.path, change.vr)));
        }
        let change = Change { path: change.path.to_ascii_uppercase(), ..change.clone() };
        changes.retain(|c| c.path != change.path);
        changes.push(change);
    }
    let charset_path = tag::CHARSET.to_string();
    let relabel =
        changes.iter().find(|c| c.path == charset_path).map(|c| c.value.clone().unwrap_or_default());
    let label = match &relabel {
        Some(term) => Label::said(term)?,
        None => Label::of(object),
    };
    let fits =
        |c: &Change| !c.vr.is_charset_text() || c.value.as_ref().is_none_or(|v| label.encode(v).is_some());
    let recoded = !changes.iter().all(fits);
    let ascii =
        changes.iter().all(|c| !c.vr.is_charset_text() || c.value.as_ref().is_none_or(|v| v.is_ascii()));
    // A label that lies about the object's own text would make the corrected name unreadable: it is put right with it.
    let lies = relabel.is_none() && !ascii && !matches!(object.charset.how, How::Declared | How::Alias);
    if recoded || lies {
        let term = if recoded { "ISO_IR 192" } else { label.term.as_str() };
        changes.retain(|c| c.path != charset_path);
        changes.push(Change::of(tag::CHARSET, Vr::CS, term));
    }
    changes.sort_by_key(|c| c.place().map(|(item, t)| (item.to_owned(), t)));
    Ok((changes, label, recoded))
}

/// The set of the object's text: its term for writing, and how its bytes are read.
struct Label {
    term: String,
    charset: Charset,
}

impl Label {
    fn of(object: &Object) -> Self {
        let found = &object.charset;
        let own = match (&found.declared, found.how) {
            (Some(declared), How::Declared) if declared.len() == 1 => declared.first().cloned(),
            _ => None,
        };
        let term = own.unwrap_or_else(|| found.charset.term().to_owned());
        Self { term, charset: found.charset.clone() }
    }

    fn said(term: &str) -> Result<Self, Refusal> {
        let values: Vec<String> = term.split('\\').map(|v| v.trim().to_owned()).collect();
        let (charset, _) = text::parse(&values)
            .ok_or_else(|| Refusal::new("overlay-path", format!("unknown character set {term}")))?;
        Ok(Self { term: term.to_owned(), charset })
    }

    fn encode(&self, value: &str) -> Option<Vec<u8>> {
        if value.is_ascii() { Some(value.as_bytes().to_vec()) } else { text::encode(&self.term, value) }
    }
}

/// Corrects a file in memory.
///
/// # Errors
/// As [`plan`].
pub fn apply(stored: &[u8], changes: &[Change]) -> Result<Vec<u8>, Refusal> {
    Ok(render(stored, &plan(&mut SliceSource(stored), changes)?))
}
