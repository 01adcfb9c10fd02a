//! C-GET (PS3.4 §C.4.3): the objects go out on the requestor's own association, on the storage contexts for which it took
//! the role of an SCP.

use yigong_formats::dicom::command::{Command, StoreRequest};
use yigong_formats::dicom::uid;

use super::dialogue::Break;
use super::find::finish;
use super::leaving::Leaving;
use super::operation::{Exchange, Request};
use super::retrieve::{Became, Progress, Wanted, wanted};
use super::status::{self, Status};

/// Answers a retrieval.
pub(super) async fn on_c_get(exchange: &mut Exchange, request: &Request) -> Result<(), Break> {
    let list = match wanted(exchange, request, "C-GET").await {
        Ok(list) => list,
        Err(status) => return finish(exchange, request, &status).await,
    };
    if !list.is_empty() && !exchange.contexts.iter().any(|c| c.roles.scp) {
        let status = Status::new(status::CANNOT_SEND, "no storage context with the SCP role");
        return finish(exchange, request, &status).await;
    }
    let mut progress = Progress::of(list.len());
    let mut cancelled = false;
    for (n, one) in list.iter().enumerate() {
        if exchange.is_cancelled() {
            cancelled = true;
            break;
        }
        let became = send(exchange, one, n).await?;
        progress.take(&one.uid, became);
        if n + 1 < list.len() {
            progress.pending(exchange, request).await?;
        }
    }
    progress.finish(exchange, request, cancelled).await
}

/// One C-STORE sub-operation.
async fn send(exchange: &mut Exchange, wanted: &Wanted, n: usize) -> Result<Became, Break> {
    let leaving = Leaving { centre: &exchange.centre, permit: exchange.permit() };
    let stored = match leaving.find(&wanted.id).await {
        Ok(stored) => stored,
        Err(fault) => return Ok(Err(fault.to_string())),
    };
    let mine = || exchange.contexts.iter().filter(|c| c.roles.scp && c.sop_class == stored.sop_class);
    let as_stored = mine().find(|c| c.transfer_syntax == stored.transfer_syntax);
    let Some(context) = as_stored.or_else(|| mine().find(|c| uid::is_native(&c.transfer_syntax))) else {
        return Ok(Err("no context for its class and transfer syntax".to_owned()));
    };
    let (context, opened) = (context.id, leaving.open(&stored, &context.transfer_syntax).await);
    let reader = match opened {
        Ok(reader) => reader,
        Err(fault) => return Ok(Err(fault.to_string())),
    };
    let command = Command::Store(StoreRequest {
        message_id: u16::try_from(n % 65_534 + 1).unwrap_or(1),
        sop_class: stored.sop_class,
        sop_instance: stored.uid,
        priority: 0,
        originator: None,
    });
    Ok(Ok(exchange.ask(context, &command, reader).await?.status))
}
