//! Text that could not be read for certain: one act sets the character set of the device and reads its waiting images again.
//! Bytes stay; on the way out the objects carry the right label (specification §3).

use serde_json::{Value, json};
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_base::jobs::{self, Job};
use yigong_base::site::peer::{self, Peer};
use yigong_base::storage::{Row, Tx};
use yigong_base::{Ctx, args};
use yigong_formats::dicom::{Header, Vr, name, tag, text};

use super::super::check::{Checked, check_in};
use super::super::sql::QUARANTINE_CLOSE;
use super::chain::{self, Act};
use super::place::rest;
use super::sql;

/// Sets the character set of the peer that an entry came from; the job `charset` reads its waiting images again.
/// Answers the peer.
///
/// # Errors
/// `Invalid` for an unknown set; `NotFound` outside the facility.
pub async fn fix_charset(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    entry: &str,
    term: &str,
    why: &str,
) -> Result<String> {
    permit.require(Right::LinkIdentity)?;
    chain::reasoned(why)?;
    let values: Vec<String> = term.split('\\').map(|v| v.trim().to_owned()).collect();
    if term.trim().is_empty() || text::parse(&values).is_none() {
        return Err(Fault::invalid("charset", "a defined term of PS3.3 C.12.1.1.2, for example GB18030"));
    }
    let row = tx
        .opt(sql::ENTRY, args![entry, permit.scope()])
        .await?
        .ok_or_else(|| Fault::not_found("quarantine entry"))?;
    let mut sender = match peer::find(tx, &row.text("peer")?).await {
        Err(Fault::NotFound { .. }) => {
            return Err(Fault::conflict("no_device", "it came over the web: no device profile to correct"));
        }
        found => found?,
    };
    if let Value::Object(policy) = &mut sender.policy {
        policy.insert("charset".into(), term.into());
    } else {
        sender.policy = json!({"charset": term});
    }
    peer::update(tx, ctx, permit, &sender).await?;
    let payload = json!({"who": permit.who(), "why": why.trim(), "charset": term});
    jobs::enqueue(tx, ctx, Job::new("charset", sender.id.as_str()).payload(payload)).await?;
    Ok(sender.id)
}

/// The job `charset` (key = peer): every waiting image of the peer is read again in its profile's set, a study at a time.
///
/// # Errors
/// Storage faults; the job is tried again.
pub async fn reindex(ctx: &Ctx, peer: &str, payload: &Value) -> Result<()> {
    let permit = Permit::system("charset");
    let (sender, waiting) = {
        let mut conn = ctx.db.read(&permit).await?;
        (peer::find(&mut conn, peer).await?, conn.all(sql::CHARSET_ENTRIES, args![peer]).await?)
    };
    let Some(term) = sender.policy_text("charset").map(str::to_owned) else { return Ok(()) };
    let mut rest: &[Row] = &waiting;
    while let Some(first) = rest.first() {
        let study = first.text("study")?;
        let n = rest.iter().take_while(|r| r.text("study").is_ok_and(|s| s == study)).count();
        let (these, later) = rest.split_at(n.max(1));
        rest = later;
        let mut read = Vec::new();
        for row in these {
            let path = ctx.blobs.path(&row.text("object_hash")?)?;
            let set = term.clone();
            let work = tokio::task::spawn_blocking(move || check_in(&path, Some(&set)));
            match work.await.map_err(|_| Fault::internal("reading again stopped"))? {
                // What is in doubt in this set, too, or is not in it at all, goes on waiting.
                Ok(checked) if is_read_in(checked.header.charset(), &term) => read.push((row, checked)),
                Ok(checked) => {
                    let used = checked.header.charset().charset.term();
                    tracing::info!(instance = %row.text("object_id")?, used, "charset.stays");
                }
                Err(fault) => tracing::warn!(error = %fault, "charset.unread"),
            }
        }
        again(ctx, &permit, &sender, &study, &term, &read, payload).await?;
    }
    Ok(())
}

/// Whether text was read in the set that the device was given.
fn is_read_in(read: &text::Decision, term: &str) -> bool {
    let values: Vec<String> = term.split('\\').map(|v| v.trim().to_owned()).collect();
    read.how == text::How::Profile
        || text::parse(&values).is_some_and(|(set, _)| set.term() == read.charset.term())
}

