//! Validate, then detect: is the declared set true, and if not, what are the bytes (specification §3)?

use std::sync::LazyLock;

use super::Defects;
use super::iso2022::{Start, designates};
use super::text::{Charset, Decision, Faults, How, Plain, decode, decode_plain, parse};

/// Bytes of text that are weighed at most: more of the same proves nothing more.
const WEIGHED: usize = 1 << 20;

/// Raw value and whether it is a person name.
type Sample<'a> = (&'a [u8], bool);

/// How Han-like a text is: characters seen, and of them the common ones (GB 2312 level 1 counts fully, level 2 half).
#[derive(Debug, Clone, Copy, Default)]
struct Han {
    seen: u32,
    weight: f32,
}

/// Weight of the characters from U+4E00: 2 for GB 2312 level 1, 1 for level 2. Made by decoding every code once, because
/// looking up the code of a character is a search through the whole table.
static COMMON: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut weights = vec![0u8; 0xA000 - 0x4E00];
    for lead in 0xB0..=0xF7u8 {
        for trail in 0xA1..=0xFEu8 {
            let code = [lead, trail];
            let (text, _) = encoding_rs::GBK.decode_without_bom_handling(&code);
            let at = text.chars().next().and_then(|c| u32::from(c).checked_sub(0x4E00));
            if let Some(weight) = at.and_then(|at| weights.get_mut(at as usize)) {
                *weight = if lead <= 0xD7 { 2 } else { 1 };
            }
        }
    }
    weights
});

