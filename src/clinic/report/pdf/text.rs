//! Text that no font can print is shown as its code point, never as an empty box and never left out.

use serde_json::Value;

use super::fonts::Fonts;

/// Walks every string of `value` and replaces characters without a glyph by `〔U+XXXX〕`. Returns how many were replaced.
pub(super) fn make_printable(value: &mut Value, fonts: &Fonts) -> usize {
    match value {
        Value::String(text) => {
            let missing = text.chars().filter(|c| !printable(*c, fonts)).count();
            if missing > 0 {
                *text = spelled_out(text, fonts);
            }
            missing
        }
        Value::Array(items) => items.iter_mut().map(|item| make_printable(item, fonts)).sum(),
        Value::Object(fields) => fields.iter_mut().map(|(_, field)| make_printable(field, fonts)).sum(),
        _ => 0,
    }
}

fn spelled_out(text: &str, fonts: &Fonts) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if printable(c, fonts) {
            out.push(c);
        } else {
            out.push_str(&format!("〔U+{:04X}〕", u32::from(c)));
        }
    }
    out
}

/// Line breaks and variation selectors need no glyph of their own.
fn printable(c: char, fonts: &Fonts) -> bool {
    matches!(c, '\n' | '\t' | ' '..='~' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
        || (!c.is_control() && fonts.covers(c))
}
