// A stack as a volume, cut along its own three axes on the CPU. Pure: no engine, no network, no copy of the slices.
// Every cut is an image of its own geometry, so measuring on it follows the same rules as on a slice.

import { bare, readable } from './drawn';
import { along, dot, type ImagePlane, minus, negate, planeOfInstance } from './geometry';
import { valueBytes } from './memory';
import { isPadding, type Padding, paddingOf } from './samples';
import { type Part, partOf } from './sets';
import type { FrameRef, Triple } from './stack';

export type Values = Int16Array | Uint16Array | Float32Array;

/** Why a series cannot be cut; shown in words. */
export type Unfit = 'few' | 'few_in_set' | 'geometry' | 'mixed' | 'tilt' | 'gaps' | 'repeated' | 'colour' | 'memory';

export interface Volume {
  plane: ImagePlane;
  /** Its frames in order along the normal. */
  frames: FrameRef[];
  count: number;
  /** Distance of the slices, mm. */
  dz: number;
  /** Name of its set of frames (stack, point in time). */
  set: string;
  /** What to call it where the series has several sets. */
  part: Part | null;
  /** Slices there are, whether they are all taken or not. */
  whole: number;
  /** Every so many slices were left out to fit the memory; 1 = all are there. */
  every: number;
  /** Values that stand where nothing was imaged; null where the slices have none, or not the same ones. */
  padding: Padding | null;
}

export type Anatomic = 'axial' | 'coronal' | 'sagittal';
export const ANATOMIC: readonly Anatomic[] = ['axial', 'coronal', 'sagittal'];

const TOLERANCE = 0.01; // frontend.md 6.4: gaps uneven by more than 1 %

/** Frames of one volume at least. */
const LEAST = 8;

/** Looks whether the frames of the shown one's stack and point in time are one straight, even stack. `room`: bytes the slices may take;
 * `bytesOf`: those of one value of a slice. */
export function volumeOf(
  all: readonly FrameRef[],
  room: number,
  shown = all[0],
  bytesOf: (f: FrameRef) => number = (f) => valueBytes(bare(f.instance)),
): Volume | Unfit {
  const name = shown?.instance.set ?? '';
  const frames = all.filter((f) => (f.instance.set ?? '') === name);
  if (frames.length < LEAST) return all.length < LEAST ? 'few' : 'few_in_set';
  if (!frames.every((f) => readable(f.instance))) return 'colour';
  const placed = frames.map((f) => ({ f, plane: planeOfInstance(f.instance) }));
  const first = placed[0]?.plane;
  if (!first || placed.some((p) => !p.plane)) return 'geometry';
  const list = placed as { f: FrameRef; plane: ImagePlane }[];
  for (const { plane: p } of list) {
    const same = p.cols === first.cols && p.rows === first.rows && Math.abs(p.dx - first.dx) < 1e-4 && Math.abs(p.dy - first.dy) < 1e-4;
    if (!same || dot(p.row, first.row) < 0.9999 || dot(p.col, first.col) < 0.9999) return 'mixed';
  }
  list.sort((a, b) => dot(a.plane.origin, first.normal) - dot(b.plane.origin, first.normal));
  const low = list[0];
  const high = list[list.length - 1];
  if (!low || !high) return 'few';
  const span = dot(minus(high.plane.origin, low.plane.origin), first.normal);
  const dz = span / (list.length - 1);
  if (!(dz > 0)) return 'repeated';
  for (const [k, { plane }] of list.entries()) {
    const from = minus(plane.origin, low.plane.origin);
    const off = along(from, first.normal, -dot(from, first.normal));
    // A tilted gantry shifts each slice sideways.
    if (Math.hypot(...off) > Math.max(0.5 * first.dx, TOLERANCE * Math.max(dz, k * dz))) return 'tilt';
    const before = k > 0 ? list[k - 1] : undefined;
    const gap = before ? dot(minus(plane.origin, before.plane.origin), first.normal) : dz;
    if (gap < 1e-3) return 'repeated';
    if (Math.abs(gap - dz) > Math.max(TOLERANCE * dz, 2e-3)) return 'gaps';
  }
  const pixels = first.cols * first.rows;
  const bytes = list.reduce((sum, { f }) => sum + pixels * bytesOf(f), 0);
  // The slices stand in the cache and are held here: twice the voxels must fit.
  const every = Math.ceil((2 * bytes) / Math.max(1, room));
  if (every > 4) return 'memory';
  const kept = list.filter((_, k) => k % every === 0);
  return {
    plane: { ...first, origin: low.plane.origin },
    frames: kept.map((p) => p.f),
    count: kept.length,
    set: name,
    part: partOf(
      all.map((f) => f.instance.set ?? ''),
      name,
    ),
    whole: list.length,
    dz: dz * every,
    every,
    padding: commonPadding(kept.map((p) => p.f)),
  };
}

