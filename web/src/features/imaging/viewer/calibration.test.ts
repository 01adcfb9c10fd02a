import { describe, expect, it } from 'vitest';
import { byKnownLength, calibrate, type Point } from './calibration';
import { instance } from './fixture';
import { angleOf, areaOf, cobbOf, ellipseFrame, formatAmount, lengthOf, rectangleFrame, statsOf } from './measure';
import { planeOf, toPixel, toWorld } from './metadata';
import { decodeRaw } from './samples';
import type { StackInstance, UsRegion } from './stack';
import { framesOf } from './stack';

const region = (x0: number, y0: number, x1: number, y1: number, more: Partial<UsRegion> = {}): UsRegion => ({
  x0,
  y0,
  x1,
  y1,
  unit_x: 3,
  unit_y: 3,
  delta_x: 0.02,
  delta_y: 0.02,
  spatial_format: 1,
  ...more,
});

const mm = (modality: string, i: StackInstance, a: Point, b: Point) => {
  const c = calibrate(modality, i, [a, b]);
  return { basis: c.basis, ...lengthOf(a, b, c)[0] };
};

describe('length', () => {
  it('CT: pixel spacing is [between rows, between columns]', () => {
    const i = instance({ pixel_spacing: [0.5, 0.8] });
    expect(mm('CT', i, [10, 10], [110, 10])).toEqual({ basis: 'spacing', value: 80, unit: 'mm' });
    expect(mm('CT', i, [10, 10], [10, 110])).toEqual({ basis: 'spacing', value: 50, unit: 'mm' });
  });
  it('a secondary capture keeps pixels whatever modality it names; ultrasound goes by its regions', () => {
    for (const sop_class of ['1.2.840.10008.5.1.4.1.1.7', '1.2.840.10008.5.1.4.1.1.7.4']) {
      const i = instance({ sop_class, pixel_spacing: [1, 1], imager_spacing: [1, 1] });
      for (const modality of ['CT', 'MR', 'CR', 'DX'])
        expect(mm(modality, i, [0, 0], [3, 4]), modality).toEqual({ basis: 'none', value: 5, unit: 'px' });
      expect(mm('US', { ...i, us_regions: [region(0, 0, 99, 99)] }, [0, 0], [3, 4]).basis).toBe('us');
    }
    expect(mm('CT', instance({ sop_class: '1.2.840.10008.5.1.4.1.1.2', pixel_spacing: [1, 1] }), [0, 0], [3, 4]).unit).toBe('mm');
  });
  it('CT and MR without spacing, secondary captures with one: pixels', () => {
    expect(mm('CT', instance(), [0, 0], [3, 4])).toEqual({ basis: 'none', value: 5, unit: 'px' });
    expect(mm('SC', instance({ pixel_spacing: [1, 1] }), [0, 0], [3, 4])).toEqual({ basis: 'none', value: 5, unit: 'px' });
    expect(mm('OT', instance({ pixel_spacing: [1, 1] }), [0, 0], [3, 4]).unit).toBe('px');
  });
  it('CT ignores a spacing that is not positive', () => {
    expect(mm('CT', instance({ pixel_spacing: [0, 0.5] }), [0, 0], [3, 4]).unit).toBe('px');
    expect(mm('CT', instance({ pixel_spacing: [Number.NaN, 0.5] }), [0, 0], [3, 4]).unit).toBe('px');
  });
  it('DX: detector plane, magnification, calibrated spacing', () => {
    const i = { imager_spacing: [0.4, 0.4] as [number, number] };
    expect(mm('DX', instance(i), [0, 0], [100, 0])).toEqual({ basis: 'detector', value: 40, unit: 'mm' });
    expect(mm('DX', instance({ ...i, magnification: 1.25 }), [0, 0], [100, 0])).toEqual({ basis: 'ermf', value: 32, unit: 'mm' });
    expect(mm('CR', instance({ ...i, pixel_spacing: [0.3, 0.3], calibration_type: 'FIDUCIAL' }), [0, 0], [100, 0])).toMatchObject({
      basis: 'calibrated',
      unit: 'mm',
    });
    expect(mm('MG', instance({ pixel_spacing: [0.05, 0.05], magnification: 1.8 }), [0, 0], [200, 0])).toMatchObject({
      value: 10,
      unit: 'mm',
    });
    expect(mm('CR', instance({ ...i, pixel_spacing: [0.3, 0.3] }), [0, 0], [100, 0]).basis).toBe('corrected');
    expect(mm('CR', instance({ ...i, pixel_spacing: [0.4, 0.3] }), [0, 0], [100, 0]).basis).toBe('corrected');
    expect(mm('CR', instance({ ...i, pixel_spacing: [0.4, 0.4] }), [0, 0], [100, 0]).basis).toBe('detector');
    expect(mm('DX', instance(), [0, 0], [100, 0]).unit).toBe('px');
  });
  it('US: the region of the handles, absolute deltas, never the pixel spacing', () => {
    const i = instance({
      pixel_spacing: [1, 1],
      us_regions: [region(0, 0, 299, 299), region(340, 0, 639, 299, { delta_x: -0.05, delta_y: 0.05 })],
    });
    expect(mm('US', i, [10, 10], [110, 10])).toMatchObject({ basis: 'us', unit: 'mm' });
    expect(mm('US', i, [10, 10], [110, 10]).value).toBeCloseTo(20, 9);
    expect(mm('US', i, [400, 10], [500, 10]).value).toBeCloseTo(50, 9);
    expect(mm('US', i, [10, 10], [400, 10])).toMatchObject({ basis: 'cross', unit: 'px' });
    expect(mm('US', i, [310, 10], [320, 10])).toMatchObject({ basis: 'none', unit: 'px' });
    expect(mm('US', instance({ pixel_spacing: [1, 1] }), [0, 0], [3, 4])).toMatchObject({ basis: 'none', unit: 'px' });
  });
  it('US: the smaller of nested regions wins', () => {
    const i = instance({ us_regions: [region(0, 0, 500, 500), region(100, 100, 200, 200, { delta_x: 0.01, delta_y: 0.01 })] });
    expect(mm('US', i, [110, 110], [160, 110]).value).toBeCloseTo(5, 9);
    expect(mm('US', i, [10, 10], [160, 110]).basis).toBe('cross');
  });
  it('US Doppler: each axis its own unit', () => {
    const i = instance({ us_regions: [region(0, 0, 299, 299, { unit_x: 4, unit_y: 7, delta_x: 0.005, delta_y: 0.5, spatial_format: 3 })] });
    const c = calibrate('US', i, [
      [0, 0],
      [100, 40],
    ]);
    expect(c.basis).toBe('axis');
    expect(lengthOf([0, 0], [100, 40], c)).toEqual([
      { value: 0.5, unit: 's' },
      { value: 20, unit: 'cm/s' },
    ]);
  });
  it('a person calibrates one image', () => {
    const user = byKnownLength('SC', instance(), [0, 0], [40, 0], 10);
    const c = calibrate('SC', instance(), [], user ? [user] : []);
    expect(c.basis).toBe('user');
    expect(lengthOf([0, 0], [40, 0], c)[0]).toEqual({ value: 10, unit: 'mm' });
    expect(lengthOf([0, 0], [0, 40], c)[0]).toEqual({ value: 10, unit: 'mm' });
  });
  it('a known length leaves the shape of the pixels alone', () => {
    // Rows twice as far apart as columns: 30 columns and 20 rows are 30 and 40 parts, 50 together.
    const tall = instance({ imager_spacing: [0.4, 0.2] });
    const user = byKnownLength('CR', tall, [0, 0], [30, 20], 25);
    const c = calibrate('CR', tall, [], user ? [user] : []);
    expect(c.basis).toBe('user');
    expect(lengthOf([0, 0], [10, 0], c)[0]?.value).toBeCloseTo(5, 9);
    expect(lengthOf([0, 0], [0, 10], c)[0]?.value).toBeCloseTo(10, 9);
  });
  it('a known length says nothing of a Doppler axis, nor of another region', () => {
    const i = instance({
      us_regions: [
        region(0, 0, 299, 299),
        region(300, 0, 599, 299),
        region(0, 300, 599, 499, { unit_x: 4, unit_y: 7, delta_x: 0.005, delta_y: 0.5, spatial_format: 3 }),
      ],
    });
    expect(byKnownLength('US', i, [10, 310], [100, 310], 10)).toBeNull();
    expect(byKnownLength('US', i, [10, 10], [400, 10], 10)).toBeNull();
    const user = byKnownLength('US', i, [10, 10], [110, 10], 20);
    expect(user).toMatchObject({ region: 0 });
    const basis = (...points: [number, number][]) => calibrate('US', i, points, user ? [user] : []).basis;
    expect(basis([20, 20], [60, 60])).toBe('user');
    expect(basis([320, 20], [360, 60])).toBe('us');
    expect(basis([20, 320], [60, 360])).toBe('axis');
    expect(basis([20, 20], [360, 60])).toBe('cross');
  });
  it('reads as people write it', () => {
    expect(formatAmount({ value: 11.84, unit: 'mm' })).toBe('11.8 mm');
    expect(formatAmount({ value: 90, unit: '°' })).toBe('90.0°');
  });
});

