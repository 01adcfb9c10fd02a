// A file on its way from the clinic to the centre, and what the centre says of it a moment later. Pure but for `send`.
import { call, get, query } from '../../../api/client';

export interface Reason {
  code: string;
  lead: string | null;
  electrode: string | null;
  text_zh: string;
  text_en: string;
}
export interface Quality {
  verdict: 'good' | 'usable' | 'redo';
  reasons: Reason[];
  banner?: string | null;
}

/** Answer of POST /api/ecg. `quarantined`: the bytes are kept but were not understood; `pending`: the analysis takes longer. */
export interface Answer {
  state: 'queued' | 'held' | 'redo' | 'rendition' | 'known' | 'pending' | 'quarantined';
  record?: string;
  quality?: Quality | null;
  swap?: { kind: string; electrodes: string[] | string; text_zh: string; text_en: string } | null;
  triage?: string;
  format?: string;
  warnings?: { code: string; text_zh: string; text_en: string }[];
  same_person_doubt?: boolean | null;
  /** What the file says otherwise than the chosen order. */
  differs?: string[] | null;
  /** Who chose the order of a file without a patient id. */
  chosen_by?: string | null;
  /** The attempt it replaces. */
  redo_of?: string | null;
  stage?: string;
  reason?: string;
  quarantine?: string;
}

export interface Wish {
  order: string | null;
  chestPain: boolean;
  redoOf: string | null;
}

/** One file handed in here. */
export interface Shot {
  n: number;
  name: string;
  size: number;
  wish: Wish;
  at: number;
  ms: number | null;
  answer: Answer | null;
  error: unknown;
  /** The clinic insisted on this poor recording. */
  kept: boolean;
}

/** One order is one ECG, and so is one repetition: several files at once may have neither. */
export const tooMany = (files: number, wish: Wish): boolean => files > 1 && (wish.order !== null || wish.redoOf !== null);

/** The attempt named to be replaced still stands, and no warning of the server says why. */
export const stays = (s: Shot): boolean => {
  const a = s.answer;
  if (!a?.record || !s.wish.redoOf || a.record === s.wish.redoOf) return false;
  return a.redo_of !== s.wish.redoOf && !(a.warnings ?? []).some((w) => w.code.startsWith('redo_'));
};

export const MOST_BYTES = 64 << 20;
const PATIENCE_MS = 120_000;

const post = (file: File, wish: Wish): Promise<Answer> =>
  call<Answer>(
    `/api/ecg${query({ order: wish.order, name: file.name.slice(-200), chest_pain: wish.chestPain ? 1 : 0, redo_of: wish.redoOf })}`,
    { method: 'POST', body: file, timeout: PATIENCE_MS },
  );

/** Pauses before asking again while the centre is still at work, s, and the largest file asked about again. */
const ASK_AGAIN_S = [1, 2, 3, 5, 8, 13] as const;
const ASK_BYTES = 8 << 20;

/**
 * Sends a file and stays with it until there is a verdict. A busy centre answers `pending`; the same bytes sent again are recognised as
 * known and answered with the verdict, and the record itself says what has become of it.
 */
export async function send(file: File, wish: Wish, tell: (soFar: Answer) => void): Promise<Answer> {
  let answer = await post(file, wish);
  if (answer.state !== 'pending' || file.size > ASK_BYTES) return answer;
  tell(answer);
  for (const seconds of ASK_AGAIN_S) {
    await new Promise((done) => setTimeout(done, seconds * 1000));
    answer = await post(file, wish);
    if (answer.state === 'pending') continue;
    if (answer.state !== 'known' || !answer.record) return answer;
    const record = await get<{ state: Answer['state'] }>(`/api/ecg/${answer.record}`);
    return { ...answer, state: record.state };
  }
  return answer;
}

export type Face = 'sending' | 'good' | 'usable' | 'redo' | 'refused' | 'failed' | 'noted';

/** Which of the faces the card shows. */
export function faceOf(s: Shot): Face {
  if (s.error) return 'failed';
  if (!s.answer) return 'sending';
  if (s.answer.state === 'quarantined') return 'refused';
  if (s.answer.state === 'pending' && s.ms === null) return 'sending';
  if (s.answer.swap) return 'redo';
  return s.answer.quality?.verdict ?? 'noted';
}

export const ELECTRODES = ['RA', 'LA', 'RL', 'LL', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6'] as const;
export type Electrode = (typeof ELECTRODES)[number];

/** `C3`, `V3`, `RA/LA`, `["RA","LA"]`: the electrodes to look at. Chest electrodes have two names, C3 and V3. */
export function electrodesIn(said: string | readonly string[] | null | undefined): Electrode[] {
  const words = (typeof said === 'string' ? [said] : (said ?? [])).flatMap((s) => s.toUpperCase().split(/[^A-Z0-9]+/));
  const known = words.map((w) => w.replace(/^C(?=[1-6]$)/, 'V'));
  return ELECTRODES.filter((e) => known.includes(e));
}

export const faulty = (a: Answer): Electrode[] =>
  electrodesIn([
    ...(a.quality?.reasons ?? []).filter((r) => r.electrode).map((r) => r.electrode ?? ''),
    ...(a.swap ? [a.swap.electrodes].flat() : []),
  ]);

/** A sentence without the call that the card already shows in large letters. */
export const withoutCall = (text: string): string => text.replace(/^(请重做|record again)\s*[::]\s*/i, '');

let handed: File[] = [];
/** Files dropped on another page of the clinic wait here for the page that sends them. */
export const handOver = (files: File[]): void => {
  handed = files;
};
export const takeOver = (): File[] => {
  const files = handed;
  handed = [];
  return files;
};
