//! Attribute matching of queries (PS3.4 §C.2.2.2): single value, wildcards, lists, ranges, names, sequences.
//! Text is compared by characters, folded in case and width; nothing here knows how a row is stored.

use super::attributes::{Attributes, Value};
use super::{Tag, Vr, name, tag};

#[cfg(test)]
mod tests;

/// Whether a value carries wildcards.
#[must_use]
pub fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether a key matches everything (PS3.4 §C.2.2.2.3, and a lone `*`).
#[must_use]
pub fn is_universal(values: &[String]) -> bool {
    values.iter().all(|v| v.trim().chars().all(|c| c == '*'))
}

/// A pattern with `*` (any characters) and `?` (one character) over the whole text. Linear in memory, no recursion.
#[must_use]
pub fn wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last `*` stands, and how far it has been stretched.
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = text.get(t) {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(x) if *x == '?' || x == c => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, reached)) = star else { return false };
                star = Some((at, reached + 1));
                p = at + 1;
                t = reached + 1;
            }
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

/// Folds plain text for comparison: full width to half width, lower case, without spaces at its ends.
#[must_use]
pub fn fold(text: &str) -> String {
    text.trim()
        .chars()
        .map(|c| match c {
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
            '\u{3000}' => ' ',
            c => c,
        })
        .flat_map(char::to_lowercase)
        .collect()
}

/// The forms by which a name is found: every group, the whole, Han, pinyin, initials; all folded.
#[must_use]
pub fn name_forms(raw: &str) -> Vec<String> {
    let read = name::read(raw);
    let mut forms: Vec<String> = raw.split('=').map(name::fold).collect();
    forms.extend([name::fold(raw), name::fold(&read.shown), read.pinyin.clone(), read.initials.clone()]);
    if let Some(han) = &read.ideographic {
        // A reading that the sender did not write is found too.
        forms.push(name::syllables(&name::compact(han)).concat());
    }
    forms.retain(|f| !f.is_empty());
    forms.sort();
    forms.dedup();
    forms
}

/// Whether a name key matches one of the forms. Each group of the key that holds something must match (PS3.4 §C.2.2.2.4);
/// `fuzzy` also finds it inside a form.
#[must_use]
pub fn person(key: &str, forms: &[String], fuzzy: bool) -> bool {
    key.split('=').map(name::fold).filter(|group| !group.is_empty()).all(|group| {
        let pattern = if fuzzy && !has_wildcard(&group) { format!("*{group}*") } else { group };
        forms.iter().any(|form| wildcard(&pattern, form))
    })
}

/// A range of a DA, TM or DT key: both ends, completed to full precision; `None` when the key is malformed.
#[must_use]
pub fn range(vr: Vr, key: &str) -> Option<(String, String)> {
    let key = key.trim();
    let bounds = match key.split_once('-') {
        Some((from, to)) => (from.trim(), to.trim()),
        None => (key, key),
    };
    if key == "-" {
        return None;
    }
    Some((low(vr, bounds.0)?, high(vr, bounds.1)?))
}

/// The digits of a date or time of legal length; the colons and dots of old devices are taken away (PS3.5 §6.2).
fn digits(vr: Vr, text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let (whole, fraction) = match vr {
        // `2026.01.31`, ACR-NEMA 2.0
        Vr::DA if fraction.len() == 5 => (text.replace('.', ""), String::new()),
        Vr::TM => (whole.replace(':', ""), fraction.to_owned()),
        _ => (whole.to_owned(), fraction.to_owned()),
    };
    let legal = match vr {
        Vr::DA => whole.len() == 8 && fraction.is_empty(),
        Vr::TM => matches!(whole.len(), 2 | 4 | 6),
        _ => matches!(whole.len(), 4 | 6 | 8 | 10 | 12 | 14),
    };
    let plain = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    (legal && plain(&whole) && plain(&fraction) && fraction.len() <= 6).then(|| format!("{whole}{fraction}"))
}

fn low(vr: Vr, text: &str) -> Option<String> {
    if text.is_empty() { Some(String::new()) } else { digits(vr, text) }
}

fn high(vr: Vr, text: &str) -> Option<String> {
    if text.is_empty() {
        // Behind every value.
        return Some("~".to_owned());
    }
    let digits = digits(vr, text)?;
    // A shorter value means the whole day, hour or minute.
    Some(if vr == Vr::DA { digits } else { format!("{digits}~") })
}

