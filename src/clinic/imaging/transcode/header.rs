//! The attributes that change with the transfer syntax.

use yigong_base::codec::{Coding, Shape};
use yigong_formats::dicom::{Node, Tag, Vr, tag};

/// Changes to the data set, in tag order. `coding` is none for native samples.
pub(super) fn changes(
    root: &Node<'_>,
    shape: &Shape,
    from: &str,
    coding: Option<Coding>,
) -> Vec<(Tag, Vr, Vec<u8>)> {
    let mut out = Vec::new();
    let decoded = shape.decoded();
    let photometric = match coding {
        Some(coding) => coding.photometric(&decoded.photometric).to_owned(),
        None => decoded.photometric,
    };
    if photometric != shape.photometric {
        out.push((tag::PHOTOMETRIC, Vr::CS, padded(&photometric)));
    }
    // interleaved codestreams are by pixel (PS3.5 §8.2.1, §8.2.3); RLE segments are planes whatever is said
    if coding.is_some() && shape.samples > 1 && shape.planar != 0 {
        out.push((tag::PLANAR, Vr::US, vec![0, 0]));
    }
    // once lost, always said (PS3.3 §C.7.6.1.1.5)
    if let Some(method) = lossy(from).filter(|_| root.text(tag::LOSSY) != "01") {
        out.push((tag::LOSSY, Vr::CS, padded("01")));
        if root.text(tag::LOSSY_METHOD).is_empty() {
            out.push((tag::LOSSY_METHOD, Vr::CS, padded(method)));
        }
    }
    out
}

/// Defined term of (0028,2114) for syntaxes that always lose.
fn lossy(syntax: &str) -> Option<&'static str> {
    Some(match syntax.strip_prefix("1.2.840.10008.1.2.4.")? {
        "50" | "51" => "ISO_10918_1",
        "81" => "ISO_14495_1",
        _ => return None,
    })
}

fn padded(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    if bytes.len() % 2 == 1 {
        bytes.push(b' ');
    }
    bytes
}
