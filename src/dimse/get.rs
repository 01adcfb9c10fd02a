//! C-GET (PS3.4 §C.4.3): the objects go out on the requestor's own association, on the storage contexts for which it took
//! the role of an SCP.

use yigong_clinic::imaging::retrieve::Stored;
use yigong_formats::dicom::command::{Command, StoreRequest};
use yigong_formats::dicom::uid;

use super::convert;
use super::dialogue::Break;
use super::find::finish;
use super::operation::{Exchange, Request};
use super::retrieve::{Progress, stored, wanted};
use super::scu::Object;
use super::scu::object::{Reader, head};
use super::status::{self, Status};

/// Answers a retrieval.
pub(super) async fn on_c_get(exchange: &mut Exchange, request: &Request) -> Result<(), Break> {
    let list = match wanted(exchange, request).await {
        Ok(list) => list,
        Err(status) => return finish(exchange, request, &status).await,
    };
    if !list.is_empty() && !exchange.contexts.iter().any(|c| c.roles.scp) {
        let status = Status::new(status::CANNOT_SEND, "no storage context with the SCP role");
        return finish(exchange, request, &status).await;
    }
    let permit = exchange.permit();
    let mut progress = Progress::of(list.len());
    let mut cancelled = false;
    for (n, one) in list.iter().enumerate() {
        if exchange.is_cancelled() {
            cancelled = true;
            break;
        }
        let sent = match stored(exchange, &permit, one).await {
            Some(object) => send(exchange, &object, n).await?,
            None => None,
        };
        progress.take(&one.uid, sent);
        if n + 1 < list.len() {
            progress.pending(exchange, request).await?;
        }
    }
    progress.finish(exchange, request, cancelled).await
}

/// One C-STORE sub-operation; `None` when it cannot be begun or nobody answers it.
async fn send(exchange: &mut Exchange, stored: &Stored, n: usize) -> Result<Option<u16>, Break> {
    let mine = || exchange.contexts.iter().filter(|c| c.roles.scp && c.sop_class == stored.sop_class);
    let as_stored = mine().find(|c| c.transfer_syntax == stored.transfer_syntax).map(|c| c.id);
    let (context, object) = match as_stored {
        Some(context) => {
            let Ok(path) = exchange.centre.ctx.blobs.path(&stored.object) else { return Ok(None) };
            (context, Object::Path(path))
        }
        None => {
            let native = mine().find(|c| uid::is_native(&c.transfer_syntax)).cloned();
            let Some(context) = native else { return Ok(None) };
            match convert::native(&exchange.centre, stored, &context.transfer_syntax).await {
                Some(object) => (context.id, object),
                None => return Ok(None),
            }
        }
    };
    let Ok(head) = head(&object).await else { return Ok(None) };
    let Ok(reader) = Reader::open(&object, head.dataset).await else { return Ok(None) };
    let command = Command::Store(StoreRequest {
        message_id: u16::try_from(n % 65_534 + 1).unwrap_or(1),
        sop_class: stored.sop_class.clone(),
        sop_instance: stored.uid.clone(),
        priority: 0,
        originator: None,
    });
    Ok(exchange.ask(context, &command, reader).await?.map(|response| response.status))
}
