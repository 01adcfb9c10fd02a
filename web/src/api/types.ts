// What the server says, by hand from its contract. Times are integer milliseconds UTC unless a field says otherwise.
import type { Withdrawal } from './types.withdrawal';

export type Millis = number;
export type Pipeline = 'imaging' | 'ecg' | 'lab';
export type Priority = 'stat' | 'emergency' | 'urgent' | 'routine';
export type Tier = 'write' | 'audit' | 'recheck';
export type WorkTab = 'write' | 'audit' | 'mine' | 'returned' | 'critical' | 'published' | 'overdue';

export interface DemoAccount {
  login: string;
  password: string;
  role: string;
  facility: string;
  facility_name: string;
  name: string;
  name_en?: string;
  /** `imaging`, `ecg`, `lab`, or `*` for all. */
  pipelines?: string;
}
export interface PublicInfo {
  product: string;
  version: string;
  build: string;
  demo: boolean;
  demo_accounts?: DemoAccount[];
}

export interface Person {
  id: string;
  name: string;
  name_en?: string;
}
export interface PatientHead {
  id: string;
  local_id: string;
  name: string;
  pinyin: string;
  sex: 'M' | 'F' | 'O' | '';
  birth_date: string;
  age: string;
  identified: boolean;
}

export interface WorkRow {
  id: string;
  pipeline: Pipeline;
  tier: Tier;
  state: 'queued' | 'reading' | 'returned' | 'done' | 'cancelled';
  priority: Priority;
  deadline: Millis | null;
  arrived_at: Millis;
  title: string;
  modality: string;
  body_part: string;
  patient: PatientHead;
  facility: string;
  facility_name: string;
  facility_name_en?: string;
  images: number;
  series: number;
  holder: Person | null;
  holder_is_me: boolean;
  lease_until: Millis | null;
  flags: string[];
  triage: '' | 'red' | 'orange' | 'normal';
  report: string | null;
  report_state: 'none' | 'draft' | 'written' | 'published' | 'amending' | 'withdrawn';
  report_n: number;
  subject_kind: 'study' | 'ecg' | 'specimen';
  subject: string;
  epoch: number;
  return_reason: string | null;
  return_text: string | null;
  thumbnail: string | null;
  priors: number;
  has_critical: boolean;
  written_by: Person | null;
  version: number;
}
/** Up to 1,000, which stands for so many or more; `critical` is always whole. */
export type WorkCounts = Record<WorkTab, number>;
export interface Worklist {
  now: Millis;
  counts: WorkCounts;
  rows: WorkRow[];
  next_cursor: string | null;
}

export interface OrderHead {
  id: string;
  placer_no: string;
  filler_no: string;
  priority: Priority;
  orderer: string;
  department: string;
  history: string;
  flags: string[];
  items: { code: string; name: string; modality: string; body_part: string; state: string }[];
  created_at: Millis;
}
export interface Sections {
  technique?: string;
  findings?: string;
  impression?: string;
  recommendation?: string;
  comment?: string;
  positive?: boolean;
  ecg_statements?: { code: string; text: string }[];
}
export type TextSection = 'technique' | 'findings' | 'impression' | 'recommendation' | 'comment';

export interface Draft {
  version: number;
  epoch: number;
  author: Person;
  mine: boolean;
  saved_at: Millis;
  sections: Sections;
}
export interface VersionHead {
  n: number;
  kind: 'prelim' | 'final' | 'amended' | 'withdrawn';
  change_class: number | null;
  change_reason: string | null;
  signed_at: Millis;
  writer: Person;
  auditor: Person | null;
  signer: string;
  signer_demo: boolean;
  mark: { text: string; level?: string } | null;
  replaced: boolean;
  pdf: string;
}
export interface LostDraft {
  author: Person;
  at: Millis;
  sections: Sections;
}
export interface WorkItemDetail extends WorkRow {
  order: OrderHead | null;
  draft: Draft | null;
  versions: VersionHead[];
  alerts: Alert[];
  previous_reports: {
    report: string;
    n: number;
    pipeline: Pipeline;
    title: string;
    published_at: Millis;
    facility_name: string;
    impression: string;
  }[];
  may: {
    write: boolean;
    submit: boolean;
    sign: boolean;
    send_back: boolean;
    return: boolean;
    preliminary: boolean;
    amend: boolean;
    raise_critical: boolean;
  };
  send_back_comment: string | null;
  lost_drafts: LostDraft[];
}

export interface Check {
  code: string;
  section: string;
  level: 'warn' | 'block';
  text_zh: string;
  text_en: string;
}

