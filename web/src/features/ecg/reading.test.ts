import { describe, expect, it } from 'vitest';
import { filter, inks, NO_FILTER, sectionsOf } from './filters';
import { CABRERA, durationMs, plan, STANDARD, sheetMs, strokes, trace, withTurnedAvr } from './layout';
import { intervals, liveOf, moveMark, rateOf, sameMarks, sent, withoutP } from './marks';
import { type Group, marksOf, medianOf } from './model';
import { envelope, pyramid } from './pyramid';
import { daily, type Statement, search } from './statements';
import { exchanged, SWAPS, swapName } from './swap';

const RATE = 500;
const wave = (hz: number, uv: number, seconds = 10, rate = RATE) =>
  Float32Array.from({ length: rate * seconds }, (_, k) => uv * Math.sin((2 * Math.PI * hz * k) / rate));
/** Peak in the middle half, where the ends have no say. */
const peak = (uv: Float32Array) => Math.max(...uv.subarray(uv.length / 4, (uv.length * 3) / 4).map(Math.abs));
const group = (leads: [string, Float32Array][], rate = RATE): Group => ({
  kind: 'rhythm',
  rate,
  leads: leads.map(([name, uv]) => ({ name, uv })),
});

describe('filters of the screen', () => {
  const of = (f: Partial<typeof NO_FILTER>) => sectionsOf({ ...NO_FILTER, ...f }, RATE);
  it('mains goes, the beat stays', () => {
    expect(peak(filter(wave(50, 100), of({ ac: true }), RATE))).toBeLessThan(1);
    expect(peak(filter(wave(10, 100), of({ ac: true }), RATE))).toBeGreaterThan(98);
  });
  it('the muscle filter is 3 dB down at its corner', () => {
    for (const emg of [35, 40] as const) {
      const at = peak(filter(wave(emg, 1000), of({ emg }), RATE));
      expect(20 * Math.log10(at / 1000)).toBeCloseTo(-3, 0);
      expect(peak(filter(wave(5, 1000), of({ emg }), RATE))).toBeGreaterThan(990);
    }
  });
  it('wander goes without moving a wave in time or leaving an offset', () => {
    expect(peak(filter(wave(0.1, 1000, 60), of({ wander: true }), RATE))).toBeLessThan(30);
    const beat = new Float32Array(5000).fill(3000);
    for (let k = 0; k < 20; k++) beat[2490 + k] = 4000;
    const out = filter(beat, of({ wander: true }), RATE);
    const top = out.indexOf(Math.max(...out));
    expect(Math.abs(top - 2499.5)).toBeLessThan(11);
    expect(Math.abs(out[500] ?? 9)).toBeLessThan(10);
  });
  it('a filter the rate cannot carry is left out', () => {
    expect(sectionsOf({ ac: true, emg: 40, wander: false }, 100)).toHaveLength(0);
  });
  it('gaps stay gaps and the samples measured are never touched', () => {
    const uv = wave(50, 100);
    uv.fill(Number.NaN, 1000, 1100);
    const kept = uv.slice();
    const out = filter(uv, of({ ac: true, wander: true }), RATE);
    expect(out.subarray(1000, 1100).every((v) => Number.isNaN(v))).toBe(true);
    expect(Number.isNaN(out[999] ?? Number.NaN)).toBe(false);
    expect(uv).toEqual(kept);
  });
  it('filters only a window of a long recording, at its place', () => {
    const g = group([['II', wave(1, 500, 120)]]);
    const ink = inks(g, { ...NO_FILTER, ac: true }, 60_000, 70_000).get('II');
    expect(ink?.from).toBe(57 * RATE);
    expect(ink?.uv.length).toBe(16 * RATE);
    expect(inks(g, NO_FILTER, 0, 10_000).get('II')?.uv).toBe(g.leads[0]?.uv);
  });
});

