// The paper: own Canvas2D in two layers, grid and traces below, calipers above. Always light, whatever the theme.
import { useEffect, useRef, useState } from 'react';
import { type Caliper, type CaliperPoint, march, readCaliper, snap } from './caliper';
import { type Cell, cellAt, type Drawing, msAt, strokes, UNITS, uvAt, xAt, yAt } from './layout';
import type { Group } from './model';
import { type Gain, msOfMm, type Speed, uvOfMm } from './paper';

interface Props {
  group: Group;
  drawing: Drawing;
  pxPerMm: number;
  speed: Speed;
  gain: Gain;
  beats: readonly number[];
  /** Lines of text on the paper. */
  head: string;
  foot: string;
  label: string;
  caliperOn: boolean;
  marchOut: boolean;
  caliper: Caliper | null;
  setCaliper: (c: Caliper | null) => void;
  /** Which end the arrow keys move. */
  end: 'a' | 'b';
  setEnd: (e: 'a' | 'b') => void;
}

const PAPER = '#fffaf4';
const FINE = '#f7d9cf';
const BOLD = '#e9a795';
const INK = '#14181d';
const NAME = '#22386b';
const CALIPER = '#b0005f';

export function EcgCanvas(p: Props) {
  const { drawing: d, pxPerMm } = p;
  const base = useRef<HTMLCanvasElement>(null);
  const over = useRef<HTMLCanvasElement>(null);
  const dpr = usePixelRatio();
  const width = Math.round((d.width / UNITS) * pxPerMm);
  const height = Math.round((d.height / UNITS) * pxPerMm);
  const [hover, setHover] = useState<CaliperPoint | null>(null);
  const drag = useRef<{ cell: Cell; end: 'a' | 'b'; from: [number, number]; moved: boolean } | null>(null);

  useEffect(() => {
    const g = prepare(base.current, width, height, dpr);
    if (g) paint(g, d, p.group, pxPerMm * dpr, width * dpr, height * dpr, p.head, p.foot);
  }, [d, p.group, pxPerMm, dpr, width, height, p.head, p.foot]);

  useEffect(() => {
    const g = prepare(over.current, width, height, dpr);
    if (!g) return;
    g.clearRect(0, 0, width * dpr, height * dpr);
    const c = p.caliper && !p.caliper.b && hover ? { ...p.caliper, b: hover } : p.caliper;
    if (c) paintCaliper(g, d, c, pxPerMm * dpr, p.marchOut, p.end, height * dpr);
  }, [p.caliper, hover, d, pxPerMm, dpr, width, height, p.marchOut, p.end]);

  const unit = (e: React.PointerEvent): [number, number] => {
    const r = e.currentTarget.getBoundingClientRect();
    return [((e.clientX - r.left) / pxPerMm) * UNITS, ((e.clientY - r.top) / pxPerMm) * UNITS];
  };
  const pointIn = (cell: Cell, x: number, y: number, free: boolean): CaliperPoint => {
    const held = Math.min(cell.x + cell.width, Math.max(cell.x, x));
    return snap(
      { ms: msAt(cell, d, held), uv: uvAt(cell, d, y) },
      { uv: cell.lead.uv, rate: p.group.rate, beats: p.beats, reachMs: msOfMm(2, p.speed), reachUv: uvOfMm(2, p.gain), free },
    );
  };
  const cellsOf = (lead: string): Cell[] => d.cells.filter((c) => c.lead.name === lead);

  const down = (e: React.PointerEvent) => {
    if (!p.caliperOn || e.button !== 0) return;
    const [x, y] = unit(e);
    const c = p.caliper;
    // An end of the caliper under the pointer is taken up; else a new one begins or the open one closes.
    if (c?.b) {
      for (const cell of cellsOf(c.lead)) {
        for (const end of ['b', 'a'] as const) {
          const at = end === 'a' ? c.a : c.b;
          if (Math.abs(xAt(cell, d, at.ms) - x) < 150 && y > cell.top - 200 && y < cell.bottom + 200) {
            drag.current = { cell, end, from: [x, y], moved: false };
            p.setEnd(end);
            e.currentTarget.setPointerCapture(e.pointerId);
            return;
          }
        }
      }
    }
    if (c && !c.b) {
      const cell = cellsOf(c.lead).find((k) => y > k.top - 300 && y < k.bottom + 300) ?? cellsOf(c.lead)[0];
      if (cell) {
        p.setCaliper({ ...c, b: pointIn(cell, x, y, e.altKey) });
        p.setEnd('b');
      }
      setHover(null);
      return;
    }
    const cell = cellAt(d, x, y);
    if (!cell) {
      p.setCaliper(null);
      return;
    }
    p.setCaliper({ lead: cell.lead.name, a: pointIn(cell, x, y, e.altKey), b: null });
    drag.current = { cell, end: 'b', from: [x, y], moved: false };
    e.currentTarget.setPointerCapture(e.pointerId);
  };
  const move = (e: React.PointerEvent) => {
    if (!p.caliperOn || !p.caliper) return;
    const [x, y] = unit(e);
    const held = drag.current;
    if (held) {
      if (Math.hypot(x - held.from[0], y - held.from[1]) > 120) held.moved = true;
      if (!held.moved) return;
      const point = pointIn(held.cell, x, y, e.altKey);
      if (p.caliper.b) p.setCaliper(held.end === 'a' ? { ...p.caliper, a: point } : { ...p.caliper, b: point });
      else setHover(point);
      return;
    }
    if (!p.caliper.b) {
      const cell = cellsOf(p.caliper.lead).find((k) => y > k.top - 300 && y < k.bottom + 300) ?? cellsOf(p.caliper.lead)[0];
      if (cell) setHover(pointIn(cell, x, y, e.altKey));
    }
  };
  const up = (e: React.PointerEvent) => {
    const held = drag.current;
    drag.current = null;
    if (!held || !p.caliper) return;
    if (held.moved && !p.caliper.b) {
      const [x, y] = unit(e);
      p.setCaliper({ ...p.caliper, b: pointIn(held.cell, x, y, e.altKey) });
      p.setEnd('b');
      setHover(null);
    }
  };

  return (
    <div className="ecg-paper" style={{ width, height }}>
      <canvas ref={base} role="img" aria-label={p.label} />
      <canvas
        ref={over}
        data-caliper={p.caliperOn || undefined}
        onPointerDown={down}
        onPointerMove={move}
        onPointerUp={up}
        onPointerLeave={() => !drag.current && setHover(null)}
      />
    </div>
  );
}

