//! The health of the store: room, scrubber and sweeper, damaged objects and what is done about them, retention and holds.

use actix_web::{HttpResponse, delete, get, post, put, web};
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::digest::{Running, RunningSha256};
use yigong_base::fault::Fault;
use yigong_clinic::Centre;
use yigong_clinic::imaging::{recompress, retention, scrub};

use super::auth::Caller;
use super::fault::{Answer, ApiFault};
use super::quarantine::Why;

/// Old studies that are looked at for one answer.
const MOST: usize = 2_000;
/// Of them listed.
const SHOWN: usize = 200;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(overview)
        .service(get_damaged)
        .service(recheck)
        .service(check_study)
        .service(note)
        .service(bring_back);
    cfg.service(get_retention).service(get_holds).service(hold).service(release);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    overview,
    get_damaged,
    recheck,
    check_study,
    note,
    bring_back,
    get_retention,
    get_holds,
    hold,
    release
))]
pub struct Doc;

/// Why a study is kept whatever the policy says.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Holding {
    reason: String,
}

/// What was done about a damaged object; empty = nothing any more.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Noting {
    note: String,
}

/// Studies by name are for leads and quality officers; an administrator sees numbers.
fn clinical(permit: &Permit) -> Result<(), ApiFault> {
    if retention::may_hold(permit) { Ok(()) } else { Err(Fault::denied("keeping").into()) }
}

/// Room, scrubber, sweeper, and how many objects are damaged, on hold, given up.
#[utoipa::path(get, path = "/api/storage", tag = "storage", responses((status = 200, description = "space, scrub, sweep, next, damaged, recompress, policy, numbers, may, now")))]
#[get("/api/storage")]
async fn overview(centre: web::Data<Centre>, permit: Caller) -> Answer {
    let ctx = &centre.ctx;
    let space = ctx.blobs.space()?;
    let mut conn = ctx.db.read(&permit).await?;
    let (progress, swept, _) = scrub::state(&mut conn).await?;
    let smaller = recompress::progress(&mut conn).await?;
    Ok(HttpResponse::Ok().json(json!({
        "space": {"free": space.free, "whole": space.whole, "reserve": space.reserve, "has_room": space.has_room()},
        "scrub": {"share": scrub::share(&progress), "running": !progress.cursor.is_empty(), "began_at": progress.began_at, "checked": progress.checked, "wrong": progress.wrong,
            "finished_at": progress.finished_at, "days": ctx.config.imaging.scrub_days},
        "sweep": swept,
        "next": scrub::next_runs(&mut conn).await?,
        "damaged": scrub::count(&mut conn, &permit).await?,
        "recompress": {"days": ctx.config.imaging.recompress_after_days, "running": !smaller.cursor.is_empty(), "done": smaller.done, "left": smaller.left,
            "saved": smaller.saved, "finished_at": smaller.finished_at},
        "policy": ctx.config.retention,
        "numbers": retention::show::numbers(&mut conn, &permit).await?,
        "may": {"studies": clinical(&permit).is_ok()},
        "now": ctx.now(),
    })))
}

/// Damaged objects: what they are, where they are needed, since when.
#[utoipa::path(get, path = "/api/storage/damaged", tag = "storage", responses((status = 200, description = "rows")))]
#[get("/api/storage/damaged")]
async fn get_damaged(centre: web::Data<Centre>, permit: Caller) -> Answer {
    let mut conn = centre.ctx.db.read(&permit).await?;
    let rows = scrub::mend::list(&mut conn, &permit).await?;
    Ok(HttpResponse::Ok().json(json!({"rows": rows, "now": centre.ctx.now()})))
}

/// Hashes a damaged object again now; a whole one loses its mark.
#[utoipa::path(post, path = "/api/storage/damaged/{address}/recheck", tag = "storage", params(("address" = String, Path)), responses((status = 200, description = "found: sound, hash, missing, unreadable, gone")))]
#[post("/api/storage/damaged/{address}/recheck")]
async fn recheck(centre: web::Data<Centre>, permit: Caller, address: web::Path<String>) -> Answer {
    let found = scrub::mend::recheck(&centre.ctx, &permit, &address).await?;
    Ok(HttpResponse::Ok().json(json!({"found": found})))
}

/// Hashes every object of a study again now.
#[utoipa::path(post, path = "/api/studies/{id}/check", tag = "storage", params(("id" = String, Path)), responses((status = 200, description = "checked, wrong, left")))]
#[post("/api/studies/{id}/check")]
async fn check_study(centre: web::Data<Centre>, permit: Caller, id: web::Path<String>) -> Answer {
    Ok(HttpResponse::Ok().json(scrub::mend::check_study(&centre.ctx, &permit, &id).await?))
}

