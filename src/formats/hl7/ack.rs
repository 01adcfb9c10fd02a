//! Acknowledgements (HL7 2.5.1 §2.9.2, §2.14.1): mode, code, text. Built after commit, kept for repeats.

use super::error::ReadError;
use super::{ErrorCode, Header};

/// MSA-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AckCode {
    /// AA: committed.
    Accept,
    /// AE: content wrong, stored, a person looks at it.
    Error,
    /// AR: not for us, or refused by rule.
    Reject,
    /// CA: raw bytes are durable (enhanced mode).
    CommitAccept,
    /// CR: refused before anything was kept (enhanced mode).
    CommitReject,
}

impl AckCode {
    /// The code on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Accept => "AA",
            Self::Error => "AE",
            Self::Reject => "AR",
            Self::CommitAccept => "CA",
            Self::CommitReject => "CR",
        }
    }
}

/// Which answers a sender wants (HL7 2.5.1 §2.9.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AckMode {
    /// One application answer.
    Original,
    /// What MSH-15 and MSH-16 ask for.
    Enhanced {
        /// A commit answer.
        commit: Ask,
        /// An application answer.
        application: Ask,
    },
}

/// Table 0155.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// AL.
    Always,
    /// NE, or empty in enhanced mode.
    Never,
    /// ER.
    OnError,
    /// SU.
    OnSuccess,
}

impl Ask {
    fn of(text: &str) -> Option<Self> {
        match text {
            "AL" => Some(Self::Always),
            "NE" => Some(Self::Never),
            "ER" => Some(Self::OnError),
            "SU" => Some(Self::OnSuccess),
            _ => None,
        }
    }

    /// Whether to answer.
    pub fn wants(self, success: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::OnError => !success,
            Self::OnSuccess => success,
        }
    }
}

impl AckMode {
    /// Original unless MSH-15 or MSH-16 is exactly AL, NE, ER or SU: instruments put 0, 1, 2 or P there.
    pub fn of(header: &Header) -> Self {
        match (Ask::of(&header.accept_ack), Ask::of(&header.application_ack)) {
            (None, None) => Self::Original,
            (commit, application) => Self::Enhanced {
                commit: commit.unwrap_or(Ask::Never),
                application: application.unwrap_or(Ask::Never),
            },
        }
    }
}

/// What an acknowledgement says beside its code.
#[derive(Debug, Clone, Default)]
pub struct Detail {
    /// Condition of table 0357.
    pub code: Option<ErrorCode>,
    /// Line of the message, from 1; 0 = none.
    pub line: usize,
    /// Short text without content of the message.
    pub text: String,
    /// `MSA-6` and an `ERR|0|` in good answers, as some instruments expect.
    pub vendor_extras: bool,
    /// Whole MSH-9 of an answer that is no plain ACK, such as `ORR^O02`; empty = ACK.
    pub kind: String,
    /// Further segments, each ended by CR.
    pub extra: String,
}

impl From<&ReadError> for Detail {
    fn from(error: &ReadError) -> Self {
        Self { code: Some(error.code), line: error.line, text: error.to_string(), ..Self::default() }
    }
}

/// The answer to a message, in its own delimiters, version and character set. `own_id` becomes MSH-10,
/// `now` (a TS) MSH-7.
pub fn build(header: &Header, code: AckCode, detail: &Detail, own_id: &str, now: &str) -> Vec<u8> {
    let f = header.delimiters.field;
    let c = header.delimiters.component.unwrap_or('^');
    let version = header.part(&header.version, 1);
    let trigger = header.trigger();
    let mut kind = "ACK".to_owned();
    if !detail.kind.is_empty() {
        kind.clone_from(&detail.kind);
    } else if !trigger.is_empty() {
        kind.push(c);
        kind.push_str(trigger);
        if header.at_least(2, 4) {
            kind.push(c);
            kind.push_str("ACK");
        }
    }
    let msh2 = match header.delimiters.msh2() {
        own if own.chars().count() == 4 => own,
        _ => "^~\\&".to_owned(),
    };
    let fields = [
        format!("MSH{f}{msh2}"),
        header.receiving_app.clone(),
        header.receiving_facility.clone(),
        header.sending_app.clone(),
        header.sending_facility.clone(),
        now.to_owned(),
        String::new(),
        kind,
        own_id.to_owned(),
        if header.processing.is_empty() { "P".to_owned() } else { header.processing.clone() },
        if version.is_empty() { "2.4".to_owned() } else { header.version.clone() },
    ];
    let mut text = fields.join(&f.to_string());
    if !header.charset_label.is_empty() {
        text.extend(std::iter::repeat_n(f, 6));
        text.push_str(&header.charset_label);
    }
    let plain: String =
        detail.text.chars().filter(|ch| !header.delimiters.all().any(|d| d == *ch)).take(80).collect();
    text.push_str(&format!("\rMSA{f}{}{f}{}{f}{plain}", code.code(), header.control_id));
    if detail.vendor_extras && code == AckCode::Accept {
        text.push_str(&format!("{f}{f}{f}0{f}\rERR{f}0{f}"));
    }
    if let Some(error) = detail.code {
        let condition = format!("{}{c}{}{c}HL70357", error.code(), error.text());
        let line = if detail.line > 0 { detail.line.to_string() } else { String::new() };
        if header.at_least(2, 5) {
            text.push_str(&format!("\rERR{f}{f}{f}{condition}{f}E{f}{f}{f}{line}{f}{plain}"));
        } else {
            let s = header.delimiters.subcomponent.unwrap_or('&');
            let inner = condition.replace(c, &s.to_string());
            text.push_str(&format!("\rERR{f}{c}{line}{c}{c}{inner}"));
        }
    }
    text.push('\r');
    text.push_str(&detail.extra);
    header.charset.encode(&text).unwrap_or_else(|| text.into_bytes())
}
