//! Server-side sessions: an opaque 256-bit id, hashed in the database; idle 15 min, absolute 12 h.

use serde_json::json;

use super::account::{check_password, roles_of};
use super::permit::Permit;
use super::{password, sql};
use crate::args;
use crate::audit;
use crate::clock::{HOUR_MS, MINUTE_MS};
use crate::ctx::Ctx;
use crate::digest::sha256_hex;
use crate::fault::{Fault, Result};
use crate::storage::Row;

/// Idle limit. An open page sends a heartbeat, so this is the time after the last page was closed.
pub const IDLE_MS: i64 = 15 * MINUTE_MS;
/// Absolute limit.
pub const LIFE_MS: i64 = 12 * HOUR_MS;
/// Wrong passwords before an account rests.
const FREE_FAILURES: i64 = 5;
/// Tries to confirm a password before the session ends.
const REAUTH_TRIES: i64 = 5;

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
    /// Nobody is before the page: only the password opens it.
    pub locked: bool,
    /// The password was set by somebody else and must be changed first.
    pub must_change: bool,
}

/// An account whose password was right.
#[derive(Debug, Clone)]
pub struct Known {
    /// Account id.
    pub account: String,
    /// Its home facility.
    pub facility: String,
}

/// What a browser said when somebody signs in.
#[derive(Debug, Clone, Copy)]
pub struct From<'a> {
    /// Address it comes from.
    pub address: &'a str,
    /// The secret by which accounts know it again.
    pub device: Option<&'a str>,
}

/// Checks login and password without opening a session. A try is counted before the password is looked at, so that many at once are
/// no more tries than one after the other; wrong ones are audited, and slow the account down. At a browser where the account has been
/// signed in, tries are counted by themselves: whoever guesses elsewhere does not keep the owner out.
///
/// # Errors
/// `Denied` for a wrong name or password, `Busy` while the account rests or another try is under way.
pub async fn check(ctx: &Ctx, login: &str, secret: &str, from: From<'_>) -> Result<Known> {
    let permit = Permit::system("sign_in");
    let found = ctx.db.read(&permit).await?.opt(sql::BY_LOGIN, args![login]).await?;
    let refused = || Fault::denied("sign_in");
    let row = match found {
        Some(row) if row.flag("active")? => row,
        _ => {
            // The same work for an unknown name: the time tells nothing.
            password::hash(secret, [0; 32], password::Cost::Full).await?;
            return Err(refused());
        }
    };
    let id = row.text("id")?;
    let turn = password::turn(password::Who::Anyone).await?;
    let device = reserve(ctx, &permit, &id, &row, from.device).await?;
    if !password::verify_in(turn, secret, &row.text("password_hash")?).await? {
        let mut tx = ctx.db.begin(&permit).await?;
        let detail = json!({"address": from.address, "known_device": device.is_some()});
        audit::append(&mut tx, ctx, &permit, "session.refuse", "account", &id, &detail);
        tx.commit().await?;
        return Err(refused());
    }
    let mut tx = ctx.db.begin(&permit).await?;
    match &device {
        Some(hash) => tx.exec(sql::KEEP_DEVICE, args![&id, hash, ctx.now()]).await?,
        None => tx.exec(sql::CLEAR_FAILURES, args![&id]).await?,
    };
    tx.commit().await?;
    Ok(Known { account: id, facility: row.text("facility")? })
}

/// Counts a try; answers the hash of the browser's secret where the account knows it.
async fn reserve(
    ctx: &Ctx,
    permit: &Permit,
    account: &str,
    row: &Row,
    device: Option<&str>,
) -> Result<Option<String>> {
    let hash = device.map(|d| sha256_hex(d.as_bytes()));
    let mut tx = ctx.db.begin(permit).await?;
    let known = match &hash {
        Some(hash) => tx.opt(sql::FIND_DEVICE, args![account, hash]).await?,
        None => None,
    };
    let counted = known.as_ref().unwrap_or(row);
    let (now, failures) = (ctx.now(), counted.int("failures")?);
    if counted.opt_int("locked_until")?.is_some_and(|until| until > now) {
        return Err(Fault::Busy { detail: "too many wrong passwords; wait a minute".into() });
    }
    let rest = (failures + 1 >= FREE_FAILURES)
        .then(|| now + MINUTE_MS * (1_i64 << (failures + 1 - FREE_FAILURES).clamp(0, 6)));
    let mut arguments = args![account, failures, failures + 1, rest, now];
    let (statement, hash) = match (known, hash) {
        (Some(_), Some(hash)) => {
            arguments.extend(args![&hash]);
            (sql::TRY_DEVICE, Some(hash))
        }
        _ => (sql::TRY_ACCOUNT, None),
    };
    if tx.exec(statement, arguments).await? == 0 {
        return Err(Fault::Busy { detail: "another try is under way".into() });
    }
    tx.commit().await?;
    Ok(hash)
}

/// A session that was opened, and the secret by which the account knows the browser again.
#[derive(Debug)]
pub struct Opened {
    /// The session's secret.
    pub token: String,
    /// The browser's secret.
    pub device: String,
}

