//! C-MOVE (PS3.4 §C.4.2): the objects go to another peer on an association of ours, and the requestor hears how it goes at
//! least every second.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use yigong_base::site::{Peer, peer};
use yigong_formats::dicom::command::MoveRequest;

use super::dialogue::Break;
use super::find::finish;
use super::leaving::{Leaving, listed};
use super::operation::{Exchange, Request};
use super::retrieve::{Became, Progress, Wanted, wanted};
use super::scu::{self, NOT_SENT, NOT_YET, Object, Sent, Target};
use super::status::{self, Status};

/// Between two pending responses at most.
const TELL: Duration = Duration::from_secs(1);

/// Answers a retrieval to `rq.destination`.
pub(super) async fn on_c_move(exchange: &Exchange, request: &Request, rq: &MoveRequest) -> Result<(), Break> {
    let prepared = prepare(exchange, request, rq).await;
    let Prepared { target, leaving, list, objects, mut progress } = match prepared {
        Ok(prepared) => prepared,
        Err(status) => return finish(exchange, request, &status).await,
    };
    let (told, mut heard) = mpsc::unbounded_channel();
    let stop = exchange.cancelled.clone();
    let sending = scu::store_telling(&target, &objects, Some(&leaving), move |sent| {
        // The other side of the channel lives as long as this does.
        let _ = told.send(became(sent));
        !stop.is_cancelled()
    });
    tokio::pin!(sending);
    let mut tick = interval(TELL);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut reached = 0;
    let end = loop {
        tokio::select! {
            end = &mut sending => break end,
            Some(became) = heard.recv() => {
                take(&mut progress, &list, &mut reached, became);
            }
            _ = tick.tick() => progress.pending(exchange, request).await?,
        }
    };
    while let Ok(became) = heard.try_recv() {
        take(&mut progress, &list, &mut reached, became);
    }
    let mut why = "not tried".to_owned();
    if let Err(error) = end {
        tracing::warn!(peer = %exchange.peer.name, destination = %target.called_ae, %error, "a retrieval was broken off");
        why = error.what;
    }
    let cancelled = exchange.is_cancelled() && reached < list.len();
    if !cancelled {
        // What the association did not live to see has failed.
        for one in list.iter().skip(reached) {
            progress.take(&one.uid, Err(why.clone()));
        }
    }
    progress.finish(exchange, request, cancelled).await
}

fn take(progress: &mut Progress, list: &[Wanted], reached: &mut usize, became: Became) {
    if let Some(one) = list.get(*reached) {
        progress.take(&one.uid, became);
    }
    *reached += 1;
}

fn became(sent: &Sent) -> Became {
    match sent.status {
        NOT_SENT | NOT_YET => Err(sent.comment.clone()),
        status => Ok(status),
    }
}

struct Prepared<'a> {
    target: Target,
    leaving: Leaving<'a>,
    list: Vec<Wanted>,
    objects: Vec<Object>,
    progress: Progress,
}

/// Who receives, and what: every instance must be in the scope of both, the requestor and the receiver.
async fn prepare<'a>(
    exchange: &'a Exchange,
    request: &Request,
    rq: &MoveRequest,
) -> Result<Prepared<'a>, Status> {
    let unknown = |why: &str| Status::new(status::UNKNOWN_DESTINATION, why);
    let receiver = destination(exchange, &rq.destination).await?;
    let all = wanted(exchange, request, "C-MOVE").await?;
    let leaving = Leaving { centre: &exchange.centre, permit: receiver.permit() };
    let mut progress = Progress::of(all.len());
    let (mut list, mut objects) = (Vec::new(), Vec::new());
    for one in all {
        match leaving.find(&one.id).await {
            Ok(stored) => {
                objects.push(Object::Stored(listed(&stored)));
                list.push(one);
            }
            Err(fault) => progress.take(&one.uid, Err(fault.to_string())),
        }
    }
    // A facility that sees none of it is no destination for it, and nobody is told whether there is such a receiver.
    if list.is_empty() && receiver.facility != exchange.peer.facility {
        return Err(unknown("no such destination"));
    }
    let mut target =
        Target::of(&exchange.centre.ctx, &receiver).map_err(|_| unknown("destination has no address"))?;
    let caller = exchange.peer.ae_title.clone().unwrap_or_default();
    target.originator = Some((caller, rq.message_id));
    Ok(Prepared { target, leaving, list, objects, progress })
}

/// The registered peer of an AE title.
async fn destination(exchange: &Exchange, ae_title: &str) -> Result<Peer, Status> {
    let ctx = &exchange.centre.ctx;
    let permit = exchange.permit();
    let found = async { peer::find_ae(&mut *ctx.db.read(&permit).await?, ae_title).await };
    match found.await {
        Ok(Some(peer)) => Ok(peer),
        Ok(None) => Err(Status::new(status::UNKNOWN_DESTINATION, "no such destination")),
        Err(fault) => Err(Status::new(status::UNABLE, fault.code())),
    }
}