describe('long recordings', () => {
  const uv = Float32Array.from({ length: 200_000 }, (_, k) => Math.sin(k / 7) * 100);
  uv[123_456] = 900;
  uv.fill(Number.NaN, 10_000, 20_000);
  const levels = pyramid(uv);
  it('each level is sixteen times coarser and none is useless', () => {
    expect(levels.map((l) => l.per)).toEqual([16, 256]);
    expect(levels.map((l) => l.low.length)).toEqual([12_500, 782]);
  });
  it('a single high sample is seen at every width, a gap stays a gap', () => {
    for (const columns of [50, 800, 3000]) {
      const e = envelope(uv, levels, 0, uv.length, columns);
      expect(e.high[Math.floor((123_456 / uv.length) * columns)]).toBe(900);
      expect(Number.isNaN(e.high[Math.floor((15_000 / uv.length) * columns)] ?? 0)).toBe(true);
    }
  });
  it('the sheet holds ten seconds, twenty at 12.5 mm/s, and moves within the recording', () => {
    const g = group([['II', wave(1, 500, 60)]]);
    expect(durationMs(g)).toBe(60_000);
    expect([sheetMs(g, 25), sheetMs(g, 50), sheetMs(g, 12.5)]).toEqual([10_000, 10_000, 20_000]);
    const d = plan(g, { layout: '3x4+1', speed: 25, gain: 10, fromMs: 999_999 });
    const strip = d.cells[d.cells.length - 1];
    expect([strip?.fromMs, strip?.toMs]).toEqual([50_000, 60_000]);
  });
});

describe('traces', () => {
  it('an offset moves the trace to its baseline', () => {
    const g = group([['II', new Float32Array(5000).fill(4200)]]);
    const d = plan(g, { layout: '12x1', speed: 25, gain: 10 });
    const c = d.cells[0];
    if (!c) throw new Error('no cell');
    expect(new Set(strokes(c, RATE, d)[0]?.filter((_, k) => k % 2 === 1))).toEqual(new Set([c.baseline]));
  });
  it('many samples on a pixel keep the same highest and lowest point with fewer segments', () => {
    const uv = wave(7, 300, 10, 1000);
    uv[4321] = 1500;
    const g = group([['II', uv]], 1000);
    const d = plan(g, { layout: '12x1', speed: 25, gain: 10 });
    const c = d.cells[0];
    if (!c) throw new Error('no cell');
    const ys: number[] = [];
    const pen = { moveTo: (_: number, y: number) => ys.push(y), lineTo: (_: number, y: number) => ys.push(y) };
    const scale = 3.5 / 100;
    trace(c, { uv, from: 0, level: 0 }, 1000, d, scale, pen);
    expect(ys.length).toBeLessThan(875 * 4 + 8);
    expect(Math.min(...ys)).toBeCloseTo((c.baseline - 1500) * scale, 6);
  });
  it('Cabrera: aVL I -aVR II aVF III, aVR turned round', () => {
    const g = withTurnedAvr(group(STANDARD.map((name, n) => [name, new Float32Array(5000).fill(n)])));
    const d = plan(g, { layout: 'cabrera', speed: 25, gain: 10 });
    expect(d.cells.map((c) => c.lead.name)).toEqual([...CABRERA]);
    expect(g.leads.find((l) => l.name === '-aVR')?.uv[0]).toBe(-3);
  });
});

describe('exchange preview', () => {
  // Potentials of the electrodes; leads follow from them as Einthoven and Goldberger define.
  const leadsOf = (ra: number, la: number, ll: number): Record<string, number> => ({
    I: la - ra,
    II: ll - ra,
    III: ll - la,
    aVR: ra - (la + ll) / 2,
    aVL: la - (ra + ll) / 2,
    aVF: ll - (ra + la) / 2,
  });
  const make = (values: Record<string, number>) => group(Object.entries(values).map(([n, v]) => [n, new Float32Array(4).fill(v)]));
  const right = leadsOf(3, -7, 20);
  it.each([
    ['ra_la', leadsOf(-7, 3, 20)],
    ['ra_ll', leadsOf(20, -7, 3)],
    ['la_ll', leadsOf(3, 20, -7)],
  ] as const)('%s of an exchanged recording gives the right one back', (kind, wrong) => {
    for (const lead of exchanged(make(wrong), kind).leads) expect([lead.name, lead.uv[0]]).toEqual([lead.name, right[lead.name]]);
  });
  it('chest leads change places, the recording itself stays', () => {
    const g = make({ V1: 1, V2: 2, V3: 3 });
    expect(exchanged(g, 'v1_v3').leads.map((l) => l.uv[0])).toEqual([3, 2, 1]);
    expect(g.leads.map((l) => l.uv[0])).toEqual([1, 2, 3]);
    expect(SWAPS.map(swapName)).toContain('RA/LA');
  });
});