impl Han {
    fn add(&mut self, text: &str) {
        for c in text.chars().filter(|c| is_han(*c)) {
            self.seen += 1;
            let at = u32::from(c).checked_sub(0x4E00).unwrap_or(u32::MAX);
            self.weight += COMMON.get(at as usize).map_or(0.0, |w| f32::from(*w) / 2.0);
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

/// A set tried on all samples.
#[derive(Default)]
struct Trial {
    faults: Faults,
    han: Han,
    /// Characters beyond ASCII, and those of them that fit into words.
    high: u32,
    misfits: u32,
}

impl Trial {
    fn fits(&self) -> bool {
        self.faults.bad == 0
    }
    /// Nearly every character is Han, and a common one.
    fn is_surely_han(&self) -> bool {
        self.fits() && self.han.seen >= 2 && self.han.seen * 20 >= self.high * 19 && self.han.score() >= 0.8
    }
    /// Letters stand in words, capitals only where words begin: what bytes of another set do not give.
    fn is_words(&self) -> bool {
        self.fits() && self.misfits * 5 <= self.high
    }
    fn words(&mut self, text: &str) {
        let (mut before, mut beyond) = (' ', 0);
        for c in text.chars() {
            if !c.is_ascii() {
                beyond += 1;
                let mark = matches!(c, '\u{A0}' | '·' | '°' | 'º' | 'ª' | 'µ' | '’' | '–');
                self.misfits += u32::from(!c.is_alphabetic() && !mark && !is_mark(c));
            }
            let (rises, wide) =
                (before.is_lowercase() && c.is_uppercase(), !(before.is_ascii() && c.is_ascii()));
            self.misfits += 2 * u32::from(rises && wide);
            before = c;
        }
        self.high += beyond;
    }
}

/// Signs that belong to letters: tone marks of Thai, points of Hebrew and Arabic.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{E31}'..='\u{E4E}' | '\u{591}'..='\u{5C7}' | '\u{64B}'..='\u{65F}')
}

fn read(charset: &Charset, samples: &[Sample<'_>]) -> Trial {
    let mut out = Trial::default();
    for (raw, pn) in samples {
        let (text, f) = decode(charset, raw, *pn);
        out.faults.bad += f.bad;
        out.faults.cut |= f.cut;
        out.han.add(&text);
        out.words(&text);
    }
    out
}

/// Signs that stand by themselves between digits and units (ISO 8859-1): ° ± ² ³ µ · º ª ¹ ¼ ½ ¾ × ÷ § and the blank.
const SIGNS: [u8; 16] =
    [0xA0, 0xA7, 0xAA, 0xB0, 0xB1, 0xB2, 0xB3, 0xB5, 0xB7, 0xB9, 0xBA, 0xBC, 0xBD, 0xBE, 0xD7, 0xF7];

/// Latin text has accented letters beside ASCII letters, and single signs; two-byte codes stand beside each other.
fn is_latin(samples: &[(&[u8], bool)]) -> bool {
    let (mut high, mut fits) = (0u32, 0u32);
    for (raw, _) in samples {
        for (i, b) in raw.iter().enumerate() {
            if b.is_ascii() {
                continue;
            }
            high += 1;
            let around = [i.checked_sub(1), i.checked_add(1)].map(|at| at.and_then(|a| raw.get(a)));
            let beside = around.iter().flatten().any(|b| b.is_ascii_alphabetic());
            let alone = around.iter().flatten().all(|b| b.is_ascii());
            let letter = *b >= 0xC0 && !SIGNS.contains(b);
            fits += u32::from((letter && beside) || (SIGNS.contains(b) && alone));
        }
    }
    high > 0 && fits * 10 >= high * 8
}

fn split_declared(raw: Option<&[u8]>) -> Option<Vec<String>> {
    let text = decode_plain(Plain::Latin1, raw?).0;
    let values: Vec<String> = text.split('\\').map(|v| v.trim_matches(['\0', ' ']).to_owned()).collect();
    values.iter().any(|v| !v.is_empty()).then_some(values)
}

/// Decides the set of a data set from (0008,0005) and all its text values (raw bytes, is it a name). `profile` is the
/// set the sending peer is known to use when nothing else decides.
#[must_use]
pub fn decide(
    declared: Option<&[u8]>,
    samples: &[(&[u8], bool)],
    profile: Option<&Charset>,
) -> (Decision, Defects) {
    let mut notes = Defects::default();
    let declared = split_declared(declared);
    let terms = declared.as_deref().unwrap_or_default();
    let parsed = parse(terms);
    let mut room = WEIGHED;
    let samples: Vec<Sample<'_>> = samples
        .iter()
        .copied()
        .filter(|(raw, _)| !raw.is_ascii() || raw.windows(2).any(|w| matches!(w, [0x1B, 0x20..=0x2F])))
        .take_while(|(raw, _)| {
            let fits = room > 0;
            room = room.saturating_sub(raw.len());
            fits
        })
        .collect();
    let case = Case { parsed, terms, samples: &samples, profile };
    let (charset, how, confidence) = case.settle();
    let mut unknown = false;
    for (raw, pn) in &samples {
        let faults = decode(&charset, raw, *pn).1;
        if faults.cut {
            notes.note("text-truncated");
        }
        unknown |= faults.bad > 0;
    }
    if confidence < 60 || unknown {
        notes.note(if declared.is_none() { "charset-missing" } else { "charset-wrong" });
    }
    if how == How::Alias {
        notes.note("charset-alias");
    }
    (Decision { declared, charset, how, confidence }, notes)
}

/// What is known when a set is to be chosen.
struct Case<'a> {
    parsed: Option<(Charset, How)>,
    terms: &'a [String],
    samples: &'a [Sample<'a>],
    profile: Option<&'a Charset>,
}

impl Case<'_> {
    fn settle(&self) -> (Charset, How, u8) {
        let Self { parsed, samples, .. } = self;
        if samples.is_empty() {
            // Nothing to prove: all of it is ASCII.
            let (charset, how) = parsed.clone().unwrap_or_default();
            return (charset, how, 100);
        }
        let utf8 = read(&Charset::UTF8, samples);
        let gb = read(&Charset::GB18030, samples);
        // Two-byte UTF-8 alone is no proof: it must yield Han.
        let is_utf8 = utf8.fits() && utf8.han.seen > 0;
        if let Some(found) = self.declared(&gb, &utf8, is_utf8).or_else(|| self.escaped()) {
            return found;
        }
        if is_utf8 && utf8.han.score() + 0.1 >= gb.han.score() {
            return (Charset::UTF8, How::Detected, 92);
        }
        // Designations are no part of GB 18030: they would stand in the name.
        if !self.is_designated() && gb.fits() && gb.han.seen > 0 && gb.han.score() >= 0.4 {
            return (Charset::GB18030, How::Detected, if gb.han.seen >= 3 { 88 } else { 65 });
        }
        self.fallback(&gb)
    }

