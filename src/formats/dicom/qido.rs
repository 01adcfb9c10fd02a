//! The query of a QIDO-RS request (PS3.18 §8.3.4, §10.6.1): keys by keyword, tag or dotted path, and how to answer.

use super::attributes::Attributes;
use super::level::{Level, unsupported};
use super::{Tag, Vr, matching, tag, uid};

/// Rows of an answer at most.
pub const MAX_ROWS: usize = 1_000;
/// Rows at most of one study, whose series and instances viewers ask for without a limit.
pub const MAX_OF_STUDY: usize = 10_000;
/// Query parameters at most.
const MAX_PAIRS: usize = 200;
/// Steps of a dotted path at most.
const MAX_STEPS: usize = 4;

/// A request that was understood.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Keys by attribute, all of them supported at the level; one without value matches everything and is answered.
    pub keys: Attributes,
    /// A name is also found inside another.
    pub fuzzy: bool,
    /// Rows at most.
    pub limit: usize,
    /// Rows to pass over.
    pub offset: usize,
    /// What was passed over, in words fit for a header.
    pub warnings: Vec<String>,
}

/// A request that was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// The parameter, printable.
    pub key: String,
    /// What is wrong with it.
    pub detail: &'static str,
}

/// Reads it. `fixed` are the UIDs of the path, `pairs` the decoded parameters.
///
/// # Errors
/// The first parameter that says nothing this service understands; unknown attributes are warnings.
pub fn read(level: Level, fixed: &[(Tag, String)], pairs: &[(String, String)]) -> Result<Asked, Malformed> {
    let bad = |key: &str, detail| Malformed { key: printable(key), detail };
    if pairs.len() > MAX_PAIRS {
        return Err(bad("query", "too many parameters"));
    }
    let (mut keys, mut unknown, mut warnings) = (Attributes::default(), Vec::new(), Vec::new());
    let (mut limit, mut offset, mut fuzzy, mut included) = (None, 0, false, Included::default());
    for (name, value) in pairs {
        match name.as_str() {
            "limit" => {
                limit = Some(value.trim().parse::<usize>().map_err(|_| bad(name, "not a number"))?);
            }
            "offset" => offset = value.trim().parse().map_err(|_| bad(name, "not a number"))?,
            "fuzzymatching" => {
                fuzzy = match value.as_str() {
                    "true" => true,
                    "false" => false,
                    _ => return Err(bad(name, "true or false")),
                };
            }
            "includefield" => included.read(value),
            _ => match path(name) {
                Some(steps) => put(&mut keys, level, &steps, value).map_err(|detail| bad(name, detail))?,
                None => unknown.push(printable(name)),
            },
        }
    }
    for (t, uid) in fixed {
        if !uid::is_valid(uid) {
            return Err(bad(&t.to_string(), "not a uid"));
        }
        keys.put(*t, uid.clone());
    }
    let of_study = level != Level::Study && is_one(&keys, tag::STUDY_UID) || is_one(&keys, tag::SERIES_UID);
    let most = if of_study { MAX_OF_STUDY } else { MAX_ROWS };
    if limit.is_some_and(|asked| asked > most) {
        warnings.push(format!("limit is {most}"));
    }
    let limit = limit.unwrap_or(most).min(most);
    if let Some(t) = matching::malformed(&keys) {
        return Err(bad(&t.to_string(), "not a value of this attribute"));
    }
    let strange = unsupported(level, &keys);
    strange.iter().for_each(|t| keys.remove(*t));
    unknown.extend(strange.iter().map(Tag::to_string));
    if !unknown.is_empty() {
        warnings.push(format!("keys not supported: {}", unknown.join(", ")));
    }
    let missing = included.missing(level);
    if !missing.is_empty() {
        // PS3.18 §8.3.4.3: said, not refused.
        warnings.push(format!("fields not available: {}", missing.join(", ")));
    }
    if level != Level::Patient {
        included.add_to(&mut keys);
    }
    Ok(Asked { keys, fuzzy, limit, offset, warnings })
}

/// Whether a key names one UID.
#[must_use]
pub fn is_one(keys: &Attributes, t: Tag) -> bool {
    matches!(keys.values(t), [one] if uid::is_valid(one))
}

/// What `includefield` adds. Every attribute of the index is answered as it is; only what costs a further look is on demand.
#[derive(Default)]
struct Included {
    all: bool,
    tags: Vec<Tag>,
    unknown: Vec<String>,
}

impl Included {
    fn read(&mut self, value: &str) {
        for field in value.split(',').map(str::trim).filter(|f| !f.is_empty()) {
            if field == "all" {
                self.all = true;
                continue;
            }
            match path(field) {
                Some(steps) => self.tags.extend(steps.first()),
                None => self.unknown.push(printable(field)),
            }
        }
    }

