// The paper: own Canvas2D in two layers, grid and traces below, calipers above. Always light, whatever the theme.
import { useEffect, useRef, useState } from 'react';
import { type Caliper, type CaliperPoint, snap } from './caliper';
import { type Cell, cellAt, type Drawing, type Ink, msAt, UNITS, uvAt, xAt } from './layout';
import type { Group } from './model';
import { paint, paintCaliper, prepare } from './paint';
import { type Gain, msOfMm, type Speed, uvOfMm } from './paper';

interface Props {
  group: Group;
  drawing: Drawing;
  /** What is drawn of each lead: its samples after the filters of the screen. */
  inks: ReadonlyMap<string, Ink>;
  /** Said all over a paper that does not show what was recorded. */
  stamp?: string;
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
    if (!g) return;
    const ink = (c: Cell) => p.inks.get(c.lead.name) ?? { uv: c.lead.uv, from: 0, level: c.level };
    paint(g, d, p.group.rate, ink, pxPerMm * dpr, width * dpr, height * dpr, p.head, p.foot, p.stamp);
  }, [d, p.group, p.inks, pxPerMm, dpr, width, height, p.head, p.foot, p.stamp]);

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
