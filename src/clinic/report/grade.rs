//! How much a new version differs from the one before: what the auditor called it is not less than what it is (workflow
//! specification 4: a changed impression, side, measurement or critical flag is at least class 2).

use super::check::Check;
use super::content::{Measurement, ReportContent, Sections};

/// A clinical change: the clinic has to acknowledge it.
pub const CLINICAL: i64 = 2;

/// The least class of the change from `before` to `after`: [`CLINICAL`] or 0.
#[must_use]
pub fn least(before: &ReportContent, after: &ReportContent) -> i64 {
    let (old, new) = (&before.sections, &after.sections);
    let text = plain(&old.impression) != plain(&new.impression)
        || old.positive != new.positive
        || old.ecg_statements != new.ecg_statements
        || sides(old) != sides(new)
        || numbers(old) != numbers(new);
    let values = measured(before) != measured(after);
    if text || values || before.critical != after.critical { CLINICAL } else { 0 }
}

/// What is said of a change that was called smaller than it is.
#[must_use]
pub fn raised() -> Check {
    Check {
        code: "change_class",
        section: "impression",
        level: "warn",
        text_zh: "诊断意见、侧别、测量值或危急标志已更改:按 2 类(临床更正)签发,诊所须确认".into(),
        text_en:
            "impression, side, measurement or critical flag changed: signed as class 2, the clinic must acknowledge"
                .into(),
    }
}

/// Without what carries no meaning: blanks, and the width of punctuation.
fn plain(text: &str) -> String {
    let narrow = |c: char| match c {
        '\u{ff0c}' | '\u{3001}' => ',',
        '\u{3002}' | '\u{ff0e}' => '.',
        '\u{ff1a}' => ':',
        '\u{ff1b}' => ';',
        '\u{ff08}' => '(',
        '\u{ff09}' => ')',
        other => other,
    };
    text.chars()
        .filter(|c| !c.is_whitespace())
        .map(narrow)
        .collect::<String>()
        .trim_end_matches('.')
        .to_owned()
}

/// The sides in the order in which they are named.
fn sides(s: &Sections) -> Vec<char> {
    let text = [&s.findings, &s.recommendation, &s.comparison];
    text.iter().flat_map(|t| t.chars()).filter(|c| matches!(c, '左' | '右' | '双')).collect()
}

/// The numbers in the order in which they are named.
fn numbers(s: &Sections) -> Vec<String> {
    let text = [&s.findings, &s.impression, &s.recommendation].map(String::as_str).join(" ");
    let parts = text.split(|c: char| !(c.is_ascii_digit() || c == '.'));
    parts.map(|p| p.trim_matches('.')).filter(|p| !p.is_empty()).map(str::to_owned).collect()
}

/// Measured values with their source; what was only measured again to the same number is no change.
fn measured(content: &ReportContent) -> Vec<(&str, Option<i64>, &str)> {
    let values = content.ecg.as_ref().map(|e| e.measurements.as_slice()).unwrap_or_default();
    let one = |m: &'_ Measurement| m.number.map(|n| n.round() as i64);
    let mut all: Vec<_> = values.iter().map(|m| (m.what.as_str(), one(m), m.source.as_str())).collect();
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(findings: &str, impression: &str) -> ReportContent {
        let sections =
            Sections { findings: findings.into(), impression: impression.into(), ..Sections::default() };
        ReportContent { sections, ..ReportContent::default() }
    }

    #[test]
    fn a_clinical_change_is_one_whatever_it_is_called() {
        let before = report("右肺上叶见结节,直径约 8.5 mm。心影不大。", "右肺上叶结节。");
        let same = [
            ("右肺上叶见结节,直径约8.5mm。心影不大", "右肺上叶结节"),
            ("右肺上叶见结节\u{ff0c}直径约 8.5 mm。心影不大。", "右肺上叶结节\u{3002}"),
            ("右肺上叶可见结节,直径约 8.5 mm。心影不大。", " 右肺上叶结节。"),
        ];
        for (findings, impression) in same {
            assert_eq!(least(&before, &report(findings, impression)), 0, "{findings} {impression}");
        }
        let clinical = [
            ("右肺上叶见结节,直径约 8.5 mm。心影不大。", "左肺上叶结节。"),
            ("左肺上叶见结节,直径约 8.5 mm。心影不大。", "右肺上叶结节。"),
            ("右肺上叶见结节,直径约 85 mm。心影不大。", "右肺上叶结节。"),
        ];
        for (findings, impression) in clinical {
            assert_eq!(least(&before, &report(findings, impression)), CLINICAL, "{findings} {impression}");
        }
        let critical = ReportContent { critical: vec!["张力性气胸".into()], ..before.clone() };
        assert_eq!(least(&before, &critical), CLINICAL);
        let mut positive = before.clone();
        positive.sections.positive = true;
        assert_eq!(least(&before, &positive), CLINICAL);
    }
}
