import { describe, expect, it } from 'vitest';
import { refreshed, studyOf } from './fresh';
import type { Hung, StudyDetail } from './model';
import type { Measurement } from './viewer/port';

const study = (id: string, name: string, series: string[]): StudyDetail =>
  ({ id, patient: { name }, series: series.map((s) => ({ id: s })) }) as unknown as StudyDetail;
const pane = (s: StudyDetail, series: string): Hung => ({
  study: s,
  series: s.series.find((x) => x.id === series) as Hung['series'],
  prior: false,
  start: 0,
});
const on = (series: string): Measurement => ({ series }) as Measurement;

describe('what a pane shows, as the centre knows it now', () => {
  const was = study('s1', '王小东', ['a', 'b']);
  it('a corrected person stands in the corner at once', () => {
    const now = study('s1', '王晓东', ['a', 'b']);
    expect(refreshed(pane(was, 'a'), [now])?.study.patient.name).toBe('王晓东');
    const h = pane(was, 'a');
    expect(refreshed(h, [was])).toBe(h);
    expect(refreshed(h, [study('s2', 'x', [])])).toBe(h);
  });
  it('a series that was moved away is shown no more', () => {
    expect(refreshed(pane(was, 'a'), [study('s1', '王小东', ['b'])])).toBeNull();
  });
  it('a study that may not be seen any more leaves the pane', () => {
    expect(refreshed(pane(was, 'a'), [], ['s1'])).toBeNull();
    expect(refreshed(pane(was, 'a'), [], ['s2'])).not.toBeNull();
  });
  it('a measurement belongs to the study it was made on, also when that has left the screen', () => {
    const prior = study('s0', '王小冬', ['p']);
    const seen = [was, prior];
    expect(studyOf(on('p'), seen)?.patient.name).toBe('王小冬');
    expect(studyOf(on('a:coronal'), seen)?.id).toBe('s1');
    expect(studyOf(on('gone'), seen)).toBeNull();
    expect(studyOf(on('p'), [was, study('s0', '王小冬', ['q'])])).toBeNull();
  });
});
