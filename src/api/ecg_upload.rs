//! ECG files handed in, and what waits for a person afterwards: matching, keeping a poor one.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError, get, post, web};
use serde::Deserialize;
use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_clinic::Centre;
use yigong_clinic::ecg::upload::{self, Answer as Answered, Kept};
use yigong_clinic::ecg::{Asked, Received, assign, detail, gate, lists};

use super::auth::{Caller, unread};

use super::fault::{Answer, ApiFault, problem};
use super::turns::{Body, Stopped, Turns};

/// Largest file (ECG specification 2).
const MOST_BYTES: usize = 64 << 20;
/// Files that are read at the same time, of all and of one facility: each may be kept in memory whole.
static TURNS: Turns = Turns::new(8, 4);

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(hand_in).service(unmatched).service(waiting).service(match_order).service(keep);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(hand_in, unmatched, waiting, match_order, keep))]
pub struct Doc;

/// What is said beside a file.
#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(default)]
pub struct Said {
    /// Order it was made for.
    order: String,
    /// Name of the file, for the record only.
    name: String,
    /// `1` = the patient has chest pain.
    chest_pain: String,
    /// Record of the attempt it replaces.
    redo_of: String,
    /// Who recorded it; empty = the caller.
    operator: String,
}

impl Said {
    fn asked(&self, permit: &Permit) -> Asked {
        let some = |t: &str| Some(t.trim().to_owned()).filter(|t| !t.is_empty());
        Asked {
            order: some(&self.order),
            chest_pain: matches!(self.chest_pain.as_str(), "1" | "true"),
            redo_of: some(&self.redo_of),
            operator: some(&self.operator).unwrap_or_else(|| permit.name().to_owned()),
            chosen_by: String::new(),
        }
    }
}

/// Takes a file of any supported format and answers with the verdict.
#[utoipa::path(post, path = "/api/ecg", tag = "ecg", params(Said), responses((status = 201, description = "record, state, quality, swap, triage, format, warnings"), (status = 202, description = "kept, but not understood, or not yet"), (status = 404, description = "no such order"), (status = 413, description = "over 64 MiB")))]
#[post("/api/ecg")]
async fn hand_in(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    query: web::Query<Said>,
    body: web::Payload,
) -> Answer {
    let Some(_turn) = TURNS.take(permit.facility()) else {
        let busy = ApiFault(Fault::Busy { detail: "too many files are handed in at once".into() });
        return Ok(unread(&req, busy.error_response()));
    };
    let bytes = match read(body).await {
        Ok(bytes) => bytes,
        Err(refused) => return Ok(unread(&req, refused)),
    };
    let said = query.into_inner();
    let asked = said.asked(&permit);
    let kept = upload::upload(&centre.ctx, &permit, &said.name, &bytes, &asked).await?;
    answer(&centre, &permit, kept).await
}

async fn read(payload: web::Payload) -> std::result::Result<Vec<u8>, HttpResponse> {
    let bad = |status, code, detail: &str| problem(status, code, "文件未收到", detail);
    let (mut body, mut bytes) = (Body::new(payload), Vec::new());
    loop {
        let piece = match body.next().await {
            Err(Stopped::Slow(how)) => return Err(bad(StatusCode::REQUEST_TIMEOUT, "silence", &how)),
            Err(Stopped::Cut(how)) => return Err(bad(StatusCode::BAD_REQUEST, "cut", &how)),
            Ok(None) => return Ok(bytes),
            Ok(Some(piece)) => piece,
        };
        if bytes.len() + piece.len() > MOST_BYTES {
            return Err(bad(StatusCode::PAYLOAD_TOO_LARGE, "file", "larger than 64 MiB"));
        }
        bytes.extend_from_slice(&piece);
    }
}

