//! Storage commitment (PS3.4 Annex J): what a device may delete. Success is said only for an object whose rows are committed
//! and whose file was read again, and hashed to its address, for this very answer.

pub mod sql;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::clock::DAY_MS;
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{self, Job};
use yigong_base::site::Peer;
use yigong_base::storage::blob_audit::Found;
use yigong_base::storage::{Conn, Row, Tx};
use yigong_base::{Ctx, args, audit};
use yigong_formats::dicom::commitment::{
    CLASS_CONFLICT, NO_SUCH_INSTANCE, PROCESSING_FAILURE, Reference, Transaction,
};

/// The job that judges and reports; its key is the transaction's row.
pub const JOB: &str = "commitment";
/// The job that sends a question of ours; its key is the transaction's row.
pub const ASK: &str = "ask_commitment";
/// A report that nobody takes is tried for this long.
pub const RETRY_MS: i64 = 7 * DAY_MS;

/// How much of a study its devices may delete: 可安全删除 when every object is proven.
#[derive(Debug, Clone, Serialize)]
pub struct Safe {
    /// Objects stored.
    pub instances: i64,
    /// Objects proven by storage commitment.
    pub proven: i64,
    /// The earliest proof, ms.
    pub since: Option<i64>,
    /// Every object is proven.
    pub complete: bool,
}

/// A judged transaction, ready to be reported.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Row id.
    pub id: String,
    /// Who asked.
    pub peer: String,
    /// The association it was asked on, if that was not tried in vain before.
    pub line: String,
    /// What became of each object.
    pub transaction: Transaction,
    instances: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Item {
    class: String,
    instance: String,
}

fn items_of(references: &[Reference]) -> serde_json::Value {
    let items =
        references.iter().map(|r| Item { class: r.sop_class.clone(), instance: r.sop_instance.clone() });
    json!(items.collect::<Vec<_>>())
}

/// N-ACTION: keeps the request and the job that answers it. The same request again is answered again.
///
/// # Errors
/// `Conflict` `duplicate` when the peer uses the transaction UID for other objects.
pub async fn ask(ctx: &Ctx, peer: &Peer, request: &Transaction, line: &str) -> Result<String> {
    let permit = peer.permit();
    let items = items_of(&request.referenced);
    let mut tx = ctx.db.begin(&permit).await?;
    let (now, give_up) = (ctx.now(), ctx.now() + RETRY_MS);
    let id = match tx.opt(sql::BY_UID, args!["in", &peer.id, &request.uid]).await? {
        Some(row) if row.json::<serde_json::Value>("items")? == items => {
            let id = row.text("id")?;
            tx.exec(sql::AGAIN, args![&id, line, give_up]).await?;
            id
        }
        Some(_) => return Err(Fault::conflict("duplicate", "transaction uid is used for other objects")),
        None => {
            let id = ctx.id();
            tx.exec(
                sql::INSERT,
                args![&id, "in", &peer.facility, &peer.id, &request.uid, &items, line, now, give_up],
            )
            .await?;
            id
        }
    };
    jobs::enqueue(&mut tx, ctx, Job::new(JOB, id.as_str())).await?;
    let detail = json!({"uid": request.uid, "objects": request.referenced.len()});
    audit::append(&mut tx, ctx, &permit, "commitment.ask", "commitment", &id, &detail);
    tx.commit().await?;
    Ok(id)
}

/// Reads and hashes every object of an open transaction again. `None` when there is nothing left to report.
///
/// # Errors
/// Storage faults of the database; an object that cannot be read is a finding, not a fault.
pub async fn judge(ctx: &Ctx, id: &str) -> Result<Option<Judged>> {
    let permit = Permit::system("commitment");
    let row = ctx.db.read(&permit).await?.opt(sql::BY_ID, args![id]).await?;
    let Some(row) = row.filter(|r| r.text("state").is_ok_and(|s| s == "open")) else { return Ok(None) };
    if ctx.now() > row.int("give_up_at")? {
        close(ctx, id, "given_up", &[]).await?;
        tracing::warn!(commitment = id, "a storage commitment report was not taken for seven days");
        return Ok(None);
    }
    let facility = row.text("facility")?;
    let mut judged = Judged {
        id: id.to_owned(),
        peer: row.text("peer")?,
        line: row.text("line")?,
        transaction: Transaction { uid: row.text("uid")?, referenced: Vec::new(), failed: Vec::new() },
        instances: Vec::new(),
    };
    // An object is read once, however often it is named.
    let mut proven: HashMap<(String, String), Option<u16>> = HashMap::new();
    for item in row.json::<Vec<Item>>("items")? {
        let key = (item.class.clone(), item.instance.clone());
        let reference = Reference { sop_class: item.class, sop_instance: item.instance };
        let failure = match proven.get(&key) {
            Some(failure) => *failure,
            None => match prove(ctx, &permit, &facility, &reference).await? {
                Ok(instances) => {
                    judged.instances.extend(instances);
                    None
                }
                Err(reason) => Some(reason),
            },
        };
        proven.insert(key, failure);
        match failure {
            None => judged.transaction.referenced.push(reference),
            Some(reason) => judged.transaction.failed.push((reference, reason)),
        }
    }
    let failed: Vec<_> =
        judged.transaction.failed.iter().map(|(r, why)| json!([r.sop_instance, why])).collect();
    let mut tx = ctx.db.begin(&permit).await?;
    tx.exec(sql::JUDGED, args![id, json!(failed), ctx.now()]).await?;
    tx.commit().await?;
    Ok(Some(judged))
}

