//! Values that belong to nobody yet and may be critical: the person is somewhere, and the instrument does not say it twice. Whoever sent the
//! value is told at once, before anybody has found out whose it is.

use yigong_base::access::Permit;
use yigong_base::clock::DAY_MS;
use yigong_base::fault::Result;
use yigong_base::patient::{self, Seen};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args};
use yigong_formats::hl7::value;
use yigong_formats::lab::{CriticalLimit, Flag, flags, units};

use super::evaluate::{sender_side, side};
use super::hold::unmatched_text;
use super::items::Item;
use super::receive::{Arrival, Run};
use super::sql;
use crate::critical::follow::Owner;
use crate::critical::{self, Raise};
use crate::order::SpecimenRow;

/// A run without a result, and why.
pub(super) struct Stray<'a> {
    /// Row id of the run.
    pub id: &'a str,
    /// Its barcode as it is kept: never empty.
    pub label: &'a str,
    pub run: &'a Run,
    pub arrival: &'a Arrival,
    /// Why it matches nothing.
    pub reason: &'a str,
    pub item: Option<&'a Item>,
    /// The specimen of its barcode, if there is one.
    pub specimen: Option<&'a SpecimenRow>,
}

/// Rings for a stray value that is critical by the sender's word or by the item's limits.
pub(super) async fn ring(tx: &mut Tx, ctx: &Ctx, permit: &Permit, stray: &Stray<'_>) -> Result<()> {
    // What the sender took back, and blood that was refused, says nothing about anybody.
    if matches!(stray.reason, "withdrawn_by_sender" | "rejected_specimen") {
        return Ok(());
    }
    let Some(side) = critical_side(stray.item, stray.run) else { return Ok(()) };
    let (run, arrival) = (stray.run, stray.arrival);
    // A label of another place may have been read wrong: whose it is, is not known then.
    let own = stray.specimen.filter(|_| stray.reason != "foreign_specimen");
    let (patient, facility) = match own {
        Some(specimen) => (specimen.patient.clone(), specimen.facility.clone()),
        None => (somebody(tx, ctx, stray).await?, arrival.facility.clone()),
    };
    let said = |text: &str| text.trim().chars().take(100).collect::<String>();
    let name = if run.item_name.trim().is_empty() { &run.item } else { &run.item_name };
    let text = format!("{} {}", said(&run.value), said(&run.unit));
    let mut whose = format!("未匹配:{}", unmatched_text(stray.reason).0);
    for (what, value) in [("条码", &run.barcode), ("患者号", &arrival.local_id)] {
        if !value.trim().is_empty() {
            whose.push_str(&format!(",{what} {}", said(value)));
        }
    }
    let new = Raise {
        pipeline: "lab".into(),
        subject_kind: "run".into(),
        subject: stray.id.to_owned(),
        dedupe: format!("lab:{patient}:stray:{}:{}:{side}", stray.label, run.item),
        patient,
        facility,
        level: "red".into(),
        finding: format!("{} {}({whose})", said(name), text.trim()),
        value: text.trim().to_owned(),
        rule: format!("{} {}", run.item, stray.reason),
        provisional: true,
        report: None,
    };
    critical::raise(tx, ctx, permit, &new).await?;
    Ok(())
}

/// The patient a stray value is said of: one for all values of a label, so that its repeats join.
async fn somebody(tx: &mut Tx, ctx: &Ctx, stray: &Stray<'_>) -> Result<String> {
    let arrival = stray.arrival;
    let since = ctx.now() - DAY_MS;
    let same = args![&arrival.facility, stray.label, &arrival.name, since];
    if let Some(row) = tx.opt(sql::STRAY_PATIENT, same).await? {
        return row.text("patient");
    }
    let seen = Seen { name: arrival.name.clone(), birth_date: arrival.birth_date.clone(), ..Seen::default() };
    Ok(patient::link(tx, ctx, &arrival.facility, &seen).await?.id)
}

/// It has turned out whose the run is: what rang for nobody rings for the patient, at the place that ordered, as an alert of the specimen.
pub(super) async fn belongs(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    run: &str,
    specimen: &SpecimenRow,
    item: &str,
) -> Result<()> {
    critical::follow::follow(tx, ctx, permit, run, &specimen.patient).await?;
    let owner = Owner {
        kind: "specimen",
        subject: &specimen.id,
        patient: &specimen.patient,
        facility: &specimen.facility,
        key: &format!("lab:{}:{item}", specimen.patient),
    };
    critical::follow::belong(tx, ctx, permit, run, &owner).await
}

/// Side of the critical value: by limits where the number can be read in the item's unit, or without one; by the sender's flag.
fn critical_side(item: Option<&Item>, run: &Run) -> Option<&'static str> {
    let limits = item.filter(|i| matches!(i.critical, CriticalLimit::Limits { .. }));
    let flag = limits.and_then(|item| {
        let number = value::number(&run.value, run.comma_decimal)?;
        let value = units::convert(number.value, &run.unit, &item.unit).unwrap_or(number.value);
        Some(flags::of_number(&value::Number { value, ..number }, None, item.critical))
    });
    side(flag.unwrap_or(Flag::None)).or_else(|| run.flags.iter().find_map(|f| sender_side(f)))
}
