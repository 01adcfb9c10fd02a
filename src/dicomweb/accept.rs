//! The `Accept` header of retrieval (PS3.18 §8.7).

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT;

/// What the client takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// A multipart answer, else one part bare.
    pub multipart: bool,
    /// Media type of the parts.
    pub kind: String,
    /// `transfer-syntax`: `*` = as stored, empty = not said.
    pub syntax: String,
}

/// Alternatives in the order of the header; an absent header or `*/*` means multipart of the default kind.
#[must_use]
pub fn wanted(req: &HttpRequest, default: &str) -> Vec<Wanted> {
    let header = req.headers().get(ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or("*/*");
    split(header, ',').iter().map(|one| range(one, default)).collect()
}

fn range(text: &str, default: &str) -> Wanted {
    let parts = split(text, ';');
    let media = parts.first().map(|m| m.trim().to_ascii_lowercase()).unwrap_or_default();
    let parameter = |name: &str| {
        parts.iter().skip(1).find_map(|p| {
            let (key, value) = p.split_once('=')?;
            (key.trim().eq_ignore_ascii_case(name))
                .then(|| value.trim().trim_matches('"').to_ascii_lowercase())
        })
    };
    let syntax = parameter("transfer-syntax").unwrap_or_default();
    match media.as_str() {
        "multipart/related" => {
            Wanted { multipart: true, kind: parameter("type").unwrap_or_else(|| default.to_owned()), syntax }
        }
        "*/*" | "multipart/*" | "application/*" | "" => Wanted {
            multipart: true,
            kind: default.to_owned(),
            syntax: if syntax.is_empty() { "*".into() } else { syntax },
        },
        other => Wanted { multipart: false, kind: other.to_owned(), syntax },
    }
}

/// Splits outside quotes.
fn split(text: &str, at: char) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        if c == '"' {
            quoted = !quoted;
        }
        if c == at && !quoted {
            out.push(String::new());
        } else if let Some(last) = out.last_mut() {
            last.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn ranges() {
        let r = range("multipart/related; type=\"application/dicom\"; transfer-syntax=*", "x");
        assert_eq!((r.multipart, r.kind.as_str(), r.syntax.as_str()), (true, "application/dicom", "*"));
        let r = range("application/dicom; transfer-syntax=1.2.840.10008.1.2.1", "x");
        assert_eq!((r.multipart, r.syntax.as_str()), (false, "1.2.840.10008.1.2.1"));
        assert_eq!(range("*/*", "application/dicom").kind, "application/dicom");
    }
}
