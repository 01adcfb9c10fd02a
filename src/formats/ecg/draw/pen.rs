//! Traces as short paths: corners on a grid of 20 µm, and no corner where a straight line passes every sample.
//!
//! A corner lies within 10 µm of its sample and, while the drawing stays small enough, the line within 10 µm of all others. A noisy
//! strip at 1000 Hz has 40,000 samples; there the line may miss a sample by up to 80 µm, and of noise that fills the paper
//! as a band (8 samples to the width of the stroke) by up to 100 µm, half of the stroke. The drawing says which it was.

use std::fmt::Write as _;
use std::io::Write as _;

use super::thin;

/// How much may be left out; the first that makes the drawing small enough.
struct Level {
    /// Distance of the line from the samples it passes, units of 10 µm.
    slack: f64,
    /// Grid of the corners, units.
    grid: i32,
    /// The line passes the samples in their order.
    ordered: bool,
}

const fn level(slack: f64, grid: i32, ordered: bool) -> Level {
    Level { slack, grid, ordered }
}

const LEVELS: [Level; 7] = [
    level(1.0, 2, true),
    level(2.0, 2, true),
    level(3.0, 2, true),
    level(4.0, 2, true),
    level(8.0, 2, true),
    level(8.0, 2, false),
    level(10.0, 4, false),
];
/// Compressed size of all traces, bytes: a page on a poor line (ECG specification 15.21), less what paper and text need.
const BUDGET: usize = 18_600;
/// Text that is surely within the budget.
const SMALL: usize = 50_000;

/// Paths of all strokes, and how far a sample may lie from them, units.
#[must_use]
pub fn traces(strokes: &[Vec<(i32, i32)>]) -> (String, f64) {
    // What is drawn coarser is smaller: the level is found by halves, for a drawing and its size take longest of all.
    let [first, coarser @ ..] = &LEVELS;
    let mut best = at(strokes, first);
    if is_small(&best.0) {
        return best;
    }
    let (mut open, mut found): (&[Level], bool) = (coarser, false);
    while let Some(level) = open.get(open.len() / 2) {
        let (finer, rest) = open.split_at(open.len() / 2);
        let drawn = at(strokes, level);
        let small = is_small(&drawn.0);
        open = if small { finer } else { rest.get(1..).unwrap_or_default() };
        if small || !found {
            best = drawn;
        }
        found |= small;
    }
    best
}

/// The strokes drawn at one level.
fn at(strokes: &[Vec<(i32, i32)>], level: &Level) -> (String, f64) {
    let Level { slack, grid, ordered } = *level;
    let mut out = String::new();
    for stroke in strokes {
        let line = if ordered { corners(stroke, slack) } else { thin::covering(stroke, slack, grid) };
        path(&mut out, line.into_iter());
    }
    (out, slack)
}

fn is_small(text: &str) -> bool {
    text.len() <= SMALL || compressed(text) <= BUDGET
}

fn compressed(text: &str) -> usize {
    let mut gz = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    // Writing to memory does not fail; if it did, the drawing would only be larger.
    let _ = gz.write_all(text.as_bytes());
    gz.finish().map_or(0, |v| v.len())
}

