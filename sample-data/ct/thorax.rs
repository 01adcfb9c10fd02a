//! Hounsfield units of an invented thorax. x grows to the patient's left, y to the back, z to the head; millimetres.

use crate::geometry::smooth;
use crate::random::Random;

/// A tube between two points.
struct Tube {
    from: [f32; 3],
    to: [f32; 3],
    radius: f32,
}

/// The body.
pub struct Thorax {
    vessels: Vec<Tube>,
    nodule: bool,
    heart: f32,
}

/// What of the body one slice cuts.
pub struct Plane<'a> {
    body: &'a Thorax,
    z: f32,
    /// Vessel cross sections in this plane: centre, radius.
    dots: Vec<(f32, f32, f32, f32, f32)>,
}

impl Thorax {
    /// A body with its own vessel tree.
    pub fn new(random: &mut Random, nodule: bool) -> Self {
        let mut vessels = Vec::new();
        for side in [-1.0f32, 1.0] {
            for k in 0..26 {
                let around = k as f32 / 26.0 * std::f32::consts::TAU + random.between(-0.2, 0.2);
                let out = random.between(0.35, 1.0);
                let direction = [side * out, 0.55 * around.cos(), 0.9 * around.sin()];
                grow(
                    &mut vessels,
                    random,
                    [side * 34.0, 8.0 + 8.0 * around.cos(), 156.0 + 14.0 * around.sin()],
                    unit(direction),
                    3.7,
                    24.0,
                    0,
                );
            }
        }
        Self { vessels, nodule, heart: random.between(0.95, 1.06) }
    }

    /// The slice at height `z`.
    pub fn plane(&self, z: f32) -> Plane<'_> {
        let mut dots = Vec::new();
        for t in &self.vessels {
            let (low, high) = (t.from[2].min(t.to[2]) - t.radius, t.from[2].max(t.to[2]) + t.radius);
            if z < low || z > high {
                continue;
            }
            // The part of the tube inside the slice, as a segment in the plane.
            let at = |f: f32| (t.from[0] + (t.to[0] - t.from[0]) * f, t.from[1] + (t.to[1] - t.from[1]) * f);
            let rise = t.to[2] - t.from[2];
            let (f0, f1) = if rise.abs() < 0.01 {
                (0.0, 1.0)
            } else {
                let (a, b) = ((z - 1.25 - t.from[2]) / rise, (z + 1.25 - t.from[2]) / rise);
                (a.min(b).clamp(0.0, 1.0), a.max(b).clamp(0.0, 1.0))
            };
            let (p, q) = (at(f0), at(f1));
            dots.push((p.0, p.1, q.0, q.1, t.radius));
        }
        Plane { body: self, z, dots }
    }
}

