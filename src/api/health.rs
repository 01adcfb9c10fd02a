//! Liveness and readiness, without a session.

use actix_web::{HttpResponse, get, web};
use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::{args, setting};
use yigong_clinic::Centre;

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(live).service(ready);
}

/// The process answers.
#[get("/health/live")]
async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({"live": true}))
}

/// A row and an object can be written and synced.
#[get("/health/ready")]
async fn ready(centre: web::Data<Centre>) -> HttpResponse {
    let ctx = &centre.ctx;
    let probe = async {
        let mut tx = ctx.db.begin(&Permit::system("health")).await?;
        tx.opt(setting::sql::GET, args!["health"]).await?;
        setting::put(&mut tx, ctx, "health", "probe").await?;
        tx.commit().await?;
        ctx.blobs.probe().await
    };
    match probe.await {
        Ok(()) => HttpResponse::Ok().json(json!({"ready": true})),
        Err(fault) => {
            tracing::error!(error = %fault, "health.ready failed");
            HttpResponse::ServiceUnavailable().json(json!({"ready": false}))
        }
    }
}
