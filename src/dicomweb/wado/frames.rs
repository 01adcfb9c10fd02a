//! Frames (PS3.18 §10.4.1.1.6): as stored where the client takes it, else in a syntax it names and this server writes.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, web};
use yigong_base::fault::Fault;
use yigong_clinic::Centre;
use yigong_clinic::imaging::open::Opened;
use yigong_clinic::imaging::retrieve::{self, Form, Stored};
use yigong_clinic::imaging::transcode;
use yigong_formats::dicom::frames::Frames;
use yigong_formats::dicom::uid;

use super::{OCTETS, as_it_is, boundary, framing, not_acceptable, one};
use crate::api::auth::Caller;
use crate::api::entity::Entity;
use crate::api::fault::Answer;
use crate::dicomweb::accept::{Wanted, wanted};
use crate::dicomweb::range::ranged;
use crate::dicomweb::refuse::refuse;
use crate::dicomweb::stream::{self, Making};

/// Frames of one request at most.
const MAX_FRAMES: usize = 10_000;

#[get("/dicom-web/studies/{study}/series/{series}/instances/{instance}/frames/{list}")]
pub(super) async fn get_frames(
    req: HttpRequest,
    centre: web::Data<Centre>,
    permit: Caller,
    path: web::Path<(String, String, String, String)>,
) -> Answer {
    let (study, series, instance, list) = path.into_inner();
    let stored = one(&centre, &permit, &study, &series, &instance).await?;
    let numbers = match numbers(&list, &stored) {
        Ok(numbers) => numbers,
        Err(response) => return Ok(response),
    };
    answer(&req, &centre, stored, numbers, &list).await
}

/// Frame numbers from 1: what is no number is 400, what is no frame 404.
fn numbers(list: &str, stored: &Stored) -> Result<Vec<usize>, HttpResponse> {
    let mut numbers = Vec::new();
    for text in list.split(',') {
        let Ok(n) = text.trim().parse::<usize>() else {
            return Err(refuse(
                StatusCode::BAD_REQUEST,
                "frames",
                "a list of frame numbers, from 1, with commas between",
            ));
        };
        let there = retrieve::frame_count(stored);
        if n == 0 || n > there {
            let detail = format!("frame {n}: the instance has {there} readable frames, numbered from 1");
            return Err(refuse(StatusCode::NOT_FOUND, "frames", &detail));
        }
        numbers.push(n);
        if numbers.len() > MAX_FRAMES {
            let detail = format!("at most {MAX_FRAMES} frames in one request");
            return Err(refuse(StatusCode::BAD_REQUEST, "frames", &detail));
        }
    }
    Ok(numbers)
}

/// How a frame goes out: media type and transfer syntax of the part.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Choice {
    kind: &'static str,
    syntax: String,
}

/// Frames of an instance as the client takes them; `list` names them in the entity tag.
pub(super) async fn answer(
    req: &HttpRequest,
    centre: &Centre,
    stored: Stored,
    numbers: Vec<usize>,
    list: &str,
) -> Answer {
    let fits = |w: &Wanted| w.multipart || numbers.len() == 1;
    let Some(&first) = numbers.first() else { return Err(Fault::not_found("frame").into()) };
    let mut why = "frames go out as stored (transfer-syntax=*), as little-endian samples (application/octet-stream), as image/jls, image/dicom-rle, or, 8 bits a sample and with transfer-syntax=1.2.840.10008.1.2.4.50, as image/jpeg; several only as multipart/related".to_owned();
    for w in wanted(req, OCTETS).into_iter().filter(fits) {
        let Some(choice) = choose(&w, &stored) else { continue };
        // Another version may take the place of this one under the same UIDs, and one address has several forms.
        let (tag, form) = (stored.etag(), framing(w.multipart));
        let entity = Entity::of(format_args!("{tag}-{list}-{}-{}{form}", choice.kind, choice.syntax));
        if let Some(answer) = entity.held(req) {
            return Ok(answer);
        }
        let opened = match Reader::open(centre, stored.clone(), choice.syntax.clone()).await {
            Ok(reader) => reader.frame(first).await.map(|bytes| (reader, bytes)),
            Err(fault) => Err(fault),
        };
        match opened {
            Ok((reader, bytes)) => {
                let one = First { w, choice, entity, bytes };
                return Ok(send(req, centre, Arc::new(reader), numbers, one));
            }
            // Which frame, and why: the codec's own word for it. What the client takes next may be had.
            Err(Fault::Invalid { what, detail, .. }) => {
                why = format!("frame {first} cannot be sent that way: {what}: {detail}");
            }
            Err(fault) => return Err(fault.into()),
        }
    }
    Ok(not_acceptable(&why))
}

