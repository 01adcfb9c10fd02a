//! Paper in true millimetres, and what the drawings weigh.

use std::io::Write as _;

use super::*;

/// Paths of an SVG in millimetres: corner points, made absolute.
fn paths(svg: &str) -> Vec<Vec<(f64, f64)>> {
    let attribute = |name: &str| {
        let from = svg.find(&format!("{name}=\"")).unwrap() + name.len() + 2;
        svg[from..from + svg[from..].find('"').unwrap()].to_owned()
    };
    let width: f64 = attribute("width").trim_end_matches("mm").parse().unwrap();
    let units: f64 = attribute("viewBox").split(' ').nth(2).unwrap().parse().unwrap();
    let mm = width / units;
    svg.split("<path d=\"M")
        .skip(1)
        .map(|p| {
            let d = &p[..p.find('"').unwrap()];
            let (start, steps) = d.split_once('l').unwrap();
            let numbers = |t: &str| -> Vec<f64> {
                t.replace('-', " -").split_whitespace().map(|n| n.parse().unwrap()).collect()
            };
            let s = numbers(start);
            let (mut x, mut y) = (s[0], s[1]);
            let mut out = vec![(x * mm, y * mm)];
            for w in numbers(steps).chunks_exact(2) {
                (x, y) = (x + w[0], y + w[1]);
                out.push((x * mm, y * mm));
            }
            out
        })
        .collect()
}

/// The paths of the tracing: after the marks.
fn traces(d: &draw::Drawing) -> Vec<Vec<(f64, f64)>> {
    paths(&draw::svg(d)).split_off(d.marks.len())
}

#[test]
fn a_millivolt_measures_ten_millimetres_and_a_second_twenty_five_in_the_svg() {
    for format in ["3x4+1", "6x2", "12x1", "cabrera"] {
        for rate in [500, 1_000, 240] {
            let d = draw::layout(&square(rate), &Paper::of(format, "25", "10").unwrap());
            for trace in traces(&d) {
                // Upward edges of the square wave, one a second.
                let rises: Vec<_> = trace.windows(2).filter(|w| (w[1].1 - w[0].1).abs() > 5.0).collect();
                for w in &rises {
                    assert!(((w[1].1 - w[0].1).abs() - 10.0).abs() <= 0.01, "{format} {w:?}");
                }
                for w in rises.windows(2) {
                    // Half a second between the edges; at 240 Hz too.
                    assert!((w[1][1].0 - w[0][1].0 - 12.5).abs() <= 0.01, "{format} {rate} {w:?}");
                }
                assert!(!rises.is_empty());
            }
            let pulse = &paths(&draw::svg(&d))[0];
            assert!(
                (pulse[1].1 - pulse[2].1 - 10.0).abs() <= 0.01
                    && (pulse[3].0 - pulse[2].0 - 5.0).abs() <= 0.01
            );
        }
    }
}

#[test]
fn the_settings_the_ticks_and_the_gaps_are_on_the_paper() {
    let mut document = square(500);
    document.filters = "0.05-150 Hz AC50".into();
    document.groups[0].leads[6].missing = vec![(2_600, 2_700)];
    let d = draw::layout(&document, &Paper::REPORT);
    assert_eq!(d.line.text, "25 mm/s   10 mm/mV   0.05-150 Hz AC50   500 Hz   顺序 sequential");
    // Four pulses; two ticks at each of three column changes in three rows.
    assert_eq!(d.marks.len(), 4 + 3 * 3 * 2);
    // V1 stands in the third column of the first row, 5 to 7.5 s: a gap of 0.2 s, 5 mm.
    assert_eq!(d.strokes.len(), 14);
    let d = draw::layout(&document, &Paper::of("12x1", "25", "10").unwrap());
    assert_eq!(d.strokes.len(), 13);
    assert_eq!(d.strokes[7][0].0 - d.strokes[6].last().unwrap().0, 505);
    let d = draw::layout(&square(500), &Paper::of("cabrera", "25", "10").unwrap());
    let names: Vec<&str> = d.names.iter().step_by(2).map(|t| t.text.as_str()).collect();
    assert_eq!(names, ["aVL", "I", "-aVR", "II", "aVF", "III"]);
    // -aVR is drawn upside down: its step goes down where that of lead I goes up.
    let step = |k: usize| d.strokes[k][250].1 - d.strokes[k][249].1;
    assert_eq!((step(2), step(4)), (-1_000, 1_000));
}