/// The rows of an object when every version of it is whole on disk and no other copy is held, else the failure reason.
async fn prove(
    ctx: &Ctx,
    permit: &Permit,
    facility: &str,
    reference: &Reference,
) -> Result<std::result::Result<Vec<String>, u16>> {
    let rows =
        ctx.db.read(permit).await?.all(sql::VERSIONS, args![facility, &reference.sop_instance]).await?;
    // A copy that a person must look at first is not among the versions: of two, the sender means either.
    let copy = format!("%\"instance_uid\":\"{}\"%", reference.sop_instance);
    let held = ctx.db.read(permit).await?.opt(sql::HELD, args![facility, copy]).await?;
    if rows.is_empty() || held.is_some() {
        return Ok(Err(NO_SUCH_INSTANCE));
    }
    let mut proven = Vec::with_capacity(rows.len());
    for row in rows {
        if row.text("sop_class")? != reference.sop_class {
            return Ok(Err(CLASS_CONFLICT));
        }
        let address = row.text("object_hash")?;
        match ctx.blobs.disk().rehash(&address).await? {
            Found::Sound => proven.push(row.text("id")?),
            found => {
                tracing::error!(object = %address, found = found.as_str(), "a stored object does not prove its address");
                return Ok(Err(PROCESSING_FAILURE));
            }
        }
    }
    Ok(Ok(proven))
}

/// The peer has taken the report: what was proven for it is now safe to delete there.
///
/// # Errors
/// Storage faults.
pub async fn reported(ctx: &Ctx, judged: &Judged) -> Result<()> {
    close(ctx, &judged.id, "reported", &judged.instances).await
}

async fn close(ctx: &Ctx, id: &str, state: &str, proven: &[String]) -> Result<()> {
    let permit = Permit::system("commitment");
    let mut tx = ctx.db.begin(&permit).await?;
    if tx.exec(sql::CLOSE, args![id, state, ctx.now()]).await? == 0 {
        return Ok(());
    }
    for instance in proven {
        tx.exec(sql::PROVEN, args![instance, ctx.now()]).await?;
    }
    let detail = json!({"state": state, "proven": proven.len()});
    audit::append(&mut tx, ctx, &permit, "commitment.close", "commitment", id, &detail);
    tx.commit().await
}

/// The report did not get through; the job tries again, on an association of its own.
///
/// # Errors
/// Storage faults.
pub async fn failed(ctx: &Ctx, id: &str, why: &str) -> Result<()> {
    let mut tx = ctx.db.begin(&Permit::system("commitment")).await?;
    tx.exec(sql::FAILED, args![id, why]).await?;
    tx.commit().await
}

/// Nobody can be told or asked any more: the transaction ends as failed, with the reason, and the log and the audit say so.
///
/// # Errors
/// Storage faults.
pub async fn give_up(ctx: &Ctx, id: &str, why: &str) -> Result<()> {
    let permit = Permit::system("commitment");
    let mut tx = ctx.db.begin(&permit).await?;
    if tx.exec(sql::GIVE_UP, args![id, why, ctx.now()]).await? == 0 {
        return Ok(());
    }
    tracing::warn!(commitment = id, why, "a storage commitment has failed");
    audit::append(&mut tx, ctx, &permit, "commitment.fail", "commitment", id, &json!({"why": why}));
    tx.commit().await
}

/// A person tries a transaction of their scope again, at once and for the whole time. Answers whose it is.
///
/// # Errors
/// `NotFound` outside the scope; `Conflict` `done` when everything was answered.
pub async fn again(tx: &mut Tx, ctx: &Ctx, permit: &Permit, id: &str) -> Result<String> {
    let (row, outgoing) = in_scope(tx, permit, id).await?;
    if tx.exec(sql::REOPEN, args![id, ctx.now() + RETRY_MS]).await? == 0 {
        return Err(Fault::conflict("done", "everything of it was answered"));
    }
    jobs::enqueue(tx, ctx, Job::new(if outgoing { ASK } else { JOB }, id)).await?;
    audit::append(tx, ctx, permit, "commitment.retry", "commitment", id, &json!({}));
    row.text("facility")
}

