//! Authentication before any body is read: session cookie with CSRF token for people, bearer token for machines.

use std::future::{Ready, ready};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{ConnectionType, Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, web};
use yigong_base::access::session::Session;
use yigong_base::access::{Permit, session, token};
use yigong_base::fault::Fault;
use yigong_clinic::{Centre, stranger};

use super::fault::{ApiFault, problem, unauthenticated};
use super::{doors, link};

/// Bytes of a body that are read without a session.
const MOST_UNKNOWN: u64 = 16 << 10;

/// Name of the session cookie.
pub const COOKIE: &str = "yigong_session";

/// What is guarded; the rest are the pages themselves.
const GUARDED: &[&str] = &["/api/", "/fhir/", "/dicom-web", "/wado"];

/// Where `HEAD` is answered as `GET`: reading changes nothing there.
const IMAGES: &[&str] = &["/dicom-web", "/wado"];

/// Paths that answer without a session. Everything else under a guarded prefix needs one.
const OPEN: &[(&str, &str)] = &[
    ("GET", "/api/public"),
    ("POST", "/api/session"),
    ("GET", "/api/openapi.json"),
    ("GET", "/fhir/R4/metadata"),
];

/// The permit of the request, put there by [`guard`].
pub struct Caller(pub Permit);

impl std::ops::Deref for Caller {
    type Target = Permit;
    fn deref(&self) -> &Permit {
        &self.0
    }
}

impl FromRequest for Caller {
    type Error = ApiFault;
    type Future = Ready<Result<Self, ApiFault>>;
    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let permit = req.extensions().get::<Permit>().cloned();
        ready(permit.map(Caller).ok_or_else(|| ApiFault(Fault::denied("session"))))
    }
}

/// The session of the request: only people have one.
pub struct Person(pub Session);

impl FromRequest for Person {
    type Error = ApiFault;
    type Future = Ready<Result<Self, ApiFault>>;
    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = req.extensions().get::<Session>().cloned();
        ready(found.map(Person).ok_or_else(|| ApiFault(Fault::denied("a person's session"))))
    }
}

impl Person {
    /// The password was confirmed recently enough to sign, else [`Fault::Reauth`].
    pub fn require_fresh(&self, centre: &Centre) -> Result<(), ApiFault> {
        let minutes = centre.ctx.config.report.reauth_minutes;
        if centre.ctx.now() - self.0.reauth_at > minutes * yigong_base::clock::MINUTE_MS {
            return Err(ApiFault(Fault::Reauth));
        }
        Ok(())
    }
}

/// The request asks for the head of an answer only.
pub struct HeadOnly;

/// Middleware: nobody reaches a guarded path without a permit, and no body is read before.
pub async fn guard<B: MessageBody>(
    mut req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    // The router compares decoded paths; an escaped letter must not lead around the guard.
    if !req.path().contains('%') && !GUARDED.iter().any(|g| req.path().starts_with(g)) {
        return Ok(next.call(req).await?.map_into_left_body());
    }
    let linked = link::unwrap(&mut req);
    if req.method() == Method::HEAD && IMAGES.iter().any(|images| req.path().starts_with(images)) {
        // The same answer without its body (RFC 9110 §9.3.2), which the connection leaves out; who makes a long one is told.
        req.extensions_mut().insert(HeadOnly);
        req.head_mut().method = Method::GET;
    }
    if let Some(preflight) = link::preflight(&req, linked) {
        return Ok(req.into_response(preflight).map_into_right_body());
    }
    let open = OPEN.iter().any(|(m, p)| req.method().as_str() == *m && req.path() == *p);
    match admit(&req).await {
        Ok(true) => {}
        Ok(false) if open => {}
        Ok(false) => {
            let answer = unread(req.request(), unauthenticated());
            return Ok(req.into_response(answer).map_into_right_body());
        }
        Err(Refusal::Csrf) if open => {}
        Err(Refusal::Csrf) => {
            let answer = problem(
                StatusCode::FORBIDDEN,
                "csrf",
                "请求来源校验失败,请刷新页面",
                "the request does not carry the session's token",
            );
            let answer = unread(req.request(), answer);
            return Ok(req.into_response(answer).map_into_right_body());
        }
        Err(Refusal::Fault(fault)) => {
            let answer = actix_web::ResponseError::error_response(&ApiFault(fault));
            return Ok(req.into_response(answer).map_into_right_body());
        }
    }
    if let Err(answer) = enter(&req) {
        let answer = unread(req.request(), answer);
        return Ok(req.into_response(answer).map_into_right_body());
    }
    if req.extensions().get::<Permit>().is_none() && too_large(&req) {
        let answer =
            problem(StatusCode::PAYLOAD_TOO_LARGE, "body", "请求过大", "more than a login and a password");
        let answer = unread(req.request(), answer);
        return Ok(req.into_response(answer).map_into_right_body());
    }
    let mut answer = next.call(req).await?.map_into_left_body();
    if answer.status() == StatusCode::NOT_FOUND {
        note_stranger(answer.request()).await;
    }
    if linked {
        link::let_others_read(answer.headers_mut());
    }
    Ok(answer)
}

/// Whoever is nobody yet has little to say, and says beforehand how much.
fn too_large(req: &ServiceRequest) -> bool {
    let length = req.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok());
    match length.map(str::parse::<u64>) {
        Some(Ok(n)) => n > MOST_UNKNOWN,
        Some(Err(_)) => true,
        None => req.headers().contains_key(header::TRANSFER_ENCODING),
    }
}

