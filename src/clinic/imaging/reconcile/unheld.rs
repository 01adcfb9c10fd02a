//! Objects that were kept outside the index, because their study UID belongs to another patient, become a study of their own
//! (specification §7.3: new UID and audit; the bytes stay as they came).

use std::collections::BTreeMap;

use serde_json::{Value, json};
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args};
use yigong_formats::dicom::{Vr, name, tag};

use super::super::pixels::Pixels;
use super::super::receive::{Outcome, Received};
use super::super::sql::QUARANTINE_CLOSE;
use super::chain::{self, Act, Written};
use super::held::{self, Held};
use super::hide::other_shown;
use super::part::{Parts, move_to};
use super::place::{self, made_uid, rest};
use super::sql;
use super::words::Said;

/// A held object with the UIDs it gets.
struct Renamed {
    held: Held,
    old_study: String,
    words: [Said; 2],
}

impl Renamed {
    /// Objects of the same stranger under the same study UID come together in one study.
    fn of(mut held: Held) -> Self {
        let h = &mut held.checked.header;
        let (old_study, old_series) = (h.study.clone(), h.series.clone());
        let person = [&h.patient_id, &name::fold(&h.name.shown), &h.sex, &h.birth_date];
        h.study = made_uid(
            &[["held", &held.facility, &old_study].as_slice(), &person.map(String::as_str)].concat(),
        );
        h.series = made_uid(&["held-series", &h.study, &old_series]);
        let words = [
            (tag::STUDY_UID, Vr::UI, Some(h.study.clone())),
            (tag::SERIES_UID, Vr::UI, Some(h.series.clone())),
        ];
        Self { held, old_study, words }
    }
}

/// Where an object got.
struct Placed {
    received: Received,
    study: String,
    /// It had been indexed into this study once and taken back: it does not come out there again.
    from: Option<String>,
}

/// Indexes a held object, with `alike` also the others that came for the same study from the same sender and are held for the same
/// reason, in one unit. With `into` the objects then go into a chosen study of the facility: two acts, each with its undo. Answers
/// the last act and the study the object is in.
///
/// # Errors
/// `Conflict` `closed`, or `clash` when the new study, too, names somebody else; `NotFound` outside the facility; `Storage` for a
/// damaged object (of others only the log tells, they stay held); with `into` those of [`move_to`], and then nothing has changed.
pub async fn index_held(
    ctx: &Ctx,
    permit: &Permit,
    entry: &str,
    into: Option<&str>,
    alike: bool,
    why: &str,
) -> Result<(String, String)> {
    permit.require(Right::LinkIdentity)?;
    chain::reasoned(why)?;
    let mut all = vec![Renamed::of(Held::read(ctx, permit, entry).await?)];
    if alike {
        for other in held::alike(ctx, permit, entry).await?.iter().skip(1) {
            match Held::read(ctx, permit, other).await {
                Ok(held) => all.push(Renamed::of(held)),
                Err(fault) => tracing::warn!(entry = other, error = %fault, "held.unread"),
            }
        }
    }
    let mut compare = Vec::new();
    let (mut tx, placed) = loop {
        let pixels = Pixels::read(ctx, compare.clone()).await?;
        let mut tx = ctx.db.begin(permit).await?;
        // Before anything is written, and in one order: images may be arriving for them.
        held::lock(&mut tx, all.iter().map(|r| r.held.entry.as_str()), into).await?;
        let known = compare.len();
        let placed = store(&mut tx, ctx, permit, &all, &pixels, &mut compare).await?;
        if compare.len() == known {
            break (tx, placed);
        }
    };
    let mut studies: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (n, one) in placed.iter().enumerate() {
        studies.entry(&one.study).or_default().push(n);
    }
    let mut done = None;
    for (study, which) in studies {
        let images: Vec<(&Renamed, &Placed)> = which.iter().map(|n| (&all[*n], &placed[*n])).collect();
        let act = act(&mut tx, ctx, permit, study, &images, why).await?;
        for (_, one) in images.iter().filter(|(_, one)| one.received.outcome == Outcome::Same) {
            show_again(&mut tx, study, &one.received.instance).await?;
        }
        rest(&mut tx, ctx, study).await?;
        let last = match into {
            Some(chosen) if chosen != study => {
                // These images alone: others of the same stranger may stand in that study already.
                let instances = images.iter().map(|(_, one)| one.received.instance.clone()).collect();
                let these = Parts { series: Vec::new(), instances };
                (move_to(&mut tx, ctx, permit, study, chosen, &these, why).await?, chosen.to_owned())
            }
            _ => (act, study.to_owned()),
        };
        if which.contains(&0) {
            done = Some(last);
        }
    }
    held::weigh(&mut tx, ctx, all.iter().map(|r| r.held.entry.as_str())).await?;
    tx.commit().await?;
    done.ok_or_else(|| Fault::internal("a held object got into no study"))
}

