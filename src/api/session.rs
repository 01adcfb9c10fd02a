//! Sign in, sign out, confirm the password, personal settings.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use serde::Deserialize;
use serde_json::{Value, json};
use yigong_base::access::{Right, session};
use yigong_base::clock::MINUTE_MS;
use yigong_base::fault::Fault;
use yigong_clinic::Centre;

use super::auth::{COOKIE, Person, cookie_named};
use super::fault::{Answer, problem};

/// Cookie by which accounts know a browser again, and for how long.
const DEVICE: &str = "yigong_device";
const KNOWN_DAYS: i64 = 365;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(sign_in).service(show).service(sign_out).service(reauth).service(lock).service(password);
    cfg.service(settings);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(sign_in, show, sign_out, reauth, lock, password, settings))]
pub struct Doc;

/// Login and password.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct SignIn {
    login: String,
    password: String,
}

/// The old password and the one from now on.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Passwords {
    old: String,
    new: String,
}

/// A password.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Password {
    password: String,
}

fn view(centre: &Centre, s: &session::Session) -> Value {
    let rights: Vec<&str> = Right::ALL.iter().filter(|r| s.permit.may(**r)).map(|r| r.as_str()).collect();
    let roles: Vec<Value> = s
        .permit
        .grants()
        .iter()
        .map(|g| json!({"role": g.role.as_str(), "facility": g.facility, "pipelines": g.pipelines}))
        .collect();
    json!({
        "account": {
            "id": s.account, "login": s.login, "name": s.permit.name(), "name_en": s.name_en, "facility": s.permit.facility(),
            "facility_name": s.facility_name, "facility_name_en": s.facility_name_en, "facility_kind": s.facility_kind,
        },
        "roles": roles,
        "rights": rights,
        "csrf": s.csrf,
        "build": super::assets::build(),
        "demo": super::public::is_demo(),
        "now": centre.ctx.now(),
        "reauth_until": s.reauth_at + centre.ctx.config.report.reauth_minutes * MINUTE_MS,
        "locked": s.locked,
        "must_change": s.must_change,
        "settings": serde_json::from_str::<Value>(&s.settings).unwrap_or_default(),
    })
}

/// Signs a person in.
#[utoipa::path(post, path = "/api/session", tag = "session", request_body = SignIn, responses((status = 200, description = "the session"), (status = 401, description = "wrong login or password")))]
#[post("/api/session")]
async fn sign_in(req: HttpRequest, centre: web::Data<Centre>, body: web::Json<SignIn>) -> Answer {
    let address = req.peer_addr().map(|a| a.ip().to_string()).unwrap_or_default();
    let device = cookie_named(req.headers(), DEVICE);
    let from = session::From { address: &address, device: device.as_deref() };
    let opened = match session::sign_in(&centre.ctx, body.login.trim(), &body.password, from).await {
        Ok(opened) => opened,
        Err(Fault::Denied { .. }) => {
            return Ok(problem(
                StatusCode::UNAUTHORIZED,
                "bad_credentials",
                "用户名或密码错误",
                "wrong login or password",
            ));
        }
        Err(Fault::Busy { detail }) => {
            return Ok(problem(
                StatusCode::TOO_MANY_REQUESTS,
                "locked",
                "密码错误次数过多,请稍后再试",
                &detail,
            ));
        }
        Err(other) => return Err(other.into()),
    };
    let found = session::find(&centre.ctx, &opened.token)
        .await?
        .ok_or_else(|| Fault::internal("session vanished"))?;
    // The session ends with the browser; that the browser is known outlives it.
    let session = set_cookie(&centre, COOKIE, "/", opened.token, None);
    let device = set_cookie(&centre, DEVICE, "/api/session", opened.device, Some(Duration::days(KNOWN_DAYS)));
    Ok(HttpResponse::Ok().cookie(session).cookie(device).json(view(&centre, &found)))
}

