// Drawing of the paper, the traces and the calipers on a 2D canvas, in physical pixels.

import { type Caliper, type CaliperPoint, march, readCaliper } from './caliper';
import { type Cell, type Drawing, type Ink, trace, UNITS, xAt, yAt } from './layout';

const PAPER = '#fffaf4';
const FINE = '#f7d9cf';
const BOLD = '#e9a795';
const INK = '#14181d';
const NAME = '#22386b';
const CALIPER = '#b0005f';

/** Sizes the canvas for the screen's pixel ratio. */
export function prepare(canvas: HTMLCanvasElement | null, width: number, height: number, dpr: number): CanvasRenderingContext2D | null {
  if (!canvas || width <= 0 || height <= 0) return null;
  canvas.width = Math.round(width * dpr);
  canvas.height = Math.round(height * dpr);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  return canvas.getContext('2d');
}

const FONT = '"Microsoft YaHei","PingFang SC","Noto Sans CJK SC",system-ui,sans-serif';

/** Grid, pulses, traces, names and the two lines of text. `mm` = physical pixels of a millimetre. */
export function paint(
  g: CanvasRenderingContext2D,
  d: Drawing,
  rate: number,
  inkOf: (cell: Cell) => Ink,
  mm: number,
  width: number,
  height: number,
  head: string,
  foot: string,
  stamp?: string,
): void {
  grid(g, mm, width, height);
  if (stamp) watermark(g, mm, width, height, stamp);
  traces(g, d, rate, inkOf, mm);
  words(g, d, mm, width, height, head, foot);
}

/** The empty paper. Lines sit on whole pixels and are never thinner than one. */
export function grid(g: CanvasRenderingContext2D, mm: number, width: number, height: number): void {
  g.setTransform(1, 0, 0, 1, 0, 0);
  g.fillStyle = PAPER;
  g.fillRect(0, 0, width, height);
  // Fine lines only where they stay apart.
  const thick = Math.max(1, Math.round(mm / 8));
  const off = (thick % 2) / 2;
  const lines = (every: number, skip: number, color: string) => {
    g.strokeStyle = color;
    g.lineWidth = thick;
    g.beginPath();
    for (let k = 0; k * every * mm <= width; k++) {
      if (skip && k % skip === 0) continue;
      const x = Math.round(k * every * mm) + off;
      g.moveTo(x, 0);
      g.lineTo(x, height);
    }
    for (let k = 0; k * every * mm <= height; k++) {
      if (skip && k % skip === 0) continue;
      const y = Math.round(k * every * mm) + off;
      g.moveTo(0, y);
      g.lineTo(width, y);
    }
    g.stroke();
  };
  if (mm >= 2.4) lines(1, 5, FINE);
  lines(5, 0, BOLD);
}

/** Calibration pulses, traces and the ticks where a lead changes. */
function traces(g: CanvasRenderingContext2D, d: Drawing, rate: number, inkOf: (cell: Cell) => Ink, mm: number): void {
  const s = mm / UNITS;
  g.lineJoin = 'bevel';
  g.strokeStyle = INK;
  g.lineWidth = Math.max(1, 0.28 * mm);
  for (const pulse of d.pulses) {
    g.beginPath();
    const w = d.second / 5;
    const y = pulse.baseline * s;
    const top = (pulse.baseline - d.millivolt) * s;
    g.moveTo((pulse.x - 50) * s, y);
    g.lineTo(pulse.x * s, y);
    g.lineTo(pulse.x * s, top);
    g.lineTo((pulse.x + w) * s, top);
    g.lineTo((pulse.x + w) * s, y);
    g.lineTo((pulse.x + w + 50) * s, y);
    g.stroke();
  }
  // Lines of one pixel are drawn many times faster than wider ones: a wider trace is the same line beside itself.
  const passes = Math.max(1, Math.round(0.28 * mm));
  for (const c of d.cells) {
    g.lineWidth = 1;
    for (let n = 0; n < passes; n++) {
      const off = n - (passes - 1) / 2;
      g.setTransform(1, 0, 0, 1, off, off);
      g.beginPath();
      trace(c, inkOf(c), rate, d, s, g);
      g.stroke();
    }
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.lineWidth = passes;
    if (c.tick) {
      g.beginPath();
      g.moveTo(c.x * s, (c.baseline - 250) * s);
      g.lineTo(c.x * s, (c.baseline + 250) * s);
      g.stroke();
    }
  }
}