    /// The declared set, when it decodes everything and the text is plausible in it.
    fn declared(&self, gb: &Trial, utf8: &Trial, is_utf8: bool) -> Option<(Charset, How, u8)> {
        let (charset, how) = self.parsed.clone()?;
        let samples = self.samples;
        let own = read(&charset, samples);
        let plain = match &charset {
            Charset::Plain(plain) => *plain,
            // Without any escape only the initial state speaks.
            Charset::Extended(start) if !samples.iter().any(|(raw, _)| designates(raw)) => {
                match start.plain() {
                    Some(plain) => plain,
                    None => {
                        return if own.fits() {
                            Some((charset, how, 95))
                        } else {
                            self.without_escapes(gb, is_utf8)
                        };
                    }
                }
            }
            Charset::Extended(_) if own.fits() => return self.chinese(&own).or(Some((charset, how, 95))),
            Charset::Extended(_) => return self.chinese(&own),
        };
        let confidence = match plain {
            Plain::Ascii => None,
            Plain::Latin1 | Plain::Latin5 => is_latin(samples).then_some(90),
            Plain::Table(t) if t == encoding_rs::GB18030 => {
                let better = is_utf8 && utf8.han.score() > own.han.score() + 0.2;
                let sure = own.han.score() >= 0.3 || own.faults.cut;
                (own.fits() && !better).then_some(if sure { 95 } else { 75 })
            }
            Plain::Table(t) if t == encoding_rs::UTF_8 => own.fits().then_some(98),
            _ => (own.fits() && !is_utf8 && (own.is_words() || !gb.is_surely_han())).then_some(80),
        };
        match confidence {
            Some(confidence) => Some((charset, how, confidence)),
            None if matches!(charset, Charset::Extended(_)) => self.without_escapes(gb, is_utf8),
            None => None,
        }
    }

    /// Code extensions were declared and their escapes left out: the multi-byte set that was declared is meant.
    fn without_escapes(&self, gb: &Trial, is_utf8: bool) -> Option<(Charset, How, u8)> {
        if is_utf8 {
            return None;
        }
        if self.terms.iter().any(|t| t.contains("149")) {
            let korean = Charset::Extended(Start::single("iso2022ir149"));
            if read(&korean, self.samples).fits() {
                return Some((korean, How::Repaired, 80));
            }
        }
        (gb.fits() && gb.han.score() >= 0.4).then_some((Charset::GB18030, How::Repaired, 85))
    }

    /// Escapes stand in the text although no code extension was declared.
    fn escaped(&self) -> Option<(Charset, How, u8)> {
        let start = match &self.parsed {
            Some((Charset::Plain(plain), _)) => Start::of("", Some(*plain)),
            None => Start::of("", None),
            Some(_) => return None,
        };
        if !self.is_designated() {
            return None;
        }
        let charset = Charset::Extended(start);
        let own = read(&charset, self.samples);
        self.chinese(&own).or_else(|| own.fits().then_some((charset, How::Detected, 90)))
    }

    fn is_designated(&self) -> bool {
        self.samples.iter().any(|(raw, _)| designates(raw))
    }

    /// Han is designated in the text, and a designation was left out where the standard asks for one again (behind `^` or `=`, in
    /// the next line: PS3.5 §6.1.2.5.3): what stands there has no meaning in `own`, or one of accented letters side by side.
    fn chinese(&self, own: &Trial) -> Option<(Charset, How, u8)> {
        if !self.samples.iter().any(|(raw, _)| raw.windows(4).any(|w| w == b"\x1B$)A")) {
            return None;
        }
        let charset = Charset::Extended(Start::chinese());
        let read = read(&charset, self.samples);
        (read.fits() && (!own.fits() || read.han.seen > own.han.seen)).then_some((charset, How::Repaired, 85))
    }

    /// Nothing convinces: the profile of the peer, else what reads most.
    fn fallback(&self, gb: &Trial) -> (Charset, How, u8) {
        if let Some(profile) = self.profile
            && read(profile, self.samples).fits()
        {
            return (profile.clone(), How::Profile, 70);
        }
        if is_latin(self.samples) {
            return (Charset::Plain(Plain::Latin1), How::Profile, 55);
        }
        if gb.fits() && gb.han.seen > 0 {
            return (Charset::GB18030, How::Profile, 50);
        }
        let size = self.samples.iter().map(|(raw, _)| raw.len()).sum::<usize>();
        match &self.parsed {
            Some((c, _)) if *c != Charset::default() && read(c, self.samples).faults.bad * 4 < size => {
                (c.clone(), How::Declared, 40)
            }
            _ => (Charset::Plain(Plain::Latin1), How::Profile, 20),
        }
    }
}
