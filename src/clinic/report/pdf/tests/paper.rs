//! The tracing in the PDF in true millimetres: read back from the path coordinates of the page.

use std::io::Read as _;

use yigong_formats::ecg::model::{Document, Group, GroupKind, Lead};
use yigong_formats::ecg::{LeadId, Ratio, draw};

use super::*;

/// Points per millimetre.
const PT: f64 = 72.0 / 25.4;

type Matrix = [f64; 6];

fn times(a: Matrix, b: Matrix) -> Matrix {
    [
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
        a[4] * b[0] + a[5] * b[2] + b[4],
        a[4] * b[1] + a[5] * b[3] + b[5],
    ]
}

/// Every Flate stream of the file that inflates.
fn streams(pdf: &[u8]) -> Vec<String> {
    let find = |from: usize, what: &[u8]| {
        (from..pdf.len().saturating_sub(what.len())).find(|i| pdf[*i..].starts_with(what))
    };
    let (mut all, mut at) = (Vec::new(), 0);
    while let Some(start) = find(at, b"stream") {
        let Some(end) = find(start, b"endstream") else { break };
        let body = &pdf[start + b"stream".len()..end];
        let skip = body.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        let mut text = Vec::new();
        if flate2::read::ZlibDecoder::new(&body[skip..]).read_to_end(&mut text).is_ok() {
            all.push(String::from_utf8_lossy(&text).into_owned());
        }
        at = end + b"endstream".len();
    }
    all
}

/// Polylines of a content stream in millimetres of the page (PDF 32000-1 §8.4 and §8.5).
fn polylines(content: &str) -> Vec<Vec<(f64, f64)>> {
    let (mut all, mut line, mut numbers) = (Vec::new(), Vec::new(), Vec::<f64>::new());
    let (mut now, mut kept): (Matrix, Vec<Matrix>) = ([1.0, 0.0, 0.0, 1.0, 0.0, 0.0], Vec::new());
    // Delimiters need no blank beside them: `cm/c0 CS` (PDF 32000-1 §7.2.2).
    let words = content.split(|c: char| c.is_ascii_whitespace() || "/[]<>()".contains(c));
    for word in words.filter(|w| !w.is_empty()) {
        if let Ok(n) = word.parse::<f64>() {
            numbers.push(n);
            continue;
        }
        match (word, numbers.as_slice()) {
            ("q", _) => kept.push(now),
            ("Q", _) => now = kept.pop().unwrap_or(now),
            ("cm", [.., a, b, c, d, e, f]) => now = times([*a, *b, *c, *d, *e, *f], now),
            ("m" | "l", [.., x, y]) => {
                if word == "m" && !line.is_empty() {
                    all.push(std::mem::take(&mut line));
                }
                let at = times([1.0, 0.0, 0.0, 1.0, *x, *y], now);
                line.push((at[4] / PT, at[5] / PT));
            }
            ("S" | "n" | "f", _) if !line.is_empty() => all.push(std::mem::take(&mut line)),
            _ => {}
        }
        numbers.clear();
    }
    all
}

/// Ten seconds of 500 Hz: flat, one second of one millivolt in every lead but the last six.
fn square() -> Document {
    let lead = |n: u16| Lead {
        id: LeadId::Standard(n),
        label: String::new(),
        raw: (0..5_000).map(|i| if (2_750..3_250).contains(&i) { 1_000 } else { 0 }).collect(),
        scale: Ratio::new(1_000, 1).unwrap(),
        offset: Ratio::new(0, 1).unwrap(),
        missing: Vec::new(),
        rails: (i32::MIN, i32::MAX),
        derived: false,
    };
    let group = Group {
        kind: GroupKind::Rhythm,
        derived: false,
        rate: Ratio::new(500, 1).unwrap(),
        t0_ms: 0.0,
        samples: 5_000,
        leads: [1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8].into_iter().map(lead).collect(),
    };
    Document { groups: vec![group], ..Document::default() }
}

#[test]
fn a_millivolt_is_ten_millimetres_and_a_second_twenty_five() {
    let Some(fonts) = fonts() else { return };
    let svg = draw::svg(&draw::layout(&square(), &draw::Paper::REPORT));
    assert!(!svg.contains("<image"), "vector only");
    let (width_mm, height_mm) = crate::report::document::size_mm(&svg);
    let body = EcgBody {
        tracing: Some(Tracing { svg, width_mm, height_mm, caption: String::new() }),
        ..EcgBody::default()
    };
    let pdf = render(&sample(Body::Ecg(body)), fonts).unwrap();
    let lines: Vec<_> = streams(&pdf).iter().flat_map(|s| polylines(s)).collect();
    // Steep edges of 10 mm: of the pulses (5 mm apart) and of the trace (25 mm apart).
    let (mut pulses, mut seconds) = (0, 0);
    let on_page = |p: &(f64, f64)| (0.0..297.0).contains(&p.0) && (0.0..210.0).contains(&p.1);
    for line in lines.iter().filter(|l| l.iter().all(on_page)) {
        let edges: Vec<(f64, f64)> = line
            .windows(2)
            .filter(|w| (w[1].0 - w[0].0).abs() < 0.06 && (w[1].1 - w[0].1).abs() > 5.0)
            .map(|w| (w[0].0, w[1].1 - w[0].1))
            .collect();
        let [(x0, up), (x1, down)] = edges[..] else { continue };
        assert!((up.abs() - 10.0).abs() <= 0.01 && (up + down).abs() <= 0.01, "height {up} {down}");
        if (x1 - x0 - 5.0).abs() <= 0.01 {
            pulses += 1;
        } else {
            assert!((x1 - x0 - 25.0).abs() <= 0.01, "one second is {} mm", x1 - x0);
            seconds += 1;
        }
    }
    assert_eq!(pulses, 4, "a pulse for each row, of {} lines", lines.len());
    assert!(seconds >= 1, "the strip of lead II");
}