/** Names and the two lines of text, last: they stay readable over a tall QRS. */
function words(g: CanvasRenderingContext2D, d: Drawing, mm: number, width: number, height: number, head: string, foot: string): void {
  const s = mm / UNITS;
  g.textBaseline = 'alphabetic';
  g.font = `600 ${3.4 * mm}px ${FONT}`;
  for (const c of d.cells) {
    const x = (c.x + 120) * s;
    const y = (c.top + 430) * s;
    g.lineWidth = 3;
    g.strokeStyle = PAPER;
    g.strokeText(c.lead.name, x, y);
    g.fillStyle = NAME;
    g.fillText(c.lead.name, x, y);
  }
  g.font = `${3 * mm}px ${FONT}`;
  const line = (text: string, y: number) => {
    g.lineWidth = 3;
    g.strokeStyle = PAPER;
    g.strokeText(text, 3 * mm, y, width - 6 * mm);
    g.fillStyle = INK;
    g.fillText(text, 3 * mm, y, width - 6 * mm);
  };
  line(head, 5.4 * mm);
  line(foot, height - 2.4 * mm);
}

/** A paper that does not show what was recorded says so all over, in a colour of its own. */
function watermark(g: CanvasRenderingContext2D, mm: number, width: number, height: number, text: string): void {
  g.save();
  g.font = `700 ${6 * mm}px ${FONT}`;
  g.fillStyle = 'rgb(122 31 162 / 22%)';
  g.rotate(-0.28);
  const step = g.measureText(text).width + 24 * mm;
  for (let y = 0; y < height + width * 0.3; y += 30 * mm) for (let x = -height * 0.3; x < width; x += step) g.fillText(text, x, y);
  g.restore();
}

/** The caliper in every cell that shows its lead at that time. */
export function paintCaliper(
  g: CanvasRenderingContext2D,
  d: Drawing,
  c: Caliper,
  mm: number,
  marchOut: boolean,
  end: 'a' | 'b',
  height: number,
): void {
  g.setTransform(1, 0, 0, 1, 0, 0);
  const s = mm / UNITS;
  const holds = (k: Cell, point: CaliperPoint | null) => !point || (point.ms >= k.fromMs - 1 && point.ms <= k.toMs + 1);
  const own = d.cells.filter((k) => k.lead.name === c.lead && holds(k, c.a));
  // A lead drawn twice (its cell and the strip) shows the caliper where both ends fit.
  const whole = own.filter((k) => holds(k, c.b));
  const cells = whole.length > 0 ? whole : own;
  for (const cell of cells) {
    const top = cell.top * s;
    const bottom = Math.min(height, cell.bottom * s);
    if (marchOut) {
      g.strokeStyle = CALIPER;
      g.globalAlpha = 0.45;
      g.lineWidth = 1;
      g.setLineDash([2, 4]);
      g.beginPath();
      for (const ms of march(c, cell.fromMs, cell.toMs)) {
        const x = xAt(cell, d, ms) * s;
        g.moveTo(x, top);
        g.lineTo(x, bottom);
      }
      g.stroke();
      g.globalAlpha = 1;
      g.setLineDash([]);
    }
    g.strokeStyle = CALIPER;
    g.fillStyle = CALIPER;
    const ends: ['a' | 'b', CaliperPoint][] = c.b
      ? [
          ['a', c.a],
          ['b', c.b],
        ]
      : [['a', c.a]];
    for (const [which, point] of ends) {
      const x = xAt(cell, d, point.ms) * s;
      const y = yAt(cell, d, point.uv) * s;
      g.lineWidth = which === end ? 2 : 1.2;
      g.beginPath();
      g.moveTo(x, top);
      g.lineTo(x, bottom);
      g.stroke();
      g.beginPath();
      g.arc(x, y, which === end ? 3.5 : 2.5, 0, 7);
      g.fill();
    }
    if (!c.b) continue;
    const xa = xAt(cell, d, c.a.ms) * s;
    const xb = xAt(cell, d, c.b.ms) * s;
    const ya = yAt(cell, d, c.a.uv) * s;
    const yb = yAt(cell, d, c.b.uv) * s;
    g.lineWidth = 1;
    g.setLineDash([3, 3]);
    g.beginPath();
    g.moveTo(Math.min(xa, xb), ya);
    g.lineTo(Math.max(xa, xb), ya);
    g.moveTo(Math.min(xa, xb), yb);
    g.lineTo(Math.max(xa, xb), yb);
    g.stroke();
    g.setLineDash([]);
    const r = readCaliper(c);
    if (!r) continue;
    const text = `${Math.round(r.ms)} ms${r.bpm ? ` · ${Math.round(r.bpm)} bpm` : ''} · ${r.mv >= 0 ? '+' : '−'}${Math.abs(r.mv).toFixed(2)} mV`;
    g.font = `600 ${Math.max(12, 3.4 * mm)}px ${FONT}`;
    const w = g.measureText(text).width;
    const x = Math.max(xa, xb) + 6 + w > d.width * s ? Math.min(xa, xb) - w - 8 : Math.max(xa, xb) + 6;
    const y = bottom - 1.2 * mm;
    g.fillStyle = 'rgb(255 250 244 / 88%)';
    g.fillRect(x - 3, y - 3.6 * mm, w + 6, 4.6 * mm);
    g.fillStyle = CALIPER;
    g.fillText(text, x, y);
  }
}
