//! A run that belongs to a specimen becomes a result with its reasons, an item of the worklist and, where it must, an alert.

use serde_json::Value;
use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::storage::{Conn, Engine, Row, Tx};
use yigong_base::{Ctx, args};
use yigong_formats::hl7::value::write_timestamp;
use yigong_formats::lab::Sex;

use super::evaluate::{Around, Evaluated, evaluate};
use super::hold;
use super::items::Item;
use super::receive::{Arrival, Run};
use super::sql;
use crate::critical::{self, Raise};
use crate::order::SpecimenRow;
use crate::worklist::{self, NewItem};

/// A device clock further from ours than this is flagged, ms.
const CLOCK_AHEAD_MS: i64 = 5 * 60_000;

/// Stores the result of a run; answers its id.
#[expect(clippy::too_many_arguments, reason = "one run with everything that surrounds it")]
pub(super) async fn settle(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    specimen: &SpecimenRow,
    run_id: &str,
    run: &Run,
    item: &Item,
    arrival: &Arrival,
) -> Result<String> {
    lock(tx, &specimen.id).await?;
    let around = around(tx, ctx, specimen, run, item, arrival).await?;
    let evaluated = evaluate(item, run, &around)?;
    let id = ctx.id();
    let state = if evaluated.holds.is_empty() { "resulted" } else { "held" };
    tx.exec(
        sql::ADD_RESULT,
        args![
            &id,
            &specimen.id,
            &specimen.order,
            &specimen.patient,
            &specimen.facility,
            &item.code,
            &item.name,
            run_id,
            &evaluated.value,
            evaluated.number,
            &evaluated.comparator,
            &evaluated.unit,
            &evaluated.reference,
            evaluated.flag.code(),
            state,
            Value::from(evaluated.holds.clone()),
            ctx.now()
        ],
    )
    .await?;
    if around.other_run {
        // Who verifies one of them must have seen this one.
        tx.exec(sql::RUN_CAME, args![&specimen.id, &item.code, &id]).await?;
    }
    admit(tx, ctx, permit, specimen, item).await?;
    if let Some(side) = evaluated.alert {
        raise(tx, ctx, permit, specimen, item, run, &evaluated, side).await?;
    }
    Ok(id)
}

/// One unit of work at a time comes to, or releases from, a specimen: neither leaves out what the other has just written.
pub(super) async fn lock(tx: &mut Tx, specimen: &str) -> Result<()> {
    if tx.engine() == Engine::Postgres {
        tx.one(sql::LOCK_POSTGRES, args![specimen]).await?;
    }
    Ok(())
}

async fn around(
    tx: &mut Tx,
    ctx: &Ctx,
    specimen: &SpecimenRow,
    run: &Run,
    item: &Item,
    arrival: &Arrival,
) -> Result<Around> {
    let patient = tx.one(sql::PATIENT, args![&specimen.patient]).await?;
    let now = ctx.now();
    let offset = i32::try_from(ctx.config.centre.utc_offset_minutes).unwrap_or(480);
    let mut earlier = None;
    if let Some(row) = tx.opt(sql::EARLIER, args![&specimen.patient, &item.code, &specimen.id, now]).await? {
        let same_unit = row.text("unit")? == item.unit;
        earlier = row.opt_real("value_num")?.filter(|_| same_unit).zip(Some(now - row.int("resulted_at")?));
    }
    let others = tx.one(sql::OTHER_RUNS, args![&specimen.id, &item.code]).await?.int("n")?;
    Ok(Around {
        sex: Sex::of(&patient.text("sex")?),
        message_sex: arrival.sex,
        other_person: other_person(&patient, specimen, arrival)?,
        birth: (patient.text("birth_date")?, arrival.birth_date.clone()),
        day: write_timestamp(now, offset).get(..8).unwrap_or_default().to_owned(),
        earlier,
        ordered: ordered(tx, &specimen.order, item).await?,
        other_run: others > 0,
        clock_off: run.run_ms.is_some_and(|at| at > now + CLOCK_AHEAD_MS),
    })
}

/// Whether the message names somebody else: by name everywhere, by id only where the sender counts the same ids.
fn other_person(patient: &Row, specimen: &SpecimenRow, arrival: &Arrival) -> Result<bool> {
    let said = fold(&arrival.name);
    let name =
        !said.is_empty() && said != fold(&patient.text("name")?) && said != fold(&patient.text("pinyin")?);
    let id = arrival.local_id.trim();
    let same_ids = arrival.facility == specimen.facility;
    Ok(name || (same_ids && !id.is_empty() && id != patient.text("local_id")?.trim()))
}

