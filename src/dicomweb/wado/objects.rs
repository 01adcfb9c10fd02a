//! Whole objects: a study, a series, an instance (PS3.18 §10.4.1.1.1).

use actix_web::body::SizedStream;
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, web};
use futures_util::stream::Stream;
use yigong_base::fault::Fault;
use yigong_clinic::Centre;
use yigong_clinic::imaging::retrieve::Stored;
use yigong_clinic::imaging::transcode;
use yigong_formats::dicom::uid;

use super::{OBJECT, as_it_is, boundary, listed, not_acceptable, one};
use crate::api::auth::Caller;
use crate::api::entity::Entity;
use crate::api::fault::{Answer, ApiFault};
use crate::dicomweb::accept::wanted;
use crate::dicomweb::stream::{self, Form, Source};
use crate::dicomweb::whole;

#[get("/dicom-web/studies/{study}")]
pub(super) async fn get_study(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    study: web::Path<String>,
) -> Answer {
    let list = listed(&centre, &permit, &study, "").await?;
    objects(&req, &centre, list).await
}

#[get("/dicom-web/studies/{study}/series/{series}")]
pub(super) async fn get_series(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, String)>,
) -> Answer {
    let list = listed(&centre, &permit, &path.0, &path.1).await?;
    objects(&req, &centre, list).await
}

#[get("/dicom-web/studies/{study}/series/{series}/instances/{instance}")]
pub(super) async fn get_instance(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, String, String)>,
) -> Answer {
    let stored = one(&centre, &permit, &path.0, &path.1, &path.2).await?;
    objects(&req, &centre, vec![stored]).await
}

/// In which form an object goes out in `syntax`: as stored for `*`, Explicit VR Little Endian when nothing is said
/// (PS3.18 §8.7.3.5.2), or as stored where nothing can be made of it (video): whoever names nothing gets a study whole. `None` when
/// it cannot be had that way.
pub(in crate::dicomweb) fn form(stored: &Stored, syntax: &str) -> Option<Form> {
    let to = match syntax {
        "*" => return Some(Form::Stored),
        "" => uid::EXPLICIT_LE,
        named => named,
    };
    if stored.transfer_syntax == to {
        Some(Form::Stored)
    } else if transcode::reaches(&stored.transfer_syntax, to) {
        Some(Form::In(to.to_owned()))
    } else {
        syntax.is_empty().then_some(Form::Stored)
    }
}

/// An answer that lacks what is damaged, and says so (PS3.18 §10.4.1.3: 206).
pub(super) fn incomplete(left_out: usize) -> HttpResponseBuilder {
    let mut response = HttpResponse::PartialContent();
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    response.insert_header(("Warning", format!("299 yigong \"{left_out} damaged instances are left out\"")));
    response
}

/// Every object in the first alternative that fits all of them; a client that takes anything gets the default, else what is
/// stored.
async fn objects(req: &HttpRequest, centre: &Centre, list: Vec<Stored>) -> Answer {
    // What is damaged does not keep the rest of a study from whoever asks for it.
    let sound = list.iter().filter(|s| s.damaged.is_none()).count();
    let left_out = if sound > 0 { list.len() - sound } else { 0 };
    let list: Vec<Stored> = list.into_iter().filter(|s| left_out == 0 || s.damaged.is_none()).collect();
    let mut why = "objects go out as multipart/related; type=\"application/dicom\" (one alone also bare), in Explicit VR Little Endian or another syntax this server writes, or as stored with transfer-syntax=*".to_owned();
    for w in wanted(req, OBJECT) {
        if w.kind != OBJECT || !(w.multipart || list.len() == 1) {
            continue;
        }
        let syntaxes: &[&str] = if w.any && w.syntax == "*" { &["", "*"] } else { &[w.syntax.as_str()] };
        for syntax in syntaxes {
            let Some(forms) = list.iter().map(|s| form(s, syntax)).collect::<Option<Vec<Form>>>() else {
                continue;
            };
            let parts = list.iter().cloned().zip(forms).collect();
            // One alone is only bare where it was asked for alone.
            let multipart = w.multipart || left_out > 0;
            match send(req, centre, parts, multipart, left_out).await {
                Err(ApiFault(Fault::Invalid { what, detail, .. })) => why = format!("{what}: {detail}"),
                answer => return answer,
            }
        }
    }
    Ok(not_acceptable(&why))
}

/// The objects as one answer; the first is opened before a byte is said.
async fn send(
    req: &HttpRequest,
    centre: &Centre,
    parts: Vec<(Stored, Form)>,
    multipart: bool,
    left_out: usize,
) -> Answer {
    let Some((stored, form)) = parts.first() else { return Err(Fault::not_found("instance").into()) };
    if !multipart {
        return bare(req, centre, stored, form).await;
    }
    let first = Source::open(centre, stored, form).await?;
    let boundary = boundary(centre);
    let mut response = if left_out > 0 { incomplete(left_out) } else { HttpResponse::Ok() };
    response
        .content_type(format!("multipart/related; type=\"application/dicom\"; boundary={boundary}"))
        .insert_header(("Content-Disposition", "attachment"));
    if whole::head_only(req) {
        return Ok(as_it_is(&mut response).streaming(nothing()));
    }
    let first = match (first, whole::door(req, &parts)) {
        (Source::Stored(object), Some(files)) => {
            let list = parts.into_iter().map(|(stored, _)| stored).collect();
            let response = as_it_is(&mut response);
            return Ok(whole::parts(response, centre, (*object, list), boundary, files)?);
        }
        (first, _) => first,
    };
    Ok(as_it_is(&mut response).streaming(stream::files(centre.clone(), first, parts, boundary)))
}

/// One object without multipart framing.
///
/// # Errors
/// `Invalid` when it cannot go out in this form.
pub(in crate::dicomweb) async fn bare(
    req: &HttpRequest,
    centre: &Centre,
    stored: &Stored,
    form: &Form,
) -> Answer {
    let entity = Entity::of(format_args!("{}-{}", stored.etag(), form.syntax(stored)));
    if let Some(answer) = entity.held(req) {
        return Ok(answer);
    }
    let source = Source::open(centre, stored, form).await?;
    let mut response = entity.ok();
    response
        .content_type(format!("application/dicom; transfer-syntax={}", form.syntax(stored)))
        .insert_header(("Content-Disposition", "attachment"));
    as_it_is(&mut response);
    if whole::head_only(req) {
        return Ok(match source.length() {
            Some(length) => response.body(SizedStream::new(length, nothing())),
            None => response.streaming(nothing()),
        });
    }
    let part = [(stored.clone(), form.clone())];
    let source = match (source, whole::door(req, &part)) {
        (Source::Stored(object), Some(files)) => {
            return Ok(whole::bare(&mut response, stored, *object, files)?);
        }
        (source, _) => source,
    };
    Ok(match source.length() {
        Some(length) => response.body(SizedStream::new(length, stream::bare(source))),
        None => response.streaming(stream::bare(source)),
    })
}

/// The body of an answer of which only the head goes out: nothing is read or transcoded for it.
fn nothing() -> impl Stream<Item = std::result::Result<Bytes, Fault>> + 'static {
    futures_util::stream::empty()
}
