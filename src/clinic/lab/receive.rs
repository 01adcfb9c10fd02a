//! Results off the wire: kept as said, matched by barcode, item and order, evaluated, held or ready.
//!
//! A result that repeats (barcode, item, instrument, run time, status, value) changes nothing.
//! What cannot be matched stays visible with its reason; nothing is attached by guess.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::storage::{Engine, Tx};
use yigong_base::{Ctx, args, audit};
use yigong_formats::lab::Sex;

use super::hold;
use super::loud::{self, Stray};
use super::specimen;
use super::sql;
use super::{items, matched};
use crate::order::{self, SpecimenRow};

/// Equal values of one specimen and item that a person has asked for at most.
const MOST_RERUNS: u32 = 20;

/// What kind of sample the instrument measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SampleKind {
    /// A patient's.
    #[default]
    Patient,
    /// A calibrator: never touches a patient.
    Calibration,
    /// Quality control: never touches a patient.
    QualityControl,
}

/// The results of one message.
#[derive(Debug, Clone, Default)]
pub struct Arrival {
    /// Inbox row of the message.
    pub inbox: String,
    /// Instrument or system that sent it.
    pub instrument: String,
    /// Facility of the peer.
    pub facility: String,
    /// The peer serves the whole community (lead hospital): it may report any specimen.
    pub community: bool,
    /// Id of the patient at the sender (PID-3), or empty.
    pub local_id: String,
    /// Name of the patient in the message, or empty.
    pub name: String,
    /// Sex the message names.
    pub sex: Option<Sex>,
    /// Birth date the message names, `YYYYMMDD` or empty.
    pub birth_date: String,
    /// Runs.
    pub runs: Vec<Run>,
}

/// One value as the wire said it.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// Barcode.
    pub barcode: String,
    /// Item code.
    pub item: String,
    /// Item name.
    pub item_name: String,
    /// Run time as written.
    pub run_at: String,
    /// Run time in ms, when it could be read.
    pub run_ms: Option<i64>,
    /// Value.
    pub value: String,
    /// Unit.
    pub unit: String,
    /// Reference range.
    pub range: String,
    /// Flags.
    pub flags: Vec<String>,
    /// OBX-11.
    pub status: String,
    /// A decimal comma is a decimal point.
    pub comma_decimal: bool,
    /// A character may have been cut.
    pub suspect: bool,
    /// A curve, picture or document instead of a value.
    pub attachment: bool,
    /// Typed by a person.
    pub manual: bool,
    /// What was measured.
    pub sample: SampleKind,
    /// The message names two different specimens.
    pub ambiguous: bool,
    /// A reason of its own to look at it (a code of [`super::hold`]).
    pub doubt: Option<&'static str>,
}

/// What became of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    /// Results that now wait for a verifier.
    pub stored: usize,
    /// Runs that stood already.
    pub repeated: usize,
    /// Runs that match nothing.
    pub unmatched: usize,
    /// Runs kept without a result: curves, calibration, quality control.
    pub kept: usize,
    /// Specimens concerned: id, facility.
    pub specimens: Vec<(String, String)>,
}

/// Takes the results of one message. The caller commits.
pub async fn receive(tx: &mut Tx, ctx: &Ctx, permit: &Permit, arrival: &Arrival) -> Result<Received> {
    let mut received = Received::default();
    let mut known = Known { items: items::catalogue(tx, ctx).await?, specimens: HashMap::new() };
    known.lock(tx, &arrival.runs).await?;
    for run in &arrival.runs {
        one(tx, ctx, permit, arrival, run, &mut known, &mut received).await?;
    }
    let detail = json!({
        "stored": received.stored, "repeated": received.repeated, "unmatched": received.unmatched, "kept": received.kept,
    });
    let action = if received.repeated == arrival.runs.len() && !arrival.runs.is_empty() {
        "lab.replay"
    } else {
        "lab.receive"
    };
    audit::append(tx, ctx, permit, action, "inbox", &arrival.inbox, &detail);
    received.specimens.sort();
    received.specimens.dedup();
    Ok(received)
}

/// What the runs of a message have in common: looked up once.
struct Known {
    items: Arc<items::Catalogue>,
    specimens: HashMap<String, Option<SpecimenRow>>,
}