/// Checks login and password and opens a session.
///
/// # Errors
/// As [`check`].
pub async fn sign_in(ctx: &Ctx, login: &str, secret: &str, from: From<'_>) -> Result<Opened> {
    let permit = Permit::system("sign_in");
    let Known { account: id, .. } = check(ctx, login, secret, from).await?;
    let (token, now) = (ctx.ids.secret(), ctx.now());
    // A shared workstation is known to everybody who works at it.
    let device = from.device.map_or_else(|| ctx.ids.secret(), str::to_owned);
    let mut tx = ctx.db.begin(&permit).await?;
    tx.exec(
        sql::INSERT_SESSION,
        args![sha256_hex(token.as_bytes()), &id, ctx.ids.secret(), now, now + LIFE_MS, from.address],
    )
    .await?;
    tx.exec(sql::KEEP_DEVICE, args![&id, sha256_hex(device.as_bytes()), now]).await?;
    tx.exec(sql::DROP_DEVICES, args![&id]).await?;
    audit::append(&mut tx, ctx, &permit, "session.open", "account", &id, &json!({"address": from.address}));
    tx.commit().await?;
    Ok(Opened { token, device })
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
        permit: Permit::person(&account, &name, &facility, &row.text("lead")?, grants),
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
        locked: row.flag("locked")?,
        must_change: row.flag("must_change")?,
    }))
}

/// Confirms the password again, for signing or before a page that was locked. Tries are counted with the session, which ends after
/// the last of them.
///
/// # Errors
/// `Denied` for a wrong password.
pub async fn reauth(ctx: &Ctx, session: &Session, secret: &str) -> Result<i64> {
    let permit = &session.permit;
    let turn = password::turn(password::Who::SignedIn).await?;
    let mut tx = ctx.db.begin(permit).await?;
    let row = tx.one(sql::BY_ID, args![&session.account]).await?;
    let counted = tx.exec(sql::TRY_REAUTH, args![&session.token_hash, REAUTH_TRIES]).await?;
    let last = counted == 0;
    if last {
        tx.exec(sql::DELETE_SESSION, args![&session.token_hash]).await?;
        let detail = json!({"why": "wrong passwords"});
        audit::append(&mut tx, ctx, permit, "session.close", "account", &session.account, &detail);
    }
    tx.commit().await?;
    let right = !last && password::verify_in(turn, secret, &row.text("password_hash")?).await?;
    let mut tx = ctx.db.begin(permit).await?;
    if !right {
        audit::append(
            &mut tx,
            ctx,
            permit,
            "session.refuse",
            "account",
            &session.account,
            &json!({"reauth": true}),
        );
        tx.commit().await?;
        return Err(Fault::denied("reauth"));
    }
    let now = ctx.now();
    tx.exec(sql::REAUTH_SESSION, args![&session.token_hash, now]).await?;
    audit::append(&mut tx, ctx, permit, "session.reauth", "account", &session.account, &json!({}));
    tx.commit().await?;
    Ok(now)
}

/// Nobody is before the page any more: until the password is said again the session does nothing but wait for alerts.
///
/// # Errors
/// Storage faults.
pub async fn lock(ctx: &Ctx, session: &Session) -> Result<()> {
    let mut tx = ctx.db.begin(&session.permit).await?;
    tx.exec(sql::LOCK_SESSION, args![&session.token_hash]).await?;
    audit::append(&mut tx, ctx, &session.permit, "session.lock", "account", &session.account, &json!({}));
    tx.commit().await
}

/// A person changes the own password; every other session of the account ends, and browsers are known anew.
///
/// # Errors
/// `Denied` for a wrong old one, `Invalid` `password` for a new one that is too short or the old one.
pub async fn change_password(ctx: &Ctx, session: &Session, old: &str, new: &str) -> Result<()> {
    if new == old {
        return Err(Fault::invalid("password", "this is the old one"));
    }
    check_password(new, password::Cost::Full)?;
    reauth(ctx, session, old).await?;
    let hash = password::hash(new, ctx.ids.secret_bytes(), password::Cost::Full).await?;
    let mut tx = ctx.db.begin(&session.permit).await?;
    tx.exec(sql::SET_PASSWORD, args![&session.account, hash, false]).await?;
    tx.exec(sql::DELETE_OTHER_SESSIONS, args![&session.account, &session.token_hash]).await?;
    tx.exec(sql::FORGET_DEVICES, args![&session.account]).await?;
    let detail = json!({"own": true});
    audit::append(&mut tx, ctx, &session.permit, "account.password", "account", &session.account, &detail);
    tx.commit().await
}

/// Ends a session.
pub async fn sign_out(ctx: &Ctx, session: &Session) -> Result<()> {
    let mut tx = ctx.db.begin(&session.permit).await?;
    tx.exec(sql::DELETE_SESSION, args![&session.token_hash]).await?;
    audit::append(&mut tx, ctx, &session.permit, "session.close", "account", &session.account, &json!({}));
    tx.commit().await
}

/// Stores personal settings (language, theme).
pub async fn save_settings(ctx: &Ctx, session: &Session, settings: &serde_json::Value) -> Result<()> {
    let mut tx = ctx.db.begin(&session.permit).await?;
    tx.exec(sql::SET_SETTINGS, args![&session.account, settings]).await?;
    tx.commit().await
}
