//! UPS-RS (PS3.18 §11): the worklist as work items. Search, retrieve, create, claim, give back, update.
//!
//! Who claims here holds the item in the web list too, and the other way round. COMPLETED comes from a signed report and
//! from nothing else. Events are not delivered: a subscription is answered 501, clients ask again.

mod view;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use serde_json::{Value, json};
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};
use yigong_clinic::Centre;
use yigong_clinic::worklist::ups::{self, Filter};
use yigong_formats::dicom::{Tag, tag};

use super::accept::{TakesJson, parameter};
use super::refuse::refuse;
use crate::api::auth::Caller;
use crate::api::fault::{Answer, ApiFault};
use crate::api::worklist::told;

const JSON: &str = "application/dicom+json";

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(search)
        .service(create)
        .service(retrieve)
        .service(change_state)
        .service(cancel)
        .service(update);
    let subscribe = "/dicom-web/workitems/{uid}/subscribers/{tail:.*}";
    cfg.service(
        web::resource(subscribe).route(web::post().to(subscription)).route(web::delete().to(subscription)),
    );
}

/// Read tasks are for those who read, and for machines that may see the images.
fn require_work(permit: &Permit) -> std::result::Result<(), ApiFault> {
    let rights = [Right::Write, Right::Audit, Right::Lead, Right::ViewReports];
    if permit.study().is_none()
        && (permit.has_scope("images:read") || rights.into_iter().any(|r| permit.may(r)))
    {
        Ok(())
    } else {
        Err(ApiFault(Fault::denied("workitems")))
    }
}

#[get("/dicom-web/workitems")]
async fn search(
    centre: web::Data<Centre>,
    permit: Caller,
    _json: TakesJson,
    query: web::Query<Vec<(String, String)>>,
) -> Answer {
    require_work(&permit)?;
    let mut filter = Filter { limit: 100, ..Filter::default() };
    let mut unknown = Vec::new();
    for (name, value) in query.into_inner() {
        let number = || value.trim().parse::<i64>().ok().filter(|n| *n >= 0);
        match name.as_str() {
            "limit" | "offset" => {
                let Some(n) = number() else {
                    return Ok(refuse(StatusCode::BAD_REQUEST, &name, "a number, from 0"));
                };
                if name == "limit" { filter.limit = n } else { filter.offset = n }
            }
            "includefield" | "fuzzymatching" => {}
            _ => match Tag::named(&name) {
                Some(view::STATE) => filter.state = value,
                Some(view::PRIORITY) => filter.priority = value,
                Some(tag::PATIENT_ID) => filter.patient_id = value,
                Some(tag::STUDY_UID) => filter.study = value,
                Some(tag::MODALITY) => filter.modality = value,
                _ => unknown
                    .push(name.chars().filter(char::is_ascii_alphanumeric).take(64).collect::<String>()),
            },
        }
    }
    let rows = if filter.limit == 0 {
        Vec::new()
    } else {
        let mut conn = centre.ctx.db.read(&permit).await?;
        ups::list(&mut conn, &permit, &filter).await?
    };
    let list: Vec<Value> = rows.iter().map(|w| view::workitem(&centre, w)).collect();
    let mut response = HttpResponse::Ok();
    if !unknown.is_empty() {
        let text = format!("299 yigong \"keys not supported: {}\"", unknown.join(", "));
        response.insert_header((header::WARNING, text));
    }
    Ok(response.content_type(JSON).body(Value::Array(list).to_string()))
}

#[get("/dicom-web/workitems/{uid}")]
async fn retrieve(
    centre: web::Data<Centre>,
    permit: Caller,
    _json: TakesJson,
    uid: web::Path<String>,
) -> Answer {
    require_work(&permit)?;
    let mut conn = centre.ctx.db.read(&permit).await?;
    let item = ups::find(&mut conn, &permit, &uid).await?;
    Ok(HttpResponse::Ok().content_type(JSON).body(json!([view::workitem(&centre, &item)]).to_string()))
}