/// Puts the objects into the index and closes their entries; what must be compared first is added to `compare`.
async fn store(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    all: &[Renamed],
    pixels: &Pixels,
    compare: &mut Vec<String>,
) -> Result<Vec<Placed>> {
    let mut placed = Vec::with_capacity(all.len());
    for one in all {
        let Some((got, study)) = one.held.store(tx, ctx, permit, pixels, compare).await? else { continue };
        // "The same" as an object outside the index: it is held again.
        if got.outcome == Outcome::Quarantined || got.instance == one.held.object {
            return Err(Fault::conflict("clash", "the study of its own names another patient as well"));
        }
        let entry = &one.held.entry;
        if tx.exec(QUARANTINE_CLOSE, args![entry, "released", ctx.now(), permit.who()]).await? == 0 {
            return Err(Fault::conflict("closed", "the entry was closed before"));
        }
        let own = one.held.checked.header.study.as_str();
        let is_own = tx.one(sql::STUDY, args![&study, "*"]).await?.text("uid")? == own;
        if is_own || got.outcome != Outcome::Same {
            placed.push(Placed { received: got, study, from: None });
        } else {
            let own = one.held.own_study(tx, ctx, permit).await?;
            placed.push(Placed { received: got, study: own, from: Some(study) });
        }
    }
    Ok(placed)
}

/// The act on one study, and what it says about each image of it.
async fn act(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    study: &str,
    images: &[(&Renamed, &Placed)],
    why: &str,
) -> Result<String> {
    let Some((first, one)) = images.first() else {
        return Err(Fault::internal("an act on no image"));
    };
    let entries: Vec<&str> = images.iter().map(|(one, _)| one.held.entry.as_str()).collect();
    let unindexed: Vec<&str> = images.iter().map(|(_, one)| one.received.instance.as_str()).collect();
    let act = Act {
        operation: "index_held",
        study,
        other: None,
        why,
        detail: json!({"instance": one.received.instance, "study_uid": first.old_study, "images": images.len()}),
        before: json!({"entries": entries, "unindexed": unindexed}),
        undoes: None,
    };
    let written = chain::write(tx, ctx, permit, &first.held.facility, &act).await?;
    for (one, at) in images {
        match &at.from {
            None => chain::say(tx, &written, "instance", &at.received.instance, &one.words).await?,
            Some(from) => relocate_one(tx, ctx, permit, &written, from, study, &at.received.instance).await?,
        }
    }
    Ok(written.id)
}

/// Takes an object out of the study that it had been indexed into and taken back from.
async fn relocate_one(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    act: &Written,
    from: &str,
    to: &str,
    instance: &str,
) -> Result<()> {
    let (from_row, to_row) = (chain::owned(tx, permit, from).await?, chain::owned(tx, permit, to).await?);
    let mut moved = place::parts(tx, from).await?;
    moved.retain(|part| part.id == instance);
    let whole = place::whole_series(tx, from, to, &moved).await?;
    place::relocate(tx, ctx, act, &from_row, &to_row, &moved, &whole).await?;
    place::recount(tx, from).await
}

/// An object that had been indexed before and taken back.
async fn show_again(tx: &mut Tx, study: &str, instance: &str) -> Result<()> {
    let part = tx.one(sql::INSTANCE, args![instance, "*"]).await?;
    let shown = !other_shown(tx, study, &part).await?;
    tx.exec(sql::SHOW, args![instance, i64::from(shown), ""]).await?;
    Ok(())
}

/// Undo: the objects leave the index again and are held as before; their rows wait for the day they come back.
pub(super) async fn unindex(tx: &mut Tx, ctx: &Ctx, permit: &Permit, instances: &[Value]) -> Result<()> {
    for id in instances.iter().filter_map(Value::as_str) {
        tx.exec(sql::CLOSE_ENTRIES, args![id, ctx.now(), permit.who()]).await?;
        tx.exec(sql::UNINDEX, args![id]).await?;
    }
    Ok(())
}