fn unit(v: [f32; 3]) -> [f32; 3] {
    let n = (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt().max(1e-6);
    [v[0] / n, v[1] / n, v[2] / n]
}

fn grow(
    out: &mut Vec<Tube>,
    random: &mut Random,
    from: [f32; 3],
    direction: [f32; 3],
    radius: f32,
    length: f32,
    level: usize,
) {
    let to =
        [from[0] + direction[0] * length, from[1] + direction[1] * length, from[2] + direction[2] * length];
    if level > 5
        || radius < 0.5
        || to[2] < 40.0
        || to[2] > 278.0
        || cavity(to[0], to[1], to[2]) > 0.86
        || to[0].abs() < 16.0
    {
        return;
    }
    out.push(Tube { from, to, radius });
    for _ in 0..2 {
        let turn = [random.between(-0.6, 0.6), random.between(-0.6, 0.6), random.between(-0.6, 0.6)];
        let next = unit([direction[0] + turn[0], direction[1] + turn[1], direction[2] + turn[2]]);
        let (r, l) = (radius * random.between(0.62, 0.78), length * random.between(0.68, 0.92));
        grow(out, random, to, next, r, l, level + 1);
    }
}

/// Radius in the chest cavity: below 1 inside.
fn cavity(x: f32, y: f32, z: f32) -> f32 {
    let narrow = (1.0 - (((z - 120.0).max(0.0)) / 172.0).powi(2)).max(0.02).powf(0.42);
    ((x / (134.0 * narrow)).powi(2) + ((y - 4.0) / (90.0 * narrow.sqrt())).powi(2)).sqrt()
}

fn disc(x: f32, y: f32, cx: f32, cy: f32, r: f32) -> f32 {
    smooth(r + 0.5, r - 0.5, ((x - cx).powi(2) + (y - cy).powi(2)).sqrt())
}

fn capsule(x: f32, y: f32, a: (f32, f32), b: (f32, f32), r: f32) -> f32 {
    smooth(r + 0.5, r - 0.5, crate::geometry::to_segment((x, y), a, b).0)
}

fn mix(from: f32, to: f32, share: f32) -> f32 {
    from + (to - from) * share
}

impl Plane<'_> {
    /// Hounsfield units at a point of the slice.
    pub fn hounsfield(&self, x: f32, y: f32) -> f32 {
        let z = self.z;
        let shoulder = smooth(225.0, 285.0, z);
        let (a, b) = (163.0 + 12.0 * shoulder, 112.0 - 16.0 * shoulder);
        let skin = ((x.abs() / a).powf(2.3) + (y.abs() / b).powf(2.3)).powf(1.0 / 2.3);
        let table = (y - 128.0 - x * x / 2600.0).abs();
        if skin > 1.0 {
            return if table < 1.6 && x.abs() < 170.0 { -180.0 } else { -1000.0 };
        }
        let inside = cavity(x, y, z);
        let wall = self.wall(x, y, skin, inside);
        if inside >= 1.0 {
            return wall;
        }
        let mut hu = self.content(x, y, inside);
        hu = mix(wall, hu, smooth(1.0, 0.99, inside));
        self.spine(x, y, hu)
    }

    fn wall(&self, x: f32, y: f32, skin: f32, inside: f32) -> f32 {
        let z = self.z;
        let mut hu = if skin > 0.985 { 20.0 } else { mix(-98.0, 52.0, smooth(0.93, 0.9, skin)) };
        // Fat planes between the muscles.
        if skin < 0.9 && (inside - 1.17).abs() < 0.012 {
            hu = -60.0;
        }
        let angle = (x.abs() / 134.0).atan2((y - 4.0) / 90.0).to_degrees();
        // Ribs: each climbs from front to back; this slice cuts each at one angle.
        if inside > 0.99 && inside < 1.15 && angle > 6.0 && angle < 148.0 {
            for n in 0..12 {
                let height = 282.0 - 25.0 * n as f32 - 58.0 * (1.0 - angle.to_radians().cos()) * 0.62;
                let off = (z - height).abs();
                let across = (inside - 1.07).abs() / 0.066;
                let q = ((off / 6.5).powi(2) + across.powi(2)).sqrt();
                if q < 1.0 {
                    hu = mix(hu, if q > 0.62 { 620.0 } else { 210.0 }, smooth(1.0, 0.9, q));
                }
            }
        }
        // Breast bone, shoulder blades, collar bones.
        if z > 95.0 && z < 232.0 {
            let q = ((x / 17.0).powi(2) + ((y + 92.0) / 5.5).powi(2)).sqrt();
            hu = mix(hu, if q > 0.72 { 420.0 } else { 150.0 }, smooth(1.06, 0.94, q));
        }
        if z > 172.0 {
            let low = 66.0 + 9.0 * smooth(172.0, 280.0, z);
            let blade = capsule(x.abs(), y, (92.0, low + 24.0), (138.0, low - 16.0), 2.6);
            hu = mix(hu, 560.0, blade * smooth(172.0, 182.0, z));
        }
        if z > 252.0 {
            let t = (z - 252.0) / 40.0;
            let collar = disc(x.abs(), y, 40.0 + 90.0 * t, -66.0 + 24.0 * t, 7.0);
            hu = mix(hu, 520.0, collar);
        }
        self.spine(x, y, hu)
    }

    fn content(&self, x: f32, y: f32, inside: f32) -> f32 {
        let z = self.z;
        // Two domes; the angle between dome and wall reaches lower.
        let dome = if x < 0.0 {
            64.0 - ((x + 62.0) / 11.5).powi(2) * 0.62 - (y / 13.0).powi(2) * 0.55 + 30.0
        } else {
            54.0 - ((x - 66.0) / 11.5).powi(2) * 0.62 - (y / 13.0).powi(2) * 0.55 + 28.0
        };
        if z < dome {
            return self.abdomen(x, y, inside, dome);
        }
        // Mediastinum between the lungs: wide at the heart, narrow behind it.
        let heart_side = if x > 0.0 { 1.0 } else { 0.82 };
        let tall = smooth(55.0, 95.0, z) * smooth(196.0, 150.0, z);
        let waist = 19.0 + 10.0 * smooth(160.0, 200.0, z) + 6.0 * smooth(255.0, 275.0, z);
        let ring = (((x - 20.0) / (64.0 * self.body.heart * heart_side)).powi(2)
            + ((y + 26.0) / 50.0).powi(2)
            + ((z - 112.0) / 62.0).powi(2))
        .sqrt();
        let front = 5.0 + 8.0 * tall;
        let line = (front + (waist - front) * smooth(-70.0, -40.0, y)) * (1.0 - 0.3 * smooth(8.0, 40.0, y))
            + 5.0 * smooth(40.0, 58.0, y)
            + 1.5 * (y * 0.16 + x.signum()).sin();
        if x.abs() < line || ring < 1.0 {
            return self.mediastinum(x, y, ring);
        }
        // Lung: darker in front, vessels, walls of the airways.
        let mut hu = -872.0 + 42.0 * smooth(-60.0, 80.0, y);
        for (px, py, qx, qy, r) in &self.dots {
            let reach = r + 1.0;
            if x < px.min(*qx) - reach
                || x > px.max(*qx) + reach
                || y < py.min(*qy) - reach
                || y > py.max(*qy) + reach
            {
                continue;
            }
            let d = crate::geometry::to_segment((x, y), (*px, *py), (*qx, *qy)).0;
            hu = hu.max(mix(hu, 38.0, smooth(r + 0.4, r - 0.5, d) * (r / 1.1).min(1.0)));
        }
        for side in [-1.0f32, 1.0] {
            hu = self.bronchus(x, y, side, hu);
        }
        if self.body.nodule {
            let d = ((x + 74.0).powi(2) + (y + 6.0).powi(2) + (z - 206.0).powi(2)).sqrt();
            let spikes = 0.9 * ((x * 1.9).sin() * (y * 1.7).cos());
            hu = mix(hu, 36.0, smooth(6.6, 5.2, d + spikes));
        }
        hu
    }

    fn bronchus(&self, x: f32, y: f32, side: f32, hu: f32) -> f32 {
        // From the carina at z = 172 down and out.
        let t = (172.0 - self.z) / 34.0;
        if !(0.0..=1.0).contains(&t) {
            return hu;
        }
        let (cx, cy) = (side * (5.0 + 34.0 * t), 8.0 + 9.0 * t);
        let wall = disc(x, y, cx, cy, 7.6);
        mix(mix(hu, 20.0, wall), -985.0, disc(x, y, cx, cy, 6.0))
    }

    fn mediastinum(&self, x: f32, y: f32, ring: f32) -> f32 {
        let z = self.z;
        let mut hu = -92.0;
        if ring < 1.0 {
            // Fat under the pericardium, muscle, chambers.
            hu = mix(-70.0, 48.0, smooth(0.95, 0.9, ring));
            let groove = capsule(x, y, (-12.0, -4.0), (52.0, -52.0), 1.6);
            hu = mix(hu, -55.0, groove * smooth(120.0, 140.0, z));
            hu = mix(hu, 40.0, disc(x, y, 38.0, -14.0, 22.0));
        }
        let tube = |hu: f32, cx: f32, cy: f32, r: f32, low: f32, high: f32| {
            if z > low && z < high { mix(hu, 43.0, disc(x, y, cx, cy, r)) } else { hu }
        };
        hu = tube(hu, -13.0, -26.0, 16.0, 138.0, 206.0);
        hu = tube(hu, 25.0, 38.0, 12.5, -10.0, 212.0);
        hu = tube(hu, 14.0, -36.0, 14.0, 146.0, 184.0);
        hu = tube(hu, -30.0, -16.0, 9.0, 132.0, 246.0);
        if (203.0..222.0).contains(&z) {
            hu = mix(
                hu,
                43.0,
                capsule(
                    x,
                    y,
                    (-13.0, -24.0),
                    (23.0, 32.0),
                    13.0 * (1.0 - ((z - 212.0) / 14.0).powi(2)).max(0.0).sqrt(),
                ),
            );
        }
        if (152.0..170.0).contains(&z) {
            hu = mix(hu, 43.0, capsule(x, y, (10.0, -24.0), (-44.0, -4.0), 8.5)).max(hu);
            hu = mix(hu, 43.0, capsule(x, y, (18.0, -26.0), (44.0, 8.0), 8.0)).max(hu);
        }
        if z > 220.0 {
            for (cx, cy, r) in [
                (-16.0, -18.0, 6.5),
                (2.0, -20.0, 4.5),
                (14.0, -8.0, 5.0),
                (-28.0, -26.0, 7.5),
                (26.0, -24.0, 7.0),
            ] {
                hu = mix(hu, 44.0, disc(x, y, cx, cy, r));
            }
        }
        if z > 262.0 {
            for side in [-1.0, 1.0] {
                hu = mix(hu, 105.0, disc(x, y, side * 17.0, 2.0, 9.0));
            }
        }
        hu = mix(hu, 42.0, disc(x, y, 9.0, 28.0, 6.0));
        hu = mix(hu, -300.0, disc(x, y, 9.0, 28.0, 1.6));
        if z > 170.0 {
            hu = mix(mix(hu, 30.0, disc(x, y, -1.0, 8.0, 10.2)), -990.0, disc(x, y, -1.0, 8.0, 8.6));
        }
        for side in [-1.0, 1.0] {
            hu = self.bronchus(x, y, side, hu);
        }
        hu
    }

    fn abdomen(&self, x: f32, y: f32, inside: f32, dome: f32) -> f32 {
        let z = self.z;
        let deep = smooth(0.0, 3.0, dome - z);
        let edge = smooth(0.985, 0.965, inside);
        let mut hu = -96.0;
        let liver = smooth(34.0, 26.0, x + y * 0.16);
        let mut organ = 60.0;
        for (cx, cy, r) in [(-40.0, -10.0, 4.5), (-72.0, 10.0, 3.5), (-55.0, 34.0, 3.0), (-20.0, -34.0, 3.2)]
        {
            organ = mix(organ, 42.0, disc(x, y, cx + z * 0.25, cy - z * 0.1, r));
        }
        hu = mix(hu, organ, liver * edge);
        let spleen = (((x - 96.0) / 30.0).powi(2) + ((y - 36.0) / 40.0).powi(2)).sqrt();
        hu = mix(hu, 52.0, smooth(1.05, 0.97, spleen) * edge);
        let stomach = (((x - 64.0) / 40.0).powi(2) + ((y + 26.0) / 36.0).powi(2)).sqrt();
        if stomach < 1.05 {
            // Gas in front, content behind a level.
            let content = if y < -34.0 { -960.0 } else { 28.0 };
            hu = mix(mix(hu, 44.0, smooth(1.05, 0.99, stomach)), content, smooth(0.93, 0.88, stomach));
        }
        hu = mix(hu, 43.0, disc(x, y, 20.0, 40.0, 11.5));
        hu = mix(hu, 41.0, disc(x, y, -20.0, 22.0, 11.0));
        mix(54.0, hu, deep)
    }

    fn spine(&self, x: f32, y: f32, hu: f32) -> f32 {
        let z = self.z;
        let within = (z + 3.0).rem_euclid(24.5);
        let gap = smooth(4.6, 3.6, within);
        let body = ((x / 17.5).powi(2) + ((y - 60.0) / 14.0).powi(2)).sqrt();
        let plate = smooth(7.6, 5.8, within) * (1.0 - gap);
        let bone = if body > 0.86 {
            430.0
        } else {
            mix(165.0 + 14.0 * ((x * 1.3).sin() * (y * 1.1).cos()), 480.0, plate)
        };
        let mut hu = mix(hu, mix(bone, 85.0, gap), smooth(1.04, 0.97, body));
        let canal = ((x / 10.0).powi(2) + ((y - 83.0) / 8.5).powi(2)).sqrt();
        let arch = smooth(1.62, 1.5, canal) * (1.0 - 0.75 * gap);
        if y > 72.0 {
            hu = mix(hu, 460.0, arch);
        }
        hu = mix(hu, 460.0, capsule(x, y, (0.0, 96.0), (0.0, 108.0), 2.8) * smooth(20.0, 17.0, within));
        let process = capsule(x.abs(), y, (13.0, 84.0), (33.0, 90.0), 4.4)
            * smooth(6.0, 8.0, within)
            * smooth(19.0, 17.0, within);
        hu = mix(hu, 330.0, process);
        mix(hu, 22.0, smooth(1.03, 0.95, canal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tissues_have_their_numbers() {
        let body = Thorax::new(&mut Random::new(5), true);
        let plane = body.plane(206.0);
        assert!(plane.hounsfield(-74.0, -6.0) > 0.0, "nodule");
        assert!(plane.hounsfield(-170.0, -170.0) < -990.0, "air around");
        assert!(plane.hounsfield(-1.0, 8.0) < -900.0, "trachea");
        assert!((0.0..90.0).contains(&body.plane(40.0).hounsfield(-60.0, 0.0)), "liver");
    }
}
