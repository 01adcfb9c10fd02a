// What a pane shows, as the centre knows it now: a study may be corrected, moved or given more images while it is read.
import type { Hung, StudyDetail } from './model';
import type { Measurement } from './viewer/port';

/** The pane with the study and the series of today; null when the series belongs to the study no more, or the study may not be
 * seen any more (`gone`). */
export function refreshed(h: Hung, studies: readonly StudyDetail[], gone: readonly string[] = []): Hung | null {
  if (gone.includes(h.study.id)) return null;
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
