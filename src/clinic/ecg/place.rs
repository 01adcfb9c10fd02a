//! The one transaction of an arrival: record, values, alert, item, audit.

use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args, audit, site};
use yigong_formats::ecg::{Analysis, Document, Warning};

use super::arrived::Arrived;
use super::gate::{self, Going};
use super::previous::Doubt;
use super::raise::Subject;
use super::receive::Received;
use super::understand::Understood;
use super::whose::{Whose, whose};
use super::{assign, raise, rendition, repeat, sql, values};
use crate::critical;

/// What is to be placed.
pub(super) struct Given<'a> {
    /// The file.
    pub arrived: &'a Arrived,
    /// As understood.
    pub new: &'a Understood,
    /// Blob of the report's drawing.
    pub page: &'a str,
    /// What the previous recording says.
    pub doubt: Doubt,
    /// A record of the same recording in another resolution.
    pub coarser: Option<String>,
    /// A record with equal samples was found before, and nothing else was looked at.
    pub known: bool,
}

/// What was placed.
pub(super) struct Placed {
    /// Outcome.
    pub received: Received,
    /// Item, when one was admitted.
    pub item: Option<String>,
    /// Alert, when one was raised.
    pub alert: Option<String>,
    /// The first attempt, when this one replaces it.
    pub first: Option<String>,
}

impl Placed {
    fn only(received: Received) -> Self {
        Self { received, item: None, alert: None, first: None }
    }
}

/// Places the recording. A repeat answers what stands there.
pub(super) async fn place(tx: &mut Tx, ctx: &Ctx, permit: &Permit, given: &Given<'_>) -> Result<Placed> {
    let (arrived, document) = (given.arrived, &given.new.document);
    if let Some(row) = tx.opt(sql::OF_OBJECT, args![&arrived.facility, &arrived.object]).await? {
        let id = row.text("id")?;
        if row.text("state")? == "held" && arrived.study.is_some() && !arrived.is_held() {
            return free(tx, ctx, permit, given, id).await;
        }
        let item = assign::asked(tx, ctx, permit, &id, &arrived.asked).await?;
        return Ok(Placed { item, ..Placed::only(Received::Known(id)) });
    }
    if let Some(id) = rendition::of(tx, arrived, given.new, given.coarser.as_deref()).await? {
        let alert = rendition::add(tx, ctx, permit, given, &id).await?;
        let hurried = gate::hurry(tx, ctx, permit, &id).await?;
        let item = assign::asked(tx, ctx, permit, &id, &arrived.asked).await?.or(hurried);
        return Ok(Placed { item, alert, ..Placed::only(Received::Rendition(id)) });
    }
    if given.known {
        return Err(Fault::conflict("changed", "the other file of this recording has another patient now"));
    }
    let whose = whose(tx, ctx, permit, arrived, document).await?;
    let id = ctx.id();
    let repeat = repeat::find(tx, ctx, arrived, &whose).await?;
    let first = repeat.first.clone();
    let mut going = going(given, &id, &whose, first.as_deref());
    going.chest_pain |= repeat.chest_pain;
    let state = if whose.held { "held" } else { gate::state(tx, &going).await? };
    insert(tx, ctx, given, &whose, &going, state, repeat.warning.as_ref()).await?;
    let detail = json!({
        "triage": going.triage, "quality": going.verdict, "object": arrived.object, "state": state,
        "matching": whose.matching, "differs": whose.differs, "chosen_by": whose.chosen_by, "from": arrived.kind, "redo_of": first,
        "redo_refused": repeat.warning.as_ref().map(|w| w.code),
    });
    audit::append(tx, ctx, permit, "ecg.receive", "ecg_record", &id, &detail);
    let subject = Subject { record: &id, patient: &whose.patient, facility: &arrived.facility };
    let alert = raise::alert(tx, ctx, permit, &subject, given.new.analysis.raises.iter()).await?;
    let item = if whose.held { None } else { gate::go(tx, ctx, permit, &going, state).await? };
    if let Some(first) = &first {
        repeat::replaced(tx, ctx, permit, first, &id).await?;
    }
    let received = match state {
        "held" => Received::Held(id),
        "redo" => Received::Redo(id),
        _ => Received::Queued(id),
    };
    Ok(Placed { received, item, alert, first })
}

/// A study that nothing holds back any more: its record goes to work with the patient the study has now.
async fn free(tx: &mut Tx, ctx: &Ctx, permit: &Permit, given: &Given<'_>, id: String) -> Result<Placed> {
    let whose = whose(tx, ctx, permit, given.arrived, &given.new.document).await?;
    if whose.held {
        return Ok(Placed::only(Received::Known(id)));
    }
    // What was learned of the recording stays: pain, and that the clinic had insisted on it.
    let row = tx.one(sql::FIND, args![&id, "*"]).await?;
    let mut going = Going::of(&row)?;
    going.patient.clone_from(&whose.patient);
    going.order.clone_from(&whose.order);
    let insisted = !row.json::<Value>("kept")?.is_null();
    let state = if insisted { "queued" } else { gate::state(tx, &going).await? };
    let redo_at = gate::redo_at(ctx, state);
    tx.exec(sql::SETTLE, args![&id, state, &whose.patient, &whose.order, whose.matching, redo_at]).await?;
    critical::follow::follow(tx, ctx, permit, &id, &whose.patient).await?;
    let item = gate::go(tx, ctx, permit, &going, state).await?;
    let received = if state == "redo" { Received::Redo(id) } else { Received::Queued(id) };
    Ok(Placed { item, ..Placed::only(received) })
}

