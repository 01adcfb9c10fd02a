//! Rendered images (PS3.18 §10.4.1.1.3, §8.3.5): JPEG or PNG as the reader would see it, PDF for documents, else 406.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, web};
use yigong_base::codec::Format;
use yigong_base::codec::MADE_BY;
use yigong_base::fault::Fault;
use yigong_clinic::Centre;
use yigong_clinic::imaging::render::{self, Rendering};
use yigong_clinic::imaging::retrieve::{self, Stored};

use super::{as_it_is, boundary, document, listed, not_acceptable, one, representative};
use crate::api::auth::Caller;
use crate::api::entity::Entity;
use crate::api::fault::Answer;
use crate::dicomweb::accept::{parameter, wanted};
use crate::dicomweb::refuse::refuse;
use crate::dicomweb::stream::{self, Making};

/// Longest side when no viewport is asked for, pixels.
const SIDE: u32 = 4096;
const QUALITY: u8 = 90;

/// What is asked of a picture.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::dicomweb) struct Asked {
    pub(in crate::dicomweb) rendering: Rendering,
    /// For the entity tag.
    pub(in crate::dicomweb) name: String,
}

impl Asked {
    /// Reads `window`, `viewport`, `quality` (PS3.18 §8.3.5.1).
    ///
    /// # Errors
    /// Which parameter is wrong, and what it should be.
    fn of(req: &HttpRequest, png: bool) -> Result<Self, (&'static str, String)> {
        let mut rendering = Rendering { fit: Some((SIDE, SIDE)), ..Rendering::default() };
        let quality = match parameter(req, "quality") {
            None => QUALITY,
            Some(text) => text
                .parse::<u8>()
                .ok()
                .filter(|q| (1..=100).contains(q))
                .ok_or_else(|| ("quality", "1 to 100".to_owned()))?,
        };
        rendering.format = if png { Format::Png } else { Format::Jpeg(quality) };
        if let Some(text) = parameter(req, "window") {
            rendering.window = Some(window(&text).ok_or_else(|| {
                ("window", "center,width,function; function is linear, linear-exact or sigmoid".to_owned())
            })?);
        }
        if let Some(text) = parameter(req, "viewport") {
            viewport(&mut rendering, &text).ok_or_else(|| {
                ("viewport", "vw,vh or vw,vh,sx,sy,sw,sh in pixels, vw and vh at least 1".to_owned())
            })?;
        }
        let name = format!("{rendering:?}");
        Ok(Self { rendering, name: yigong_base::digest::sha256_hex(name.as_bytes()) })
    }
}

/// `center,width,function`; the function may be left out.
fn window(text: &str) -> Option<(f64, f64, String)> {
    let mut parts = text.split(',').map(str::trim);
    let number = |t: Option<&str>| t?.parse::<f64>().ok().filter(|n| n.is_finite());
    let (centre, width) = (number(parts.next())?, number(parts.next())?);
    let function = match parts.next().unwrap_or("linear").to_ascii_lowercase().as_str() {
        "linear" | "" => "LINEAR",
        "linear-exact" | "linear_exact" => "LINEAR_EXACT",
        "sigmoid" => "SIGMOID",
        _ => return None,
    };
    let least = if function == "LINEAR" { 1.0 } else { f64::MIN_POSITIVE };
    (width >= least && parts.next().is_none()).then(|| (centre, width, function.to_owned()))
}

/// `vw,vh` the box; `sx,sy,sw,sh` the part of the image, of which each may be empty for its default.
fn viewport(rendering: &mut Rendering, text: &str) -> Option<()> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let pixels = |t: &str| t.parse::<f64>().ok().filter(|n| n.is_finite() && n.abs() <= 65_535.0);
    let size = |t: &str| pixels(t).map(f64::round).filter(|n| *n >= 1.0).map(|n| n as u32);
    rendering.fit = Some((size(parts.first()?)?.min(SIDE), size(parts.get(1)?)?.min(SIDE)));
    rendering.enlarge = true;
    match parts.len() {
        2 => Some(()),
        6 => {
            let mut part = [0, 0, u32::MAX, u32::MAX];
            for (slot, text) in part.iter_mut().zip(parts.get(2..)?) {
                if !text.is_empty() {
                    // A negative width or height would flip the image (PS3.18 §8.3.5.1.3): not offered.
                    *slot = pixels(text).filter(|n| *n >= 0.0).map(|n| n.round() as u32)?;
                }
            }
            let [_, _, width, height] = part;
            rendering.part = Some(part);
            (width > 0 && height > 0).then_some(())
        }
        _ => None,
    }
}

