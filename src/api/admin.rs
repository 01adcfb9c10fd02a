//! Administration of facilities, peers, destinations and deliveries; audit and jobs. No clinical content.

use actix_web::{HttpResponse, get, post, put, web};
use serde::Deserialize;
use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::site::{Facility, Peer, device_clock, facility, peer};
use yigong_base::{args, audit, jobs};
use yigong_clinic::delivery::destination::{self, Destination};
use yigong_clinic::{Centre, delivery};

use super::auth::Caller;
use super::fault::Answer;
use crate::dimse::scu;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(facilities).service(put_facility).service(change_facility);
    cfg.service(peers).service(add_peer).service(change_peer).service(echo);
    cfg.service(destinations).service(add_destination).service(change_destination);
    cfg.service(deliveries).service(resend).service(search_audit).service(list_jobs);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    facilities,
    put_facility,
    change_facility,
    peers,
    add_peer,
    change_peer,
    echo,
    destinations,
    add_destination,
    change_destination,
    deliveries,
    resend,
    search_audit,
    list_jobs
))]
pub struct Doc;

/// The facilities; every signed-in person may name them.
#[utoipa::path(get, path = "/api/admin/facilities", tag = "admin", responses((status = 200, description = "rows")))]
#[get("/api/admin/facilities")]
async fn facilities(centre: web::Data<Centre>, permit: Caller) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    Ok(HttpResponse::Ok().json(json!({"rows": facility::list(&mut reader).await?})))
}

/// Adds a facility.
#[utoipa::path(post, path = "/api/admin/facilities", tag = "admin", responses((status = 200, description = "the facility")))]
#[post("/api/admin/facilities")]
async fn put_facility(centre: web::Data<Centre>, permit: Caller, body: web::Json<Facility>) -> Answer {
    store_facility(&centre, &permit, &body).await
}

/// Changes a facility.
#[utoipa::path(put, path = "/api/admin/facilities/{code}", tag = "admin", responses((status = 200, description = "the facility")))]
#[put("/api/admin/facilities/{code}")]
async fn change_facility(
    centre: web::Data<Centre>,
    permit: Caller,
    code: web::Path<String>,
    body: web::Json<Facility>,
) -> Answer {
    let mut facility = body.into_inner();
    facility.code = code.into_inner();
    store_facility(&centre, &permit, &facility).await
}

async fn store_facility(centre: &Centre, permit: &Permit, f: &Facility) -> Answer {
    let mut tx = centre.ctx.db.begin(permit).await?;
    facility::put(&mut tx, &centre.ctx, permit, f).await?;
    tx.commit().await?;
    Ok(HttpResponse::Ok().json(f))
}

/// The peers.
#[utoipa::path(get, path = "/api/admin/peers", tag = "admin", responses((status = 200, description = "rows")))]
#[get("/api/admin/peers")]
async fn peers(centre: web::Data<Centre>, permit: Caller) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    let clocks = device_clock::off(&mut reader, centre.ctx.now()).await?;
    let mut rows = Vec::new();
    for peer in peer::list(&mut reader).await? {
        let clock = clocks.iter().find(|clock| clock.peer == peer.id);
        let mut row = json!(peer);
        if let Some(map) = row.as_object_mut() {
            map.insert("clock".into(), json!(clock));
        }
        rows.push(row);
    }
    Ok(HttpResponse::Ok().json(json!({"rows": rows})))
}

/// Registers a peer.
#[utoipa::path(post, path = "/api/admin/peers", tag = "admin", responses((status = 200, description = "the peer")))]
#[post("/api/admin/peers")]
async fn add_peer(centre: web::Data<Centre>, permit: Caller, body: web::Json<Peer>) -> Answer {
    let mut new = body.into_inner();
    check_policy(&new)?;
    let mut tx = centre.ctx.db.begin(&permit).await?;
    new.id = peer::create(&mut tx, &centre.ctx, &permit, &new).await?;
    tx.commit().await?;
    Ok(HttpResponse::Ok().json(new))
}

/// Changes a peer.
#[utoipa::path(put, path = "/api/admin/peers/{id}", tag = "admin", responses((status = 200, description = "the peer")))]
#[put("/api/admin/peers/{id}")]
async fn change_peer(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Peer>,
) -> Answer {
    let mut changed = body.into_inner();
    changed.id = id.into_inner();
    check_policy(&changed)?;
    let mut tx = centre.ctx.db.begin(&permit).await?;
    peer::update(&mut tx, &centre.ctx, &permit, &changed).await?;
    tx.commit().await?;
    Ok(HttpResponse::Ok().json(changed))
}

