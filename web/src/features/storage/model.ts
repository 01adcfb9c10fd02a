// What /api/storage says, and what the page makes of it.

export interface NextRun {
  kind: 'scrub' | 'sweep' | 'retention' | 'recompress';
  at: number;
  state: string;
  error: string;
}

export interface Policy {
  enabled: boolean;
  years: number;
  modality_years: string[];
  grace_days: number;
}

export interface Overview {
  space: { free: number; whole: number; reserve: number; has_room: boolean };
  scrub: { share: number; running: boolean; began_at: number; checked: number; wrong: number; finished_at: number; days: number };
  sweep: { at: number; named: number; missing: number; aside: number; removed: number };
  next: NextRun[];
  damaged: number;
  recompress: { days: number; running: boolean; done: number; left: number; saved: number; finished_at: number };
  policy: Policy;
  numbers: { holds: number; erased: number };
  may: { studies: boolean };
  now: number;
}

export interface HurtImage {
  uid: string;
  series_number: number | null;
  number: number | null;
  size: number;
  current: boolean;
  received_at: number;
  sender: string;
  study: string;
  patient_name: string;
  study_date: string;
  modality: string;
  facility_name: string;
}

export interface Hurt {
  address: string;
  kind: 'hash' | 'missing' | 'unreadable';
  found_at: number;
  used_by: 'image' | 'report' | 'ecg' | 'held' | 'picture' | 'none';
  image: HurtImage | null;
  note: string;
  note_by: string | null;
  note_at: number | null;
}

export interface Kept {
  study: string;
  study_date: string;
  modality: string;
  facility_name: string;
  patient_name: string;
  images: number;
  at: number;
  hold: { reason: string; at: number; who: string } | null;
}

export interface Old {
  study: string;
  facility_name: string;
  patient_name: string;
  modality: string;
  study_date: string;
  last_received_at: number;
  images: number;
  years: number;
  kept_by: string[];
}

export interface Retention {
  policy: Policy;
  old: Old[];
  counts: { old: number; may_go: number; more: boolean };
  leaving: Kept[];
  erased: Kept[];
  now: number;
}

export const TABS = ['overview', 'damaged', 'retention', 'holds'] as const;
export type Tab = (typeof TABS)[number];

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
/** Bytes as people read them: `1.5 GiB`. */
export function bytes(n: number): string {
  let at = 0;
  let value = n;
  while (value >= 1024 && at < UNITS.length - 1) {
    value /= 1024;
    at += 1;
  }
  return `${at === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[at]}`;
}

/** Parts of the file system, 0 to 1: used, free above the reserve, reserve. They add up to one. */
export function parts(space: Overview['space']): { used: number; free: number; reserve: number } {
  if (space.whole <= 0) return { used: 0, free: 0, reserve: 0 };
  const reserve = Math.min(space.reserve, space.free);
  return { used: (space.whole - space.free) / space.whole, free: (space.free - reserve) / space.whole, reserve: reserve / space.whole };
}

/** One row for each damaged object with all images that need it. */
export function byObject(rows: Hurt[]): { head: Hurt; images: HurtImage[] }[] {
  const out: { head: Hurt; images: HurtImage[] }[] = [];
  for (const row of rows) {
    const last = out.at(-1);
    if (last?.head.address === row.address) {
      if (row.image) last.images.push(row.image);
    } else out.push({ head: row, images: row.image ? [row.image] : [] });
  }
  return out;
}

/** Where the file of an object is, below the data folder. */
export const pathOf = (address: string): string => `objects/${address.slice(0, 2)}/${address}`;
