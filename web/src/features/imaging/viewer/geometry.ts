// Where an image lies in the patient: planes, letters at the edges, lines where planes cross. Pure.
// Patient axes of PS3.3 C.7.6.2.1.1: +x to the left hand, +y to the back, +z to the head.

import type { Point } from './calibration';
import type { StackInstance, Triple } from './stack';
import { cross } from './stack';

export interface ImagePlane {
  /** Centre of the first pixel, mm. */
  origin: Triple;
  /** Direction along a row (x of the image) and along a column (y of the image). */
  row: Triple;
  col: Triple;
  normal: Triple;
  /** Distance between columns and between rows, mm. */
  dx: number;
  dy: number;
  cols: number;
  rows: number;
  /** Frame of Reference UID; empty when the file has none. */
  space: string;
}

export const dot = (a: readonly number[], b: readonly number[]): number =>
  (a[0] ?? 0) * (b[0] ?? 0) + (a[1] ?? 0) * (b[1] ?? 0) + (a[2] ?? 0) * (b[2] ?? 0);
export const minus = (a: Triple, b: Triple): Triple => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
/** a + k b */
export const along = (a: Triple, b: Triple, k: number): Triple => [a[0] + k * b[0], a[1] + k * b[1], a[2] + k * b[2]];
export const negate = (a: Triple): Triple => [-a[0], -a[1], -a[2]];

const unit = (v: Triple): Triple | null => {
  const n = Math.hypot(v[0], v[1], v[2]);
  return n > 1e-6 ? [v[0] / n, v[1] / n, v[2] / n] : null;
};

/** The plane of an instance, or null when the file does not place it in the patient. */
export function planeOfInstance(i: StackInstance): ImagePlane | null {
  const o = i.orientation;
  if (!i.position || o?.length !== 6 || !i.pixel_spacing) return null;
  const row = unit([o[0] ?? 0, o[1] ?? 0, o[2] ?? 0]);
  const col = unit([o[3] ?? 0, o[4] ?? 0, o[5] ?? 0]);
  const [dy, dx] = i.pixel_spacing;
  if (!row || !col || Math.abs(dot(row, col)) > 0.01 || !(dx > 0) || !(dy > 0)) return null;
  const space = i.frame_of_reference ?? '';
  return { origin: i.position, row, col, normal: cross(row, col), dx, dy, cols: i.cols, rows: i.rows, space };
}

/** Point of the patient to pixels of the image (0 = left or upper edge of the first pixel), projected on its plane. */
export function toImage(p: ImagePlane, at: Triple): Point {
  const d = minus(at, p.origin);
  return [dot(d, p.row) / p.dx + 0.5, dot(d, p.col) / p.dy + 0.5];
}

/** Inverse of toImage. */
export const toPatient = (p: ImagePlane, at: Point): Triple =>
  along(along(p.origin, p.row, (at[0] - 0.5) * p.dx), p.col, (at[1] - 0.5) * p.dy);

/** Distance of the plane from the origin along `normal`, mm. */
export const depth = (p: ImagePlane, normal: Triple): number => dot(p.origin, normal);

/** Planes whose normals differ by less than about 5 degrees can be leafed through together. */
export const parallel = (a: ImagePlane, b: ImagePlane): boolean => Math.abs(dot(a.normal, b.normal)) > 0.996;

/** Lies both in one frame of reference, so that positions mean the same place? */
export const sameSpace = (a: ImagePlane, b: ImagePlane): boolean => a.space !== '' && a.space === b.space;

const LETTERS: ReadonlyArray<readonly [string, string]> = [
  ['R', 'L'],
  ['A', 'P'],
  ['F', 'H'],
];

/** Letters of a direction, the strongest first, weaker ones only when oblique (PS3.3 C.7.6.1.1.1). */
export function letters(direction: Triple): string {
  return direction
    .map((v, axis) => ({ v, axis }))
    .filter(({ v }) => Math.abs(v) > 0.17) // 10 degrees
    .sort((a, b) => Math.abs(b.v) - Math.abs(a.v))
    .map(({ v, axis }) => LETTERS[axis]?.[v > 0 ? 1 : 0] ?? '')
    .join('');
}

