//! The drawing as SVG: vector only, width and height in mm, viewBox in units, made of our own numbers and names.

use std::fmt::Write as _;

use super::layout::{Drawing, MM};

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
        path(&mut out, stroke);
    }
    for stroke in &d.strokes {
        path(&mut out, stroke);
    }
    let _ = write!(out, r##"</g><g font-family="sans-serif" font-size="320" fill="#1c1917">"##);
    for t in d.names.iter().chain(std::iter::once(&d.line)) {
        let _ = write!(out, r#"<text x="{}" y="{}">{}</text>"#, t.x, t.y, escaped(&t.text));
    }
    out.push_str("</g></svg>");
    out
}

fn grid(out: &mut String, (x0, y0, x1, y1): (i32, i32, i32, i32), step: i32, colour: &str, width: i32) {
    let _ = write!(out, r#"<path fill="none" stroke="{colour}" stroke-width="{width}" d=""#);
    let mut x = x0;
    while x <= x1 {
        let _ = write!(out, "M{x} {y0}V{y1}");
        x += step;
    }
    let mut y = y0;
    while y <= y1 {
        let _ = write!(out, "M{x0} {y}H{x1}");
        y += step;
    }
    out.push_str(r#""/>"#);
}

/// Absolute start, then relative integer steps; equal steps in a row become one, which is the same line.
fn path(out: &mut String, points: &[(i32, i32)]) {
    let Some(first) = points.first() else { return };
    let _ = write!(out, r#"<path d="M{} {}l"#, first.0, first.1);
    let steps = points.windows(2).filter_map(|w| match w {
        [a, b] => Some((b.0 - a.0, b.1 - a.1)),
        _ => None,
    });
    let mut begin = true;
    let mut put = |(dx, dy): (i32, i32), times: i32| {
        let (dx, dy) = (dx * times, dy * times);
        let gap = |v: i32| if v >= 0 { " " } else { "" };
        let _ = write!(out, "{}{dx}{}{dy}", if begin { "" } else { gap(dx) }, gap(dy));
        begin = false;
    };
    let mut held: Option<((i32, i32), i32)> = None;
    for step in steps {
        held = match held {
            Some((last, times)) if last == step => Some((last, times + 1)),
            Some((last, times)) => {
                put(last, times);
                Some((step, 1))
            }
            None => Some((step, 1)),
        };
    }
    let (last, times) = held.unwrap_or(((0, 0), 1));
    put(last, times);
    out.push_str(r#""/>"#);
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
