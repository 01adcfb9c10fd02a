//! One walk over the tokens that turns changes into edits: where bytes go, where new ones stand, which lengths follow.

use super::place::{has, head_of, stray, value};
use super::{Change, Label};
use crate::dicom::plausible::Mode;
use crate::dicom::scan::{Kind, Scanner, Token};
use crate::dicom::text::{self, Charset};
use crate::dicom::{Object, Refusal, Source, Tag, Vr, tag};

/// Largest value of a VR with a 16-bit length field (PS3.5 §7.1.2).
const SHORT_MAX: usize = 0xFFFE;

/// `skip` stored bytes at `at` give way to `bytes`.
#[derive(Debug)]
pub(super) struct Edit {
    pub(super) at: u64,
    pub(super) skip: u64,
    pub(super) bytes: Vec<u8>,
}

/// A sequence, item or encapsulation that is open, with its length field.
struct Open {
    kind: Kind,
    tag: Tag,
    length_at: u64,
    big: bool,
    delta: i64,
    items: u32,
}

/// The data set or an item whose elements pass by.
struct Level {
    path: String,
    charset: Charset,
    explicit: bool,
    big: bool,
    current: Tag,
    /// A group length element: group, where its value stands, growth of the group.
    group: Option<(u16, u64, i64)>,
}

pub(super) struct Editor<'a> {
    changes: Vec<(&'a Change, String, Tag, State)>,
    label: Label,
    recode: bool,
    mode: Mode,
    opens: Vec<Open>,
    levels: Vec<Level>,
    edits: Vec<Edit>,
    patches: Vec<(u64, i64, bool)>,
    cursor: u64,
    /// A sequence that is taken away: how many are open outside it, and its first byte.
    gone: Option<(usize, u64)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The element stands somewhere in the object.
    There,
    /// It does not: it is put where its tag belongs.
    Absent,
    Done,
}

impl<'a> Editor<'a> {
    pub(super) fn new(
        object: &Object,
        changes: &'a [Change],
        label: Label,
        recode: bool,
        mode: Mode,
    ) -> Self {
        let changes = changes
            .iter()
            .filter_map(|c| {
                let (item, t) = c.place()?;
                let state = if has(object, item, t) { State::There } else { State::Absent };
                Some((c, item.to_owned(), t, state))
            })
            .collect();
        Self {
            changes,
            label,
            recode,
            mode,
            opens: Vec::new(),
            levels: Vec::new(),
            edits: Vec::new(),
            patches: Vec::new(),
            cursor: 0,
            gone: None,
        }
    }

    pub(super) fn walk<S: Source>(&mut self, source: &mut S, start: u64) -> Result<(), Refusal> {
        self.cursor = start;
        let length = source.len();
        self.levels.push(Level {
            path: String::new(),
            charset: self.label.charset.clone(),
            explicit: self.mode.explicit,
            big: self.mode.big,
            current: Tag(0),
            group: None,
        });
        let mut tokens = Scanner::new(source, start, self.mode);
        while let Some(token) = tokens.next_token()? {
            match token.kind {
                Kind::Element | Kind::Sequence | Kind::Encapsulated => {
                    self.element(&mut tokens, &token)?;
                    if token.kind != Kind::Element {
                        self.open(&token);
                    }
                }
                Kind::Item => self.item(&token),
                Kind::Fragment => self.cursor = token.offset + token.length,
                Kind::End => self.end(&token)?,
            }
        }
        self.strays(&mut tokens, length);
        self.insert_before(Tag(u32::MAX), self.cursor)?;
        self.close_level();
        Ok(())
    }

    /// Edits in order, and the paths that could not be reached.
    pub(super) fn finish<S: Source>(mut self, source: &mut S) -> Result<(Vec<Edit>, Vec<String>), Refusal> {
        for (at, delta, big) in std::mem::take(&mut self.patches) {
            let Some(raw) = source.array::<4>(at) else { continue };
            let old = if big { u32::from_be_bytes(raw) } else { u32::from_le_bytes(raw) };
            if old == u32::MAX || delta == 0 {
                continue;
            }
            let new = u32::try_from(i64::from(old) + delta)
                .map_err(|_| Refusal::new("overlay-length", "a sequence does not fit its length field"))?;
            let bytes = if big { new.to_be_bytes() } else { new.to_le_bytes() };
            self.edits.push(Edit { at, skip: 4, bytes: bytes.to_vec() });
        }
        self.edits.sort_by_key(|e| e.at);
        let missed = self
            .changes
            .iter()
            .filter(|c| c.3 != State::Done && c.0.value.is_some())
            .map(|c| c.0.path.clone());
        Ok((self.edits, missed.collect()))
    }