/// A person gives a transaction of their scope up. Answers whose it is.
///
/// # Errors
/// `NotFound` outside the scope; `Conflict` `done` when everything was answered.
pub async fn stop(tx: &mut Tx, ctx: &Ctx, permit: &Permit, id: &str, why: &str) -> Result<String> {
    let (row, _) = in_scope(tx, permit, id).await?;
    if tx.exec(sql::STOP, args![id, ctx.now(), why, permit.who()]).await? == 0 {
        return Err(Fault::conflict("done", "everything of it was answered, or it was given up before"));
    }
    audit::append(tx, ctx, permit, "commitment.stop", "commitment", id, &json!({"why": why}));
    row.text("facility")
}

/// The transaction, and whether it is one of ours.
async fn in_scope(tx: &mut Tx, permit: &Permit, id: &str) -> Result<(Row, bool)> {
    let row = tx.opt(sql::IN_SCOPE, args![id, permit.scope()]).await?;
    let row = row.ok_or_else(|| Fault::not_found("storage commitment"))?;
    let outgoing = row.text("direction")? == "out";
    Ok((row, outgoing))
}

/// We ask a peer about objects that were sent to it; its report is awaited for [`RETRY_MS`]. In the transaction that writes down
/// that they were sent: what is sent is asked about, whatever happens between.
///
/// # Errors
/// Storage faults.
pub async fn expect(tx: &mut Tx, ctx: &Ctx, peer: &Peer, request: &Transaction) -> Result<()> {
    let (id, now) = (ctx.id(), ctx.now());
    tx.exec(
        sql::INSERT,
        args![
            &id,
            "out",
            &peer.facility,
            &peer.id,
            &request.uid,
            items_of(&request.referenced),
            "",
            now,
            now + RETRY_MS
        ],
    )
    .await?;
    jobs::enqueue(tx, ctx, Job::new(ASK, id.as_str())).await
}

/// The peer and the question of a transaction of ours that is still open.
///
/// # Errors
/// Storage faults.
pub async fn to_ask(ctx: &Ctx, id: &str) -> Result<Option<(String, Transaction)>> {
    let row = ctx.db.read(&Permit::system("commitment")).await?.opt(sql::BY_ID, args![id]).await?;
    let Some(row) = row.filter(|r| r.text("state").is_ok_and(|s| s == "open")) else { return Ok(None) };
    if ctx.now() > row.int("give_up_at")? {
        close(ctx, id, "given_up", &[]).await?;
        return Ok(None);
    }
    let items = row.json::<Vec<Item>>("items")?.into_iter();
    let referenced =
        items.map(|i| Reference { sop_class: i.class, sop_instance: i.instance }).collect::<Vec<_>>();
    Ok(Some((row.text("peer")?, Transaction { uid: row.text("uid")?, referenced, failed: Vec::new() })))
}

/// A peer reports on objects that we sent.
///
/// # Errors
/// `NotFound` when we did not ask this peer about that transaction.
pub async fn heard(ctx: &Ctx, peer: &Peer, report: &Transaction) -> Result<()> {
    let permit = peer.permit();
    let mut tx = ctx.db.begin(&permit).await?;
    let row = tx
        .opt(sql::BY_UID, args!["out", &peer.id, &report.uid])
        .await?
        .ok_or_else(|| Fault::not_found("storage commitment"))?;
    let id = row.text("id")?;
    let failed = not_kept(&row, report)?;
    tx.exec(sql::JUDGED, args![&id, json!(failed), ctx.now()]).await?;
    tx.exec(sql::CLOSE, args![&id, "reported", ctx.now()]).await?;
    let detail = json!({"committed": report.referenced.len(), "failed": failed.len()});
    audit::append(&mut tx, ctx, &permit, "commitment.heard", "commitment", &id, &detail);
    tx.commit().await
}

/// What the peer does not keep of what it was asked about: what it says, what it does not speak of, and what an earlier report
/// said; it cannot take back that it lacks something without being asked again.
fn not_kept(row: &Row, report: &Transaction) -> Result<Vec<(String, u16)>> {
    let mut failed: BTreeMap<String, u16> = BTreeMap::new();
    let kept: HashSet<(&str, &str)> =
        report.referenced.iter().map(|r| (r.sop_class.as_str(), r.sop_instance.as_str())).collect();
    for item in row.json::<Vec<Item>>("items")? {
        if !kept.contains(&(item.class.as_str(), item.instance.as_str())) {
            failed.insert(item.instance, PROCESSING_FAILURE);
        }
    }
    failed.extend(row.json::<Vec<(String, u16)>>("result")?);
    failed.extend(report.failed.iter().map(|(r, why)| (r.sop_instance.clone(), *why)));
    Ok(failed.into_iter().collect())
}

/// How much of a study may be deleted on the devices that made it. The caller has checked the scope.
///
/// # Errors
/// Storage faults.
pub async fn of_study(conn: &mut Conn, study: &str) -> Result<Safe> {
    let row = conn.one(sql::OF_STUDY, args![study]).await?;
    let (instances, proven) = (row.int("instances")?, row.int("proven")?);
    Ok(Safe {
        instances,
        proven,
        since: row.opt_int("since")?,
        complete: instances > 0 && proven == instances,
    })
}
