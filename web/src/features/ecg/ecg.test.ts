import { describe, expect, it } from 'vitest';
import { localPeak, march, nearestBeat, nudge, readCaliper, snap } from './caliper';
import { cellAt, msAt, plan, STANDARD, strokes, UNITS, uvAt, xAt, xOf, yAt } from './layout';
import { beatsOf, decodeWave, type Group } from './model';
import { fitScale, mmOfMs, mmOfUv, msOfMm, onGlass, screenScale, uvOfMm } from './paper';
import { rowsOf, signed, stOf, tableOf } from './values';

const group = (rate: number, seconds: number, f: (t: number) => number = () => 0): Group => ({
  kind: 'rhythm',
  rate,
  leads: STANDARD.map((name) => ({ name, uv: Float32Array.from({ length: rate * seconds }, (_, k) => f(k / rate)) })),
});

describe('paper', () => {
  it('1 s is 25 mm and 1 mV is 10 mm, both ways', () => {
    expect(mmOfMs(1000, 25)).toBe(25);
    expect(mmOfMs(200, 50)).toBe(10);
    expect(mmOfUv(1000, 10)).toBe(10);
    expect(mmOfUv(1000, 20)).toBe(20);
    expect(msOfMm(5, 25)).toBe(200);
    expect(uvOfMm(5, 10)).toBe(500);
  });
  it('the screen is only believed when it was measured and is plausible', () => {
    expect(screenScale(null).calibrated).toBe(false);
    expect(screenScale('4.2')).toEqual({ pxPerMm: 4.2, calibrated: true });
    expect(screenScale('0').calibrated).toBe(false);
    expect(screenScale('x').calibrated).toBe(false);
  });
  it('a fitted paper says what it measures on the glass', () => {
    const screen = { pxPerMm: 4, calibrated: true };
    expect(fitScale(800, 250, 4)).toBe(3.2);
    expect(onGlass(25, 3.2, screen)).toBe(20);
  });
});

describe('layout', () => {
  it('3x4+1: twelve cells of 2.5 s and a strip of 10 s, exact to the unit', () => {
    const d = plan(group(500, 10), { layout: '3x4+1', speed: 25, gain: 10 });
    expect(d.cells).toHaveLength(13);
    expect(d.second).toBe(2500);
    expect(d.millivolt).toBe(1000);
    const aVR = d.cells.find((c) => c.lead.name === 'aVR');
    expect([aVR?.fromMs, aVR?.toMs, aVR?.row, aVR?.tick]).toEqual([2500, 5000, 0, true]);
    expect((aVR?.x ?? 0) - (d.cells[0]?.x ?? 0)).toBe(62.5 * UNITS);
    expect(d.cells[12]).toMatchObject({ fromMs: 0, toMs: 10_000, row: 3, tick: false, width: 250 * UNITS });
  });
  it('6x2 and 12x1', () => {
    const six = plan(group(500, 10), { layout: '6x2', speed: 25, gain: 10 });
    expect(six.cells.map((c) => c.row)).toEqual([0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5]);
    expect(six.cells[6]).toMatchObject({ fromMs: 5000, toMs: 10_000 });
    const twelve = plan(group(1000, 10), { layout: '12x1', speed: 50, gain: 20 });
    expect(twelve.cells[11]).toMatchObject({ row: 11, width: 500 * UNITS, fromMs: 0, toMs: 10_000 });
  });
  it('a square wave of 1 mV and 1 s is 10.00 mm by 25.00 mm', () => {
    const d = plan(
      group(500, 10, (t) => (t >= 1 && t < 2 ? 1000 : 0)),
      { layout: '12x1', speed: 25, gain: 10 },
    );
    const c = d.cells[0];
    if (!c) throw new Error('no cell');
    const [run] = strokes(c, 500, d);
    const xs: number[] = [];
    const ys = new Set<number>();
    for (let k = 0; k < (run?.length ?? 0); k += 2) {
      ys.add(run?.[k + 1] ?? 0);
      if (run?.[k + 1] === c.baseline - 1000) xs.push(run?.[k] ?? 0);
    }
    expect(ys).toEqual(new Set([c.baseline, c.baseline - 10 * UNITS]));
    expect((xs[xs.length - 1] ?? 0) + 5 - (xs[0] ?? 0)).toBe(25 * UNITS);
  });
  it('odd rates are rounded from the index and never drift', () => {
    for (const rate of [240, 333, 1000]) {
      for (const k of [0, 7, rate, rate * 10 - 1]) expect(Math.abs(xOf(k, rate, 2500) - (k * 2500) / rate)).toBeLessThanOrEqual(0.5);
    }
  });
  it('the stroke ends at the column and at missing samples', () => {
    const g = group(500, 10);
    g.leads[0]?.uv.fill(Number.NaN, 100, 200);
    const d = plan(g, { layout: '3x4+1', speed: 25, gain: 10 });
    const c = d.cells[0];
    if (!c) throw new Error('no cell');
    const runs = strokes(c, 500, d);
    expect(runs).toHaveLength(2);
    const lastRun = runs[1] ?? [];
    expect(lastRun[lastRun.length - 2]).toBe(c.x + c.width);
  });
  it('finds the lead, time and voltage under a point and back', () => {
    const d = plan(group(500, 10), { layout: '3x4+1', speed: 25, gain: 10 });
    const v1 = d.cells.find((c) => c.lead.name === 'V1');
    if (!v1) throw new Error('no V1');
    const x = xAt(v1, d, 6000);
    const y = yAt(v1, d, 500);
    expect(cellAt(d, x, y)?.lead.name).toBe('V1');
    expect(msAt(v1, d, x)).toBeCloseTo(6000, 6);
    expect(uvAt(v1, d, y)).toBeCloseTo(500, 6);
    expect(cellAt(d, 0, 0)).toBeNull();
  });
  it('rows spread to fill the height; records without standard leads are shown', () => {
    const tall = plan(group(500, 10), { layout: '3x4+1', speed: 25, gain: 10, heightMm: 170 });
    expect((tall.cells[0]?.bottom ?? 0) - (tall.cells[0]?.top ?? 0)).toBeGreaterThan(30 * UNITS);
    const other: Group = { kind: 'rhythm', rate: 150, leads: [{ name: 'Ch 1', uv: new Float32Array(1500) }] };
    expect(plan(other, { layout: '3x4+1', speed: 25, gain: 10 }).cells).toHaveLength(1);
    expect(plan(other, { layout: '12x1', speed: 25, gain: 10 }).cells).toHaveLength(1);
  });
});

