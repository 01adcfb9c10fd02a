//! The one transaction of an arrival: record, alert, item, audit.

use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args, audit};
use yigong_formats::ecg::critical::Level;
use yigong_formats::ecg::quality::Verdict;
use yigong_formats::ecg::{Analysis, Document};

use super::receive::{Arrived, Received, Understood};
use super::sql;
use crate::critical::{self, raise::Raise};
use crate::order::{self, head::OrderHead};
use crate::worklist::{self, NewItem, deadline::rank};

/// Flag of an item whose recording should be made again.
pub const REDO: &str = "ecg_redo";
/// Order flag that makes an ECG an emergency.
const CHEST_PAIN: &str = "chest_pain";

/// What was placed.
pub(super) struct Placed {
    /// Outcome.
    pub received: Received,
    /// Item, when one was admitted.
    pub item: Option<String>,
    /// Alert, when one was raised.
    pub alert: Option<String>,
}

impl Placed {
    fn only(received: Received) -> Self {
        Self { received, item: None, alert: None }
    }

    /// The record.
    pub fn record(&self) -> &str {
        match &self.received {
            Received::Known(id) | Received::Queued(id) | Received::Held(id) | Received::Rendition(id) => id,
            Received::Gone | Received::Quarantined => "",
        }
    }
}

/// Places the recording. A repeat answers what stands there.
pub(super) async fn place(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    arrived: &Arrived,
    understood: &Understood,
    page: &str,
) -> Result<Placed> {
    let (document, analysis) = (&understood.document, &understood.analysis);
    if let Some(row) = tx.opt(sql::OF_OBJECT, args![&arrived.facility, &arrived.object]).await? {
        let id = row.text("id")?;
        if row.text("state")? != "held" || arrived.is_held() {
            return Ok(Placed::only(Received::Known(id)));
        }
        let order = matched(tx, arrived).await?;
        tx.exec(sql::FREE, args![&id, &arrived.patient, &order]).await?;
        let item = admit(tx, ctx, permit, arrived, understood, &id, order.as_deref()).await?;
        return Ok(Placed { received: Received::Queued(id), item: Some(item), alert: None });
    }
    let waveform = document.waveform_sha256();
    if let Some(row) =
        tx.opt(sql::SAME_WAVEFORM, args![&arrived.facility, &arrived.patient, &waveform]).await?
    {
        let id = row.text("id")?;
        let detail = json!({"instance": arrived.instance, "object": arrived.object});
        audit::append(tx, ctx, permit, "ecg.rendition", "ecg_record", &id, &detail).await?;
        tx.exec(sql::STUDY_QUEUED, args![&arrived.study, ctx.now()]).await?;
        return Ok(Placed::only(Received::Rendition(id)));
    }
    let id = ctx.id();
    let order = if arrived.is_held() { None } else { matched(tx, arrived).await? };
    let state = if arrived.is_held() { "held" } else { "queued" };
    let acquired = started(&document.acquired, ctx.config.centre.utc_offset_minutes);
    let (quality, measurements) = (json!(analysis.quality), measurements(document, analysis));
    tx.exec(
        sql::INSERT,
        args![
            &id,
            &arrived.facility,
            &arrived.patient,
            &order,
            &arrived.study,
            &arrived.instance,
            state,
            &document.format,
            &arrived.object,
            &waveform,
            acquired,
            arrived.received_at,
            analysis.triage(),
            quality,
            measurements,
            device(document),
            json!(document.warnings),
            page
        ],
    )
    .await?;
    let detail = json!({"triage": analysis.triage(), "quality": analysis.quality.verdict, "object": arrived.object, "state": state});
    audit::append(tx, ctx, permit, "ecg.receive", "ecg_record", &id, &detail).await?;
    let alert = raise(tx, ctx, permit, arrived, analysis, &id).await?;
    if arrived.is_held() {
        return Ok(Placed { received: Received::Held(id), item: None, alert });
    }
    let item = admit(tx, ctx, permit, arrived, understood, &id, order.as_deref()).await?;
    Ok(Placed { received: Received::Queued(id), item: Some(item), alert })
}

