// Calipers in time and voltage, not in pixels: two points on one lead, snapping to the R peak and to the trace.

export interface CaliperPoint {
  ms: number;
  uv: number;
}

export interface Caliper {
  lead: string;
  a: CaliperPoint;
  b: CaliperPoint | null;
}

export interface Reading {
  ms: number;
  /** Beats a minute of that interval; null below 150 ms, where a rate means nothing. */
  bpm: number | null;
  mv: number;
}

export function readCaliper(c: Caliper): Reading | null {
  if (!c.b) return null;
  const ms = Math.abs(c.b.ms - c.a.ms);
  return { ms, bpm: ms >= 150 ? 60_000 / ms : null, mv: (c.b.uv - c.a.uv) / 1000 };
}

/** Nearest beat within the reach, else null. */
export function nearestBeat(beats: readonly number[], ms: number, reachMs: number): number | null {
  let best: number | null = null;
  for (const b of beats) if (Math.abs(b - ms) <= reachMs && (best === null || Math.abs(b - ms) < Math.abs(best - ms))) best = b;
  return best;
}

const indexOf = (ms: number, rate: number, length: number): number => Math.min(length - 1, Math.max(0, Math.round((ms * rate) / 1000)));

export const traceAt = (uv: Float32Array, rate: number, ms: number): number => uv[indexOf(ms, rate, uv.length)] ?? Number.NaN;

/** Peak of the deflection near a time: the sample farthest from the median of its surroundings, if it stands out (or a beat is sure). */
export function localPeak(uv: Float32Array, rate: number, ms: number, reachMs: number, sure = false): number | null {
  const at = indexOf(ms, rate, uv.length);
  const reach = Math.round((reachMs * rate) / 1000);
  const around = Math.round(0.15 * rate);
  const near = [...uv.subarray(Math.max(0, at - around), Math.min(uv.length, at + around + 1))]
    .filter((v) => !Number.isNaN(v))
    .sort((a, b) => a - b);
  if (near.length < 8) return null;
  const middle = near[near.length >> 1] ?? 0;
  const spread = (near[Math.floor(near.length * 0.75)] ?? 0) - (near[Math.floor(near.length * 0.25)] ?? 0);
  let best = -1;
  let far = 0;
  for (let k = Math.max(0, at - reach); k <= Math.min(uv.length - 1, at + reach); k++) {
    const d = Math.abs((uv[k] ?? Number.NaN) - middle);
    if (d > far) {
      far = d;
      best = k;
    }
  }
  return best >= 0 && (sure || (far > 100 && far > 2 * spread)) ? (best * 1000) / rate : null;
}

export interface SnapContext {
  uv: Float32Array;
  rate: number;
  beats: readonly number[];
  /** Milliseconds and microvolts of two millimetres on the paper: nobody aims better with a mouse. */
  reachMs: number;
  reachUv: number;
  free: boolean;
}

/** A click becomes a point: on the R peak when near one, on the trace when near it, else where it was. */
export function snap(p: CaliperPoint, s: SnapContext): CaliperPoint {
  const whole = (Math.round((p.ms * s.rate) / 1000) * 1000) / s.rate;
  if (s.free) return { ms: whole, uv: p.uv };
  const beat = nearestBeat(s.beats, p.ms, s.reachMs);
  // Detected beats hold for all leads; in this lead the peak may stand some samples aside.
  const peak = beat !== null ? (localPeak(s.uv, s.rate, beat, 30, true) ?? beat) : localPeak(s.uv, s.rate, p.ms, s.reachMs);
  const ms = peak ?? whole;
  const trace = traceAt(s.uv, s.rate, ms);
  const onTrace = !Number.isNaN(trace) && (peak !== null || Math.abs(trace - p.uv) <= s.reachUv);
  return { ms, uv: onTrace ? trace : p.uv };
}

/** Moves an end of the caliper by whole samples and keeps it on the trace. */
export function nudge(c: Caliper, end: 'a' | 'b', samples: number, uv: Float32Array, rate: number): Caliper {
  const p = end === 'a' ? c.a : c.b;
  if (!p) return c;
  const last = ((uv.length - 1) * 1000) / rate;
  const ms = Math.min(last, Math.max(0, p.ms + (samples * 1000) / rate));
  const trace = traceAt(uv, rate, ms);
  const moved = { ms, uv: Number.isNaN(trace) ? p.uv : trace };
  return end === 'a' ? { ...c, a: moved } : { ...c, b: moved };
}

/** Times at which the interval repeats over the record (march-out). */
export function march(c: Caliper, fromMs: number, toMs: number): number[] {
  const r = readCaliper(c);
  if (!r || r.ms < 100 || !c.b) return [];
  const out: number[] = [];
  const start = Math.min(c.a.ms, c.b.ms);
  for (let t = start - Math.floor((start - fromMs) / r.ms) * r.ms; t <= toMs; t += r.ms) out.push(t);
  return out;
}