describe('marks of the median beat', () => {
  const marks = { p_on: 100, p_off: 200, qrs_on: 260, qrs_off: 360, t_off: 660 };
  it('gives PR, QRS, QT and QTc', () => {
    expect(intervals(marks, 60)).toEqual({ pr: 160, qrs: 100, qt: 400, qtcb: 400, qtcf: 400 });
    expect(Math.round(intervals(marks, 75).qtcb ?? 0)).toBe(447);
    expect(Math.round(intervals(marks, 75).qtcf ?? 0)).toBe(431);
    expect(intervals(withoutP(marks), null)).toEqual({ pr: null, qrs: 100, qt: 400, qtcb: null, qtcf: null });
  });
  it('takes a rate from a physician and corrects QT by it', () => {
    expect([rateOf('150'), rateOf(' 48 '), rateOf('9'), rateOf('401'), rateOf('7x'), rateOf('')]).toEqual([
      150,
      48,
      null,
      null,
      null,
      null,
    ]);
    const live = liveOf(null, 150, 75, 400);
    expect(live?.hr).toBe(150);
    expect(Math.round(live?.qtcf ?? 0)).toBe(543);
    expect('qt' in (live ?? {})).toBe(false);
    expect(liveOf(null, null, 75, 400)).toBeNull();
    const moved = liveOf({ qrs_on: 400, qrs_off: 500, t_off: 800 }, 60, 75, 300);
    expect(moved).toMatchObject({ hr: 60, qt: 400, qtcf: 400 });
  });
  it('moves by whole samples and not past its neighbours', () => {
    expect(moveMark(marks, 'qrs_on', 262, RATE, 1200).qrs_on).toBe(262);
    expect(moveMark(marks, 'qrs_on', 262.9, RATE, 1200).qrs_on).toBe(262);
    expect(moveMark(marks, 'qrs_on', 900, RATE, 1200).qrs_on).toBe(358);
    expect(moveMark(marks, 'p_on', -50, RATE, 1200).p_on).toBe(0);
    expect(moveMark(marks, 't_off', 5000, RATE, 1200).t_off).toBe(1198);
    expect(sameMarks(marks, moveMark(marks, 'p_on', 100, RATE, 1200))).toBe(true);
  });
  it('sends only marks that are there', () => {
    expect(sent(withoutP(marks))).toEqual({ qrs_on: 260, qrs_off: 360, t_off: 660 });
  });
  it('reads the marks of the wave by kind or index of its group', () => {
    const median = { kind: 'median', rate: RATE, leads: [] };
    const w = {
      groups: [{ kind: 'rhythm', rate: RATE, leads: [] }, median],
      markers: [
        { what: 'qrs_on', group: 1, ms: 260 },
        { what: 't_off', group: 'median', ms: 660 },
        { what: 'p_on', group: 0, ms: 1 },
      ],
    };
    expect(marksOf(w)).toEqual({ qrs_on: 260, t_off: 660 });
    expect(medianOf(w)).toBe(median);
  });
});

describe('statements', () => {
  const s = (code: string, aha: number, zh: string, en: string, pinyin: string, initials: string): Statement => ({
    ...{ code, aha, zh, en, pinyin, initials },
    group: 'rhythm',
    urgency: null,
  });
  const all = [
    s('other', 400, '其他', 'other', 'qi ta', 'qt'),
    s('af', 50, '心房颤动', 'atrial fibrillation', 'xin fang chan dong', 'xfcd'),
    s('sinus', 20, '窦性心律', 'sinus rhythm', 'dou xing xin lv', 'dxxl'),
    s('sinus_brady', 22, '窦性心动过缓', 'sinus bradycardia', 'dou xing xin dong guo huan', 'dxxdgh'),
  ];
  it('offers the daily ones first, in the order of a reading', () => {
    expect(daily(all).map((x) => x.code)).toEqual(['sinus', 'sinus_brady', 'af']);
  });
  it('finds by initials, Chinese, English, pinyin, code and AHA number, best first', () => {
    const codes = (q: string) => search(all, q).map((x) => x.code);
    expect(codes('dxx')).toEqual(['sinus', 'sinus_brady']);
    expect(codes('颤动')).toEqual(['af']);
    expect(codes('brady')).toEqual(['sinus_brady']);
    expect(codes('xinfang')).toEqual(['af']);
    expect(codes('50')).toEqual(['af']);
    expect(codes('zzzz')).toEqual([]);
  });
});
