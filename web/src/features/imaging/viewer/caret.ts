// Measuring without a mouse: how many points a measurement takes, and its handles from them.

import type { Point } from './calibration';
import type { MeasureKind } from './measure';
import type { ToolId } from './port';

/** Points set by hand; the shapes are given by two opposite corners. */
export const POINTS: Partial<Record<ToolId, number>> = {
  length: 2,
  bidirectional: 4,
  angle: 3,
  cobb: 4,
  ctr: 4,
  ellipse: 2,
  rectangle: 2,
  probe: 1,
};

/** Handles in the order the engine keeps them. */
export function handlesOf(kind: MeasureKind, points: readonly Point[]): Point[] {
  const [a, b] = points;
  if (!a || !b || (kind !== 'ellipse' && kind !== 'rectangle')) return [...points];
  if (kind === 'rectangle') return [a, [b[0], a[1]], [a[0], b[1]], b];
  const [cx, cy] = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  const [left, right] = [Math.min(a[0], b[0]), Math.max(a[0], b[0])];
  const [top, bottom] = [Math.min(a[1], b[1]), Math.max(a[1], b[1])];
  return [
    [cx, bottom],
    [cx, top],
    [left, cy],
    [right, cy],
  ];
}

/** Keeps a point on the image. */
export const onImage = (p: Point, cols: number, rows: number): Point => [
  Math.min(cols, Math.max(0, p[0])),
  Math.min(rows, Math.max(0, p[1])),
];
