// Values of measurements from handles in pixels. Independent of zoom, rotation, flip and of the drawing engine.

import type { Axis, Calibration, Point, Unit } from './calibration';

export type MeasureKind = 'length' | 'bidirectional' | 'angle' | 'cobb' | 'ctr' | 'ellipse' | 'rectangle' | 'probe';

export interface Amount {
  value: number;
  unit: Unit | '°' | 'mm²' | 'px²' | '';
}

export interface Stats {
  mean: number;
  sd: number;
  min: number;
  max: number;
  pixels: number;
}

const sameUnit = (c: Calibration): boolean => c.x.unit === c.y.unit;

/** Distance of two points; two separate amounts where the axes have different units (M-mode, Doppler). */
export function lengthOf(a: Point, b: Point, c: Calibration): Amount[] {
  const dx = Math.abs(b[0] - a[0]) * c.x.per;
  const dy = Math.abs(b[1] - a[1]) * c.y.per;
  if (sameUnit(c)) return [{ value: Math.hypot(dx, dy), unit: c.x.unit }];
  return [
    { value: dx, unit: c.x.unit },
    { value: dy, unit: c.y.unit },
  ];
}

/** An angle needs one scale for both axes; M-mode and Doppler have none, there pixels are honest. */
const scaleFor = (c: Calibration): [number, number] => (sameUnit(c) ? [c.x.per, c.y.per] : [1, 1]);

function direction(a: Point, b: Point, c: Calibration): [number, number] {
  const [sx, sy] = scaleFor(c);
  return [(b[0] - a[0]) * sx, (b[1] - a[1]) * sy];
}

const degrees = (u: readonly [number, number], v: readonly [number, number]): number => {
  const n = Math.hypot(u[0], u[1]) * Math.hypot(v[0], v[1]);
  if (n === 0) return 0;
  return (Math.acos(Math.min(1, Math.max(-1, (u[0] * v[0] + u[1] * v[1]) / n))) * 180) / Math.PI;
};

/** Angle at the vertex b, 0 to 180 degrees. */
export const angleOf = (a: Point, b: Point, d: Point, c: Calibration): number => degrees(direction(b, a, c), direction(b, d, c));

/** Lines that lie across the way from one to the other up to this mean tilt are end plates of one spine; from the second on
 * they lie along it. */
const ACROSS = 55;
const ALONG = 75;

/** Angle between two lines, degrees. Two lines alone leave open whether it is the acute one or the other. Of two end plates
 * both lead to the same side of the spine between them, and then it may be more than 90; where that cannot be told the
 * answer is both. */
export function cobbOf(a: Point, b: Point, d: Point, e: Point, c: Calibration): number[] {
  const deg = degrees(direction(a, b, c), direction(d, e, c));
  const acute = deg > 90 ? 180 - deg : deg;
  const way = direction([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], [(d[0] + e[0]) / 2, (d[1] + e[1]) / 2], c);
  const side: [number, number] = [-way[1], way[0]];
  const [first, second] = [direction(a, b, c), direction(d, e, c)].map((v): [number, number] =>
    v[0] * side[0] + v[1] * side[1] < 0 ? [-v[0], -v[1]] : v,
  ) as [[number, number], [number, number]];
  const tilt = (degrees(first, side) + degrees(second, side)) / 2;
  if (Math.hypot(...way) === 0 || tilt >= ALONG) return [acute];
  return tilt > ACROSS ? [acute, 180 - acute] : [degrees(first, second)];
}

/** Cardiothoracic ratio: the narrower of two widths over the wider one, then both widths. Magnification falls out of the ratio. */
export function ctrOf(a: Point, b: Point, d: Point, e: Point, c: Calibration): Amount[] {
  const [first] = lengthOf(a, b, c);
  const [second] = lengthOf(d, e, c);
  if (!first || !second || !(Math.max(first.value, second.value) > 0)) return [];
  const [heart, chest] = first.value <= second.value ? [first, second] : [second, first];
  return [{ value: heart.value / chest.value, unit: '' }, heart, chest];
}

/** A parallelogram: origin and its two edge vectors, in pixels. An ellipse uses the half axes from its centre. */
export interface Frame {
  o: Point;
  u: Point;
  v: Point;
}