/// A name without blanks, carets and capital letters.
fn fold(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace() && *c != '^').flat_map(char::to_lowercase).collect()
}

/// Whether the item was ordered, by its own code or by its panel.
async fn ordered(conn: &mut Conn, order: &str, item: &Item) -> Result<bool> {
    for row in conn.all(sql::ORDERED_CODES, args![order]).await? {
        let code = row.text("code")?;
        if code == item.code || (code == item.panel && !code.is_empty()) || code == item.loinc {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Items ordered on an order: panels are taken apart.
pub(super) async fn ordered_items(conn: &mut Conn, order: &str) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for row in conn.all(sql::ORDERED_CODES, args![order]).await? {
        let code = row.text("code")?;
        let panel = conn.all(sql::PANEL_ITEMS, args![&code]).await?;
        if panel.is_empty() {
            all.push(code);
        }
        for item in panel {
            all.push(item.text("code")?);
        }
    }
    Ok(all)
}

async fn admit(tx: &mut Tx, ctx: &Ctx, permit: &Permit, specimen: &SpecimenRow, item: &Item) -> Result<()> {
    let standing = worklist::admit::of_subject(tx, &specimen.id, "audit").await?;
    let round = match &standing {
        Some(row) if row.state == "done" || row.state == "cancelled" => row.round + 1,
        Some(_) => return Ok(()),
        None => 1,
    };
    let title = if item.panel.is_empty() { item.name.clone() } else { panel_title(tx, &item.panel).await? };
    let new = NewItem {
        subject_kind: "specimen",
        subject: specimen.id.clone(),
        tier: "audit",
        round,
        pipeline: "lab",
        modality: item.panel.clone(),
        body_part: String::new(),
        title,
        patient: specimen.patient.clone(),
        facility: specimen.facility.clone(),
        report: standing.and_then(|row| row.report),
        priority: specimen.priority.clone(),
        triage: String::new(),
        flags: Vec::new(),
        arrived_at: specimen.received_at.unwrap_or_else(|| ctx.now()),
        deadline: None,
        written_by: String::new(),
    };
    worklist::admit(tx, ctx, permit, &new).await?;
    Ok(())
}

async fn panel_title(conn: &mut Conn, panel: &str) -> Result<String> {
    let all = crate::order::catalogue(conn, "lab").await?;
    Ok(all.into_iter().find(|i| i.code == panel).map_or_else(|| panel.to_owned(), |i| i.name))
}

#[expect(clippy::too_many_arguments, reason = "one value with everything that surrounds it")]
async fn raise(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    specimen: &SpecimenRow,
    item: &Item,
    run: &Run,
    value: &Evaluated,
    side: &str,
) -> Result<()> {
    // In doubt the value is said as the sender said it: a flag of the sender speaks of that one.
    let (text, rule) = if value.flag.critical() {
        (format!("{} {}", value.value, value.unit), format!("{} {:?}", item.code, item.critical))
    } else {
        let said: String = run.value.trim().chars().take(200).collect();
        let why = value.holds.iter().find(|h| *h == hold::MAYBE_CRITICAL);
        (
            format!("{said} {}", run.unit),
            format!("{} {}", item.code, why.map_or(hold::SENDER_CRITICAL, |h| h)),
        )
    };
    let new = Raise {
        pipeline: "lab".into(),
        subject_kind: "specimen".into(),
        subject: specimen.id.clone(),
        dedupe: format!("lab:{}:{}:{side}", specimen.patient, item.code),
        patient: specimen.patient.clone(),
        facility: specimen.facility.clone(),
        level: "red".into(),
        finding: format!("{} {}", item.name, text.trim()),
        value: text.trim().to_owned(),
        rule,
        provisional: true,
        report: None,
    };
    critical::raise(tx, ctx, permit, &new).await?;
    if let Some(work) = worklist::admit::of_subject(tx, &specimen.id, "audit").await? {
        let system = Permit::system("lab.critical");
        worklist::raise_priority(tx, ctx, &system, &work.id, "emergency", "red", "critical value").await?;
    }
    Ok(())
}
