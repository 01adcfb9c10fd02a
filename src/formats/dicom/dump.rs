//! A data set as text for a person who asks "what does the server see in this file?": head, verdict, character set, frames,
//! every element with its place. Control characters are escaped, so that no value can command a terminal.

use std::fmt::{self, Write};

use super::frames::Frames;
use super::object::Node;
use super::scan::{Kind, Token};
use super::visit::{Event, visit};
use super::{Header, tag};

/// Characters of a value that are printed.
const SHOWN: usize = 120;

/// Prints a header read by `header`.
///
/// # Errors
/// Those of `out`.
pub fn write(h: &Header, out: &mut dyn Write) -> fmt::Result {
    summary(h, out)?;
    let mut depth = 0_usize;
    let mut done = Ok(());
    visit(h.root(), &mut |event| {
        if done.is_ok() {
            done = line(&event, &mut depth, out);
        }
    });
    done
}

fn summary(h: &Header, out: &mut dyn Write) -> fmt::Result {
    let head = &h.object.head;
    let kind = if head.has_meta { "meta group" } else { "no meta group" };
    let syntax = escaped(&h.transfer_syntax);
    writeln!(out, "head     {kind}, data set at byte {}, transfer syntax {syntax}", head.dataset)?;
    if let Some(total) = h.object.deflated {
        writeln!(out, "deflated {total} bytes when inflated; places below count in them")?;
    }
    writeln!(out, "verdict  {} {}", h.defects.verdict().as_str(), h.defects.slugs().join(" "))?;
    let c = h.charset();
    let declared = c.declared.as_ref().map_or("nothing".into(), |d| d.join("\\"));
    let (used, how, confidence) = (c.charset.term(), c.how.as_str(), c.confidence);
    writeln!(out, "text     declared {}, read as {used}, {how}, {confidence} %", escaped(&declared))?;
    writeln!(out, "patient  {} / {} / {}", escaped(&h.name.shown), h.name.pinyin, h.name.initials)?;
    match &h.frames {
        Frames::None => writeln!(out, "frames   none"),
        Frames::Native { offset, length, count, .. } => {
            writeln!(out, "frames   {count} native, {length} bytes each from byte {offset}")
        }
        Frames::Packed { offset, bits, count, .. } => {
            writeln!(out, "frames   {count} native, {bits} bits each from byte {offset}")
        }
        Frames::Encapsulated(list) => {
            let fragments = list.iter().map(Vec::len).sum::<usize>();
            writeln!(out, "frames   {} encapsulated in {fragments} fragments", list.len())
        }
    }
}

fn line(event: &Event<'_, '_>, depth: &mut usize, out: &mut dyn Write) -> fmt::Result {
    let indent = "  ".repeat(*depth);
    match event {
        Event::Element { node, index, token, .. } => {
            begin(&indent, token, out)?;
            writeln!(out, "{}", value(node, *index, token))
        }
        Event::Sequence { token, items } => {
            *depth += 1;
            begin(&indent, token, out)?;
            writeln!(out, "{items} items")
        }
        Event::Item(n) => {
            *depth += 1;
            writeln!(out, "{indent}item {n}")
        }
        Event::EndItem | Event::EndSequence => {
            *depth = depth.saturating_sub(1);
            Ok(())
        }
    }
}

fn begin(indent: &str, token: &Token, out: &mut dyn Write) -> fmt::Result {
    let (t, vr, keyword) = (token.tag, token.vr, token.tag.keyword());
    let gap = if keyword.is_empty() { "" } else { " " };
    write!(out, "{indent}{t:?} {vr} {}{gap}{keyword} @{} ", token.length, token.offset)
}

fn value(node: &Node<'_>, index: usize, token: &Token) -> String {
    if token.kind == Kind::Encapsulated {
        return "encapsulated".into();
    }
    let Some(raw) = node.bytes_at(index) else { return "…".into() };
    let all = if token.vr.is_text() {
        node.strings_at(index).join("\\")
    } else {
        let numbers = node.numbers_at(index);
        if numbers.is_empty() || token.tag == tag::PIXELS {
            raw.iter().take(SHOWN / 3).map(|b| format!("{b:02x} ")).collect()
        } else {
            numbers.iter().take(SHOWN / 2).map(f64::to_string).collect::<Vec<_>>().join(" ")
        }
    };
    escaped(&all)
}

/// Printable, at most `SHOWN` characters.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for (n, c) in text.chars().enumerate() {
        if n == SHOWN {
            out.push('…');
            break;
        }
        if c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}') {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}
