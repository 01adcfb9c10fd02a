//! Damaged objects as their page shows them, and what a person does about one: looks again, brings the bytes back, notes whom
//! they asked. Stored files are never changed by it: bytes that come back must hash to the address.

use serde::Serialize;
use serde_json::json;
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::storage::blob_audit::Found;
use yigong_base::storage::spool::Spooled;
use yigong_base::storage::{Conn, Row};
use yigong_base::{Ctx, args, audit};

use super::{BOX_MS, LIVE, MANY, mark, sql};

/// A damaged object and one thing that needs it.
#[derive(Debug, Clone, Serialize)]
pub struct Hurt {
    /// Address; also the name of the file under `objects/ab/`.
    pub address: String,
    /// `hash`, `missing`, `unreadable`.
    pub kind: String,
    /// When it was found, ms.
    pub found_at: i64,
    /// What needs it: `image`, `report`, `ecg`, `held`, `picture`; `none` = no row any more.
    pub used_by: String,
    /// The image.
    pub image: Option<Image>,
    /// What a person noted.
    pub note: String,
    /// Who.
    pub note_by: Option<String>,
    /// When, ms.
    pub note_at: Option<i64>,
}

/// An image whose bytes are damaged.
#[derive(Debug, Clone, Serialize)]
pub struct Image {
    /// SOP Instance UID, by which the sender finds it.
    pub uid: String,
    /// Series number.
    pub series_number: Option<i64>,
    /// Instance number.
    pub number: Option<i64>,
    /// Bytes.
    pub size: i64,
    /// It is shown; else hidden or an older version.
    pub current: bool,
    /// When it came, ms.
    pub received_at: i64,
    /// Who sent it.
    pub sender: String,
    /// Study row, for those who may see studies.
    pub study: String,
    /// Patient, for those who may see studies.
    pub patient_name: String,
    /// `YYYYMMDD`.
    pub study_date: String,
    /// Modality.
    pub modality: String,
    /// Facility name.
    pub facility_name: String,
}

/// Who may see to damaged objects: administrators, quality officers, leads.
///
/// # Errors
/// `Denied`.
pub fn require(permit: &Permit) -> Result<()> {
    let rights = [Right::Administer, Right::QcRecords, Right::Lead];
    if rights.into_iter().any(|right| permit.may(right)) { Ok(()) } else { Err(Fault::denied("keeping")) }
}

/// Damaged objects in scope, newest first; names only for those who may see studies. Objects that are no images belong to no
/// facility: they are shown to those who see every facility.
///
/// # Errors
/// Storage faults.
pub async fn list(conn: &mut Conn, permit: &Permit) -> Result<Vec<Hurt>> {
    let named = permit.may(Right::ViewReports);
    conn.all(sql::HURT, args![permit.scope()]).await?.iter().map(|row| hurt(row, named)).collect()
}

fn hurt(row: &Row, named: bool) -> Result<Hurt> {
    let with = |column: &str| if named { row.text(column) } else { Ok(String::new()) };
    let image = match row.opt_text("uid")? {
        Some(uid) => Some(Image {
            uid,
            series_number: row.opt_int("series_number")?,
            number: row.opt_int("number")?,
            size: row.int("size_bytes")?,
            current: row.flag("current")?,
            received_at: row.int("received_at")?,
            sender: row.opt_text("sender")?.unwrap_or_default(),
            study: with("study")?,
            patient_name: with("patient_name")?,
            study_date: row.text("study_date")?,
            modality: row.text("modality")?,
            facility_name: row.text("facility_name")?,
        }),
        None => None,
    };
    Ok(Hurt {
        address: row.text("address")?,
        kind: row.text("kind")?,
        found_at: row.int("found_at")?,
        used_by: row.text("used_by")?,
        image,
        note: row.text("note")?,
        note_by: row.opt_text("note_by_name")?,
        note_at: row.opt_int("note_at")?,
    })
}

/// Hashes a marked object again now, and takes the mark away when it is whole, or when nothing needs it and it is gone.
///
/// # Errors
/// `Denied`; `NotFound` for an object that is not marked or outside the scope; storage faults.
pub async fn recheck(ctx: &Ctx, permit: &Permit, address: &str) -> Result<&'static str> {
    marked(ctx, permit, address).await?;
    let found = ctx.blobs.disk().rehash(address).await?;
    let needed = ctx.db.read(permit).await?.opt(sql::IS_NAMED, args![address]).await?.is_some();
    if found == Found::Missing && !needed {
        mark(ctx, permit, address, Found::Sound).await?;
        return Ok("gone");
    }
    mark(ctx, permit, address, found).await?;
    let mut tx = ctx.db.begin(permit).await?;
    if found != Found::Sound {
        tx.exec(sql::KIND, args![address, found.as_str()]).await?;
    }
    let detail = json!({"found": found.as_str()});
    audit::append(&mut tx, ctx, permit, "object.recheck", "object", address, &detail);
    tx.commit().await?;
    ctx.live.changed(LIVE, address, permit.facility());
    tell_study(ctx, permit, address).await?;
    Ok(found.as_str())
}

