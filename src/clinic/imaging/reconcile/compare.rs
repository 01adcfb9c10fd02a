//! The card of a quarantine entry: everything that is known, side by side, before a person decides.

use serde_json::{Value, json};
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::patient;
use yigong_base::storage::{Conn, Reader, Row};
use yigong_base::{Ctx, args};
use yigong_formats::dicom::diff::{differences, to_json};
use yigong_formats::dicom::{FileSource, Keep, Object, name, profile, tag};

use super::super::egress;
use super::super::retrieve::of_row;
use super::{history, sql};

/// A card as JSON of the page's contract.
pub type Card = Value;

/// The card of an entry in scope.
///
/// # Errors
/// `NotFound` outside the scope; storage faults.
pub async fn card(ctx: &Ctx, permit: &Permit, entry: &str) -> Result<Card> {
    let mut conn = ctx.db.read(permit).await?;
    let row = conn
        .opt(sql::ENTRY, args![entry, permit.scope()])
        .await?
        .ok_or_else(|| Fault::not_found("quarantine entry"))?;
    let (kind, object) = (row.text("object_kind")?, row.text("object_id")?);
    let detail: Value = row.json("detail")?;
    let instance = match kind.as_str() {
        "instance" => conn.opt(sql::CARD, args![&object, permit.scope()]).await?,
        _ => None,
    };
    let study_id = match (&instance, kind.as_str()) {
        (Some(i), _) => i.text("study")?,
        (None, "study") => object.clone(),
        _ => detail.get("study").and_then(Value::as_str).unwrap_or_default().to_owned(),
    };
    let alike = conn.one(sql::ALIKE, args![entry, &study_id]).await?.int("n")?;
    let entry = Entry {
        head: json!({
            "alike": alike, "about": if kind == "instance" { object.as_str() } else { "" },
            "id": entry, "lane": row.text("lane")?, "reason": row.text("reason")?, "state": row.text("state")?, "kind": kind,
            "facility": row.text("facility")?, "peer": row.text("peer")?, "detail": detail,
        }),
        object: (kind == "object").then_some(object),
    };
    assemble(ctx, permit, conn, &study_id, instance, entry).await
}

/// The same card for any study in scope: corrections do not wait for an entry.
///
/// # Errors
/// `NotFound` outside the scope; storage faults.
pub async fn study_card(ctx: &Ctx, permit: &Permit, study: &str) -> Result<Card> {
    let mut conn = ctx.db.read(permit).await?;
    let row = conn
        .opt(sql::CARD_STUDY, args![study, permit.scope()])
        .await?
        .ok_or_else(|| Fault::not_found("study"))?;
    let head = json!({"id": "", "alike": 0, "about": "", "lane": row.text("lane")?, "reason": "", "state": "none", "kind": "study", "facility": row.text("facility")?, "peer": "", "detail": {}});
    assemble(ctx, permit, conn, study, None, Entry { object: None, head }).await
}

/// Studies in scope by a person's words or numbers, newest first.
///
/// # Errors
/// Storage faults.
pub async fn find_studies(conn: &mut Conn, permit: &Permit, words: &str) -> Result<Vec<Value>> {
    let (plain, folded) = (super::assign::like(words), super::assign::like(&name::fold(words)));
    conn.all(sql::FIND_STUDIES, args![permit.scope(), plain, folded])
        .await?
        .iter()
        .map(|r| {
            Ok(json!({
                "id": r.text("id")?, "study_date": r.text("study_date")?, "modality": r.text("modality")?, "description": r.text("description")?,
                "images": r.int("instance_count")?, "name": r.text("name")?, "local_id": r.text("local_id")?, "facility_name": r.text("facility_name")?, "state": r.text("state")?,
            }))
        })
        .collect()
}

/// The entry a card belongs to, if any.
struct Entry {
    /// A blob outside the index.
    object: Option<String>,
    head: Value,
}

