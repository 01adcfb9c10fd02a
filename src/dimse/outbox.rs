//! The job that sends what is due for a peer (C-STORE, PS3.4 Annex B), asks it for storage commitment where its policy wants
//! that, and tells peers that a study is here (PS3.4 Annex R).

use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::JobRow;
use yigong_base::site::{Peer, peer};
use yigong_clinic::Centre;
use yigong_clinic::imaging::commitment;
use yigong_clinic::imaging::leaving::held_back;
use yigong_clinic::imaging::outbox::{self, Due, Tried, rules};
use yigong_formats::dicom::command::Verb;
use yigong_formats::dicom::commitment::{Reference, Transaction};
use yigong_formats::dicom::{availability, uid};

use super::leaving::{self, Leaving, listed};
use super::scu::{self, NOT_SENT, NOT_YET, Object, Sent, Target};

/// Objects of one run of the job: between two runs the other jobs get their turn.
const BATCH: i64 = 100;
/// Tries of a notification (about seven days with the pauses of the queue).
const TRIES: i64 = 350;

/// The job [`outbox::JOB`] of a peer.
///
/// # Errors
/// Storage faults; the job is tried again.
pub async fn run(centre: &Centre, peer: &str) -> Result<()> {
    let ctx = &centre.ctx;
    let due = outbox::due(ctx, peer, BATCH).await?;
    let row = peer::find(&mut *ctx.db.read(&Permit::system("outbox")).await?, peer).await?;
    let mut results: Vec<(Due, Tried)> = Vec::with_capacity(due.len());
    let target = if row.enabled { Target::of(ctx, &row) } else { Err(Fault::invalid("peer", "is disabled")) };
    let leaving = Leaving { centre, permit: row.permit() };
    let (due, objects) = looked_at(&leaving, due, &mut results).await;
    match target {
        Err(fault) => results.extend(due.into_iter().map(|d| (d, Tried::Later(None, fault.to_string())))),
        Ok(target) => {
            let mut rest = objects.as_slice();
            for group in due.chunk_by(|a, b| a.originator == b.originator) {
                let (objects, others) = rest.split_at(group.len().min(rest.len()));
                rest = others;
                let originator = group.first().and_then(|d| d.originator.clone());
                let target = Target { originator, ..target.clone() };
                let tried = send(&leaving, &target, objects).await;
                results.extend(group.iter().cloned().zip(tried));
            }
        }
    }
    let asks = row.policy.get("ask_commitment").and_then(serde_json::Value::as_bool).unwrap_or(false);
    let question = if asks { question(centre, &results) } else { None };
    outbox::tried(ctx, peer, &results, question.as_ref().map(|q| (&row, q))).await
}

/// What is due is looked at once more: an image may have been rejected, superseded, erased or damaged since it was put here,
/// or the peer may no longer see it. What stays is written down with its reason, whether the peer can be reached or not.
async fn looked_at(
    leaving: &Leaving<'_>,
    due: Vec<Due>,
    results: &mut Vec<(Due, Tried)>,
) -> (Vec<Due>, Vec<Object>) {
    let (mut ready, mut objects) = (Vec::with_capacity(due.len()), Vec::with_capacity(due.len()));
    for one in due {
        match held_back(&leaving.centre.ctx, &one.instance).await {
            Ok(None) => {}
            Ok(Some(why)) => {
                results.push((one, Tried::Held(why)));
                continue;
            }
            Err(fault) => {
                results.push((one, Tried::Later(None, fault.to_string())));
                continue;
            }
        }
        match leaving.find(&one.instance).await {
            Ok(stored) => {
                objects.push(Object::Stored(listed(&stored)));
                ready.push(one);
            }
            Err(fault) => results.push((one, verdict(leaving::unsent(&fault)))),
        }
    }
    (ready, objects)
}

/// One association for a group: each object as it is stored, else decoded for a peer that does not take that syntax.
async fn send(leaving: &Leaving<'_>, target: &Target, objects: &[Object]) -> Vec<Tried> {
    let (sent, rest, broken_over) = match scu::store_telling(target, objects, Some(leaving), |_| true).await {
        Ok(sent) => (sent, Tried::Later(None, "not tried".to_owned()), None),
        // Over one object: it waits, and what stands behind it goes on without it, on another association.
        Err(error) if error.under_way => {
            (error.sent, Tried::NotYet(error.what.clone()), Some(Tried::Later(None, error.what)))
        }
        Err(error) => (error.sent, Tried::Later(None, error.what), None),
    };
    let mut tried: Vec<Tried> = sent.into_iter().map(verdict).chain(broken_over).collect();
    tried.resize(objects.len(), rest);
    tried
}

/// What an answer means for the object (PS3.4 §B.2.3): warnings are a yes, "out of resources" is a later, the rest a no.
fn verdict(sent: Sent) -> Tried {
    match sent.status {
        0x0000 | 0xB000..=0xBFFF | 0x0107 | 0x0116 => Tried::Sent(sent.status),
        // Out of resources; or it could not do its work, or not within its resources, at this moment (PS3.7 Annex C).
        0xA700..=0xA7FF | 0x0110 | 0x0213 => Tried::Later(Some(sent.status), sent.comment),
        NOT_SENT => Tried::Never(None, sent.comment),
        NOT_YET => Tried::Later(None, sent.comment),
        status => Tried::Never(Some(status), sent.comment),
    }
}