describe('angle, area, statistics', () => {
  const iso = calibrate('CT', instance({ pixel_spacing: [0.5, 0.5] }), []);
  it('angles follow unequal spacing', () => {
    expect(angleOf([10, 0], [0, 0], [0, 10], iso)).toBeCloseTo(90, 9);
    const tall = calibrate('CT', instance({ pixel_spacing: [1, 0.5] }), []);
    expect(angleOf([10, 0], [0, 0], [10, 10], tall)).toBeCloseTo((Math.atan2(10, 5) * 180) / Math.PI, 9);
    expect(cobbOf([0, 0], [10, 0], [0, 20], [10, 10], iso)[0]).toBeCloseTo(45, 9);
    expect(cobbOf([0, 0], [10, 0], [10, 10], [0, 20], iso)[0]).toBeCloseTo(45, 9);
  });
  it('end plates that tilt apart make more than a right angle, whichever way they are drawn', () => {
    const plate = (y: number, tilt: number): [[number, number], [number, number]] => {
      const [dx, dy] = [20 * Math.cos((tilt * Math.PI) / 180), 20 * Math.sin((tilt * Math.PI) / 180)];
      return [
        [100 - dx, y - dy],
        [100 + dx, y + dy],
      ];
    };
    const [a, b] = plate(50, 60);
    const [d, e] = plate(300, -50);
    expect(cobbOf(a, b, d, e, iso)[0]).toBeCloseTo(110, 6);
    expect(cobbOf(b, a, d, e, iso)[0]).toBeCloseTo(110, 6);
    expect(cobbOf(d, e, a, b, iso)[0]).toBeCloseTo(110, 6);
    const [f, g] = plate(300, 52);
    expect(cobbOf(a, b, f, g, iso)[0]).toBeCloseTo(8, 6);
    expect(cobbOf(a, b, g, f, iso)[0]).toBeCloseTo(8, 6);
  });
  it('where two lines do not tell, both angles are said', () => {
    // Plates of 125 degrees look like two bones of 55: the reader decides.
    const [dx, dy] = [20 * Math.cos((62.5 * Math.PI) / 180), 20 * Math.sin((62.5 * Math.PI) / 180)];
    const both = cobbOf([100 - dx, 50 - dy], [100 + dx, 50 + dy], [100 - dx, 300 + dy], [100 + dx, 300 - dy], iso);
    expect(both[0]).toBeCloseTo(55, 6);
    expect(both[1]).toBeCloseTo(125, 6);
  });
  it('two bones one behind the other make the acute angle', () => {
    expect(cobbOf([0, 0], [100, 0], [120, 5], [200, 60], iso)[0]).toBeLessThan(45);
    expect(cobbOf([0, 0], [100, 0], [200, 60], [120, 5], iso)[0]).toBeLessThan(45);
  });
  it('a rectangle counts the pixels whose centre it covers', () => {
    const f = rectangleFrame([
      [2, 3],
      [6, 3],
      [2, 5],
      [6, 5],
    ]);
    if (!f) throw new Error('no frame');
    expect(areaOf('rectangle', f, iso)).toEqual({ value: 2, unit: 'mm²' });
    const s = statsOf('rectangle', f, 10, 10, (k) => k);
    expect(s?.pixels).toBe(8);
    expect(s?.mean).toBeCloseTo((32 + 33 + 34 + 35 + 42 + 43 + 44 + 45) / 8, 9);
    expect([s?.min, s?.max]).toEqual([32, 45]);
    expect(s?.sd).toBeCloseTo(5.4772, 3);
  });
  it('an ellipse: area and a constant field', () => {
    const f = ellipseFrame([
      [50, 70],
      [50, 30],
      [20, 50],
      [80, 50],
    ]);
    if (!f) throw new Error('no frame');
    expect(areaOf('ellipse', f, iso).value).toBeCloseTo(Math.PI * 30 * 20 * 0.25, 6);
    const s = statsOf('ellipse', f, 100, 100, () => -1000);
    expect(s?.mean).toBe(-1000);
    expect(s?.sd).toBe(0);
    expect(Math.abs((s?.pixels ?? 0) / (Math.PI * 600) - 1)).toBeLessThan(0.01);
  });
  it('outside the image there is nothing to measure', () => {
    const f = rectangleFrame([
      [-20, -20],
      [-10, -20],
      [-20, -10],
      [-10, -10],
    ]);
    expect(f && statsOf('rectangle', f, 10, 10, () => 1)).toBeNull();
  });
});