    /// Fields that an answer will not have.
    fn missing(&self, level: Level) -> Vec<String> {
        let mut asked = Attributes::default();
        for t in &self.tags {
            asked.put(*t, "");
        }
        self.unknown.iter().cloned().chain(unsupported(level, &asked).iter().map(Tag::to_string)).collect()
    }

    fn add_to(&self, keys: &mut Attributes) {
        let t = tag::SOP_CLASSES_IN_STUDY;
        if (self.all || self.tags.contains(&t)) && !keys.has(t) {
            keys.put(t, "");
        }
    }
}

/// `PatientName`, `00100010`, `RequestAttributesSequence.0040A370`.
fn path(name: &str) -> Option<Vec<Tag>> {
    let steps: Vec<Tag> = name.split('.').map(Tag::named).collect::<Option<_>>()?;
    (steps.len() <= MAX_STEPS).then_some(steps)
}

fn put(keys: &mut Attributes, level: Level, steps: &[Tag], value: &str) -> Result<(), &'static str> {
    let (Some((last, parents)), value) = (steps.split_last(), value.trim()) else { return Ok(()) };
    if let Some((first, _)) = parents.split_first() {
        if Vr::of_tag(*first) != Vr::SQ {
            return Err("a path goes through sequences");
        }
        let mut item = keys.items(*first).first().cloned().unwrap_or_default();
        put(&mut item, level, steps.get(1..).unwrap_or_default(), value)?;
        keys.put_items(*first, vec![item]);
        return Ok(());
    }
    // A study has modalities, not a modality; people ask for either.
    let t = if *last == tag::MODALITY && level == Level::Study { tag::MODALITIES_IN_STUDY } else { *last };
    let listed = matches!(Vr::of_tag(t), Vr::UI) || matches!(t, tag::MODALITIES_IN_STUDY | tag::MODALITY);
    let values: Vec<String> = if listed {
        // A list is written with commas; older clients write a backslash (PS3.18 §8.3.4.1).
        value.split(['\\', ',']).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty()).collect()
    } else if value.is_empty() {
        Vec::new()
    } else {
        vec![value.to_owned()]
    };
    keys.put_all(t, values);
    Ok(())
}

fn printable(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.').take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(level: Level, pairs: &[(&str, &str)]) -> Result<Asked, Malformed> {
        let pairs: Vec<(String, String)> =
            pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        read(level, &[], &pairs)
    }

    #[test]
    fn keys_in_every_spelling() {
        let asked =
            ask(Level::Study, &[("00100020", "P1"), ("PatientName", "王*"), ("Modality", "CR,DX")]).unwrap();
        assert_eq!(asked.keys.text(tag::PATIENT_ID), "P1");
        assert_eq!(asked.keys.values(tag::MODALITIES_IN_STUDY), ["CR", "DX"]);
        assert!(asked.warnings.is_empty());
        let odd =
            ask(Level::Study, &[("RequestAttributesSequence.RequestedProcedureID", "1"), ("nonsense", "2")])
                .unwrap();
        assert_eq!(odd.warnings.len(), 1);
        assert!(
            odd.warnings[0].contains("00400275") && odd.warnings[0].contains("nonsense"),
            "{:?}",
            odd.warnings
        );
    }

    #[test]
    fn paging_and_what_is_malformed() {
        let asked =
            ask(Level::Series, &[("limit", "5000"), ("offset", "7"), ("fuzzymatching", "true")]).unwrap();
        assert_eq!((asked.limit, asked.offset, asked.fuzzy), (1_000, 7, true));
        for bad in [
            ("limit", "-1"),
            ("limit", "x"),
            ("offset", "1.5"),
            ("fuzzymatching", "yes"),
            ("StudyDate", "2026"),
            ("StudyInstanceUID", "1..2"),
            ("PatientName.PatientID", "1"),
        ] {
            assert!(ask(Level::Study, &[bad]).is_err(), "{bad:?}");
        }
        assert!(ask(Level::Study, &[("includefield", "all"), ("StudyDate", "20260101-")]).is_ok());
        let odd =
            ask(Level::Study, &[("includefield", "no such"), ("includefield", "KVP,StudyDate")]).unwrap();
        assert_eq!(odd.warnings, ["fields not available: nosuch, 00180060"]);
        let images = ask(Level::Instance, &[("StudyInstanceUID", "1.2.3")]).unwrap();
        assert_eq!(images.limit, MAX_OF_STUDY, "whoever lists a study's images gets them all");
    }
}
