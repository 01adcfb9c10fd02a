//! Administration of accounts and machine tokens.

use actix_web::{HttpResponse, delete, get, post, put, web};
use serde::{Deserialize, Serialize};
use serde_json::json;
use yigong_base::access::account::NewAccount;
use yigong_base::access::password::Cost;
use yigong_base::access::{Grant, Role, account, sql, token};
use yigong_base::fault::{Fault, Result};
use yigong_base::{args, audit};
use yigong_clinic::Centre;

use super::auth::Caller;
use super::fault::Answer;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(users).service(add_user).service(change_user).service(set_password);
    cfg.service(tokens).service(add_token).service(revoke);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(users, add_user, change_user, set_password, tokens, add_token, revoke))]
pub struct Doc;

/// A role at a facility.
#[derive(Deserialize, Serialize, utoipa::ToSchema)]
pub struct RoleAt {
    role: String,
    facility: String,
    #[serde(default = "every")]
    pipelines: String,
}

fn every() -> String {
    "*".into()
}

/// An account.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct User {
    #[serde(default)]
    login: String,
    name: String,
    #[serde(default)]
    name_en: String,
    facility: String,
    #[serde(default = "yes")]
    active: bool,
    #[serde(default)]
    roles: Vec<RoleAt>,
    #[serde(default)]
    password: String,
}

fn yes() -> bool {
    true
}

fn grants(roles: &[RoleAt]) -> Result<Vec<Grant>> {
    roles
        .iter()
        .map(|r| {
            let role = Role::parse(&r.role)
                .ok_or_else(|| Fault::invalid("role", format!("{} is unknown", r.role)))?;
            Ok(Grant { role, facility: r.facility.clone(), pipelines: r.pipelines.clone() })
        })
        .collect()
}

/// The accounts with their roles.
#[utoipa::path(get, path = "/api/admin/users", tag = "admin", responses((status = 200, description = "rows")))]
#[get("/api/admin/users")]
async fn users(centre: web::Data<Centre>, permit: Caller) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    let roles = reader.all(sql::LIST_ROLES, args![]).await?;
    let mut rows = Vec::new();
    for row in reader.all(sql::LIST_ACCOUNTS, args![]).await? {
        let id = row.text("id")?;
        let mut held = Vec::new();
        for r in &roles {
            if r.text("account")? == id {
                held.push(json!({"role": r.text("role")?, "facility": r.text("facility")?, "pipelines": r.text("pipelines")?}));
            }
        }
        rows.push(json!({
            "id": id, "login": row.text("login")?, "name": row.text("name")?, "name_en": row.text("name_en")?,
            "facility": row.text("facility")?, "active": row.flag("active")?, "roles": held,
        }));
    }
    Ok(HttpResponse::Ok().json(json!({ "rows": rows })))
}

/// Adds an account.
#[utoipa::path(post, path = "/api/admin/users", tag = "admin", request_body = User, responses((status = 200, description = "id")))]
#[post("/api/admin/users")]
async fn add_user(centre: web::Data<Centre>, permit: Caller, body: web::Json<User>) -> Answer {
    let new = NewAccount {
        login: body.login.trim().to_owned(),
        name: body.name.clone(),
        name_en: body.name_en.clone(),
        facility: body.facility.clone(),
        grants: grants(&body.roles)?,
        must_change: true,
    };
    let id = account::create(&centre.ctx, &permit, &new, &body.password, Cost::Full).await?;
    Ok(HttpResponse::Ok().json(json!({ "id": id })))
}

/// Changes an account.
#[utoipa::path(put, path = "/api/admin/users/{id}", tag = "admin", request_body = User, responses((status = 204, description = "changed")))]
#[put("/api/admin/users/{id}")]
async fn change_user(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<User>,
) -> Answer {
    let grants = grants(&body.roles)?;
    let mut tx = centre.ctx.db.begin(&permit).await?;
    let before = tx.opt(sql::BY_ID, args![id.as_str()]).await?.ok_or_else(|| Fault::not_found("account"))?;
    let held = account::roles_of(&mut tx, &id).await?;
    let changed = tx
        .exec(sql::UPDATE_ACCOUNT, args![id.as_str(), &body.name, &body.name_en, &body.facility, body.active])
        .await?;
    if changed == 0 {
        return Err(Fault::not_found("account").into());
    }
    account::set_roles(&mut tx, &id, &body.facility, &grants).await?;
    if !body.active {
        tx.exec(sql::DELETE_SESSIONS_OF, args![id.as_str()]).await?;
    }
    audit::append(
        &mut tx,
        &centre.ctx,
        &permit,
        "account.update",
        "account",
        &id,
        &json!({
            "before": {"name": before.text("name")?, "facility": before.text("facility")?, "active": before.flag("active")?, "roles": account::told(&held)},
            "after": {"name": body.name, "facility": body.facility, "active": body.active, "roles": account::told(&grants)},
        }),
    );
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A new password.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct NewPassword {
    password: String,
}

/// Sets a password and ends the account's sessions.
#[utoipa::path(post, path = "/api/admin/users/{id}/password", tag = "admin", request_body = NewPassword, responses((status = 204, description = "set")))]
#[post("/api/admin/users/{id}/password")]
async fn set_password(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<NewPassword>,
) -> Answer {
    account::set_password(&centre.ctx, &permit, &id, &body.password).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The machine tokens, without their secrets.
#[utoipa::path(get, path = "/api/admin/tokens", tag = "admin", responses((status = 200, description = "rows")))]
#[get("/api/admin/tokens")]
async fn tokens(centre: web::Data<Centre>, permit: Caller) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    let mut rows = Vec::new();
    for row in reader.all(sql::LIST_TOKENS, args![]).await? {
        let scopes: Vec<String> = row.text("scopes")?.split(',').map(str::to_owned).collect();
        rows.push(json!({
            "id": row.text("id")?, "name": row.text("name")?, "facility": row.text("facility")?, "scopes": scopes,
            "created_at": row.int("created_at")?, "revoked_at": row.opt_int("revoked_at")?,
        }));
    }
    Ok(HttpResponse::Ok().json(json!({ "rows": rows })))
}

/// A new token.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct NewToken {
    name: String,
    facility: String,
    scopes: Vec<String>,
}

/// Adds a token; its secret is answered once and never again.
#[utoipa::path(post, path = "/api/admin/tokens", tag = "admin", request_body = NewToken, responses((status = 200, description = "id, token")))]
#[post("/api/admin/tokens")]
async fn add_token(centre: web::Data<Centre>, permit: Caller, body: web::Json<NewToken>) -> Answer {
    let ctx = &centre.ctx;
    let secret = ctx.ids.secret();
    let mut tx = ctx.db.begin(&permit).await?;
    let id = token::create(&mut tx, ctx, &permit, &body.name, &body.facility, &body.scopes, &secret).await?;
    tx.commit().await?;
    Ok(HttpResponse::Ok().json(json!({"id": id, "token": secret})))
}

/// Revokes a token.
#[utoipa::path(delete, path = "/api/admin/tokens/{id}", tag = "admin", responses((status = 204, description = "revoked")))]
#[delete("/api/admin/tokens/{id}")]
async fn revoke(centre: web::Data<Centre>, permit: Caller, id: web::Path<String>) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    token::revoke(&mut tx, &centre.ctx, &permit, &id).await?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}
