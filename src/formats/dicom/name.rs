//! Person names (PS3.5 §6.2.1.2): groups, the Han form, pinyin with surname readings, initials.

use super::detect::is_han;
use pinyin::ToPinyin;

/// What the index keeps of a name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Name {
    /// The value as decoded.
    pub raw: String,
    /// First group that contains Han, as it stands.
    pub ideographic: Option<String>,
    /// Group 1.
    pub alphabetic: String,
    /// Shown: Han without separators, else the parts of group 1 with spaces.
    pub shown: String,
    /// Lower-case pinyin or ASCII letters without spaces.
    pub pinyin: String,
    /// Initial letters of the pinyin.
    pub initials: String,
    /// The pinyin was generated, not sent.
    pub derived: bool,
}

/// Surnames whose reading differs from the usual one of the character; two-character surnames first.
const SURNAMES: &[(&str, &str)] = &[
    ("尉迟", "yu chi"),
    ("万俟", "mo qi"),
    ("长孙", "zhang sun"),
    ("令狐", "ling hu"),
    ("澹台", "tan tai"),
    ("单于", "chan yu"),
    ("鲜于", "xian yu"),
    ("拓跋", "tuo ba"),
    ("第五", "di wu"),
    ("長孫", "zhang sun"),
    ("單于", "chan yu"),
    ("鮮于", "xian yu"),
    ("尉遲", "yu chi"),
    ("夏侯", "xia hou"),
    ("皇甫", "huang fu"),
    ("单", "shan"),
    ("曾", "zeng"),
    ("解", "xie"),
    ("仇", "qiu"),
    ("任", "ren"),
    ("区", "ou"),
    ("查", "zha"),
    ("朴", "piao"),
    ("乐", "yue"),
    ("盖", "ge"),
    ("华", "hua"),
    ("缪", "miao"),
    ("翟", "zhai"),
    ("覃", "qin"),
    ("谌", "chen"),
    ("员", "yun"),
    ("折", "she"),
    ("重", "chong"),
    ("种", "chong"),
    ("秘", "bi"),
    ("冼", "xian"),
    ("纪", "ji"),
    ("那", "na"),
    ("逄", "pang"),
    ("曲", "qu"),
    ("么", "yao"),
    ("黑", "he"),
    ("繁", "po"),
    ("祭", "zhai"),
    ("能", "nai"),
    ("宓", "mi"),
    ("过", "guo"),
    ("葛", "ge"),
    ("燕", "yan"),
    ("尹", "yin"),
    ("召", "shao"),
    ("晁", "chao"),
    ("褚", "chu"),
    ("隗", "wei"),
    ("乜", "nie"),
    ("贾", "jia"),
    ("宿", "su"),
    ("车", "che"),
    ("車", "che"),
    ("單", "shan"),
    ("區", "ou"),
    ("蓋", "ge"),
    ("華", "hua"),
    ("繆", "miao"),
    ("紀", "ji"),
    ("賈", "jia"),
    ("樂", "yue"),
    ("員", "yun"),
    ("過", "guo"),
    ("葉", "ye"),
    ("叶", "ye"),
    ("句", "gou"),
    ("都", "du"),
    ("干", "gan"),
    ("莘", "shen"),
    ("郗", "chi"),
    ("薄", "bo"),
    ("牟", "mu"),
    ("石", "shi"),
    ("洗", "xian"),
    ("适", "kuo"),
    ("佴", "nai"),
    ("柏", "bai"),
    ("贲", "ben"),
    ("阚", "kan"),
    ("臧", "zang"),
    ("降", "jiang"),
    ("寇", "kou"),
    ("行", "xing"),
    ("相", "xiang"),
    ("颉", "xie"),
    ("仉", "zhang"),
    ("钭", "tou"),
    ("应", "ying"),
    ("沈", "shen"),
    ("俞", "yu"),
    ("卜", "bu"),
    ("鲍", "bao"),
];

/// Reads a decoded PN value.
#[must_use]
pub fn read(raw: &str) -> Name {
    let groups: Vec<&str> = raw.split('=').collect();
    let alphabetic = groups.first().copied().unwrap_or_default().to_owned();
    let ideographic = groups.iter().find(|g| g.chars().any(is_han)).map(|g| (*g).to_owned());
    let mut name = Name { raw: raw.to_owned(), alphabetic: alphabetic.clone(), ..Name::default() };
    let syllables: Vec<String> = match &ideographic {
        // Group 1 is the sender's own pinyin when another group holds the Han.
        Some(_) if !alphabetic.chars().any(is_han) && alphabetic.chars().any(char::is_alphabetic) => {
            letters(&alphabetic)
        }
        Some(han) => {
            name.derived = true;
            syllables(&compact(han))
        }
        None => letters(&alphabetic),
    };
    name.shown = match &ideographic {
        Some(han) => compact(han),
        None => alphabetic.split('^').map(str::trim).filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" "),
    };
    name.pinyin = syllables.concat();
    // Initials come from the Han where there is Han: `Wang^XiaoDong` hides the border of its syllables.
    let parts = match &ideographic {
        Some(han) => self::syllables(&compact(han)),
        None => syllables,
    };
    name.initials = parts.iter().filter_map(|s| s.chars().next()).collect();
    name.ideographic = ideographic;
    name
}

/// Name without separators: `^`, spaces of any width.
#[must_use]
pub fn compact(text: &str) -> String {
    text.chars().filter(|c| *c != '^' && !c.is_whitespace()).collect()
}

fn letters(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphabetic()).filter(|p| !p.is_empty()).map(str::to_lowercase).collect()
}

/// Pinyin syllables of a Han name, the surname by its own reading; other characters stand for themselves.
#[must_use]
pub fn syllables(han: &str) -> Vec<String> {
    let (mut out, rest) = match SURNAMES.iter().find(|(s, _)| han.starts_with(s)) {
        Some((s, reading)) => {
            (reading.split(' ').map(str::to_owned).collect::<Vec<_>>(), han.strip_prefix(s).unwrap_or(han))
        }
        None => (Vec::new(), han),
    };
    let mut word = String::new();
    for c in rest.chars() {
        if let Some(p) = c.to_pinyin() {
            if !word.is_empty() {
                out.push(std::mem::take(&mut word));
            }
            out.push(p.plain().to_owned());
        } else if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}

/// Folds a name for search: lower case, full width to half width, separators away.
#[must_use]
pub fn fold(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
            c => c,
        })
        .filter(|c| !matches!(c, '^' | '=' | '·') && !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect()
}
