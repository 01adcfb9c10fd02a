//! A [`Drawing`] as SVG: millimetres outside, integer units inside, one relative path a stroke, vectors only.

use super::Drawing;
use std::fmt::Write;

/// Renders the drawing on light paper with 1 mm and 5 mm grid.
pub fn render(d: &Drawing) -> String {
    let (w, h) = d.size;
    let mut out = String::with_capacity(128 * 1024);
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}mm\" height=\"{}mm\" viewBox=\"0 0 {w} {h}\"><rect width=\"{w}\" height=\"{h}\" fill=\"#fffaf5\"/>",
        f64::from(w) / 100.0,
        f64::from(h) / 100.0
    );
    for (step, colour, width) in [(100, "#f6d9d2", 6), (500, "#e9ada1", 12)] {
        out.push_str("<path d=\"");
        for x in (0..=w).step_by(step) {
            let _ = write!(out, "M{x} 0v{h}");
        }
        for y in (0..=h).step_by(step) {
            let _ = write!(out, "M0 {y}h{w}");
        }
        let _ = write!(out, "\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"/>");
    }
    strokes(&mut out, &d.marks, 22);
    strokes(&mut out, &d.waves, 24);
    out.push_str("<g font-family=\"Noto Sans CJK SC, Noto Sans SC, sans-serif\" fill=\"#1c1c1c\">");
    for t in &d.texts {
        let _ = write!(out, "<text x=\"{}\" y=\"{}\" font-size=\"{}\">{}</text>", t.at.0, t.at.1, t.size, escape(&t.words));
    }
    out.push_str("</g></svg>");
    out
}

fn strokes(out: &mut String, lines: &[Vec<(i32, i32)>], width: i32) {
    let _ = write!(out, "<g fill=\"none\" stroke=\"#161616\" stroke-width=\"{width}\" stroke-linejoin=\"round\" stroke-linecap=\"round\">");
    for line in lines {
        let mut points = line.iter();
        let Some((mut x, mut y)) = points.next().copied() else { continue };
        let _ = write!(out, "<path d=\"M{x} {y}l");
        for (n, (px, py)) in points.enumerate() {
            let _ = write!(out, "{}{} {}", if n > 0 { " " } else { "" }, px - x, py - y);
            (x, y) = (*px, *py);
        }
        if line.len() == 1 {
            out.push_str("0 0");
        }
        out.push_str("\"/>");
    }
    out.push_str("</g>");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
