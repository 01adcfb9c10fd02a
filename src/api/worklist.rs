//! The worklist: lists and the work on an item.

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use yigong_base::fault::{Fault, Result};
use yigong_clinic::Centre;
use yigong_clinic::report::{detail, open};
use yigong_clinic::worklist::{self, Counts, Filter, ItemRow, Tab, WorkRow};

use super::auth::Caller;
use super::fault::Answer;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(list).service(next).service(show).service(claim);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(list, next, show, claim))]
pub struct Doc;

/// What the list is asked for.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(default)]
pub struct ListQuery {
    /// `write audit mine returned critical published overdue`.
    tab: String,
    pipeline: String,
    facility: String,
    modality: String,
    q: String,
    cursor: String,
    limit: i64,
}

impl Default for ListQuery {
    fn default() -> Self {
        Self {
            tab: "write".into(),
            pipeline: String::new(),
            facility: String::new(),
            modality: String::new(),
            q: String::new(),
            cursor: String::new(),
            limit: 100,
        }
    }
}

/// The answer of a page.
#[derive(Serialize)]
struct Listed {
    now: i64,
    counts: Counts,
    rows: Vec<WorkRow>,
    next_cursor: Option<String>,
}

/// One page of a tab with the numbers on all tabs.
#[utoipa::path(get, path = "/api/worklist", tag = "work", params(ListQuery), responses((status = 200, description = "rows, counts, next_cursor, now")))]
#[get("/api/worklist")]
async fn list(centre: web::Data<Centre>, permit: Caller, query: web::Query<ListQuery>) -> Answer {
    let q = query.into_inner();
    let tab = Tab::parse(&q.tab).ok_or_else(|| {
        Fault::invalid("tab", "write, audit, mine, returned, critical, published or overdue")
    })?;
    let filter = Filter {
        pipeline: q.pipeline,
        facility: q.facility,
        modality: q.modality,
        q: q.q,
        cursor: q.cursor,
        limit: q.limit,
    };
    let ctx = &centre.ctx;
    let mut reader = ctx.db.read(&permit).await?;
    let page = worklist::page(&mut reader, ctx, &permit, tab, &filter).await?;
    Ok(HttpResponse::Ok().json(Listed {
        now: ctx.now(),
        counts: page.counts,
        rows: page.rows,
        next_cursor: page.next_cursor,
    }))
}

/// Which queue the next item may come from.
#[derive(Deserialize, Default, utoipa::ToSchema)]
#[serde(default)]
pub struct NextBody {
    pipeline: String,
    tier: String,
}

/// Claims the next item; 204 when nothing waits.
#[utoipa::path(post, path = "/api/work/next", tag = "work", request_body = NextBody, responses((status = 200, description = "the claimed item"), (status = 204, description = "nothing waits")))]
#[post("/api/work/next")]
async fn next(centre: web::Data<Centre>, permit: Caller, body: web::Json<NextBody>) -> Answer {
    let ctx = &centre.ctx;
    let mut tx = ctx.db.begin(&permit).await?;
    let Some(item) = worklist::next(&mut tx, ctx, &permit, &body.pipeline, &body.tier).await? else {
        return Ok(HttpResponse::NoContent().finish());
    };
    open::open_for(&mut tx, ctx, &item).await?;
    tx.commit().await?;
    told(&centre, &item);
    answer(&centre, &permit, &item.id).await
}

/// Claims an item.
#[utoipa::path(post, path = "/api/work/{id}/claim", tag = "work", responses((status = 200, description = "the claimed item"), (status = 409, description = "held by another, or not open")))]
#[post("/api/work/{id}/claim")]
async fn claim(centre: web::Data<Centre>, permit: Caller, id: web::Path<String>) -> Answer {
    let ctx = &centre.ctx;
    let mut tx = ctx.db.begin(&permit).await?;
    let item = worklist::claim(&mut tx, ctx, &permit, &id).await?;
    open::open_for(&mut tx, ctx, &item).await?;
    tx.commit().await?;
    told(&centre, &item);
    answer(&centre, &permit, &id).await
}

/// Shows an item without claiming it.
#[utoipa::path(get, path = "/api/work/{id}", tag = "work", responses((status = 200, description = "the item")))]
#[get("/api/work/{id}")]
async fn show(centre: web::Data<Centre>, permit: Caller, id: web::Path<String>) -> Answer {
    answer(&centre, &permit, &id).await
}

/// The whole item as JSON.
pub async fn answer(centre: &Centre, permit: &Caller, id: &str) -> Answer {
    let mut reader = centre.ctx.db.read(permit).await?;
    Ok(HttpResponse::Ok().json(detail::detail(&mut reader, &centre.ctx, permit, id).await?))
}

/// Tells open pages.
pub fn told(centre: &Centre, item: &ItemRow) {
    centre.ctx.live.changed("worklist", &item.id, &item.facility);
}

/// The facility of an item, for telling pages after a change that returns no row.
pub async fn facility_of(centre: &Centre, permit: &Caller, id: &str) -> Result<String> {
    let mut reader = centre.ctx.db.read(permit).await?;
    Ok(worklist::claim::find(&mut reader, permit, id).await?.facility)
}
