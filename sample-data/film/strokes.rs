//! Bones and vessels: strokes with a round profile, drawn in groups.

use crate::geometry::{Point, smooth, to_segment};
use crate::random::Random;

/// A stroke with round profile: bone or vessel.
pub(super) struct Stroke {
    points: Vec<Point>,
    /// Radius at both ends, mm.
    radius: (f32, f32),
    /// Thickness at the centre line, mm water.
    core: f32,
    /// Extra thickness at the margins (cortical bone), mm water.
    rim: f32,
    /// Scale of the thickness at both ends.
    fade: (f32, f32),
}

pub(super) fn draw(
    map: &mut [f32],
    layer: &mut [f32],
    width: usize,
    height: usize,
    cell: f32,
    tilt: f32,
    group: &[Stroke],
) {
    let mut touched: Vec<usize> = Vec::new();
    for (s, n, pair) in
        group.iter().flat_map(|s| s.points.windows(2).enumerate().map(move |(n, pair)| (s, n, pair)))
    {
        let reach = s.radius.0.max(s.radius.1) + 1.0;
        let count = s.points.len().saturating_sub(1).max(1) as f32;
        let (a, b) = (pair[0], pair[1]);
        let column = |x: f32| ((x / cell + width as f32 / 2.0).max(0.0) as usize).min(width - 1);
        let row = |y: f32| ((y / cell).max(0.0) as usize).min(height - 1);
        for j in row(a.1.min(b.1) - reach)..=row(a.1.max(b.1) + reach) {
            for i in column(a.0.min(b.0) - reach - 4.0)..=column(a.0.max(b.0) + reach + 4.0) {
                let y = j as f32 * cell;
                let x = (i as f32 - width as f32 / 2.0) * cell + tilt * (y - 214.0);
                let (d, along) = to_segment((x, y), a, b);
                let f = (n as f32 + along) / count;
                let r = s.radius.0 + (s.radius.1 - s.radius.0) * f;
                if d >= r {
                    continue;
                }
                let q = d / r;
                let body =
                    s.core * (1.0 - q * q).sqrt() + s.rim * smooth(0.55, 0.86, q) * smooth(1.0, 0.9, q);
                let v = body * (s.fade.0 + (s.fade.1 - s.fade.0) * f);
                let k = j * width + i;
                if layer[k] == 0.0 {
                    touched.push(k);
                }
                layer[k] = layer[k].max(v);
            }
        }
    }
    for k in touched {
        map[k] += layer[k];
        layer[k] = 0.0;
    }
}

pub(super) fn vessels(random: &mut Random) -> Vec<Stroke> {
    let mut out = Vec::new();
    for side in [-1.0f32, 1.0] {
        let root = (side * 36.0, 186.0 - 6.0 * side.max(0.0));
        for k in 0..13 {
            let direction = -1.35 + 2.75 * k as f32 / 12.0 + random.between(-0.1, 0.1);
            branch(&mut out, random, root, direction, side, 5.2, 30.0, 0);
        }
        out.push(Stroke {
            points: vec![(side * 26.0, 178.0), (side * 41.0, 192.0), (side * 49.0, 222.0)],
            radius: (11.0, 5.0),
            core: 20.0,
            rim: 0.0,
            fade: (1.0, 0.7),
        });
    }
    out
}

#[expect(clippy::too_many_arguments, reason = "a recursive step carries the whole state of the tree")]
fn branch(
    out: &mut Vec<Stroke>,
    random: &mut Random,
    from: Point,
    direction: f32,
    side: f32,
    radius: f32,
    length: f32,
    level: usize,
) {
    if level > 4 || radius < 0.45 {
        return;
    }
    let mut points = vec![from];
    let (mut p, mut angle) = (from, direction);
    for _ in 0..4 {
        angle += random.between(-0.12, 0.12) + 0.05 * angle.signum();
        p = (p.0 + side * angle.cos() * length / 4.0, p.1 + angle.sin() * length / 4.0);
        points.push(p);
    }
    // Vessels end before the pleura.
    if p.0.abs() > 118.0 || p.1 < 80.0 || p.1 > 296.0 || p.0.abs() < 24.0 {
        return;
    }
    out.push(Stroke {
        points,
        radius: (radius, radius * 0.7),
        core: radius * 3.6,
        rim: 0.0,
        fade: (1.0, 0.9),
    });
    for turn in [-0.38, 0.38] {
        let next = (
            angle + turn + random.between(-0.2, 0.2),
            radius * random.between(0.55, 0.72),
            length * random.between(0.7, 0.95),
        );
        branch(out, random, p, next.0, side, next.1, next.2, level + 1);
    }
}