function usePixelRatio(): number {
  const [dpr, set] = useState(() => window.devicePixelRatio || 1);
  useEffect(() => {
    const watch = window.matchMedia(`(resolution: ${dpr}dppx)`);
    const tell = () => set(window.devicePixelRatio || 1);
    watch.addEventListener('change', tell);
    return () => watch.removeEventListener('change', tell);
  }, [dpr]);
  return dpr;
}

function prepare(canvas: HTMLCanvasElement | null, width: number, height: number, dpr: number): CanvasRenderingContext2D | null {
  if (!canvas || width <= 0 || height <= 0) return null;
  canvas.width = Math.round(width * dpr);
  canvas.height = Math.round(height * dpr);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  return canvas.getContext('2d');
}

const FONT = '"Microsoft YaHei","PingFang SC","Noto Sans CJK SC",system-ui,sans-serif';

function paint(
  g: CanvasRenderingContext2D,
  d: Drawing,
  group: Group,
  mm: number,
  width: number,
  height: number,
  head: string,
  foot: string,
): void {
  g.setTransform(1, 0, 0, 1, 0, 0);
  g.fillStyle = PAPER;
  g.fillRect(0, 0, width, height);
  // Lines sit on whole pixels, one physical pixel wide; fine lines only where they stay apart.
  const lines = (every: number, skip: number, color: string) => {
    g.strokeStyle = color;
    g.lineWidth = 1;
    g.beginPath();
    for (let k = 0; k * every * mm <= width; k++) {
      if (skip && k % skip === 0) continue;
      const x = Math.round(k * every * mm) + 0.5;
      g.moveTo(x, 0);
      g.lineTo(x, height);
    }
    for (let k = 0; k * every * mm <= height; k++) {
      if (skip && k % skip === 0) continue;
      const y = Math.round(k * every * mm) + 0.5;
      g.moveTo(0, y);
      g.lineTo(width, y);
    }
    g.stroke();
  };
  if (mm >= 2.4) lines(1, 5, FINE);
  lines(5, 0, BOLD);

  const s = mm / UNITS;
  g.lineJoin = 'round';
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
  for (const c of d.cells) {
    g.beginPath();
    for (const run of strokes(c, group.rate, d)) {
      g.moveTo((run[0] ?? 0) * s, (run[1] ?? 0) * s);
      for (let k = 2; k < run.length; k += 2) g.lineTo((run[k] as number) * s, (run[k + 1] as number) * s);
    }
    g.stroke();
    if (c.tick) {
      g.beginPath();
      g.moveTo(c.x * s, (c.baseline - 250) * s);
      g.lineTo(c.x * s, (c.baseline + 250) * s);
      g.stroke();
    }
  }
  // Names last: they stay readable over a tall QRS.
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

function paintCaliper(
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
