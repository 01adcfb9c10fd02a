//! What drives a query: the most selective key that has an index.

use yigong_formats::dicom::attributes::Attributes;
use yigong_formats::dicom::detect::is_han;
use yigong_formats::dicom::{Tag, Vr, matching, name, tag};

use super::{Query, sixteens};

/// The driver of a search for studies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Driver {
    /// Study Instance UIDs in sixteens.
    Uids(std::collections::VecDeque<Vec<String>>),
    /// Accession number.
    Accession(String),
    /// Patient id.
    PatientId(String),
    /// Name.
    Name(NameRange),
    /// None: newest first.
    Page,
}

/// Where among the folded forms of names to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NameRange {
    /// From the first up to, not including, the second.
    Between(String, String),
    /// Everywhere, by this LIKE pattern (escape `!`).
    Part(String),
}

impl Driver {
    /// Chooses for a query.
    pub(super) fn of(query: &Query) -> Self {
        let keys = &query.keys;
        let uids = sixteens(keys, tag::STUDY_UID);
        if !uids.is_empty() {
            return Self::Uids(uids);
        }
        if let Some(exact) = exact(keys, tag::ACCESSION) {
            return Self::Accession(exact);
        }
        if let Some(exact) = exact(keys, tag::PATIENT_ID) {
            return Self::PatientId(exact);
        }
        name_range(keys, query.fuzzy).map_or(Self::Page, Self::Name)
    }
}

/// The one value of an identifying key. Numbers and ids are compared as they are written.
fn exact(keys: &Attributes, t: Tag) -> Option<String> {
    match keys.values(t) {
        [one] if !matching::has_wildcard(one) && !one.trim().is_empty() => Some(one.trim().to_owned()),
        _ => None,
    }
}

/// Where to look for the name of a query; `None` when it names nobody.
pub(super) fn name_range(keys: &Attributes, fuzzy: bool) -> Option<NameRange> {
    let [key] = keys.values(tag::PATIENT_NAME) else { return None };
    let group = key.split('=').map(name::fold).find(|g| !g.is_empty() && g.chars().any(|c| c != '*'))?;
    let open = fuzzy && !matching::has_wildcard(&group);
    let literal = |text: &str| -> String { text.chars().take_while(|c| !matches!(c, '*' | '?')).collect() };
    let head = literal(&group);
    if !open && head == group {
        return Some(NameRange::Between(group.clone(), format!("{group}\u{1}")));
    }
    if !open && !head.is_empty() {
        return Some(between(head));
    }
    // Something inside the name: Han stand behind a star in the index from each character on.
    let from_han = group.char_indices().find(|(_, c)| is_han(*c)).and_then(|(at, _)| group.get(at..));
    if let Some(inner) = from_han.map(literal).filter(|i| !i.is_empty()) {
        return Some(between(format!("*{inner}")));
    }
    let mut pattern = String::from("%");
    for c in group.chars() {
        match c {
            '*' => pattern.push('%'),
            '?' => pattern.push('_'),
            '%' | '_' | '!' => pattern.extend(['!', c]),
            c => pattern.push(c),
        }
    }
    pattern.push('%');
    Some(NameRange::Part(pattern))
}

fn between(head: String) -> NameRange {
    let end = format!("{head}\u{10FFFF}");
    NameRange::Between(head, end)
}

/// First and last study date of a query; dates are eight digits or empty.
pub(super) fn dates(keys: &Attributes) -> (String, String) {
    match keys.values(tag::STUDY_DATE) {
        [one] if !matching::is_universal(std::slice::from_ref(one)) => {
            let (from, to) = matching::range(Vr::DA, one).unwrap_or_default();
            (from, if to == "~" { LAST.to_owned() } else { to })
        }
        _ => (String::new(), LAST.to_owned()),
    }
}

/// Behind every date.
const LAST: &str = "99999999";

/// The modality of a query as the pattern of its statement; empty when there is none, or more than one.
pub(super) fn modality(keys: &Attributes) -> String {
    match keys.values(tag::MODALITIES_IN_STUDY) {
        [one] if one.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()) && !one.is_empty() => {
            format!("%!{one}!%")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range_of(name: &str, fuzzy: bool) -> Option<NameRange> {
        let mut keys = Attributes::default();
        keys.put(tag::PATIENT_NAME, name);
        name_range(&keys, fuzzy)
    }

    #[test]
    fn names_find_their_index() {
        let between = |a: &str, b: String| Some(NameRange::Between(a.into(), b));
        assert_eq!(range_of("王^小东", false), between("王小东", "王小东\u{1}".into()));
        assert_eq!(range_of("Wang^Xiao*", false), between("wangxiao", "wangxiao\u{10FFFF}".into()));
        assert_eq!(range_of("*小东*", false), between("*小东", "*小东\u{10FFFF}".into()));
        assert_eq!(range_of("?小*", false), between("*小", "*小\u{10FFFF}".into()));
        assert_eq!(range_of("小东", true), between("*小东", "*小东\u{10FFFF}".into()));
        assert_eq!(range_of("*dong", false), Some(NameRange::Part("%%dong%".into())));
        assert_eq!(range_of("=王*", false), between("王", "王\u{10FFFF}".into()));
        assert_eq!(range_of("*", false), None);
        assert_eq!(range_of("", false), None);
    }
}