fn set_cookie(
    centre: &Centre,
    name: &'static str,
    path: &'static str,
    value: String,
    lasts: Option<Duration>,
) -> Cookie<'static> {
    let secure = centre.ctx.config.http.public_url.starts_with("https://");
    let built = Cookie::build(name, value).path(path).http_only(true).secure(secure).same_site(SameSite::Lax);
    match lasts {
        Some(lasts) => built.max_age(lasts).finish(),
        None => built.finish(),
    }
}

/// Who am I.
#[utoipa::path(get, path = "/api/session", tag = "session", responses((status = 200, description = "the session"), (status = 401, description = "no session")))]
#[get("/api/session")]
async fn show(centre: web::Data<Centre>, person: Person) -> Answer {
    Ok(HttpResponse::Ok().json(view(&centre, &person.0)))
}

/// Signs out.
#[utoipa::path(delete, path = "/api/session", tag = "session", responses((status = 204, description = "ended")))]
#[delete("/api/session")]
async fn sign_out(centre: web::Data<Centre>, person: Person) -> Answer {
    session::sign_out(&centre.ctx, &person.0).await?;
    let mut gone = Cookie::new(COOKIE, "");
    gone.set_path("/");
    gone.make_removal();
    // The next person at this workstation finds no pictures in the browser.
    Ok(HttpResponse::NoContent().cookie(gone).insert_header(("Clear-Site-Data", "\"cache\"")).finish())
}

/// Locks the session: until the password is said again it only waits for alerts.
#[utoipa::path(post, path = "/api/session/lock", tag = "session", responses((status = 204, description = "locked")))]
#[post("/api/session/lock")]
async fn lock(centre: web::Data<Centre>, person: Person) -> Answer {
    session::lock(&centre.ctx, &person.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Changes the own password.
#[utoipa::path(put, path = "/api/session/password", tag = "session", request_body = Passwords, responses((status = 204, description = "changed"), (status = 401, description = "the old one is wrong"), (status = 422, description = "the new one will not do")))]
#[put("/api/session/password")]
async fn password(centre: web::Data<Centre>, person: Person, body: web::Json<Passwords>) -> Answer {
    match session::change_password(&centre.ctx, &person.0, &body.old, &body.new).await {
        Ok(()) => Ok(HttpResponse::NoContent().finish()),
        Err(Fault::Denied { .. }) => Ok(wrong_password()),
        Err(other) => Err(other.into()),
    }
}

/// Confirms the password, for signing.
#[utoipa::path(post, path = "/api/session/reauth", tag = "session", request_body = Password, responses((status = 200, description = "until when"), (status = 401, description = "wrong password")))]
#[post("/api/session/reauth")]
async fn reauth(centre: web::Data<Centre>, person: Person, body: web::Json<Password>) -> Answer {
    match session::reauth(&centre.ctx, &person.0, &body.password).await {
        Ok(at) => {
            let until = at + centre.ctx.config.report.reauth_minutes * MINUTE_MS;
            Ok(HttpResponse::Ok().json(json!({ "reauth_until": until })))
        }
        Err(Fault::Denied { .. }) => Ok(wrong_password()),
        Err(other) => Err(other.into()),
    }
}

fn wrong_password() -> HttpResponse {
    problem(StatusCode::UNAUTHORIZED, "bad_credentials", "密码错误", "wrong password")
}

/// Stores language and theme.
#[utoipa::path(put, path = "/api/session/settings", tag = "session", responses((status = 204, description = "stored")))]
#[put("/api/session/settings")]
async fn settings(centre: web::Data<Centre>, person: Person, body: web::Json<Value>) -> Answer {
    let pick = |key: &str| body.get(key).and_then(Value::as_str).filter(|v| v.len() <= 20);
    let kept = json!({"lang": pick("lang"), "theme": pick("theme")});
    session::save_settings(&centre.ctx, &person.0, &kept).await?;
    Ok(HttpResponse::NoContent().finish())
}
