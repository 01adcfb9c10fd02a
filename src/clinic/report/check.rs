//! Checks before a report is submitted or signed: side, sex and organ, negation, left-overs, empty sections, critical
//! words without an alert. `block` must be mended; `warn` must be confirmed.

use serde::Serialize;

use super::content::Sections;

/// One finding of the checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Stable code.
    pub code: &'static str,
    /// Section concerned.
    pub section: &'static str,
    /// `block` or `warn`.
    pub level: &'static str,
    /// Sentence, Chinese.
    pub text_zh: String,
    /// Sentence, English.
    pub text_en: String,
}

/// What the checks need to know beside the text.
#[derive(Debug, Clone, Default)]
pub struct About<'a> {
    /// `imaging`, `ecg`.
    pub pipeline: &'a str,
    /// `M`, `F` or other.
    pub sex: &'a str,
    /// Whether an alert stands for the subject.
    pub has_alert: bool,
    /// Whether an earlier recording exists that must be compared with.
    pub has_previous: bool,
}

const FEMALE_ORGANS: &[&str] = &["子宫", "卵巢", "宫颈", "附件区", "输卵管"];
const MALE_ORGANS: &[&str] = &["前列腺", "精囊", "睾丸", "阴囊"];
const CRITICAL_WORDS: &[&str] = &[
    "张力性气胸",
    "主动脉夹层",
    "肺栓塞",
    "脑疝",
    "急性脑出血",
    "消化道穿孔",
    "膈下游离气体",
    "ST段弓背向上抬高",
    "急性心肌梗死",
    "室性心动过速",
];
/// Findings whose negation in one section contradicts a claim in the other.
const CLAIMS: &[&str] = &["骨折", "气胸", "积液", "占位", "结节", "肿块", "梗阻", "出血"];

fn check(code: &'static str, section: &'static str, level: &'static str, zh: String, en: &str) -> Check {
    Check { code, section, level, text_zh: zh, text_en: en.to_owned() }
}

/// Runs every check.
#[must_use]
pub fn run(s: &Sections, about: &About<'_>) -> Vec<Check> {
    let mut found = Vec::new();
    let statements = s.ecg_statements.iter().map(|x| x.text.as_str()).collect::<Vec<_>>().join("。");
    let conclusion = format!("{}{statements}", s.impression);
    if about.pipeline == "imaging" && s.findings.trim().is_empty() {
        found.push(check("empty", "findings", "block", "检查所见为空".into(), "findings are empty"));
    }
    if conclusion.trim().is_empty() {
        found.push(check("empty", "impression", "block", "诊断意见为空".into(), "the impression is empty"));
    }
    if about.has_previous && s.comparison.trim().is_empty() {
        found.push(check(
            "no_comparison",
            "comparison",
            "warn",
            "有既往心电图,尚未填写比较".into(),
            "an earlier recording exists and the comparison is empty",
        ));
    }
    for (section, text) in [
        ("technique", &s.technique),
        ("findings", &s.findings),
        ("impression", &s.impression),
        ("recommendation", &s.recommendation),
        ("comparison", &s.comparison),
    ] {
        if let Some(left) = leftover(text) {
            found.push(check(
                "leftover",
                section,
                "block",
                format!("模板占位未填写:{left}"),
                "a template placeholder was left",
            ));
        }
    }
    sides(s, &mut found);
    let all = format!("{}{conclusion}", s.findings);
    let wrong = match about.sex {
        "M" => FEMALE_ORGANS,
        "F" => MALE_ORGANS,
        _ => &[],
    };
    if let Some(organ) = wrong.iter().find(|o| all.contains(*o)) {
        found.push(check(
            "sex_organ",
            "findings",
            "block",
            format!("性别与器官不符:{organ}"),
            "organ does not fit the patient's sex",
        ));
    }
    for claim in CLAIMS {
        if denied(&s.findings, claim) && claimed(&conclusion, claim) {
            found.push(check(
                "negation",
                "impression",
                "warn",
                format!("所见未见{claim},诊断意见却提示{claim}"),
                "the impression contradicts the findings",
            ));
        }
    }
    if !about.has_alert
        && let Some(word) = CRITICAL_WORDS.iter().find(|w| claimed(&conclusion, w))
    {
        found.push(check(
            "critical_word",
            "impression",
            "warn",
            format!("诊断含“{word}”,尚未上报危急值"),
            "a critical finding without a critical alert",
        ));
    }
    found
}

/// `[...]` or `【】` left from a template.
fn leftover(text: &str) -> Option<&str> {
    let start = text.find('[')?;
    let rest = text.get(start..)?;
    let end = rest.find(']')?;
    rest.get(..=end)
}

fn sides(s: &Sections, found: &mut Vec<Check>) {
    let left = |t: &str| t.contains('左');
    let right = |t: &str| t.contains('右');
    let (f, i) = (s.findings.as_str(), s.impression.as_str());
    if f.is_empty() || i.contains('双') {
        return;
    }
    let only_left = left(f) && !right(f) && !f.contains('双');
    let only_right = right(f) && !left(f) && !f.contains('双');
    if (only_left && right(i) && !left(i)) || (only_right && left(i) && !right(i)) {
        found.push(check(
            "side",
            "impression",
            "warn",
            "所见与诊断意见的左右侧不一致".into(),
            "sides differ between findings and impression",
        ));
    }
}

const DENIALS: &[&str] = &["未见明显", "未见明确", "未见", "无明显", "未发现", "排除"];

fn denied(text: &str, claim: &str) -> bool {
    text.match_indices(claim).any(|(at, _)| negated_before(text, at))
}

fn claimed(text: &str, claim: &str) -> bool {
    text.match_indices(claim).any(|(at, _)| !negated_before(text, at))
}

/// Whether a denial stands in the same clause before byte `at`.
fn negated_before(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let clause = before.rsplit(['。', ';', ';', '\n', ',', ',']).next().unwrap_or_default();
    DENIALS.iter().any(|d| clause.contains(d))
}

#[cfg(test)]
mod tests {
    use super::{About, run};
    use crate::report::content::Sections;

    fn codes(findings: &str, impression: &str, sex: &str) -> Vec<&'static str> {
        let s = Sections { findings: findings.into(), impression: impression.into(), ..Sections::default() };
        run(&s, &About { pipeline: "imaging", sex, ..About::default() }).iter().map(|c| c.code).collect()
    }

    #[test]
    fn each_check() {
        assert!(codes("双肺纹理清晰。", "心肺膈未见异常。", "M").is_empty());
        assert_eq!(codes("", "", "M"), ["empty", "empty"]);
        assert_eq!(codes("右肺[部位]见结节。", "右肺结节。", "M"), ["leftover"]);
        assert_eq!(codes("左肺上叶见结节影。", "右肺上叶结节。", "M"), ["side"]);
        assert_eq!(codes("子宫大小正常。", "未见异常。", "M"), ["sex_organ"]);
        assert_eq!(codes("未见明显骨折征象。", "右桡骨远端骨折。", "F"), ["negation"]);
        assert_eq!(codes("右侧胸腔大量气体影。", "右侧张力性气胸。", "F"), ["critical_word"]);
        assert!(codes("所见清晰。", "未见主动脉夹层征象。", "M").is_empty());
    }
}
