//! Storage commitment as values (PS3.4 §J.3): who asks what to be kept, and what became of it.

use super::build::{DataSet, TextSet};
use super::{Node, Object, Refusal, Tag, uid};

/// The action of a request (§J.3.2) and the event "all committed" (§J.3.3).
pub const REQUEST: u16 = 1;
/// Event: every object is committed.
pub const ALL: u16 = 1;
/// Event: some are not.
pub const SOME_FAILED: u16 = 2;
/// Objects of one request at most.
pub const MAX_ITEMS: usize = 50_000;

/// Failure reason: processing failure.
pub const PROCESSING_FAILURE: u16 = 0x0110;
/// Failure reason: no such object.
pub const NO_SUCH_INSTANCE: u16 = 0x0112;
/// Failure reason: the object is of another class.
pub const CLASS_CONFLICT: u16 = 0x0119;

const TRANSACTION: Tag = Tag::new(0x0008, 0x1195);
const REFERENCED: Tag = Tag::new(0x0008, 0x1199);
const FAILED: Tag = Tag::new(0x0008, 0x1198);
const REASON: Tag = Tag::new(0x0008, 0x1197);
const CLASS: Tag = Tag::new(0x0008, 0x1150);
const INSTANCE: Tag = Tag::new(0x0008, 0x1155);

/// An object by class and instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// SOP Class UID.
    pub sop_class: String,
    /// SOP Instance UID.
    pub sop_instance: String,
}

/// What is asked, or what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Transaction UID.
    pub uid: String,
    /// Objects to be committed, or committed ones.
    pub referenced: Vec<Reference>,
    /// Objects that are not, with their failure reasons.
    pub failed: Vec<(Reference, u16)>,
}

/// Reads action information or event information.
///
/// # Errors
/// A refusal of the scanner; `uid` when the transaction or an object has no UID; `item-count` above [`MAX_ITEMS`].
pub fn read(data: &[u8], transfer_syntax: &str) -> Result<Transaction, Refusal> {
    let object = Object::parse(data, Some(transfer_syntax))?;
    let root = object.root();
    let transaction = root.text(TRANSACTION);
    if !uid::is_valid(&transaction) {
        return Err(Refusal::new("uid", "transaction uid"));
    }
    let referenced = root.items(REFERENCED).iter().map(reference).collect::<Result<Vec<_>, _>>()?;
    let mut failed = Vec::new();
    for item in root.items(FAILED) {
        let reason = item.int(REASON).and_then(|n| u16::try_from(n).ok()).unwrap_or(PROCESSING_FAILURE);
        failed.push((reference(&item)?, reason));
    }
    if referenced.len() + failed.len() > MAX_ITEMS {
        return Err(Refusal::new("item-count", format!("more than {MAX_ITEMS} objects")));
    }
    Ok(Transaction { uid: transaction, referenced, failed })
}

fn reference(item: &Node<'_>) -> Result<Reference, Refusal> {
    let (sop_class, sop_instance) = (item.text(CLASS), item.text(INSTANCE));
    if uid::is_valid(&sop_class) && uid::is_valid(&sop_instance) {
        Ok(Reference { sop_class, sop_instance })
    } else {
        Err(Refusal::new("uid", "referenced sop class or instance"))
    }
}

impl Transaction {
    /// The event that reports it: [`ALL`] or [`SOME_FAILED`].
    #[must_use]
    pub fn event(&self) -> u16 {
        if self.failed.is_empty() { ALL } else { SOME_FAILED }
    }

    /// The data set of the request or of the report; `retrieve_ae` = where the objects can be had (reports).
    #[must_use]
    pub fn data_set(&self, retrieve_ae: Option<&str>) -> DataSet {
        let mut set = DataSet::new(TextSet::Utf8);
        set.put_text(TRANSACTION.0, b"UI", &self.uid);
        if let Some(ae) = retrieve_ae {
            set.put_text(0x0008_0054, b"AE", ae);
        }
        let item = |r: &Reference| {
            let mut item = DataSet::new(TextSet::Utf8);
            item.put_text(CLASS.0, b"UI", &r.sop_class).put_text(INSTANCE.0, b"UI", &r.sop_instance);
            item
        };
        if !self.referenced.is_empty() {
            set.put_items(REFERENCED.0, self.referenced.iter().map(item).collect());
        }
        if !self.failed.is_empty() {
            let with_reason = |(r, reason): &(Reference, u16)| {
                let mut item = item(r);
                item.put_u16(REASON.0, &[*reason]);
                item
            };
            set.put_items(FAILED.0, self.failed.iter().map(with_reason).collect());
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::uid::{EXPLICIT_LE, IMPLICIT_LE};

    fn reference(instance: &str) -> Reference {
        Reference { sop_class: "1.2.840.10008.5.1.4.1.1.2".into(), sop_instance: instance.into() }
    }

    #[test]
    fn a_report_comes_back() {
        let said = Transaction {
            uid: "2.25.7".into(),
            referenced: vec![reference("1.2"), reference("1.3")],
            failed: vec![(reference("1.4"), NO_SUCH_INSTANCE)],
        };
        let set = said.data_set(Some("YIGONG"));
        assert_eq!(read(&set.encode(), EXPLICIT_LE).as_ref(), Ok(&said));
        assert_eq!(read(&set.encode_implicit(), IMPLICIT_LE).as_ref(), Ok(&said));
        assert_eq!(said.event(), SOME_FAILED);
    }

    #[test]
    fn what_has_no_uid_is_refused() {
        let mut set = DataSet::new(TextSet::Utf8);
        set.put_text(TRANSACTION.0, b"UI", "not a uid");
        assert_eq!(read(&set.encode(), EXPLICIT_LE).map_err(|r| r.slug), Err("uid"));
        let bad =
            Transaction { uid: "2.25.7".into(), referenced: vec![reference("../x")], failed: Vec::new() };
        assert_eq!(read(&bad.data_set(None).encode(), EXPLICIT_LE).map_err(|r| r.slug), Err("uid"));
    }
}
