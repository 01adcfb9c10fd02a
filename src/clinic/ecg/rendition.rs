//! The same recording in another file: one record, its files listed, one item (ECG specification 3).

use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::fault::Result;
use yigong_base::storage::{Conn, Row, Tx};
use yigong_base::{Ctx, args, audit};
use yigong_formats::dicom::name;
use yigong_formats::ecg::Document;

use super::arrived::Arrived;
use super::place::{Given, device, started};
use super::understand::{Understood, earlier_document};
use super::whose::seen;
use super::{raise, sql, values, whose};

/// Two files of one recording may differ so much in when they say it began, ms.
const APART_MS: i64 = 2 * 60_000;

/// Code of the format, as stored with a file.
pub(super) fn code(document: &Document) -> &'static str {
    document.source.code()
}

/// The person as the file names them, for the queue of what could not be matched.
pub(super) fn subject(document: &Document) -> Value {
    let s = &document.subject;
    json!({"id": s.id, "name": s.name, "sex": s.sex, "birth_date": s.birth_date})
}

/// The record this file is another rendition of: equal samples of the same person, or the one found by [`coarser`].
pub(super) async fn of(
    conn: &mut Conn,
    arrived: &Arrived,
    new: &Understood,
    coarser: Option<&str>,
) -> Result<Option<String>> {
    for row in conn.all(sql::SAME_WAVEFORM, args![&arrived.facility, &new.waveform]).await? {
        if same_person(conn, &row, arrived, &new.document).await? {
            return row.text("id").map(Some);
        }
    }
    Ok(coarser.map(str::to_owned))
}

/// A record of the same person that began at the same time and is the same within the coarser of both resolutions.
/// Decodes other files: not inside a unit of work.
pub(super) async fn coarser(
    ctx: &Ctx,
    permit: &Permit,
    arrived: &Arrived,
    document: &Document,
) -> Result<Option<String>> {
    let Some(at) = started(&document.acquired, ctx.config.centre.utc_offset_minutes) else { return Ok(None) };
    let mut candidates = Vec::new();
    {
        let mut conn = ctx.db.read(permit).await?;
        for row in conn.all(sql::SAME_TIME, args![&arrived.facility, at - APART_MS, at + APART_MS]).await? {
            if row.text("object_hash")? != arrived.object
                && same_person(&mut conn, &row, arrived, document).await?
            {
                candidates.push((row.text("id")?, row.text("object_hash")?));
            }
        }
    }
    for (id, object) in candidates {
        // One that can no longer be read is no reason to refuse the new one.
        if let Ok(other) = earlier_document(ctx, &object).await
            && document.same_recording(&other)
        {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// Equal samples alone prove nothing (a test signal of a cart is the same for everybody): the patient must be the same, or
/// be named the same in both files.
async fn same_person(conn: &mut Conn, row: &Row, arrived: &Arrived, document: &Document) -> Result<bool> {
    let patient = row.text("patient")?;
    if arrived.study.as_ref().is_some_and(|s| s.patient == patient) {
        return Ok(true);
    }
    // An order says nothing for a file that names somebody else.
    if let Some(order) = whose::wanted(conn, &arrived.facility, arrived).await?
        && order.patient == patient
        && order.differs(&seen(document)).is_empty()
    {
        return Ok(true);
    }
    let held: Value = row.json("subject")?;
    let of = |key: &str| held.get(key).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let said = seen(document);
    let number = !said.local_id.is_empty() && of("id") == said.local_id;
    let unnumbered = said.local_id.is_empty() && of("id").is_empty();
    let named = name::fold(&name::read(&of("name")).shown) == name::fold(&said.name);
    Ok(number || (unnumbered && named && !said.name.is_empty()))
}

/// Keeps the file with the record. A maker's own file takes the place of a conversion: it lost nothing. What either file says
/// of the heart stays said, and what it raises goes up. Answers the alert.
pub(super) async fn add(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    given: &Given<'_>,
    id: &str,
) -> Result<Option<String>> {
    let (arrived, document) = (given.arrived, &given.new.document);
    let source = code(document);
    // As in `assign`: the study before its recordings.
    tx.exec(sql::LOCK_STUDY, args![id]).await?;
    let file = args![
        ctx.id(),
        id,
        &arrived.facility,
        source,
        &arrived.object,
        arrived.instance_id(),
        arrived.received_at
    ];
    tx.exec(sql::ADD_RENDITION, file).await?;
    let before = tx.one(sql::SOURCE_OF, args![id]).await?;
    let held = before.text("source")?;
    let mut native = false;
    if worth(source) > worth(&held) {
        let d = with_statements(device(document), &before.json("device")?);
        let row = args![
            id,
            &arrived.object,
            &document.format,
            source,
            given.page,
            d,
            json!(document.warnings),
            &given.new.waveform
        ];
        native = tx.exec(sql::NATIVE, row).await? > 0;
    }
    if native {
        let list = document.values.iter().chain(&given.new.analysis.measured.values);
        values::add(tx, ctx, id, "", list.cloned(), &given.new.analysis.measured.doubtful).await?;
    } else {
        let d = with_statements(before.json("device")?, &device(document));
        tx.exec(sql::SET_DEVICE, args![id, d]).await?;
    }
    if let Some(study) = &arrived.study {
        tx.exec(sql::STUDY_QUEUED, args![&study.id, ctx.now()]).await?;
    }
    let detail = json!({"from": arrived.kind, "file": arrived.id, "object": arrived.object, "format": source, "native": native});
    audit::append(tx, ctx, permit, "ecg.rendition", "ecg_record", id, &detail);
    raise::higher(tx, ctx, permit, id, &given.new.analysis).await
}

/// The recorder with the statements of another file behind its own; each once.
fn with_statements(mut device: Value, other: &Value) -> Value {
    let of = |d: &Value| d.get("statements").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut all = of(&device);
    for statement in of(other) {
        if !all.contains(&statement) {
            all.push(statement);
        }
    }
    if let Some(device) = device.as_object_mut() {
        device.insert("statements".into(), all.into());
    }
    device
}

/// What a file is worth beside another one of the same recording: the recorder's own first, conversions behind.
fn worth(source: &str) -> u8 {
    match source {
        "pdf" => 0,
        "aecg" | "edf" | "wfdb" => 1,
        _ => 2,
    }
}
