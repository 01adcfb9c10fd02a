//! Server-sent events: what changed, by id; pages fetch the rest. Scope-filtered, resumable.

use std::time::{Duration, Instant};

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, get, web};
use tokio::sync::broadcast::error::RecvError;
use yigong_base::access::{Permit, session};
use yigong_base::live::{LiveEvent, STOP};
use yigong_clinic::Centre;

use super::auth::{Caller, Person, cookie_of};
use super::fault::Answer;

/// Silence after which a comment is sent, so that both ends notice a dead line.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Routes of this file.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(events);
}

/// OpenAPI of this file.
#[derive(utoipa::OpenApi)]
#[openapi(paths(events))]
pub struct Doc;

/// The stream of changes.
#[utoipa::path(get, path = "/api/events", tag = "live", responses((status = 200, description = "text/event-stream")))]
#[get("/api/events")]
async fn events(req: HttpRequest, centre: web::Data<Centre>, permit: Caller, _person: Person) -> Answer {
    let last = req.headers().get("last-event-id").and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
    let (missed, receiver) = centre.ctx.live.follow(last);
    let permit = permit.0.clone();
    let token = cookie_of(req.headers()).unwrap_or_default();
    let first: String = missed.iter().filter(|e| permit.sees(&e.facility)).map(frame).collect();
    let head = Bytes::from(format!("retry: 2000\n\n{first}"));
    let stream = futures_util::stream::unfold(
        (receiver, permit, Some(head), centre, token, Instant::now()),
        |(mut receiver, mut permit, head, centre, token, mut asked)| async move {
            if let Some(head) = head {
                return Some((
                    Ok::<_, actix_web::Error>(head),
                    (receiver, permit, None, centre, token, asked),
                ));
            }
            let text = wait(&mut receiver, &permit).await?;
            if asked.elapsed() >= HEARTBEAT {
                // Who signed out, was switched off or has other roles hears nothing more under the old ones.
                permit = session::find(&centre.ctx, &token).await.ok()??.permit;
                asked = Instant::now();
            }
            Some((Ok(Bytes::from(text)), (receiver, permit, None, centre, token, asked)))
        },
    );
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(stream))
}

async fn wait(receiver: &mut tokio::sync::broadcast::Receiver<LiveEvent>, permit: &Permit) -> Option<String> {
    loop {
        match tokio::time::timeout(HEARTBEAT, receiver.recv()).await {
            Err(_) => return Some(": still here\n\n".into()),
            Ok(Ok(event)) if event.slice == STOP => return None,
            Ok(Ok(event)) if permit.sees(&event.facility) => return Some(frame(&event)),
            Ok(Ok(_)) => {}
            // The page missed events: tell it to fetch everything again.
            Ok(Err(RecvError::Lagged(_))) => return Some("event: reload\ndata: {}\n\n".into()),
            Ok(Err(RecvError::Closed)) => return None,
        }
    }
}

fn frame(event: &LiveEvent) -> String {
    let data = serde_json::to_string(event).unwrap_or_default();
    format!("id: {}\ndata: {data}\n\n", event.seq)
}