/// The storage commitment of what was taken; the report comes on an association of the peer's.
fn question(centre: &Centre, results: &[(Due, Tried)]) -> Option<Transaction> {
    let taken = results.iter().filter(|(_, tried)| matches!(tried, Tried::Sent(_)));
    let referenced: Vec<_> = taken
        .map(|(due, _)| Reference { sop_class: due.sop_class.clone(), sop_instance: due.uid.clone() })
        .collect();
    (!referenced.is_empty()).then(|| Transaction { uid: new_uid(centre), referenced, failed: Vec::new() })
}

/// The job [`commitment::ASK`]: sends the N-ACTION of a transaction of ours.
///
/// # Errors
/// The peer cannot be reached or refuses; the job is tried again.
pub async fn ask(centre: &Centre, id: &str) -> Result<()> {
    let ctx = &centre.ctx;
    let Some((peer, request)) = commitment::to_ask(ctx, id).await? else { return Ok(()) };
    let Some(row) = standing(centre, &peer, id).await? else { return Ok(()) };
    let about = (uid::COMMITMENT_PUSH, uid::COMMITMENT_PUSH_INSTANCE);
    let verb = Verb::Action(yigong_formats::dicom::commitment::REQUEST);
    let asked = async {
        taken(
            scu::request(&Target::of(ctx, &row)?, about, verb, &request.data_set(None), None).await,
            "storage commitment",
        )
    };
    if let Err(fault) = asked.await {
        commitment::failed(ctx, id, &fault.to_string()).await?;
        return Err(fault);
    }
    Ok(())
}

/// The job [`rules::AVAILABILITY`].
///
/// # Errors
/// The peer cannot be reached or refuses; the job is tried again.
pub async fn notify(centre: &Centre, job: &JobRow) -> Result<()> {
    let ctx = &centre.ctx;
    let Some((peer, study)) = job.key.split_once(' ') else { return Ok(()) };
    let Some(notice) = rules::notice(ctx, peer, study).await? else { return Ok(()) };
    match told(centre, peer, study).await {
        Ok(true) => rules::noticed(ctx, &notice, "sent", "").await,
        Ok(false) => {
            rules::noticed(ctx, &notice, "failed", "the peer's facility may see nothing of the study").await
        }
        Err(fault) if job.attempts > TRIES => {
            rules::noticed(ctx, &notice, "failed", &fault.to_string()).await
        }
        Err(fault) => {
            rules::noticed(ctx, &notice, "waiting", &fault.to_string()).await?;
            Err(fault)
        }
    }
}

/// Tells a peer that a study is here; `false` when there is nothing that its facility may see.
async fn told(centre: &Centre, peer: &str, study: &str) -> Result<bool> {
    let ctx = &centre.ctx;
    let mut read = ctx.db.read(&Permit::system("outbox")).await?;
    let row = peer::find(&mut read, peer).await?;
    if !row.enabled {
        return Err(Fault::Busy { detail: "availability notification: the peer is disabled".into() });
    }
    let Some((study_uid, objects, steps)) = rules::available(&mut read, study, &row.facility).await? else {
        return Ok(false);
    };
    drop(read);
    let data = availability::notification(&study_uid, &objects, &steps, &ctx.config.dicom.ae_title);
    let about = (uid::AVAILABILITY, new_uid(centre));
    let target = Target::of(ctx, &row)?;
    let status = scu::request(&target, (about.0, &about.1), Verb::Create, &data, None).await;
    taken(status, "availability notification").map(|()| true)
}

/// The peer of a storage commitment; one that is gone or disabled ends the transaction as failed, in sight, instead of being
/// tried until its time is over.
pub(super) async fn standing(centre: &Centre, peer: &str, id: &str) -> Result<Option<Peer>> {
    let ctx = &centre.ctx;
    let found = peer::find(&mut *ctx.db.read(&Permit::system("commitment")).await?, peer).await;
    let why = match found {
        Ok(row) if row.enabled => return Ok(Some(row)),
        Ok(_) => "the peer is disabled",
        Err(Fault::NotFound { .. }) => "the peer is no longer registered",
        Err(fault) => return Err(fault),
    };
    commitment::give_up(ctx, id, why).await?;
    Ok(None)
}

fn taken(answer: std::result::Result<u16, scu::CallError>, what: &str) -> Result<()> {
    match answer {
        Ok(0) => Ok(()),
        Ok(status) => Err(Fault::Busy { detail: format!("{what}: answered with status {status:04X}") }),
        Err(error) => Err(Fault::Busy { detail: format!("{what}: {error}") }),
    }
}

/// A new UID under 2.25 (PS3.5 §B.2).
pub(super) fn new_uid(centre: &Centre) -> String {
    let id = centre.ctx.id();
    uid::from_u128(u128::from_str_radix(&id, 16).unwrap_or_default())
}
