import { describe, expect, it } from 'vitest';
import { catalogue } from '../../../i18n';
import { insertText } from '../words';
import { instance } from './fixture';
import type { Measurement } from './port';
import { compareSets, keyOf, partOf } from './sets';
import type { FrameRef, Triple } from './stack';
import { type Volume, volumeOf } from './volume';

const SLICES = 10;

/** A series of so many points in time, place by place; those of `hidden` are not there. */
const series = (phases: number, hidden: number[] = [], slices = SLICES): FrameRef[] =>
  Array.from({ length: slices * phases }, (_, k) => ({ place: Math.floor(k / phases), phase: (k % phases) + 1 }))
    .filter(({ phase }) => !hidden.includes(phase))
    .map(({ place, phase }, image) => ({
      imageId: `yg:${place}-${phase}/1`,
      frame: 1,
      image,
      instance: instance({
        id: `${place}-${phase}`,
        rows: 12,
        cols: 16,
        position: [-5, -4, place * 2.5] as Triple,
        orientation: [1, 0, 0, 0, 1, 0],
        pixel_spacing: [0.7, 0.7],
        set: `time ${phase}`,
      }),
    }));

const volume = (frames: FrameRef[], phase: number): Volume => {
  const shown = frames.find((f) => f.instance.set === `time ${phase}`);
  const v = volumeOf(frames, 1024 ** 3, shown);
  if (typeof v === 'string') throw new Error(v);
  return v;
};

const say =
  (language: 'zh-CN' | 'en') =>
  (key: string, values: Record<string, unknown> = {}): string =>
    (catalogue(language)[key] ?? `no word for ${key}`).replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(values[name]));

describe('twelve points in time', () => {
  it('are each called what the images say', () => {
    const frames = series(12);
    for (let phase = 1; phase <= 12; phase++) expect(volume(frames, phase).part).toEqual({ by: 'time', n: String(phase) });
  });
  it('keep their names and their cuts when one between is hidden', () => {
    const [all, fewer] = [series(12), series(12, [2, 7])];
    for (const phase of [1, 3, 10, 12]) {
      expect(volume(fewer, phase).part).toEqual({ by: 'time', n: String(phase) });
      expect(keyOf(volume(fewer, phase))).toBe(keyOf(volume(all, phase)));
    }
  });
  it('have cuts that are never taken for each other', () => {
    const frames = series(12);
    expect(new Set(Array.from({ length: 12 }, (_, k) => keyOf(volume(frames, k + 1)))).size).toBe(12);
  });
  it('are in the sentence of the report', () => {
    const m = {
      kind: 'length',
      series: 's:axial',
      seriesNumber: 4,
      image: 6,
      part: volume(series(12, [3]), 10).part,
      prior: null,
      basis: 'spacing',
      amounts: [],
    };
    expect(insertText(say('zh-CN'), m as unknown as Measurement)).toMatch(/时相10(?!\d)/);
    expect(insertText(say('en'), m as unknown as Measurement)).toMatch(/phase 10(?!\d)/);
  });
});

describe('what the cuts of a volume are known by', () => {
  it('changes with the grid their pixels count on', () => {
    expect(keyOf(volume(series(2, [], SLICES + 1), 1))).not.toBe(keyOf(volume(series(2), 1)));
  });
  it('has nothing in it that ends a part of an address', () => {
    const v = volume(series(2), 1);
    for (const set of ['', 'b 0.5, echo 1/2', 'time 1']) expect(keyOf({ ...v, set })).toMatch(/^[^./]+$/);
    expect(keyOf({ ...v, set: 'b 0.5' })).not.toBe(keyOf({ ...v, set: 'b 0,5' }));
  });
});

describe('sets that differ in more than time', () => {
  it('go by numbers in the order of their numbers', () => {
    expect(['b 1000', 'b 50', 'b 0.5', 'b 0.25'].sort(compareSets)).toEqual(['b 0.25', 'b 0.5', 'b 50', 'b 1000']);
    const echoes = Array.from({ length: 12 }, (_, k) => `echo ${k + 1}`);
    expect(echoes.map((e) => partOf(echoes, e))).toEqual(echoes.map((_, k) => ({ by: 'number', n: String(k + 1) })));
  });
  it('are not called by a time that several share, or that goes with another stack', () => {
    const shared = ['stack 1, time 1', 'stack 2, time 1'];
    expect(partOf(shared, shared[1] ?? '')).toEqual({ by: 'number', n: '2' });
    const along = ['stack 1, time 1', 'stack 2, time 2'];
    expect(partOf(along, along[1] ?? '')).toEqual({ by: 'number', n: '2' });
    expect(partOf(['time 3', ''], 'time 3')).toEqual({ by: 'number', n: '2' });
  });
  it('are called by the time where the index values only count it again', () => {
    const frames = ['stack 1, time 9, d1 1', 'stack 1, time 10, d1 2'];
    expect(partOf(frames, frames[1] ?? '')).toEqual({ by: 'time', n: '10' });
  });
  it('say nothing where there is one', () => expect(partOf(['time 4', 'time 4'], 'time 4')).toBeNull());
});