/// What a session may do while its page is locked: wait for alerts, be opened, end.
const LOCKED: &[(&str, &str)] = &[
    ("GET", "/api/session"),
    ("DELETE", "/api/session"),
    ("POST", "/api/session/reauth"),
    ("POST", "/api/session/lock"),
    ("GET", "/api/events"),
    ("GET", "/api/critical/ringing"),
    ("GET", "/api/public"),
];
/// What a person does whose password was set by somebody else: change it.
const UNCHANGED: &[(&str, &str)] = &[
    ("GET", "/api/session"),
    ("DELETE", "/api/session"),
    ("PUT", "/api/session/password"),
    ("PUT", "/api/session/settings"),
    ("GET", "/api/public"),
];

/// The session must be open, and the person must hold what the address asks.
fn enter(req: &ServiceRequest) -> Result<(), HttpResponse> {
    let held = req.extensions();
    let asked = (req.method().as_str(), req.path());
    if let Some(session) = held.get::<Session>() {
        if session.must_change && !UNCHANGED.contains(&asked) {
            let detail = "the password was set by somebody else and must be changed first";
            return Err(problem(StatusCode::FORBIDDEN, "must_change", "请先修改初始密码", detail));
        }
        if session.locked && !LOCKED.contains(&asked) {
            return Err(problem(
                StatusCode::LOCKED,
                "page_locked",
                "页面已锁定,请输入密码",
                "the page is locked",
            ));
        }
    }
    match held.get::<Permit>() {
        Some(permit) => doors::admit(permit, req.method(), req.path())
            .map_err(|fault| actix_web::ResponseError::error_response(&ApiFault(fault))),
        // Only what is open to everybody comes here without one.
        None => Ok(()),
    }
}

const VERBS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Nothing was found under an address that may name what is another facility's.
async fn note_stranger(req: &HttpRequest) {
    let permit = req.extensions().get::<Permit>().cloned();
    let (Some(permit), Some(centre)) = (permit, req.app_data::<web::Data<Centre>>()) else { return };
    let query = req.query_string().split(['=', '&', ',']);
    let names: Vec<String> = req.path().split('/').rev().chain(query).map(str::to_owned).collect();
    // What a client calls its method is its own text: only the known ones are written down.
    let verb = VERBS.into_iter().find(|v| *v == req.method().as_str()).unwrap_or("other");
    stranger::noted(&centre.ctx, &permit, verb, &names).await;
}

/// An answer to a request whose body nobody has read: the connection ends with it, else the rest of the body would be
/// taken in and thrown away.
pub(crate) fn unread(req: &HttpRequest, mut answer: HttpResponse) -> HttpResponse {
    let headers = req.headers();
    let length = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok());
    let has_body = length.is_some_and(|l| l.trim() != "0") || headers.contains_key(header::TRANSFER_ENCODING);
    if has_body {
        answer.head_mut().set_connection_type(ConnectionType::Close);
    }
    answer
}

enum Refusal {
    Csrf,
    Fault(Fault),
}

/// Finds out who asks; `false` when nobody is named.
async fn admit(req: &ServiceRequest) -> Result<bool, Refusal> {
    let Some(centre) = req.app_data::<web::Data<Centre>>() else {
        return Err(Refusal::Fault(Fault::internal("no centre")));
    };
    let by_path = req.extensions().get::<link::Secret>().map(|s| s.0.clone());
    let bearer = req
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer ").or_else(|| v.strip_prefix("bearer ")));
    if let Some(secret) = &by_path {
        let permit = link::permit(centre, req, secret).await.map_err(Refusal::Fault)?;
        let found = permit.is_some();
        if let Some(permit) = permit {
            req.extensions_mut().insert(permit);
        }
        return Ok(found);
    }
    if let Some(secret) = bearer {
        let secret = secret.trim();
        let mut permit = token::find(&centre.ctx, secret).await.map_err(Refusal::Fault)?;
        if permit.is_none() {
            permit = link::permit(centre, req, secret).await.map_err(Refusal::Fault)?;
        }
        let found = permit.is_some();
        if let Some(permit) = permit {
            req.extensions_mut().insert(permit);
        }
        return Ok(found);
    }
    let Some(cookie) = cookie_of(req.headers()) else { return Ok(false) };
    let Some(session) = session::find(&centre.ctx, &cookie).await.map_err(Refusal::Fault)? else {
        return Ok(false);
    };
    let safe = matches!(*req.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let ours = same_origin(req) && carries_token(req, &session.csrf);
    if !safe && !ours {
        return Err(Refusal::Csrf);
    }
    req.extensions_mut().insert(session.permit.clone());
    req.extensions_mut().insert(session);
    Ok(true)
}

/// The session cookie's value.
#[must_use]
pub fn cookie_of(headers: &header::HeaderMap) -> Option<String> {
    cookie_named(headers, COOKIE)
}

/// A cookie's value.
pub(super) fn cookie_named(headers: &header::HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
}

fn carries_token(req: &ServiceRequest, csrf: &str) -> bool {
    req.headers().get("x-csrf-token").and_then(|v| v.to_str().ok()).is_some_and(|given| given == csrf)
}

/// A browser names the origin of an unsafe request; a foreign one is refused. Programs name none.
fn same_origin(req: &ServiceRequest) -> bool {
    let Some(origin) = req.headers().get(header::ORIGIN).and_then(|v| v.to_str().ok()) else { return true };
    let host = req.connection_info().host().to_owned();
    origin.split("://").nth(1).is_some_and(|o| o == host)
}