pub(super) fn bones(out: &mut Vec<Vec<Stroke>>, random: &mut Random) {
    for n in 0..10 {
        let k = n as f32;
        let reach = [56.0, 84.0, 104.0, 118.0, 127.0, 133.0, 137.0, 140.0, 142.0, 142.0][n];
        let start = 66.0 + 25.5 * k + random.between(-1.0, 1.0);
        let drop = 30.0 + 4.2 * k;
        for side in [-1.0f32, 1.0] {
            let arc = |from: f32, to: f32| -> Vec<Point> {
                (0..=22)
                    .map(|s| {
                        let a = (from + (to - from) * s as f32 / 22.0).to_radians();
                        (
                            side * (17.0 + (reach - 17.0) * a.sin().max(0.0).powf(0.86)),
                            start - 7.0 * (2.0 * a).sin().max(0.0) + drop * (1.0 - a.cos()) * 0.92,
                        )
                    })
                    .collect()
            };
            let mut rib = vec![Stroke {
                points: arc(4.0, 94.0),
                radius: (5.4, 6.6),
                core: 10.5,
                rim: 6.5,
                fade: (0.85, 1.0),
            }];
            if n < 8 {
                rib.push(Stroke {
                    points: arc(94.0, 142.0),
                    radius: (6.6, 7.6),
                    core: 9.5,
                    rim: 5.5,
                    fade: (1.0, 0.35),
                });
            }
            out.push(rib);
        }
    }
    for n in 0..17 {
        let y = 8.0 + 24.6 * n as f32;
        for (dy, core) in [(0.0, 13.0), (-9.0, 7.0), (9.0, 7.0)] {
            out.push(vec![Stroke {
                points: vec![(-12.0, y + dy), (12.0, y + dy)],
                radius: (5.6, 5.6),
                core,
                rim: 3.5,
                fade: (1.0, 1.0),
            }]);
        }
        for side in [-1.0f32, 1.0] {
            out.push(vec![Stroke {
                points: vec![(side * 9.0, y - 4.0), (side * 9.5, y)],
                radius: (3.6, 3.6),
                core: 2.0,
                rim: 6.0,
                fade: (1.0, 1.0),
            }]);
            out.push(vec![Stroke {
                points: vec![(side * 12.0, y - 3.0), (side * 30.0, y - 7.0)],
                radius: (4.2, 3.4),
                core: 6.0,
                rim: 2.5,
                fade: (1.0, 0.8),
            }]);
        }
        out.push(vec![Stroke {
            points: vec![(0.0, y + 6.0), (0.0, y + 13.0)],
            radius: (2.6, 2.2),
            core: 7.0,
            rim: 0.0,
            fade: (1.0, 1.0),
        }]);
    }
    for side in [-1.0f32, 1.0] {
        let p = |x: f32, y: f32| (side * x, y);
        out.push(vec![Stroke {
            points: vec![
                p(15.0, 98.0),
                p(34.0, 90.0),
                p(62.0, 79.0),
                p(92.0, 66.0),
                p(122.0, 54.0),
                p(146.0, 50.0),
            ],
            radius: (8.0, 6.4),
            core: 10.0,
            rim: 9.0,
            fade: (1.0, 0.95),
        }]);
        out.push(vec![Stroke {
            points: vec![p(136.0, 84.0), p(132.0, 130.0), p(141.0, 182.0), p(150.0, 196.0)],
            radius: (4.0, 5.0),
            core: 5.0,
            rim: 4.0,
            fade: (0.9, 0.8),
        }]);
        out.push(vec![Stroke {
            points: vec![p(150.0, 92.0), p(151.0, 140.0), p(149.0, 192.0)],
            radius: (7.0, 5.0),
            core: 7.0,
            rim: 4.0,
            fade: (1.0, 0.7),
        }]);
        out.push(vec![Stroke {
            points: vec![p(140.0, 62.0), p(160.0, 74.0)],
            radius: (9.0, 10.0),
            core: 9.0,
            rim: 5.0,
            fade: (0.9, 1.0),
        }]);
        out.push(vec![Stroke {
            points: vec![p(174.0, 84.0), p(175.0, 90.0)],
            radius: (21.0, 21.0),
            core: 30.0,
            rim: 7.0,
            fade: (1.0, 1.0),
        }]);
    }
    out.push(vec![Stroke {
        points: vec![(0.0, 104.0), (0.0, 130.0)],
        radius: (20.0, 15.0),
        core: 5.0,
        rim: 3.0,
        fade: (1.0, 0.8),
    }]);
}
