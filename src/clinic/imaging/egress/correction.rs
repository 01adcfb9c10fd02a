//! Corrections in force for an object, as they are kept beside its rows.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use yigong_base::digest::sha256_hex;
use yigong_base::fault::{Fault, Result};
use yigong_formats::dicom::overlay::Change;
use yigong_formats::dicom::{Tag, Vr};

use super::super::others;

/// A correction as it is kept beside a row: the number of the act it belongs to orders corrections of equal paths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// Number of the act.
    pub n: i64,
    /// Path, `00100010` or `00400275/1/00400007`.
    pub path: String,
    /// VR.
    pub vr: String,
    /// New value; `None` takes the element away.
    pub value: Option<String>,
}

/// The corrections in force for one object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overlay {
    list: Vec<Correction>,
}

impl Overlay {
    /// Those of the study and of the instance, the later act last.
    ///
    /// # Errors
    /// `Internal` when a row does not hold what this program writes.
    pub fn of(study: &str, instance: &str) -> Result<Self> {
        let mut list = Vec::new();
        for text in [study, instance] {
            if !text.is_empty() {
                let part: Vec<Correction> = serde_json::from_str(text)
                    .map_err(|e| Fault::internal(format!("overlay column: {e}")))?;
                list.extend(part);
            }
        }
        list.sort_by_key(|c| c.n);
        Ok(Self { list })
    }

    /// True when nothing is corrected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Entity tag of an object (its hash) with these corrections: of all of them, for an act may take one back and leave the
    /// latest standing.
    #[must_use]
    pub fn etag(&self, object: &str) -> String {
        if self.list.is_empty() {
            return object.to_owned();
        }
        let mut said = String::new();
        for c in &self.list {
            let _ = write!(said, "{}\0{}\0{}\0{:?}\0", c.n, c.path, c.vr, c.value);
        }
        let hash = sha256_hex(said.as_bytes());
        format!("{object}-{}", hash.get(..16).unwrap_or(&hash))
    }

    /// The value in force of a path.
    #[must_use]
    pub fn value(&self, path: &str) -> Option<&str> {
        self.list.iter().rev().find(|c| c.path == path).and_then(|c| c.value.as_deref())
    }

    /// Whether a correction says something of the element of this path, of what it stands in, or of what stands in it.
    #[must_use]
    pub fn touches(&self, path: &str) -> bool {
        let within = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let path = path.to_ascii_uppercase();
        self.changes().iter().any(|c| within(&path, &c.path) || within(&c.path, &path))
    }

    /// As changes, in the order of the acts.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for c in &self.list {
            if let Some(tags) = others::spelled_out(&c.path) {
                let gone = |t: &u32| Change { path: Tag(*t).to_string(), vr: Vr::UN, value: None };
                changes.extend(tags.iter().map(gone));
                continue;
            }
            let mut letters = c.vr.bytes();
            let vr = Vr([letters.next().unwrap_or(b'U'), letters.next().unwrap_or(b'N')]);
            changes.push(Change { path: c.path.clone(), vr, value: c.value.clone() });
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correction_is_of_its_element_and_of_what_stands_in_it() {
        let one = |path: &str| Correction { n: 1, path: path.into(), vr: "PN".into(), value: None };
        let overlay = Overlay { list: vec![one("00100010"), one("00400275/1/00400007"), one("00081140")] };
        for path in ["00100010", "00400275", "00400275/1", "00400275/1/00400007", "00081140/2/00081155"] {
            assert!(overlay.touches(path), "{path}");
        }
        for path in ["7FE00010", "00100011", "0010001", "00400275/2/00400007", "00400275/1/00400008"] {
            assert!(!overlay.touches(path), "{path}");
        }
        assert!(!Overlay::default().touches("00100010"));
    }
}