/// The first frame in the form it goes out in.
struct First {
    w: Wanted,
    choice: Choice,
    entity: Entity,
    bytes: Vec<u8>,
}

fn send(
    req: &HttpRequest,
    centre: &Centre,
    reader: Arc<Reader>,
    numbers: Vec<usize>,
    first: First,
) -> HttpResponse {
    let First { w, choice, entity, bytes } = first;
    let mut response = entity.ok();
    let mime = format!("{}; transfer-syntax={}", choice.kind, choice.syntax);
    if !w.multipart {
        return ranged(req, &entity, as_it_is(&mut response), &mime, bytes);
    }
    let boundary = boundary(centre);
    let making = numbers.into_iter().skip(1).map(move |n| -> Making {
        let reader = reader.clone();
        Box::pin(async move { reader.frame(n).await })
    });
    response.content_type(format!("multipart/related; type=\"{}\"; boundary={boundary}", choice.kind));
    as_it_is(&mut response).streaming(stream::parts(&boundary, &mime, bytes, making))
}

/// Where the frames of one answer come from.
enum Reader {
    /// The stored bytes, or samples made from them.
    Plain(Centre, Box<Stored>, Form),
    /// Written anew in a syntax; the object is opened once for all of them.
    Anew(Centre, Box<Opened>, String),
}

impl Reader {
    async fn open(centre: &Centre, stored: Stored, syntax: String) -> Result<Self, Fault> {
        let centre = centre.clone();
        if syntax == uid::EXPLICIT_LE {
            return Ok(Self::Plain(centre, Box::new(stored), Form::Raw));
        }
        if syntax == really(&stored) {
            return Ok(Self::Plain(centre, Box::new(stored), Form::Stored));
        }
        let opened = Opened::outgoing(&centre.ctx, &stored).await?;
        Ok(Self::Anew(centre, Box::new(opened), syntax))
    }

    /// Frame `n`, from 1.
    async fn frame(&self, n: usize) -> Result<Vec<u8>, Fault> {
        match self {
            Self::Plain(centre, stored, form) => retrieve::frame(centre, stored, n, form).await,
            Self::Anew(centre, opened, syntax) => {
                let n = n.checked_sub(1).ok_or_else(|| Fault::not_found("frame"))?;
                transcode::frame_of(&centre.codec, opened, n, syntax).await
            }
        }
    }
}

/// The transfer syntax the frames are in, whatever the label says.
fn really(stored: &Stored) -> String {
    Frames::from_bytes(&stored.frame_index).syntax(&stored.transfer_syntax).to_owned()
}

/// What a wanted alternative gets; `None` when it cannot be served.
fn choose(w: &Wanted, stored: &Stored) -> Option<Choice> {
    let own = really(stored);
    let own = own.as_str();
    let native = uid::is_native(own);
    let raw = || Choice { kind: OCTETS, syntax: uid::EXPLICIT_LE.to_owned() };
    let as_stored = || Choice { kind: media(own), syntax: own.to_owned() };
    if w.any && w.syntax == "*" {
        let whole = uid::is_video(own) || (!native && decoded_by_browsers(own));
        return Some(if whole { as_stored() } else { raw() });
    }
    if w.kind == OCTETS {
        return match w.syntax.as_str() {
            "" | uid::EXPLICIT_LE => Some(raw()),
            "*" if native => Some(raw()),
            "*" => Some(Choice { kind: OCTETS, ..as_stored() }),
            named if named == own && !native => Some(Choice { kind: OCTETS, ..as_stored() }),
            _ => None,
        };
    }
    if !native && w.kind == media(own) && (matches!(w.syntax.as_str(), "" | "*") || w.syntax == own) {
        return Some(as_stored());
    }
    // Something else is named: written anew from the decoded samples.
    let (kind, to) = match w.kind.as_str() {
        "image/jls" => ("image/jls", uid::JPEG_LS),
        // Without a transfer syntax image/jpeg is the lossless one (PS3.18 §8.7.3.3): nothing is lost that nobody has named.
        "image/jpeg" if !w.syntax.is_empty() => ("image/jpeg", uid::JPEG_BASELINE),
        "image/dicom-rle" => ("image/dicom-rle", uid::RLE),
        _ => return None,
    };
    let fits = matches!(w.syntax.as_str(), "" | "*") || w.syntax == to;
    fits.then(|| Choice { kind, syntax: to.to_owned() })
}

