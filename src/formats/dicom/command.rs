//! DIMSE command sets (PS3.7 §6.3, Annex E): typed messages to bytes and back. Always Implicit VR Little Endian.

use std::fmt;

use elements::{Elements, element};

mod elements;
mod normalised;
#[cfg(test)]
mod tests;

pub use normalised::{N_ACTION, N_CREATE, N_DELETE, N_EVENT_REPORT, N_GET, N_SET, NormalisedRequest, Verb};

/// Bytes of one command set at most.
pub const MAX_BYTES: usize = 64 * 1024;
/// Characters of an Error Comment at most (VR LO).
pub const MAX_COMMENT: usize = 64;

/// Command Data Set Type saying that no data set follows.
const NO_DATA_SET: u16 = 0x0101;
/// The value we write when one follows.
const DATA_SET: u16 = 0x0001;

/// C-STORE-RQ command field.
pub const C_STORE: u16 = 0x0001;
/// C-GET-RQ command field.
pub const C_GET: u16 = 0x0010;
/// C-FIND-RQ command field.
pub const C_FIND: u16 = 0x0020;
/// C-MOVE-RQ command field.
pub const C_MOVE: u16 = 0x0021;
/// C-ECHO-RQ command field.
pub const C_ECHO: u16 = 0x0030;
/// C-CANCEL-RQ command field.
pub const C_CANCEL: u16 = 0x0FFF;
/// Bit that makes a request's command field its response's.
pub const RESPONSE: u16 = 0x8000;

/// What is wrong with a command set. Any of these ends the association (PS3.8 §9.3.8, A-ABORT).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandError {
    /// Longer than [`MAX_BYTES`].
    TooLong,
    /// An element runs past the end.
    Truncated,
    /// An element outside group 0000.
    Foreign,
    /// A required element is missing or of the wrong length; its number in group 0000.
    Missing(u16),
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "command set longer than {MAX_BYTES} bytes"),
            Self::Truncated => f.write_str("command set: an element runs past the end"),
            Self::Foreign => f.write_str("command set: an element outside group 0000"),
            Self::Missing(e) => write!(f, "command set: (0000,{e:04X}) is missing or malformed"),
        }
    }
}

impl std::error::Error for CommandError {}

/// C-STORE-RQ (PS3.7 §9.3.1.1). A data set follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreRequest {
    /// Message ID.
    pub message_id: u16,
    /// Affected SOP Class UID.
    pub sop_class: String,
    /// Affected SOP Instance UID, padding trimmed, grammar not checked.
    pub sop_instance: String,
    /// 0 medium, 1 high, 2 low.
    pub priority: u16,
    /// AE and message id of the C-MOVE that caused it.
    pub originator: Option<(String, u16)>,
}

/// C-FIND-RQ (PS3.7 §9.3.2.1) or C-GET-RQ (§9.3.3.1). An identifier follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindRequest {
    /// Message ID.
    pub message_id: u16,
    /// Affected SOP Class UID.
    pub sop_class: String,
    /// 0 medium, 1 high, 2 low.
    pub priority: u16,
}

/// C-MOVE-RQ (PS3.7 §9.3.4.1). An identifier follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveRequest {
    /// Message ID.
    pub message_id: u16,
    /// Affected SOP Class UID.
    pub sop_class: String,
    /// 0 medium, 1 high, 2 low.
    pub priority: u16,
    /// AE title of the receiver.
    pub destination: String,
}

/// Sub-operations of a C-MOVE or C-GET (PS3.7 §9.1.3.1, §9.1.4.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Still to do; not in a final response unless it was cancelled.
    pub remaining: Option<u16>,
    /// Done.
    pub completed: u16,
    /// Failed.
    pub failed: u16,
    /// Done with a warning.
    pub warned: u16,
}

/// A response of any service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// Command field of the request it answers, for example [`C_STORE`].
    pub to: u16,
    /// Message ID Being Responded To.
    pub message_id: u16,
    /// Affected SOP Class UID; empty = not sent.
    pub sop_class: String,
    /// Affected SOP Instance UID; empty = not sent.
    pub sop_instance: String,
    /// Status (PS3.7 Annex C).
    pub status: u16,
    /// Error Comment; empty = not sent. Cut to [`MAX_COMMENT`] ASCII characters when written.
    pub comment: String,
    /// Sub-operations, of a C-MOVE or C-GET.
    pub counts: Option<Counts>,
    /// Whether a data set follows.
    pub data_set: bool,
}

