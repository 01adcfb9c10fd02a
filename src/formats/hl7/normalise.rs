//! Line ends, blank lines and batches set right before reading; every repair is a warning with its line.
//!
//! The danger here is silence: a line end taken wrongly hides a whole OBX inside a field, and no later check
//! can see it. What is not certain is refused with the line number.

use super::Delimiters;
use super::error::{ErrorCode, ReadError, Warning};

/// Most delimiters one frame may hold: each costs 16 bytes once the message is split.
const MAX_DELIMITERS: usize = 200_000;
/// Most segments one frame may hold.
const MAX_SEGMENTS: usize = 20_000;
/// Segment names that mean a line end was lost when they stand inside a field in another shape.
const KNOWN: &[&str] = &[
    "MSH", "PID", "PD1", "NK1", "PV1", "PV2", "ORC", "OBR", "OBX", "NTE", "SPM", "SAC", "TQ1", "DG1", "AL1",
    "MSA", "ERR", "EVN", "MRG", "IN1", "GT1", "FT1", "DSP", "QRD", "QRF", "TCD", "INV", "TXA",
];

/// How lenient the profile is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// A line of base64 without a segment name continues the line before it.
    pub join_wrapped: bool,
}

/// One message: segments end with CR, every line starts with a name and the field separator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Normal {
    /// The message, each segment ended by CR.
    pub text: String,
    /// Its delimiters.
    pub delimiters: Delimiters,
    /// What was repaired.
    pub warnings: Vec<Warning>,
    /// Line of its MSH in the frame, from 1.
    pub line: usize,
}

/// The messages of one frame, in order; one that cannot be set right carries its refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Each message, or why it is refused.
    pub messages: Vec<Result<Normal, ReadError>>,
    /// The frame is an FHS/BHS batch.
    pub batch: bool,
}

/// Splits a frame into messages and sets each right.
///
/// # Errors
/// The frame as a whole: no MSH at its start, too many delimiters or segments.
pub fn frame(text: &str, options: Options) -> Result<Frame, ReadError> {
    let text = text.trim_start_matches(['\u{FEFF}', '\u{B}']).trim_end_matches(['\u{1C}', '\u{B}']);
    let separator = field_separator(text)?;
    check_size(text, separator)?;
    let mut shared = Vec::new();
    let lines = lines(text, separator, &mut shared)?;
    let mut groups: Vec<Group> = Vec::new();
    let mut batch = false;
    for (number, line) in lines {
        let name = line.get(..3).unwrap_or_default();
        match name {
            "MSH" => groups.push(Group { line: number, lines: vec![(number, line)] }),
            "FHS" | "BHS" | "BTS" | "FTS" => batch = true,
            _ => match groups.last_mut() {
                Some(group) => group.lines.push((number, line)),
                None => {
                    return Err(ReadError::new(
                        number,
                        ErrorCode::SegmentSequence,
                        "segment in front of MSH",
                    ));
                }
            },
        }
    }
    let several = groups.len() > 1 && !batch;
    let messages = groups
        .into_iter()
        .map(|group| {
            let mut warnings: Vec<Warning> = shared.clone();
            if several {
                warnings.push(Warning { line: group.line, kind: "two_msh" });
            }
            group.settle(warnings, options)
        })
        .collect();
    Ok(Frame { messages, batch })
}

fn field_separator(text: &str) -> Result<char, ReadError> {
    let name = text.get(..3).unwrap_or_default();
    match text.chars().nth(3) {
        Some(c) if matches!(name, "MSH" | "FHS" | "BHS") && c.is_ascii_graphic() => Ok(c),
        _ => Err(ReadError::new(1, ErrorCode::SegmentSequence, "first segment is not MSH")),
    }
}

/// Refuses before anything is allocated for the pieces.
fn check_size(text: &str, separator: char) -> Result<(), ReadError> {
    let first = text.split(['\r', '\n']).next().unwrap_or_default();
    let own: Vec<u8> = first.chars().skip(3).take(5).filter(char::is_ascii).map(|c| c as u8).collect();
    let is = |b: &u8| own.contains(b) || *b == separator as u8;
    if text.bytes().filter(is).take(MAX_DELIMITERS + 1).count() > MAX_DELIMITERS {
        return Err(ReadError::new(0, ErrorCode::Internal, "more than 200000 delimiters"));
    }
    if text.bytes().filter(|b| matches!(b, b'\r' | b'\n')).count() > 2 * MAX_SEGMENTS {
        return Err(ReadError::new(0, ErrorCode::Internal, "more than 20000 segments"));
    }
    match text.find('\0') {
        Some(at) => {
            Err(ReadError::new(line_at(text, at), ErrorCode::DataType, "NUL character in the message"))
        }
        None => Ok(()),
    }
}

