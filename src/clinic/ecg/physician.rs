//! A physician moves marks of the median beat or gives values: further rows beside those of recorder and server.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args, audit};
use yigong_formats::ecg::{Source, Value};

use super::detail::{etag, find};
use super::{sql, values};

/// Marks in the median beat.
const MARKS: [&str; 5] = ["p_on", "p_off", "qrs_on", "qrs_off", "t_off"];
/// Length of the median beat, ms: no mark lies outside.
const BEAT_MS: f64 = 2_000.0;
/// What a physician may state, with its unit and the range that is believed.
const STATED: [(&str, &str, f64, f64); 8] = [
    ("hr", "/min", 10.0, 400.0),
    ("pr", "ms", 20.0, 800.0),
    ("qrs", "ms", 20.0, 400.0),
    ("qt", "ms", 100.0, 1_000.0),
    ("p", "ms", 20.0, 300.0),
    ("axis_p", "deg", -180.0, 180.0),
    ("axis_qrs", "deg", -180.0, 180.0),
    ("axis_t", "deg", -180.0, 180.0),
];

/// What was measured by hand.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Hand {
    /// Marks, ms in the median beat; none = the marks of before stay.
    pub marks: Option<BTreeMap<String, f64>>,
    /// Values.
    pub values: Vec<Stated>,
}

/// A value as stated; no number = it is not there (no P wave: no PR).
#[derive(Debug, Clone, Deserialize)]
pub struct Stated {
    /// `hr pr qrs qt p axis_p axis_qrs axis_t`.
    pub what: String,
    /// Number.
    pub number: Option<f64>,
}

/// Adds the physician's rows; `tag` is the record's tag as the page last saw it.
///
/// # Errors
/// `Denied`, `NotFound`, `Stale` with the tag that stands now, `Invalid`, `Conflict` when the report is signed or somebody
/// else holds the item.
pub async fn measure(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    record: &str,
    tag: &str,
    hand: &Hand,
) -> Result<()> {
    permit.require_for(Right::Write, "ecg")?;
    let row = find(tx, permit, record).await?;
    let version = row.int("version")?;
    let stale = |now: &str| Fault::stale("version", "the record was changed meanwhile", json!({"etag": now}));
    if tag != etag(version) {
        return Err(stale(&etag(version)));
    }
    if let Some(row) = tx.opt(sql::READING, args![record]).await?
        && row.opt_text("holder")?.as_deref() != Some(permit.who())
    {
        // Whoever holds it signs what he sees: nobody else puts values under his hand.
        return Err(Fault::conflict("in_reading", "somebody else reads the recording just now"));
    }
    if let Some(report) = tx.opt(sql::REPORT, args![record]).await?
        && matches!(report.text("state")?.as_str(), "published" | "withdrawn")
    {
        return Err(Fault::conflict("report_signed", "the report is signed: open an amendment first"));
    }
    let mut found = stated(hand)?;
    let marks = match &hand.marks {
        Some(marks) => json!(checked(marks)?),
        None => row.json("physician_marks")?,
    };
    if let Some(marks) = &hand.marks {
        from_marks(marks, &mut found);
    }
    let sides = values::sides(tx, record).await?;
    let best = |what: &str| sides.iter().find(|s| s.what == what).and_then(values::Side::best);
    if found.contains_key("hr") || found.contains_key("qt") {
        // The physician's own rate and QT before what stood there; without one of them there is no QTc any more.
        let now = |what: &str| found.get(what).copied().unwrap_or_else(|| best(what));
        let qtc = now("qt").zip(now("hr")).map(|(qt, rate)| corrected(qt, rate));
        found.extend(match qtc {
            Some(all) => all.map(|(what, n)| (what.to_owned(), Some(n))).to_vec(),
            None => CORRECTED.map(|what| (what.to_owned(), None)).to_vec(),
        });
    }
    if found.is_empty() && hand.marks.is_none() {
        return Err(Fault::invalid("values", "nothing was measured"));
    }
    if tx.exec(sql::MEASURED, args![record, version, &marks]).await? == 0 {
        return Err(stale(""));
    }
    let rows = found.iter().map(|(what, number)| Value {
        what: what.clone(),
        number: number.map(|n| n.round() + 0.0),
        unit: unit(what),
        source: Source::Physician,
    });
    values::add(tx, ctx, record, permit.who(), rows, &[]).await?;
    let detail = json!({"marks": marks, "values": found});
    audit::append(tx, ctx, permit, "ecg.measure", "ecg_record", record, &detail);
    Ok(())
}

type Found = BTreeMap<String, Option<f64>>;

fn stated(hand: &Hand) -> Result<Found> {
    let mut found = Found::new();
    for s in &hand.values {
        let known = STATED.iter().find(|(what, ..)| *what == s.what);
        let (.., low, high) =
            known.ok_or_else(|| Fault::invalid("values", format!("{} is not measured by hand", s.what)))?;
        if s.number.is_some_and(|n| !(*low..=*high).contains(&n)) {
            return Err(Fault::invalid("values", format!("{} between {low} and {high}", s.what)));
        }
        found.insert(s.what.clone(), s.number);
    }
    Ok(found)
}

/// Known marks, inside the beat, in their order.
fn checked(marks: &BTreeMap<String, f64>) -> Result<&BTreeMap<String, f64>> {
    if let Some(other) = marks.keys().find(|k| !MARKS.contains(&k.as_str())) {
        return Err(Fault::invalid("marks", format!("{other} is no mark")));
    }
    let in_order: Vec<f64> = MARKS.iter().filter_map(|m| marks.get(*m).copied()).collect();
    let inside = in_order.iter().all(|at| (0.0..=BEAT_MS).contains(at));
    if !inside || in_order.windows(2).any(|w| matches!(w, [a, b] if a >= b)) {
        return Err(Fault::invalid(
            "marks",
            "p_on < p_off < qrs_on < qrs_off < t_off, ms from the start of the beat",
        ));
    }
    Ok(marks)
}

/// PR, QRS and QT follow their marks. A P wave that was taken away takes PR away.
fn from_marks(marks: &BTreeMap<String, f64>, found: &mut Found) {
    let at = |m: &str| marks.get(m).copied();
    let span = |a: &str, b: &str| Some(at(b)? - at(a)?);
    for (what, span) in
        [("qrs", span("qrs_on", "qrs_off")), ("qt", span("qrs_on", "t_off")), ("p", span("p_on", "p_off"))]
    {
        if let Some(ms) = span {
            found.entry(what.into()).or_insert(Some(ms));
        }
    }
    if at("qrs_on").is_some() {
        found.entry("pr".into()).or_insert(span("p_on", "qrs_on"));
    }
}

/// What follows from QT and rate.
const CORRECTED: [&str; 4] = ["qtcb", "qtcf", "qtc_framingham", "qtc_hodges"];

/// QT for a rate of 60: Bazett 1920, Fridericia 1920, Framingham 1992, Hodges 1983. RR in seconds, QT in ms.
pub(super) fn corrected(qt: f64, rate: f64) -> [(&'static str, f64); 4] {
    let rr = 60.0 / rate;
    [
        ("qtcb", qt / rr.sqrt()),
        ("qtcf", qt / rr.cbrt()),
        ("qtc_framingham", qt + 154.0 * (1.0 - rr)),
        ("qtc_hodges", qt + 1.75 * (rate - 60.0)),
    ]
}

fn unit(what: &str) -> &'static str {
    STATED.iter().find(|(w, ..)| *w == what).map_or("ms", |(_, unit, ..)| unit)
}