/// Sends a C-ECHO to a DICOM peer.
#[utoipa::path(post, path = "/api/admin/peers/{id}/echo", tag = "admin", responses((status = 200, description = "ok, ms, error")))]
#[post("/api/admin/peers/{id}/echo")]
async fn echo(centre: web::Data<Centre>, permit: Caller, id: web::Path<String>) -> Answer {
    let target = {
        let mut reader = centre.ctx.db.read(&permit).await?;
        peer::find(&mut reader, &id).await?
    };
    let to = scu::Target::of(&centre.ctx, &target)?;
    let body = match scu::echo(&to).await {
        Ok(took) => {
            json!({"ok": true, "ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX), "error": null})
        }
        Err(e) => json!({"ok": false, "ms": null, "error": e.what}),
    };
    Ok(HttpResponse::Ok().json(body))
}

/// The destinations with the size of their queues.
#[utoipa::path(get, path = "/api/admin/destinations", tag = "admin", responses((status = 200, description = "rows")))]
#[get("/api/admin/destinations")]
async fn destinations(centre: web::Data<Centre>, permit: Caller) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    Ok(HttpResponse::Ok().json(json!({"rows": destination::list(&mut reader).await?})))
}

/// Adds a destination.
#[utoipa::path(post, path = "/api/admin/destinations", tag = "admin", responses((status = 200, description = "the destination")))]
#[post("/api/admin/destinations")]
async fn add_destination(centre: web::Data<Centre>, permit: Caller, body: web::Json<Destination>) -> Answer {
    let mut new = body.into_inner();
    let mut tx = centre.ctx.db.begin(&permit).await?;
    new.id = destination::create(&mut tx, &centre.ctx, &permit, &new).await?;
    tx.commit().await?;
    Ok(HttpResponse::Ok().json(new))
}

/// Changes a destination.
#[utoipa::path(put, path = "/api/admin/destinations/{id}", tag = "admin", responses((status = 200, description = "the destination")))]
#[put("/api/admin/destinations/{id}")]
async fn change_destination(
    centre: web::Data<Centre>,
    permit: Caller,
    id: web::Path<String>,
    body: web::Json<Destination>,
) -> Answer {
    let mut changed = body.into_inner();
    changed.id = id.into_inner();
    let mut tx = centre.ctx.db.begin(&permit).await?;
    destination::update(&mut tx, &centre.ctx, &permit, &changed).await?;
    tx.commit().await?;
    Ok(HttpResponse::Ok().json(changed))
}

/// Which deliveries.
#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(default)]
pub struct ByState {
    state: String,
}

/// The last deliveries.
#[utoipa::path(get, path = "/api/admin/deliveries", tag = "admin", params(ByState), responses((status = 200, description = "rows")))]
#[get("/api/admin/deliveries")]
async fn deliveries(centre: web::Data<Centre>, permit: Caller, query: web::Query<ByState>) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    Ok(HttpResponse::Ok().json(json!({"rows": delivery::list::list(&mut reader, &query.state).await?})))
}

/// Arms a parked or dead parcel again.
#[utoipa::path(post, path = "/api/admin/deliveries/{id}/resend", tag = "admin", responses((status = 204, description = "armed")))]
#[post("/api/admin/deliveries/{id}/resend")]
async fn resend(centre: web::Data<Centre>, permit: Caller, id: web::Path<String>) -> Answer {
    let mut tx = centre.ctx.db.begin(&permit).await?;
    delivery::receipt::resend(&mut tx, &centre.ctx, &permit, &id).await?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What to search in the audit chain.
#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(default)]
pub struct AuditQuery {
    q: String,
    object: String,
    cursor: String,
}

/// Audit events, newest first.
#[utoipa::path(get, path = "/api/admin/audit", tag = "admin", params(AuditQuery), responses((status = 200, description = "rows, next_cursor")))]
#[get("/api/admin/audit")]
async fn search_audit(centre: web::Data<Centre>, permit: Caller, query: web::Query<AuditQuery>) -> Answer {
    let before = query.cursor.parse().unwrap_or(i64::MAX);
    let q = query.q.replace(['%', '_'], "");
    let like = if q.is_empty() { String::new() } else { format!("%{q}%") };
    let mut reader = centre.ctx.db.read(&permit).await?;
    let found = reader.all(audit::sql::SEARCH, args![before, &query.object, like]).await?;
    let next = if found.len() == 100 {
        found.last().map(|r| r.int("seq")).transpose()?.map(|s| s.to_string())
    } else {
        None
    };
    let mut rows = Vec::new();
    for row in &found {
        rows.push(json!({
            "seq": row.int("seq")?, "at": row.int("at")?, "who": row.text("who")?, "who_name": row.text("who_name")?, "role": row.text("role")?,
            "facility": row.text("facility")?, "action": row.text("action")?, "object_kind": row.text("object_kind")?,
            "object_id": row.text("object_id")?, "detail": row.json::<Value>("detail")?,
        }));
    }
    Ok(HttpResponse::Ok().json(json!({"rows": rows, "next_cursor": next})))
}

/// Waiting and failed background jobs.
#[utoipa::path(get, path = "/api/admin/jobs", tag = "admin", responses((status = 200, description = "rows")))]
#[get("/api/admin/jobs")]
async fn list_jobs(centre: web::Data<Centre>, permit: Caller) -> Answer {
    let mut reader = centre.ctx.db.read(&permit).await?;
    let mut rows = Vec::new();
    for row in reader.all(jobs::sql::LIST, args![]).await? {
        rows.push(json!({
            "id": row.text("id")?, "kind": row.text("kind")?, "key": row.text("key")?, "state": row.text("state")?,
            "run_at": row.int("run_at")?, "attempts": row.int("attempts")?, "error": row.text("error")?,
        }));
    }
    Ok(HttpResponse::Ok().json(json!({ "rows": rows })))
}

/// The policy of an HL7 peer is a profile: an unknown dialect or key is refused here, not when a message comes.
fn check_policy(peer: &Peer) -> Result<(), super::fault::ApiFault> {
    if peer.kind == "hl7" {
        yigong_formats::hl7::Profile::of_policy(&peer.policy)
            .map_err(|e| yigong_base::fault::Fault::invalid("policy", e))?;
    }
    Ok(())
}
