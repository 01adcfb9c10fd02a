//! Strips so noisy that the stroke is wider than the time between samples: printed, they are a band. A sample is left out
//! when the line passes it closely enough before or after its own moment, which the eye cannot tell apart.

/// Samples that one straight piece may pass.
const MOST: usize = 30;
/// Samples that do not fit before the search for a longer piece ends.
const FAILED: usize = 6;

/// Corners such that every sample lies within `slack` of the line and every corner is a sample, moved to the grid.
#[must_use]
pub fn covering(points: &[(i32, i32)], slack: f64, grid: i32) -> Vec<(i32, i32)> {
    let near = |v: i32| (v + grid / 2).div_euclid(grid) * grid;
    let on = |p: &(i32, i32)| (near(p.0), near(p.1));
    let most = slack * slack;
    let Some(first) = points.first() else { return Vec::new() };
    let mut out = vec![on(first)];
    let (mut here, mut before) = (on(first), None);
    let mut rest = points.get(1..).unwrap_or_default();
    // Samples that the piece before does not pass.
    let mut open: Vec<(i32, i32)> = Vec::new();
    while !rest.is_empty() {
        open.clear();
        let (mut best, mut failed) = (0, 0);
        for (k, p) in rest.iter().enumerate().take(MOST) {
            if k == 0 || open.iter().all(|q| away(*q, here, on(p)) <= most) {
                (best, failed) = (k, 0);
            } else {
                failed += 1;
                if failed > FAILED {
                    break;
                }
            }
            if before.is_none_or(|b| away(*p, b, here) > most) {
                open.push(*p);
            }
        }
        let Some(end) = rest.get(best).map(on) else { break };
        out.push(end);
        (before, here) = (Some(here), end);
        rest = rest.get(best + 1..).unwrap_or_default();
    }
    out
}

/// Square of the distance of a point from a straight piece.
fn away(p: (i32, i32), a: (i32, i32), b: (i32, i32)) -> f64 {
    let of = |p: (i32, i32)| (f64::from(p.0 - a.0), f64::from(p.1 - a.1));
    let ((x, y), (dx, dy)) = (of(p), of(b));
    let length = dx * dx + dy * dy;
    let t = if length > 0.0 { ((x * dx + y * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    (x - t * dx).powi(2) + (y - t * dy).powi(2)
}