function commonPadding(frames: readonly FrameRef[]): Padding | null {
  const [first, ...rest] = frames.map((f) => paddingOf(bare(f.instance)));
  if (!first) return null;
  return rest.every((p) => p?.low === first.low && p.high === first.high) ? first : null;
}

/** One of the three axes of the volume: 0 along rows, 1 along columns, 2 through the slices. */
type Axis = 0 | 1 | 2;
interface Run {
  axis: Axis;
  /** +1 with the volume's own direction, -1 against it. */
  sign: 1 | -1;
}

export interface Cut {
  name: Anatomic;
  /** Screen right, screen down, and the way through the cuts. */
  right: Run;
  down: Run;
  through: Run;
  cols: number;
  rows: number;
  count: number;
  /** Side of a pixel and distance of two cuts, mm. Pixels are square. */
  pixel: number;
  step: number;
  /** Orientation of the cut images and position of cut 0. */
  plane: ImagePlane;
}

const direction = (v: Volume, axis: Axis): Triple => (axis === 0 ? v.plane.row : axis === 1 ? v.plane.col : v.plane.normal);
const sizeOf = (v: Volume, axis: Axis): number => (axis === 0 ? v.plane.cols : axis === 1 ? v.plane.rows : v.count);
const spacingOf = (v: Volume, axis: Axis): number => (axis === 0 ? v.plane.dx : axis === 1 ? v.plane.dy : v.dz);

/** Which axis of the volume runs along each patient axis; an oblique stack goes by its nearest. */
function assign(v: Volume): [Run, Run, Run] {
  const free = new Set<Axis>([0, 1, 2]);
  const out: Run[] = [];
  // The slices decide first: they are what the reader sees today.
  const order = [0, 1, 2].sort((a, b) => Math.abs(v.plane.normal[b] ?? 0) - Math.abs(v.plane.normal[a] ?? 0));
  for (const [turn, p] of order.entries()) {
    let best: Axis = 2;
    if (turn > 0) {
      let most = -1;
      for (const axis of free) {
        const size = Math.abs(direction(v, axis)[p] ?? 0);
        if (size > most) {
          most = size;
          best = axis;
        }
      }
    }
    free.delete(best);
    out[p] = { axis: best, sign: (direction(v, best)[p] ?? 0) < 0 ? -1 : 1 };
  }
  return out as [Run, Run, Run];
}

const back = (r: Run): Run => ({ axis: r.axis, sign: r.sign === 1 ? -1 : 1 });

/** The three cuts as a radiologist hangs them: left hand on the right, head up, face left in sagittal cuts. */
export function cutsOf(v: Volume): Record<Anatomic, Cut> {
  const [x, y, z] = assign(v);
  return {
    axial: cut(v, 'axial', x, y, z),
    coronal: cut(v, 'coronal', x, back(z), y),
    sagittal: cut(v, 'sagittal', y, back(z), x),
  };
}

