// Where each lead goes. Integer units of 10 um as in the server's drawing, so page, SVG and PDF agree to the unit.

import type { Group, Lead } from './model';
import type { Gain, Speed } from './paper';

export type LayoutName = '3x4+1' | '6x2' | '12x1' | 'cabrera';
export const LAYOUT_NAMES: readonly LayoutName[] = ['3x4+1', '6x2', '12x1', 'cabrera'];

/** 1 mm = 100 units. */
export const UNITS = 100;

export const STANDARD = ['I', 'II', 'III', 'aVR', 'aVL', 'aVF', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6'] as const;
/** Limb leads in the order of their axes in the frontal plane, aVR turned round. */
export const CABRERA = ['aVL', 'I', '-aVR', 'II', 'aVF', 'III', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6'] as const;
/** Paper of one sheet: 25 cm of trace. */
const STRIP_MM = 250;

export interface Cell {
  lead: Lead;
  /** Shown part of the record in ms. */
  fromMs: number;
  toMs: number;
  /** Left end of the stroke, baseline and vertical bounds, in units. */
  x: number;
  width: number;
  baseline: number;
  top: number;
  bottom: number;
  row: number;
  /** A tick on the left: the lead changes here. */
  tick: boolean;
  /** The voltage that lies on the baseline, in microvolts: a constant offset moves a trace and never its shape. */
  level: number;
}

/** What is drawn for a lead: its samples, or a filtered part of them. */
export interface Ink {
  uv: Float32Array;
  /** Index in the recording of the first of them. */
  from: number;
  level: number;
}

export interface Pulse {
  x: number;
  baseline: number;
}

export interface Drawing {
  width: number;
  height: number;
  cells: Cell[];
  pulses: Pulse[];
  /** Units of one second and of one millivolt. */
  second: number;
  millivolt: number;
}

export interface Plan {
  layout: LayoutName;
  speed: Speed;
  gain: Gain;
  /** Least height of the paper in mm: rows spread to fill it. */
  heightMm?: number;
  /** Lead of the strip in 3x4+1. */
  strip?: string;
  /** Start of the shown part, ms. */
  fromMs?: number;
}

const MARGIN = 7 * UNITS; // beside the pulse of 200 ms
const RIGHT = 4 * UNITS;
const TOP = 9 * UNITS; // name line
const BOTTOM = 7 * UNITS; // settings line

const ROWS: Record<LayoutName, number> = { '3x4+1': 4, '6x2': 6, '12x1': 12, cabrera: 6 };
const COLUMNS: Record<LayoutName, number> = { '3x4+1': 4, '6x2': 2, '12x1': 1, cabrera: 2 };
/** Least and greatest height of a row in mm. */
const ROW_MM: Record<LayoutName, [number, number]> = { '3x4+1': [24, 45], '6x2': [20, 32], '12x1': [12, 20], cabrera: [20, 32] };

const find = (g: Group, name: string): Lead | undefined => g.leads.find((l) => l.name.toUpperCase() === name.toUpperCase());

export const durationMs = (g: Group): number => (Math.max(0, ...g.leads.map((l) => l.uv.length)) / g.rate) * 1000;

/** Time one sheet shows: 10 s, at 12.5 mm/s 20 s; never more than the recording holds. */
export const sheetMs = (g: Group, speed: Speed): number => Math.min(speed < 25 ? (STRIP_MM * 1000) / speed : 10_000, durationMs(g));

const levels = new WeakMap<Float32Array, number>();

/** The median of a lead from at most some thousand samples: where its trace rests. Samples never change, so it is found once. */
export function levelOf(uv: Float32Array): number {
  const known = levels.get(uv);
  if (known !== undefined) return known;
  const level = middle(uv);
  levels.set(uv, level);
  return level;
}

function middle(uv: Float32Array): number {
  const step = Math.max(1, Math.floor(uv.length / 4_000));
  const some = new Float32Array(Math.ceil(uv.length / step));
  let n = 0;
  for (let k = 0; k < uv.length; k += step) if (!Number.isNaN(uv[k] as number)) some[n++] = uv[k] as number;
  return some.subarray(0, n).sort()[n >> 1] ?? 0;
}

/** The group with aVR turned round, for the Cabrera sequence. */
export function withTurnedAvr(g: Group): Group {
  const avr = find(g, 'aVR');
  return avr ? { ...g, leads: [...g.leads, { name: '-aVR', uv: avr.uv.map((v) => -v) }] } : g;
}

/** Units along the paper from the sample index: rounded from the index, never accumulated (error at most 5 um). */
export const xOf = (index: number, rate: number, second: number): number => Math.round((index * second) / rate);

/** Places the leads. Leads the record does not have leave their place empty; further leads get rows of their own in 12x1. */
export function plan(g: Group, p: Plan): Drawing {
  const second = p.speed * UNITS;
  const left = MARGIN + Math.round(second / 5);
  const millivolt = p.gain * UNITS;
  const whole = sheetMs(g, p.speed);
  const start = Math.max(0, Math.min(p.fromMs ?? 0, durationMs(g) - whole));
  const columns = COLUMNS[p.layout];
  const extra = p.layout === '12x1' ? g.leads.filter((l) => !STANDARD.some((s) => s.toUpperCase() === l.name.toUpperCase())) : [];
  const rows = ROWS[p.layout] + extra.length;
  const [least, most] = ROW_MM[p.layout];
  const wanted = p.heightMm ? Math.floor((p.heightMm * UNITS - TOP - BOTTOM) / rows / UNITS) : least;
  const rowHeight = Math.min(most, Math.max(least, wanted)) * UNITS;
  const span = whole / columns;
  const columnWidth = Math.round((span * second) / 1000);
  const cells: Cell[] = [];
  const put = (lead: Lead | undefined, row: number, column: number, wide: boolean) => {
    if (!lead) return;
    const top = TOP + row * rowHeight;
    cells.push({
      lead,
      fromMs: start + (wide ? 0 : column * span),
      toMs: start + (wide ? whole : (column + 1) * span),
      x: left + (wide ? 0 : column * columnWidth),
      width: wide ? columnWidth * columns : columnWidth,
      baseline: top + Math.round(rowHeight * 0.58),
      top,
      bottom: top + rowHeight,
      row,
      tick: !wide && column > 0,
      level: levelOf(lead.uv),
    });
  };
  const perColumn = 12 / columns;
  const order = p.layout === 'cabrera' ? CABRERA : STANDARD;
  order.forEach((name, at) => {
    put(find(g, name), at % perColumn, Math.floor(at / perColumn), false);
  });
  if (p.layout === '3x4+1') put(find(g, p.strip ?? 'II') ?? g.leads[0], 3, 0, true);
  extra.forEach((lead, at) => {
    put(lead, 12 + at, 0, false);
  });
  // A record without a single standard lead is still shown: each lead in a row.
  if (cells.length === 0) {
    g.leads.slice(0, rows).forEach((lead, at) => {
      put(lead, at, 0, true);
    });
  }
  const used = [...new Set(cells.map((c) => c.row))];
  const height = TOP + rows * rowHeight + BOTTOM;
  return {
    width: left + columnWidth * columns + RIGHT,
    height: Math.max(height, Math.floor((p.heightMm ?? 0) * UNITS)),
    cells,
    pulses: used.map((row) => ({ x: left - 150 - Math.round(second / 5), baseline: TOP + row * rowHeight + Math.round(rowHeight * 0.58) })),
    second,
    millivolt,
  };
}

export interface Pen {
  moveTo: (x: number, y: number) => void;
  lineTo: (x: number, y: number) => void;
}

/**
 * Draws the trace of a cell with straight segments; `scale` turns units into pixels. A gap in the samples lifts the pen. Where several
 * samples fall on one pixel column, the first, lowest, highest and last of them are joined: the same ink with a fraction of the segments.
 */
export function trace(c: Cell, ink: Ink, rate: number, d: Drawing, scale: number, pen: Pen): void {
  const first = Math.max(ink.from, Math.ceil((c.fromMs * rate) / 1000 - 1e-9));
  const last = Math.min(ink.from + ink.uv.length - 1, Math.floor((c.toMs * rate) / 1000 + 1e-9));
  const shift = Math.round((c.fromMs * d.second) / 1000);
  const x = (k: number) => (c.x + Math.round((k * d.second) / rate) - shift) * scale;
  const y = (uv: number) => (c.baseline - Math.round(((uv - ink.level) * d.millivolt) / 1000)) * scale;
  const tall = (d.millivolt * scale) / 1000;
  const perPixel = rate / (d.second * scale);
  const step = perPixel > 2 ? perPixel : 1;
  let down = false;
  let done = -1;
  const put = (k: number) => {
    if (k <= done) return;
    done = k;
    if (down) pen.lineTo(x(k), y(ink.uv[k - ink.from] as number));
    else pen.moveTo(x(k), y(ink.uv[k - ink.from] as number));
    down = true;
  };
  for (let n = 0; ; n++) {
    const a = first + Math.floor(n * step);
    if (a > last) return;
    const b = Math.min(last + 1, first + Math.floor((n + 1) * step));
    let low = -1;
    let high = -1;
    let start = -1;
    let end = -1;
    for (let k = a; k < b; k++) {
      const v = ink.uv[k - ink.from] as number;
      if (Number.isNaN(v)) continue;
      if (start < 0) {
        start = low = high = k;
      } else {
        if (v < (ink.uv[low - ink.from] as number)) low = k;
        if (v > (ink.uv[high - ink.from] as number)) high = k;
      }
      end = k;
    }
    if (start < 0 || start > a) down = false;
    if (start < 0) continue;
    const early = Math.min(low, high);
    const late = Math.max(low, high);
    // Less than half a pixel up and down: one point tells it all.
    const steep = ((ink.uv[high - ink.from] as number) - (ink.uv[low - ink.from] as number)) * tall >= 0.5;
    if (steep || !down) put(start);
    if (steep) {
      put(early);
      put(late);
    }
    put(end);
    if (end < b - 1) down = false;
  }
}

/** The trace of a cell as runs of points in units, every sample of it. */
export function strokes(c: Cell, rate: number, d: Drawing, ink: Ink = { uv: c.lead.uv, from: 0, level: c.level }): number[][] {
  const out: number[][] = [];
  // A scale so fine that each sample has a pixel of its own.
  const fine = Math.ceil((10 * rate) / d.second);
  const unit = (v: number) => Math.round(v / fine);
  trace(c, ink, rate, d, fine, {
    moveTo: (x, y) => out.push([unit(x), unit(y)]),
    lineTo: (x, y) => out[out.length - 1]?.push(unit(x), unit(y)),
  });
  return out.filter((run) => run.length > 2);
}

/** The cell under a point of the paper: the row by height, the column by time. */
export function cellAt(d: Drawing, x: number, y: number): Cell | null {
  let best: Cell | null = null;
  for (const c of d.cells) {
    if (x < c.x - 50 || x > c.x + c.width + 50 || y < c.top || y > c.bottom) continue;
    if (!best || Math.abs(x - c.x - c.width / 2) < Math.abs(x - best.x - best.width / 2)) best = c;
  }
  return best;
}

export const msAt = (c: Cell, d: Drawing, x: number): number => c.fromMs + ((x - c.x) * 1000) / d.second;
export const uvAt = (c: Cell, d: Drawing, y: number): number => c.level + ((c.baseline - y) * 1000) / d.millivolt;
export const xAt = (c: Cell, d: Drawing, ms: number): number => c.x + ((ms - c.fromMs) * d.second) / 1000;
export const yAt = (c: Cell, d: Drawing, uv: number): number => c.baseline - ((uv - c.level) * d.millivolt) / 1000;
