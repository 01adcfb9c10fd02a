//! What a C-MOVE or C-GET is to send (PS3.4 §C.4.2, §C.4.3), and what became of it.

use yigong_base::access::Permit;
use yigong_clinic::imaging::query::{Level, Query, Search};
use yigong_clinic::{looked, stranger};
use yigong_formats::dicom::attributes::Attributes;
use yigong_formats::dicom::command::Counts;
use yigong_formats::dicom::tag;

use super::find::page;
use super::identifier::{self, Writing};
use super::operation::{Exchange, Request};
use super::status::{self, Status};

/// Instances of one retrieval at most: the counts of a response have 16 bits.
const MAX_INSTANCES: usize = 65_535;

/// An instance to send.
pub(super) struct Wanted {
    /// Row id.
    pub(super) id: String,
    /// SOP Instance UID.
    pub(super) uid: String,
}

/// The instances that an identifier names, in the scope of the peer.
///
/// # Errors
/// The status of the last response.
pub(super) async fn wanted(
    exchange: &Exchange,
    request: &Request,
    verb: &str,
) -> Result<Vec<Wanted>, Status> {
    let keys = identifier::read(request)?;
    let context = &request.context;
    identifier::level(&keys, &context.sop_class, context.options.relational, true)?;
    let permit = exchange.permit();
    let mut search = Search::new(Query::new(Level::Instance, identifier::unique_keys(&keys)));
    let mut out = Vec::new();
    while let Some(found) = page(exchange, &permit, &mut search).await? {
        for f in found {
            looked::at(
                &exchange.centre.ctx,
                &permit,
                "dimse",
                "study_uid",
                f.attributes.text(tag::STUDY_UID),
            );
            out.push(Wanted { uid: f.attributes.text(tag::SOP_INSTANCE).to_owned(), id: f.id });
        }
        if out.len() > MAX_INSTANCES {
            return Err(Status::new(status::OUT_OF_RESOURCES_MATCHES, "more than 65535 instances"));
        }
        if exchange.is_cancelled() {
            return Err(Status::new(status::CANCELLED, ""));
        }
    }
    if out.is_empty() {
        strangers(exchange, &permit, verb, &keys).await;
    }
    Ok(out)
}

/// Nothing was found: whoever named what is another facility's is noted.
pub(super) async fn strangers(exchange: &Exchange, permit: &Permit, verb: &str, keys: &Attributes) {
    let named = [tag::SOP_INSTANCE, tag::SERIES_UID, tag::STUDY_UID];
    let names: Vec<String> = named.iter().flat_map(|t| keys.values(*t).iter().cloned()).collect();
    stranger::noted(&exchange.centre.ctx, permit, verb, &names).await;
}

/// What became of one sub-operation: the receiver's status, or why it never came to one.
pub(super) type Became = Result<u16, String>;

/// Sub-operations as they go.
pub(super) struct Progress {
    counts: Counts,
    left: usize,
    failed: Vec<String>,
    /// Why the first of them failed.
    why: String,
}

impl Progress {
    pub(super) fn of(total: usize) -> Self {
        Self { counts: Counts::default(), left: total, failed: Vec::new(), why: String::new() }
    }

    /// Takes one sub-operation.
    pub(super) fn take(&mut self, uid: &str, became: Became) {
        self.left = self.left.saturating_sub(1);
        let counts = &mut self.counts;
        let why = match became {
            Ok(0) => {
                counts.completed = counts.completed.saturating_add(1);
                return;
            }
            // Warnings (PS3.7 Annex C.3): it is there.
            Ok(0xB000..=0xBFFF | 0x0107 | 0x0116) => {
                counts.warned = counts.warned.saturating_add(1);
                return;
            }
            Ok(status) => format!("answered with {status:04X}"),
            Err(why) => why,
        };
        tracing::warn!(instance = uid, why, "an instance was not retrieved");
        counts.failed = counts.failed.saturating_add(1);
        if self.failed.is_empty() {
            self.why = why;
        }
        self.failed.push(uid.to_owned());
    }

    /// For the one who asked: how many failed, and why the first did.
    fn comment(&self) -> String {
        if self.failed.is_empty() {
            String::new()
        } else {
            format!("{} failed: {}", self.failed.len(), self.why)
        }
    }

    fn remaining(&self) -> Counts {
        Counts { remaining: Some(u16::try_from(self.left).unwrap_or(u16::MAX)), ..self.counts }
    }

    /// A pending response.
    pub(super) async fn pending(
        &self,
        exchange: &Exchange,
        request: &Request,
    ) -> Result<(), super::dialogue::Break> {
        let mut response = request.command.answered(status::PENDING, "").unwrap_or_default();
        response.counts = Some(self.remaining());
        exchange.answer(response, None).await
    }

    /// The last response: all went, some did not or with a warning, none did, or it was cancelled; with the UIDs of those that failed.
    pub(super) async fn finish(
        &self,
        exchange: &Exchange,
        request: &Request,
        cancelled: bool,
    ) -> Result<(), super::dialogue::Break> {
        let done = self.counts.completed > 0 || self.counts.warned > 0;
        let code = match (cancelled, self.counts.failed > 0, done) {
            (true, _, _) => status::CANCELLED,
            (_, false, _) if self.counts.warned > 0 => status::SOME_FAILED,
            (_, false, _) => status::SUCCESS,
            (_, true, true) => status::SOME_FAILED,
            (_, true, false) => status::CANNOT_SEND,
        };
        let mut response = request.command.answered(code, &self.comment()).unwrap_or_default();
        response.counts = Some(if cancelled { self.remaining() } else { self.counts });
        if self.failed.is_empty() {
            return exchange.answer(response, None).await;
        }
        let mut list = Attributes::default();
        list.put_all(tag::FAILED_UIDS, self.failed.clone());
        let writing = Writing::of(request, &Attributes::default(), &exchange.peer);
        exchange.answer(response, Some(&writing.encode(&list))).await
    }
}
