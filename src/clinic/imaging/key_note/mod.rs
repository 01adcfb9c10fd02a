//! The key images of a signed report as a DICOM object of the study (decision 0062): a Key Object Selection that C-FIND, QIDO-RS,
//! WADO-RS, C-MOVE and the outbox treat like any other instance, so that other archives and viewers show the same images.

pub mod sql;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::digest;
use yigong_base::fault::Result;
use yigong_base::jobs::{self, Job};
use yigong_base::site::Peer;
use yigong_base::storage::{Conn, Row, Tx};
use yigong_base::{Ctx, args, audit};
use yigong_formats::dicom::key_objects::{Key, Selection};
use yigong_formats::dicom::{tag, uid};

use super::check::{Checked, check};
use super::enter::New;
use super::outbox;
use super::pixels::Pixels;
use super::reconcile::{as_found, recount};
use crate::centre::time_of;
use crate::report::commit;

/// The job (key = study); the report slice puts it when a report is signed.
pub const JOB: &str = "key_note";
/// The sender of what this program makes itself, in the rows of its instances.
pub const MADE_HERE: &str = "";

/// A mark of a reader as it stood when the report was signed ([`commit::marks`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    instance: String,
    frame: i64,
    note: String,
}

/// The images of a study changed: its selection, if it has one or gets one, is looked at again. The marks stay the signed ones.
///
/// # Errors
/// Storage faults.
pub async fn follow(tx: &mut Tx, ctx: &Ctx, study: &str) -> Result<()> {
    let pending = tx.opt(sql::PENDING, args![study]).await?;
    if pending.is_none() && tx.opt(sql::KNOWN, args![study, series_of(study), ""]).await?.is_none() {
        return Ok(());
    }
    // The payload of a job that has not ended is handed on: this one may take its place.
    let payload = pending.map_or(Ok(Value::Null), |row| row.json("payload"))?;
    jobs::enqueue(tx, ctx, Job::new(JOB, study).payload(payload)).await
}

/// Makes the selection of a study's key images, or takes it away when there are none any more. The object is named by its content:
/// doing it twice changes nothing, and other marks give another object, which takes the place of the one before. `payload` has
/// the marks of the report; without them those of the selection before count, for a change of the images only.
///
/// # Errors
/// Storage faults; the job is tried again.
pub async fn make(ctx: &Ctx, study: &str, payload: &Value) -> Result<()> {
    let permit = Permit::system(JOB);
    let mut read = ctx.db.read(&permit).await?;
    let Some(row) = read.opt(sql::STUDY, args![study]).await? else { return Ok(()) };
    let series = series_of(study);
    let mut kept = match read.opt(sql::KNOWN, args![study, &series, ""]).await? {
        Some(known) => known.json("attributes")?,
        None => Value::Null,
    };
    let marks: Vec<Signed> = match payload.get("marks").or_else(|| kept.get("marks")) {
        Some(marks) => serde_json::from_value(marks.clone())?,
        // Put or made by a version that did not keep them.
        None => serde_json::from_value(commit::marks(&mut read, study).await?)?,
    };
    let (keys, notes) = selected(&mut read, study, &marks).await?;
    let patient = Identity::of(&row)?;
    let instance = match keys.as_slice() {
        [] => String::new(),
        keys => derived(&format!("yigong selection of {study} {patient:?} {keys:?} {notes}")),
    };
    let known = read.opt(sql::KNOWN, args![study, &series, &instance]).await?;
    drop(read);
    let (held, made) = match &known {
        Some(known) => (Some(known.text("series")?), known.opt_text("instance")?),
        None => (None, None),
    };
    let object = if keys.is_empty() || made.is_some() {
        None
    } else {
        let bytes = selection(ctx, (&row, &patient), &series, &instance, &keys, &notes)?;
        Some(keep(ctx, &bytes).await?)
    };
    let mut tx = ctx.db.begin(&permit).await?;
    let (of_series, shown) = match (held, &object) {
        (held, Some(object)) => insert(&mut tx, ctx, &permit, &row, held, object).await?,
        (Some(held), None) => (held, made.unwrap_or_default()),
        // Nothing was ever marked.
        (None, None) => return Ok(()),
    };
    let changed = tx.exec(sql::SHOW_ONLY, args![&of_series, &shown]).await? > 0 || object.is_some();
    if let Value::Object(map) = &mut kept {
        map.insert("marks".into(), json!(marks));
    } else {
        kept = json!({"marks": marks});
    }
    tx.exec(sql::KEEP_MARKS, args![&of_series, kept]).await?;
    if !changed {
        return tx.commit().await;
    }
    recount(&mut tx, study).await?;
    let detail = json!({"images": keys.len(), "uid": instance});
    audit::append(&mut tx, ctx, &permit, "key_note.make", "study", study, &detail);
    // Peers that get the study by a rule get the selection too.
    jobs::enqueue(&mut tx, ctx, Job::new(outbox::rules::ANNOUNCE, study)).await?;
    tx.commit().await?;
    ctx.live.changed("imaging", study, &row.text("facility")?);
    Ok(())
}

