//! Answers: what a handler decided, and its bytes on the wire.

use yigong_base::Ctx;
use yigong_base::fault::Fault;
use yigong_formats::hl7::ack::{self, Ask, Detail};
use yigong_formats::hl7::value::write_timestamp;
use yigong_formats::hl7::{AckCode, AckMode, Charset, Delimiters, ErrorCode, Header, ReadError, frame};

/// What became of a message.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) code: AckCode,
    pub(super) detail: Detail,
    /// Inbox state: `done`, `held`, `error`, `quarantined`.
    pub(super) state: &'static str,
    pub(super) reason: String,
}

impl Answer {
    /// Committed.
    pub(super) fn done() -> Self {
        Self { code: AckCode::Accept, detail: Detail::default(), state: "done", reason: String::new() }
    }

    /// Kept for an operator; the sender has done its part.
    pub(super) fn held(reason: &str) -> Self {
        Self { state: "held", reason: reason.to_owned(), ..Self::done() }
    }

    /// Refused with an error.
    pub(super) fn refused(code: AckCode, error: &ReadError) -> Self {
        Self { code, detail: Detail::from(error), state: "error", reason: error.to_string() }
    }

    /// Refused and set apart.
    pub(super) fn quarantined(error: &ReadError) -> Self {
        Self { state: "quarantined", ..Self::refused(AckCode::Reject, error) }
    }

    /// A handler could not do it: the content is wrong, or the program is.
    pub(super) fn of_fault(fault: &Fault) -> Self {
        let code = match fault {
            Fault::NotFound { .. } => ErrorCode::UnknownKey,
            Fault::Invalid { .. } => ErrorCode::DataType,
            Fault::Conflict { code, .. }
                if code == "duplicate" || code == "barcode_taken" || code == "placer_reused" =>
            {
                ErrorCode::DuplicateKey
            }
            _ => ErrorCode::Internal,
        };
        let error = ReadError::new(0, code, code.text());
        Self { reason: fault.to_string(), ..Self::refused(AckCode::Error, &error) }
    }
}

/// The application answer, framed.
pub(super) fn wire(ctx: &Ctx, header: &Header, code: AckCode, detail: &Detail) -> Vec<u8> {
    let offset = i32::try_from(ctx.config.centre.utc_offset_minutes).unwrap_or(480);
    let id: String = ctx.id().chars().rev().take(20).collect();
    frame::wrap(&ack::build(header, code, detail, &id, &write_timestamp(ctx.now(), offset)))
}

/// The answers the sender asked for: one in original mode, none to two in enhanced mode (HL7 2.5.1 §2.9.2).
pub(super) fn wire_for_mode(ctx: &Ctx, header: &Header, answer: &Answer) -> Vec<u8> {
    let success = answer.code == AckCode::Accept;
    let (commit, application) = match AckMode::of(header) {
        AckMode::Original => (Ask::Never, Ask::Always),
        AckMode::Enhanced { commit, application } => (commit, application),
    };
    let mut bytes = Vec::new();
    if commit.wants(true) {
        bytes.extend(wire(ctx, header, AckCode::CommitAccept, &Detail::default()));
    }
    if application.wants(success) {
        bytes.extend(wire(ctx, header, answer.code, &answer.detail));
    }
    bytes
}

/// A header for bytes that have none.
pub(super) fn anonymous() -> Header {
    Header {
        delimiters: Delimiters::default(),
        charset: Charset::Utf8,
        sending_app: String::new(),
        sending_facility: String::new(),
        receiving_app: String::new(),
        receiving_facility: String::new(),
        kind: String::new(),
        control_id: String::new(),
        processing: String::new(),
        version: String::new(),
        accept_ack: String::new(),
        application_ack: String::new(),
        charset_label: String::new(),
    }
}

/// The name a character set has in settings.
pub(super) fn setting_name(charset: Charset) -> &'static str {
    match charset {
        Charset::Utf8 => "utf-8",
        Charset::Gb18030 => "gb18030",
        Charset::Latin1 => "8859-1",
        Charset::Latin(_) => "auto",
    }
}
