//! Bodies of STOW-RS: `multipart/related` (RFC 2046 §5.1, PS3.18 §8.6.1), read piece by piece as they come.
//!
//! The reader holds one piece and at most one part head; whatever a body claims, nothing is allocated for it. Lines end
//! with CR LF; what is not a delimiter line, a part head or a part is refused.

use memchr::memmem;

use super::Refusal;

/// Parts of one body at most.
pub const MAX_PARTS: u32 = 10_000;
/// Bytes of the head of one part at most.
pub const MAX_HEAD: usize = 8 * 1024;
/// Characters of a boundary at most. RFC 2046 §5.1.1 allows 70; Orthanc sends 73.
pub const MAX_BOUNDARY: usize = 128;
/// Blanks after a boundary at most.
const MAX_PADDING: usize = 128;

/// A media type with its parameters (RFC 9110 §8.3.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Media {
    /// `type/subtype` in small letters.
    pub kind: String,
    parameters: Vec<(String, String)>,
}

impl Media {
    /// Reads a `Content-Type` or one range of an `Accept` header.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let parts = split_outside_quotes(text, ';');
        let mut parts = parts.iter();
        let kind = parts.next().map(|k| k.trim().to_ascii_lowercase()).unwrap_or_default();
        let parameters = parts
            .filter_map(|p| {
                let (name, value) = p.split_once('=')?;
                Some((name.trim().to_ascii_lowercase(), unquoted(value.trim())))
            })
            .collect();
        Self { kind, parameters }
    }

    /// A parameter; the first of a name counts.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The boundary of a multipart type.
    ///
    /// # Errors
    /// `boundary` when it is missing, longer than `MAX_BOUNDARY`, or holds a character that RFC 2046 does not allow.
    pub fn boundary(&self) -> Result<&str, Refusal> {
        let given = self.parameter("boundary").unwrap_or_default();
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&b);
        if given.is_empty() || given.len() > MAX_BOUNDARY || given.ends_with(' ') {
            return Err(Refusal::new(
                "boundary",
                format!("{} characters; 1 to {MAX_BOUNDARY} are taken", given.len()),
            ));
        }
        if !given.bytes().all(legal) {
            return Err(Refusal::new("boundary", "a character that is not legal in a boundary"));
        }
        Ok(given)
    }
}

/// Splits outside quotation marks.
#[must_use]
pub fn split_outside_quotes(text: &str, at: char) -> Vec<String> {
    let mut out = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for c in text.chars() {
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && c == '\\' && !escaped;
        if c == at && !quoted {
            out.push(String::new());
        } else if let Some(last) = out.last_mut() {
            last.push(c);
        }
    }
    out
}

fn unquoted(value: &str) -> String {
    let Some(inside) = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut out = String::with_capacity(inside.len());
    let mut escaped = false;
    for c in inside.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            escaped = false;
            out.push(c);
        }
    }
    out
}

/// What stands before the bytes of a part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PartHead {
    /// `Content-Type`, empty when the part has none.
    pub media: Media,
}

/// What the reader found next.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A part begins.
    Part(PartHead),
    /// Bytes of the part.
    Data(&'a [u8]),
    /// The part is complete.
    PartEnd,
    /// Nothing more to say until the next piece was pushed.
    More,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Preamble,
    Delimiter,
    Head,
    /// At the empty line between the head and the bytes.
    Start,
    Data,
    Epilogue,
}

/// The reader: `push` a piece, then `event` until it answers [`Event::More`]; `finish` at the end of the body.
#[derive(Debug)]
pub struct Reader {
    delimiter: memmem::Finder<'static>,
    buffer: Vec<u8>,
    at: usize,
    state: State,
    parts: u32,
    skipped: usize,
}

impl Reader {
    /// A reader for a boundary that [`Media::boundary`] has checked.
    #[must_use]
    pub fn new(boundary: &str) -> Self {
        let delimiter = memmem::Finder::new(format!("\r\n--{boundary}").as_bytes()).into_owned();
        // The first delimiter may have no line before it: the line end is lent.
        Self { delimiter, buffer: b"\r\n".to_vec(), at: 0, state: State::Preamble, parts: 0, skipped: 0 }
    }

    /// Parts that have begun.
    #[must_use]
    pub fn parts(&self) -> u32 {
        self.parts
    }

    /// The next piece of the body.
    pub fn push(&mut self, piece: &[u8]) {
        self.buffer.drain(..self.at);
        self.at = 0;
        self.buffer.extend_from_slice(piece);
    }

