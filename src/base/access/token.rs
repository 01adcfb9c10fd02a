//! Machine tokens bound to a facility (`reports:read`).

use serde_json::json;

use super::permit::Permit;
use super::sql;
use crate::args;
use crate::audit;
use crate::ctx::Ctx;
use crate::digest::sha256_hex;
use crate::fault::{Fault, Result};
use crate::storage::Tx;

/// Scopes that exist.
pub const SCOPES: &[&str] = &["reports:read", "images:read", "images:write", "orders:write"];

/// Creates a token with the given secret; only its hash is stored.
pub async fn create(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    name: &str,
    facility: &str,
    scopes: &[String],
    secret: &str,
) -> Result<String> {
    if let Some(wrong) = scopes.iter().find(|s| !SCOPES.contains(&s.as_str())) {
        return Err(Fault::invalid("scope", format!("{wrong} is unknown; there are {}", SCOPES.join(", "))));
    }
    let id = ctx.id();
    tx.exec(
        sql::INSERT_TOKEN,
        args![&id, sha256_hex(secret.as_bytes()), name, facility, scopes.join(","), ctx.now()],
    )
    .await?;
    audit::append(
        tx,
        ctx,
        permit,
        "token.create",
        "token",
        &id,
        &json!({"facility": facility, "scopes": scopes}),
    );
    Ok(id)
}

/// The permit of a token, or `None` when unknown or revoked.
pub async fn find(ctx: &Ctx, secret: &str) -> Result<Option<Permit>> {
    let mut reader = ctx.db.read(&Permit::system("token")).await?;
    let Some(row) = reader.opt(sql::FIND_TOKEN, args![sha256_hex(secret.as_bytes())]).await? else {
        return Ok(None);
    };
    let scopes = row.text("scopes")?.split(',').filter(|s| !s.is_empty()).map(str::to_owned).collect();
    Ok(Some(Permit::machine(&row.text("id")?, &row.text("name")?, &row.text("facility")?, scopes)))
}

/// Revokes a token.
pub async fn revoke(tx: &mut Tx, ctx: &Ctx, permit: &Permit, id: &str) -> Result<()> {
    if tx.exec(sql::REVOKE_TOKEN, args![id, ctx.now()]).await? == 0 {
        return Err(Fault::not_found("token"));
    }
    audit::append(tx, ctx, permit, "token.revoke", "token", id, &json!({}));
    Ok(())
}