/// Distance of a point from a segment.
fn away((x, y): (f64, f64), a: (f64, f64), b: (f64, f64)) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let t = (((x - a.0) * dx + (y - a.1) * dy) / (dx * dx + dy * dy).max(1e-12)).clamp(0.0, 1.0);
    (x - a.0 - t * dx).hypot(y - a.1 - t * dy)
}

/// The file is small; the line stays within 10 µm of every sample, of a noisy strip within 80 µm.
#[test]
fn a_report_weighs_at_most_20_kb_and_the_line_keeps_to_its_samples() {
    let mut all: Vec<(String, Document)> =
        (1..200).step_by(6).filter_map(|n| Some((format!("ludb {n}"), ludb::record(n)?))).collect();
    for (name, bytes) in [("twin", shared("twin/Example.dcm")), ("mortara", pydicom())] {
        all.extend(bytes.map(|b| (name.to_owned(), decode::decode(&b, &Limits::default()).unwrap())));
    }
    let (mut sizes, mut worst) = (Vec::new(), Vec::new());
    for (name, document) in &all {
        let d = draw::layout(document, &Paper::REPORT);
        let svg = draw::svg(&d);
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gz.write_all(svg.as_bytes()).unwrap();
        sizes.push((gz.finish().unwrap().len(), svg.len(), name.clone()));
        let mut most = 0.0_f64;
        let drawn = traces(&d);
        assert_eq!(d.strokes.len(), drawn.len());
        for (stroke, line) in d.strokes.iter().zip(&drawn) {
            let mut k = 0;
            for p in stroke.iter().map(|p| (f64::from(p.0) / 100.0, f64::from(p.1) / 100.0)) {
                while k + 2 < line.len() && line[k + 1].0 < p.0 - 1e-6 {
                    k += 1;
                }
                most = most.max(away(p, line[k], line[k + 1]));
            }
        }
        worst.push(most);
    }
    sizes.sort();
    if let (Some(a), Some(b)) = (sizes.get(sizes.len() / 2), sizes.last()) {
        let near = worst.iter().filter(|w| **w <= 0.010_001).count();
        let most = worst.iter().copied().fold(0.0, f64::max);
        eprintln!("3x4+1 of {} records, gzip/plain bytes: median {a:?}, largest {b:?}", sizes.len());
        eprintln!("within 10 µm: {near}; farthest {most:.4} mm");
        assert!(b.0 <= 20_000, "{b:?}");
        assert!(most <= 0.080_001 && near * 4 >= worst.len() * 3);
    }
}

#[test]
fn each_part_of_the_blob_says_what_it_is() {
    let Some(bytes) = shared("twin/Example.dcm") else { return };
    let d = decode::decode(&bytes, &Limits::default()).unwrap();
    let a = analyse(&d, "");
    let head = |part| -> serde_json::Value {
        let blob = draw::blob_of(&d, &a, part);
        let length = u32::from_le_bytes(blob[..4].try_into().unwrap()) as usize;
        serde_json::from_slice(&blob[4..4 + length]).unwrap()
    };
    let (rhythm, median) = (head(draw::Part::Rhythm), head(draw::Part::Median));
    assert_eq!((rhythm["group"].as_str(), median["group"].as_str()), (Some("rhythm"), Some("median")));
    assert_eq!(
        (rhythm["groups"].as_array().unwrap().len(), median["groups"].as_array().unwrap().len()),
        (1, 1)
    );
    assert!(rhythm.get("marks").is_none());
    let on = median["marks"]["qrs_on"].as_f64().unwrap();
    assert!((on - a.measured.marks.qrs.unwrap().0 as f64 * 2.0).abs() < 1e-9);
    assert_eq!(draw::Part::of("x"), None);
}