/// The data set of a body: an object, or an array of one.
fn set(body: &[u8]) -> std::result::Result<Value, HttpResponse> {
    let wrong = |detail: &str| refuse(StatusCode::BAD_REQUEST, "body", detail);
    let value: Value = serde_json::from_slice(body).map_err(|e| wrong(&format!("DICOM JSON: {e}")))?;
    let first = match value {
        Value::Array(list) => list.into_iter().next().unwrap_or_default(),
        other => other,
    };
    if first.is_object() { Ok(first) } else { Err(wrong("DICOM JSON of one data set")) }
}

fn text(set: &Value, t: Tag) -> String {
    set.get(t.to_string()).and_then(|a| a["Value"][0].as_str()).unwrap_or_default().to_owned()
}

/// The transaction UID from the query (`transaction-uid` or `transaction`, any case) or from the body.
fn transaction(req: &HttpRequest, set: &Value) -> String {
    ["transaction-uid", "transaction"]
        .iter()
        .find_map(|name| parameter(req, name))
        .filter(|t| !t.is_empty())
        .unwrap_or_else(|| text(set, view::TRANSACTION))
}

/// The centre's own conflicts as UPS has them: 409 with a warning that says why.
fn answered(result: Result<()>, done: HttpResponse) -> Answer {
    match result {
        Ok(()) => Ok(done),
        Err(Fault::Conflict { code, detail, .. } | Fault::Stale { code, detail, .. }) => {
            let mut response = refuse(StatusCode::CONFLICT, &code, &detail);
            if let Ok(value) = header::HeaderValue::from_str(&format!("299 yigong \"{detail}\"")) {
                response.headers_mut().insert(header::WARNING, value);
            }
            Ok(response)
        }
        Err(Fault::Invalid { what, detail, .. }) => Ok(refuse(StatusCode::BAD_REQUEST, &what, &detail)),
        Err(other) => Err(other.into()),
    }
}

#[post("/dicom-web/workitems")]
async fn create(req: HttpRequest, centre: web::Data<Centre>, permit: Caller, body: web::Bytes) -> Answer {
    require_work(&permit)?;
    let set = match set(&body) {
        Ok(set) => set,
        Err(response) => return Ok(response),
    };
    let given = parameter(&req, "workitem")
        .or_else(|| Some(req.query_string().to_owned()).filter(|q| !q.is_empty() && !q.contains('=')))
        .unwrap_or_else(|| text(&set, tag::SOP_INSTANCE));
    let state = text(&set, view::STATE);
    if !matches!(state.as_str(), "" | "SCHEDULED") {
        return Ok(refuse(StatusCode::BAD_REQUEST, "00741000", "a new workitem is SCHEDULED"));
    }
    let input = set.get(view::INPUT.to_string()).map_or(Value::Null, |s| s["Value"][0].clone());
    let study =
        [text(&input, tag::STUDY_UID), text(&set, tag::STUDY_UID)].into_iter().find(|s| !s.is_empty());
    let Some(study) = study else {
        return Ok(refuse(
            StatusCode::BAD_REQUEST,
            "00404021",
            "name the study to be read: Input Information Sequence with a Study Instance UID",
        ));
    };
    let ctx = &centre.ctx;
    let mut tx = ctx.db.begin(&permit).await?;
    match ups::create(&mut tx, ctx, &permit, &study, &given, &text(&set, view::PRIORITY)).await {
        Ok(item) => {
            tx.commit().await?;
            ctx.live.changed("worklist", &item.id, &item.facility);
            Ok(HttpResponse::Created()
                .insert_header((header::LOCATION, view::address(&centre, &item.uid)))
                .finish())
        }
        Err(Fault::Conflict { code, detail, current }) => {
            let mut response = refuse(StatusCode::CONFLICT, &code, &detail);
            if let Some(uid) = current.get("workitem").and_then(Value::as_str)
                && let Ok(value) = header::HeaderValue::from_str(&view::address(&centre, uid))
            {
                response.headers_mut().insert(header::LOCATION, value);
            }
            Ok(response)
        }
        Err(other) => answered(Err(other), HttpResponse::Created().finish()),
    }
}

