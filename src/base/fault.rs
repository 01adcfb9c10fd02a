//! One error type for the platform and the clinic; the edges translate it to their protocol.

use serde_json::Value;

/// What went wrong, in the words of the caller. Never carries patient data.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Nothing of that kind in the caller's scope (a foreign facility's object looks the same).
    NotFound {
        /// Kind of thing, for example `study`.
        what: String,
    },
    /// The caller lacks the right.
    Denied {
        /// The right that was asked for.
        what: String,
    },
    /// The state does not allow it.
    Conflict {
        /// Stable code for programs.
        code: String,
        /// Sentence for people.
        detail: String,
        /// What stands there now, for example the holder.
        current: Value,
    },
    /// The caller's epoch or version is old (HTTP 412).
    Stale {
        /// Stable code for programs.
        code: String,
        /// Sentence for people.
        detail: String,
        /// What stands there now.
        current: Value,
    },
    /// The input is wrong; names the field.
    Invalid {
        /// Field or element.
        what: String,
        /// What was expected.
        detail: String,
        /// Machine-readable findings, if any.
        current: Value,
    },
    /// The caller must prove who they are again (HTTP 401 `reauth`).
    Reauth,
    /// Try again later.
    Busy {
        /// Why.
        detail: String,
    },
    /// The disk or the database failed.
    Storage {
        /// Which step failed.
        detail: String,
    },
    /// A defect of this program.
    Internal {
        /// Which assumption failed.
        detail: String,
    },
}

/// Result with a [`Fault`].
pub type Result<T> = std::result::Result<T, Fault>;

impl Fault {
    /// Nothing of that kind in scope.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::NotFound { what: what.into() }
    }
    /// The caller lacks the right `what`.
    pub fn denied(what: impl Into<String>) -> Self {
        Self::Denied { what: what.into() }
    }
    /// The state does not allow it.
    pub fn conflict(code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Conflict { code: code.into(), detail: detail.into(), current: Value::Null }
    }
    /// The caller's epoch or version is old.
    pub fn stale(code: impl Into<String>, detail: impl Into<String>, current: Value) -> Self {
        Self::Stale { code: code.into(), detail: detail.into(), current }
    }
    /// The input is wrong.
    pub fn invalid(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid { what: what.into(), detail: detail.into(), current: Value::Null }
    }
    /// A storage step failed.
    pub fn storage(detail: impl Into<String>) -> Self {
        Self::Storage { detail: detail.into() }
    }
    /// A defect of this program.
    pub fn internal(detail: impl Into<String>) -> Self {
        Self::Internal { detail: detail.into() }
    }
    /// An I/O step failed; names the step.
    pub fn io(step: &str, error: &std::io::Error) -> Self {
        Self::Storage { detail: format!("{step}: {error}") }
    }

    /// Stable code for programs.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::Denied { .. } => "denied",
            Self::Conflict { code, .. } | Self::Stale { code, .. } => code,
            Self::Invalid { .. } => "invalid",
            Self::Reauth => "reauth",
            Self::Busy { .. } => "busy",
            Self::Storage { .. } => "storage",
            Self::Internal { .. } => "internal",
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotFound { what } => write!(f, "no such {what} in your scope"),
            Self::Denied { what } => write!(f, "the right {what} is missing"),
            Self::Conflict { detail, .. } | Self::Stale { detail, .. } => f.write_str(detail),
            Self::Invalid { what, detail, .. } => write!(f, "{what}: {detail}"),
            Self::Reauth => f.write_str("please confirm your password"),
            Self::Busy { detail } => write!(f, "busy: {detail}"),
            Self::Storage { detail } => write!(f, "storage: {detail}"),
            Self::Internal { detail } => write!(f, "internal: {detail}"),
        }
    }
}

impl std::error::Error for Fault {}

impl From<serde_json::Error> for Fault {
    fn from(e: serde_json::Error) -> Self {
        Self::Internal { detail: format!("json: {e}") }
    }
}