async fn assemble(
    ctx: &Ctx,
    permit: &Permit,
    mut conn: Reader,
    study_id: &str,
    instance: Option<Row>,
    entry: Entry,
) -> Result<Card> {
    let study = study(&mut conn, ctx, permit, study_id).await?;
    let images = images(&mut conn, permit, study_id).await?;
    let versions = match &instance {
        Some(i) => versions(&mut conn, permit, i).await?,
        None => Vec::new(),
    };
    let past = history::history(&mut conn, permit, study_id).await?;
    let others = others(&mut conn, ctx, permit, &study).await?;
    drop(conn);
    // What the object says itself: the held one, the doubtful one, or an image of the study.
    let address = match (entry.object, &instance) {
        (Some(object), _) => Some(object),
        (None, Some(i)) => Some(i.text("object_hash")?),
        (None, None) => first_object(&images),
    };
    let said = match &address {
        // A file that cannot be read is said in words; the rest of the card still helps.
        Some(address) => said(ctx, address).await.unwrap_or(Value::Null),
        None => Value::Null,
    };
    let own = instance.as_ref().map(|i| i.text("id")).transpose()?;
    let diff = diff(ctx, permit, &versions, own.as_deref()).await?;
    let mut card = entry.head;
    let rest = json!({
        "study": study, "images": strip(images), "said": said, "versions": versions, "diff": diff, "history": past, "others": others, "now": ctx.now(),
        "may": {"link": permit.may(Right::LinkIdentity), "hide": super::hide::require(permit).is_ok(), "share": permit.may(Right::PrintShare)},
    });
    if let (Value::Object(card), Value::Object(rest)) = (&mut card, rest) {
        card.extend(rest);
    }
    Ok(card)
}

async fn study(conn: &mut Conn, ctx: &Ctx, permit: &Permit, id: &str) -> Result<Value> {
    let Some(row) = conn.opt(sql::CARD_STUDY, args![id, permit.scope()]).await? else {
        return Ok(Value::Null);
    };
    let order = match row.opt_text("order_id")? {
        Some(order) => crate::order::head::head(conn, permit, &order).await?,
        None => None,
    };
    let mut sent = Vec::new();
    for to in conn.all(sql::SENT_TO, args![id]).await? {
        sent.push(json!({"name": to.text("name")?, "at": to.opt_int("at")?, "images": to.int("images")?}));
    }
    Ok(json!({
        "sent_to": sent,
        "id": row.text("id")?, "uid": row.text("uid")?, "facility": row.text("facility")?, "state": row.text("state")?, "lane": row.text("lane")?,
        "modality": row.text("modality")?, "description": row.text("description")?, "study_date": row.text("study_date")?, "study_time": row.text("study_time")?,
        "accession": row.text("accession")?, "station": row.text("station")?, "images": row.int("instance_count")?, "series": row.int("series_count")?,
        "patient": patient::head(conn, &row.text("patient")?, ctx.now()).await?, "order": order,
    }))
}

async fn images(conn: &mut Conn, permit: &Permit, study: &str) -> Result<Vec<Value>> {
    conn.all(sql::CARD_IMAGES, args![study, permit.scope()])
        .await?
        .iter()
        .map(|r| {
            Ok(json!({
                "id": r.text("id")?, "uid": r.text("uid")?, "number": r.opt_int("number")?, "version": r.int("version")?, "current": r.flag("current")?,
                "hidden": r.text("hidden")?, "frames": r.int("frames")?, "received_at": r.int("received_at")?, "series": r.text("series")?,
                "series_number": r.opt_int("series_number")?, "modality": r.text("modality")?, "series_description": r.text("series_description")?,
                "object": r.text("object_hash")?,
            }))
        })
        .collect()
}

fn first_object(images: &[Value]) -> Option<String> {
    images.first()?.get("object")?.as_str().map(str::to_owned)
}

/// Blob addresses are the server's own.
fn strip(mut images: Vec<Value>) -> Vec<Value> {
    for image in &mut images {
        if let Value::Object(map) = image {
            map.remove("object");
        }
    }
    images
}

async fn versions(conn: &mut Conn, permit: &Permit, instance: &Row) -> Result<Vec<Value>> {
    let rows = conn.all(sql::VERSIONS, args![instance.text("facility")?, instance.text("uid")?]).await?;
    let mut all = Vec::new();
    for row in rows {
        let id = row.text("id")?;
        let Some(full) = conn.opt(sql::CARD, args![&id, permit.scope()]).await? else { continue };
        all.push(json!({
            "id": id, "version": full.int("version")?, "current": full.flag("current")?, "hidden": full.text("hidden")?, "study": full.text("study")?,
            "received_at": full.int("received_at")?, "size": full.int("size_bytes")?, "transfer_syntax": full.text("transfer_syntax")?,
            "frames": full.int("frames")?, "defects": full.json::<Value>("defects")?, "viewable": full.text("stack")? != "{}",
        }));
    }
    Ok(all)
}