function cut(v: Volume, name: Anatomic, right: Run, down: Run, through: Run): Cut {
  // Square pixels: the finer of the two spacings that lie in a slice, never the slice distance.
  const inSlice = [right, down].filter((r) => r.axis !== 2).map((r) => spacingOf(v, r.axis));
  const pixel = Math.min(...inSlice);
  const length = (r: Run): number => Math.floor(((sizeOf(v, r.axis) - 1) * spacingOf(v, r.axis)) / pixel + 1e-6) + 1;
  const toward = (r: Run): Triple => (r.sign === 1 ? direction(v, r.axis) : negate(direction(v, r.axis)));
  // Where index 0 of each run begins.
  let origin: Triple = v.plane.origin;
  for (const r of [right, down, through]) {
    if (r.sign === -1) origin = along(origin, direction(v, r.axis), (sizeOf(v, r.axis) - 1) * spacingOf(v, r.axis));
  }
  const [row, col] = [toward(right), toward(down)];
  const plane: ImagePlane = {
    origin,
    row,
    col,
    // Along the cuts, which may run against row x col.
    normal: toward(through),
    dx: pixel,
    dy: pixel,
    cols: length(right),
    rows: length(down),
    space: v.plane.space,
  };
  const { cols, rows } = plane;
  return { name, right, down, through, cols, rows, count: sizeOf(v, through.axis), pixel, step: spacingOf(v, through.axis), plane };
}

/** Centre of the first pixel of cut `index`. */
export const originOf = (c: Cut, index: number): Triple => along(c.plane.origin, c.plane.normal, index * c.step);

/** The cut that lies nearest to a point of the patient. */
export const cutAt = (c: Cut, at: Triple): number =>
  Math.min(c.count - 1, Math.max(0, Math.round(dot(minus(at, c.plane.origin), c.plane.normal) / c.step)));

export type SlabMode = 'mean' | 'max' | 'min';
export interface Slab {
  mode: SlabMode;
  /** Thickness, mm; 0 = a single plane. */
  mm: number;
}
export const SINGLE: Slab = { mode: 'mean', mm: 0 };

/** Positions of the samples along one run, in indices of the volume: the two neighbours and the share of the second. */
interface Steps {
  low: Int32Array;
  high: Int32Array;
  share: Float32Array;
}

function stepsOf(v: Volume, run: Run, count: number, pixel: number): Steps {
  const size = sizeOf(v, run.axis);
  const per = pixel / spacingOf(v, run.axis);
  const steps: Steps = { low: new Int32Array(count), high: new Int32Array(count), share: new Float32Array(count) };
  for (let k = 0; k < count; k++) {
    const at = run.sign === 1 ? k * per : size - 1 - k * per;
    const low = Math.min(size - 1, Math.max(0, Math.floor(at + 1e-6)));
    const share = at - low;
    steps.low[k] = low;
    steps.high[k] = Math.min(size - 1, low + 1);
    // Whole pixels stay what they are: no smoothing where nothing is between.
    steps.share[k] = share > 1e-4 ? share : 0;
  }
  return steps;
}

/** Samples of one cut. `slices` in the order of the volume's frames. */
export function sample(v: Volume, c: Cut, index: number, slices: readonly Values[], slab: Slab = SINGLE): Values {
  const size = c.cols * c.rows;
  const planes = slabPlanes(c, index, slab);
  const h = stepsOf(v, c.right, c.cols, c.pixel);
  const w = stepsOf(v, c.down, c.rows, c.pixel);
  const read = (at: number, out: Float32Array): void => onePlane(v, c, c.through.sign === 1 ? at : c.count - 1 - at, slices, h, w, out);
  const sum = planes.length > 1 ? joined(planes, slab.mode, v.padding, size, read) : new Float32Array(size);
  if (planes.length === 1) read(planes[0] as number, sum);
  // Each slice has the kind of number its own values need; what no 16 bits hold together stays as it is.
  const signed = slices.some((x) => x instanceof Int16Array);
  if (slices.some((x) => x instanceof Float32Array || (signed && x instanceof Uint16Array))) return sum;
  const out = signed ? new Int16Array(size) : new Uint16Array(size);
  for (let k = 0; k < size; k++) out[k] = Math.round(sum[k] as number);
  return out;
}

