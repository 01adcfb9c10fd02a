import { describe, expect, it } from 'vitest';
import { dayStart, isoDay, type QualityRow, share, totalOf } from './statistics';
import { type Answer, electrodesIn, faceOf, faulty, handOver, type Shot, stays, takeOver, tooMany, withoutCall } from './upload';

const shot = (part: Partial<Shot>): Shot => ({
  n: 1,
  name: 'a.scp',
  size: 1,
  wish: { order: null, chestPain: false, redoOf: null },
  at: 0,
  ms: null,
  answer: null,
  error: null,
  kept: false,
  ...part,
});
// As the server answered an upload of a recording whose V3 electrode was off.
const POOR: Answer = {
  record: 'r1',
  state: 'redo',
  quality: {
    verdict: 'redo',
    reasons: [
      {
        code: 'lead_off',
        lead: 'V3',
        electrode: 'C3',
        text_zh: '请重做:V3 电极脱落(C3)',
        text_en: 'record again: electrode of V3 (C3) is off',
      },
    ],
    banner: null,
  },
  swap: null,
  triage: 'normal',
  format: 'SCP-ECG',
  warnings: [],
};

describe('verdict card', () => {
  it('knows what to say', () => {
    expect(faceOf(shot({}))).toBe('sending');
    expect(faceOf(shot({ answer: POOR }))).toBe('redo');
    expect(faceOf(shot({ answer: { ...POOR, quality: { verdict: 'good', reasons: [] } } }))).toBe('good');
    expect(faceOf(shot({ answer: { state: 'quarantined', stage: 'decode', reason: 'x', quarantine: 'q' } }))).toBe('refused');
    expect(faceOf(shot({ error: new Error('x') }))).toBe('failed');
    expect(faceOf(shot({ answer: { state: 'pending' } }))).toBe('sending');
    expect(faceOf(shot({ answer: { state: 'pending' }, ms: 40_000 }))).toBe('noted');
  });
  it('asks for a repetition when electrodes are exchanged, however clean the signal is', () => {
    const swap = { kind: 'ra_la', electrodes: 'RA/LA', text_zh: '', text_en: '' };
    const answer: Answer = { ...POOR, quality: { verdict: 'good', reasons: [] }, swap };
    expect(faceOf(shot({ answer }))).toBe('redo');
    expect(faulty(answer)).toEqual(['RA', 'LA']);
  });
  it('names the electrode however it is written', () => {
    expect(faulty(POOR)).toEqual(['V3']);
    expect(electrodesIn(['C1', 'v2', 'LL'])).toEqual(['LL', 'V1', 'V2']);
    expect(electrodesIn(null)).toEqual([]);
    expect(electrodesIn('C7 X')).toEqual([]);
  });
  it('does not say twice that it must be done again', () => {
    expect(withoutCall('请重做:V3 电极脱落(C3)')).toBe('V3 电极脱落(C3)');
    expect(withoutCall('record again: electrode off')).toBe('electrode off');
    expect(withoutCall('V1:工频干扰')).toBe('V1:工频干扰');
  });
  it('gives one order, or one repetition, to one file only', () => {
    const none = { order: null, chestPain: true, redoOf: null };
    expect(tooMany(5, none)).toBe(false);
    expect(tooMany(1, { ...none, order: 'o' })).toBe(false);
    expect(tooMany(2, { ...none, order: 'o' })).toBe(true);
    expect(tooMany(2, { ...none, redoOf: 'r' })).toBe(true);
  });
  it('says when the attempt named was not replaced', () => {
    const wish = { order: null, chestPain: false, redoOf: 'r0' };
    expect(stays(shot({ wish, answer: { ...POOR, redo_of: 'r0' } }))).toBe(false);
    expect(stays(shot({ wish, answer: { ...POOR, redo_of: null } }))).toBe(true);
    const warnings = [{ code: 'redo_other_patient', text_zh: 'x', text_en: 'x' }];
    expect(stays(shot({ wish, answer: { ...POOR, redo_of: null, warnings } }))).toBe(false);
  });
  it('hands files over to the next page once', () => {
    handOver([{ name: 'x' } as File]);
    expect(takeOver()).toHaveLength(1);
    expect(takeOver()).toHaveLength(0);
  });
});

describe('quality figures', () => {
  const row = (part: Partial<QualityRow>): QualityRow => ({
    facility: 'f',
    facility_name: 'f',
    operator: '',
    total: 10,
    good: 7,
    usable: 1,
    redo: 2,
    redone: 1,
    median_minutes_to_redo: 4,
    reasons: [{ code: 'lead_off', electrode: 'C3', count: 2 }],
    ...part,
  });
  it('sums rows and reasons, and makes no median of medians', () => {
    const sum = totalOf([row({}), row({ total: 5, good: 5, reasons: [{ code: 'lead_off', electrode: 'C3', count: 1 }] })]);
    expect(sum).toMatchObject({ total: 15, good: 12, redo: 4, median_minutes_to_redo: null });
    expect(sum.reasons).toEqual([{ code: 'lead_off', electrode: 'C3', count: 3 }]);
    expect([share(1, 3), share(0, 0)]).toEqual(['33.3%', '']);
  });
  it('counts days as the clinics do', () => {
    expect(isoDay(Date.UTC(2026, 10, 25, 16, 0))).toBe('2026-11-26');
    expect(dayStart('2026-11-26')).toBe(Date.UTC(2026, 10, 25, 16, 0));
  });
});