#[get("/dicom-web/studies/{study}/rendered")]
pub(super) async fn study_rendered(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    study: web::Path<String>,
) -> Answer {
    let list = listed(&centre, &permit, &study, "").await?;
    several(&req, &centre, list).await
}

#[get("/dicom-web/studies/{study}/series/{series}/rendered")]
pub(super) async fn series_rendered(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, String)>,
) -> Answer {
    let list = listed(&centre, &permit, &path.0, &path.1).await?;
    several(&req, &centre, list).await
}

#[get("/dicom-web/studies/{study}/series/{series}/instances/{instance}/rendered")]
pub(super) async fn instance_rendered(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, String, String)>,
) -> Answer {
    let stored = one(&centre, &permit, &path.0, &path.1, &path.2).await?;
    if document::is_document(&stored) {
        return document::answer(&req, &centre, &stored).await;
    }
    single(&req, &centre, &stored, 1).await
}

#[get("/dicom-web/studies/{study}/series/{series}/instances/{instance}/frames/{n}/rendered")]
pub(super) async fn frame_rendered(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, String, String, String)>,
) -> Answer {
    let stored = one(&centre, &permit, &path.0, &path.1, &path.2).await?;
    let Ok(n) = path.3.trim().parse::<usize>() else {
        return Ok(refuse(StatusCode::BAD_REQUEST, "frames", "one frame number, from 1"));
    };
    single(&req, &centre, &stored, n).await
}

/// The picture format of the first alternative we make: PNG or JPEG.
fn format(req: &HttpRequest) -> Option<(bool, bool)> {
    wanted(req, "image/jpeg").into_iter().find_map(|w| match w.kind.as_str() {
        "image/jpeg" | "image/*" => Some((false, w.multipart && !w.bare_too)),
        "image/png" => Some((true, w.multipart)),
        _ => None,
    })
}

async fn single(req: &HttpRequest, centre: &Centre, stored: &Stored, n: usize) -> Answer {
    let Some((png, multipart)) = format(req) else { return Ok(only_pictures()) };
    let asked = match Asked::of(req, png) {
        Ok(asked) => asked,
        Err((what, detail)) => return Ok(refuse(StatusCode::BAD_REQUEST, what, &detail)),
    };
    if !multipart {
        return picture(req, centre, stored, n, &asked).await;
    }
    if let Some(refusal) = refused(stored, n, &asked.rendering) {
        return Ok(refusal);
    }
    Ok(match made(centre, stored, n, &asked.rendering).await? {
        Ok(bytes) => multipart_of(centre, mime(&asked.rendering), bytes, std::iter::empty()),
        Err(refusal) => refusal,
    })
}

/// Pictures as parts; `first` is made already.
fn multipart_of(
    centre: &Centre,
    mime: &str,
    first: Vec<u8>,
    rest: impl Iterator<Item = Making> + 'static,
) -> HttpResponse {
    let boundary = boundary(centre);
    let mut response = HttpResponse::Ok();
    response.content_type(format!("multipart/related; type=\"{mime}\"; boundary={boundary}"));
    as_it_is(&mut response).streaming(stream::parts(&boundary, mime, first, rest))
}

fn only_pictures() -> HttpResponse {
    not_acceptable("rendered images are image/jpeg or image/png")
}

/// Frame `n` as a picture.
pub(in crate::dicomweb) async fn picture(
    req: &HttpRequest,
    centre: &Centre,
    stored: &Stored,
    n: usize,
    asked: &Asked,
) -> Answer {
    if let Some(refusal) = refused(stored, n, &asked.rendering) {
        return Ok(refusal);
    }
    let entity = Entity::of(format_args!("{}-{n}-{}-{MADE_BY}", stored.etag(), asked.name));
    if let Some(answer) = entity.held(req) {
        return Ok(answer);
    }
    let bytes = match made(centre, stored, n, &asked.rendering).await? {
        Ok(bytes) => bytes,
        Err(refusal) => return Ok(refusal),
    };
    let mut response = entity.ok();
    response.content_type(mime(&asked.rendering));
    Ok(as_it_is(&mut response).body(bytes))
}

