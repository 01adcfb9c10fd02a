//! Reading with proof: every byte of the normalised text belongs to one field, one separator or one segment end.
//!
//! What a reader does not see hurts nobody until it was a result. So the split is checked against the text it came from, and
//! a test holds it against another reader on every sample (decision 0067).

use super::charset::{self, Charset, Decoded};
use super::error::{ErrorCode, ReadError};
use super::message::{Message, Span};
use super::normalise::{self, Normal};

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
/// 207 with the first line that is not covered by the fields that were found.
pub fn read(normal: Normal, charset: Charset) -> Result<Message, ReadError> {
    let (fields, segments) = split(&normal);
    prove(&normal, &fields, &segments)?;
    Ok(Message {
        text: normal.text,
        delimiters: normal.delimiters,
        charset,
        fields,
        segments,
        warnings: normal.warnings,
    })
}

/// Byte ranges of all fields, and which of them are of which segment.
fn split(normal: &Normal) -> (Vec<(usize, usize)>, Vec<Span>) {
    let separator = normal.delimiters.field;
    let is_end = |b: &u8| *b == b'\r' || char::from(*b) == separator;
    let mut fields = Vec::with_capacity(normal.text.bytes().filter(|b| is_end(b)).count() + 1);
    let mut segments = Vec::new();
    let mut at = 0;
    for line in normal.text.split_terminator('\r') {
        let first = fields.len();
        let mut from = at;
        for (i, piece) in line.split(separator).enumerate() {
            let to = from + piece.len();
            fields.push((from, to));
            if i == 0 && segments.is_empty() {
                // MSH-1 is the separator itself
                fields.push((to, to + separator.len_utf8()));
            }
            from = to + separator.len_utf8();
        }
        segments.push(Span { first, end: fields.len() });
        at += line.len() + 1;
    }
    (fields, segments)
}

/// The fields, put together again, are the text: none is missing, none overlaps, no segment has another's end in it.
fn prove(normal: &Normal, fields: &[(usize, usize)], segments: &[Span]) -> Result<(), ReadError> {
    let text = normal.text.as_bytes();
    let separator = normal.delimiters.field;
    let mut at = 0;
    for (i, span) in segments.iter().enumerate() {
        let own = fields.get(span.first..span.end).unwrap_or_default();
        let covered = own.iter().enumerate().try_fold(at, |at, (n, (from, to))| {
            let held = text.get(*from..*to)?;
            // MSH-1 is the separator itself: none stands in front of it or behind it
            let msh_1 = i == 0 && n == 1;
            let bare = n == 0 || (i == 0 && n <= 2);
            let start = if bare { at } else { at + separator.len_utf8() };
            let joined = bare || text.get(at).map(|b| char::from(*b)) == Some(separator);
            let inside = msh_1 || !held.iter().any(|b| *b == b'\r' || char::from(*b) == separator);
            (start == *from && joined && inside).then_some(*to)
        });
        let named =
            own.first().and_then(|(from, to)| text.get(*from..*to)).is_some_and(|name| name.len() == 3);
        let Some(end) = covered.filter(|end| named && text.get(*end) == Some(&b'\r')) else {
            return Err(ReadError::new(normal.line + i, ErrorCode::Internal, "segment was not read whole"));
        };
        at = end + 1;
    }
    if at != text.len() {
        let line = normal.line + segments.len();
        return Err(ReadError::new(line, ErrorCode::Internal, "message was not read to its end"));
    }
    Ok(())
}
