//! Orders over HTTP: the catalogue, placing, listing, cancelling, collecting.

use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;

use yigong_base::fault::Fault;
use yigong_base::patient::{self, Seen};
use yigong_clinic::lab::{specimen, unmatched};
use yigong_clinic::{Centre, order};
use yigong_formats::dicom::name::syllables;

use super::auth::Caller;
use super::fault::Answer;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(catalogue).service(place).service(list).service(cancel).service(collect);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(catalogue, place, list, cancel, collect))]
pub struct Doc;

/// Which part of the catalogue.
#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(default)]
pub struct Part {
    /// `imaging`, `ecg`, `lab` or empty.
    pipeline: String,
}

/// Which orders.
#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(default)]
pub struct Which {
    /// `open`, `received`, `reported`, `cancelled` or empty.
    state: String,
    /// Part of a name or number.
    q: String,
    /// Cursor of the page before.
    cursor: Option<i64>,
}

/// A new order.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct New {
    patient: NewPatient,
    pipeline: String,
    items: Vec<String>,
    #[serde(default)]
    priority: String,
    #[serde(default)]
    history: String,
    #[serde(default)]
    orderer: String,
    #[serde(default)]
    flags: Vec<String>,
    /// When it is to be done, ms; absent = from now on.
    #[serde(default)]
    scheduled_at: Option<i64>,
    /// AE title of the station that is to do it; empty = any of the facility.
    #[serde(default)]
    station: String,
}

/// Patient of a new order.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct NewPatient {
    local_id: String,
    name: String,
    #[serde(default)]
    sex: String,
    #[serde(default)]
    birth_date: String,
    #[serde(default)]
    national_id: String,
    #[serde(default)]
    phone: String,
}

/// A reason.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Reason {
    reason: String,
}

/// What can be ordered.
#[utoipa::path(get, path = "/api/catalogue", tag = "orders", params(Part), responses((status = 200, description = "catalogue items")))]
#[get("/api/catalogue")]
async fn catalogue(centre: web::Data<Centre>, permit: Caller, query: web::Query<Part>) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    Ok(HttpResponse::Ok().json(order::catalogue(&mut reader, &query.pipeline).await?))
}

/// Places an order for the caller's facility.
#[utoipa::path(post, path = "/api/orders", tag = "orders", request_body = New, responses((status = 201, description = "id, numbers, labels"), (status = 409, description = "the patient id belongs to somebody else")))]
#[post("/api/orders")]
async fn place(centre: web::Data<Centre>, permit: Caller, body: web::Json<New>) -> Answer {
    let new = body.into_inner();
    if !["routine", "urgent", "emergency", "stat", ""].contains(&new.priority.as_str()) {
        return Err(Fault::invalid("priority", "routine, urgent, emergency or stat").into());
    }
    if new.patient.name.trim().is_empty() || new.patient.local_id.trim().is_empty() {
        return Err(Fault::invalid("patient", "local_id and name must not be empty").into());
    }
    let ctx = &centre.ctx;
    let facility = permit.facility().to_owned();
    let mut tx = ctx.db.begin(&permit).await?;
    let p = new.patient;
    let syllables = syllables(&p.name);
    let seen = Seen {
        pinyin: syllables.concat(),
        initials: syllables.iter().filter_map(|s| s.chars().next()).collect(),
        local_id: p.local_id,
        name: p.name,
        sex: p.sex,
        birth_date: p.birth_date,
        national_id: p.national_id,
        phone: p.phone,
    };
    let linked = patient::link(&mut tx, ctx, &facility, &seen).await?;
    if let Some(field) = linked.clash {
        return Err(
            Fault::conflict("patient_clash", format!("this patient id stands with another {field}")).into()
        );
    }
    let mut items = Vec::new();
    for code in &new.items {
        let item = order::catalogue::lookup(&mut tx, code).await?;
        let item = item.filter(|i| i.pipeline == new.pipeline);
        items.push(
            item.ok_or_else(|| Fault::invalid("items", format!("{code} is no item of this pipeline")))?,
        );
    }
    let order = order::NewOrder {
        patient: linked.id,
        pipeline: new.pipeline,
        items,
        priority: if new.priority.is_empty() { "routine".into() } else { new.priority },
        flags: new.flags,
        orderer: if new.orderer.is_empty() { permit.name().to_owned() } else { new.orderer },
        history: new.history,
        scheduled_at: new.scheduled_at,
        station: new.station,
        ..order::NewOrder::default()
    };
    let placed = order::place(&mut tx, ctx, &permit, &facility, &order).await?;
    unmatched::match_again(&mut tx, ctx, &permit, &placed.id).await?;
    tx.commit().await?;
    ctx.live.changed("lab", &placed.id, &facility);
    ctx.live.changed("clinic", &placed.id, &facility);
    Ok(HttpResponse::Created().json(placed))
}

/// Orders in scope.
#[utoipa::path(get, path = "/api/orders", tag = "orders", params(Which), responses((status = 200, description = "rows, next_cursor")))]
#[get("/api/orders")]
async fn list(centre: web::Data<Centre>, permit: Caller, query: web::Query<Which>) -> Answer {
    let ctx = &centre.ctx;
    let mut reader = ctx.db.read(&permit).await?;
    let page = order::list(&mut reader, &permit, &query.state, &query.q, query.cursor, ctx.now()).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Cancels an order, or of one that was partly examined what is left to do.
#[utoipa::path(post, path = "/api/orders/{id}/cancel", tag = "orders", request_body = Reason, responses((status = 204, description = "cancelled"), (status = 409, description = "too late")))]
#[post("/api/orders/{id}/cancel")]
async fn cancel(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Reason>,
) -> Answer {
    let ctx = &centre.ctx;
    let mut tx = ctx.db.begin(&permit).await?;
    order::cancel_rest(&mut tx, ctx, &permit, &id, &body.reason).await?;
    tx.commit().await?;
    ctx.live.changed("clinic", &id, permit.facility());
    Ok(HttpResponse::NoContent().finish())
}

/// Marks a specimen collected.
#[utoipa::path(post, path = "/api/specimens/{barcode}/collect", tag = "orders", responses((status = 204, description = "collected")))]
#[post("/api/specimens/{barcode}/collect")]
async fn collect(centre: web::Data<Centre>, permit: Caller, barcode: web::Path<String>) -> Answer {
    let ctx = &centre.ctx;
    let mut tx = ctx.db.begin(&permit).await?;
    let (id, facility) = specimen::collect(&mut tx, ctx, &permit, &barcode).await?;
    tx.commit().await?;
    ctx.live.changed("lab", &id, &facility);
    Ok(HttpResponse::NoContent().finish())
}
