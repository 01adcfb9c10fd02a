//! A recording made again: which attempt it replaces, and what becomes of that one. It takes the place of an attempt of the
//! same person only, and only when its own patient is settled; else both stand, and whoever repeated it is told.

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::clock::MINUTE_MS;
use yigong_base::fault::Result;
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args, audit};
use yigong_formats::ecg::Warning;

use super::arrived::Arrived;
use super::sql;
use super::whose::Whose;
use crate::worklist;
use crate::worklist::deadline::deadline;

/// Flag of an attempt that is read all the same while another one has come.
const BETTER: &str = "ecg_better_came";
/// A recording of the same patient within this time after a poor one is its repetition.
pub(super) const REPEAT_MS: i64 = 30 * MINUTE_MS;

/// What a repetition finds.
#[derive(Debug, Clone, Default)]
pub(super) struct Repeat {
    /// The attempt it replaces.
    pub first: Option<String>,
    /// That patient had chest pain.
    pub chest_pain: bool,
    /// Why the attempt that was named stays.
    pub warning: Option<Warning>,
}

impl Repeat {
    fn stays(code: &'static str, zh: &str, en: &str) -> Self {
        Self { warning: Some(Warning::new(code, zh, en)), ..Self::default() }
    }
}

/// The attempt a new recording replaces: the one that was named, else a poor one of the same patient that still waits.
pub(super) async fn find(tx: &mut Tx, ctx: &Ctx, arrived: &Arrived, whose: &Whose) -> Result<Repeat> {
    if let Some(first) = &arrived.asked.redo_of {
        return named(tx, arrived, whose, first).await;
    }
    if whose.held {
        return Ok(Repeat::default());
    }
    let since = args![&whose.patient, &arrived.facility, ctx.now() - REPEAT_MS];
    let Some(row) = tx.opt(sql::WAITING_ATTEMPT, since).await? else { return Ok(Repeat::default()) };
    Ok(Repeat { first: Some(row.text("id")?), chest_pain: row.flag("chest_pain")?, warning: None })
}

async fn named(tx: &mut Tx, arrived: &Arrived, whose: &Whose, first: &str) -> Result<Repeat> {
    let row = tx.opt(sql::FIND, args![first, &arrived.facility]).await?;
    let free = match &row {
        Some(r) => r.opt_text("redo_by")?.is_none() && r.text("state")? != "published",
        None => false,
    };
    let Some(row) = row.filter(|_| free) else {
        return Ok(Repeat::stays(
            "redo_done",
            "要替换的原记录已被替换或已签发,本次按新记录处理",
            "the attempt to be replaced was replaced or reported before: this is a recording of its own",
        ));
    };
    if whose.held {
        return Ok(Repeat::stays(
            "redo_held",
            "尚未确认本记录属于谁,原记录未被替换,仍按时判读",
            "it is not settled whose recording this is: the first attempt was not replaced and will be read",
        ));
    }
    let person = tx.one(sql::PATIENT, args![&whose.patient]).await?.text("person")?;
    if row.text("patient")? != whose.patient && row.text("person")? != person {
        return Ok(Repeat::stays(
            "redo_other_patient",
            "要替换的原记录属于另一位患者:未替换,两份都将判读",
            "the attempt to be replaced belongs to another patient: it was not replaced, both will be read",
        ));
    }
    Ok(Repeat { first: Some(first.to_owned()), chest_pain: row.flag("chest_pain")?, warning: None })
}

/// The class of the first attempt's item, and its deadline or the one it would have had; never later than one of its own.
pub(super) async fn inherited(
    tx: &mut Tx,
    first: &str,
    priority: &'static str,
    received_at: i64,
) -> Result<(&'static str, i64)> {
    let held = tx.one(sql::DEADLINE, args![first]).await?;
    let class = held
        .opt_int("rank")?
        .and_then(|r| worklist::deadline::CLASSES.into_iter().find(|c| worklist::deadline::rank(c) == r))
        .filter(|c| worklist::deadline::rank(c) < worklist::deadline::rank(priority))
        .unwrap_or(priority);
    let own = deadline("ecg", "ECG", class, received_at);
    let since = tx.one(sql::FIND, args![first, "*"]).await?.int("received_at")?;
    let due = held.opt_int("deadline")?.unwrap_or_else(|| deadline("ecg", "ECG", class, since));
    Ok((class, due.min(own)))
}

/// The first attempt is done with: nobody reads it, except one who does already, who is told. One that raised something is
/// read all the same: a better trace may no longer show it.
pub(super) async fn replaced(tx: &mut Tx, ctx: &Ctx, permit: &Permit, first: &str, by: &str) -> Result<()> {
    let raised = tx.one(sql::FIND, args![first, "*"]).await?.text("triage")? != "normal";
    if raised || tx.opt(sql::READING, args![first]).await?.is_some() {
        worklist::admit::flag(tx, ctx, permit, first, BETTER).await?;
    } else {
        tx.exec(sql::CANCEL_WORK, args![first, ctx.now()]).await?;
        tx.exec(sql::REDONE, args![first]).await?;
    }
    audit::append(tx, ctx, permit, "ecg.redone", "ecg_record", first, &json!({"by": by}));
    Ok(())
}
