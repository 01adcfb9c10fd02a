// What a pane shows, as the centre knows it now: a study may be corrected, moved or given more images while it is read.
import type { Hung, StudyDetail } from './model';
import type { Measurement } from './viewer/port';

/** The pane with the study and the series of today; null when the series belongs to the study no more. */
export function refreshed(h: Hung, studies: readonly StudyDetail[]): Hung | null {
  const study = studies.find((s) => s.id === h.study.id);
  if (!study) return h;
  const series = study.series.find((s) => s.id === h.series.id);
  if (!series) return null;
  return study === h.study && series === h.series ? h : { ...h, study, series };
}

/** The study a measurement was made on, among those that were looked at; null when none of them has its series. */
export function studyOf(m: Measurement, seen: readonly StudyDetail[]): StudyDetail | null {
  const series = m.series.split(':')[0];
  return seen.find((study) => study.series.some((s) => s.id === series)) ?? null;
}

/** Every study that was in a pane during this reading, each as it was seen last. */
export function remembered(before: readonly StudyDetail[], shown: readonly (Hung | null)[]): readonly StudyDetail[] {
  const now = new Map(shown.flatMap((h) => (h ? [[h.study.id, h.study] as const] : [])));
  const kept = before.map((s) => now.get(s.id) ?? s);
  const known = new Set(before.map((s) => s.id));
  const added = [...now.values()].filter((s) => !known.has(s.id));
  const same = added.length === 0 && kept.every((s, k) => s === before[k]);
  return same ? before : [...kept, ...added];
}