describe('calipers', () => {
  const rate = 500;
  // R peaks of 1 mV, 20 ms wide, each 850 ms from 300 ms.
  const uv = Float32Array.from({ length: 5000 }, (_, k) => {
    const ph = ((k * 1000) / rate + 550) % 850;
    return ph < 10 || ph > 840 ? 1000 * (1 - Math.min(ph, 850 - ph) / 10) : 0;
  });
  const beats = [300, 1150, 2000];
  const context = { uv, rate, beats, reachMs: 80, reachUv: 200, free: false };
  it('reads ms, bpm and mV', () => {
    expect(readCaliper({ lead: 'II', a: { ms: 300, uv: 0 }, b: { ms: 1150, uv: 1000 } })).toEqual({ ms: 850, bpm: 60_000 / 850, mv: 1 });
    expect(readCaliper({ lead: 'II', a: { ms: 0, uv: 0 }, b: { ms: 100, uv: 0 } })?.bpm).toBeNull();
    expect(readCaliper({ lead: 'II', a: { ms: 0, uv: 0 }, b: null })).toBeNull();
  });
  it('snaps to the R peak, without detected beats too, and not when free', () => {
    expect(snap({ ms: 1130, uv: 300 }, context)).toEqual({ ms: 1150, uv: 1000 });
    // A click at the very time of the peak takes its height too.
    expect(snap({ ms: 1150, uv: 0 }, context)).toEqual({ ms: 1150, uv: 1000 });
    // A detected beat some samples beside the peak of this lead still lands on the peak.
    expect(snap({ ms: 1130, uv: 300 }, { ...context, beats: [1140] })).toEqual({ ms: 1150, uv: 1000 });
    expect(snap({ ms: 1130, uv: 300 }, { ...context, beats: [] })).toEqual({ ms: 1150, uv: 1000 });
    expect(snap({ ms: 1130, uv: 300 }, { ...context, free: true })).toEqual({ ms: 1130, uv: 300 });
    expect(snap({ ms: 700, uv: 30 }, context)).toEqual({ ms: 700, uv: 0 });
    expect(snap({ ms: 700, uv: 900 }, context)).toEqual({ ms: 700, uv: 900 });
    expect(nearestBeat(beats, 500, 80)).toBeNull();
    expect(localPeak(uv, rate, 700, 60)).toBeNull();
  });
  it('moves by one sample along the trace', () => {
    const c = { lead: 'II', a: { ms: 300, uv: 1000 }, b: { ms: 1150, uv: 1000 } };
    expect(nudge(c, 'b', 1, uv, rate).b?.ms).toBe(1152);
    expect(nudge(c, 'a', -1000, uv, rate).a.ms).toBe(0);
  });
  it('marches out', () => {
    expect(march({ lead: 'II', a: { ms: 1150, uv: 0 }, b: { ms: 2000, uv: 0 } }, 0, 4000)).toEqual([300, 1150, 2000, 2850, 3700]);
  });
});

