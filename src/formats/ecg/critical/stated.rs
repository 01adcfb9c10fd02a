//! What the recorder itself states, if it is on the list: a reason to look sooner, never a diagnosis.
//!
//! English is read in whole words, Chinese in characters; what is denied in so many words is not said. The list is data.

use serde::Deserialize;

use super::{Level, Raise, preset};

/// The list.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Statements {
    english: Tongue,
    chinese: Tongue,
}

/// Patterns: parts in order, alternatives separated by `|`, `~n` = up to n other words (characters) between two parts.
#[derive(Debug, Default, Deserialize)]
struct Tongue {
    /// Read in words, not in characters.
    in_words: bool,
    patterns: Vec<String>,
    /// Not allowed between the parts of a pattern.
    between: Vec<String>,
    /// Not allowed just before a match: `SUPRA VENTRICULAR`.
    attached: Vec<String>,
    /// Denies what follows it.
    no: Vec<String>,
    /// Not a denial though a word of `no` ends it: `有无`.
    open: Vec<String>,
    /// May stand between a denial and what it denies.
    bridge: Vec<String>,
    /// Denies what it follows.
    ruled_out: Vec<String>,
}

/// The first statement that is on the list.
#[must_use]
pub fn stated(statements: &[String]) -> Option<Raise> {
    let list = preset::statements();
    let said = statements.iter().find(|s| list.says(s))?;
    Some(Raise {
        rule: "vendor_statement",
        preset: preset::version().to_owned(),
        level: Level::Orange,
        finding: format!("设备提示:{said}"),
        value: said.clone(),
        evidence: format!("设备文字:{said}"),
        provisional: false,
    })
}

impl Statements {
    fn says(&self, statement: &str) -> bool {
        sentences(statement).any(|s| self.english.says(&words(&s)) || self.chinese.says(&characters(&s)))
    }
}

/// Capital letters, Roman numerals as letters, cut where a sentence ends.
fn sentences(statement: &str) -> impl Iterator<Item = String> {
    let plain: String = statement
        .to_uppercase()
        .chars()
        .map(|c| match c {
            'Ⅲ' => "III".to_owned(),
            'Ⅱ' => "II".to_owned(),
            'Ⅰ' => "I".to_owned(),
            // Full-width forms of ASCII.
            '\u{ff01}'..='\u{ff5e}' => {
                char::from_u32(u32::from(c) - 0xfee0).map_or_else(String::new, String::from)
            }
            _ => c.to_string(),
        })
        .collect();
    plain.split(['.', ';', '。', '\n', '!']).map(str::to_owned).collect::<Vec<_>>().into_iter()
}

/// English words; a comma, a colon and a Chinese character are words of their own. `A-V`, `S-T` and `V-TACH` are one word each.
fn words(sentence: &str) -> Vec<String> {
    let spaced: String = sentence
        .chars()
        .map(|c| match c {
            c if c.is_ascii_alphanumeric() => c.to_string(),
            ',' | ':' => format!(" {c} "),
            '\'' => String::new(),
            c if c.is_alphanumeric() => format!(" {c} "),
            _ => " ".into(),
        })
        .collect();
    let mut out: Vec<String> = Vec::new();
    for word in spaced.split_whitespace() {
        match (out.last_mut(), word) {
            (Some(last), "V") if last == "A" => last.push('V'),
            (Some(last), "T") if last == "S" => last.push('T'),
            (Some(last), "TACH" | "FIB") if last == "V" => last.push_str(word),
            _ => out.push(word.to_owned()),
        }
    }
    out
}

/// Characters without blanks.
fn characters(sentence: &str) -> Vec<String> {
    sentence.chars().filter(|c| !c.is_whitespace()).map(String::from).collect()
}

fn of(list: &[String]) -> impl Iterator<Item = &str> {
    list.iter().map(String::as_str)
}

impl Tongue {
    /// Whether the units from `at` on spell one of the alternatives; the end of the longest that does.
    fn spelt<'a>(
        &self,
        text: &[String],
        at: usize,
        alternatives: impl Iterator<Item = &'a str>,
    ) -> Option<usize> {
        let fits = |a: &'a str| {
            let units = if self.in_words { words(a) } else { characters(a) };
            let end = at + units.len();
            (!units.is_empty() && text.get(at..end)? == units).then_some(end)
        };
        alternatives.filter_map(fits).max()
    }

    /// Whether one of the list ends at `end`; where it begins.
    fn before(&self, list: &[String], text: &[String], end: usize) -> Option<usize> {
        (0..end).find(|k| self.spelt(text, *k, of(list)) == Some(end))
    }

    fn says(&self, text: &[String]) -> bool {
        (0..text.len()).any(|at| {
            of(&self.patterns).filter_map(|p| self.ends(p, text, at)).any(|end| {
                let ruled_out = self.spelt(text, end, of(&self.ruled_out)).is_some();
                self.before(&self.attached, text, at).is_none() && !self.denied(text, at) && !ruled_out
            })
        })
    }

    /// Where a pattern that begins at `at` ends.
    fn ends(&self, pattern: &str, text: &[String], at: usize) -> Option<usize> {
        let (mut end, mut reach) = (at, 0);
        for part in pattern.split(' ').filter(|p| !p.is_empty()) {
            if let Some(n) = part.strip_prefix('~') {
                reach = n.parse().unwrap_or(0);
                continue;
            }
            end = self.next(text, end, reach, part)?;
            reach = 0;
        }
        (end > at).then_some(end)
    }

    /// Where the next part ends, at most `reach` units on. A `_` in a part stands for a blank.
    fn next(&self, text: &[String], from: usize, reach: usize, part: &str) -> Option<usize> {
        let part = part.replace('_', " ");
        for at in from..=from + reach {
            if let Some(end) = self.spelt(text, at, part.split('|')) {
                return Some(end);
            }
            if self.spelt(text, at, of(&self.between)).is_some() {
                return None;
            }
        }
        None
    }

    /// A denial ends before the match, with nothing between but words that carry it on.
    fn denied(&self, text: &[String], at: usize) -> bool {
        let mut start = at;
        loop {
            if self.before(&self.open, text, start).is_some() {
                return false;
            }
            if self.before(&self.no, text, start).is_some() {
                return true;
            }
            let Some(bridge) = self.before(&self.bridge, text, start) else { return false };
            start = bridge;
        }
    }
}