/** Planes brought together. Padding takes no part: a lowest density outside the field would be nobody's. */
function joined(
  planes: readonly number[],
  how: SlabMode,
  padding: Padding | null,
  size: number,
  read: (at: number, out: Float32Array) => void,
): Float32Array {
  const sum = new Float32Array(size);
  const one = new Float32Array(size);
  const seen = new Uint16Array(size);
  for (const at of planes) {
    read(at, one);
    for (let k = 0; k < size; k++) {
      const v = one[k] as number;
      if (isPadding(v, padding)) continue;
      const n = seen[k] as number;
      const was = sum[k] as number;
      sum[k] = n === 0 ? v : how === 'mean' ? was + v : how === 'max' ? Math.max(was, v) : Math.min(was, v);
      seen[k] = n + 1;
    }
  }
  for (let k = 0; k < size; k++) {
    const n = seen[k] as number;
    if (n === 0) sum[k] = padding?.low ?? 0;
    else if (how === 'mean') sum[k] = (sum[k] as number) / n;
  }
  return sum;
}

/** What a cut shows of the patient, mm: whole planes, fewer at the ends of the volume. */
export const thicknessOf = (c: Cut, index: number, slab: Slab): number => slabPlanes(c, index, slab).length * c.step;

function slabPlanes(c: Cut, index: number, slab: Slab): number[] {
  const half = Math.max(0, Math.round((slab.mm / c.step - 1) / 2));
  const out: number[] = [];
  for (let k = index - half; k <= index + half; k++) if (k >= 0 && k < c.count) out.push(k);
  return out;
}

/** Reads one plane of the volume; linear where the grid of the cut lies between voxels. Plain loops: this runs while the reader leafs. */
function onePlane(v: Volume, c: Cut, place: number, slices: readonly Values[], h: Steps, w: Steps, out: Float32Array): void {
  // Offset in a slice of a step along an axis: rows advance by one, columns by a line, slices by none.
  const stride = (axis: Axis): number => (axis === 0 ? 1 : axis === 1 ? v.plane.cols : 0);
  const [sr, sd, base] = [stride(c.right.axis), stride(c.down.axis), place * stride(c.through.axis)];
  for (let j = 0; j < c.rows; j++) {
    const [d0, d1, fd] = [w.low[j] as number, w.high[j] as number, w.share[j] as number];
    const line = j * c.cols;
    if (c.right.axis === 2) acrossSlices(slices, h, base + d0 * sd, base + d1 * sd, fd, out, line);
    else {
      const through = c.through.axis === 2;
      const a = slices[through ? place : d0];
      const b = slices[through ? place : d1];
      if (a && b) alongRow(a, b, h, sr, base + d0 * sd, base + d1 * sd, fd, out, line);
    }
  }
}

/** A line of the cut inside one slice, or between two. */
function alongRow(
  a: Values,
  b: Values,
  h: Steps,
  stride: number,
  low: number,
  high: number,
  share: number,
  out: Float32Array,
  line: number,
): void {
  for (let u = 0; u < h.low.length; u++) {
    const k = (h.low[u] as number) * stride;
    let x = a[low + k] as number;
    if (share !== 0) x += share * ((b[high + k] as number) - x);
    const f = h.share[u] as number;
    if (f !== 0) {
      const m = (h.high[u] as number) * stride;
      let y = a[low + m] as number;
      if (share !== 0) y += share * ((b[high + m] as number) - y);
      x += f * (y - x);
    }
    out[line + u] = x;
  }
}

/** A line of the cut that runs from slice to slice. */
function acrossSlices(
  slices: readonly Values[],
  h: Steps,
  low: number,
  high: number,
  share: number,
  out: Float32Array,
  line: number,
): void {
  for (let u = 0; u < h.low.length; u++) {
    const a = slices[h.low[u] as number] as Values;
    const b = slices[h.high[u] as number] as Values;
    const f = h.share[u] as number;
    let x = a[low] as number;
    if (share !== 0) x += share * ((a[high] as number) - x);
    if (f !== 0) {
      let y = b[low] as number;
      if (share !== 0) y += share * ((b[high] as number) - y);
      x += f * (y - x);
    }
    out[line + u] = x;
  }
}
