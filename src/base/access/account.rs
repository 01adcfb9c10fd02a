//! Accounts and their roles.

use serde_json::json;

use super::permit::{Grant, Permit};
use super::right::Role;
use super::{password, sql};
use crate::args;
use crate::audit;
use crate::ctx::Ctx;
use crate::fault::{Fault, Result};
use crate::storage::{Conn, Tx};

/// A new account.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Login name.
    pub login: String,
    /// Name, Chinese.
    pub name: String,
    /// Name, English.
    pub name_en: String,
    /// Home facility.
    pub facility: String,
    /// Roles.
    pub grants: Vec<Grant>,
    /// Whether somebody else chose the password, so that it must be changed before anything is done with it.
    pub must_change: bool,
}

/// Hashes outside the unit of work, then creates the account in it.
pub async fn create(
    ctx: &Ctx,
    permit: &Permit,
    new: &NewAccount,
    secret: &str,
    cost: password::Cost,
) -> Result<String> {
    check_password(secret, cost)?;
    let hash = password::hash(secret, ctx.ids.secret_bytes(), cost).await?;
    let mut tx = ctx.db.begin(permit).await?;
    let id = insert(&mut tx, ctx, permit, new, &hash).await?;
    tx.commit().await?;
    Ok(id)
}

/// Creates an account with a ready hash.
pub async fn insert(tx: &mut Tx, ctx: &Ctx, permit: &Permit, new: &NewAccount, hash: &str) -> Result<String> {
    if new.login.trim().is_empty() || new.login.len() > 64 {
        return Err(Fault::invalid("login", "1 to 64 characters"));
    }
    let id = ctx.id();
    tx.exec(
        sql::INSERT_ACCOUNT,
        args![
            &id,
            &new.login,
            &new.name,
            &new.name_en,
            hash,
            &new.facility,
            true,
            ctx.now(),
            new.must_change
        ],
    )
    .await?;
    set_roles(tx, &id, &new.facility, &new.grants).await?;
    let detail = json!({"login": new.login, "facility": new.facility, "roles": told(&new.grants)});
    audit::append(tx, ctx, permit, "account.create", "account", &id, &detail);
    Ok(id)
}

/// Roles as the audit chain tells them: `role@facility` and the pipelines.
#[must_use]
pub fn told(grants: &[Grant]) -> Vec<String> {
    grants.iter().map(|g| format!("{}@{} {}", g.role.as_str(), g.facility, g.pipelines)).collect()
}

/// Replaces the roles of an account that works for `facility`.
///
/// # Errors
/// `Invalid` `roles` for a role where it does not count: roles are held at the own facility or at the lead hospital, the
/// administrator's at the lead hospital only.
pub async fn set_roles(tx: &mut Tx, account: &str, facility: &str, grants: &[Grant]) -> Result<()> {
    let lead = tx.opt(sql::LEAD, args![]).await?.map_or(Ok(String::new()), |row| row.text("code"))?;
    if let Some(wrong) = grants.iter().find(|g| !g.counts(facility, &lead)) {
        let why = format!(
            "{} cannot be held at {}: only at the own facility or at the lead hospital, it_admin only there",
            wrong.role.as_str(),
            wrong.facility
        );
        return Err(Fault::invalid("roles", why));
    }
    tx.exec(sql::CLEAR_ROLES, args![account]).await?;
    for grant in grants {
        tx.exec(sql::ADD_ROLE, args![account, grant.role.as_str(), &grant.facility, &grant.pipelines])
            .await?;
    }
    Ok(())
}

/// The roles of an account.
pub async fn roles_of(conn: &mut Conn, account: &str) -> Result<Vec<Grant>> {
    let mut grants = Vec::new();
    for row in conn.all(sql::ROLES_OF, args![account]).await? {
        // A role text of a newer program grants nothing here.
        if let Some(role) = Role::parse(&row.text("role")?) {
            grants.push(Grant { role, facility: row.text("facility")?, pipelines: row.text("pipelines")? });
        }
    }
    Ok(grants)
}

/// Sets a password that its owner changes first, and ends every session of the account.
pub async fn set_password(ctx: &Ctx, permit: &Permit, account: &str, secret: &str) -> Result<()> {
    check_password(secret, password::Cost::Full)?;
    let hash = password::hash(secret, ctx.ids.secret_bytes(), password::Cost::Full).await?;
    let mut tx = ctx.db.begin(permit).await?;
    if tx.exec(sql::SET_PASSWORD, args![account, hash, true]).await? == 0 {
        return Err(Fault::not_found("account"));
    }
    tx.exec(sql::DELETE_SESSIONS_OF, args![account]).await?;
    tx.exec(sql::FORGET_DEVICES, args![account]).await?;
    audit::append(&mut tx, ctx, permit, "account.password", "account", account, &json!({}));
    tx.commit().await
}

pub(super) fn check_password(secret: &str, cost: password::Cost) -> Result<()> {
    let least = if cost == password::Cost::Demo { 4 } else { 8 };
    if secret.chars().count() < least {
        return Err(Fault::invalid("password", format!("at least {least} characters")));
    }
    Ok(())
}