/// What is no frame of this instance, or outside it.
fn refused(stored: &Stored, n: usize, rendering: &Rendering) -> Option<HttpResponse> {
    let there = retrieve::frame_count(stored);
    if there == 0 {
        return Some(not_acceptable(&format!("an instance of class {} is no image", stored.sop_class)));
    }
    if n == 0 || n > there {
        let detail = format!("frame {n}: the instance has {there} readable frames, numbered from 1");
        return Some(refuse(StatusCode::NOT_FOUND, "frames", &detail));
    }
    let beyond = || refuse(StatusCode::BAD_REQUEST, "viewport", "the part begins outside the image");
    outside(stored, rendering).then(beyond)
}

/// The picture, or why it cannot be drawn.
async fn made(
    centre: &Centre,
    stored: &Stored,
    n: usize,
    rendering: &Rendering,
) -> Result<Result<Vec<u8>, HttpResponse>, Fault> {
    match render::frame(centre, stored, n, rendering).await {
        Err(Fault::Invalid { what, detail, .. }) => {
            Ok(Err(not_acceptable(&format!("frame {n} cannot be rendered: {what}: {detail}"))))
        }
        other => other.map(Ok),
    }
}

fn outside(stored: &Stored, rendering: &Rendering) -> bool {
    let side = |name: &str| stored.stack.get(name).and_then(serde_json::Value::as_u64);
    let beyond = |at: u32, name: &str| side(name).is_some_and(|side| u64::from(at) >= side);
    rendering.part.is_some_and(|[left, top, ..]| beyond(left, "cols") || beyond(top, "rows"))
}

fn mime(rendering: &Rendering) -> &'static str {
    match rendering.format {
        Format::Png => "image/png",
        Format::Jpeg(_) => "image/jpeg",
    }
}

/// Of a study or series: the first frame of every image as multipart, or the one that stands for all of them bare.
async fn several(req: &HttpRequest, centre: &Centre, list: Vec<Stored>) -> Answer {
    let Some((png, multipart)) = format(req) else { return Ok(only_pictures()) };
    let asked = match Asked::of(req, png) {
        Ok(asked) => asked,
        Err((what, detail)) => return Ok(refuse(StatusCode::BAD_REQUEST, what, &detail)),
    };
    let Some(middle) = representative(&list) else {
        return Ok(not_acceptable("there is no image among these instances"));
    };
    if !multipart {
        return picture(req, centre, middle, 1, &asked).await;
    }
    let mut images = list.into_iter().filter(|s| retrieve::frame_count(s) > 0);
    let Some(first) = images.next() else { return Err(Fault::not_found("image").into()) };
    let bytes = match render::frame(centre, &first, 1, &asked.rendering).await {
        Err(Fault::Invalid { what, detail, .. }) => {
            return Ok(not_acceptable(&format!(
                "instance {} cannot be rendered: {what}: {detail}",
                first.uid
            )));
        }
        other => other?,
    };
    let mime = mime(&asked.rendering);
    let (own, rendering) = (centre.clone(), asked.rendering);
    let rest = images.map(move |stored| -> Making {
        let (centre, rendering) = (own.clone(), rendering.clone());
        Box::pin(async move { render::frame(&centre, &stored, 1, &rendering).await })
    });
    Ok(multipart_of(centre, mime, bytes, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows() {
        assert_eq!(window("40,400,linear"), Some((40.0, 400.0, "LINEAR".into())));
        assert_eq!(window("-600.5, 1500"), Some((-600.5, 1500.0, "LINEAR".into())));
        assert_eq!(window("40,0.5,sigmoid"), Some((40.0, 0.5, "SIGMOID".into())));
        for bad in ["", "40", "40,0", "40,400,loud", "a,b", "40,inf", "1,2,linear,3", "40,-1,linear-exact"] {
            assert_eq!(window(bad), None, "{bad}");
        }
    }

    #[test]
    fn viewports() {
        let read = |text: &str| {
            let mut r = Rendering::default();
            viewport(&mut r, text).map(|()| (r.fit, r.part))
        };
        assert_eq!(read("512,256"), Some((Some((512, 256)), None)));
        assert_eq!(read("100,100,10,20,30,40"), Some((Some((100, 100)), Some([10, 20, 30, 40]))));
        assert_eq!(read("100,100,,,50,"), Some((Some((100, 100)), Some([0, 0, 50, u32::MAX]))));
        for bad in ["", "512", "0,10", "1,2,3", "10,10,-1,0,5,5", "10,10,0,0,0,5", "x,y", "1e9,1"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