/// The order the study was matched to, else the one of its accession number.
async fn matched(tx: &mut Tx, arrived: &Arrived) -> Result<Option<String>> {
    match &arrived.order {
        Some(id) => Ok(Some(id.clone())),
        None => order::match_study(tx, &arrived.facility, &arrived.accession, &arrived.patient).await,
    }
}

/// A red finding is told before anybody has typed a word (先通知后报告); provisional until a physician confirms it.
async fn raise(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    arrived: &Arrived,
    analysis: &Analysis,
    record: &str,
) -> Result<Option<String>> {
    let red: Vec<_> = analysis.raises.iter().filter(|r| r.level == Level::Red).collect();
    let Some(first) = red.first() else { return Ok(None) };
    let joined = |f: &dyn Fn(&yigong_formats::ecg::critical::Raise) -> String| {
        red.iter().map(|r| f(r)).collect::<Vec<_>>().join(";")
    };
    let new = Raise {
        pipeline: "ecg".into(),
        subject_kind: "ecg".into(),
        subject: record.into(),
        dedupe: format!("ecg:{}:{}", arrived.patient, first.rule),
        patient: arrived.patient.clone(),
        facility: arrived.facility.clone(),
        level: "red".into(),
        finding: joined(&|r| r.finding.clone()),
        value: joined(&|r| r.value.clone()),
        rule: joined(&|r| format!("{} ({})", r.rule, r.preset)),
        provisional: true,
        report: None,
    };
    Ok(Some(critical::raise::raise(tx, ctx, permit, &new).await?.alert))
}

async fn admit(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    arrived: &Arrived,
    understood: &Understood,
    record: &str,
    order: Option<&str>,
) -> Result<String> {
    let order = match order {
        Some(id) => order::head::head(tx, permit, id).await?,
        None => None,
    };
    let analysis = &understood.analysis;
    let mut flags = order.as_ref().map(|o| o.flags.clone()).unwrap_or_default();
    let priority = priority(analysis, order.as_ref(), &flags);
    if analysis.quality.verdict == Verdict::Redo {
        flags.push(REDO.into());
    }
    let new = NewItem {
        subject_kind: "ecg",
        subject: record.into(),
        tier: "write",
        round: 1,
        pipeline: "ecg",
        modality: "ECG".into(),
        body_part: String::new(),
        title: order
            .as_ref()
            .and_then(|o| o.items.first())
            .map_or_else(|| "十二导联心电图".to_owned(), |i| i.name.clone()),
        patient: arrived.patient.clone(),
        facility: arrived.facility.clone(),
        report: None,
        priority: priority.into(),
        triage: analysis.triage().into(),
        flags,
        arrived_at: arrived.received_at,
        deadline: None,
        written_by: String::new(),
    };
    tx.exec(sql::STUDY_QUEUED, args![&arrived.study, ctx.now()]).await?;
    if let Some(order) = &order {
        order::head::advance(tx, &order.id, "received", ctx.now()).await?;
    }
    worklist::admit::admit(tx, ctx, permit, &new).await
}

/// The highest of: order, triage, chest pain. Nothing lowers.
fn priority(analysis: &Analysis, order: Option<&OrderHead>, flags: &[String]) -> &'static str {
    let ordered = order.map_or("routine", |o| o.priority.as_str());
    let triaged = match analysis.triage() {
        "red" => "stat",
        "orange" => "emergency",
        _ => "routine",
    };
    let pain = if flags.iter().any(|f| f == CHEST_PAIN) { "emergency" } else { "routine" };
    let best = [ordered, triaged, pain].into_iter().map(rank).min().unwrap_or(3);
    worklist::deadline::CLASSES.into_iter().find(|c| rank(c) == best).unwrap_or("routine")
}

/// The maker's rows and ours, side by side, never merged.
fn measurements(document: &Document, analysis: &Analysis) -> Value {
    Value::from(document.values.iter().chain(&analysis.measured.values).map(|v| json!(v)).collect::<Vec<_>>())
}

/// The recorder, its filters and statements, and what the file holds.
fn device(document: &Document) -> Value {
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
