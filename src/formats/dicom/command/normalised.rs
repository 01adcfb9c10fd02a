//! Requests of the normalised services (PS3.7 §10.3): N-EVENT-REPORT, N-GET, N-SET, N-ACTION, N-CREATE, N-DELETE.

use super::{CommandError, Elements, element};

/// N-EVENT-REPORT-RQ command field.
pub const N_EVENT_REPORT: u16 = 0x0100;
/// N-GET-RQ command field.
pub const N_GET: u16 = 0x0110;
/// N-SET-RQ command field.
pub const N_SET: u16 = 0x0120;
/// N-ACTION-RQ command field.
pub const N_ACTION: u16 = 0x0130;
/// N-CREATE-RQ command field.
pub const N_CREATE: u16 = 0x0140;
/// N-DELETE-RQ command field.
pub const N_DELETE: u16 = 0x0150;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    /// N-EVENT-REPORT-RQ (§10.3.1.1) with its Event Type ID.
    EventReport(u16),
    /// N-GET-RQ (§10.3.2.1) with the tags of its Attribute Identifier List; empty = all.
    Get(Vec<u32>),
    /// N-SET-RQ (§10.3.3.1). A modification list follows.
    Set,
    /// N-ACTION-RQ (§10.3.4.1) with its Action Type ID.
    Action(u16),
    /// N-CREATE-RQ (§10.3.5.1).
    Create,
    /// N-DELETE-RQ (§10.3.6.1).
    Delete,
}

/// A request about one SOP instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NormalisedRequest {
    /// Message ID.
    pub message_id: u16,
    /// What is asked.
    pub verb: Verb,
    /// Affected (N-CREATE, N-EVENT-REPORT) or Requested SOP Class UID.
    pub sop_class: String,
    /// Affected or Requested SOP Instance UID, grammar not checked. Empty in an N-CREATE that leaves the UID to the acceptor.
    pub sop_instance: String,
    /// Whether a data set follows.
    pub data_set: bool,
}

impl Verb {
    /// Command field of the request.
    #[must_use]
    pub fn field(&self) -> u16 {
        match self {
            Self::EventReport(_) => N_EVENT_REPORT,
            Self::Get(_) => N_GET,
            Self::Set => N_SET,
            Self::Action(_) => N_ACTION,
            Self::Create => N_CREATE,
            Self::Delete => N_DELETE,
        }
    }

    /// The numbers of the class and instance elements: the requestor of an N-CREATE or N-EVENT-REPORT names what is
    /// affected, everybody else what is requested.
    fn names(&self) -> (u16, u16) {
        match self {
            Self::EventReport(_) | Self::Create => (element::AFFECTED_CLASS, element::AFFECTED_INSTANCE),
            _ => (element::REQUESTED_CLASS, element::REQUESTED_INSTANCE),
        }
    }
}

/// The request of a command field, or `None` when the field is no normalised service.
pub(super) fn decode(
    set: &Elements,
    field: u16,
    data_set: bool,
) -> Result<Option<NormalisedRequest>, CommandError> {
    let verb = match field {
        N_EVENT_REPORT => Verb::EventReport(set.us(element::EVENT_TYPE)?),
        N_GET => Verb::Get(set.tags(element::ATTRIBUTES)),
        N_SET => Verb::Set,
        N_ACTION => Verb::Action(set.us(element::ACTION_TYPE)?),
        N_CREATE => Verb::Create,
        N_DELETE => Verb::Delete,
        _ => return Ok(None),
    };
    let (class, instance) = verb.names();
    let sop_instance = set.text(instance).unwrap_or_default();
    if sop_instance.is_empty() && verb != Verb::Create {
        return Err(CommandError::Missing(instance));
    }
    Ok(Some(NormalisedRequest {
        message_id: set.us(element::MESSAGE_ID)?,
        sop_class: set.text(class).ok_or(CommandError::Missing(class))?,
        sop_instance,
        verb,
        data_set,
    }))
}

pub(super) fn encode(rq: &NormalisedRequest, set: &mut Elements) {
    let (class, instance) = rq.verb.names();
    set.put_us(element::FIELD, rq.verb.field());
    set.put_us(element::MESSAGE_ID, rq.message_id);
    set.put_uid(class, &rq.sop_class);
    set.put_uid(instance, &rq.sop_instance);
    match &rq.verb {
        Verb::EventReport(event) => set.put_us(element::EVENT_TYPE, *event),
        Verb::Action(action) => set.put_us(element::ACTION_TYPE, *action),
        Verb::Get(tags) => set.put_tags(element::ATTRIBUTES, tags),
        Verb::Set | Verb::Create | Verb::Delete => {}
    }
}
