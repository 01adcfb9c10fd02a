import { describe, expect, it } from 'vitest';
import { instance } from './fixture';
import { openingWindow, percentileWindow, presetsFor } from './presets';
import {
  atLeast,
  dragged,
  engineWindow,
  exactly,
  fractional,
  isSuv,
  leastWidth,
  nudged,
  rangeOf,
  sameRange,
  sameWindow,
  windowOf,
  windowText,
} from './voi';

const uptake = instance({ units: 'GML', slope: 0.0003, intercept: 0 });
const density = instance({ units: 'HU', slope: 1, intercept: -1024 });

describe('windows', () => {
  it('of whole values count grey levels, of fractions and uptake values they are as wide as they say', () => {
    expect(rangeOf({ center: 40, width: 400 })).toEqual({ lower: -160, upper: 239 });
    expect(rangeOf({ center: 3.5, width: 7 }, true)).toEqual({ lower: 0, upper: 7 });
    expect([uptake, density, instance({ intercept: 0.5 }), instance({ units: 'SUVBW' })].map(exactly)).toEqual([true, false, true, true]);
    expect([uptake, density, instance({ units: 'SUVBW' })].map(fractional)).toEqual([true, false, false]);
    expect(isSuv(instance({ units: 'BQML' }))).toBe(false);
    const suv = presetsFor('PT', uptake, null).find((p) => p.id === 'suv7');
    expect(suv && rangeOf(suv, exactly(uptake))).toEqual({ lower: 0, upper: 7 });
    expect(rangeOf(openingWindow('PT', uptake, null), true)).toEqual({ lower: 0, upper: 7 });
  });
  it('never have their white below their black', () => {
    for (const width of [1, 0.5, 0.001]) {
      for (const exact of [true, false]) {
        const r = rangeOf({ center: 0.25, width }, exact);
        expect(r.upper, `${width} ${exact}`).toBeGreaterThan(r.lower);
      }
    }
    // One grey level is a threshold between two whole values.
    const { lower, upper } = rangeOf({ center: 10, width: 1 });
    expect(lower >= 9 && upper <= 10).toBe(true);
  });
  it('come back from the range they were given as', () => {
    for (const w of [
      { center: 40, width: 400 },
      { center: -600, width: 1500 },
      { center: 127.5, width: 255 },
    ])
      expect(windowOf(rangeOf(w))).toEqual(w);
    for (const w of [
      { center: 3.5, width: 7 },
      { center: 0.0012, width: 0.0034 },
    ])
      expect(windowOf(rangeOf(w, true), true)).toEqual(w);
    // The engine keeps the same range in numbers of its own.
    const r = rangeOf({ center: 3.5, width: 7 }, true);
    expect(rangeOf(engineWindow(r))).toEqual(r);
    expect(sameRange(r, { lower: 0.0001, upper: 7 })).toBe(true);
    expect(sameRange(r, { lower: 0, upper: 6 })).toBe(false);
  });
  it('are as narrow as the values allow', () => {
    expect([leastWidth(density), leastWidth(uptake)]).toEqual([1, 0.0003]);
    expect(atLeast({ center: 1, width: 0 }, density).width).toBe(1);
    expect(atLeast({ center: 1, width: 0.2 }, uptake).width).toBe(0.2);
    const w = percentileWindow(
      Float32Array.from({ length: 1001 }, (_, k) => k / 1e6),
      null,
    );
    expect(w.width).toBeGreaterThan(0.0009);
    expect(w.width).toBeLessThan(0.001);
    expect(percentileWindow(new Int16Array([5, 5, 5, 6]), null).width).toBe(1);
  });
  it('move by whole grey levels, or by a share of what there is', () => {
    expect(nudged({ center: 40, width: 400 }, density, 1, 0)).toEqual({ center: 40, width: 420 });
    expect(nudged({ center: 40, width: 5 }, density, -1, 0)).toEqual({ center: 40, width: 4 });
    expect(nudged({ center: 3.5, width: 7 }, uptake, 0, -1).center).toBeCloseTo(3.15);
    expect(nudged({ center: 0.5, width: 1 }, uptake, -1, 0).width).toBeCloseTo(0.95);
  });
  it('are the same for a reader within half a grey level, of narrow ones within a hundredth', () => {
    expect(sameWindow({ center: 40, width: 400 }, { center: 40.5, width: 400 })).toBe(true);
    expect(sameWindow({ center: 0.5, width: 1 }, { center: 0.9, width: 1 })).toBe(false);
  });
  it('are written with the digits that matter', () => {
    expect([400, -600, 3.5, 0, 12.6, 0.0123, 0.5].map(windowText)).toEqual(['400', '-600', '3.5', '0', '13', '0.012', '0.5']);
  });
  it('of fractions are moved by the hand as parts of their own width, whatever the engine holds', () => {
    const map = { lower: 0, upper: 0.002 };
    const wider = dragged(map, 20, 0, 1e-6);
    expect(wider.upper - wider.lower).toBeCloseTo(0.0022, 9);
    const brighter = dragged(map, 0, -20, 1e-6);
    expect([brighter.lower, brighter.upper].map((v) => Number(v.toFixed(9)))).toEqual([-0.0002, 0.0018]);
    const least = dragged(map, -500, 0, 1e-5);
    expect(least.upper - least.lower).toBeCloseTo(1e-5, 9);
  });
});