async fn answer(centre: &Centre, permit: &Permit, kept: Kept) -> Answer {
    let received = match kept.answer {
        Answered::Pending => {
            return Ok(HttpResponse::Accepted().json(json!({"state": "pending", "upload": kept.id})));
        }
        Answered::Done(Received::Quarantined { stage, reason, entry }) => {
            let told = json!({"state": "quarantined", "stage": stage, "reason": reason, "quarantine": entry});
            return Ok(HttpResponse::Accepted().json(told));
        }
        Answered::Done(received) => received,
    };
    let record = received.record().ok_or_else(|| Fault::not_found("ecg record"))?;
    // What was just placed is shown to who placed it; a token has no other way to hear the verdict.
    let mut reader = centre.ctx.db.read(permit).await?;
    let all = detail::detail(&mut reader, &centre.ctx, permit, record).await?;
    let of = |key: &str| all.get(key).cloned().unwrap_or(Value::Null);
    Ok(HttpResponse::Created().json(json!({
        "record": record, "state": received.state(), "quality": of("quality"), "swap": of("swap"), "triage": of("triage"),
        "same_person_doubt": of("same_person_doubt"), "format": of("format"), "warnings": of("warnings"), "matching": of("matching"), "differs": of("differs"), "chosen_by": of("chosen_by"), "redo_of": of("redo_of"), "redo_at": of("redo_at"),
    })))
}

/// A page of the queue.
#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(default)]
pub struct PageQuery {
    /// `next` of the page before.
    after: String,
    /// At most 200; absent = 50.
    limit: Option<i64>,
}

/// Records that belong to no order, or whose patient is in doubt.
#[utoipa::path(get, path = "/api/ecg/unmatched", tag = "ecg", params(PageQuery), responses((status = 200, description = "rows, next")))]
#[get("/api/ecg/unmatched")]
async fn unmatched(centre: web::Data<Centre>, permit: Caller, query: web::Query<PageQuery>) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    let page = lists::unmatched(&mut reader, &permit, &query.after, query.limit.unwrap_or(50)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Poor recordings that wait for the clinic to be done again or kept.
#[utoipa::path(get, path = "/api/ecg/waiting", tag = "ecg", responses((status = 200, description = "rows")))]
#[get("/api/ecg/waiting")]
async fn waiting(centre: web::Data<Centre>, permit: Caller) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    Ok(HttpResponse::Ok().json(json!({"rows": lists::waiting(&mut reader, &centre.ctx, &permit).await?})))
}

/// The order a record belongs to.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Match {
    order: String,
}

/// Gives a record to an order.
#[utoipa::path(post, path = "/api/ecg/{record}/match", tag = "ecg", request_body = Match, responses((status = 200, description = "the record"), (status = 404, description = "not in the caller's scope"), (status = 409, description = "other facility, or a signed report")))]
#[post("/api/ecg/{record}/match")]
async fn match_order(
    centre: web::Data<Centre>,
    permit: Caller,
    record: web::Path<String>,
    body: web::Json<Match>,
) -> Answer {
    let ctx = &centre.ctx;
    let mut tx = ctx.db.begin(&permit).await?;
    let item = assign::assign(&mut tx, ctx, &permit, &record, &body.order).await?;
    tx.commit().await?;
    told(&centre, &permit, &record, item).await
}

/// Why a poor recording is kept.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Keep {
    reason: String,
}

/// The clinic insists on a poor recording: it goes to work, marked.
#[utoipa::path(post, path = "/api/ecg/{record}/keep", tag = "ecg", request_body = Keep, responses((status = 200, description = "the record"), (status = 409, description = "it does not wait any more")))]
#[post("/api/ecg/{record}/keep")]
async fn keep(
    centre: web::Data<Centre>,
    permit: Caller,
    record: web::Path<String>,
    body: web::Json<Keep>,
) -> Answer {
    let ctx = &centre.ctx;
    let mut tx = ctx.db.begin(&permit).await?;
    let item = gate::keep(&mut tx, ctx, &permit, &record, &body.reason).await?;
    tx.commit().await?;
    told(&centre, &permit, &record, item).await
}

/// Tells open pages and answers the record as it stands now.
pub(super) async fn told(centre: &Centre, permit: &Permit, record: &str, item: Option<String>) -> Answer {
    let all = shown(centre, permit, record).await?;
    let facility = all.get("facility").and_then(Value::as_str).unwrap_or_default();
    centre.ctx.live.changed("ecg", record, facility);
    if let Some(item) = item {
        centre.ctx.live.changed("worklist", &item, facility);
    }
    Ok(HttpResponse::Ok().json(all))
}

async fn shown(centre: &Centre, permit: &Permit, record: &str) -> Result<Value> {
    let mut reader = centre.ctx.db.read(permit).await?;
    detail::detail(&mut reader, &centre.ctx, permit, record).await
}
