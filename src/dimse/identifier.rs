//! Identifiers of queries and retrievals: read, checked against their information model, answered in the requestor's
//! character set (PS3.4 §C.4.1.1, §C.4.1.2).

use yigong_base::site::Peer;
use yigong_clinic::imaging::query::Level;
use yigong_formats::dicom::attributes::Attributes;
use yigong_formats::dicom::output::{self, Output};
use yigong_formats::dicom::{Object, matching, tag, uid};

use super::operation::Request;
use super::status::{IDENTIFIER, Status};

/// The identifier of a request.
///
/// # Errors
/// A900 with what is wrong.
pub(super) fn read(request: &Request) -> Result<Attributes, Status> {
    let syntax = request.context.transfer_syntax.as_str();
    let object = Object::parse(&request.data, Some(syntax)).map_err(|r| Status::new(IDENTIFIER, r.slug))?;
    let keys = Attributes::read(&object).map_err(|why| Status::new(IDENTIFIER, why))?;
    match matching::malformed(&keys) {
        Some(t) => Err(Status::new(IDENTIFIER, format!("malformed value of {t}"))),
        None => Ok(keys),
    }
}

/// The level of an identifier, where it has the unique keys of the levels above it. `retrieve`: it must name what it wants, too.
///
/// # Errors
/// A900 names the attribute.
pub(super) fn level(
    keys: &Attributes,
    sop_class: &str,
    relational: bool,
    retrieve: bool,
) -> Result<Level, Status> {
    let patient_root =
        matches!(sop_class, uid::PATIENT_ROOT_FIND | uid::PATIENT_ROOT_MOVE | uid::PATIENT_ROOT_GET);
    let said = keys.text(tag::QUERY_LEVEL).trim();
    let level = Level::named(said)
        .filter(|l| patient_root || *l != Level::Patient)
        .ok_or_else(|| Status::new(IDENTIFIER, "no such query level"))?;
    let above = [Level::Patient, Level::Study, Level::Series];
    for upper in above.into_iter().filter(|l| *l < level && (patient_root || *l != Level::Patient)) {
        let values = keys.values(upper.unique_key());
        let single = matches!(values, [one] if !one.is_empty() && !matching::has_wildcard(one));
        if !relational && !single {
            return Err(Status::new(IDENTIFIER, format!("{} must be one value", upper.unique_key())));
        }
    }
    let own = keys.values(level.unique_key());
    if retrieve && (matching::is_universal(own) || own.iter().any(|v| matching::has_wildcard(v))) {
        return Err(Status::new(IDENTIFIER, format!("{} must be given", level.unique_key())));
    }
    Ok(level)
}

/// The keys by which a retrieval names its instances: the unique ones and nothing else (PS3.4 §C.4.2.2.1).
pub(super) fn unique_keys(keys: &Attributes) -> Attributes {
    let mut out = Attributes::default();
    for level in [Level::Patient, Level::Study, Level::Series, Level::Instance] {
        let values = keys.values(level.unique_key());
        if !matching::is_universal(values) {
            out.put_all(level.unique_key(), values.to_vec());
        }
    }
    out
}

/// How answers are written for one request: its transfer syntax, the set it asks for, the set of the peer.
pub(super) struct Writing {
    explicit: bool,
    requested: Option<String>,
    configured: Option<String>,
}

impl Writing {
    /// For the answers to `request`; `keys` is its identifier.
    pub(super) fn of(request: &Request, keys: &Attributes, peer: &Peer) -> Self {
        let requested = keys.values(tag::CHARSET).join("\\");
        Self {
            explicit: request.context.transfer_syntax != uid::IMPLICIT_LE,
            requested: (!requested.is_empty()).then_some(requested),
            configured: peer.policy_text("charset").map(str::to_owned),
        }
    }

    /// The bytes of an answer. It declares the set it is written in.
    pub(super) fn encode(&self, answer: &Attributes) -> Vec<u8> {
        let mut texts: Vec<(String, bool)> = Vec::new();
        answer.each_text(&mut |text, name| texts.push((text.to_owned(), name)));
        let views: Vec<(&str, bool)> = texts.iter().map(|(text, name)| (text.as_str(), *name)).collect();
        let set: Output = output::choose(self.requested.as_deref(), self.configured.as_deref(), &views);
        answer.encode(self.explicit, &set)
    }
}

/// The answer of a row to an identifier: every attribute asked for, empty where the row has none.
pub(super) fn answer(keys: &Attributes, held: &Attributes) -> Attributes {
    use yigong_formats::dicom::attributes::Value;
    let mut out = Attributes::default();
    for (t, _, wanted) in keys.iter() {
        match (wanted, held.get(t)) {
            // Of a sequence only what was asked for inside it; all of it when nothing was.
            (Value::Items(inner), Some(Value::Items(items))) => {
                let asked = inner.first().filter(|i| i.iter().next().is_some());
                let items = items.iter().map(|item| asked.map_or_else(|| item.clone(), |a| answer(a, item)));
                out.put_items(t, items.collect());
            }
            (_, Some(Value::Items(items))) => {
                out.put_items(t, items.clone());
            }
            (_, Some(Value::Text(values))) => {
                out.put_all(t, values.clone());
            }
            (Value::Items(_), None) => {
                out.put_items(t, Vec::new());
            }
            (Value::Text(_), None) => {
                out.put_all(t, Vec::new());
            }
        }
    }
    out.remove(tag::TIMEZONE);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(pairs: &[(yigong_formats::dicom::Tag, &str)]) -> Attributes {
        let mut out = Attributes::default();
        pairs.iter().for_each(|(t, v)| {
            out.put(*t, *v);
        });
        out
    }

    #[test]
    fn levels_and_the_keys_above_them() {
        let find = uid::STUDY_ROOT_FIND;
        let study = keys(&[(tag::QUERY_LEVEL, "STUDY"), (tag::STUDY_UID, "")]);
        assert_eq!(level(&study, find, false, false), Ok(Level::Study));
        assert!(level(&study, find, false, true).is_err(), "a retrieval names its study");
        assert!(level(&study, uid::PATIENT_ROOT_FIND, false, false).is_err(), "below a patient");
        let series = keys(&[(tag::QUERY_LEVEL, "SERIES")]);
        assert!(level(&series, find, false, false).is_err());
        assert_eq!(level(&series, find, true, false), Ok(Level::Series), "relational");
        let image = keys(&[(tag::QUERY_LEVEL, "IMAGE"), (tag::STUDY_UID, "1"), (tag::SERIES_UID, "2")]);
        assert_eq!(level(&image, find, false, false), Ok(Level::Instance));
        for bad in ["", "WORKLIST", "PATIENT"] {
            assert!(level(&keys(&[(tag::QUERY_LEVEL, bad)]), find, false, false).is_err(), "{bad}");
        }
    }
}
