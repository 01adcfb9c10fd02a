import { describe, expect, it } from 'vitest';
import { bySeries, type Card, day, type Image, sides, targets } from './model';

const image = (id: string, series: string): Image => ({
  id,
  uid: id,
  number: 1,
  version: 1,
  current: true,
  hidden: '',
  frames: 1,
  received_at: 0,
  series,
  series_number: 1,
  modality: 'CR',
  series_description: '',
});

describe('quarantine model', () => {
  it('writes DICOM dates as people do and leaves the rest alone', () => {
    expect(day('19630210')).toBe('1963-02-10');
    expect(day('196302')).toBe('196302');
    expect(day('')).toBe('');
  });

  it('puts images of one series together wherever they stand', () => {
    const groups = bySeries([image('1', 'a'), image('2', 'b'), image('3', 'a')]);
    expect(groups.map((g) => [g.series, g.images.map((i) => i.id)])).toEqual([
      ['a', ['1', '3']],
      ['b', ['2']],
    ]);
  });

  it('marks what contradicts, not what is only absent or spelt with a caret', () => {
    const card = {
      study: {
        accession: '',
        study_date: '20260831',
        description: '胸部',
        station: '',
        patient: { name: '王小东', local_id: 'P1', identified: true, sex: 'M', birth_date: '' },
      },
      said: {
        name: '王^小东',
        patient_id: 'P2',
        sex: '',
        birth_date: '19630210',
        accession: 'A1',
        study_date: '20260831',
        description: '胸部',
        station: '',
      },
    } as unknown as Card;
    expect(
      sides(card)
        .filter((r) => r.differs)
        .map((r) => r.key),
    ).toEqual(['id']);
  });

  it('offers a held object the study whose number it bears first, and no study twice', () => {
    const found = (id: string) => ({ id, study_date: '', modality: 'CR', description: '', images: 1, name: '', local_id: '' });
    const study = { ...found('a'), patient: { name: '王小东', local_id: 'P1' } };
    const card = { study, others: [found('b'), found('a')] } as unknown as Card;
    expect(targets(card).map((s) => [s.id, s.local_id])).toEqual([
      ['a', 'P1'],
      ['b', ''],
    ]);
    expect(targets({ ...card, study: null }).map((s) => s.id)).toEqual(['b', 'a']);
  });
});
