// The whole of a recording longer than a sheet, and which part of it lies on the paper. A slider for mouse and keyboard.
import { useEffect, useMemo, useRef } from 'react';
import { useWords } from '../../i18n';
import { durationMs, levelOf } from './layout';
import type { Group } from './model';
import { prepare } from './paint';
import { envelope, pyramid } from './pyramid';

const HEIGHT = 34;
const MOST_UV = 2_000;

/** `12:34:56.5` of a time in the recording. */
export function elapsed(ms: number): string {
  const s = Math.max(0, ms) / 1000;
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0');
  return `${s >= 3600 ? `${Math.floor(s / 3600)}:` : ''}${two((s / 60) % 60)}:${two(s % 60)}.${Math.floor((s * 10) % 10)}`;
}

interface Props {
  group: Group;
  width: number;
  fromMs: number;
  spanMs: number;
  pan: (ms: number) => void;
}

export function Overview({ group, width, fromMs, spanMs, pan }: Props) {
  const { t } = useWords();
  const canvas = useRef<HTMLCanvasElement>(null);
  const held = useRef<number | null>(null);
  const lead = group.leads.find((l) => l.name === 'II') ?? group.leads[0];
  const whole = durationMs(group);
  const levels = useMemo(() => (lead ? (lead.pyramid ?? pyramid(lead.uv)) : []), [lead]);
  useEffect(() => {
    const dpr = window.devicePixelRatio || 1;
    const g = prepare(canvas.current, width, HEIGHT, dpr);
    if (!g || !lead) return;
    const columns = Math.round(width * dpr);
    const { low, high } = envelope(lead.uv, levels, 0, lead.uv.length, columns);
    const level = levelOf(lead.uv);
    const middle = (HEIGHT * dpr) / 2;
    const y = (uv: number) => middle - (Math.max(-MOST_UV, Math.min(MOST_UV, uv - level)) / MOST_UV) * (middle - 2);
    g.fillStyle = '#fffaf4';
    g.fillRect(0, 0, columns, HEIGHT * dpr);
    g.fillStyle = '#14181d';
    for (let c = 0; c < columns; c++) {
      if (Number.isNaN(low[c] as number)) continue;
      const top = y(high[c] as number);
      g.fillRect(c, top, 1, Math.max(1, y(low[c] as number) - top));
    }
  }, [lead, levels, width]);
  const at = (e: React.PointerEvent) => ((e.clientX - e.currentTarget.getBoundingClientRect().left) / width) * whole;
  const keys: Record<string, number> = {
    ArrowLeft: fromMs - 1000,
    ArrowRight: fromMs + 1000,
    PageUp: fromMs - spanMs,
    PageDown: fromMs + spanMs,
    Home: 0,
    End: whole,
  };
  return (
    <div
      className="ecg-overview"
      role="slider"
      tabIndex={0}
      aria-label={t('ecg.overview')}
      aria-valuemin={0}
      aria-valuemax={Math.round((whole - spanMs) / 1000)}
      aria-valuenow={Math.round(fromMs / 1000)}
      aria-valuetext={t('ecg.overview_at', { from: elapsed(fromMs), to: elapsed(fromMs + spanMs), whole: elapsed(whole) })}
      onKeyDown={(e) => {
        const to = keys[e.key];
        if (to === undefined) return;
        e.preventDefault();
        e.stopPropagation();
        pan(to);
      }}
      onPointerDown={(e) => {
        const to = at(e);
        held.current = to >= fromMs && to <= fromMs + spanMs ? to - fromMs : spanMs / 2;
        e.currentTarget.setPointerCapture(e.pointerId);
        pan(to - held.current);
      }}
      onPointerMove={(e) => held.current !== null && pan(at(e) - held.current)}
      onPointerUp={() => {
        held.current = null;
      }}
    >
      <canvas ref={canvas} />
      <span className="ecg-window" style={{ left: (fromMs / whole) * width, width: Math.max(6, (spanMs / whole) * width) }} />
      <span className="ecg-window-text">
        {elapsed(fromMs)} – {elapsed(fromMs + spanMs)} / {elapsed(whole)}
      </span>
    </div>
  );
}
