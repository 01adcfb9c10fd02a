//! Rejection notes of devices (IHE IOCM, RAD-66 and RAD-67): a Key Object Selection that arrives like any other object hides
//! what it names. Nothing is deleted, an operator sees it in the quarantine and can undo it.

use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::clock::{DAY_MS, MINUTE_MS};
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{self, Job};
use yigong_base::site::peer;
use yigong_base::storage::{Conn, Tx};
use yigong_base::{Ctx, args};
use yigong_formats::dicom::rejection::{self, Rejection};
use yigong_formats::dicom::{Object, uid};

use super::super::quarantine::{self, Entry};
use super::{hide, sql};

/// The job that reads a Key Object Selection; its key is the instance's row.
pub const JOB: &str = "rejection_note";
/// A note may overtake the images it names: those are waited for this long.
const WAIT_MS: i64 = DAY_MS;
/// Between two looks for them.
const PAUSE_MS: i64 = 10 * MINUTE_MS;
/// Bytes of a note at most: it names objects and holds no pixels.
const LARGEST: i64 = 16 << 20;

/// Who sent a note: a registered device, or a person or token over the web.
struct Sender {
    id: String,
    ae_title: String,
    name: String,
}

async fn sender(conn: &mut Conn, id: &str) -> Result<Sender> {
    match peer::find(conn, id).await {
        Ok(peer) => {
            let ae_title = peer.ae_title.unwrap_or_else(|| peer.name.clone());
            Ok(Sender { id: peer.id, ae_title, name: peer.name })
        }
        // By STOW-RS, or of a device that was taken out of the list since: the note counts all the same.
        Err(Fault::NotFound { .. }) => Ok(Sender { id: id.into(), ae_title: id.into(), name: id.into() }),
        Err(fault) => Err(fault),
    }
}

/// Hides what the note `instance` rejects, and the note itself: it is a message to archives, not an image to read. `payload`
/// holds the instances an earlier run has not found. An object with another title changes nothing.
///
/// # Errors
/// Storage faults, and `in_reading` while somebody reads a study of which nothing would be left; the job is tried again.
pub async fn reject_by_note(ctx: &Ctx, instance: &str, payload: &Value) -> Result<()> {
    let system = Permit::system("rejection");
    let mut read = ctx.db.read(&system).await?;
    let Some(row) = read.opt(sql::NOTE, args![instance]).await? else { return Ok(()) };
    let sender = sender(&mut read, &row.text("peer")?).await?;
    drop(read);
    if row.int("size_bytes")? > LARGEST {
        tracing::warn!(instance, "a key object selection is too large to be a rejection note");
        return Ok(());
    }
    let Some(note) = of(ctx, &row.text("object_hash")?).await? else { return Ok(()) };
    let (facility, study) = (row.text("facility")?, row.text("study")?);
    // It speaks for the facility that it was received for, and for nobody else.
    let permit = Permit::peer(&sender.ae_title, &facility);
    let waiting: Option<Vec<String>> =
        payload.get("left").map(|left| serde_json::from_value(left.clone())).transpose()?;
    let first = waiting.is_none();
    let wanted =
        waiting.unwrap_or_else(|| note.objects.iter().map(|(_, _, instance)| instance.clone()).collect());
    let why = format!("{} {} ({})", note.why.code(), hide::meaning(note.why.code()), sender.name);
    let mut tx = ctx.db.begin(&permit).await?;
    let (mut found, mut left) = (Vec::new(), Vec::new());
    for one in wanted {
        // One that is hidden already, or was and came back, is not waited for.
        let known = tx.opt(sql::KNOWN, args![&facility, &one]).await?.is_some();
        if known { &mut found } else { &mut left }.push(one);
    }
    if first && row.flag("current")? {
        hide::apply(&mut tx, ctx, &permit, &study, &[instance.to_owned()], note.why.code(), &why).await?;
        tx.exec(sql::NOT_LATE, args![&study]).await?;
    }
    let named: Vec<(String, String)> = note
        .objects
        .iter()
        .filter(|(.., i)| found.contains(i))
        .map(|(s, _, i)| (s.clone(), i.clone()))
        .collect();
    hide::reject(&mut tx, ctx, &permit, &named, note.why.code(), &why).await?;
    if first {
        show(&mut tx, ctx, &permit, (&sender.id, &facility), (instance, &note, left.len())).await?;
    }
    if !left.is_empty() && ctx.now() < row.int("received_at")? + WAIT_MS {
        let again = Job::new(JOB, instance).at(ctx.now() + PAUSE_MS).payload(json!({"left": left}));
        jobs::enqueue(&mut tx, ctx, again).await?;
    }
    tx.commit().await?;
    ctx.live.changed("imaging", &study, &facility);
    Ok(())
}

/// The rejection that a stored object holds.
async fn of(ctx: &Ctx, object: &str) -> Result<Option<Rejection>> {
    let bytes = ctx.blobs.read(object).await?;
    let read = tokio::task::spawn_blocking(move || match Object::parse(&bytes, None) {
        Ok(object) => rejection::of(&object),
        Err(refusal) => {
            tracing::warn!(slug = refusal.slug, "a key object selection cannot be read");
            None
        }
    });
    read.await.map_err(|_| Fault::internal("reading a key object selection stopped"))
}

/// An entry for the operator at each study something was hidden of: it holds nobody back.
async fn show(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    (sender, facility): (&str, &str),
    (instance, note, missing): (&str, &Rejection, usize),
) -> Result<()> {
    let mut studies: Vec<&str> = note.objects.iter().map(|(study, ..)| study.as_str()).collect();
    studies.sort_unstable();
    studies.dedup();
    for uid in studies {
        let Some(study) = tx.opt(super::super::sql::STUDY_OF_UID, args![facility, uid]).await? else {
            continue;
        };
        let study = study.text("id")?;
        let detail = json!({"study": study, "code": note.why.code(), "note": instance, "objects": note.objects.len(), "missing": missing});
        let entry = Entry { peer: sender, ..Entry::of_study("defect", REASON, facility, &study, detail) };
        quarantine::open(tx, ctx, permit, &entry).await?;
        quarantine::relane(tx, &study).await?;
    }
    Ok(())
}

/// Slug of the entry.
const REASON: &str = "rejection-note";

/// Whether an object may be a rejection note.
pub(in crate::imaging) fn may_reject(sop_class: &str) -> bool {
    sop_class == uid::KEY_OBJECT_SELECTION
}
