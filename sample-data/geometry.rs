//! Small geometry for the phantoms: distances to outlines and strokes, smoothing of grids.

/// A point or vector in the plane, millimetres.
pub type Point = (f32, f32);

/// Smooth 0..1 step between `from` and `to`.
pub fn smooth(from: f32, to: f32, x: f32) -> f32 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Distance of `p` to the segment `a`-`b`, with the position along it (0..1).
pub fn to_segment(p: Point, a: Point, b: Point) -> (f32, f32) {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let len2 = dx * dx + dy * dy;
    let t = if len2 > 0.0 { (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / len2).clamp(0.0, 1.0) } else { 0.0 };
    let (ex, ey) = (p.0 - a.0 - t * dx, p.1 - a.1 - t * dy);
    ((ex * ex + ey * ey).sqrt(), t)
}

/// A closed curve through `knots` (Catmull-Rom), `steps` points between two knots.
pub fn closed_curve(knots: &[Point], steps: usize) -> Vec<Point> {
    let n = knots.len();
    let mut out = Vec::with_capacity(n * steps);
    for i in 0..n {
        let (p0, p1, p2, p3) = (knots[(i + n - 1) % n], knots[i], knots[(i + 1) % n], knots[(i + 2) % n]);
        for s in 0..steps {
            let t = s as f32 / steps as f32;
            let f = |a: f32, b: f32, c: f32, d: f32| {
                0.5 * (2.0 * b
                    + (c - a) * t
                    + (2.0 * a - 5.0 * b + 4.0 * c - d) * t * t
                    + (3.0 * b - a - 3.0 * c + d) * t * t * t)
            };
            out.push((f(p0.0, p1.0, p2.0, p3.0), f(p0.1, p1.1, p2.1, p3.1)));
        }
    }
    out
}

/// A closed outline with its bounding box.
pub struct Outline {
    points: Vec<Point>,
    low: Point,
    high: Point,
}

impl Outline {
    /// An outline through `points`.
    pub fn new(points: Vec<Point>) -> Self {
        let fold = |pick: fn(&Point) -> f32, join: fn(f32, f32) -> f32, from: f32| {
            points.iter().map(pick).fold(from, join)
        };
        let low = (fold(|p| p.0, f32::min, f32::MAX), fold(|p| p.1, f32::min, f32::MAX));
        let high = (fold(|p| p.0, f32::max, f32::MIN), fold(|p| p.1, f32::max, f32::MIN));
        Self { points, low, high }
    }

    /// Signed distance, positive inside; far outside only "far" (-100) is answered.
    pub fn inside(&self, p: Point) -> f32 {
        let margin = 4.0;
        if p.0 < self.low.0 - margin
            || p.0 > self.high.0 + margin
            || p.1 < self.low.1 - margin
            || p.1 > self.high.1 + margin
        {
            return -100.0;
        }
        let mut best = f32::MAX;
        let mut odd = false;
        let mut a = self.points.last().copied().unwrap_or_default();
        for b in self.points.iter().copied() {
            best = best.min(to_segment(p, a, b).0);
            if (a.1 > p.1) != (b.1 > p.1) && p.0 < (b.0 - a.0) * (p.1 - a.1) / (b.1 - a.1) + a.0 {
                odd = !odd;
            }
            a = b;
        }
        if odd { best } else { -best }
    }
}

/// Box blur of a row-major grid, `radius` cells, `passes` times (three passes resemble a Gaussian).
pub fn blur(grid: &[f32], width: usize, radius: usize, passes: usize) -> Vec<f32> {
    let height = grid.len() / width.max(1);
    let mut now = grid.to_vec();
    let mut next = vec![0.0; grid.len()];
    for _ in 0..passes {
        for y in 0..height {
            line(&now, &mut next, y * width, 1, width, radius);
        }
        for x in 0..width {
            line(&next, &mut now, x, width, height, radius);
        }
    }
    now
}

fn line(from: &[f32], to: &mut [f32], start: usize, step: usize, count: usize, radius: usize) {
    let at = |i: isize| from[start + step * i.clamp(0, count as isize - 1) as usize];
    let r = radius as isize;
    let mut sum: f32 = (-r..=r).map(at).sum();
    for i in 0..count as isize {
        to[start + step * i as usize] = sum / (2 * r + 1) as f32;
        sum += at(i + r + 1) - at(i - r);
    }
}