/// What hashing a whole study again found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Objects hashed.
    pub checked: u64,
    /// Of them changed, missing or unreadable.
    pub wrong: u64,
    /// Objects that the time did not suffice for.
    pub left: u64,
}

/// Hashes every object of a study in scope again now, for two minutes at most, without waiting for the scrubber.
///
/// # Errors
/// `Denied`; `NotFound` outside the scope; storage faults.
pub async fn check_study(ctx: &Ctx, permit: &Permit, study: &str) -> Result<Checked> {
    require(permit)?;
    let rows = ctx.db.read(permit).await?.all(sql::OBJECTS_OF, args![study, permit.scope()]).await?;
    if rows.is_empty() {
        return Err(Fault::not_found("study"));
    }
    let (began, mut seen) = (ctx.now(), Checked { checked: 0, wrong: 0, left: rows.len() as u64 });
    let mut all = Vec::with_capacity(rows.len());
    for row in &rows {
        if ctx.now().abs_diff(began) > BOX_MS.unsigned_abs() {
            break;
        }
        let address = row.text("address")?;
        let found = ctx.blobs.disk().rehash(&address).await?;
        seen.checked += 1;
        seen.left -= 1;
        seen.wrong += u64::from(found != Found::Sound);
        all.push((address, found));
    }
    let away = all.iter().filter(|(_, found)| matches!(found, Found::Missing | Found::Unreadable)).count();
    if away >= MANY && away * 2 > all.len() {
        // A disk that is not there is no damage of the study.
        return Err(Fault::storage(format!(
            "{away} of {} objects are away: is the volume there?",
            all.len()
        )));
    }
    for (address, found) in all {
        mark(ctx, permit, &address, found).await?;
    }
    let mut tx = ctx.db.begin(permit).await?;
    audit::append(&mut tx, ctx, permit, "study.recheck", "study", study, &json!(seen));
    tx.commit().await?;
    ctx.live.changed("imaging", study, permit.facility());
    Ok(seen)
}

/// Puts bytes from a backup in the place of a marked object: only those that hash to its address, and they are read back.
/// `content` are the hashes of what was spooled: its BLAKE3, and its SHA-256 for objects from before decision 0057.
///
/// # Errors
/// As [`recheck`]; `Conflict` `other_content` for other bytes, of which nothing is kept.
pub async fn restore(
    ctx: &Ctx,
    permit: &Permit,
    address: &str,
    spooled: Spooled,
    content: &[String],
) -> Result<&'static str> {
    marked(ctx, permit, address).await?;
    if !content.iter().any(|hash| hash == address) {
        return Err(Fault::conflict("other_content", "its hash is not the name of the object"));
    }
    let kept = ctx.blobs.keep(spooled).await?;
    if kept != address {
        ctx.blobs.disk().under_older_name(&kept, address).await?;
    }
    let mut tx = ctx.db.begin(permit).await?;
    audit::append(&mut tx, ctx, permit, "object.restored", "object", address, &json!({}));
    tx.commit().await?;
    recheck(ctx, permit, address).await
}

/// A sender brought a marked object again, and its file took the place of the one that was damaged: it is looked at at once.
///
/// # Errors
/// Storage faults.
pub async fn came_again(ctx: &Ctx, permit: &Permit, address: &str) -> Result<()> {
    let found = ctx.blobs.disk().rehash(address).await?;
    mark(ctx, permit, address, found).await?;
    tell_study(ctx, permit, address).await
}

/// Notes what was done about a marked object; an empty text takes the note away.
///
/// # Errors
/// As [`recheck`]; `Invalid` for more than 500 characters.
pub async fn note(ctx: &Ctx, permit: &Permit, address: &str, text: &str) -> Result<()> {
    marked(ctx, permit, address).await?;
    let text = text.trim();
    if text.chars().count() > 500 {
        return Err(Fault::invalid("note", "at most 500 characters"));
    }
    let mut tx = ctx.db.begin(permit).await?;
    tx.exec(sql::NOTE, args![address, text, permit.who(), ctx.now()]).await?;
    audit::append(&mut tx, ctx, permit, "object.note", "object", address, &json!({"note": text}));
    tx.commit().await?;
    ctx.live.changed(LIVE, address, permit.facility());
    Ok(())
}

/// The right, and a marked object in scope.
///
/// # Errors
/// As [`recheck`].
pub async fn marked(ctx: &Ctx, permit: &Permit, address: &str) -> Result<()> {
    require(permit)?;
    let mut conn = ctx.db.read(permit).await?;
    let found = conn.opt(sql::MARKED, args![address, permit.scope()]).await?;
    found.map(|_| ()).ok_or_else(|| Fault::not_found("damaged object"))
}

/// Pages that show the study fetch it again.
async fn tell_study(ctx: &Ctx, permit: &Permit, address: &str) -> Result<()> {
    for row in ctx.db.read(permit).await?.all(sql::STUDIES_OF, args![address]).await? {
        ctx.live.changed("imaging", &row.text("study")?, &row.text("facility")?);
    }
    Ok(())
}