describe('geometry and samples', () => {
  it('world and pixels are inverse of each other on a tilted plane', () => {
    const i = instance({ position: [-100, -120, 30], orientation: [1, 0, 0, 0, 0.8, -0.6], pixel_spacing: [0.7, 0.9] });
    const [ref] = framesOf({ series: 's', partial: false, instances: [i] });
    if (!ref) throw new Error('no frame');
    const plane = planeOf(ref, 's', 0);
    for (const centred of [true, false]) {
      const p = toPixel(plane, toWorld(plane, [123.4, 55.5], centred), centred);
      expect(p[0]).toBeCloseTo(123.4, 9);
      expect(p[1]).toBeCloseTo(55.5, 9);
    }
  });
  it('raw frames: rescale, sign extension, garbage above the high bit', () => {
    const signed = instance({ rows: 1, cols: 3, bits_stored: 12, high_bit: 11, signed: true, slope: 1, intercept: -1024 });
    const a = decodeRaw(signed, new Uint16Array([0x0fff, 0xf001, 0x0800]).buffer);
    expect(a.kind === 'grey' && [...a.values]).toEqual([-1025, -1023, -3072]);
    const unsigned = instance({ rows: 1, cols: 2, bits_stored: 12, high_bit: 11, signed: false });
    const b = decodeRaw(unsigned, new Uint16Array([0xf123, 0x0abc]).buffer);
    expect(b.kind === 'grey' && [...b.values]).toEqual([0x123, 0xabc]);
    const wide = instance({ rows: 1, cols: 2, signed: false, slope: 0.5 });
    const c = decodeRaw(wide, new Uint16Array([1, 65535]).buffer);
    expect(c.kind === 'grey' && [...c.values]).toEqual([0.5, 32767.5]);
  });
  it('raw colour: planar is interleaved, YBR_FULL becomes RGB', () => {
    const planar = instance({
      rows: 1,
      cols: 2,
      samples: 3,
      planar: 1,
      bits_allocated: 8,
      bits_stored: 8,
      high_bit: 7,
      photometric: 'RGB',
    });
    const d = decodeRaw(planar, new Uint8Array([1, 2, 3, 4, 5, 6]).buffer);
    expect(d.kind === 'color' && [...d.rgb]).toEqual([1, 3, 5, 2, 4, 6]);
    const ybr = instance({ rows: 1, cols: 1, samples: 3, bits_allocated: 8, bits_stored: 8, high_bit: 7, photometric: 'YBR_FULL' });
    const e = decodeRaw(ybr, new Uint8Array([76, 85, 255]).buffer);
    expect(e.kind === 'color' && [...e.rgb]).toEqual([254, 0, 0]);
  });
  it('a frame of the wrong length is refused', () => {
    expect(() => decodeRaw(instance({ rows: 2, cols: 2 }), new ArrayBuffer(7))).toThrow('frame has 7 bytes, expected 8');
  });
});