/// The UID of the series that has the selections of a study.
fn series_of(study: &str) -> String {
    derived(&format!("yigong key images of {study}"))
}

/// Keeps the object as one that was received: scanned, hashed, durable before its rows.
async fn keep(ctx: &Ctx, bytes: &[u8]) -> Result<(Checked, u64, String)> {
    let mut spool = ctx.blobs.scratch()?;
    spool.write(bytes).await?;
    let spooled = spool.finish().await?;
    let (checked, size) = (check(&spooled).await?, spooled.len);
    Ok((checked, size, ctx.blobs.keep(spooled).await?))
}

/// The images that are still shown, with their frames, and the notes of the readers, one line each.
async fn selected(conn: &mut Conn, study: &str, marks: &[Signed]) -> Result<(Vec<Key>, String)> {
    let (mut keys, mut notes) = (Vec::<Key>::new(), Vec::new());
    for Signed { instance, frame, note } in marks {
        let Some(row) = conn.opt(sql::IMAGE, args![instance, study]).await? else { continue };
        let (uid, frame) = (row.text("uid")?, *frame);
        let several = row.int("frames")? > 1;
        if !note.is_empty() {
            let place = |n: Option<i64>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
            let frame = if several { format!(" ({frame})") } else { String::new() };
            let (s, i) = (place(row.opt_int("series_number")?), place(row.opt_int("number")?));
            notes.push(format!("S{s} I{i}{frame}: {note}"));
        }
        match keys.last_mut().filter(|k| k.sop_instance == uid) {
            Some(key) => key.frames.push(frame),
            None => keys.push(Key {
                series: row.text("series_uid")?,
                sop_class: row.text("sop_class")?,
                sop_instance: uid,
                frames: if several { vec![frame] } else { Vec::new() },
            }),
        }
    }
    Ok((keys, notes.join("\n")))
}

/// The patient as the images of the study say it and queries answer it: one Study Instance UID has one Patient ID at every
/// archive. The words the patient's row has for an id that names nobody never leave.
#[derive(Debug, Default)]
struct Identity {
    name: String,
    id: String,
    sex: String,
    birth_date: String,
}

impl Identity {
    fn of(row: &Row) -> Result<Self> {
        let mut all = Self::default();
        for (tag, _, word) in as_found(row, row)? {
            match tag {
                tag::PATIENT_NAME => all.name = word,
                tag::PATIENT_ID => all.id = word,
                tag::SEX => all.sex = word,
                tag::BIRTH_DATE => all.birth_date = word,
                _ => {}
            }
        }
        Ok(all)
    }
}

fn selection(
    ctx: &Ctx,
    (row, patient): (&Row, &Identity),
    series: &str,
    instance: &str,
    keys: &[Key],
    notes: &str,
) -> Result<Vec<u8>> {
    let at = time_of(row.int("signed_at")?, ctx.config.centre.utc_offset_minutes);
    let date = format!("{:04}{:02}{:02}", at.year(), u8::from(at.month()), at.day());
    let time = format!("{:02}{:02}{:02}", at.hour(), at.minute(), at.second());
    Ok(Selection {
        study: &row.text("uid")?,
        series,
        instance,
        patient_name: &patient.name,
        patient_id: &patient.id,
        sex: &patient.sex,
        birth_date: &patient.birth_date,
        accession: &row.text("accession")?,
        study_id: &row.text("study_id")?,
        study_date: &row.text("study_date")?,
        study_time: &row.text("study_time")?,
        description: &row.text("description")?,
        content_date: &date,
        content_time: &time,
        number: row.int("current_version")?,
        institution: &ctx.config.centre.name,
        observer: &row.text("signer")?,
        notes,
        software: env!("CARGO_PKG_VERSION"),
        keys,
    }
    .part10())
}

/// Rows of the new selection, beside the images: it is no late image and opens no work. Answers the series and the instance row.
async fn insert(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    study: &Row,
    series: Option<String>,
    (checked, size, object): &(Checked, u64, String),
) -> Result<(String, String)> {
    let peer = Peer {
        id: MADE_HERE.into(),
        kind: "dicom".into(),
        facility: study.text("facility")?,
        name: String::new(),
        ae_title: None,
        app: None,
        app_facility: None,
        addresses: String::new(),
        port: None,
        policy: json!({}),
        enabled: false,
        last_seen_at: None,
    };
    let new = New {
        ctx,
        permit,
        peer: &peer,
        checked,
        object,
        size: *size,
        source: JOB,
        pixels: &Pixels::default(),
    };
    let id = study.text("id")?;
    let series = match series {
        Some(series) => series,
        None => new.new_series(tx, &id).await?,
    };
    let instance = new.insert(tx, &id, &series, 1).await?;
    Ok((series, instance))
}

/// A UID that says the same for the same words.
fn derived(words: &str) -> String {
    let mut half = [0_u8; 16];
    for (to, from) in half.iter_mut().zip(digest::sha256(words.as_bytes())) {
        *to = from;
    }
    uid::from_u128(u128::from_be_bytes(half))
}
