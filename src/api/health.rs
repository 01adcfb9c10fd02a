//! Liveness and readiness, without a session.

use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::clock::SECOND_MS;
use yigong_base::fault::Fault;
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

/// What has not happened by then counts as not happening: whoever asks wants to know within five seconds.
const PATIENCE: Duration = Duration::from_secs(3);

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
    let late = || Err(Fault::Busy { detail: format!("no answer within {} s", PATIENCE.as_secs()) });
    match tokio::time::timeout(PATIENCE, probe).await.unwrap_or_else(|_| late()) {
        // A clock that nobody believes is for a person; work goes on.
        Ok(()) => HttpResponse::Ok()
            .json(json!({"ready": true, "clock_off_by_seconds": ctx.clock.set_by() / SECOND_MS})),
        Err(fault) => {
            tracing::error!(error = %fault, "health.ready failed");
            HttpResponse::ServiceUnavailable().json(json!({"ready": false}))
        }
    }
}
