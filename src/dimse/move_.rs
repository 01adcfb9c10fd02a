//! C-MOVE (PS3.4 §C.4.2): the objects go to another peer on an association of ours, and the requestor hears how it goes at
//! least every second.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use yigong_base::fault::Fault;
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
    let (receiver, all) = match asked(exchange, request, rq).await {
        Ok(asked) => asked,
        Err(status) => return finish(exchange, request, &status).await,
    };
    let leaving = Leaving { centre: &exchange.centre, permit: receiver.permit() };
    let known = receiver.facility == exchange.peer.facility;
    let Looked { list, objects, mut progress } = look(exchange, request, &leaving, all, known).await?;
    let target = match target(exchange, rq, &receiver, list.is_empty()) {
        Ok(target) => target,
        Err(status) => return finish(exchange, request, &status).await,
    };
    if exchange.is_cancelled() {
        return progress.finish(exchange, request, true).await;
    }
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

/// Who is to receive, and the instances named: every one must be in the scope of both, the requestor and the receiver.
async fn asked(
    exchange: &Exchange,
    request: &Request,
    rq: &MoveRequest,
) -> Result<(Peer, Vec<Wanted>), Status> {
    // The identifier first: what is wrong with it is said whether there is such a receiver or not.
    let all = wanted(exchange, request, "C-MOVE").await?;
    Ok((destination(exchange, &rq.destination).await?, all))
}

/// What can leave, and what cannot with its reason.
struct Looked {
    list: Vec<Wanted>,
    objects: Vec<Object>,
    progress: Progress,
}

/// Looks at each instance. Of thousands that takes long enough for the requestor to want to hear, or to stop it. Until
/// something was found that both may see, it hears nothing of a receiver that is not `known` to it.
async fn look(
    exchange: &Exchange,
    request: &Request,
    leaving: &Leaving<'_>,
    all: Vec<Wanted>,
    known: bool,
) -> Result<Looked, Break> {
    let mut progress = Progress::of(all.len());
    let (mut list, mut objects) = (Vec::new(), Vec::new());
    let mut last = Instant::now();
    for one in all {
        if exchange.is_cancelled() {
            break;
        }
        match leaving.find(&one.id).await {
            Ok(stored) => {
                objects.push(Object::Stored(listed(&stored)));
                list.push(one);
            }
            Err(fault) => progress.take(&one.uid, Err(fault.to_string())),
        }
        if last.elapsed() >= TELL && (known || !list.is_empty()) {
            progress.pending(exchange, request).await?;
            last = Instant::now();
        }
    }
    Ok(Looked { list, objects, progress })
}

/// The way to the receiver, on behalf of the requestor; `none` when it may see nothing of what was named.
fn target(exchange: &Exchange, rq: &MoveRequest, receiver: &Peer, none: bool) -> Result<Target, Status> {
    let unknown = |why: &str| Status::new(status::UNKNOWN_DESTINATION, why);
    // A facility that sees none of it is no destination for it, and nobody is told whether there is such a receiver.
    if none && receiver.facility != exchange.peer.facility {
        return Err(unknown("no such destination"));
    }
    let mut target =
        Target::of(&exchange.centre.ctx, receiver).map_err(|_| unknown("destination has no address"))?;
    let caller = exchange.peer.ae_title.clone().unwrap_or_default();
    target.originator = Some((caller, rq.message_id));
    Ok(target)
}

/// The registered peer of an AE title.
async fn destination(exchange: &Exchange, ae_title: &str) -> Result<Peer, Status> {
    let ctx = &exchange.centre.ctx;
    let permit = exchange.permit();
    let own = &exchange.peer.facility;
    let found = async { peer::find_ae(&mut *ctx.db.read(&permit).await?, ae_title, own).await };
    match found.await {
        Ok(Some(peer)) => Ok(peer),
        Ok(None) | Err(Fault::Conflict { .. }) => {
            Err(Status::new(status::UNKNOWN_DESTINATION, "no such destination"))
        }
        Err(fault) => Err(Status::new(status::UNABLE, fault.code())),
    }
}