const OPPOSITE: Record<string, string> = { L: 'R', R: 'L', A: 'P', P: 'A', H: 'F', F: 'H' };
export const opposite = (text: string): string => [...text].map((c) => OPPOSITE[c] ?? '').join('');

/** Screen directions of the image's own x and y. */
export interface Axes {
  x: Point;
  y: Point;
}

export interface Edges {
  top: string;
  right: string;
  bottom: string;
  left: string;
}

/** Letters at the four edges of the screen, whatever turn and mirror; null when the file tells no direction. */
export function edges(i: StackInstance, axes: Axes): Edges | null {
  const plane = planeOfInstance(i);
  if (plane) {
    const toward = (sx: number, sy: number): string => {
      const kx = axes.x[0] * sx + axes.x[1] * sy;
      const ky = axes.y[0] * sx + axes.y[1] * sy;
      return letters(along(along([0, 0, 0], plane.row, kx), plane.col, ky));
    };
    return { top: toward(0, -1), right: toward(1, 0), bottom: toward(0, 1), left: toward(-1, 0) };
  }
  const [x, y] = (i.patient_orientation ?? '').split('\\').map((t) => t.trim().toUpperCase());
  if (!x && !y) return null;
  const toward = (sx: number, sy: number): string => {
    const kx = axes.x[0] * sx + axes.x[1] * sy;
    const ky = axes.y[0] * sx + axes.y[1] * sy;
    const [told, k] = Math.abs(kx) >= Math.abs(ky) ? [x ?? '', kx] : [y ?? '', ky];
    return k >= 0 ? told : opposite(told);
  };
  return { top: toward(0, -1), right: toward(1, 0), bottom: toward(0, 1), left: toward(-1, 0) };
}

/** Where plane `b` cuts image `a`: two points in pixels of `a`, clipped to the rectangle of `b`'s image and of `a`'s. Null without a cut. */
export function crossing(a: ImagePlane, b: ImagePlane): [Point, Point] | null {
  if (parallel(a, b)) return null;
  // Edges of a's image against the plane of b: where the signed distance changes its sign, the line leaves the image.
  const corners: Point[] = [
    [0, 0],
    [a.cols, 0],
    [a.cols, a.rows],
    [0, a.rows],
  ];
  const off = corners.map((c) => dot(minus(toPatient(a, c), b.origin), b.normal));
  const hits: Point[] = [];
  for (let k = 0; k < 4; k++) {
    const next = (k + 1) % 4;
    const [p, q, fp, fq] = [corners[k], corners[next], off[k] ?? 0, off[next] ?? 0];
    if (!p || !q || fp === fq || fp > 0 === fq > 0) continue;
    const t = fp / (fp - fq);
    hits.push([p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])]);
  }
  const [from, to] = hits;
  return from && to ? clipTo(a, b, from, to) : null;
}

/** The part of the segment that lies inside b's image. */
function clipTo(a: ImagePlane, b: ImagePlane, from: Point, to: Point): [Point, Point] | null {
  const p = toImage(b, toPatient(a, from));
  const q = toImage(b, toPatient(a, to));
  let [t0, t1] = [0, 1];
  for (const [start, end, limit] of [
    [p[0], q[0], b.cols],
    [p[1], q[1], b.rows],
  ] as const) {
    const d = end - start;
    if (Math.abs(d) < 1e-9) {
      if (start < 0 || start > limit) return null;
      continue;
    }
    const [lo, hi] = d > 0 ? [-start / d, (limit - start) / d] : [(limit - start) / d, -start / d];
    t0 = Math.max(t0, lo);
    t1 = Math.min(t1, hi);
  }
  if (t0 >= t1) return null;
  const at = (t: number): Point => [from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])];
  return [at(t0), at(t1)];
}

/** Index of the image nearest to `wanted`; null for an empty list or when nothing has a position. */
export function nearest(positions: readonly (number | null)[], wanted: number): number | null {
  let best: number | null = null;
  let off = Number.POSITIVE_INFINITY;
  positions.forEach((p, k) => {
    if (p === null) return;
    const d = Math.abs(p - wanted);
    if (d < off) {
      off = d;
      best = k;
    }
  });
  return best;
}