/// Two versions tag by tag: the current one left, and right the one that the entry is about, else the newest of the others.
async fn diff(ctx: &Ctx, permit: &Permit, versions: &[Value], own: Option<&str>) -> Result<Value> {
    let id = |v: &Value| v.get("id").and_then(Value::as_str).map(str::to_owned);
    let current = versions.iter().find(|v| v.get("current") == Some(&json!(true))).and_then(id);
    let mut others = versions.iter().rev().filter(|v| v.get("current") == Some(&json!(false))).filter_map(id);
    let newest = others.clone().next();
    let (Some(left), Some(right)) = (current, others.find(|o| Some(o.as_str()) == own).or(newest)) else {
        return Ok(json!([]));
    };
    let (a, b) = {
        let mut conn = ctx.db.read(permit).await?;
        let a = conn.one(sql::CARD, args![&left, permit.scope()]).await?;
        let b = conn.one(sql::CARD, args![&right, permit.scope()]).await?;
        (of_row(&a)?, of_row(&b)?)
    };
    if a.damaged.is_some() || b.damaged.is_some() {
        return Ok(json!([]));
    }
    let (a, b) = (egress::object(ctx, &a).await?, egress::object(ctx, &b).await?);
    Ok(to_json(&differences(&a, &b)))
}

async fn others(conn: &mut Conn, ctx: &Ctx, permit: &Permit, study: &Value) -> Result<Vec<Value>> {
    let of = |key: &str| study.get(key).and_then(Value::as_str).unwrap_or_default();
    if study.is_null() || !permit.may(Right::LinkIdentity) {
        return Ok(Vec::new());
    }
    let patient = study.pointer("/patient/id").and_then(Value::as_str).unwrap_or_default();
    let since = ctx.now() - 2 * yigong_base::clock::DAY_MS;
    conn.all(sql::CARD_OTHERS, args![of("facility"), of("id"), patient, since, permit.scope()])
        .await?
        .iter()
        .map(|r| {
            Ok(json!({
                "id": r.text("id")?, "study_date": r.text("study_date")?, "modality": r.text("modality")?, "description": r.text("description")?,
                "images": r.int("instance_count")?, "name": r.text("name")?, "local_id": known(r.text("local_id")?),
            }))
        })
        .collect()
}

/// A number that was made for somebody unidentified is none that a person knows.
fn known(local_id: String) -> String {
    if local_id.starts_with('?') { String::new() } else { local_id }
}

/// Who the stored object says it is, and how its name reads in each set that can read it.
async fn said(ctx: &Ctx, address: &str) -> Result<Value> {
    let path = ctx.blobs.path(address)?;
    let work = tokio::task::spawn_blocking(move || {
        let file = std::fs::File::open(path).map_err(|e| Fault::io("read stored object", &e))?;
        let length = file.metadata().map_err(|e| Fault::io("read stored object", &e))?.len();
        let object = Object::read(&mut FileSource::new(file, length), None, Keep::INDEX)
            .map_err(|r| Fault::invalid(r.slug, r.detail))?;
        Ok::<_, Fault>(identity(&object))
    });
    work.await.map_err(|_| Fault::internal("reading a stored object stopped"))?
}

fn identity(object: &Object) -> Value {
    let root = object.root();
    let raw = root.bytes(tag::PATIENT_NAME).unwrap_or_default();
    let readings: Vec<Value> = profile::readings(raw, true)
        .into_iter()
        .map(|(set, text)| json!({"charset": set, "name": name::read(&text).shown}))
        .collect();
    let c = &object.charset;
    json!({
        "patient_id": root.text(tag::PATIENT_ID).trim(), "name": name::read(&root.text(tag::PATIENT_NAME)).shown, "sex": root.text(tag::SEX),
        "birth_date": root.text(tag::BIRTH_DATE), "accession": root.text(tag::ACCESSION), "study_date": root.text(tag::STUDY_DATE),
        "description": root.text(tag::STUDY_DESCRIPTION), "institution": root.text(tag::INSTITUTION), "station": root.text(tag::STATION),
        "defects": object.defects.slugs(), "readings": readings,
        "charset": {"declared": c.declared, "used": c.charset.term(), "how": c.how.as_str(), "confidence": c.confidence},
    })
}
