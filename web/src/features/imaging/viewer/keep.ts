// Measurements outlive a reload of the tab: kind, frame and handles in pixels, per work item, in sessionStorage.
// No patient data and no text; gone with the tab, at sign-out and when the item is done. The server keeps none yet.

import type { Point, UserCalibration } from './calibration';
import type { MeasureKind } from './measure';
import type { Measurement } from './port';

export interface Kept {
  id: string;
  kind: MeasureKind;
  imageId: string;
  points: Point[];
}

export interface Keeper {
  load: () => Kept[];
  save: (list: readonly Kept[]) => void;
  calibrations: () => [string, UserCalibration][];
  saveCalibrations: (list: readonly [string, UserCalibration][]) => void;
}

const KINDS: ReadonlySet<string> = new Set(['length', 'bidirectional', 'angle', 'cobb', 'ctr', 'ellipse', 'rectangle', 'probe']);

const isPoint = (p: unknown): p is Point => Array.isArray(p) && p.length === 2 && p.every((v) => Number.isFinite(v));

/** Reads what was kept; anything that is not ours is left out. */
export function readKept(text: string | null): Kept[] {
  try {
    const list: unknown = JSON.parse(text ?? '[]');
    if (!Array.isArray(list)) return [];
    return list.filter((k: Partial<Kept>): k is Kept => {
      const whole = typeof k?.id === 'string' && typeof k.imageId === 'string' && KINDS.has(k.kind ?? '');
      return whole && Array.isArray(k.points) && k.points.length > 0 && k.points.every(isPoint);
    });
  } catch {
    return [];
  }
}

export const keptOf = (list: readonly Measurement[]): Kept[] =>
  list.map(({ id, kind, imageId, points }) => ({ id, kind, imageId, points: points.map((p) => [p[0], p[1]]) }));

/** Reads the calibrations that were kept, by instance; anything that is not ours is left out. */
export function readCalibrations(text: string | null): [string, UserCalibration][] {
  try {
    const list: unknown = JSON.parse(text ?? '[]');
    if (!Array.isArray(list)) return [];
    return list.filter((pair: unknown): pair is [string, UserCalibration] => {
      const [instance, c] = (Array.isArray(pair) ? pair : []) as [unknown, Partial<UserCalibration> | undefined];
      const sizes = typeof c?.x === 'number' && c.x > 0 && typeof c.y === 'number' && c.y > 0;
      return typeof instance === 'string' && sizes && (c.region === null || Number.isInteger(c.region));
    });
  } catch {
    return [];
  }
}

const key = (item: string): string => `yg.measure.${item}`;
const calibrationKey = (item: string): string => `yg.calibrate.${item}`;

function keep(name: string, list: readonly unknown[]): void {
  if (list.length > 0) sessionStorage.setItem(name, JSON.stringify(list));
  else sessionStorage.removeItem(name);
}

export const keeperOf = (item: string): Keeper => ({
  load: () => readKept(sessionStorage.getItem(key(item))),
  save: (list) => keep(key(item), list),
  calibrations: () => readCalibrations(sessionStorage.getItem(calibrationKey(item))),
  saveCalibrations: (list) => keep(calibrationKey(item), list),
});

export function forgetKept(item: string): void {
  sessionStorage.removeItem(key(item));
  sessionStorage.removeItem(calibrationKey(item));
}

/** What was read of the grey values stays known when the picture has left the memory: same place, same slab, same values. */
export function known(list: readonly Measurement[], before: readonly Measurement[]): Measurement[] {
  return list.map((m) => {
    const was = m.stats ? undefined : before.find((b) => b.id === m.id && b.stats);
    const same =
      was && was.imageId === m.imageId && samePoints(was.points, m.points) && JSON.stringify(was.slab) === JSON.stringify(m.slab);
    return same ? { ...m, stats: was.stats } : m;
  });
}

const samePoints = (a: readonly Point[], b: readonly Point[]): boolean =>
  a.length === b.length && a.every((p, k) => p[0] === b[k]?.[0] && p[1] === b[k]?.[1]);
