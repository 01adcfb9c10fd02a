//! Bulk data (PS3.18 §10.4.1.1.5): the value of one element, read from the stored file piece by piece.

use actix_web::body::SizedStream;
use actix_web::http::header::{ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, get, web};
use futures_util::stream::{self, Stream};
use yigong_base::Ctx;
use yigong_base::fault::Fault;
use yigong_clinic::Centre;
use yigong_clinic::imaging::retrieve::{self, Bulk, Stored};

use super::{OCTETS, as_it_is, boundary, frames, framing, not_acceptable, one};
use crate::api::auth::Caller;
use crate::api::entity::Entity;
use crate::api::fault::Answer;
use crate::dicomweb::accept::wanted;
use crate::dicomweb::range::{self, Part};

/// Bytes read at once; a multiple of every number's width.
const CHUNK: u64 = 256 * 1024;

#[get("/dicom-web/studies/{study}/series/{series}/instances/{instance}/bulkdata/{path:.*}")]
pub(super) async fn get_bulkdata(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, String, String, String)>,
) -> Answer {
    let (study, series, instance, element) = path.into_inner();
    let stored = one(&centre, &permit, &study, &series, &instance).await?;
    match retrieve::bulk(&centre.ctx, &stored, &element).await? {
        Some(bulk) => Ok(value(&req, &centre, &stored, &element, bulk)),
        // Encapsulated pixel data has no bytes of its own: its frames are what a client wants.
        None => {
            let all: Vec<usize> = (1..=retrieve::frame_count(&stored)).collect();
            frames::answer(&req, &centre, stored, all, "all").await
        }
    }
}

fn value(req: &HttpRequest, centre: &Centre, stored: &Stored, element: &str, bulk: Bulk) -> HttpResponse {
    let kind = if bulk.mime.is_empty() { OCTETS.to_owned() } else { bulk.mime.clone() };
    let Some(w) = wanted(req, &kind).into_iter().find(|w| w.any || w.kind == kind || w.kind == OCTETS) else {
        return not_acceptable(&format!("this value is {kind}"));
    };
    let bare = Entity::of(format_args!("{}-{element}{}", stored.etag(), framing(false)));
    let asked = range::part(req, &bare, bulk.length);
    let multipart = w.multipart && !(w.bare_too && asked != Part::Whole);
    let entity = Entity::of(format_args!("{}-{element}{}", stored.etag(), framing(multipart)));
    if let Some(answer) = entity.held(req) {
        return answer;
    }
    let mut response = entity.ok();
    // A foreign value may be a page with a script: it is kept as a file and runs nowhere.
    response
        .insert_header((CONTENT_DISPOSITION, "attachment"))
        .insert_header((CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"));
    if multipart {
        let boundary = boundary(centre);
        let head = format!("--{boundary}\r\nContent-Type: {kind}\r\n\r\n");
        let tail = format!("\r\n--{boundary}--\r\n");
        response.content_type(format!("multipart/related; type=\"{kind}\"; boundary={boundary}"));
        let length = bulk.length;
        let body = bytes(centre.ctx.clone(), stored.clone(), bulk, 0, length, head, tail);
        return as_it_is(&mut response).streaming(body);
    }
    response.content_type(kind).insert_header((ACCEPT_RANGES, "bytes"));
    let (from, count) = match asked {
        Part::Beyond => return range::beyond(bulk.length),
        Part::Whole => (0, bulk.length),
        Part::Of(from, count) => {
            range::partial(&mut response, from, count, bulk.length);
            (from, count)
        }
    };
    let body = bytes(centre.ctx.clone(), stored.clone(), bulk, from, count, String::new(), String::new());
    as_it_is(&mut response).body(SizedStream::new(count, body))
}

/// The bytes `from .. from + count` of the value with a text before and behind.
fn bytes(
    ctx: Ctx,
    stored: Stored,
    bulk: Bulk,
    from: u64,
    count: u64,
    head: String,
    tail: String,
) -> impl Stream<Item = Result<Bytes, Fault>> {
    let end = from + count;
    let start = (ctx, stored, bulk, from, Some(head), Some(tail));
    stream::try_unfold(start, move |(ctx, stored, bulk, at, head, tail)| async move {
        if let Some(head) = head {
            return Ok(Some((Bytes::from(head), (ctx, stored, bulk, at, None, tail))));
        }
        if at < end {
            // What is deflated is inflated once, not once a piece.
            let take = if bulk.deflated { end - at } else { (end - at).min(CHUNK) };
            let part = retrieve::bulk_bytes(&ctx, &stored, &bulk, at, take).await?;
            return Ok(Some((Bytes::from(part), (ctx, stored, bulk, at + take, None, tail))));
        }
        Ok(tail.map(|tail| (Bytes::from(tail), (ctx, stored, bulk, at, None, None))))
    })
}