export interface DeliveryRow {
  id?: string;
  destination: string;
  name: string;
  kind: string;
  n: number;
  state: string;
  attempts: number;
  sent_at: Millis | null;
  acked_at: Millis | null;
  seen_at: Millis | null;
  seen_by: string | Person | null;
  clinically_acked_at: Millis | null;
  error: string | null;
  facility_name?: string;
  title?: string;
  report?: string;
}
export interface ReportContent {
  title?: string;
  sections?: Sections;
  lab_rows?: { code?: string; name: string; value: string; unit?: string; reference?: string; flag?: string }[];
  ecg?: { measurements?: unknown[]; statements?: { code: string; text: string }[] | string[]; quality?: string } | null;
  [more: string]: unknown;
}
export interface ReportDetail {
  id: string;
  pipeline: Pipeline;
  title: string;
  state: string;
  subject_kind: string;
  subject: string;
  patient: PatientHead;
  facility: string;
  facility_name: string;
  verify_url: string;
  versions: (VersionHead & { content: ReportContent })[];
  withdrawal: Withdrawal | null;
  /** Whether the caller is one of the two sides. */
  may_withdraw: boolean;
  deliveries: DeliveryRow[];
}
export interface Template {
  id: string;
  name: string;
  sections: Sections;
}
export interface Phrase {
  code: string;
  section: string;
  text: string;
}

export type AlertState =
  | 'raised'
  | 'calling'
  | 'reached_readback'
  | 'reached_no_readback'
  | 'unable'
  | 'clinician_ack'
  | 'treated'
  | 'closed';
export interface Alert {
  id: string;
  /** `study`, `ecg`, `specimen`; `run`: a value that belongs to nobody yet. */
  subject_kind: string;
  pipeline: Pipeline;
  level: 'red' | 'orange';
  state: AlertState;
  finding: string;
  value: string | null;
  rule: string | null;
  provisional: boolean;
  patient: PatientHead;
  facility: string;
  facility_name: string;
  duty_phone: string | null;
  raised_at: Millis;
  raised_by: Person;
  acked_at: Millis | null;
  acked_by: Person | null;
  treated_at: Millis | null;
  closed_at: Millis | null;
  repeats: number;
  escalation: number;
  next_escalation_at: Millis | null;
  subject: string;
  item: string | null;
  report: string | null;
  events: { at: Millis; who: Person; action: string; detail: unknown }[];
}

export type TrackStep =
  | 'ordered'
  | 'uploaded'
  | 'queued'
  | 'writing'
  | 'auditing'
  | 'published'
  | 'withdrawn'
  | 'returned'
  | 'rejected'
  | 'unmatched';
export interface Track {
  id: string;
  pipeline: Pipeline;
  title: string;
  modality: string;
  patient: PatientHead;
  arrived_at: Millis | null;
  promised_at: Millis | null;
  step: TrackStep;
  steps: { key: string; at: Millis | null }[];
  holder: Person | null;
  report: string | null;
  report_n: number;
  report_kind: string | null;
  item: string | null;
  return_reason: string | null;
  return_text: string | null;
  flags: string[];
  priority: Priority;
}
export interface ClinicReport {
  report: string;
  n: number;
  kind: string;
  change_class: number | null;
  pipeline: Pipeline;
  title: string;
  patient: PatientHead;
  published_at: Millis;
  state: string;
  seen_at: Millis | null;
  seen_by: string | Person | null;
  acknowledged_at: Millis | null;
  needs_ack: boolean;
  mark: { text: string; level?: string } | string | null;
  critical_open: boolean;
  pdf: string;
}

export interface SeriesHead {
  id: string;
  uid: string;
  modality: string;
  number: number | null;
  description: string;
  body_part: string;
  laterality: string;
  instance_count: number;
  frames: number;
  thumbnail: string | null;
  preview: string | null;
}
export interface StudyDetail {
  id: string;
  uid: string;
  patient: PatientHead;
  facility: string;
  facility_name: string;
  order: OrderHead | null;
  modality: string;
  body_part: string;
  description: string;
  study_date: string;
  study_time: string;
  state: string;
  lane: string;
  clock_ahead_ms: number | null;
  defects: string[];
  series: SeriesHead[];
  priors: {
    id: string;
    study_date: string;
    modality: string;
    body_part: string;
    description: string;
    facility_name: string;
    report: string | null;
  }[];
}
export interface QuarantineRow {
  id: string;
  lane: string;
  reason: string;
  facility_name: string;
  object_kind: string;
  object_id: string;
  created_at: Millis;
  detail: unknown;
}

export interface LiveEvent {
  slice: string;
  kind: string;
  id: string;
  facility: string;
}

export type * from './types.admin';
export type * from './types.lab';
export type * from './types.session';
export type * from './types.withdrawal';
