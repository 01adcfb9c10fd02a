import { describe, expect, it } from 'vitest';
import type { LabRow } from '../../api/types';
import { flagTone, releasable, sortRows } from './model';

const row = (id: string, part: Partial<LabRow>): LabRow => ({
  id,
  code: id,
  name: id,
  value_raw: '1',
  value_num: 1,
  comparator: null,
  unit: '',
  reference: '',
  flag: '',
  state: 'resulted',
  holds: [],
  row_version: 1,
  previous: [],
  critical_low: null,
  critical_high: null,
  instrument: '',
  run_at: null,
  reruns: 0,
  ...part,
});

describe('lab rows', () => {
  it('put what needs a person first', () => {
    const rows = [
      row('plain', {}),
      row('done', { state: 'published' }),
      row('high', { flag: 'H' }),
      row('held', { state: 'held', holds: [{ code: 'delta', text_zh: '', text_en: '' }] }),
      row('k', { flag: 'HH' }),
    ];
    expect(sortRows(rows).map((r) => r.id)).toEqual(['k', 'held', 'high', 'plain', 'done']);
  });
  it('release only what is undecided', () => {
    expect(releasable(row('a', { state: 'held' }))).toBe(true);
    expect(releasable(row('a', { state: 'verified' }))).toBe(false);
  });
  it('keep red for critical values', () => {
    expect([flagTone('HH'), flagTone('H'), flagTone('')]).toEqual(['tone-red', 'tone-orange', '']);
  });
});