/// Notes what was done about a damaged object.
#[utoipa::path(put, path = "/api/storage/damaged/{address}/note", tag = "storage", params(("address" = String, Path)), request_body = Noting, responses((status = 204)))]
#[put("/api/storage/damaged/{address}/note")]
async fn note(
    centre: web::Data<Centre>,
    permit: Caller,
    address: web::Path<String>,
    body: web::Json<Noting>,
) -> Answer {
    scrub::mend::note(&centre.ctx, &permit, &address, &body.note).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Brings the bytes of a damaged object back: only those that hash to its name are taken.
#[utoipa::path(put, path = "/api/storage/damaged/{address}/content", tag = "storage", params(("address" = String, Path)), responses((status = 200, description = "found")))]
#[put("/api/storage/damaged/{address}/content")]
async fn bring_back(
    centre: web::Data<Centre>,
    permit: Caller,
    address: web::Path<String>,
    mut body: web::Payload,
) -> Answer {
    let ctx = &centre.ctx;
    // Before a byte of the file is read.
    scrub::mend::marked(ctx, &permit, &address).await?;
    let mut spool = ctx.blobs.spool().await?;
    let (mut now, mut old) = (Running::default(), RunningSha256::default());
    while let Some(part) = body.next().await {
        let part = part.map_err(|e| Fault::invalid("body", e.to_string()))?;
        now.update(&part);
        old.update(&part);
        spool.write(&part).await?;
    }
    let spooled = spool.finish().await?;
    let content = [now.finish_hex(), old.finish_hex()];
    let found = scrub::mend::restore(ctx, &permit, &address, spooled, &content).await?;
    Ok(HttpResponse::Ok().json(json!({"found": found})))
}

/// The dry run of the retention policy, what it has hidden, and what is gone.
#[utoipa::path(get, path = "/api/storage/retention", tag = "storage", responses((status = 200, description = "policy, old, counts, leaving, erased")))]
#[get("/api/storage/retention")]
async fn get_retention(centre: web::Data<Centre>, permit: Caller) -> Answer {
    let (ctx, policy) = (&centre.ctx, &centre.ctx.config.retention);
    let mut conn = ctx.db.read(&permit).await?;
    let mut old = retention::dry_run(&mut conn, policy, ctx.now(), permit.scope(), MOST + 1).await?;
    let more = old.len() > MOST;
    old.truncate(MOST);
    let may_go = old.iter().filter(|o| o.kept_by.is_empty()).count();
    let all = old.len();
    // What may go is what a person looks for: it comes first.
    old.sort_by_key(|o| !o.kept_by.is_empty());
    old.truncate(SHOWN);
    Ok(HttpResponse::Ok().json(json!({
        "policy": policy, "old": old, "counts": {"old": all, "may_go": may_go, "more": more},
        "leaving": retention::show::leaving(&mut conn, &permit, policy).await?,
        "erased": retention::show::erased(&mut conn, &permit).await?, "now": ctx.now(),
    })))
}

/// What is on hold and why.
#[utoipa::path(get, path = "/api/storage/holds", tag = "storage", responses((status = 200, description = "rows")))]
#[get("/api/storage/holds")]
async fn get_holds(centre: web::Data<Centre>, permit: Caller) -> Answer {
    let mut conn = centre.ctx.db.read(&permit).await?;
    let rows = retention::show::holds(&mut conn, &permit).await?;
    Ok(HttpResponse::Ok().json(json!({"rows": rows, "now": centre.ctx.now()})))
}

/// Keeps a study whatever the retention policy says.
#[utoipa::path(put, path = "/api/studies/{id}/hold", tag = "storage", params(("id" = String, Path)), request_body = Holding, responses((status = 204)))]
#[put("/api/studies/{id}/hold")]
async fn hold(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Holding>,
) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    retention::hold(&mut tx, &centre.ctx, &permit, &id, &body.reason).await?;
    tx.commit().await?;
    told(&centre, &permit, &id);
    Ok(HttpResponse::NoContent().finish())
}

/// Lets the retention policy speak again, with the reason.
#[utoipa::path(delete, path = "/api/studies/{id}/hold", tag = "storage", params(("id" = String, Path)), request_body = Why, responses((status = 204)))]
#[delete("/api/studies/{id}/hold")]
async fn release(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Why>,
) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    retention::release(&mut tx, &centre.ctx, &permit, &id, &body.why).await?;
    tx.commit().await?;
    told(&centre, &permit, &id);
    Ok(HttpResponse::NoContent().finish())
}

fn told(centre: &Centre, permit: &Permit, study: &str) {
    for slice in ["storage", "imaging"] {
        centre.ctx.live.changed(slice, study, permit.facility());
    }
}
