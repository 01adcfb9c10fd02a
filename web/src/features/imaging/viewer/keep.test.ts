import { describe, expect, it } from 'vitest';
import { known, readCalibrations } from './keep';
import type { Measurement } from './port';
import { typedNumber } from './typed';

const roi = (more: Partial<Measurement> = {}): Measurement => ({
  id: 'm',
  kind: 'ellipse',
  imageId: 'yg:a/1',
  series: 's',
  seriesNumber: 1,
  prior: null,
  part: null,
  slab: null,
  image: 1,
  number: 1,
  frame: 1,
  frames: 1,
  points: [
    [1, 2],
    [3, 4],
  ],
  basis: 'spacing',
  amounts: [],
  stats: null,
  valueUnit: 'HU',
  area: null,
  ...more,
});

describe('what is kept of measurements', () => {
  const stats = { mean: 40, sd: 2, min: 30, max: 50, pixels: 9 };
  it('values stay when the picture has left the memory, and only then', () => {
    const was = [roi({ stats })];
    expect(known([roi()], was)[0]?.stats).toEqual(stats);
    expect(known([roi({ points: [[9, 9]] })], was)[0]?.stats).toBeNull();
    expect(known([roi({ slab: { mode: 'max', mm: 7.5 } })], was)[0]?.stats).toBeNull();
    expect(known([roi({ id: 'other' })], was)[0]?.stats).toBeNull();
  });
  it('calibrations are read back, and nothing else', () => {
    const good = [['i1', { x: 0.2, y: 0.4, region: null }]];
    expect(readCalibrations(JSON.stringify(good))).toEqual(good);
    expect(readCalibrations(null)).toEqual([]);
    expect(readCalibrations('{')).toEqual([]);
    const bad = [
      ['i1'],
      ['i2', { x: 0, y: 1, region: null }],
      ['i3', { x: 1, y: 'a', region: null }],
      [4, { x: 1, y: 1, region: 0 }],
      null,
    ];
    expect(readCalibrations(JSON.stringify(bad))).toEqual([]);
  });
});

describe('numbers as they are typed', () => {
  it('full-width digits and either sign before the fraction', () => {
    expect(typedNumber('12.5')).toBe(12.5);
    expect(typedNumber('１２．５')).toBe(12.5);
    expect(typedNumber('12，5')).toBe(12.5);
    expect(typedNumber('１２。５')).toBe(12.5);
    expect(typedNumber(' 7 ')).toBe(7);
    for (const wrong of ['', '十二', '1.2.3', '12mm', '-3', '1e3']) expect(typedNumber(wrong)).toBeNaN();
  });
});
