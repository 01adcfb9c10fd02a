//! An object that was kept outside the index, because its study UID belongs to another patient, becomes a study of its own
//! (specification §7.3: new UID and audit; the bytes stay as they came).

use serde_json::{Value, json};
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::site::{Peer, peer};
use yigong_base::storage::blob_audit::Found;
use yigong_base::storage::{Conn, Tx};
use yigong_base::{Ctx, args};
use yigong_formats::dicom::{Vr, name, tag};

use super::super::check::check_in;
use super::super::enter::{New, Step};
use super::super::pixels::Pixels;
use super::super::receive::Outcome;
use super::chain::{self, Act};
use super::hide::other_shown;
use super::part::{Parts, move_to};
use super::place::{made_uid, rest};
use super::sql;

/// Indexes a held object. Objects of the same stranger under the same study UID come together in one study. With `into` the
/// object then goes into a chosen one of the facility, in the same unit: two acts, each with its undo. Answers the last act and
/// the study the object is in.
///
/// # Errors
/// `Conflict` `closed`, or `clash` when the new study, too, names somebody else; `NotFound` outside the facility; with `into`
/// those of [`move_to`], and then nothing has changed.
pub async fn index_held(
    ctx: &Ctx,
    permit: &Permit,
    entry: &str,
    into: Option<&str>,
    why: &str,
) -> Result<(String, String)> {
    permit.require(Right::LinkIdentity)?;
    chain::reasoned(why)?;
    let (blob, sender, facility) = {
        let mut conn = ctx.db.read(permit).await?;
        let row = conn
            .opt(sql::ENTRY, args![entry, permit.scope()])
            .await?
            .filter(|r| r.text("object_kind").is_ok_and(|k| k == "object"))
            .ok_or_else(|| Fault::not_found("held object"))?;
        if row.text("state")? != "open" {
            return Err(Fault::conflict("closed", "the entry was closed before"));
        }
        let facility = row.text("facility")?;
        let sender = sender(&mut conn, &row.text("peer")?, &facility).await?;
        (row.text("object_id")?, sender, facility)
    };
    // The name of a blob is its hash: what is indexed now is what came then.
    if ctx.blobs.disk().rehash(&blob).await? != Found::Sound {
        return Err(Fault::storage(format!("object {blob} is damaged and cannot be indexed")));
    }
    let path = ctx.blobs.path(&blob)?;
    let profile = sender.policy_text("charset").map(str::to_owned);
    let work = tokio::task::spawn_blocking(move || {
        let size = std::fs::metadata(&path).map_err(|e| Fault::io("held object", &e))?.len();
        Ok::<_, Fault>((check_in(&path, profile.as_deref())?, size))
    });
    let (mut checked, size) = work.await.map_err(|_| Fault::internal("reading a held object stopped"))??;
    let h = &mut checked.header;
    let (old_study, old_series) = (h.study.clone(), h.series.clone());
    h.study = made_uid(&[
        "held",
        &facility,
        &old_study,
        &h.patient_id,
        &name::fold(&h.name.shown),
        &h.sex,
        &h.birth_date,
    ]);
    h.series = made_uid(&["held-series", &h.study, &old_series]);
    let words =
        [(tag::STUDY_UID, Vr::UI, Some(h.study.clone())), (tag::SERIES_UID, Vr::UI, Some(h.series.clone()))];
    let mut pixels = Pixels::default();
    let (mut tx, received, study) = loop {
        let new = New {
            ctx,
            permit,
            peer: &sender,
            checked: &checked,
            object: &blob,
            size,
            source: "held",
            pixels: &pixels,
        };
        let mut tx = ctx.db.begin(permit).await?;
        match new.store(&mut tx).await? {
            Step::Done(received, study) => break (tx, received, study),
            Step::Compare(objects) => {
                drop(tx);
                pixels = Pixels::read(ctx, objects).await?;
            }
        }
    };
    if received.outcome == Outcome::Quarantined {
        return Err(Fault::conflict("clash", "the study of its own names another patient as well"));
    }
    if tx.exec(super::super::sql::QUARANTINE_CLOSE, args![entry, "released", ctx.now(), permit.who()]).await?
        == 0
    {
        return Err(Fault::conflict("closed", "the entry was closed before"));
    }
    let act = Act {
        operation: "index_held",
        study: &study,
        other: None,
        why,
        detail: json!({"instance": received.instance, "study_uid": old_study}),
        before: json!({"entries": [entry], "unindexed": [received.instance]}),
        undoes: None,
    };
    let written = chain::write(&mut tx, ctx, permit, &facility, &act).await?;
    chain::say(&mut tx, &written, "instance", &received.instance, &words).await?;
    if received.outcome == Outcome::Same {
        // It had been indexed before and taken back.
        let part = tx.one(sql::INSTANCE, args![&received.instance, "*"]).await?;
        let shown = !other_shown(&mut tx, &study, &part).await?;
        tx.exec(sql::SHOW, args![&received.instance, i64::from(shown), ""]).await?;
    }
    rest(&mut tx, ctx, &study).await?;
    let done = match into {
        Some(chosen) if chosen != study => {
            // This image alone: others of the same stranger may stand in that study already.
            let one = Parts { series: Vec::new(), instances: vec![received.instance.clone()] };
            (move_to(&mut tx, ctx, permit, &study, chosen, &one, why).await?, chosen.to_owned())
        }
        _ => (written.id, study),
    };
    tx.commit().await?;
    Ok(done)
}

/// Who sent it, as what it is indexed for: the facility it came for, whatever the register says of the device today. What came
/// over the web has no device.
async fn sender(conn: &mut Conn, id: &str, facility: &str) -> Result<Peer> {
    match peer::find(conn, id).await {
        Ok(peer) => Ok(Peer { facility: facility.to_owned(), ..peer }),
        Err(Fault::NotFound { .. }) => Ok(Peer::web(id, id, facility)),
        Err(fault) => Err(fault),
    }
}

/// Undo: the object leaves the index again and is held as before; its row waits for the day it comes back.
pub(super) async fn unindex(tx: &mut Tx, ctx: &Ctx, permit: &Permit, instances: &[Value]) -> Result<()> {
    for id in instances.iter().filter_map(Value::as_str) {
        tx.exec(sql::CLOSE_ENTRIES, args![id, ctx.now(), permit.who()]).await?;
        tx.exec(sql::UNINDEX, args![id]).await?;
    }
    Ok(())
}
