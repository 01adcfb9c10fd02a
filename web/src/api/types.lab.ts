// Orders and laboratory, as the server says them.
import type { Millis, OrderHead, PatientHead, Pipeline, Priority } from './types';

export interface CatalogItem {
  code: string;
  name: string;
  name_en?: string;
  pipeline: Pipeline;
  modality: string;
  body_part: string;
  panel_items?: string[];
}
export interface NewOrder {
  patient: { local_id: string; name: string; sex: string; birth_date: string; national_id?: string; phone?: string };
  pipeline: Pipeline;
  items: string[];
  priority: Priority;
  history: string;
  orderer?: string;
  flags?: string[];
}
export interface PlacedOrder {
  id: string;
  placer_no: string;
  filler_no: string;
  specimens: { barcode: string; type: string }[];
}
export type OrderRow = OrderHead & {
  patient: PatientHead;
  pipeline: Pipeline;
  state: string;
  specimens: { barcode: string; state: string }[];
};

export type Lane = 'ready' | 'look' | 'critical' | 'qc_hold';
export interface LabRow {
  id: string;
  code: string;
  name: string;
  name_en?: string;
  value_raw: string;
  value_num: number | null;
  comparator: string | null;
  unit: string;
  reference: string;
  flag: '' | 'L' | 'H' | 'LL' | 'HH' | 'A';
  state: 'resulted' | 'held' | 'verified' | 'published';
  holds: { code: string; text_zh: string; text_en: string }[];
  row_version: number;
  previous: { value: string | number; at: Millis | string | null }[];
  critical_low: number | null;
  critical_high: number | null;
  instrument: string;
  /** Milliseconds, or the time as the analyser wrote it. */
  run_at: Millis | string | null;
  reruns: number;
}
export interface LabSpecimen {
  id: string;
  barcode: string;
  item: string | null;
  type: string;
  patient: PatientHead;
  facility: string;
  facility_name: string;
  order: OrderHead | null;
  received_at: Millis | null;
  deadline: Millis | null;
  priority: Priority;
  lane: Lane;
  missing: string[];
  results: LabRow[];
}
export interface LabQueue {
  now: Millis;
  counts: Record<Lane, number>;
  specimens: LabSpecimen[];
}
export interface ReleaseOutcome {
  released: number;
  refused: { id: string; code: string; text_zh: string; text_en: string }[];
  reports: { report: string; n: number }[];
}
export interface SpecimenRow {
  id: string;
  barcode: string;
  type: string;
  state: string;
  patient: PatientHead;
  facility_name: string;
  collected_at: Millis | null;
  received_at: Millis | null;
  reject_reason: string | null;
}
export interface UnmatchedResult {
  id: string;
  barcode: string;
  item: string;
  item_name: string;
  value_raw: string;
  unit_raw: string;
  instrument: string;
  facility_name: string;
  received_at: Millis;
  reason: string;
  reason_zh?: string;
  reason_en?: string;
}
export interface MessageRow {
  id: string;
  peer: string;
  facility_name: string;
  received_at: Millis;
  message_type: string;
  state: string;
  reason: string | null;
}
export interface MessageDetail extends MessageRow {
  raw_text: string;
  decoded: { segment: string; fields: unknown }[];
}
