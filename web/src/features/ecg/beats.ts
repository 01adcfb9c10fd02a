// Drawing of median beats on ECG paper: straight segments in millimetres, as the strip.
import { levelOf } from './layout';

export interface Beat {
  name: string;
  uv: Float32Array;
}

export interface BeatScale {
  /** Samples a second. */
  rate: number;
  /** mm/s and mm/mV of this paper. */
  speed: number;
  gain: number;
  /** Physical pixels of a millimetre. */
  mm: number;
  /** Sample of the QRS onset, where the baseline is taken. */
  onset: number | null;
}

export interface Pencil {
  color: string;
  /** Line width in mm. */
  width: number;
  dash?: number[];
}

export const NOW: Pencil = { color: '#14181d', width: 0.3 };
export const BEFORE: Pencil = { color: '#0b57b7', width: 0.34, dash: [1.1, 0.8] };
export const OTHERS: Pencil = { color: '#7d8794', width: 0.2 };

/** Voltage that lies on the baseline of a beat: just before the QRS where its onset (a sample) is known, else the middle of all. */
export function restOf(uv: Float32Array, onset: number | null, rate: number): number {
  if (onset === null) return levelOf(uv);
  const to = Math.max(1, Math.min(uv.length, Math.round(onset - 0.004 * rate)));
  return levelOf(uv.subarray(Math.max(0, to - Math.round(0.016 * rate)), to));
}

/** One beat from x, y (physical pixels of its start and baseline). */
export function strokeBeat(g: CanvasRenderingContext2D, uv: Float32Array, x: number, y: number, s: BeatScale, p: Pencil): void {
  const dx = (s.speed * s.mm) / s.rate;
  const dy = (s.gain * s.mm) / 1000;
  const rest = restOf(uv, s.onset, s.rate);
  g.save();
  g.strokeStyle = p.color;
  g.lineWidth = Math.max(1, p.width * s.mm);
  g.lineJoin = 'round';
  g.setLineDash((p.dash ?? []).map((v) => v * s.mm));
  g.beginPath();
  let down = false;
  for (let k = 0; k < uv.length; k++) {
    const v = uv[k] as number;
    if (Number.isNaN(v)) {
      down = false;
      continue;
    }
    if (down) g.lineTo(x + k * dx, y - (v - rest) * dy);
    else g.moveTo(x + k * dx, y - (v - rest) * dy);
    down = true;
  }
  g.stroke();
  g.restore();
}

/** Highest and lowest of beats about their baselines, in millivolts. */
export function reach(beats: readonly Beat[], onset: number | null, rate: number): { up: number; down: number } {
  let up = 0.2;
  let down = 0.2;
  for (const b of beats) {
    const rest = restOf(b.uv, onset, rate);
    for (const v of b.uv) {
      if ((v - rest) / 1000 > up) up = (v - rest) / 1000;
      if ((rest - v) / 1000 > down) down = (rest - v) / 1000;
    }
  }
  return { up, down };
}

/** The largest usual gain at which the beats fit into a height. */
export function gainFor(r: { up: number; down: number }, heightMm: number): number {
  return [40, 20, 10, 5].find((gain) => (r.up + r.down) * gain + 4 <= heightMm) ?? 2.5;
}