fn going(given: &Given<'_>, id: &str, whose: &Whose, first: Option<&str>) -> Going {
    let analysis = &given.new.analysis;
    Going {
        record: id.to_owned(),
        facility: given.arrived.facility.clone(),
        patient: whose.patient.clone(),
        order: whose.order.clone(),
        study: given.arrived.study.as_ref().map(|s| s.id.clone()),
        triage: analysis.triage().to_owned(),
        verdict: verdict(&given.new.document, analysis),
        chest_pain: given.arrived.asked.chest_pain,
        swap: !given.doubt.swap.is_null(),
        received_at: given.arrived.received_at,
        first: first.map(str::to_owned),
    }
}

/// `good`, `usable`, `redo`; empty when there is no waveform to judge (a printed page as a file).
fn verdict(document: &Document, analysis: &Analysis) -> String {
    if document.rhythm().is_none() {
        return String::new();
    }
    json!(analysis.quality.verdict).as_str().unwrap_or_default().to_owned()
}

async fn insert(
    tx: &mut Tx,
    ctx: &Ctx,
    given: &Given<'_>,
    whose: &Whose,
    going: &Going,
    state: &str,
    warning: Option<&Warning>,
) -> Result<()> {
    let (arrived, document, analysis) = (given.arrived, &given.new.document, &given.new.analysis);
    let list: Vec<_> = document.values.iter().chain(&analysis.measured.values).collect();
    let acquired = started(&document.acquired, ctx.config.centre.utc_offset_minutes);
    let source = rendition::code(document);
    let warnings: Vec<_> = document.warnings.iter().chain(warning).collect();
    tx.exec(
        sql::INSERT,
        args![
            &going.record,
            &arrived.facility,
            &whose.patient,
            &whose.order,
            &going.study,
            arrived.instance_id(),
            state,
            &document.format,
            &arrived.object,
            &given.new.waveform,
            acquired,
            arrived.received_at,
            &going.triage,
            json!(analysis.quality),
            json!(list),
            device(document),
            json!(warnings),
            given.page,
            source,
            rendition::subject(document),
            whose.matching,
            &going.verdict,
            &arrived.asked.operator,
            going.chest_pain,
            &going.first,
            gate::redo_at(ctx, state),
            &given.doubt.swap,
            given.doubt.other_person,
            values::rhythm(&analysis.measured),
            values::marks(&analysis.measured),
            json!(whose.differs),
            &whose.chosen_by
        ],
    )
    .await?;
    let instance = arrived.instance_id();
    let file = args![
        ctx.id(),
        &going.record,
        &arrived.facility,
        source,
        &arrived.object,
        instance,
        arrived.received_at
    ];
    tx.exec(sql::ADD_RENDITION, file).await?;
    let d = &document.device;
    if !d.serial.is_empty() {
        let row = args![
            ctx.id(),
            &arrived.facility,
            "ecg",
            &d.maker,
            &d.model,
            &d.serial,
            None::<String>,
            ctx.now()
        ];
        tx.exec(site::sql::PUT_DEVICE, row).await?;
    }
    values::add(tx, ctx, &going.record, "", list.into_iter().cloned(), &analysis.measured.doubtful).await
}

/// The recorder, its filters and statements, and what the file holds.
pub(super) fn device(document: &Document) -> Value {
    let groups: Vec<Value> = document
        .groups
        .iter()
        .map(|g| json!({"kind": g.kind, "rate_hz": g.rate, "samples": g.samples}))
        .collect();
    json!({
        "maker": document.device.maker, "model": document.device.model, "serial": document.device.serial,
        "filters": document.filters, "statements": document.statements, "groups": groups,
    })
}

/// `YYYYMMDDHHMMSS[.f][+ZZZZ]` as ms; without a zone the centre's own time. `None` when it does not parse.
pub(super) fn started(text: &str, offset_minutes: i64) -> Option<i64> {
    let part = |a: usize, b: usize| text.get(a..b).and_then(|s| s.parse::<u8>().ok());
    let month = time::Month::try_from(part(4, 6)?).ok()?;
    let date = time::Date::from_calendar_date(text.get(0..4)?.parse().ok()?, month, part(6, 8)?).ok()?;
    let at = date.with_hms(part(8, 10)?, part(10, 12)?, part(12, 14)?).ok()?.assume_utc().unix_timestamp();
    let zone = text.get(14..).and_then(|rest| rest.find(['+', '-']).and_then(|i| rest.get(i..i + 5)));
    let minutes = match zone {
        Some(z) => {
            let number = |a: usize, b: usize| z.get(a..b).and_then(|s| s.parse::<i64>().ok());
            let size = number(1, 3)? * 60 + number(3, 5)?;
            if z.starts_with('-') { -size } else { size }
        }
        None => offset_minutes,
    };
    Some((at - minutes * 60) * 1_000)
}
