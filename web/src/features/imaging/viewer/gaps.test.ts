import { describe, expect, it } from 'vitest';
import en from '../../../i18n/en/imaging.json';
import { gapText } from '../words';
import { instance } from './fixture';
import { gapsOf } from './gaps';
import { framesOf, type StackInstance } from './stack';

const slices = (positions: readonly number[], more: (z: number, k: number) => Partial<StackInstance> = () => ({})) =>
  framesOf({
    series: 's',
    partial: false,
    instances: positions.map((z, k) =>
      instance({
        id: `i${k}`,
        number: k + 1,
        position: [0, 0, z],
        orientation: [1, 0, 0, 0, 1, 0],
        pixel_spacing: [1, 1],
        ...more(z, k),
      }),
    ),
  });
const even = (count: number, step: number, from = 0) => Array.from({ length: count }, (_, k) => from + k * step);
const without = (all: readonly number[], ...left: number[]) => all.filter((z) => !left.includes(z));

describe('missing slices', () => {
  it('are told by the positions of their neighbours', () => {
    expect(gapsOf(slices(even(20, 2.5)))).toEqual([]);
    expect(gapsOf(slices(without(even(20, 2.5), 10)))).toEqual([{ from: 7.5, to: 12.5, missing: 1 }]);
    expect(gapsOf(slices(without(even(20, 2.5), 10, 12.5, 30)))).toEqual([
      { from: 7.5, to: 15, missing: 2 },
      { from: 27.5, to: 32.5, missing: 1 },
    ]);
    // Whatever the order they are numbered in.
    expect(gapsOf(slices([...without(even(20, 2.5), 10)].reverse()))).toHaveLength(1);
  });
  it('are none where a protocol changes its distance, positions are rounded, or places repeat', () => {
    expect(gapsOf(slices([...even(10, 5), ...even(10, 10, 55)]))).toEqual([]);
    expect(gapsOf(slices(even(30, 0.625).map((z) => Math.round(z * 10) / 10)))).toEqual([]);
    expect(gapsOf(slices([...even(10, 3), ...even(10, 3)]))).toEqual([]);
    expect(gapsOf(slices([0, 5, 15]))).toEqual([]);
    expect(gapsOf(slices(even(10, 3), () => ({ position: null })))).toEqual([]);
  });
  it('are looked for in each set and each direction', () => {
    const two = (missing: boolean) => {
      const z = even(10, 4);
      return slices([...z, ...(missing ? without(z, 16) : z)], (_, k) => ({ set: k < 10 ? 'time 1' : 'time 2' }));
    };
    expect(gapsOf(two(false))).toEqual([]);
    expect(gapsOf(two(true))).toEqual([{ from: 12, to: 20, missing: 1 }]);
    // A localizer of two directions is no stack with holes.
    const scout = slices([0, 10, 20, 0, 10, 20], (z, k) => (k < 3 ? {} : { position: [0, z, 0], orientation: [1, 0, 0, 0, 0, -1] }));
    expect(gapsOf(scout)).toEqual([]);
  });
  it('are named, a few of them', () => {
    const t = (key: string, values: Record<string, unknown> = {}) =>
      ((en as Record<string, string>)[key] ?? key).replace(/\{\{(\w+)\}\}/g, (_, name) => String(values[name]));
    const gap = (from: number) => ({ from, to: from + 5, missing: 1 });
    expect(gapText(t, [gap(7.5)])).toBe('about 1 between 7.5 and 12.5 mm');
    expect(gapText(t, [0, 10, 20, 30, 40].map(gap))).toContain('2 more places');
  });
});