/// Codestreams that the viewers' decoders read (specification §8); the others go out as samples.
fn decoded_by_browsers(syntax: &str) -> bool {
    matches!(media(syntax), "image/jpeg" | "image/jls" | "image/jp2" | "image/jphc" | "image/dicom-rle")
}

/// Media type of a stored frame (PS3.18 §8.7.3.3).
fn media(transfer_syntax: &str) -> &'static str {
    match transfer_syntax {
        "1.2.840.10008.1.2.4.80" | "1.2.840.10008.1.2.4.81" => "image/jls",
        "1.2.840.10008.1.2.4.90" | "1.2.840.10008.1.2.4.91" => "image/jp2",
        "1.2.840.10008.1.2.4.92" | "1.2.840.10008.1.2.4.93" => "image/jpx",
        "1.2.840.10008.1.2.4.110" | "1.2.840.10008.1.2.4.111" | "1.2.840.10008.1.2.4.112" => "image/jxl",
        "1.2.840.10008.1.2.4.201" | "1.2.840.10008.1.2.4.202" | "1.2.840.10008.1.2.4.203" => "image/jphc",
        "1.2.840.10008.1.2.5" => "image/dicom-rle",
        // PS3.18 table 8.7.3-2
        s if s.starts_with("1.2.840.10008.1.2.4.100") || s.starts_with("1.2.840.10008.1.2.4.101") => {
            "video/mpeg"
        }
        s if s.starts_with("1.2.840.10008.1.2.4.10") => "video/mp4",
        s if s.starts_with("1.2.840.10008.1.2.4.5") || s.starts_with("1.2.840.10008.1.2.4.7") => "image/jpeg",
        _ => OCTETS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(syntax: &str) -> Stored {
        Stored { transfer_syntax: syntax.into(), ..Stored::default() }
    }

    fn asked(kind: &str, syntax: &str) -> Wanted {
        Wanted { multipart: true, bare_too: false, kind: kind.into(), syntax: syntax.into(), any: false }
    }

    #[test]
    fn what_is_sent_for_what_is_asked() {
        let j2k = "1.2.840.10008.1.2.4.90";
        let cases = [
            (uid::IMPLICIT_LE, OCTETS, "", Some((OCTETS, uid::EXPLICIT_LE))),
            (j2k, OCTETS, "", Some((OCTETS, uid::EXPLICIT_LE))),
            (j2k, OCTETS, "*", Some((OCTETS, j2k))),
            (j2k, "image/jp2", "", Some(("image/jp2", j2k))),
            (j2k, "image/jp2", "1.2.840.10008.1.2.4.91", None),
            (j2k, "image/jls", "", Some(("image/jls", uid::JPEG_LS))),
            // Nothing is lost that nobody has named: without a syntax it is the lossless one, which is not written here.
            (j2k, "image/jpeg", "", None),
            (j2k, "image/jpeg", uid::JPEG_BASELINE, Some(("image/jpeg", uid::JPEG_BASELINE))),
            (uid::EXPLICIT_LE, "image/dicom-rle", "", Some(("image/dicom-rle", uid::RLE))),
            (uid::EXPLICIT_LE, "image/gif", "", None),
            (uid::EXPLICIT_LE, "image/jpeg", "1.2.840.10008.1.2.4.70", None),
        ];
        for (own, kind, syntax, expected) in cases {
            let found = choose(&asked(kind, syntax), &stored(own));
            let found = found.as_ref().map(|c| (c.kind, c.syntax.as_str()));
            assert_eq!(found, expected, "{own} asked as {kind} {syntax}");
        }
        let any = Wanted { any: true, ..asked(OCTETS, "*") };
        assert_eq!(choose(&any, &stored(j2k)).map(|c| c.kind), Some("image/jp2"));
        assert_eq!(choose(&any, &stored("1.2.840.10008.1.2.4.102")).map(|c| c.kind), Some("video/mp4"));
        assert_eq!(choose(&any, &stored("1.2.840.10008.1.2.4.100")).map(|c| c.kind), Some("video/mpeg"));
    }

    #[test]
    fn bad_lists() {
        let mut s = stored(uid::EXPLICIT_LE);
        s.frame_index = yigong_formats::dicom::frames::Frames::Encapsulated(vec![vec![(0, 1)]; 3]).to_bytes();
        assert_eq!(numbers("1,3", &s).unwrap(), [1, 3]);
        for (list, status) in [("0", 404), ("4", 404), ("1,4", 404), ("x", 400), ("", 400), ("-1", 400)] {
            assert_eq!(numbers(list, &s).unwrap_err().status().as_u16(), status, "{list}");
        }
    }
}