fn line_at(text: &str, at: usize) -> usize {
    1 + text
        .bytes()
        .take(at)
        .filter(|b| *b == b'\r')
        .count()
        .max(text.bytes().take(at).filter(|b| *b == b'\n').count())
}

/// Non-blank lines with their numbers; a lone LF inside a CR message is a segment end or a line break.
fn lines(
    text: &str,
    separator: char,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<(usize, String)>, ReadError> {
    let body = text.trim_end_matches(['\r', '\n', '\u{1C}', '\u{B}']);
    let by_cr = body.replace("\r\n", "\r");
    let only_lf = !body.contains('\r') || !by_cr.contains('\r');
    let all_crlf = body.contains("\r\n")
        && !by_cr.contains('\n')
        && body.matches('\r').count() == body.matches("\r\n").count();
    if (only_lf && body.contains('\n')) || all_crlf {
        warnings.push(Warning { line: 0, kind: "lf_segments" });
    }
    let mut out = Vec::new();
    let mut number = 0;
    for piece in by_cr.split(if only_lf { '\n' } else { '\r' }) {
        number += 1;
        let mut current = String::new();
        for (i, part) in piece.split('\n').enumerate() {
            if i > 0 {
                number += 1;
                if starts_segment(part, separator) || current.trim().is_empty() {
                    warnings.push(Warning { line: number, kind: "lf_segments" });
                    keep(&mut out, number - 1, std::mem::take(&mut current), warnings);
                } else if hides_segment(part, separator) {
                    return Err(ReadError::new(
                        number,
                        ErrorCode::SegmentSequence,
                        "line end inside a field, or a damaged segment name",
                    ));
                } else if !part.is_empty() {
                    warnings.push(Warning { line: number, kind: "lone_lf" });
                    current.push_str(&line_break(text));
                }
            }
            current.push_str(part);
        }
        keep(&mut out, number, current, warnings);
    }
    Ok(out)
}

fn keep(out: &mut Vec<(usize, String)>, number: usize, line: String, warnings: &mut Vec<Warning>) {
    if line.trim().is_empty() {
        warnings.push(Warning { line: number, kind: "blank_line" });
    } else {
        out.push((number, line));
    }
}

/// `\.br\` with the escape character of this message.
fn line_break(text: &str) -> String {
    let escape = text.split(['\r', '\n']).next().and_then(|l| l.chars().nth(6)).unwrap_or('\\');
    format!("{escape}.br{escape}")
}

/// `[A-Z][A-Z0-9]{2}` and the field separator, or the name alone.
fn starts_segment(line: &str, separator: char) -> bool {
    let mut chars = line.chars();
    let name: Vec<char> = chars.by_ref().take(3).collect();
    name.len() == 3
        && name.iter().enumerate().all(|(i, c)| c.is_ascii_uppercase() || (i > 0 && c.is_ascii_digit()))
        && match chars.next() {
            Some(c) => c == separator,
            None => KNOWN.contains(&line),
        }
}

/// A known name in another dress: blank or junk before it, or small letters.
fn hides_segment(part: &str, separator: char) -> bool {
    let Some((head, _)) = part.split_once(separator) else { return false };
    let head = head.trim().to_ascii_uppercase();
    head.chars().count() <= 8 && KNOWN.iter().any(|known| head.ends_with(known))
}

struct Group {
    line: usize,
    lines: Vec<(usize, String)>,
}

impl Group {
    fn settle(self, mut warnings: Vec<Warning>, options: Options) -> Result<Normal, ReadError> {
        let first = self.lines.first().map(|(_, line)| line.as_str()).unwrap_or_default();
        let delimiters = Delimiters::of_msh(first, self.line)?;
        if self.lines.len() > MAX_SEGMENTS {
            return Err(ReadError::new(self.line, ErrorCode::Internal, "more than 20000 segments"));
        }
        let mut text = String::new();
        for (number, line) in self.lines {
            if name_only(&line) {
                warnings.push(Warning { line: number, kind: "name_only" });
                text.push_str(&line);
                text.push(delimiters.field);
                text.push('\r');
            } else if starts_segment(&line, delimiters.field) {
                text.push_str(&line);
                text.push('\r');
            } else if options.join_wrapped && continues_base64(&line, delimiters.field) {
                warnings.push(Warning { line: number, kind: "joined_line" });
                text.pop();
                text.push_str(&line);
                text.push('\r');
            } else {
                return Err(ReadError::new(
                    number,
                    ErrorCode::SegmentSequence,
                    "line does not start with a segment name",
                ));
            }
        }
        Ok(Normal { text, delimiters, warnings, line: self.line })
    }
}

fn name_only(line: &str) -> bool {
    line.len() == 3
        && line.bytes().enumerate().all(|(i, b)| b.is_ascii_uppercase() || (i > 0 && b.is_ascii_digit()))
}

fn continues_base64(line: &str, separator: char) -> bool {
    let data = line.split(separator).next().unwrap_or_default();
    data.len() >= 4 && data.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Result<Normal, ReadError> {
        frame(text, Options::default())?.messages.swap_remove(0)
    }

    const MSH: &str = "MSH|^~\\&|A|B|||20260101||ORU^R01|1|P|2.5.1";

    #[test]
    fn line_ends_of_every_kind_give_the_same_message() {
        let want = format!("{MSH}\rPID|1\rOBX|1|NM|K||7.1\r");
        for text in [
            format!("{MSH}\rPID|1\rOBX|1|NM|K||7.1"),
            format!("{MSH}\nPID|1\nOBX|1|NM|K||7.1\n\n"),
            format!("{MSH}\r\nPID|1\r\nOBX|1|NM|K||7.1\r\n"),
            format!("{MSH}\r\nPID|1\rOBX|1|NM|K||7.1\n"),
            format!("{MSH}\nPID|1\rOBX|1|NM|K||7.1"),
            format!("{MSH}\r\r\nPID|1\r  \rOBX|1|NM|K||7.1"),
            format!("\u{FEFF}\u{B}{MSH}\n\rPID|1\n\rOBX|1|NM|K||7.1"),
        ] {
            assert_eq!(one(&text).unwrap().text, want, "{text:?}");
        }
    }

    #[test]
    fn a_lone_line_feed_in_text_is_a_line_break_and_never_hides_a_segment() {
        let got = one(&format!("{MSH}\rOBX|1|TX|a||one\ntwo||||||F\rOBX|2|NM|K||9.9\r")).unwrap();
        assert!(got.text.contains("one\\.br\\two") && got.text.ends_with("OBX|2|NM|K||9.9\r"));
        assert_eq!(got.warnings.first().map(|w| (w.line, w.kind)), Some((3, "lone_lf")));
        for hidden in [" OBX|2|NM|K||9.9", "xOBX|2|NM|K||9.9", "obx|2|NM|K||9.9"] {
            assert_eq!(one(&format!("{MSH}\rOBX|1|TX|a||one\n{hidden}\r")).unwrap_err().line, 3, "{hidden}");
        }
    }

    #[test]
    fn names_alone_pass_and_prose_is_refused_by_line() {
        assert!(one(&format!("{MSH}\rNTE\rOBX|1\r")).unwrap().text.contains("\rNTE|\rOBX"));
        assert_eq!(one(&format!("{MSH}\rhello world\rOBX|1\r")).unwrap_err().line, 2);
        assert_eq!(one(&format!("{MSH}\rMPID|1\r")).unwrap_err().line, 2);
        assert!(one("PID|1\r").is_err());
        let wrapped = format!("{MSH}\rOBX|1|ED|p||^^^Base64^QUJD\rREVGR0g=||||||F\r");
        assert!(one(&wrapped).is_err());
        let joined =
            frame(&wrapped, Options { join_wrapped: true }).unwrap().messages.swap_remove(0).unwrap();
        assert!(joined.text.contains("QUJDREVGR0g=||||||F\r"));
    }

    #[test]
    fn batches_and_two_messages_are_split() {
        let batch = frame(
            &format!("FHS|^~\\&\rBHS|^~\\&\r{MSH}\rPID|1\r{MSH}\rPID|2\rBTS|2\rFTS|1\r"),
            Options::default(),
        )
        .unwrap();
        assert!(batch.batch && batch.messages.len() == 2 && batch.messages.iter().all(Result::is_ok));
        let two = frame(&format!("{MSH}\rPID|1\r{MSH}\rbad line\r"), Options::default()).unwrap();
        assert!(two.messages.first().is_some_and(Result::is_ok));
        assert_eq!(two.messages.get(1).unwrap().as_ref().unwrap_err().line, 4);
    }

    #[test]
    fn floods_are_refused() {
        assert!(one(&format!("{MSH}\rOBX|{}\r", "~".repeat(2_000_000))).is_err());
        assert!(one(&format!("{MSH}\r{}", "NTE|1\r".repeat(50_000))).is_err());
        assert_eq!(one(&format!("{MSH}\rOBX|a\0b\r")).unwrap_err().line, 2);
    }
}
