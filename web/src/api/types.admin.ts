// Administration, as the server says it.
import type { Millis } from './types';

export interface FacilityRow {
  code: string;
  name: string;
  name_en: string;
  kind: string;
  grid: string;
  phone: string;
  duty_phone: string;
  active: boolean;
}
export interface PeerRow {
  id: string;
  kind: 'dicom' | 'hl7';
  facility: string;
  name: string;
  ae_title: string | null;
  app: string | null;
  app_facility: string | null;
  addresses: string;
  port: number | null;
  policy: unknown;
  enabled: boolean;
  last_seen_at: Millis | null;
  /** Where its clock is off by more than five minutes. */
  clock: { ahead_ms: number; seen_at: Millis } | null;
}
export interface UserRow {
  id: string;
  login: string;
  name: string;
  name_en: string;
  facility: string;
  active: boolean;
  roles: { role: string; facility: string; pipelines: string[] | string }[];
}
export interface DestinationRow {
  id: string;
  facility: string;
  kind: 'web' | 'fhir' | 'hl7';
  name: string;
  address: string;
  settings: unknown;
  enabled: boolean;
  queue: { pending: number; retry: number; dead: number; oldest_at: Millis | null };
}
export interface AuditRow {
  seq: number;
  at: Millis;
  who: string;
  who_name: string;
  role: string;
  facility: string;
  action: string;
  object_kind: string;
  object_id: string;
  detail: unknown;
}
export interface JobRow {
  id: string;
  kind: string;
  key: string;
  state: string;
  run_at: Millis;
  attempts: number;
  error: string | null;
}