impl Known {
    /// Every specimen of the message in one order, before anything is written: two messages, or a message and a release, wait for each
    /// other and never both (PostgreSQL).
    async fn lock(&mut self, tx: &mut Tx, runs: &[Run]) -> Result<()> {
        if tx.engine() != Engine::Postgres {
            return Ok(());
        }
        let mut ids = Vec::new();
        for run in runs.iter().filter(|run| !run.barcode.is_empty()) {
            ids.extend(self.specimen(tx, &run.barcode).await?.map(|s| s.id));
        }
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            matched::lock(tx, &id).await?;
        }
        // What was read before the locks may have been rejected or cancelled meanwhile.
        self.specimens.clear();
        Ok(())
    }

    async fn specimen(&mut self, tx: &mut Tx, barcode: &str) -> Result<Option<SpecimenRow>> {
        if let Some(known) = self.specimens.get(barcode) {
            return Ok(known.clone());
        }
        let found = order::specimen_by_barcode(tx, barcode).await?;
        self.specimens.insert(barcode.to_owned(), found.clone());
        Ok(found)
    }
}

async fn one(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    arrival: &Arrival,
    run: &Run,
    known: &mut Known,
    out: &mut Received,
) -> Result<()> {
    let found = known.specimen(tx, &run.barcode).await?;
    let items = Arc::clone(&known.items);
    let item = items.find(&run.item);
    let (state, reason) = place(arrival, run, found.as_ref(), item.is_some());
    let id = ctx.id();
    // without a barcode two patients' equal values must not look like one repeat
    let barcode = if run.barcode.is_empty() { format!("?{}", arrival.inbox) } else { run.barcode.clone() };
    let specimen = found.as_ref().filter(|_| state == "matched").map(|s| s.id.clone());
    let (mut run_at, mut doubt) = (run.run_at.clone(), run.doubt);
    let mut new = 0;
    for again in 2..=MOST_RERUNS {
        new = tx
            .exec(
                sql::KEEP_RUN,
                args![
                    &id,
                    &arrival.inbox,
                    &arrival.facility,
                    &arrival.instrument,
                    &barcode,
                    &run.item,
                    &run.item_name,
                    &run_at,
                    &run.value,
                    &run.unit,
                    &run.range,
                    run.flags.join("~"),
                    &run.status,
                    state,
                    reason,
                    &specimen,
                    ctx.now()
                ],
            )
            .await?;
        // The same once more may be news where somebody has asked for another run and none stands: a person looks whether the value came
        // out as before, or the message came twice.
        let (Some(of), Some(item), 0) = (&specimen, item, new) else { break };
        if tx.one(sql::OTHER_RUNS, args![of, &item.code]).await?.int("n")? > 0 {
            break;
        }
        run_at = format!("{} #{again}", run.run_at);
        doubt = Some(hold::SENT_AGAIN);
    }
    if new == 0 {
        out.repeated += 1;
        return Ok(());
    }
    match (state, found, item) {
        ("matched", Some(specimen), Some(item)) => {
            let specimen = specimen::ensure_received(tx, ctx, permit, specimen).await?;
            known.specimens.insert(run.barcode.clone(), Some(specimen.clone()));
            let run = Run { doubt, ..run.clone() };
            matched::settle(tx, ctx, permit, &specimen, &id, &run, item, arrival).await?;
            out.stored += 1;
            out.specimens.push((specimen.id, specimen.facility));
        }
        ("unmatched", specimen, item) => {
            out.unmatched += 1;
            let stray =
                Stray { id: &id, label: &barcode, run, arrival, reason, item, specimen: specimen.as_ref() };
            loud::ring(tx, ctx, permit, &stray).await?;
        }
        _ => out.kept += 1,
    }
    Ok(())
}

/// Where a run belongs: state and reason.
fn place(
    arrival: &Arrival,
    run: &Run,
    specimen: Option<&SpecimenRow>,
    item_known: bool,
) -> (&'static str, &'static str) {
    match run.sample {
        SampleKind::Calibration => return ("calibration", ""),
        SampleKind::QualityControl => return ("qc", ""),
        SampleKind::Patient => {}
    }
    if run.attachment {
        return ("kept", "not_a_value");
    }
    match (run.status.as_str(), specimen) {
        ("D" | "W", _) => ("unmatched", "withdrawn_by_sender"),
        ("X" | "O" | "I" | "S", _) if run.value.trim().is_empty() => ("kept", "no_result"),
        _ if run.ambiguous => ("unmatched", "ambiguous_barcode"),
        (_, None) if run.barcode.is_empty() => ("unmatched", "no_barcode"),
        (_, None) => ("unmatched", "no_order"),
        (_, Some(s)) if !arrival.community && s.facility != arrival.facility => {
            ("unmatched", "foreign_specimen")
        }
        (_, Some(s)) if s.state == "rejected" => ("unmatched", "rejected_specimen"),
        (_, Some(s)) if s.state == "cancelled" || s.order_state == "cancelled" => {
            ("unmatched", "cancelled_order")
        }
        _ if !item_known => ("unmatched", "unknown_item"),
        _ => ("matched", ""),
    }
}
