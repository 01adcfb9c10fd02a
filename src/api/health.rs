//! Liveness and readiness, without a session.

use std::sync::Arc;
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

/// What was found so lately is told again: whoever asks without end does not make the disk sync without end.
const FRESH: Duration = Duration::from_secs(1);

/// The last look; one at a time.
#[derive(Default)]
struct Looked(tokio::sync::Mutex<Option<(std::time::Instant, bool)>>);

/// A row and an object can be written and synced.
#[get("/health/ready")]
async fn ready(centre: web::Data<Centre>) -> HttpResponse {
    let ctx = &centre.ctx;
    let looked = ctx.kept.get::<Looked>().unwrap_or_else(|| {
        let new = Arc::new(Looked::default());
        ctx.kept.put(&new);
        new
    });
    let mut last = looked.0.lock().await;
    let is_ready = match *last {
        Some((at, found)) if at.elapsed() < FRESH => found,
        _ => look(&centre).await,
    };
    if last.is_none_or(|(at, _)| at.elapsed() >= FRESH) {
        *last = Some((std::time::Instant::now(), is_ready));
    }
    if is_ready {
        // A clock that nobody believes is for a person; work goes on.
        HttpResponse::Ok()
            .json(json!({"ready": true, "clock_off_by_seconds": ctx.clock.set_by() / SECOND_MS}))
    } else {
        HttpResponse::ServiceUnavailable().json(json!({"ready": false}))
    }
}

async fn look(centre: &Centre) -> bool {
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
        Ok(()) => true,
        Err(fault) => {
            tracing::error!(error = %fault, "health.ready failed");
            false
        }
    }
}
