//! What a client takes: the `Accept` header and the query parameter `accept` of retrieval (PS3.18 §8.3.3, §8.7).

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::ACCEPT;
use actix_web::{FromRequest, HttpRequest};
use yigong_formats::dicom::multipart::{Media, split_outside_quotes};

use super::refuse::refuse;

/// What the client takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// A multipart answer, else one part bare.
    pub multipart: bool,
    /// A bare answer is taken as well.
    pub bare_too: bool,
    /// Media type of the parts.
    pub kind: String,
    /// `transfer-syntax`: `*` = as stored, empty = not said.
    pub syntax: String,
    /// The client named no type: it takes what is best here.
    pub any: bool,
}

/// Alternatives, the most wanted first; an absent header or `*/*` means multipart of the default kind.
#[must_use]
pub fn wanted(req: &HttpRequest, default: &str) -> Vec<Wanted> {
    // Several lines are one list (RFC 9110 §5.3).
    let lines: Vec<&str> = req.headers().get_all(ACCEPT).filter_map(|v| v.to_str().ok()).collect();
    let header = if lines.is_empty() { "*/*".to_owned() } else { lines.join(",") };
    alternatives(&parameter(req, "accept").unwrap_or(header), default)
}

/// Media type of answers about objects.
pub const JSON: &str = "application/dicom+json";

/// Whether the client takes DICOM JSON.
#[must_use]
pub fn takes_json(req: &HttpRequest) -> bool {
    wanted(req, JSON).iter().any(|w| w.any || matches!(w.kind.as_str(), JSON | "application/json"))
}

/// A request whose client takes DICOM JSON, the one form of searches and work items here (PS3.18 §8.7.3.2); any other is
/// answered 406 before anything is looked up.
pub struct TakesJson;

impl FromRequest for TakesJson {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, actix_web::Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        if takes_json(req) {
            return ready(Ok(Self));
        }
        let refused = refuse(StatusCode::NOT_ACCEPTABLE, "accept", "the answer is application/dicom+json");
        ready(Err(InternalError::from_response("accept", refused).into()))
    }
}

/// A query parameter by its name in small letters, the first one counts.
#[must_use]
pub fn parameter(req: &HttpRequest, name: &str) -> Option<String> {
    let pairs = actix_web::web::Query::<Vec<(String, String)>>::from_query(req.query_string()).ok()?;
    pairs.into_inner().into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn alternatives(text: &str, default: &str) -> Vec<Wanted> {
    let mut all: Vec<(u32, Wanted)> = split_outside_quotes(text, ',')
        .iter()
        .map(|one| {
            let media = Media::parse(one);
            (weight(&media), range(&media, default))
        })
        .filter(|(weight, _)| *weight > 0)
        .collect();
    all.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    all.into_iter().map(|(_, wanted)| wanted).collect()
}

/// `q` in thousandths (RFC 9110 §12.4.2); what cannot be read counts in full.
fn weight(media: &Media) -> u32 {
    let q = media.parameter("q").and_then(|q| q.parse::<f64>().ok()).unwrap_or(1.0);
    (q.clamp(0.0, 1.0) * 1000.0).round() as u32
}

fn range(media: &Media, default: &str) -> Wanted {
    let syntax = media.parameter("transfer-syntax").unwrap_or_default().to_owned();
    match media.kind.as_str() {
        "multipart/related" => {
            let kind =
                media.parameter("type").map(str::to_ascii_lowercase).unwrap_or_else(|| default.to_owned());
            if kind == "*/*" {
                return anything(false, default, syntax);
            }
            Wanted { multipart: true, bare_too: false, kind, syntax, any: false }
        }
        "*/*" | "multipart/*" | "application/*" | "" => {
            anything(media.kind != "multipart/*", default, syntax)
        }
        other => Wanted { multipart: false, bare_too: true, kind: other.to_owned(), syntax, any: false },
    }
}

fn anything(bare_too: bool, default: &str, syntax: String) -> Wanted {
    let syntax = if syntax.is_empty() { "*".to_owned() } else { syntax };
    Wanted { multipart: true, bare_too, kind: default.to_owned(), syntax, any: true }
}

#[cfg(test)]
mod tests {
    use super::alternatives;

    #[test]
    fn ranges() {
        let one = |text: &str| alternatives(text, "application/dicom").remove(0);
        let r = one("multipart/related; type=\"application/dicom\"; transfer-syntax=*");
        assert_eq!((r.multipart, r.kind.as_str(), r.syntax.as_str()), (true, "application/dicom", "*"));
        let r = one("application/dicom; transfer-syntax=1.2.840.10008.1.2.1");
        assert_eq!((r.multipart, r.syntax.as_str()), (false, "1.2.840.10008.1.2.1"));
        assert_eq!(
            (one("*/*").kind.as_str(), one("*/*").any, one("*/*").bare_too),
            ("application/dicom", true, true)
        );
        let r = one("multipart/related; type=\"*/*\"");
        assert_eq!(
            (r.kind.as_str(), r.syntax.as_str(), r.any, r.bare_too),
            ("application/dicom", "*", true, false)
        );
    }

    #[test]
    fn weights() {
        let kinds =
            |text: &str| -> Vec<String> { alternatives(text, "x").into_iter().map(|w| w.kind).collect() };
        assert_eq!(kinds("image/png;q=0.5, image/jpeg, image/gif;q=0"), ["image/jpeg", "image/png"]);
        assert_eq!(kinds("a/b;q=nonsense, c/d;q=2"), ["a/b", "c/d"]);
    }
}