    fn element<S: Source>(&mut self, tokens: &mut Scanner<'_, S>, token: &Token) -> Result<(), Refusal> {
        let end = if token.kind == Kind::Element { token.offset + token.length } else { token.offset };
        if self.gone.is_some() {
            self.cursor = end;
            return Ok(());
        }
        let head = head_of(tokens, token, self.cursor);
        let start = token.offset - head.length;
        if let Some(level) = self.levels.last_mut() {
            level.explicit = head.explicit;
        }
        self.strays(tokens, start);
        self.insert_before(token.tag, start)?;
        self.enter(token);
        let wanted = self.here(token.tag);
        if token.kind == Kind::Element {
            if let Some(index) = wanted {
                self.replace(index, start, end)?;
            } else if token.tag == tag::CHARSET {
                self.charset(tokens, token, start, end)?;
            } else if self.recode && token.vr.is_charset_text() {
                self.recode(tokens, token, start, end)?;
            }
        } else if let Some((change, _, _, state)) = wanted.and_then(|i| self.changes.get_mut(i))
            && change.value.is_none()
        {
            *state = State::Done;
            self.gone = Some((self.opens.len(), start));
        }
        self.cursor = end;
        Ok(())
    }

    /// Items that nothing holds, between the last element and `until`, do not go out: what they say of a person is not corrected.
    /// They stand behind the elements of their group, and no reader counts them among those.
    fn strays<S: Source>(&mut self, tokens: &mut Scanner<'_, S>, until: u64) {
        let big = self.levels.last().is_some_and(|l| l.big);
        let mut at = self.cursor;
        while let Some(end) = stray(tokens, at, until, big) {
            for open in &mut self.opens {
                open.delta -= i64::try_from(end - at).unwrap_or(0);
            }
            self.edits.push(Edit { at, skip: end - at, bytes: Vec::new() });
            at = end;
        }
    }

    /// Remembers where the walk is, and the group length that counts what follows.
    fn enter(&mut self, token: &Token) {
        let mut left = None;
        if let Some(level) = self.levels.last_mut() {
            level.current = token.tag;
            if level.group.is_some_and(|(g, _, _)| g != token.tag.group()) {
                left = level.group.take().map(|(_, at, delta)| (at, delta, level.big));
            }
            if token.tag.element() == 0 && token.length == 4 {
                level.group = Some((token.tag.group(), token.offset, 0));
            }
        }
        self.patches.extend(left);
    }

    /// The change of this tag in the item that is open; a second occurrence finds it as well.
    fn here(&self, t: Tag) -> Option<usize> {
        let path = &self.levels.last()?.path;
        self.changes.iter().position(|(_, item, tag, _)| *tag == t && item == path)
    }

    fn insert_before(&mut self, t: Tag, at: u64) -> Result<(), Refusal> {
        let Some(level) = self.levels.last().filter(|_| self.gone.is_none()) else { return Ok(()) };
        let due: Vec<usize> = (0..self.changes.len())
            .filter(|i| {
                self.changes
                    .get(*i)
                    .is_some_and(|(_, item, tag, s)| *s == State::Absent && *tag < t && *item == level.path)
            })
            .collect();
        for index in due {
            if let Some(level) = self.levels.last_mut()
                && let Some((_, _, tag, _)) = self.changes.get(index)
            {
                level.current = *tag;
            }
            self.replace(index, at, at)?;
        }
        Ok(())
    }

    /// Writes a change over stored bytes; the first occurrence carries the value, others go.
    fn replace(&mut self, index: usize, start: u64, end: u64) -> Result<(), Refusal> {
        let Some((change, _, t, state)) = self.changes.get_mut(index) else { return Ok(()) };
        let first = *state != State::Done;
        *state = State::Done;
        let (change, t) = (*change, *t);
        let bytes = match change.value.as_ref().filter(|_| first) {
            None => Vec::new(),
            Some(value) => self.encoded(t, change.vr, value)?,
        };
        self.edit(start, end - start, bytes);
        Ok(())
    }

    fn encoded(&self, t: Tag, vr: Vr, value: &str) -> Result<Vec<u8>, Refusal> {
        let bytes = if !vr.is_charset_text() || self.recode {
            value.as_bytes().to_vec()
        } else {
            self.label.encode(value).ok_or_else(|| Refusal::new("charset-wrong", t.to_string()))?
        };
        self.written(t, vr, bytes)
    }

