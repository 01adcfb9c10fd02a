//! Demographics the owner of a record corrects (ADT^A08, A31): the old values go into the audit as a hash, never as text.

use serde_json::json;

use super::key::find_by;
use super::link::Seen;
use super::sql;
use crate::access::Permit;
use crate::ctx::Ctx;
use crate::digest::sha256_hex;
use crate::fault::{Fault, Result};
use crate::storage::Tx;
use crate::{args, audit};

/// Overwrites what the facility says about its own patient; empty text keeps the held value. Answers the row id.
pub async fn update(tx: &mut Tx, ctx: &Ctx, permit: &Permit, facility: &str, seen: &Seen) -> Result<String> {
    let row = tx
        .opt(sql::FIND, args![facility, seen.local_id.trim()])
        .await?
        .ok_or_else(|| Fault::not_found("patient"))?;
    let id = row.text("id")?;
    let or = |held: String, said: &str| if said.is_empty() { held } else { said.to_owned() };
    let (name, sex, birth) = (row.text("name")?, row.text("sex")?, row.text("birth_date")?);
    let before = sha256_hex(format!("{name}|{sex}|{birth}").as_bytes());
    let mut changed = Vec::new();
    for (what, held, said) in
        [("name", &name, &seen.name), ("sex", &sex, &seen.sex), ("birth_date", &birth, &seen.birth_date)]
    {
        if !said.is_empty() && held != said {
            changed.push(what);
        }
    }
    let new_name = or(name, &seen.name);
    tx.exec(
        sql::OVERWRITE,
        args![
            &id,
            new_name,
            or(row.text("pinyin")?, &seen.pinyin),
            &seen.initials,
            or(sex, &seen.sex),
            or(birth, &seen.birth_date),
            or(row.text("national_id")?, &seen.national_id),
            or(row.text("phone")?, &seen.phone),
            row.text("person")?,
            ctx.now()
        ],
    )
    .await?;
    find_by(tx, &id, &seen.forms()).await?;
    if !changed.is_empty() {
        audit::append(
            tx,
            ctx,
            permit,
            "patient.update",
            "patient",
            &id,
            &json!({"changed": changed, "before": before}),
        );
    }
    Ok(id)
}