/** From the engine's four handles of an ellipse (bottom, top, left, right) to centre and half axes. */
export function ellipseFrame(h: readonly Point[]): Frame | null {
  const [bottom, top, left, right] = h;
  if (!bottom || !top || !left || !right) return null;
  return {
    o: [(left[0] + right[0]) / 2, (left[1] + right[1]) / 2],
    u: [(right[0] - left[0]) / 2, (right[1] - left[1]) / 2],
    v: [(bottom[0] - top[0]) / 2, (bottom[1] - top[1]) / 2],
  };
}

/** From the engine's four corners of a rectangle (two neighbours of the first corner are 1 and 2). */
export function rectangleFrame(h: readonly Point[]): Frame | null {
  const [o, p, q] = h;
  if (!o || !p || !q) return null;
  return { o, u: [p[0] - o[0], p[1] - o[1]], v: [q[0] - o[0], q[1] - o[1]] };
}

const det = (f: Frame): number => f.u[0] * f.v[1] - f.u[1] * f.v[0];

export function areaOf(kind: 'ellipse' | 'rectangle', f: Frame, c: Calibration): Amount {
  const px = Math.abs(det(f)) * (kind === 'ellipse' ? Math.PI : 1);
  if (c.x.unit === 'mm' && c.y.unit === 'mm') return { value: px * c.x.per * c.y.per, unit: 'mm²' };
  return { value: px, unit: 'px²' };
}

/** Statistics over the pixels whose centre lies in the shape; null when none does. `at` gives modality values (HU). */
export function statsOf(kind: 'ellipse' | 'rectangle', f: Frame, cols: number, rows: number, at: (index: number) => number): Stats | null {
  const d = det(f);
  if (d === 0) return null;
  const grow = kind === 'ellipse';
  const xs = [0, f.u[0], f.v[0], f.u[0] + f.v[0]];
  const ys = [0, f.u[1], f.v[1], f.u[1] + f.v[1]];
  const rx = Math.abs(f.u[0]) + Math.abs(f.v[0]);
  const ry = Math.abs(f.u[1]) + Math.abs(f.v[1]);
  const x0 = Math.max(0, Math.floor(f.o[0] + (grow ? -rx : Math.min(...xs))));
  const x1 = Math.min(cols - 1, Math.ceil(f.o[0] + (grow ? rx : Math.max(...xs))));
  const y0 = Math.max(0, Math.floor(f.o[1] + (grow ? -ry : Math.min(...ys))));
  const y1 = Math.min(rows - 1, Math.ceil(f.o[1] + (grow ? ry : Math.max(...ys))));
  let n = 0;
  let mean = 0;
  let m2 = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let y = y0; y <= y1; y++) {
    for (let x = x0; x <= x1; x++) {
      const px = x + 0.5 - f.o[0];
      const py = y + 0.5 - f.o[1];
      const s = (px * f.v[1] - py * f.v[0]) / d;
      const t = (f.u[0] * py - f.u[1] * px) / d;
      const hit = grow ? s * s + t * t <= 1 : s >= 0 && s <= 1 && t >= 0 && t <= 1;
      if (!hit) continue;
      const value = at(y * cols + x);
      if (!Number.isFinite(value)) continue;
      // Welford: stable for large offsets such as -1000 HU.
      n += 1;
      const delta = value - mean;
      mean += delta / n;
      m2 += delta * (value - mean);
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  if (n === 0) return null;
  return { mean, sd: n > 1 ? Math.sqrt(m2 / (n - 1)) : 0, min, max, pixels: n };
}

/** Digits a length deserves: tenths of a millimetre, whole pixels with one digit. */
export function formatAmount(a: Amount): string {
  const digits = a.unit === '°' ? 1 : a.unit === 's' ? 3 : a.unit === 'mm²' || a.unit === 'px²' ? (a.value >= 100 ? 0 : 1) : 1;
  if (a.unit === '') return a.value.toFixed(2);
  return `${a.value.toFixed(digits)}${a.unit === '°' ? '°' : ` ${a.unit}`}`;
}

export const axisText = (a: Axis): string => a.unit;
