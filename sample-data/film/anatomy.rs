//! Water-equivalent thickness in millimetres along the beam, on a grid; x = 0 is the midline, patient's right at the left.

use super::Finding;
use super::strokes::{bones, draw, vessels};
use crate::geometry::{Outline, Point, blur, closed_curve, smooth, to_segment};
use crate::random::Random;

const LUNG_GAIN: f32 = 0.74;

/// The whole chest: soft tissue, lungs, mediastinum, vessels, bones, finding.
pub fn thickness(width: usize, height: usize, cell: f32, finding: Finding, random: &mut Random) -> Vec<f32> {
    let tilt = random.between(-0.012, 0.012);
    let big = if finding == Finding::Cardiomegaly { 1.24 } else { random.between(0.96, 1.04) };
    let right = outline(
        &[
            (-22.0, 92.0),
            (-34.0, 68.0),
            (-58.0, 63.0),
            (-84.0, 82.0),
            (-108.0, 130.0),
            (-124.0, 190.0),
            (-133.0, 250.0),
            (-136.0, 312.0),
            (-130.0, 326.0),
            (-108.0, 302.0),
            (-75.0, 287.0),
            (-44.0, 290.0),
            (-18.0, 306.0),
            (-13.0, 240.0),
            (-14.0, 160.0),
        ],
        6,
    );
    let left = outline(
        &[
            (22.0, 92.0),
            (34.0, 68.0),
            (58.0, 63.0),
            (84.0, 82.0),
            (108.0, 130.0),
            (124.0, 190.0),
            (133.0, 250.0),
            (137.0, 318.0),
            (132.0, 336.0),
            (112.0, 318.0),
            (78.0, 304.0),
            (46.0, 306.0),
            (18.0, 316.0),
            (14.0, 240.0),
            (15.0, 160.0),
        ],
        6,
    );
    let heart: Vec<Point> = closed_curve(
        &[
            (-20.0, 172.0),
            (-38.0, 215.0),
            (-44.0, 252.0),
            (-34.0, 290.0),
            (0.0, 304.0),
            (45.0, 305.0),
            (76.0, 292.0),
            (80.0, 270.0),
            (62.0, 232.0),
            (40.0, 200.0),
            (26.0, 178.0),
            (5.0, 165.0),
        ],
        6,
    )
    .iter()
    .map(|p| (p.0 * big + 2.0, 240.0 + (p.1 - 240.0) * (1.0 + (big - 1.0) * 0.35)))
    .collect();
    let heart = Outline::new(heart);
    let aorta = outline(
        &[
            (-24.0, 120.0),
            (-12.0, 104.0),
            (18.0, 108.0),
            (35.0, 122.0),
            (33.0, 142.0),
            (30.0, 175.0),
            (-6.0, 190.0),
            (-28.0, 165.0),
        ],
        6,
    );
    let mut map = vec![0.0f32; width * height];
    for j in 0..height {
        for i in 0..width {
            let y = j as f32 * cell;
            let x = (i as f32 - width as f32 / 2.0) * cell + tilt * (y - 214.0);
            map[j * width + i] = soft(x, y, &right, &left, &heart, &aorta);
        }
    }
    let mut soft_edges = blur(&map, width, 1, 2);
    // Strokes of one group join without adding up; groups add up, as overlapping bones do.
    let mut groups = vec![vessels(random)];
    bones(&mut groups, random);
    let mut layer = vec![0.0f32; width * height];
    for group in &groups {
        draw(&mut soft_edges, &mut layer, width, height, cell, tilt, group);
    }
    lesion(&mut soft_edges, width, cell, finding, random);
    marker(&mut soft_edges, width, cell);
    blur(&soft_edges, width, 1, 1)
}

/// A smooth closed outline through `knots`.
fn outline(knots: &[Point], steps: usize) -> Outline {
    Outline::new(closed_curve(knots, steps))
}

fn dome(d: f32, reach: f32, depth: f32) -> f32 {
    let t = (d / reach).clamp(0.0, 1.0);
    depth * (t * (2.0 - t)).sqrt()
}

