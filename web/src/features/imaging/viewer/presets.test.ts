import { describe, expect, it } from 'vitest';
import { instance } from './fixture';
import { hang, orderSeries, panesOf, sideOf, unsided } from './hanging';
import { cacheBytes, frameBytes, prefetchFrames, prefetchOrder } from './memory';
import { numbersOf } from './metadata';
import { openingWindow, percentileWindow, presetsFor } from './presets';
import { FrameQueue } from './queue';
import { framesOf, parseImageId } from './stack';

describe('presets', () => {
  it('CT: nine fixed digits, the opened window under 0', () => {
    const p = presetsFor('CT', instance(), { center: 50, width: 350 });
    expect(p.map((x) => x.key)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(p.find((x) => x.key === 1)).toMatchObject({ id: 'lung', width: 1500, center: -600 });
    expect(p.find((x) => x.key === 8)).toMatchObject({ id: 'bone', width: 2000, center: 400 });
  });
  it("MR and DX: the file's windows under 1..", () => {
    const i = instance({
      windows: [
        { center: 100, width: 200, label: 'A' },
        { center: 1, width: 0, label: 'broken' },
      ],
    });
    expect(presetsFor('MR', i, null)).toEqual([{ id: 'file', key: 1, width: 200, center: 100, label: 'A' }]);
  });
  it("opens with the file's window, else with percentiles, CT with soft tissue", () => {
    const own = instance({
      windows: [
        { center: 0, width: 0, label: '' },
        { center: 30, width: 300, label: '' },
      ],
    });
    expect(openingWindow('CT', own, null)).toEqual({ center: 30, width: 300 });
    expect(openingWindow('CT', instance(), null)).toEqual({ center: 40, width: 400 });
    const ramp = Int16Array.from({ length: 10_001 }, (_, k) => k);
    const w = openingWindow('DX', instance(), ramp);
    expect(w.center).toBeCloseTo(5000, -2);
    expect(Math.abs(w.width - 9900)).toBeLessThan(20);
    expect(openingWindow('US', instance({ bits_stored: 8, signed: false }), ramp)).toEqual({ center: 128, width: 256 });
    // Uptake values have a usual window; activity has the device's, or none.
    for (const units of ['SUVBW', 'GML', 'g/ml'])
      expect(openingWindow('PT', { ...own, units }, ramp), units).toEqual({ center: 3.5, width: 7 });
    expect(openingWindow('PT', { ...own, units: 'BQML' }, ramp)).toEqual({ center: 30, width: 300 });
    expect(openingWindow('PT', instance({ units: 'BQML' }), ramp)).toEqual(openingWindow('DX', instance(), ramp));
    expect(presetsFor('PT', { ...own, units: 'BQML' }, null).some((p) => p.id === 'suv7')).toBe(false);
  });
  it('percentiles leave padding out and survive a flat image', () => {
    const a = new Int16Array(1000).fill(-2000);
    for (let k = 0; k < 500; k++) a[k] = k;
    const w = percentileWindow(a, { low: -2001, high: -2000 });
    expect(w.center - w.width / 2).toBeGreaterThanOrEqual(0);
    expect(percentileWindow(new Int16Array(10).fill(7), null)).toEqual({ center: 7, width: 1 });
  });
});

const s = (id: string, modality: string, number: number | null, count: number, description = '', laterality = '', frames = count) => ({
  id,
  modality,
  number,
  description,
  laterality,
  instance_count: count,
  frames,
});

describe('hanging', () => {
  it('CT: the largest series alone, the scout only in the strip', () => {
    const h = hang('CT', 'CHEST', [s('thin', 'CT', 3, 200), s('scout', 'CT', 1, 2, 'Scout'), s('thick', 'CT', 2, 40)]);
    expect(h.layout).toBe('1x1');
    expect(h.panes.map((p) => [p?.series.id, p?.start])).toEqual([['thin', null]]);
    expect(h.order.map((x) => x.id)).toEqual(['scout', 'thick', 'thin']);
  });
  it('chest film: PA beside lateral, from one series or two', () => {
    expect(hang('DX', 'CHEST', [s('a', 'DX', 1, 2)]).panes.map((p) => [p?.series.id, p?.start])).toEqual([
      ['a', 0],
      ['a', 1],
    ]);
    expect(hang('DX', 'CHEST', [s('lat', 'DX', 2, 1), s('pa', 'DX', 1, 1)]).panes.map((p) => p?.series.id)).toEqual(['pa', 'lat']);
    expect(hang('DX', 'CHEST', [s('pa', 'DX', 1, 1)]).layout).toBe('1x1');
    // The lateral view was taken first, and the device names no body part.
    const images = ['LL', 'PA'].map((view) => ({ id: view, view, laterality: '', orientation: '' }));
    const both = hang('DX', '', [{ ...s('both', 'DX', 1, 2, '\u80f8\u90e8\u6b63\u4fa7\u4f4d'), images }]);
    expect([both.layout, ...both.panes.map((p) => p?.instance)]).toEqual(['1x2', 'PA', 'LL']);
    const apart = hang('CR', 'CHEST', [s('a', 'CR', 1, 1, 'CHEST LAT'), s('b', 'CR', 2, 1, 'CHEST PA')]);
    expect(apart.panes.map((p) => p?.series.id)).toEqual(['b', 'a']);
    expect(hang('DX', 'HAND', [s('a', 'DX', 1, 2)]).layout).toBe('1x1');
  });
  it('mammography: RCC LCC RMLO LMLO, a missing side is told', () => {
    const four = [
      s('1', 'MG', 1, 1, 'L MLO', 'L'),
      s('2', 'MG', 2, 1, 'R MLO', 'R'),
      s('3', 'MG', 3, 1, 'L CC', 'L'),
      s('4', 'MG', 4, 1, 'R CC', 'R'),
    ];
    const h = hang('MG', 'BREAST', four);
    expect(h.layout).toBe('2x2');
    expect(h.panes.map((p) => p?.series.id)).toEqual(['4', '3', '2', '1']);
    expect(unsided('MG', four)).toEqual([]);
    expect(unsided('MG', [...four, s('x', 'MG', 1, 1, 'CC')])).toEqual(['x']);
    expect(unsided('DX', [s('x', 'DX', 1, 1, 'HAND')])).toEqual([]);
  });
  it('a side is what the tags say, else a word that means nothing else', () => {
    for (const [tag, text, side] of [
      ['L', 'R CC', 'L'],
      ['r', '', 'R'],
      ['B', 'L CC', ''],
      ['U', 'L CC', ''],
      ['', 'L CC', 'L'],
      ['', 'CC_R', 'R'],
      ['', 'LEFT MLO', 'L'],
      ['', 'MLO (RIGHT)', 'R'],
      ['', '\u5de6\u4e73 CC', 'L'],
      ['', '\u53f3\u4fa7 MLO', 'R'],
      ['', 'LM', ''],
      ['', 'LOW DOSE CC', ''],
      ['', 'ROLLED MLO', ''],
      ['', 'R AND L', ''],
      ['', '\u5de6\u53f3\u4e73', ''],
      ['', '', ''],
    ] as const)
      expect(sideOf(tag, text), `${tag} ${text}`).toBe(side);
  });
  it('a mammogram of no known side takes a free place, as it is, and is told', () => {
    const h = hang('MG', 'BREAST', [
      s('lm', 'MG', 1, 1, 'LM'),
      s('rcc', 'MG', 2, 1, 'R CC'),
      s('lcc', 'MG', 3, 1, 'L CC'),
      s('rmlo', 'MG', 4, 1, 'R MLO'),
    ]);
    expect(h.panes.map((p) => p?.series.id)).toEqual(['rcc', 'lcc', 'rmlo', 'lm']);
    expect([h.panes[3]?.mirror, h.panes[3]?.lean]).toEqual([undefined, undefined]);
    expect(unsided('MG', h.order)).toEqual(['lm']);
  });
  it('reports, presentation states and documents are no images', () => {
    const film = s('pa', 'DX', 1, 1);
    const others = [s('sr', 'SR', 2, 3, '', '', 0), s('pr', 'PR', 3, 1, '', '', 0), s('doc', 'DOC', 0, 1, '', '', 0)];
    const h = hang('DX', 'CHEST', [...others, film]);
    expect([h.layout, h.order.map((x) => x.id), h.panes.map((p) => p?.series.id)]).toEqual(['1x1', ['pa'], ['pa']]);
    expect(hang('CT', '', others).panes).toEqual([]);
  });
  it('nothing matches: 1x1; no series: no pane', () => {
    expect(hang('XC', '', [s('a', 'XC', 1, 3)])).toMatchObject({ rule: null, layout: '1x1' });
    expect(hang('CT', '', []).panes).toEqual([]);
    expect(panesOf('2x2')).toBe(4);
    expect(orderSeries([s('b', 'CT', null, 1), s('a', 'CT', 4, 1)]).map((x) => x.id)).toEqual(['a', 'b']);
  });
});

describe('stack', () => {
  it('orders by number, then position; frames of an instance stay together', () => {
    const at = (id: string, number: number | null, z: number, frames = 1) =>
      instance({ id, number, frames, position: [0, 0, z], orientation: [1, 0, 0, 0, 1, 0] });
    const list = framesOf({ series: 's', partial: false, instances: [at('c', null, 30), at('a', null, 10, 2), at('b', null, 20)] });
    expect(list.map((f) => f.imageId)).toEqual(['yg:a/1', 'yg:a/2', 'yg:b/1', 'yg:c/1']);
    expect(framesOf({ series: 's', partial: false, instances: [at('x', 2, 0), at('y', 1, 5)] }).map((f) => f.instance.id)).toEqual([
      'y',
      'x',
    ]);
    expect(parseImageId('yg:abc/12')).toEqual({ instance: 'abc', frame: 12 });
    expect(parseImageId('wadouri:abc')).toBeNull();
  });
});

describe('numbers of images', () => {
  it('are those of the file, where no other image of the series has the same', () => {
    const refs = framesOf({
      series: 's',
      partial: false,
      instances: [
        instance({ id: 'a', number: 7, frames: 2 }),
        instance({ id: 'b', number: 9 }),
        instance({ id: 'c', number: 9 }),
        instance({ id: 'd', number: null }),
      ],
    });
    expect([...numbersOf(refs)]).toEqual([['a', 7]]);
  });
});

describe('memory and queue', () => {
  it('caps the cache', () => {
    expect(cacheBytes(undefined)).toBe(512 * 1024 * 1024);
    expect(cacheBytes(4)).toBe(1024 * 1024 * 1024);
    expect(cacheBytes(2)).toBe(512 * 1024 * 1024);
    expect(prefetchFrames(1000, 100, 20)).toBe(7);
  });
  it('counts what a frame takes: values, floats, drawn pictures', () => {
    const i = (more: Parameters<typeof instance>[0] = {}) => instance({ rows: 10, cols: 10, ...more });
    expect([false, true].map((cpu) => frameBytes(i(), cpu))).toEqual([200, 200]);
    expect([false, true].map((cpu) => frameBytes(i({ slope: 0.5 }), cpu))).toEqual([400, 600]);
    expect([false, true].map((cpu) => frameBytes(i({ samples: 3, bits_allocated: 8, photometric: 'RGB' }), cpu))).toEqual([300, 400]);
    expect([false, true].map((cpu) => frameBytes(i({ rendered_for: ['overlay'] }), cpu))).toEqual([300, 400]);
  });
  it('prefetches three in the direction of scrolling, then rings', () => {
    expect(prefetchOrder(5, 10, 1, 99)).toEqual([6, 7, 8, 4, 3, 2, 9, 1, 0]);
    expect(prefetchOrder(5, 10, -1, 4)).toEqual([4, 3, 2, 6]);
  });
  it('runs the shown frame before the rest and drops what is no longer wanted', async () => {
    const q = new FrameQueue(1);
    const done: string[] = [];
    const job = (key: string, rank: number) =>
      q.run(key, rank, async () => {
        await Promise.resolve();
        done.push(key);
      });
    const all = [job('a', 20), job('b', 20), job('c', 20), job('d', 20)];
    const dropped = expect(all[1]).rejects.toThrow('request dropped');
    q.raise('d', 0);
    q.drop((k) => k === 'b');
    await Promise.all([all[0], all[2], all[3], dropped]);
    expect(done).toEqual(['a', 'd', 'c']);
  });
});