    fn written(&self, t: Tag, vr: Vr, mut value: Vec<u8>) -> Result<Vec<u8>, Refusal> {
        let Some(level) = self.levels.last() else { return Ok(Vec::new()) };
        if value.len() % 2 == 1 {
            value.push(if vr == Vr::UI { 0 } else { b' ' });
        }
        let too_long = || Refusal::new("overlay-length", format!("{t} has {} bytes", value.len()));
        if level.explicit && !vr.is_long() && value.len() > SHORT_MAX {
            return Err(too_long());
        }
        let length = u32::try_from(value.len()).map_err(|_| too_long())?;
        let two = |n: u16| if level.big { n.to_be_bytes() } else { n.to_le_bytes() };
        let four = |n: u32| if level.big { n.to_be_bytes() } else { n.to_le_bytes() };
        let mut out = Vec::with_capacity(value.len() + 12);
        out.extend(two(t.group()));
        out.extend(two(t.element()));
        if !level.explicit {
            out.extend(four(length));
        } else if vr.is_long() {
            out.extend(vr.0);
            out.extend([0, 0]);
            out.extend(four(length));
        } else {
            out.extend(vr.0);
            out.extend(two(u16::try_from(length).unwrap_or(0)));
        }
        out.append(&mut value);
        Ok(out)
    }

    /// An item's own character set: it governs what follows, and becomes UTF-8 with everything else.
    fn charset<S: Source>(
        &mut self,
        tokens: &mut Scanner<'_, S>,
        token: &Token,
        start: u64,
        end: u64,
    ) -> Result<(), Refusal> {
        if self.levels.len() < 2 {
            return Ok(());
        }
        let raw = value(tokens, token, 1024);
        let values: Vec<String> = String::from_utf8_lossy(&raw)
            .split('\\')
            .map(|v| v.trim_matches(['\0', ' ']).to_owned())
            .collect();
        if let (Some((charset, _)), Some(level)) = (text::parse(&values), self.levels.last_mut()) {
            level.charset = charset;
        }
        if self.recode {
            let bytes = self.written(tag::CHARSET, Vr::CS, b"ISO_IR 192".to_vec())?;
            self.edit(start, end - start, bytes);
        }
        Ok(())
    }

    fn recode<S: Source>(
        &mut self,
        tokens: &mut Scanner<'_, S>,
        token: &Token,
        start: u64,
        end: u64,
    ) -> Result<(), Refusal> {
        let raw = value(tokens, token, token.length);
        if raw.iter().all(|b| b.is_ascii() && *b != 0x1B) {
            return Ok(());
        }
        let Some(level) = self.levels.last() else { return Ok(()) };
        let (decoded, _) = text::decode(&level.charset, &raw, token.vr == Vr::PN);
        let value = decoded.trim_end_matches(['\0', ' ']).as_bytes().to_vec();
        let bytes = self.written(token.tag, token.vr, value)?;
        self.edit(start, end - start, bytes);
        Ok(())
    }

    /// Notes an edit and lets every open length grow with it.
    fn edit(&mut self, at: u64, skip: u64, bytes: Vec<u8>) {
        let grown = i64::try_from(bytes.len()).unwrap_or(0) - i64::try_from(skip).unwrap_or(0);
        for open in &mut self.opens {
            open.delta += grown;
        }
        for level in &mut self.levels {
            if let Some((group, _, delta)) = &mut level.group
                && *group == level.current.group()
            {
                *delta += grown;
            }
        }
        self.edits.push(Edit { at, skip, bytes });
    }

    fn open(&mut self, token: &Token) {
        self.opens.push(Open {
            kind: token.kind,
            tag: token.tag,
            length_at: token.offset.saturating_sub(4),
            big: token.big,
            delta: 0,
            items: 0,
        });
    }

    fn item(&mut self, token: &Token) {
        let Some(outer) = self.levels.last() else { return };
        // What is inside UN is little endian, whatever holds it (PS3.5 §6.2.2).
        let (path, charset, explicit, big) =
            (outer.path.clone(), outer.charset.clone(), outer.explicit, token.big);
        let mut own = path;
        if let Some(sequence) = self.opens.last_mut() {
            sequence.items += 1;
            own.push_str(&format!("{}/{}/", sequence.tag, sequence.items));
        }
        self.open(token);
        self.levels.push(Level { path: own, charset, explicit, big, current: Tag(0), group: None });
        self.cursor = token.offset;
    }

    fn end(&mut self, token: &Token) -> Result<(), Refusal> {
        if self.opens.last().is_some_and(|o| o.kind == Kind::Item) {
            self.insert_before(Tag(u32::MAX), self.cursor)?;
            self.close_level();
        }
        if let Some(open) = self.opens.pop() {
            self.patches.push((open.length_at, open.delta, open.big));
        }
        self.cursor = token.offset;
        if let Some((outside, start)) = self.gone
            && outside == self.opens.len()
        {
            self.gone = None;
            self.edit(start, token.offset - start, Vec::new());
        }
        Ok(())
    }

    fn close_level(&mut self) {
        if let Some(level) = self.levels.pop()
            && let Some((_, at, delta)) = level.group
        {
            self.patches.push((at, delta, level.big));
        }
    }
}
