//! Entity tags (RFC 9110 §8.8.3, §13.1.2): what decides the bytes of an answer is its tag, and who holds them is told so.

use std::fmt::Display;

use actix_web::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH, IF_RANGE};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

/// The address names what stands there now, which another version may replace: kept by the browser of this person, asked
/// again each time.
const ASKED_AGAIN: &str = "private, no-cache";
/// The address names bytes that never change.
const FOR_EVER: &str = "private, max-age=31536000, immutable";

/// What an answer is named by, and how long it may be kept.
pub(crate) struct Entity {
    tag: String,
    kept: &'static str,
}

impl Entity {
    /// Of an address whose bytes may change. `what` must name everything that decides them, the form included: a browser
    /// that holds one form asks with its tag for another, whatever `Vary` says.
    pub(crate) fn of(what: impl Display) -> Self {
        // Only these may stand in a tag (RFC 9110 §8.8.3); the rest comes from addresses.
        let tag = what.to_string().replace(|c: char| c == '"' || !c.is_ascii_graphic(), "_");
        Self { tag: format!("\"{tag}\""), kept: ASKED_AGAIN }
    }

    /// Of an address whose bytes never change.
    pub(crate) fn fixed(what: impl Display) -> Self {
        Self { kept: FOR_EVER, ..Self::of(what) }
    }

    /// 304 when the client holds these bytes.
    pub(crate) fn held(&self, req: &HttpRequest) -> Option<HttpResponse> {
        let mut known = req.headers().get_all(IF_NONE_MATCH).filter_map(|v| v.to_str().ok());
        // Compared weakly (§13.1.2): a proxy that compresses marks a tag as weak.
        let same = |t: &str| t == "*" || t.strip_prefix("W/").unwrap_or(t) == self.tag;
        let held = known.any(|list| list.split(',').any(|t| same(t.trim())));
        held.then(|| self.named(HttpResponse::NotModified()).finish())
    }

    /// Whether a range goes on with these bytes (`If-Range`, RFC 9110 §13.1.5): a client without the header takes what there is.
    /// Compared strongly; a date is no tag, and then everything is sent anew.
    pub(crate) fn goes_on(&self, req: &HttpRequest) -> bool {
        req.headers().get(IF_RANGE).is_none_or(|v| v.to_str().is_ok_and(|t| t.trim() == self.tag))
    }

    /// 200 with the tag.
    pub(crate) fn ok(&self) -> HttpResponseBuilder {
        self.named(HttpResponse::Ok())
    }

    fn named(&self, mut response: HttpResponseBuilder) -> HttpResponseBuilder {
        response.insert_header((ETAG, self.tag.as_str())).insert_header((CACHE_CONTROL, self.kept));
        response
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn who_holds_the_bytes_is_told_so() {
        let entity = Entity::of("abc-1, 2\"x-ü");
        let mut response = entity.ok();
        let response = response.finish();
        assert_eq!(response.headers().get(ETAG).unwrap(), "\"abc-1,_2_x-_\"");
        assert_eq!(response.headers().get(CACHE_CONTROL).unwrap(), ASKED_AGAIN);
        let entity = Entity::fixed("abc");
        for (asked, held) in [
            ("\"abc\"", true),
            ("W/\"abc\"", true),
            ("\"x\", \"abc\"", true),
            ("*", true),
            ("\"abcd\"", false),
            ("abc", false),
            ("", false),
        ] {
            let req = TestRequest::default().insert_header((IF_NONE_MATCH, asked)).to_http_request();
            let answer = entity.held(&req);
            assert_eq!(answer.is_some(), held, "{asked}");
            if let Some(answer) = answer {
                assert_eq!(answer.status(), StatusCode::NOT_MODIFIED);
                assert_eq!(answer.headers().get(ETAG).unwrap(), "\"abc\"");
                assert_eq!(answer.headers().get(CACHE_CONTROL).unwrap(), FOR_EVER);
            }
        }
        assert!(entity.held(&TestRequest::default().to_http_request()).is_none());
        assert!(entity.goes_on(&TestRequest::default().to_http_request()));
        for (asked, on) in [
            ("\"abc\"", true),
            ("\"abd\"", false),
            ("W/\"abc\"", false),
            ("Fri, 27 Nov 2026 09:00:00 GMT", false),
        ] {
            let req = TestRequest::default().insert_header((IF_RANGE, asked)).to_http_request();
            assert_eq!(entity.goes_on(&req), on, "{asked}");
        }
    }
}
