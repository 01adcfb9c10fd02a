//! Validate, then detect: is the declared set true, and if not, what are the bytes (specification §3)?

use super::Defects;
use super::text::{Charset, Decision, Faults, How, Plain, decode, decode_plain, parse};

/// How Han-like a text is: characters seen, and of them the common ones (GB 2312 level 1 counts fully, level 2 half).
#[derive(Debug, Clone, Copy, Default)]
struct Han {
    seen: u32,
    weight: f32,
}

impl Han {
    fn add(&mut self, text: &str) {
        for c in text.chars() {
            if is_han(c) {
                self.seen += 1;
                let mut utf8 = [0u8; 4];
                let (bytes, _, lost) = encoding_rs::GBK.encode(c.encode_utf8(&mut utf8));
                if let ([lead, trail], false) = (bytes.as_ref(), lost) {
                    self.weight += match (lead, trail) {
                        (0xB0..=0xD7, 0xA1..=0xFE) => 1.0,
                        (0xD8..=0xF7, 0xA1..=0xFE) => 0.5,
                        _ => 0.0,
                    };
                }
            }
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of characters in one header")]
    fn score(self) -> f32 {
        if self.seen == 0 { 0.0 } else { self.weight / self.seen as f32 }
    }
}

/// True for Han characters of every block in use for names.
#[must_use]
pub fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}' | '〇')
}

struct Reading {
    faults: Faults,
    han: Han,
}

fn read(charset: &Charset, samples: &[(&[u8], bool)]) -> Reading {
    let mut out = Reading { faults: Faults::default(), han: Han::default() };
    for (raw, pn) in samples {
        let (text, f) = decode(charset, raw, *pn);
        out.faults.bad += f.bad;
        out.faults.cut |= f.cut;
        out.han.add(&text);
    }
    out
}

/// Latin text has accented letters beside ASCII letters; two-byte codes stand beside each other.
fn is_latin(samples: &[(&[u8], bool)]) -> bool {
    let (mut high, mut fits) = (0u32, 0u32);
    for (raw, _) in samples {
        for (i, b) in raw.iter().enumerate() {
            if b.is_ascii() {
                continue;
            }
            high += 1;
            let letter = |at: Option<usize>| at.and_then(|a| raw.get(a)).is_some_and(u8::is_ascii_alphabetic);
            let beside = letter(i.checked_sub(1)) || letter(i.checked_add(1));
            if *b >= 0xC0 && !matches!(b, 0xD7 | 0xF7) && beside {
                fits += 1;
            }
        }
    }
    high > 0 && fits * 10 >= high * 8
}

fn split_declared(raw: Option<&[u8]>) -> Option<Vec<String>> {
    let text = decode_plain(Plain::Latin1, raw?).0;
    let values: Vec<String> = text.split('\\').map(|v| v.trim_matches(['\0', ' ']).to_owned()).collect();
    values.iter().any(|v| !v.is_empty()).then_some(values)
}

/// Decides the set of a data set from (0008,0005) and all its text values (raw bytes, is it a name).
#[must_use]
pub fn decide(declared: Option<&[u8]>, samples: &[(&[u8], bool)]) -> (Decision, Defects) {
    let mut notes = Defects::default();
    let declared = split_declared(declared);
    let parsed = parse(declared.as_deref().unwrap_or_default());
    let samples: Vec<(&[u8], bool)> =
        samples.iter().copied().filter(|(raw, _)| raw.iter().any(|b| !b.is_ascii() || *b == 0x1B)).collect();
    let high = samples.iter().map(|(raw, _)| raw.iter().filter(|b| !b.is_ascii()).count()).sum::<usize>();
    let (charset, how, confidence) = settle(parsed, &samples, high);
    if samples.iter().any(|(raw, pn)| decode(&charset, raw, *pn).1.cut) {
        notes.note("text-truncated");
    }
    if confidence < 60 {
        notes.note(if declared.is_none() { "charset-missing" } else { "charset-wrong" });
    }
    (Decision { declared, charset, how, confidence }, notes)
}

fn settle(parsed: Option<(Charset, How)>, samples: &[(&[u8], bool)], high: usize) -> (Charset, How, u8) {
    let utf8 = read(&Charset::UTF8, samples);
    let gb = read(&Charset::GB18030, samples);
    let is_utf8 = utf8.faults.bad == 0 && utf8.han.seen > 0;
    if let Some((charset, how)) = &parsed {
        let (charset, how) = (charset.clone(), *how);
        if high < 2 && samples.iter().all(|(raw, _)| raw.iter().all(u8::is_ascii)) {
            // Nothing to prove: ASCII, perhaps with escapes.
            return (charset, how, 100);
        }
        let own = read(&charset, samples);
        let fits = own.faults.bad == 0;
        match &charset {
            c if *c == Charset::GB18030 => {
                if fits && !(is_utf8 && utf8.han.score() > own.han.score() + 0.2) {
                    return (charset, how, if own.han.score() >= 0.3 || own.faults.cut { 95 } else { 75 });
                }
            }
            c if *c == Charset::UTF8 => {
                if fits {
                    return (charset, how, 98);
                }
            }
            Charset::Plain(Plain::Ascii) => {}
            Charset::Plain(Plain::Latin1 | Plain::Latin5) => {
                if is_latin(samples) {
                    return (charset, how, 90);
                }
            }
            Charset::Plain(_) => {
                if fits && !is_utf8 && gb.han.score() < 0.8 {
                    return (charset, how, 80);
                }
            }
            Charset::Extended(_) => {
                if fits {
                    return (charset, how, 95);
                }
                if !is_utf8 && gb.faults.bad == 0 && gb.han.score() >= 0.4 {
                    return (Charset::GB18030, How::Repaired, 85);
                }
            }
        }
    }
    if is_utf8 && utf8.han.score() + 0.1 >= gb.han.score() {
        return (Charset::UTF8, How::Detected, 92);
    }
    if gb.faults.bad == 0 && gb.han.seen > 0 && gb.han.score() >= 0.4 {
        return (Charset::GB18030, How::Detected, if gb.han.seen >= 3 { 88 } else { 65 });
    }
    if is_latin(samples) {
        return (Charset::Plain(Plain::Latin1), How::Profile, 55);
    }
    if gb.faults.bad == 0 && gb.han.seen > 0 {
        return (Charset::GB18030, How::Profile, 50);
    }
    // Nothing fits. A declared set that reads most of it is the better fallback.
    match parsed {
        Some((c, _)) if c != Charset::default() && read(&c, samples).faults.bad * 4 < high => {
            (c, How::Declared, 40)
        }
        _ => (Charset::Plain(Plain::Latin1), How::Profile, 20),
    }
}
