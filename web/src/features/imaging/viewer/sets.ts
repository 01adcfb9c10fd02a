// The sets of frames of a series (stacks, points in time, echoes), by the names the server gave them: `stack 1, time 10, d0 1`.
// What is said of a set and what is kept under it comes from its own name, so that another set's coming or going changes neither.

import type { Volume } from './volume';

/** What is told of one of several sets: the temporal position as the images have it, else a number. */
export interface Part {
  by: 'time' | 'number';
  n: string;
}

type Field = readonly [name: string, value: string];

const fieldsOf = (set: string): Field[] =>
  set
    .split(', ')
    .filter(Boolean)
    .map((told) => {
      const at = told.indexOf(' ');
      return at < 0 ? [told, ''] : [told.slice(0, at), told.slice(at + 1)];
    });

const timeOf = (set: string): string => fieldsOf(set).find(([name]) => name === 'time')?.[1] ?? '';

/** A set without its point in time and without the index values, which count the same again (PS3.3 C.7.6.17). */
const timeless = (set: string): string =>
  fieldsOf(set)
    .filter(([name]) => name !== 'time' && !/^d\d+$/.test(name))
    .flat()
    .join(' ');

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Field by field, numbers as numbers: 2 comes before 10, and 0.25 before 0.5. */
export function compareSets(a: string, b: string): number {
  const [x, y] = [fieldsOf(a), fieldsOf(b)];
  for (let k = 0; k < Math.min(x.length, y.length); k++) {
    const [[xn, xv], [yn, yv]] = [x[k] as Field, y[k] as Field];
    const numbers = xv !== '' && yv !== '' && Number.isFinite(Number(xv)) && Number.isFinite(Number(yv));
    const order = compareText(xn, yn) || (numbers ? Number(xv) - Number(yv) : 0) || compareText(xv, yv);
    if (order !== 0) return order;
  }
  return x.length - y.length;
}

/** What to call each set among all of the series: put in order once, asked with every image. Null when there is only one. */
export function partsOf(all: Iterable<string>): (set: string) => Part | null {
  const sets = [...new Set(all)].sort(compareSets);
  if (sets.length < 2) return () => null;
  const times = sets.map(timeOf);
  const onlyTime = times.every(Boolean) && new Set(times).size === sets.length && new Set(sets.map(timeless)).size === 1;
  const places = new Map(sets.map((set, k) => [set, String(k + 1)]));
  return (set) => (onlyTime ? { by: 'time', n: timeOf(set) } : { by: 'number', n: places.get(set) ?? '0' });
}

/** What to call `set` among all of the series; null when it is the only one. */
export const partOf = (all: Iterable<string>, set: string): Part | null => partsOf(all)(set);

/** FNV-1a, 32 bits. */
function hash(text: string): string {
  let h = 0x811c9dc5;
  for (let k = 0; k < text.length; k++) h = Math.imul(h ^ text.charCodeAt(k), 0x01000193);
  return (h >>> 0).toString(36);
}

/** What the cuts of a volume are known by: the name of its set, and the grid their pixels count on. A measurement kept as pixels of
 * a cut must never come back on another set, nor on the same one after a slice more or less has moved the grid. Without `.` and `/`. */
export function keyOf(v: Pick<Volume, 'set' | 'plane' | 'count' | 'dz'>): string {
  const { origin, row, col, dx, dy, cols, rows } = v.plane;
  const grid = [...origin, ...row, ...col, dx, dy, v.dz].map((n) => n.toFixed(4));
  return `${encodeURIComponent(v.set).replaceAll('.', '%2E')}~${hash([...grid, cols, rows, v.count].join(' '))}`;
}