/// Absolute start, then relative integer steps.
pub fn path(out: &mut String, mut points: impl Iterator<Item = (i32, i32)>) {
    let Some(first) = points.next() else { return };
    let _ = write!(out, r#"<path d="M{} {}l"#, first.0, first.1);
    let (mut at, mut begin) = (first, true);
    for p in points {
        let (dx, dy) = (p.0 - at.0, p.1 - at.1);
        let gap = |v: i32| if v >= 0 { " " } else { "" };
        let _ = write!(out, "{}{dx}{}{dy}", if begin { "" } else { gap(dx) }, gap(dy));
        (at, begin) = (p, false);
    }
    out.push_str(if begin { r#"0 0"/>"# } else { r#""/>"# });
}

/// Heights on the grid within 10 µm of this one; the same choice for equal heights, so that steps keep their size.
fn heights(y: i32) -> impl Iterator<Item = i32> {
    let odd = y.rem_euclid(2) == 1;
    [if odd { y + 1 } else { y }, y - 1].into_iter().take(if odd { 2 } else { 1 })
}

/// Corners of the line; time never goes back in a stroke.
fn corners(points: &[(i32, i32)], slack: f64) -> Vec<(i32, i32)> {
    let mut out = Vec::new();
    let Some(first) = points.first() else { return out };
    let mut anchor = (first.0, heights(first.1).next().unwrap_or(first.1));
    out.push(anchor);
    let mut held: Option<(i32, i32)> = None;
    let open = (f64::NEG_INFINITY, f64::INFINITY);
    let mut cone = open;
    // Highest and lowest sample since the anchor: a line must not stop short of a peak it passes.
    let (mut low, mut high) = (anchor.1, anchor.1);
    let over = 0.4 * slack;
    let mut rest = points.iter().skip(1);
    let mut next = rest.next();
    while let Some(p) = next {
        let (dx, dy) = (f64::from(p.0 - anchor.0), f64::from(p.1 - anchor.1));
        let fits = |y: &i32| {
            let slope = f64::from(y - anchor.1) / dx;
            let (from, to) = (f64::from(anchor.1.min(*y)), f64::from(anchor.1.max(*y)));
            dx > 0.0
                && slope >= cone.0 - 1e-9
                && slope <= cone.1 + 1e-9
                && f64::from(low) >= from - over
                && f64::from(high) <= to + over
        };
        let end = heights(p.1).find(fits);
        if let (None, Some(last)) = (end, held) {
            // No line reaches this sample past all others: the last one that could be reached is a corner.
            out.push(last);
            (anchor, held, cone) = (last, None, open);
            (low, high) = (anchor.1, anchor.1);
            continue;
        }
        held = Some((p.0, end.or_else(|| heights(p.1).next()).unwrap_or(p.1)));
        let (flat, steep) = tangents(dx, dy, 0.9 * slack);
        cone = (cone.0.max(flat), cone.1.min(steep));
        (low, high) = (low.min(p.1), high.max(p.1));
        next = rest.next();
    }
    out.extend(held);
    out
}

/// Slopes from the origin, toward later samples, that pass a point at a distance of at most `slack`: what lies between the two
/// tangents of the circle around it. With `root` the length of a tangent, their slopes m solve
/// m² (dx² − slack²) − 2 m dx dy + dy² − slack² = 0.
fn tangents(dx: f64, dy: f64, slack: f64) -> (f64, f64) {
    let root = dx * dx + dy * dy - slack * slack;
    if root <= 0.0 {
        return (f64::NEG_INFINITY, f64::INFINITY);
    }
    let root = slack * root.sqrt();
    let (wide, high) = (dx * dx - slack * slack, dy * dy - slack * slack);
    if wide > 0.0 {
        ((dx * dy - root) / wide, (dx * dy + root) / wide)
    } else if dy > 0.0 {
        // The circle reaches the vertical: on that side every slope passes.
        (high / (dx * dy + root), f64::INFINITY)
    } else {
        (f64::NEG_INFINITY, high / (dx * dy - root))
    }
}

#[cfg(test)]
mod tests {
    use super::tangents;

    #[test]
    fn tangents_are_the_angles_of_the_circle() {
        for (dx, dy, slack) in [
            (20.0, 5.0, 1.0),
            (20.0, -300.0, 4.0),
            (3.0, 9.0, 8.0),
            (3.0, -9.0, 8.0),
            (8.0, 7.0, 8.0),
            (0.0, 30.0, 2.0),
            (0.0, -30.0, 2.0),
        ] {
            let (angle, width) = (f64::atan2(dy, dx), f64::asin(slack / f64::hypot(dx, dy)));
            let slope = |a: f64| match a.abs() < std::f64::consts::FRAC_PI_2 - 1e-9 {
                true => a.tan(),
                false => f64::INFINITY.copysign(a),
            };
            let (flat, steep) = tangents(dx, dy, slack);
            for (ours, theirs) in [(flat, slope(angle - width)), (steep, slope(angle + width))] {
                assert!(
                    ours == theirs || (ours - theirs).abs() < 1e-9 * theirs.abs().max(1.0),
                    "{dx} {dy} {slack}: {ours} {theirs}"
                );
            }
        }
        assert_eq!(tangents(1.0, 1.0, 2.0), (f64::NEG_INFINITY, f64::INFINITY));
    }
}