#[put("/dicom-web/workitems/{uid}/state")]
async fn change_state(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    uid: web::Path<String>,
    body: web::Bytes,
) -> Answer {
    require_work(&permit)?;
    let set = match set(&body) {
        Ok(set) => set,
        Err(response) => return Ok(response),
    };
    let (wanted, transaction) = (text(&set, view::STATE), transaction(&req, &set));
    let ctx = &centre.ctx;
    let mut tx = ctx.db.begin(&permit).await?;
    let changed = match wanted.as_str() {
        "IN PROGRESS" => ups::begin(&mut tx, ctx, &permit, &uid, &transaction).await,
        "CANCELED" => ups::give_back(&mut tx, ctx, &permit, &uid, &transaction).await,
        "COMPLETED" => {
            drop(tx);
            return completed(&centre, &permit, &uid).await;
        }
        _ => {
            return Ok(refuse(StatusCode::BAD_REQUEST, "00741000", "IN PROGRESS, COMPLETED or CANCELED"));
        }
    };
    let changed = match changed {
        Ok(item) => {
            tx.commit().await?;
            told(&centre, &item);
            Ok(())
        }
        Err(fault) => Err(fault),
    };
    answered(changed, HttpResponse::Ok().finish())
}

/// A read task is complete when its report is signed; then saying so again is no error (PS3.4 §CC.2.1.3).
async fn completed(centre: &Centre, permit: &Caller, uid: &str) -> Answer {
    let mut conn = centre.ctx.db.read(permit).await?;
    let item = ups::find(&mut conn, permit, uid).await?;
    if item.state == "COMPLETED" {
        let warning = "299 yigong \"The UPS is already in the requested state of COMPLETED.\"";
        return Ok(HttpResponse::Ok().insert_header((header::WARNING, warning)).finish());
    }
    let detail = "a read task is completed by signing its report, not by a state";
    answered(Err(Fault::conflict("final_state", detail)), HttpResponse::Ok().finish())
}

#[post("/dicom-web/workitems/{uid}")]
async fn update(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    uid: web::Path<String>,
    body: web::Bytes,
) -> Answer {
    require_work(&permit)?;
    let set = match set(&body) {
        Ok(set) => set,
        Err(response) => return Ok(response),
    };
    let (transaction, priority) = (transaction(&req, &set), text(&set, view::PRIORITY));
    let kept = [view::PRIORITY, view::TRANSACTION, tag::CHARSET].map(|t| t.to_string());
    let other: Vec<&String> =
        set.as_object().into_iter().flat_map(|m| m.keys()).filter(|k| !kept.contains(k)).collect();
    if let Some(name) = other.first() {
        let name: String = name.chars().filter(char::is_ascii_alphanumeric).take(16).collect();
        let detail =
            format!("{name} cannot be changed here; the priority can be raised, and the lease kept alive");
        return Ok(refuse(StatusCode::BAD_REQUEST, "attribute", &detail));
    }
    let ctx = &centre.ctx;
    let mut tx = ctx.db.begin(&permit).await?;
    let priority = Some(priority.as_str()).filter(|p| !p.is_empty());
    let updated = ups::update(&mut tx, ctx, &permit, &uid, &transaction, priority).await;
    if updated.is_ok() {
        tx.commit().await?;
    }
    answered(updated, HttpResponse::Ok().finish())
}

/// A stranger cannot take an item from its holder; the lead can, in the web list, with a reason.
#[post("/dicom-web/workitems/{uid}/cancelrequest")]
async fn cancel(centre: web::Data<Centre>, permit: Caller, uid: web::Path<String>) -> Answer {
    require_work(&permit)?;
    let mut conn = centre.ctx.db.read(&permit).await?;
    ups::find(&mut conn, &permit, &uid).await?;
    let detail = "examinations are cancelled by their order, leases are broken by the lead of the centre";
    answered(Err(Fault::conflict("cancel", detail)), HttpResponse::Accepted().finish())
}

async fn subscription(permit: Caller) -> Answer {
    require_work(&permit)?;
    Ok(refuse(
        StatusCode::NOT_IMPLEMENTED,
        "subscribe",
        "events are not delivered here: search again, the answer is in the order of reading",
    ))
}