fn soft(x: f32, y: f32, right: &Outline, left: &Outline, heart: &Outline, aorta: &Outline) -> f32 {
    // Outline of neck, shoulders and trunk.
    let neck = 56.0 + 3.0 * smooth(40.0, 0.0, y);
    let shoulder = neck + 150.0 * smooth(22.0, 78.0, y) - 34.0 * smooth(150.0, 230.0, y);
    let edge = shoulder - x.abs();
    if edge <= 0.0 {
        return -20.0;
    }
    let half = shoulder.min(172.0);
    let across = (1.0 - (x / (half + 6.0)).powi(2)).max(0.06).sqrt();
    let depth = 150.0 + 60.0 * smooth(40.0, 150.0, y) + 14.0 * smooth(280.0, 400.0, y);
    let mut t = depth * (0.42 + 0.58 * across) * dome(edge, 26.0, 1.0);
    // Muscle and shoulder girdle beside the lungs.
    t += 24.0 * smooth(96.0, 150.0, x.abs()) * smooth(40.0, 80.0, y) * smooth(190.0, 120.0, y);
    let d = right.inside((x, y)).max(left.inside((x, y)));
    if d > -3.0 {
        t -= LUNG_GAIN * dome(d + 1.0, 62.0, 172.0 * (0.62 + 0.38 * smooth(60.0, 150.0, y)));
    }
    let h = heart.inside((x, y));
    if h > 0.0 {
        t += 0.62 * dome(h, 44.0, 112.0);
    }
    let a = aorta.inside((x, y));
    if a > 0.0 {
        t += 0.7 * dome(a, 20.0, 62.0);
    }
    // Upper mediastinum, then the air column of the trachea and main bronchi.
    t += 26.0 * smooth(34.0, 18.0, x.abs()) * smooth(180.0, 110.0, y);
    let trachea = to_segment((x, y), (1.0, 0.0), (-2.0, 146.0)).0;
    let bronchus = to_segment((x, y), (-2.0, 146.0), (-34.0, 180.0))
        .0
        .min(to_segment((x, y), (-2.0, 146.0), (36.0, 176.0)).0 + 1.0);
    t -= 34.0 * smooth(9.5, 6.0, trachea) + 16.0 * smooth(7.0, 4.0, bronchus);
    // Below the diaphragm: liver is even, stomach bubble is air.
    let bubble = (((x - 66.0) / 30.0).powi(2) + ((y - 336.0) / 15.0).powi(2)).sqrt();
    t -= 46.0 * smooth(1.08, 0.8, bubble);
    t + 10.0 * smooth(330.0, 420.0, y)
}

fn lesion(map: &mut [f32], width: usize, cell: f32, finding: Finding, random: &mut Random) {
    let (x0, y0, rx, ry, add) = match finding {
        Finding::Normal | Finding::Cardiomegaly => return,
        Finding::Pneumonia => (-82.0, 246.0, 44.0, 34.0, 44.0),
        Finding::Nodule => (72.0, 138.0, 8.5, 8.0, 17.0),
        Finding::Effusion => (128.0, 318.0, 46.0, 44.0, 105.0),
    };
    let patches: Vec<(f32, f32, f32)> = (0..60)
        .map(|_| (random.normal() * rx * 0.45, random.normal() * ry * 0.45, random.between(3.0, 9.0)))
        .collect();
    let rows = map.len() / width;
    for j in 0..rows {
        for i in 0..width {
            let (x, y) = ((i as f32 - width as f32 / 2.0) * cell - x0, j as f32 * cell - y0);
            let q = ((x / rx).powi(2) + (y / ry).powi(2)).sqrt();
            if q > 1.6 {
                continue;
            }
            let mut v =
                add * if finding == Finding::Nodule { smooth(1.0, 0.75, q) } else { smooth(1.25, 0.35, q) };
            if finding == Finding::Pneumonia {
                let lumps: f32 = patches
                    .iter()
                    .map(|p| smooth(p.2, 0.0, ((x - p.0).powi(2) + (y - p.1).powi(2)).sqrt()))
                    .sum();
                v *= 0.45 + 0.4 * lumps.min(2.0);
            }
            map[j * width + i] += v;
        }
    }
}

/// The lead letter "R" at the patient's right shoulder.
fn marker(map: &mut [f32], width: usize, cell: f32) {
    let (x0, y0) = (-164.0, 22.0);
    let lines: [(Point, Point); 6] = [
        ((0.0, 0.0), (0.0, 14.0)),
        ((0.0, 0.0), (6.0, 0.0)),
        ((6.0, 0.0), (8.0, 3.5)),
        ((8.0, 3.5), (6.0, 7.0)),
        ((6.0, 7.0), (0.0, 7.0)),
        ((3.0, 7.0), (8.5, 14.0)),
    ];
    for j in 0..((y0 + 20.0) / cell) as usize {
        for i in 0..((x0 + 176.0 + 14.0) / cell) as usize {
            let p = ((i as f32 - width as f32 / 2.0) * cell - x0, j as f32 * cell - y0);
            if lines.iter().any(|l| to_segment(p, l.0, l.1).0 < 1.1) {
                map[j * width + i] = 330.0;
            }
        }
    }
}
