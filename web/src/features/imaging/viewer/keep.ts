// Measurements outlive a reload of the tab: kind, frame and handles in pixels, per work item, in sessionStorage.
// No patient data and no text; gone with the tab, at sign-out and when the item is done. The server keeps none yet.

import type { Point } from './calibration';
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

const key = (item: string): string => `yg.measure.${item}`;

export const keeperOf = (item: string): Keeper => ({
  load: () => readKept(sessionStorage.getItem(key(item))),
  save: (list) => {
    if (list.length > 0) sessionStorage.setItem(key(item), JSON.stringify(list));
    else sessionStorage.removeItem(key(item));
  },
});

export const forgetKept = (item: string): void => sessionStorage.removeItem(key(item));
