//! Reading with proof: `hl7_parser` behind a coverage check. No other module may use that crate.
//!
//! The crate drops segments silently on several kinds of damaged input and panics on a few. So the text is
//! normalised first, the crate runs under `catch_unwind`, and its fields must equal our own split of the whole
//! text, field by field, to the last byte. Any difference refuses the message.

use super::charset::{self, Charset, Decoded};
use super::error::{ErrorCode, ReadError};
use super::message::{Message, Span};
use super::normalise::{self, Normal};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How one connection reads.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadOptions {
    /// Character set of the connection; `None` = found out from the bytes.
    pub charset: Option<Charset>,
    /// See [`normalise::Options`].
    pub join_wrapped: bool,
}

/// A frame that was decoded and split.
#[derive(Debug)]
pub struct Received {
    /// How its bytes became text.
    pub decoded: Decoded,
    /// Each message in order, or why it is refused.
    pub messages: Vec<Result<Message, ReadError>>,
    /// The frame is an FHS/BHS batch.
    pub batch: bool,
}

/// Bytes of one frame to messages.
///
/// # Errors
/// The frame as a whole cannot be decoded or split.
pub fn receive(bytes: &[u8], options: &ReadOptions) -> Result<Received, ReadError> {
    let decoded = charset::decode(bytes, options.charset)?;
    let frame = normalise::frame(&decoded.text, normalise::Options { join_wrapped: options.join_wrapped })?;
    let charset = decoded.charset;
    let messages = frame.messages.into_iter().map(|normal| read(normal?, charset)).collect();
    Ok(Received { decoded, messages, batch: frame.batch })
}

/// One normalised message, read whole or refused.
///
/// # Errors
/// 207 with the first line the two readers do not agree on.
pub fn read(normal: Normal, charset: Charset) -> Result<Message, ReadError> {
    let refuse = |line: usize, reason| ReadError::new(line, ErrorCode::Internal, reason);
    let segments = own_split(&normal);
    let (parser_text, grown) =
        for_parser(&normal).ok_or(refuse(1, "no free character for undeclared delimiters"))?;
    let agreed = catch_unwind(AssertUnwindSafe(|| compare(&parser_text, &normal, &segments, grown)))
        .unwrap_or_else(|_| Err(refuse(0, "the parser failed")));
    agreed?;
    Ok(Message {
        text: normal.text,
        delimiters: normal.delimiters,
        charset,
        segments,
        warnings: normal.warnings,
    })
}

fn own_split(normal: &Normal) -> Vec<Span> {
    let mut at = 0;
    let mut segments = Vec::new();
    for line in normal.text.split_terminator('\r') {
        let mut fields = Vec::new();
        let mut from = at;
        for (i, piece) in line.split(normal.delimiters.field).enumerate() {
            let to = from + piece.len();
            fields.push((from, to));
            if i == 0 && segments.is_empty() {
                // MSH-1 is the separator itself
                fields.push((to, to + normal.delimiters.field.len_utf8()));
            }
            from = to + normal.delimiters.field.len_utf8();
        }
        segments.push(Span { fields });
        at += line.len() + 1;
    }
    segments
}

/// The same text with exactly four characters in MSH-2: the crate takes the next five bytes after `MSH` as
/// delimiters, whatever they are. Undeclared ones become control characters the text does not hold.
/// Also returns by how many bytes MSH-2 grew.
fn for_parser(normal: &Normal) -> Option<(String, isize)> {
    let d = &normal.delimiters;
    let mut spare = (1_u8..=8).chain(14..=27).map(char::from).filter(|c| !normal.text.contains(*c));
    let mut four = String::new();
    for declared in [d.component, d.repetition, d.escape, d.subcomponent] {
        four.push(declared.or_else(|| spare.next())?);
    }
    let rest = normal.text.get(4..)?;
    let msh2 = rest.find([d.field, '\r'])?;
    let text = format!("MSH{}{four}{}", d.field, rest.get(msh2..)?);
    Some((text, 4 - isize::try_from(msh2).ok()?))
}

fn compare(text: &str, normal: &Normal, segments: &[Span], grown: isize) -> Result<(), ReadError> {
    let refuse = |line: usize, reason| Err(ReadError::new(line, ErrorCode::Internal, reason));
    let input = text.strip_suffix('\r').unwrap_or(text);
    let parsed = match hl7_parser::Message::parse(input) {
        Ok(parsed) => parsed,
        Err(_) => return refuse(normal.line, "the parser refused MSH"),
    };
    let read_segments = parsed.segments.len();
    for (i, (own, theirs)) in segments.iter().zip(&parsed.segments).enumerate() {
        let line = normal.line + i;
        let name = own.fields.first().and_then(|(a, b)| normal.text.get(*a..*b)).unwrap_or_default();
        let own_fields = own.fields.iter().skip(1).map(|(a, b)| normal.text.get(*a..*b).unwrap_or_default());
        let their_fields = theirs.fields().map(|f| f.raw_value());
        let skip = if i == 0 { 2 } else { 0 };
        if name != theirs.name || !same_fields(own_fields.skip(skip), their_fields.skip(skip)) {
            return refuse(line, "segment was not read whole");
        }
    }
    if read_segments != segments.len() {
        return refuse(normal.line + read_segments.min(segments.len()), "segment was not read");
    }
    let covered = isize::try_from(parsed.raw_value().len() + 1).unwrap_or(isize::MAX);
    let expected = isize::try_from(normal.text.len()).unwrap_or(0) + grown;
    if covered != expected {
        return refuse(normal.line, "message was not read to its end");
    }
    Ok(())
}

/// The crate gives `MSH|^~\&` no field 3 and a bare `NTE|` one empty field; both readers agree on every text.
fn same_fields<'a>(own: impl Iterator<Item = &'a str>, theirs: impl Iterator<Item = &'a str>) -> bool {
    let (own, theirs): (Vec<_>, Vec<_>) = (own.collect(), theirs.collect());
    own == theirs
        || (own.iter().chain(&theirs).all(|f| f.is_empty()) && own.len().abs_diff(theirs.len()) <= 1)
}
