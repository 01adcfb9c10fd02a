// Filters of the screen: they change what is drawn, never what is measured. Each runs forward and backward, so no wave moves in time.

import { type Ink, levelOf } from './layout';
import type { Group, Lead } from './model';

export interface Filters {
  /** Mains, 50 Hz. */
  ac: boolean;
  /** Muscle: low-pass in Hz. */
  emg: 0 | 35 | 40;
  /** Baseline wander: high-pass at 0.5 Hz. */
  wander: boolean;
}
export const NO_FILTER: Filters = { ac: false, emg: 0, wander: false };
export const EMG: readonly Filters['emg'][] = [0, 35, 40];

export const filtered = (f: Filters): boolean => f.ac || f.emg !== 0 || f.wander;

interface Biquad {
  b: [number, number, number];
  a: [number, number];
}

/** Two passes of a second-order Butterworth filter meet -3 dB at this factor from the corner of one pass. */
const TWICE = (Math.SQRT2 - 1) ** -0.25;
const MAINS = 50;
const MAINS_Q = 12;
const WANDER = 0.5;
/** Mirrored lead-in before and after a run, s: as long as the slowest filter rings. */
const LEAD_IN = 2;

const normal = (b0: number, b1: number, b2: number, a0: number, a1: number, a2: number): Biquad => ({
  b: [b0 / a0, b1 / a0, b2 / a0],
  a: [a1 / a0, a2 / a0],
});

/** Second-order sections after the bilinear transform (the formulas of the audio cookbook of R. Bristow-Johnson). */
function section(kind: 'low' | 'high' | 'notch', hz: number, rate: number): Biquad {
  const w = (2 * Math.PI * hz) / rate;
  const cos = Math.cos(w);
  const alpha = Math.sin(w) / (2 * (kind === 'notch' ? MAINS_Q : Math.SQRT1_2));
  if (kind === 'low') return normal((1 - cos) / 2, 1 - cos, (1 - cos) / 2, 1 + alpha, -2 * cos, 1 - alpha);
  if (kind === 'high') return normal((1 + cos) / 2, -1 - cos, (1 + cos) / 2, 1 + alpha, -2 * cos, 1 - alpha);
  return normal(1, -2 * cos, 1, 1 + alpha, -2 * cos, 1 - alpha);
}

/** The sections that this rate can carry: nothing above four tenths of it. */
export function sectionsOf(f: Filters, rate: number): Biquad[] {
  const out: Biquad[] = [];
  if (f.wander) out.push(section('high', WANDER / TWICE, rate));
  if (f.ac && MAINS < 0.4 * rate) out.push(section('notch', MAINS, rate));
  if (f.emg && f.emg * TWICE < 0.4 * rate) out.push(section('low', f.emg * TWICE, rate));
  return out;
}

/** One way through a section, forward or backward in place. */
function pass(x: Float64Array, { b: [b0, b1, b2], a: [a1, a2] }: Biquad, backward: boolean): void {
  let z1 = 0;
  let z2 = 0;
  const step = backward ? -1 : 1;
  for (let n = 0, k = backward ? x.length - 1 : 0; n < x.length; n++, k += step) {
    const v = x[k] as number;
    const y = b0 * v + z1;
    z1 = b1 * v - a1 * y + z2;
    z2 = b2 * v - a2 * y;
    x[k] = y;
  }
}

/** One run without gaps, filtered both ways; its ends are continued by mirroring about the end point. */
function run(uv: Float32Array, sections: readonly Biquad[], rate: number): Float32Array {
  const pad = Math.min(uv.length - 1, Math.round(LEAD_IN * rate));
  const first = uv[0] as number;
  const last = uv[uv.length - 1] as number;
  const x = new Float64Array(uv.length + 2 * pad);
  // Taken from zero, so that a lead with an offset does not start with a step.
  for (let k = 0; k < pad; k++) {
    x[k] = first - (uv[pad - k] as number);
    x[pad + uv.length + k] = 2 * last - first - (uv[uv.length - 2 - k] as number);
  }
  for (let k = 0; k < uv.length; k++) x[pad + k] = (uv[k] as number) - first;
  for (const s of sections) {
    pass(x, s, false);
    pass(x, s, true);
  }
  const high = sections.some((s) => Math.abs(s.b[0] + s.b[1] + s.b[2]) < 1e-12);
  const rest = high ? 0 : first;
  const out = new Float32Array(uv.length);
  for (let k = 0; k < out.length; k++) out[k] = (x[pad + k] as number) + rest;
  return out;
}

/** Samples through the filters; a gap stays a gap and starts the filters anew. */
export function filter(uv: Float32Array, sections: readonly Biquad[], rate: number): Float32Array {
  if (sections.length === 0) return uv;
  const out = new Float32Array(uv.length).fill(Number.NaN);
  let from = -1;
  for (let k = 0; k <= uv.length; k++) {
    const gone = k === uv.length || Number.isNaN(uv[k] as number);
    if (!gone && from < 0) from = k;
    if (gone && from >= 0) {
      const part = uv.subarray(from, k);
      out.set(part.length > 2 ? run(part, sections, rate) : part, from);
      from = -1;
    }
  }
  return out;
}

/** What is drawn of each lead for a part of the recording: the part and three seconds on both sides go through the filters. */
export function inks(g: Group, f: Filters, fromMs: number, toMs: number): Map<string, Ink> {
  const sections = sectionsOf(f, g.rate);
  const from = Math.max(0, Math.floor(((fromMs - 3_000) * g.rate) / 1000));
  const out = new Map<string, Ink>();
  for (const lead of g.leads) out.set(lead.name, inkOf(lead, sections, g.rate, from, Math.ceil(((toMs + 3_000) * g.rate) / 1000)));
  return out;
}

function inkOf(lead: Lead, sections: readonly Biquad[], rate: number, from: number, to: number): Ink {
  if (sections.length === 0) return { uv: lead.uv, from: 0, level: levelOf(lead.uv) };
  const uv = filter(lead.uv.subarray(from, Math.min(lead.uv.length, to)), sections, rate);
  return { uv, from, level: levelOf(uv) };
}
