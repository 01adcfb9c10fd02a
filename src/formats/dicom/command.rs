//! DIMSE command sets (PS3.7 §6.3, Annex E): typed messages to bytes and back. Always Implicit VR Little Endian.

use std::collections::BTreeMap;
use std::fmt;

#[cfg(test)]
mod tests;

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
/// C-FIND-RQ command field.
pub const C_FIND: u16 = 0x0020;
/// C-ECHO-RQ command field.
pub const C_ECHO: u16 = 0x0030;
/// C-CANCEL-RQ command field.
pub const C_CANCEL: u16 = 0x0FFF;
/// Bit that makes a request's command field its response's.
pub const RESPONSE: u16 = 0x8000;

/// Element numbers of group 0000.
mod element {
    pub const AFFECTED_CLASS: u16 = 0x0002;
    pub const REQUESTED_CLASS: u16 = 0x0003;
    pub const FIELD: u16 = 0x0100;
    pub const MESSAGE_ID: u16 = 0x0110;
    pub const RESPONDED_ID: u16 = 0x0120;
    pub const PRIORITY: u16 = 0x0700;
    pub const DATA_SET_TYPE: u16 = 0x0800;
    pub const STATUS: u16 = 0x0900;
    pub const ERROR_COMMENT: u16 = 0x0902;
    pub const AFFECTED_INSTANCE: u16 = 0x1000;
    pub const ORIGINATOR_AE: u16 = 0x1030;
    pub const ORIGINATOR_ID: u16 = 0x1031;
}

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

/// C-FIND-RQ (PS3.7 §9.3.2.1). An identifier follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindRequest {
    /// Message ID.
    pub message_id: u16,
    /// Affected SOP Class UID.
    pub sop_class: String,
    /// 0 medium, 1 high, 2 low.
    pub priority: u16,
}

/// A response of any service.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// C-CANCEL-RQ (PS3.7 §9.3.2.3).
    Cancel {
        /// Message ID of the request to stop.
        responded_id: u16,
    },
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
                data_set,
            }));
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
            Self::Find(rq) => {
                set.put_us(element::FIELD, C_FIND);
                set.put_us(element::MESSAGE_ID, rq.message_id);
                set.put_uid(element::AFFECTED_CLASS, &rq.sop_class);
                set.put_us(element::PRIORITY, rq.priority);
            }
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
            Self::Store(_) | Self::Find(_) => true,
            Self::Echo { .. } | Self::Cancel { .. } => false,
            Self::Response(r) => r.data_set,
            Self::Other { data_set, .. } => *data_set,
        }
    }
}

/// An Error Comment as VR LO takes it: printable ASCII without backslash, at most 64 characters.
fn comment_of(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_graphic() && c != '\\' || c == ' ' { c } else { '?' };
    text.chars().take(MAX_COMMENT).map(plain).collect::<String>().trim_end().to_owned()
}

/// Elements of group 0000 by number.
#[derive(Default)]
struct Elements(BTreeMap<u16, Vec<u8>>);

impl Elements {
    fn decode(bytes: &[u8]) -> Result<Self, CommandError> {
        if bytes.len() > MAX_BYTES {
            return Err(CommandError::TooLong);
        }
        let mut set = Self::default();
        let mut rest = bytes;
        while let Some((head, tail)) = rest.split_first_chunk::<8>() {
            let [g0, g1, e0, e1, l0, l1, l2, l3] = *head;
            let number = u16::from_le_bytes([e0, e1]);
            if u16::from_le_bytes([g0, g1]) != 0 {
                return Err(CommandError::Foreign);
            }
            let length =
                usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).map_err(|_| CommandError::Truncated)?;
            let (value, tail) = tail.split_at_checked(length).ok_or(CommandError::Truncated)?;
            set.0.entry(number).or_insert_with(|| value.to_vec());
            rest = tail;
        }
        if rest.is_empty() { Ok(set) } else { Err(CommandError::Truncated) }
    }

    fn us(&self, number: u16) -> Result<u16, CommandError> {
        match self.0.get(&number).map(Vec::as_slice) {
            Some([a, b]) => Ok(u16::from_le_bytes([*a, *b])),
            _ => Err(CommandError::Missing(number)),
        }
    }

    /// A text or UID without its padding (NUL or spaces, PS3.5 §6.2).
    fn text(&self, number: u16) -> Option<String> {
        let value = self.0.get(&number)?;
        let text = String::from_utf8_lossy(value);
        Some(text.trim_end_matches(['\0', ' ']).trim_start_matches(' ').to_owned())
    }

    fn put_us(&mut self, number: u16, value: u16) {
        self.0.insert(number, value.to_le_bytes().to_vec());
    }

    fn put_uid(&mut self, number: u16, value: &str) {
        self.put_padded(number, value, 0);
    }

    fn put_text(&mut self, number: u16, value: &str) {
        self.put_padded(number, value, b' ');
    }

    fn put_padded(&mut self, number: u16, value: &str, pad: u8) {
        if value.is_empty() {
            return;
        }
        let mut bytes = value.as_bytes().to_vec();
        if bytes.len() % 2 == 1 {
            bytes.push(pad);
        }
        self.0.insert(number, bytes);
    }

    fn encode(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(256);
        for (number, value) in &self.0 {
            write(&mut body, *number, value);
        }
        let mut out = Vec::with_capacity(body.len() + 12);
        write(&mut out, 0, &u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend_from_slice(&body);
        out
    }
}

fn write(out: &mut Vec<u8>, number: u16, value: &[u8]) {
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&number.to_le_bytes());
    out.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(value);
}
