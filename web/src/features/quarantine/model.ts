// Shapes and small rules of the quarantine page; no React here.

export type Lane = 'identity' | 'content' | 'defect' | 'security' | 'charset';
export const LANES: Lane[] = ['security', 'identity', 'content', 'defect', 'charset'];

export interface Held {
  id: string;
  lane: Lane;
  reason: string;
  facility: string;
  facility_name: string;
  object_kind: 'study' | 'instance' | 'object';
  object_id: string;
  state: string;
  created_at: number;
  detail: Record<string, unknown>;
}
export interface PatientChoice {
  id: string;
  local_id: string;
  name: string;
  sex: string;
  birth_date: string;
}
export interface OrderChoice extends PatientChoice {
  filler_no: string;
  placer_no: string;
  title: string;
  state: string;
  patient: string;
  created_at: number;
  /** What speaks for it. */
  why: string[];
}
export interface Image {
  id: string;
  uid: string;
  number: number | null;
  version: number;
  current: boolean;
  hidden: string;
  frames: number;
  received_at: number;
  series: string;
  series_number: number | null;
  modality: string;
  series_description: string;
}
export interface Version {
  id: string;
  version: number;
  current: boolean;
  hidden: string;
  received_at: number;
  size: number;
  frames: number;
  defects: string[];
  viewable: boolean;
}
export interface Difference {
  path: string;
  keyword: string;
  left: string | null;
  right: string | null;
}
export interface Past {
  id: string;
  n: number;
  operation: string;
  why: string;
  who: string;
  who_name: string | null;
  facility_name: string;
  at: number;
  detail: Record<string, unknown>;
  undoes: string | null;
  undone_by: string | null;
  can_undo: boolean;
}
export interface Said {
  patient_id: string;
  name: string;
  sex: string;
  birth_date: string;
  accession: string;
  study_date: string;
  description: string;
  institution: string;
  station: string;
  defects: string[];
  readings: { charset: string; name: string }[];
  charset: { declared: string[] | null; used: string; how: string; confidence: number };
}
export interface StudyHead {
  id: string;
  uid: string;
  facility: string;
  state: string;
  lane: string;
  modality: string;
  description: string;
  study_date: string;
  accession: string;
  station: string;
  images: number;
  series: number;
  patient: { id: string; local_id: string; name: string; sex: string; birth_date: string; identified: boolean };
  order: { filler_no: string; items: { name: string }[] } | null;
  /** Receivers that have images of it. */
  sent_to: { name: string; at: number | null; images: number }[];
}
export interface Found {
  id: string;
  /** Of studies of several facilities: whose it is. */
  facility_name?: string;
  study_date: string;
  modality: string;
  description: string;
  images: number;
  name: string;
  local_id: string;
}
export interface Card {
  id: string;
  lane: Lane | '';
  reason: string;
  state: string;
  kind: 'study' | 'instance' | 'object';
  /** Other open entries of the same study, sender and reason. */
  alike: number;
  /** The image the entry is about. */
  about: string;
  detail: Record<string, unknown>;
  study: StudyHead | null;
  images: Image[];
  said: Said | null;
  versions: Version[];
  diff: Difference[];
  history: Past[];
  others: Found[];
  now: number;
  may: { link: boolean; hide: boolean; share: boolean };
}
export interface Grant {
  facility: string;
  facility_name: string;
  reason: string;
  until: number | null;
  giver_name: string | null;
  granted_at: number;
}
export interface Act {
  act: string;
  study?: string;
}

/** `19630210` as `1963-02-10`; anything else as it is. */
export function day(text: string): string {
  return /^\d{8}$/.test(text) ? `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}` : text;
}

/** Images of a card by series, in the order the server gave. */
export function bySeries(images: Image[]): { series: string; head: Image; images: Image[] }[] {
  const out: { series: string; head: Image; images: Image[] }[] = [];
  for (const image of images) {
    const last = out.find((s) => s.series === image.series);
    if (last) last.images.push(image);
    else out.push({ series: image.series, head: image, images: [image] });
  }
  return out;
}

/** Rows that say the same on both sides, apart from those that do not: what the eye should go to. */
export function sides(card: Card): { key: string; held: string; said: string; differs: boolean }[] {
  const p = card.study?.patient;
  const s = card.said;
  if (!s) return [];
  const plain = (text: string) => text.replace(/[\s^]/g, '').toLowerCase();
  const row = (key: string, held: string | undefined, said: string) => ({
    key,
    held: held ?? '',
    said,
    differs: plain(held ?? '') !== '' && plain(said) !== '' && plain(held ?? '') !== plain(said),
  });
  return [
    row('name', p?.name, s.name),
    row('id', p?.identified ? p.local_id : '', s.patient_id),
    row('sex', p?.sex, s.sex),
    row('birth', day(p?.birth_date ?? ''), day(s.birth_date)),
    row('accession', card.study?.accession, s.accession),
    row('date', day(card.study?.study_date ?? ''), day(s.study_date)),
    row('description', card.study?.description, s.description),
    row('station', card.study?.station, s.station),
  ];
}

/** Codes of PS3.16 CID 7011 that a person may choose; the retention policy has its own. */
export const HIDE_CODES = ['113001', '113037', '113038'] as const;

/** Studies a held object may go into: the one whose number it bears first, then the others of the facility. */
export function targets(card: Card): Found[] {
  const { study } = card;
  if (!study) return card.others;
  const named = {
    id: study.id,
    study_date: study.study_date,
    modality: study.modality,
    description: study.description,
    images: study.images,
    name: study.patient.name,
    local_id: study.patient.local_id,
  };
  return [named, ...card.others.filter((s) => s.id !== study.id)];
}