/// The standard leads in microvolts with white noise of `sd` µV, `per` samples for each of the recording.
fn noisy(document: &Document, per: usize, sd: f64) -> Document {
    let mut state = 1_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1_u64 << 24) as f64
    };
    let old = document.rhythm().unwrap();
    let lead = |l: &Lead| {
        let uv = |i: usize| l.nv(i.min(old.samples - 1)).unwrap() as f64 / 1_000.0;
        let at = |i: usize| {
            let (k, f) = (i / per, (i % per) as f64 / per as f64);
            // Twelve equal variables add up to a normal one.
            uv(k) * (1.0 - f) + uv(k + 1) * f + sd * ((0..12).map(|_| random()).sum::<f64>() - 6.0)
        };
        let raw = (0..old.samples * per).map(at).map(|v| v.round() as i32).collect();
        Lead { raw, scale: Ratio::whole(1_000), offset: Ratio::ZERO, ..l.clone() }
    };
    let leads = old.leads.iter().map(lead).collect();
    let rate = old.rate.times(Ratio::whole(per as i64)).unwrap();
    Document {
        groups: vec![Group { rate, samples: old.samples * per, leads, ..old.clone() }],
        ..Document::default()
    }
}

/// Muscle noise that fills the paper as a band: still at most 20 kB, every sample within 0.1 mm of the line (half of the
/// stroke), every corner a sample to 30 µm; and the drawing says so.
#[test]
fn a_strip_drowned_in_noise_weighs_20_kb_and_says_what_was_left_out() {
    let made = Document { groups: vec![strip::strip(|_| 0.0)], ..Document::default() };
    for (name, document) in [("made", Some(made)), ("ludb 1", ludb::record(1))] {
        let Some(document) = document else { continue };
        for (per, sd) in [(1, 60.0), (2, 30.0)] {
            let d = draw::layout(&noisy(&document, per, sd), &Paper::REPORT);
            let start = std::time::Instant::now();
            let svg = draw::svg(&d);
            let took = start.elapsed();
            let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            gz.write_all(svg.as_bytes()).unwrap();
            let size = gz.finish().unwrap().len();
            let said = svg.split("within ").nth(1).and_then(|t| t.split(' ').next()).unwrap();
            let bound: f64 = said.parse().unwrap();
            let (mut sample, mut corner) = (0.0_f64, 0.0_f64);
            for (stroke, line) in d.strokes.iter().zip(traces(&d)) {
                let points: Vec<(f64, f64)> =
                    stroke.iter().map(|p| (f64::from(p.0) / 100.0, f64::from(p.1) / 100.0)).collect();
                for p in &points {
                    let near = line.windows(2).filter(|w| w[0].0 <= p.0 + 0.2 && w[1].0 >= p.0 - 0.2);
                    sample = sample.max(near.map(|w| away(*p, w[0], w[1])).fold(f64::MAX, f64::min));
                }
                for c in &line {
                    let near = points.iter().filter(|p| (p.0 - c.0).abs() < 0.1);
                    corner = corner.max(near.map(|p| (p.0 - c.0).hypot(p.1 - c.1)).fold(f64::MAX, f64::min));
                }
            }
            eprintln!(
                "{name} {} Hz + {sd} µV: {size} bytes in {took:?}, samples to {sample:.3} mm, corners to {corner:.3} mm, said {bound}",
                500 * per
            );
            assert!(size <= 20_000, "{name} {per} {sd}: {size}");
            assert!(bound <= 0.1 && sample <= bound + 1e-6 && corner <= 0.03, "{sample} {corner} {bound}");
        }
    }
    // A quiet strip is exact to 10 µm.
    assert!(
        draw::svg(&draw::layout(&square(500), &Paper::REPORT)).contains("within 0.01 mm of every sample")
    );
}
