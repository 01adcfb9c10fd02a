//! The drawing as SVG: vector only, width and height in mm, viewBox in units, made of our own numbers and names.

use std::fmt::Write as _;

use super::layout::{Drawing, MM};
use super::pen;

/// Writes the drawing.
#[must_use]
pub fn svg(d: &Drawing) -> String {
    let mm = |v: i32| format!("{}.{:02}", v / MM, v % MM);
    let mut out = String::with_capacity(64 << 10);
    let _ = write!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{}mm" height="{}mm" viewBox="0 0 {} {}">"#,
        mm(d.width),
        mm(d.height),
        d.width,
        d.height
    );
    let (traces, missed) = pen::traces(&d.strokes);
    let away = missed / f64::from(MM);
    let _ = write!(
        out,
        "<desc>描记线距每个采样点不超过 {away:.2} mm; the line passes within {away:.2} mm of every sample</desc>"
    );
    let (x0, y0, x1, y1) = d.grid;
    let _ =
        write!(out, r##"<rect x="{x0}" y="{y0}" width="{}" height="{}" fill="#fffaf5"/>"##, x1 - x0, y1 - y0);
    grid(&mut out, d.grid, MM, "#f6d5cd", 6);
    grid(&mut out, d.grid, 5 * MM, "#e79f93", 12);
    let _ = write!(
        out,
        r##"<g fill="none" stroke="#1c1917" stroke-width="20" stroke-linejoin="round" stroke-linecap="round">"##
    );
    for stroke in &d.marks {
        pen::path(&mut out, stroke.iter().copied());
    }
    out.push_str(&traces);
    let _ = write!(out, r##"</g><g font-family="sans-serif" font-size="320" fill="#1c1917">"##);
    for t in d.names.iter().chain(std::iter::once(&d.line)) {
        let _ = write!(out, r#"<text x="{}" y="{}">{}</text>"#, t.x, t.y, escaped(&t.text));
    }
    out.push_str("</g></svg>");
    out
}

/// Lines of one colour: one down, one step aside, one up, so that the same words repeat and compress to nothing.
fn grid(out: &mut String, (x0, y0, x1, y1): (i32, i32, i32, i32), step: i32, colour: &str, width: i32) {
    let _ = write!(out, r#"<path fill="none" stroke="{colour}" stroke-width="{width}" d="M{x0} {y0}"#);
    let (high, wide) = (y1 - y0, x1 - x0);
    for _ in 0..wide / step {
        let _ = write!(out, "v{high}m{step}-{high}");
    }
    let _ = write!(out, "v{high}M{x0} {y0}");
    for _ in 0..high / step {
        let _ = write!(out, "h{wide}m-{wide} {step}");
    }
    let _ = write!(out, r#"h{wide}"/>"#);
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
