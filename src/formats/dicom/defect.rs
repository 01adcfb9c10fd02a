//! What can be wrong with an object: defects are noted and stored, refusals are answered.

use std::fmt;

/// Why an object is not archived (specification §2). `slug` is stable and fits an Error Comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `depth`, `item-count`, `element-count`, `meta`, `inflate-limit`, `uid`, `size`.
    pub slug: &'static str,
    /// Where, without patient data.
    pub detail: String,
}

impl Refusal {
    /// A refusal.
    pub fn new(slug: &'static str, detail: impl Into<String>) -> Self {
        Self { slug, detail: detail.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.slug, self.detail)
    }
}

impl std::error::Error for Refusal {}

/// Noted for the operator, harmless to the object: it is accepted as clean.
const REMARKS: &[&str] = &["charset-alias"];

/// What becomes of an object that is not refused (specification §2, verdict).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Stored, nothing to say.
    Accept,
    /// Stored byte-identical, flagged.
    Defect,
}

impl Verdict {
    /// As recorded.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Defect => "defect",
        }
    }
}

/// Defect slugs in order of appearance, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Defects(Vec<&'static str>);

impl Defects {
    /// Notes a defect once.
    pub fn note(&mut self, slug: &'static str) {
        if !self.0.contains(&slug) {
            self.0.push(slug);
        }
    }
    /// Takes a defect back that a person has answered.
    pub fn forget(&mut self, slug: &str) {
        self.0.retain(|s| *s != slug);
    }
    /// The slugs.
    #[must_use]
    pub fn slugs(&self) -> &[&'static str] {
        &self.0
    }
    /// True when this one was noted.
    #[must_use]
    pub fn has(&self, slug: &str) -> bool {
        self.0.contains(&slug)
    }
    /// True when nothing was noted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Remarks alone leave an object clean.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.0.iter().all(|slug| REMARKS.contains(slug)) { Verdict::Accept } else { Verdict::Defect }
    }
    /// Takes over another list.
    pub fn merge(&mut self, other: &Defects) {
        for slug in &other.0 {
            self.note(slug);
        }
    }
}
