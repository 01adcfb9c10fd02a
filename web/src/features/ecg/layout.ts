// Where each lead goes. Integer units of 10 um as in the server's drawing, so page, SVG and PDF agree to the unit.

import type { Group, Lead } from './model';
import type { Gain, Speed } from './paper';

export type LayoutName = '3x4+1' | '6x2' | '12x1';
export const LAYOUT_NAMES: readonly LayoutName[] = ['3x4+1', '6x2', '12x1'];

/** 1 mm = 100 units. */
export const UNITS = 100;

export const STANDARD = ['I', 'II', 'III', 'aVR', 'aVL', 'aVF', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6'] as const;

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
}

const MARGIN = 7 * UNITS; // beside the pulse of 200 ms
const RIGHT = 4 * UNITS;
const TOP = 9 * UNITS; // name line
const BOTTOM = 7 * UNITS; // settings line

const ROWS: Record<LayoutName, number> = { '3x4+1': 4, '6x2': 6, '12x1': 12 };
/** Least and greatest height of a row in mm. */
const ROW_MM: Record<LayoutName, [number, number]> = { '3x4+1': [28, 45], '6x2': [20, 32], '12x1': [12, 20] };

const find = (g: Group, name: string): Lead | undefined => g.leads.find((l) => l.name.toUpperCase() === name.toUpperCase());

export const durationMs = (g: Group): number => (Math.max(0, ...g.leads.map((l) => l.uv.length)) / g.rate) * 1000;

/** Units along the paper from the sample index: rounded from the index, never accumulated (error at most 5 um). */
export const xOf = (index: number, rate: number, second: number): number => Math.round((index * second) / rate);

/** Places the leads. Leads the record does not have leave their place empty; further leads get rows of their own in 12x1. */
export function plan(g: Group, p: Plan): Drawing {
  const second = p.speed * UNITS;
  const left = MARGIN + Math.round(second / 5);
  const millivolt = p.gain * UNITS;
  const whole = Math.min(10_000, durationMs(g));
  const columns = p.layout === '3x4+1' ? 4 : p.layout === '6x2' ? 2 : 1;
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
      fromMs: wide ? 0 : column * span,
      toMs: wide ? whole : (column + 1) * span,
      x: left + (wide ? 0 : column * columnWidth),
      width: wide ? columnWidth * columns : columnWidth,
      baseline: top + Math.round(rowHeight * 0.58),
      top,
      bottom: top + rowHeight,
      row,
      tick: !wide && column > 0,
    });
  };
  const perColumn = 12 / columns;
  STANDARD.forEach((name, at) => {
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

/** The stroke of a cell as runs of points in units; a gap in the samples ends a run. */
export function strokes(c: Cell, rate: number, d: Drawing): number[][] {
  const first = Math.ceil((c.fromMs * rate) / 1000 - 1e-9);
  const last = Math.min(c.lead.uv.length - 1, Math.floor((c.toMs * rate) / 1000 + 1e-9));
  const out: number[][] = [];
  let run: number[] = [];
  for (let k = first; k <= last; k++) {
    const uv = c.lead.uv[k] as number;
    if (Number.isNaN(uv)) {
      if (run.length > 2) out.push(run);
      run = [];
      continue;
    }
    run.push(c.x + xOf(k, rate, d.second) - Math.round((c.fromMs * d.second) / 1000), c.baseline - Math.round((uv * d.millivolt) / 1000));
  }
  if (run.length > 2) out.push(run);
  return out;
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
export const uvAt = (c: Cell, d: Drawing, y: number): number => ((c.baseline - y) * 1000) / d.millivolt;
export const xAt = (c: Cell, d: Drawing, ms: number): number => c.x + ((ms - c.fromMs) * d.second) / 1000;
export const yAt = (c: Cell, d: Drawing, uv: number): number => c.baseline - (uv * d.millivolt) / 1000;