describe('wave blob', () => {
  const pack = (head: unknown, samples: number[]) => {
    const text = new TextEncoder().encode(JSON.stringify(head));
    const out = new ArrayBuffer(4 + text.length + samples.length * 2);
    const v = new DataView(out);
    v.setUint32(0, text.length, true);
    new Uint8Array(out, 4).set(text);
    samples.forEach((s, k) => {
      v.setInt16(4 + text.length + k * 2, s, true);
    });
    return out;
  };
  const head = {
    groups: [
      { kind: 'rhythm', rate_hz: 500, t0_ms: 0, leads: [{ name: 'I', nv_per_unit: 2500, offset_nv: 1000, count: 3, missing: [[1, 2]] }] },
    ],
    markers: [
      { what: 'r', group: 'rhythm', ms: 300 },
      { what: 'qrs_on', group: 'median', ms: 10 },
    ],
  };
  it('gives microvolts, gaps and beats', () => {
    const w = decodeWave(pack(head, [100, 5, -200]));
    expect([...(w.groups[0]?.leads[0]?.uv ?? [])]).toEqual([251, Number.NaN, -499]);
    expect(beatsOf(w)).toEqual([300]);
  });
  it('refuses lengths that do not hold', () => {
    expect(() => decodeWave(pack(head, [1, 2]))).toThrow('shorter');
    expect(() => decodeWave(new ArrayBuffer(2))).toThrow('empty');
    expect(() => decodeWave(new Uint8Array([255, 255, 255, 0, 1]).buffer)).toThrow('longer');
  });
});

describe('values', () => {
  const m = (what: string, number: number | null, source: 'vendor' | 'server' | 'physician', unit = 'ms') => ({
    what,
    number,
    unit,
    source,
  });
  it('marks differences beyond 20 ms, 5 bpm, 30 degrees', () => {
    const t = tableOf([
      m('qrs', 75, 'vendor'),
      m('qrs', 98, 'server'),
      m('hr', 71, 'vendor'),
      m('hr', 70, 'server'),
      m('axis_qrs', 170, 'vendor'),
      m('axis_qrs', -170, 'server'),
      m('pr', null, 'server'),
    ]);
    expect(t.find((r) => r.what === 'qrs')).toMatchObject({ vendor: 75, server: 98, differs: true });
    expect(t.find((r) => r.what === 'hr')?.differs).toBe(false);
    expect(t.find((r) => r.what === 'axis_qrs')?.differs).toBe(false);
    expect(t.find((r) => r.what === 'pr')).toMatchObject({ absent: true, differs: false });
  });
  it('lists ST by lead in mV and marks 0.1 mV', () => {
    expect(stOf([m('st_j60_II', 180, 'server', 'uV'), m('st_j60_V1', -0.05, 'server', 'mV')])).toEqual([
      { lead: 'II', mv: 0.18, marked: true },
      { lead: 'V1', mv: -0.05, marked: false },
    ]);
  });
  it('takes the compared values of the server when there are any', () => {
    const values = [
      { what: 'qrs', unit: 'ms', vendor: 75, server: 98, physician: 92, differs: true },
      { what: 'pr', unit: 'ms', vendor: null, server: null, physician: null, differs: false },
    ];
    const rows = rowsOf({ values, measurements: [] });
    expect(rows.find((r) => r.what === 'qrs')).toMatchObject({
      vendor: 75,
      server: 98,
      physician: 92,
      differs: true,
      physicianDiffers: false,
    });
    expect(rows.find((r) => r.what === 'pr')).toMatchObject({ absent: true, differs: false });
  });
  it('marks a physician who differs from the device, axes the shorter way round', () => {
    const t = tableOf([
      m('qt', 380, 'vendor'),
      m('qt', 385, 'server'),
      m('qt', 420, 'physician'),
      m('axis_t', 170, 'server'),
      m('axis_t', -170, 'physician'),
    ]);
    expect(t.find((r) => r.what === 'qt')).toMatchObject({ differs: false, physicianDiffers: true });
    expect(t.find((r) => r.what === 'axis_t')?.physicianDiffers).toBe(false);
    expect(signed('ms', 380, 420)).toBe('+40');
    expect(signed('deg', 170, -170)).toBe('+20');
    expect(signed('deg', -170, 150)).toBe('−40');
  });
});