    /// What comes next.
    ///
    /// # Errors
    /// `preamble`, `delimiter`, `part-head`, `part-count`, `content-encoding`, `trailing`: the body is not what it says.
    pub fn event(&mut self) -> Result<Event<'_>, Refusal> {
        if self.state == State::Preamble {
            self.skip_preamble()?;
        }
        if self.state == State::Delimiter {
            self.end_delimiter()?;
        }
        match self.state {
            State::Preamble | State::Delimiter => Ok(Event::More),
            State::Head => self.head(),
            State::Start | State::Data => Ok(self.data()),
            State::Epilogue => self.epilogue(),
        }
    }

    /// The body has ended.
    ///
    /// # Errors
    /// `cut` when the closing delimiter has not come.
    pub fn finish(&self) -> Result<(), Refusal> {
        if self.state == State::Epilogue {
            Ok(())
        } else {
            Err(Refusal::new("cut", format!("the body ends inside part {}", self.parts)))
        }
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.at..).unwrap_or_default()
    }

    /// Looks for the first delimiter; a text before it is legal and means nothing.
    fn skip_preamble(&mut self) -> Result<(), Refusal> {
        let length = self.delimiter.needle().len();
        let found = self.delimiter.find(self.rest());
        let skip = found.unwrap_or_else(|| self.rest().len().saturating_sub(length));
        self.skipped += skip;
        self.at += skip;
        if self.skipped > MAX_HEAD {
            return Err(Refusal::new("preamble", "the first boundary does not come"));
        }
        if found.is_some() {
            self.at += length;
            self.state = State::Delimiter;
        }
        Ok(())
    }

    /// What follows a boundary: `--` ends the body, a line end begins a part.
    fn end_delimiter(&mut self) -> Result<(), Refusal> {
        let rest = self.rest();
        if rest.starts_with(b"--") {
            self.at += 2;
            self.state = State::Epilogue;
            return Ok(());
        }
        let padding = rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        let after = rest.get(padding..).unwrap_or_default();
        // However the bytes are cut: what is too much in pieces is too much in one.
        if padding <= MAX_PADDING && after.starts_with(b"\r\n") {
            self.at += padding + 2;
            self.parts += 1;
            self.state = State::Head;
            if self.parts > MAX_PARTS {
                return Err(Refusal::new("part-count", format!("more than {MAX_PARTS} parts")));
            }
            return Ok(());
        }
        let open = matches!(after, [] | [b'\r']) || (padding == 0 && after == b"-");
        if !open || padding > MAX_PADDING {
            return Err(Refusal::new("delimiter", "a boundary is followed by neither a line end nor --"));
        }
        Ok(())
    }

    fn head(&mut self) -> Result<Event<'_>, Refusal> {
        let rest = self.rest();
        let length = if rest.starts_with(b"\r\n") {
            0
        } else {
            match memmem::find(rest.get(..MAX_HEAD).unwrap_or(rest), b"\r\n\r\n") {
                Some(n) => n + 2,
                None if rest.len() >= MAX_HEAD => {
                    return Err(Refusal::new("part-head", format!("more than {MAX_HEAD} bytes")));
                }
                None => return Ok(Event::More),
            }
        };
        let head = part_head(rest.get(..length).unwrap_or_default())?;
        // The empty line stays: in a part without bytes it is the line end of the next delimiter.
        self.at += length;
        self.state = State::Start;
        Ok(Event::Part(head))
    }

    fn data(&mut self) -> Event<'_> {
        let length = self.delimiter.needle().len();
        let found = self.delimiter.find(self.rest());
        if found == Some(0) {
            self.at += length;
            self.state = State::Delimiter;
            return Event::PartEnd;
        }
        let mut take = found.unwrap_or_else(|| self.rest().len().saturating_sub(length - 1));
        if self.state == State::Start && take >= 2 {
            self.at += 2;
            take -= 2;
            self.state = State::Data;
        }
        if take == 0 || self.state == State::Start {
            // With a delimiter behind the empty line alone, the next look finds it at the start.
            return if found.is_some() && self.state == State::Data { self.data() } else { Event::More };
        }
        let start = self.at;
        self.at += take;
        Event::Data(self.buffer.get(start..start + take).unwrap_or_default())
    }

    fn epilogue(&mut self) -> Result<Event<'_>, Refusal> {
        if let Some(strange) = self.rest().iter().find(|b| !matches!(b, b'\r' | b'\n' | b' ' | b'\t')) {
            return Err(Refusal::new("trailing", format!("byte {strange:02X} after the last part")));
        }
        self.at = self.buffer.len();
        Ok(Event::More)
    }
}

/// The head of a part: names are folded, only what matters is kept.
fn part_head(bytes: &[u8]) -> Result<PartHead, Refusal> {
    let text = String::from_utf8_lossy(bytes);
    let mut head = PartHead::default();
    for line in text.split("\r\n").filter(|l| !l.is_empty()) {
        let Some((name, value)) = line.split_once(':') else {
            return Err(Refusal::new("part-head", "a line without a colon"));
        };
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "content-type" => head.media = Media::parse(value),
            "content-encoding" | "content-transfer-encoding" => {
                let plain = ["", "identity", "binary", "8bit", "7bit"];
                if !plain.contains(&value.to_ascii_lowercase().as_str()) {
                    return Err(Refusal::new("content-encoding", "an encoded part"));
                }
            }
            _ => {}
        }
    }
    Ok(head)
}

#[cfg(test)]
mod tests;