/// A message's command set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// C-ECHO-RQ (PS3.7 §9.3.5.1).
    Echo {
        /// Message ID.
        message_id: u16,
        /// Affected SOP Class UID.
        sop_class: String,
    },
    /// C-STORE-RQ.
    Store(StoreRequest),
    /// C-FIND-RQ.
    Find(FindRequest),
    /// C-MOVE-RQ.
    Move(MoveRequest),
    /// C-GET-RQ.
    Get(FindRequest),
    /// C-CANCEL-RQ (PS3.7 §9.3.2.3).
    Cancel {
        /// Message ID of the request to stop.
        responded_id: u16,
    },
    /// A request of a normalised service.
    Normalised(NormalisedRequest),
    /// A response.
    Response(Response),
    /// A request of a service that is not spoken here.
    Other {
        /// Command field.
        field: u16,
        /// Message ID.
        message_id: u16,
        /// Affected or requested SOP Class UID, if any.
        sop_class: String,
        /// Whether a data set follows.
        data_set: bool,
    },
}

impl Command {
    /// Reads a command set. Unknown elements are passed over.
    ///
    /// # Errors
    /// [`CommandError`] names the element.
    pub fn decode(bytes: &[u8]) -> Result<Self, CommandError> {
        let set = Elements::decode(bytes)?;
        let field = set.us(element::FIELD)?;
        let data_set = set.us(element::DATA_SET_TYPE)? != NO_DATA_SET;
        if field == C_CANCEL {
            return Ok(Self::Cancel { responded_id: set.us(element::RESPONDED_ID)? });
        }
        if field & RESPONSE != 0 {
            return Ok(Self::Response(Response {
                to: field & !RESPONSE,
                message_id: set.us(element::RESPONDED_ID)?,
                sop_class: set.text(element::AFFECTED_CLASS).unwrap_or_default(),
                sop_instance: set.text(element::AFFECTED_INSTANCE).unwrap_or_default(),
                status: set.us(element::STATUS)?,
                comment: set.text(element::ERROR_COMMENT).unwrap_or_default(),
                counts: counts_of(&set),
                data_set,
            }));
        }
        if let Some(request) = normalised::decode(&set, field, data_set)? {
            return Ok(Self::Normalised(request));
        }
        let message_id = set.us(element::MESSAGE_ID)?;
        let class =
            || set.text(element::AFFECTED_CLASS).ok_or(CommandError::Missing(element::AFFECTED_CLASS));
        let priority = set.us(element::PRIORITY).unwrap_or(0);
        Ok(match field {
            C_ECHO if !data_set => Self::Echo { message_id, sop_class: class()? },
            C_STORE if data_set => Self::Store(StoreRequest {
                message_id,
                sop_class: class()?,
                sop_instance: set
                    .text(element::AFFECTED_INSTANCE)
                    .ok_or(CommandError::Missing(element::AFFECTED_INSTANCE))?,
                priority,
                originator: match (set.text(element::ORIGINATOR_AE), set.us(element::ORIGINATOR_ID)) {
                    (Some(ae), Ok(id)) => Some((ae, id)),
                    _ => None,
                },
            }),
            C_FIND if data_set => Self::Find(FindRequest { message_id, sop_class: class()?, priority }),
            C_GET if data_set => Self::Get(FindRequest { message_id, sop_class: class()?, priority }),
            C_MOVE if data_set => Self::Move(MoveRequest {
                message_id,
                sop_class: class()?,
                priority,
                destination: set
                    .text(element::DESTINATION)
                    .ok_or(CommandError::Missing(element::DESTINATION))?,
            }),
            _ => {
                let sop_class =
                    set.text(element::AFFECTED_CLASS).or_else(|| set.text(element::REQUESTED_CLASS));
                Self::Other { field, message_id, sop_class: sop_class.unwrap_or_default(), data_set }
            }
        })
    }

