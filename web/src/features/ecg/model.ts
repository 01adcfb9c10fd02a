// What the ECG endpoints say: GET /api/ecg/{record} and the wave blob of GET /api/ecg/{record}/wave.

import type { OrderHead, PatientHead } from '../../api/types';
import { MARKS, type Marks } from './marks';
import type { Pyramid } from './pyramid';

export type Source = 'vendor' | 'server' | 'physician';

export interface EcgMeasurement {
  what: string;
  number: number | null;
  unit: string;
  source: Source;
  /** The boundaries were found in ways that disagree. */
  doubtful?: boolean;
}

/** One value from its three sources, as the server compares them. */
export interface EcgValue {
  what: string;
  unit: string;
  vendor: number | null;
  server: number | null;
  physician: number | null;
  differs: boolean;
  /** Of the server's value. */
  doubtful?: boolean;
}

export interface Swap {
  kind: string;
  electrodes: string[] | string;
  text_zh: string;
  text_en: string;
}

/** A sentence of the server in both languages. */
export interface Said {
  text_zh: string;
  text_en: string;
}

export interface EcgRecord {
  id: string;
  patient: PatientHead;
  facility: string;
  facility_name: string;
  order: OrderHead | null;
  acquired_at: number | null;
  received_at: number;
  format: string;
  device: { maker?: string; model?: string; serial?: string } | null;
  triage: 'red' | 'orange' | 'normal' | '';
  quality: {
    verdict: 'good' | 'usable' | 'redo';
    reasons: { code: string; lead: string | null; electrode: string | null; text_zh: string; text_en: string }[];
  } | null;
  measurements: EcgMeasurement[];
  warnings: { code: string; text_zh: string; text_en: string }[];
  vendor_statements: string[] | null;
  banner: string | null;
  filters: string | null;
  previous: { id: string; acquired_at: number | null; report: string | null }[];
  groups: { kind: string; rate_hz: number; samples: number }[];
  values?: EcgValue[];
  rhythm?: { kind: string } | null;
  swap?: Swap | null;
  marks?: Marks | null;
  physician_marks?: Marks | null;
  renditions?: { format: string; address: string; received_at: number }[];
  redo_of?: string | null;
  redo_by?: string | null;
  /** Who chose the order of a file without a patient id. */
  chosen_by?: string | null;
  kept_anyway?: { reason: string; by: string; at: number } | null;
  etag?: string;
}

export interface Delta {
  what: string;
  unit: string;
  before: number | null;
  now: number | null;
  delta: number | null;
  notable: boolean;
}

/** GET /api/ecg/{record}/compare/{other}. */
export interface Comparison {
  deltas: Delta[];
  st: { lead: string; before_uv: number | null; now_uv: number | null; delta_uv: number | null; notable: boolean }[];
  correlation: number | null;
  same_person_doubt: boolean;
  swap: Swap | null;
  /** Median beats in microvolts, aligned by their QRS. */
  median: { rate: number; leads: { name?: string; lead?: string; before: number[]; now: number[] }[] } | null;
}

interface LeadHead {
  name: string;
  nv_per_unit: number;
  offset_nv: number;
  count: number;
  missing: [number, number][];
}
interface GroupHead {
  kind: string;
  rate_hz: number;
  t0_ms: number;
  leads: LeadHead[];
}
export interface Marker {
  what: string;
  /** Kind of the group, or its index. */
  group: string | number;
  ms: number;
}

export interface Lead {
  name: string;
  /** Microvolts; NaN where samples are missing. */
  uv: Float32Array;
  /** Of a long recording, for its overview. */
  pyramid?: Pyramid;
}
export interface Group {
  kind: string;
  rate: number;
  leads: Lead[];
}
export interface Wave {
  groups: Group[];
  markers: Marker[];
}

const MOST_LEADS = 64;
/** From this length on (samples of a lead) a recording is decoded off the page's thread and gets an overview. */
export const LONG = 60_000;

/** Decodes the wave blob: u32 header length, JSON, then per group and lead i16 little-endian samples. Throws on wrong lengths. */
export function decodeWave(buffer: ArrayBuffer): Wave {
  const view = new DataView(buffer);
  if (buffer.byteLength < 4) throw new Error('wave is empty');
  const length = view.getUint32(0, true);
  if (4 + length > buffer.byteLength) throw new Error('wave header is longer than the wave');
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length))) as { groups: GroupHead[]; markers?: Marker[] };
  let at = 4 + length;
  const groups = head.groups.map((g) => {
    if (!(g.rate_hz > 0) || g.leads.length > MOST_LEADS) throw new Error('wave group is not plausible');
    const leads = g.leads.map((l) => {
      if (at + l.count * 2 > buffer.byteLength) throw new Error('wave is shorter than its header says');
      const uv = new Float32Array(l.count);
      for (let k = 0; k < l.count; k++, at += 2) uv[k] = (view.getInt16(at, true) * l.nv_per_unit + l.offset_nv) / 1000;
      for (const [from, to] of l.missing ?? []) uv.fill(Number.NaN, Math.max(0, from), Math.min(l.count, to));
      return { name: l.name, uv };
    });
    return { kind: g.kind, rate: g.rate_hz, leads };
  });
  return { groups, markers: head.markers ?? [] };
}

export const medianOf = (w: Wave): Group | null => w.groups.find((g) => g.kind === 'median') ?? null;

/** Marks of the server in the median beat, as the wave carries them. */
export function marksOf(w: Wave): Marks {
  const index = w.groups.findIndex((g) => g.kind === 'median');
  const out: Marks = {};
  for (const m of w.markers) if (m.group === 'median' || m.group === index) for (const name of MARKS) if (m.what === name) out[name] = m.ms;
  return out;
}

export const rhythmOf = (w: Wave): Group | null => w.groups.find((g) => g.kind === 'rhythm') ?? w.groups[0] ?? null;

/** R peaks of the rhythm group in ms. */
export function beatsOf(w: Wave): number[] {
  const index = Math.max(
    0,
    w.groups.findIndex((g) => g.kind === 'rhythm'),
  );
  return w.markers
    .filter((m) => (m.group === 'rhythm' || m.group === index) && /^(r|r_peak|qrs_peak|beat)$/i.test(m.what))
    .map((m) => m.ms)
    .sort((a, b) => a - b);
}
