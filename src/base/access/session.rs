//! Server-side sessions: an opaque 256-bit id, hashed in the database; idle 15 min, absolute 12 h.

use serde_json::json;

use super::account::roles_of;
use super::permit::Permit;
use super::{password, sql};
use crate::args;
use crate::audit;
use crate::clock::{HOUR_MS, MINUTE_MS};
use crate::ctx::Ctx;
use crate::digest::sha256_hex;
use crate::fault::{Fault, Result};

/// Idle limit. An open page sends a heartbeat, so this is the time after the last page was closed.
pub const IDLE_MS: i64 = 15 * MINUTE_MS;
/// Absolute limit.
pub const LIFE_MS: i64 = 12 * HOUR_MS;
/// Wrong passwords before an account rests.
const FREE_FAILURES: i64 = 5;

/// A live session.
#[derive(Debug, Clone)]
pub struct Session {
    /// Who, with what rights.
    pub permit: Permit,
    /// Account id.
    pub account: String,
    /// Login name.
    pub login: String,
    /// Name, English.
    pub name_en: String,
    /// Name of the home facility.
    pub facility_name: String,
    /// English name of the home facility.
    pub facility_name_en: String,
    /// Kind of the home facility.
    pub facility_kind: String,
    /// Token that unsafe requests must repeat.
    pub csrf: String,
    /// When the password was last confirmed, ms.
    pub reauth_at: i64,
    /// Hash under which the session is stored.
    pub token_hash: String,
    /// Personal settings, JSON text.
    pub settings: String,
}

/// An account whose password was right.
#[derive(Debug, Clone)]
pub struct Known {
    /// Account id.
    pub account: String,
    /// Its home facility.
    pub facility: String,
}

/// Checks login and password without opening a session. Wrong passwords are counted, audited, and slow the account down.
///
/// # Errors
/// `Denied` for a wrong name or password, `Busy` while the account rests.
pub async fn check(ctx: &Ctx, login: &str, secret: &str, address: &str) -> Result<Known> {
    let permit = Permit::system("sign_in");
    let found = ctx.db.read(&permit).await?.opt(sql::BY_LOGIN, args![login]).await?;
    let refused = || Fault::denied("sign_in");
    let Some(row) = found else {
        // The same work for an unknown name: the time tells nothing.
        password::hash(secret, [0; 32], password::Cost::Full).await?;
        return Err(refused());
    };
    let (id, now) = (row.text("id")?, ctx.now());
    if !row.flag("active")? {
        return Err(refused());
    }
    if row.opt_int("locked_until")?.is_some_and(|until| until > now) {
        return Err(Fault::Busy { detail: "too many wrong passwords; wait a minute".into() });
    }
    let failures = row.int("failures")?;
    if !password::verify(secret, &row.text("password_hash")?).await? {
        let failures = failures + 1;
        let rest = if failures >= FREE_FAILURES {
            let minutes = 1_i64 << (failures - FREE_FAILURES).clamp(0, 6);
            Some(now + minutes * MINUTE_MS)
        } else {
            None
        };
        let mut tx = ctx.db.begin(&permit).await?;
        tx.exec(sql::COUNT_FAILURE, args![&id, rest]).await?;
        audit::append(&mut tx, ctx, &permit, "session.refuse", "account", &id, &json!({"address": address}))
            .await?;
        tx.commit().await?;
        return Err(refused());
    }
    if failures > 0 {
        let mut tx = ctx.db.begin(&permit).await?;
        tx.exec(sql::CLEAR_FAILURES, args![&id]).await?;
        tx.commit().await?;
    }
    Ok(Known { account: id, facility: row.text("facility")? })
}

/// Checks login and password; answers the new session's secret.
pub async fn sign_in(ctx: &Ctx, login: &str, secret: &str, address: &str) -> Result<String> {
    let permit = Permit::system("sign_in");
    let Known { account: id, .. } = check(ctx, login, secret, address).await?;
    let (token, now) = (ctx.ids.secret(), ctx.now());
    let mut tx = ctx.db.begin(&permit).await?;
    tx.exec(
        sql::INSERT_SESSION,
        args![sha256_hex(token.as_bytes()), &id, ctx.ids.secret(), now, now + LIFE_MS, address],
    )
    .await?;
    audit::append(&mut tx, ctx, &permit, "session.open", "account", &id, &json!({"address": address}))
        .await?;
    tx.commit().await?;
    Ok(token)
}

/// The session of a secret, or `None` when unknown, expired or idle too long.
pub async fn find(ctx: &Ctx, token: &str) -> Result<Option<Session>> {
    let token_hash = sha256_hex(token.as_bytes());
    let permit = Permit::system("session");
    let mut reader = ctx.db.read(&permit).await?;
    let Some(row) = reader.opt(sql::FIND_SESSION, args![&token_hash]).await? else { return Ok(None) };
    let now = ctx.now();
    let seen = row.int("seen_at")?;
    if now > row.int("expires_at")? || now > seen + IDLE_MS || !row.flag("active")? {
        return Ok(None);
    }
    let account = row.text("account")?;
    let grants = roles_of(&mut reader, &account).await?;
    drop(reader);
    if now > seen + MINUTE_MS {
        let mut tx = ctx.db.begin(&permit).await?;
        tx.exec(sql::TOUCH_SESSION, args![&token_hash, now]).await?;
        tx.commit().await?;
    }
    let (name, facility, kind) = (row.text("name")?, row.text("facility")?, row.text("facility_kind")?);
    Ok(Some(Session {
        permit: Permit::person(&account, &name, &facility, kind == "lead", grants),
        account,
        login: row.text("login")?,
        name_en: row.text("name_en")?,
        facility_name: row.text("facility_name")?,
        facility_name_en: row.text("facility_name_en")?,
        facility_kind: kind,
        csrf: row.text("csrf")?,
        reauth_at: row.int("reauth_at")?,
        token_hash,
        settings: row.text("settings")?,
    }))
}

/// Confirms the password again, for signing.
pub async fn reauth(ctx: &Ctx, session: &Session, secret: &str) -> Result<i64> {
    let row = ctx.db.read(&session.permit).await?.one(sql::BY_ID, args![&session.account]).await?;
    if !password::verify(secret, &row.text("password_hash")?).await? {
        return Err(Fault::denied("reauth"));
    }
    let now = ctx.now();
    let mut tx = ctx.db.begin(&session.permit).await?;
    tx.exec(sql::REAUTH_SESSION, args![&session.token_hash, now]).await?;
    audit::append(&mut tx, ctx, &session.permit, "session.reauth", "account", &session.account, &json!({}))
        .await?;
    tx.commit().await?;
    Ok(now)
}

/// Ends a session.
pub async fn sign_out(ctx: &Ctx, session: &Session) -> Result<()> {
    let mut tx = ctx.db.begin(&session.permit).await?;
    tx.exec(sql::DELETE_SESSION, args![&session.token_hash]).await?;
    audit::append(&mut tx, ctx, &session.permit, "session.close", "account", &session.account, &json!({}))
        .await?;
    tx.commit().await
}

/// Stores personal settings (language, theme).
pub async fn save_settings(ctx: &Ctx, session: &Session, settings: &serde_json::Value) -> Result<()> {
    let mut tx = ctx.db.begin(&session.permit).await?;
    tx.exec(sql::SET_SETTINGS, args![&session.account, settings]).await?;
    tx.commit().await
}
