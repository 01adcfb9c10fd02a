// A track as the clinic sees it, pure.
import type { Track, TrackStep } from '../../api/types';

export const DONE_STEPS: TrackStep[] = ['published', 'withdrawn'];
const PATH = ['uploaded', 'writing', 'auditing', 'published'] as const;
const PATH_LAB = ['ordered', 'uploaded', 'auditing', 'published'] as const;

export type StepState = 'done' | 'now' | 'todo';
export interface ShownStep {
  key: string;
  at: number | null;
  state: StepState;
}

const RANK: Record<TrackStep, number> = {
  ordered: 0,
  unmatched: 1,
  uploaded: 1,
  returned: 1,
  rejected: 1,
  queued: 1,
  writing: 2,
  auditing: 3,
  published: 4,
  withdrawn: 4,
};

/** The steps 已上传 → 书写 → 审核 → 已出报告 with their times; the server's own steps win when it sends them. */
export function stepsOf(track: Track): ShownStep[] {
  const path = track.pipeline === 'lab' ? PATH_LAB : PATH;
  const at = new Map(track.steps.map((s) => [s.key, s.at]));
  const keys: string[] = track.steps.length >= 3 ? track.steps.map((s) => s.key) : [...path];
  const reached = RANK[track.step];
  // In the laboratory the same four steps have other names: received, measured, verified, reported.
  const named = (key: string) =>
    track.pipeline === 'lab' && key === 'uploaded' ? 'received' : track.pipeline === 'lab' && key === 'writing' ? 'testing' : key;
  let nowGiven = false;
  return keys.map((key) => {
    const given = at.get(key) ?? (key === 'uploaded' && reached > 0 ? track.arrived_at : null);
    // A step without a time of its own shows none, rather than the time of the arrival again.
    const time = key !== 'uploaded' && key !== 'ordered' && given === track.arrived_at ? null : given;
    const rank = RANK[key as TrackStep] ?? 0;
    const done = DONE_STEPS.includes(track.step) || time !== null || rank < reached;
    if (done && !(key === track.step && !DONE_STEPS.includes(track.step))) return { key: named(key), at: time, state: 'done' };
    if (!nowGiven && track.step !== 'returned' && track.step !== 'rejected') {
      nowGiven = true;
      return { key: named(key), at: time, state: 'now' };
    }
    return { key: named(key), at: time, state: 'todo' };
  });
}

/** Against the promised time: late, within the last tenth of an hour, or fine. */
export function lateness(track: Track, now: number): 'late' | 'soon' | 'fine' {
  if (track.promised_at === null || DONE_STEPS.includes(track.step)) return 'fine';
  if (track.promised_at < now) return 'late';
  return track.promised_at - now < 10 * 60_000 ? 'soon' : 'fine';
}