async fn again(
    ctx: &Ctx,
    permit: &Permit,
    sender: &Peer,
    study: &str,
    term: &str,
    read: &[(&Row, Checked)],
    payload: &Value,
) -> Result<()> {
    let Some((_, first)) = read.first() else { return Ok(()) };
    let mut tx = ctx.db.begin(permit).await?;
    let row = chain::owned(&mut tx, permit, study).await?;
    let (mut entries, mut charsets, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for (entry, checked) in read {
        let (id, series) = (entry.text("object_id")?, entry.text("series")?);
        charsets.push(
            json!({"id": id, "charset": tx.one(sql::CHARSET, args![&id]).await?.json::<Value>("charset")?}),
        );
        entries.push(entry.text("id")?);
        let c = checked.header.charset();
        let now = json!({"declared": c.declared, "used": c.charset.term(), "how": c.how.as_str(), "confidence": c.confidence});
        tx.exec(sql::SET_CHARSET, args![&id, now]).await?;
        if !texts.iter().any(|t: &Value| t.get("id").and_then(Value::as_str) == Some(series.as_str())) {
            let held = tx.one(sql::SERIES_TEXT, args![&series]).await?.text("description")?;
            texts.push(json!({"id": series, "description": held}));
            tx.exec(sql::SET_SERIES_TEXT, args![&series, checked.header.text(tag::SERIES_DESCRIPTION)])
                .await?;
        }
        tx.exec(QUARANTINE_CLOSE, args![entry.text("id")?, "released", ctx.now(), permit.who()]).await?;
    }
    let names = rename(&mut tx, ctx, &row, &first.header).await?;
    let why = payload
        .get("why")
        .and_then(Value::as_str)
        .filter(|w| !w.is_empty())
        .unwrap_or("character set of the device");
    let act = Act {
        operation: "fix_charset",
        study,
        other: None,
        why,
        detail: json!({"charset": term, "peer": sender.name, "images": read.len(), "asked_by": payload.get("who")}),
        before: json!({"entries": entries, "charsets": charsets, "series_text": texts, "study_text": [study_text(&row)?], "names": names}),
        undoes: None,
    };
    let written = chain::write(&mut tx, ctx, permit, &sender.facility, &act).await?;
    reword(&mut tx, study, &row, &first.header).await?;
    let words = [(tag::CHARSET, Vr::CS, Some(term.to_owned()))];
    for (entry, _) in read {
        chain::say(&mut tx, &written, "instance", &entry.text("object_id")?, &words).await?;
    }
    rest(&mut tx, ctx, study).await?;
    tx.commit().await?;
    ctx.live.changed("imaging", study, &sender.facility);
    Ok(())
}

fn study_text(row: &Row) -> Result<Value> {
    Ok(json!({
        "id": row.text("id")?, "description": row.text("description")?, "referring": row.text("referring")?,
        "body_part": row.text("body_part")?, "attributes": row.json::<Value>("attributes")?,
    }))
}

/// Description, referring physician and the name as sent, read in the new set.
async fn reword(tx: &mut Tx, study: &str, row: &Row, h: &Header) -> Result<()> {
    let mut attributes: Value = row.json("attributes")?;
    let named = super::super::egress::Overlay::of(&row.text("overlay")?, "")?;
    if let Value::Object(map) = &mut attributes {
        // A name that a person gave the study stays; the device's own is kept beside it.
        if named.value(&tag::PATIENT_NAME.to_string()).is_none() {
            map.insert("patient_name".into(), h.name.raw.clone().into());
        }
        map.insert("name_fold".into(), name::fold(&h.name.shown).into());
        map.insert("name_pinyin".into(), h.name.pinyin.clone().into());
        map.insert("han".into(), h.name.ideographic.is_some().into());
        map.insert("institution".into(), h.text(tag::INSTITUTION).into());
    }
    let body_part = h.text(tag::BODY_PART);
    tx.exec(
        sql::SET_STUDY_TEXT,
        args![study, h.text(tag::STUDY_DESCRIPTION), h.text(tag::REFERRING), body_part, attributes],
    )
    .await?;
    Ok(())
}

/// The patient's name, when it is the misread one of this study; a name from an order or a person stays.
async fn rename(tx: &mut Tx, ctx: &Ctx, row: &Row, h: &Header) -> Result<Value> {
    let patient = row.text("patient")?;
    let held = tx.one(sql::NAME, args![&patient]).await?;
    let sent: Value = row.json("attributes")?;
    let misread = sent.get("name_fold").and_then(Value::as_str).unwrap_or_default().to_owned();
    if misread.is_empty() || name::fold(&held.text("name")?) != misread {
        return Ok(json!([]));
    }
    tx.exec(sql::SET_NAME, args![&patient, &h.name.shown, &h.name.pinyin, &h.name.initials, ctx.now()])
        .await?;
    Ok(
        json!([{"id": patient, "name": held.text("name")?, "pinyin": held.text("pinyin")?, "initials": held.text("initials")?}]),
    )
}