fn in_range(vr: Vr, key: &str, held: &str) -> bool {
    let Some((from, to)) = range(vr, key) else { return false };
    let held: String = held.chars().filter(char::is_ascii_digit).collect();
    !held.is_empty() && from <= held && held <= to
}

/// Whether a date key and a time key are one range: both say the same form of range (PS3.4 §C.2.2.2.5.4).
#[must_use]
pub fn is_combined(date_key: &str, time_key: &str) -> bool {
    let form =
        |key: &str| key.split_once('-').map(|(from, to)| (from.trim().is_empty(), to.trim().is_empty()));
    matches!((form(date_key), form(time_key)), (Some(date), Some(time)) if date == time && date != (true, true))
}

/// Whether date and time together lie in the ranges of both keys taken as one (PS3.4 §C.2.2.2.5.4).
#[must_use]
pub fn combined(date_key: &str, time_key: &str, date: &str, time: &str) -> bool {
    let (Some((first, last)), Some((from, to))) = (range(Vr::DA, date_key), range(Vr::TM, time_key)) else {
        return false;
    };
    let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    let held = format!("{}{}", digits(date), digits(time));
    !date.is_empty() && format!("{first}{from}") <= held && held <= format!("{last}{to}")
}

/// Whether one attribute matches its key. A row without value matches only a universal key.
#[must_use]
pub fn attribute(vr: Vr, key: &[String], held: &[String], fuzzy: bool) -> bool {
    if is_universal(key) {
        return true;
    }
    match vr {
        Vr::PN => {
            let forms: Vec<String> = held.iter().flat_map(|v| name_forms(v)).collect();
            key.iter().any(|k| person(k, &forms, fuzzy))
        }
        Vr::DA | Vr::TM | Vr::DT => key.iter().any(|k| held.iter().any(|h| in_range(vr, k, h))),
        Vr::UI => key.iter().any(|k| held.contains(k)),
        Vr::IS | Vr::DS | Vr::US | Vr::UL | Vr::SS | Vr::SL => {
            let number = |v: &String| v.trim().parse::<f64>().ok();
            key.iter().any(|k| held.iter().any(|h| number(k).is_some() && number(k) == number(h)))
        }
        _ => {
            let held: Vec<String> = held.iter().map(|h| fold(h)).collect();
            key.iter().map(|k| fold(k)).any(|k| held.iter().any(|h| wildcard(&k, h)))
        }
    }
}

/// Whether a row matches all keys that hold something. Attributes that the row does not know at all are not matched on:
/// the caller answers them as unsupported.
#[must_use]
pub fn row(keys: &Attributes, held: &Attributes, fuzzy: bool) -> bool {
    keys.iter().all(|(t, vr, key)| match (key, held.get(t)) {
        (_, None) => true,
        (Value::Text(key), Some(Value::Text(values))) => {
            let vr = if vr.is_known() && vr != Vr::UN { vr } else { Vr::of_tag(t) };
            attribute(vr, key, values, fuzzy)
        }
        // Sequence matching (PS3.4 §C.2.2.2.6): one item of the row matches the item of the key.
        (Value::Items(key), Some(Value::Items(items))) => match key.first() {
            Some(wanted) => {
                items.is_empty() && is_open(wanted) || items.iter().any(|i| row(wanted, i, fuzzy))
            }
            None => true,
        },
        _ => false,
    })
}

/// Whether no key in the set holds anything.
#[must_use]
pub fn is_open(keys: &Attributes) -> bool {
    keys.iter().all(|(_, _, value)| match value {
        Value::Text(values) => is_universal(values),
        Value::Items(items) => items.iter().all(is_open),
    })
}

/// What is wrong with the keys of an identifier: a malformed date, time, number or UID. `None` = nothing.
#[must_use]
pub fn malformed(keys: &Attributes) -> Option<Tag> {
    keys.iter().find_map(|(t, vr, value)| match value {
        Value::Items(items) => {
            if items.len() > 1 {
                return Some(t);
            }
            items.first().and_then(malformed)
        }
        Value::Text(values) if is_universal(values) || t == tag::CHARSET => None,
        Value::Text(values) => {
            let good = |v: &String| match vr {
                Vr::DA | Vr::TM | Vr::DT => range(vr, v).is_some(),
                Vr::UI => super::uid::is_valid(v),
                Vr::IS | Vr::DS => v.trim().parse::<f64>().is_ok_and(f64::is_finite),
                _ => true,
            };
            (!values.iter().all(good)).then_some(t)
        }
    })
}