    /// Writes the command set, group length first.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut set = Elements::default();
        set.put_us(element::DATA_SET_TYPE, if self.data_set() { DATA_SET } else { NO_DATA_SET });
        match self {
            Self::Echo { message_id, sop_class } => {
                set.put_us(element::FIELD, C_ECHO);
                set.put_us(element::MESSAGE_ID, *message_id);
                set.put_uid(element::AFFECTED_CLASS, sop_class);
            }
            Self::Store(rq) => {
                set.put_us(element::FIELD, C_STORE);
                set.put_us(element::MESSAGE_ID, rq.message_id);
                set.put_uid(element::AFFECTED_CLASS, &rq.sop_class);
                set.put_uid(element::AFFECTED_INSTANCE, &rq.sop_instance);
                set.put_us(element::PRIORITY, rq.priority);
                if let Some((ae, id)) = &rq.originator {
                    set.put_text(element::ORIGINATOR_AE, ae);
                    set.put_us(element::ORIGINATOR_ID, *id);
                }
            }
            Self::Find(rq) | Self::Get(rq) => {
                set.put_us(element::FIELD, if matches!(self, Self::Get(_)) { C_GET } else { C_FIND });
                set.put_us(element::MESSAGE_ID, rq.message_id);
                set.put_uid(element::AFFECTED_CLASS, &rq.sop_class);
                set.put_us(element::PRIORITY, rq.priority);
            }
            Self::Move(rq) => {
                set.put_us(element::FIELD, C_MOVE);
                set.put_us(element::MESSAGE_ID, rq.message_id);
                set.put_uid(element::AFFECTED_CLASS, &rq.sop_class);
                set.put_us(element::PRIORITY, rq.priority);
                set.put_text(element::DESTINATION, &rq.destination);
            }
            Self::Normalised(rq) => normalised::encode(rq, &mut set),
            Self::Cancel { responded_id } => {
                set.put_us(element::FIELD, C_CANCEL);
                set.put_us(element::RESPONDED_ID, *responded_id);
            }
            Self::Response(rsp) => {
                set.put_us(element::FIELD, rsp.to | RESPONSE);
                set.put_us(element::RESPONDED_ID, rsp.message_id);
                set.put_uid(element::AFFECTED_CLASS, &rsp.sop_class);
                set.put_uid(element::AFFECTED_INSTANCE, &rsp.sop_instance);
                set.put_us(element::STATUS, rsp.status);
                set.put_text(element::ERROR_COMMENT, &comment_of(&rsp.comment));
                if let Some(counts) = &rsp.counts {
                    if let Some(remaining) = counts.remaining {
                        set.put_us(element::REMAINING, remaining);
                    }
                    set.put_us(element::COMPLETED, counts.completed);
                    set.put_us(element::FAILED, counts.failed);
                    set.put_us(element::WARNED, counts.warned);
                }
            }
            Self::Other { field, message_id, sop_class, .. } => {
                set.put_us(element::FIELD, *field);
                set.put_us(element::MESSAGE_ID, *message_id);
                set.put_uid(element::AFFECTED_CLASS, sop_class);
            }
        }
        set.encode()
    }

    /// Whether a data set follows the command.
    #[must_use]
    pub fn data_set(&self) -> bool {
        match self {
            Self::Store(_) | Self::Find(_) | Self::Move(_) | Self::Get(_) => true,
            Self::Echo { .. } | Self::Cancel { .. } => false,
            Self::Normalised(r) => r.data_set,
            Self::Response(r) => r.data_set,
            Self::Other { data_set, .. } => *data_set,
        }
    }

    /// Command field, message id and SOP class of a request; `None` for a response and a cancel.
    #[must_use]
    pub fn request(&self) -> Option<(u16, u16, &str)> {
        match self {
            Self::Echo { message_id, sop_class } => Some((C_ECHO, *message_id, sop_class)),
            Self::Store(rq) => Some((C_STORE, rq.message_id, &rq.sop_class)),
            Self::Find(rq) => Some((C_FIND, rq.message_id, &rq.sop_class)),
            Self::Get(rq) => Some((C_GET, rq.message_id, &rq.sop_class)),
            Self::Move(rq) => Some((C_MOVE, rq.message_id, &rq.sop_class)),
            Self::Normalised(rq) => Some((rq.verb.field(), rq.message_id, &rq.sop_class)),
            Self::Other { field, message_id, sop_class, .. } => Some((*field, *message_id, sop_class)),
            Self::Response(_) | Self::Cancel { .. } => None,
        }
    }

    /// A response to this request with a status; `None` when this is no request.
    #[must_use]
    pub fn answered(&self, status: u16, comment: &str) -> Option<Response> {
        let (to, message_id, sop_class) = self.request()?;
        let sop_class = sop_class.to_owned();
        Some(Response {
            to,
            message_id,
            sop_class,
            status,
            sop_instance: match self {
                Self::Normalised(rq) => rq.sop_instance.clone(),
                _ => String::new(),
            },
            comment: comment.to_owned(),
            ..Response::default()
        })
    }
}

fn counts_of(set: &Elements) -> Option<Counts> {
    Some(Counts {
        remaining: set.us(element::REMAINING).ok(),
        completed: set.us(element::COMPLETED).ok()?,
        failed: set.us(element::FAILED).unwrap_or(0),
        warned: set.us(element::WARNED).unwrap_or(0),
    })
}

/// An Error Comment as VR LO takes it: printable ASCII without backslash, at most 64 characters.
fn comment_of(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_graphic() && c != '\\' || c == ' ' { c } else { '?' };
    text.chars().take(MAX_COMMENT).map(plain).collect::<String>().trim_end().to_owned()
}
