//! How a patient's name is written for a device (specification §3, output per peer): pinyin, Han, or both.

use super::detect::is_han;
use super::name::{compact, syllables};

/// Surnames of two characters, for the border in the pinyin group.
const COMPOUND: &[&str] = &[
    "欧阳", "司马", "诸葛", "上官", "东方", "皇甫", "慕容", "司徒", "夏侯", "尉迟", "公孙", "令狐", "宇文",
    "长孙", "端木", "独孤", "南宫", "西门", "闻人", "轩辕", "万俟", "澹台", "鲜于", "单于", "钟离", "申屠",
    "呼延", "淳于", "百里", "东郭",
];

/// Which groups of a PN a device is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// `pinyin=汉字=`, as the standard has it.
    #[default]
    Both,
    /// `汉字` in group 1, for devices that show only that one.
    Han,
    /// Pinyin alone, for devices without Chinese fonts.
    Pinyin,
}

impl Layout {
    /// By its name in a peer's policy; `None` for an unknown one.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Some(match text {
            "pinyin=汉字=" | "both" => Self::Both,
            "汉字" | "han" => Self::Han,
            "pinyin" => Self::Pinyin,
            _ => return None,
        })
    }

    /// A name as the register of patients holds it. Names without Han are letters in every layout.
    #[must_use]
    pub fn write(self, name: &str) -> String {
        let name = name.trim();
        if !name.chars().any(is_han) {
            return if name.contains('^') {
                name.to_owned()
            } else {
                name.split_whitespace().collect::<Vec<_>>().join("^")
            };
        }
        match self {
            Self::Both => format!("{}={name}=", pinyin(name)),
            Self::Han => name.to_owned(),
            Self::Pinyin => pinyin(name),
        }
    }
}

/// `Ouyang^Xiaodong`: surname and given name by the readings of the characters. The border of an unseparated name is a
/// guess, made in this group only; the Han stand as they are held.
fn pinyin(name: &str) -> String {
    let han = compact(name);
    let (surname, given) = match name.split_once('^') {
        Some((surname, given)) => (surname.to_owned(), given.to_owned()),
        None => {
            let length = if COMPOUND.iter().any(|c| han.starts_with(c)) { 2 } else { 1 };
            (han.chars().take(length).collect(), han.chars().skip(length).collect())
        }
    };
    // The whole is read at once: a surname has its own reading only at the head of a name.
    let all = syllables(&han);
    let head = surname.chars().filter(|c| is_han(*c)).count().min(all.len());
    let (surname, given): (String, String) = if surname.chars().all(is_han) && given.chars().all(is_han) {
        let (a, b) = all.split_at(head);
        (a.concat(), b.concat())
    } else {
        (syllables(&surname).concat(), syllables(&given).concat())
    };
    let capital = |word: &str| {
        let mut chars = word.chars();
        chars.next().map(|c| c.to_uppercase().chain(chars).collect::<String>()).unwrap_or_default()
    };
    let mut out = capital(&surname);
    if !given.is_empty() {
        out.push('^');
        out.push_str(&capital(&given));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::Layout;

    #[test]
    fn the_three_layouts() {
        assert_eq!(Layout::Both.write("卢瑋"), "Lu^Wei=卢瑋=");
        assert_eq!(Layout::Both.write("王^小东"), "Wang^Xiaodong=王^小东=");
        assert_eq!(Layout::Han.write("单国强"), "单国强");
        assert_eq!(Layout::Pinyin.write("单国强"), "Shan^Guoqiang");
        assert_eq!(Layout::Pinyin.write("欧阳小东"), "Ouyang^Xiaodong");
        assert_eq!(Layout::Both.write("John Smith"), "John^Smith");
        assert_eq!(Layout::Pinyin.write("王"), "Wang");
    }
}
