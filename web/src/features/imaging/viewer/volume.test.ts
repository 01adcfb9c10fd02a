import { describe, expect, it } from 'vitest';
import { instance } from './fixture';
import { planeOfInstance, toImage, toPatient } from './geometry';
import { lengthOf } from './measure';
import { type FrameRef, framesOf, type StackInstance, type Triple } from './stack';
import { cutAt, cutsOf, originOf, sample, thicknessOf, type Values, type Volume, volumeOf } from './volume';

const GB = 1024 ** 3;

/** An axial stack whose value at (x, y, z) of the patient is known: f(x, y, z). */
function stack(
  { cols = 16, rows = 12, count = 10, dx = 0.7, dy = 0.7, dz = 2.5 },
  more: (k: number) => Partial<StackInstance> = () => ({}),
): FrameRef[] {
  return Array.from({ length: count }, (_, k) => ({
    imageId: `yg:${k}/1`,
    frame: 1,
    image: k,
    instance: instance({
      id: String(k),
      rows,
      cols,
      position: [-5, -4, k * dz],
      orientation: [1, 0, 0, 0, 1, 0],
      pixel_spacing: [dy, dx],
      frame_of_reference: '1.2.3',
      ...more(k),
    }),
  }));
}

const field = (x: number, y: number, z: number): number => Math.round(10 * x + 100 * y + 40 * z);

function fill(v: Volume, frames: readonly FrameRef[]): Values[] {
  return v.frames.map(({ imageId, instance: i }) => {
    const plane = planeOfInstance(i);
    if (!plane || !frames.some((f) => f.imageId === imageId)) throw new Error(imageId);
    const out = new Int16Array(i.rows * i.cols);
    for (let y = 0; y < i.rows; y++)
      for (let x = 0; x < i.cols; x++) out[y * i.cols + x] = field(...(toPatient(plane, [x + 0.5, y + 0.5]) as [number, number, number]));
    return out;
  });
}

const open = (frames: readonly FrameRef[]): Volume => {
  const v = volumeOf(frames, GB);
  if (typeof v === 'string') throw new Error(v);
  return v;
};

describe('a stack as a volume', () => {
  it('takes an even axial stack in any order of numbers', () => {
    const frames = stack({});
    const v = open([...frames].reverse());
    expect(v).toMatchObject({ count: 10, dz: 2.5, every: 1 });
    expect(v.frames[0]?.imageId).toBe('yg:0/1');
  });
  it('refuses tilt, gaps, mixed sizes, colour, missing geometry, too few', () => {
    expect(volumeOf(stack({ count: 5 }), GB)).toBe('few');
    expect(
      volumeOf(
        stack({}, (k) => ({ position: [-5, -4 + k * 0.4, k * 2.5] })),
        GB,
      ),
    ).toBe('tilt');
    expect(
      volumeOf(
        stack({}, (k) => ({ position: [-5, -4, k * 2.5 + (k > 6 ? 2.5 : 0)] })),
        GB,
      ),
    ).toBe('gaps');
    expect(
      volumeOf(
        stack({}, (k) => (k === 3 ? { rows: 13 } : {})),
        GB,
      ),
    ).toBe('mixed');
    expect(
      volumeOf(
        stack({}, () => ({ samples: 3 })),
        GB,
      ),
    ).toBe('colour');
    expect(
      volumeOf(
        stack({}, (k) => (k === 3 ? { position: null } : {})),
        GB,
      ),
    ).toBe('geometry');
  });
  it('says that several images stand at one place when nothing tells them apart', () => {
    const twice = (k: number) => ({ position: [-5, -4, (k >> 1) * 2.5] as Triple });
    expect(volumeOf(stack({ count: 20 }, twice), GB)).toBe('repeated');
    expect(
      volumeOf(
        stack({}, () => ({ position: [-5, -4, 0] })),
        GB,
      ),
    ).toBe('repeated');
  });
  it('takes what belongs with the shown image where several stacks or points in time stand together', () => {
    const phases = (k: number) => ({ position: [-5, -4, (k >> 1) * 2.5] as Triple, set: `time ${(k & 1) + 1}` });
    const frames = stack({ count: 20 }, phases);
    const late = volumeOf(frames, GB, frames[5]);
    expect(late).toMatchObject({ count: 10, whole: 10, dz: 2.5, set: 'time 2', part: { by: 'time', n: '2' } });
    expect(volumeOf(frames, GB, frames[4])).toMatchObject({ set: 'time 1', part: { by: 'time', n: '1' } });
    expect(typeof late === 'object' && late.frames.map((f) => f.image)).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
    expect(volumeOf(stack({ count: 14 }, phases), GB)).toBe('few_in_set');
  });
  it('takes samples under overlays, tables and shutters, and none that are only pictures', () => {
    const told = (...rendered_for: string[]) =>
      volumeOf(
        stack({}, () => ({ rendered_for })),
        GB,
      );
    expect(told('overlay', 'shutter', 'voi-function')).toMatchObject({ count: 10 });
    expect(told('modality-lut', 'presentation-lut', 'voi-lut')).toMatchObject({ count: 10 });
    for (const why of ['palette', 'frame-groups', 'unknown', 'something-new']) expect(told('overlay', why), why).toBe('colour');
    const { rendered_for: _, ...old } = instance({ position: [0, 0, 0], orientation: [1, 0, 0, 0, 1, 0], pixel_spacing: [1, 1] });
    const silent = stack({}).map((f) => ({ ...f, instance: { ...old, position: f.instance.position } }));
    expect(volumeOf(silent, GB)).toBe('colour');
  });
  it('leaves slices out when the memory is short, and refuses when too many would go', () => {
    const frames = stack({ count: 20 });
    const all = 16 * 12 * 2 * 20 * 2;
    expect(volumeOf(frames, all)).toMatchObject({ every: 1, count: 20 });
    expect(volumeOf(frames, all / 2)).toMatchObject({ every: 2, count: 10, dz: 5 });
    expect(volumeOf(frames, all / 10)).toBe('memory');
    // Fractions are floats, twice as large, and what has come is as large as it is.
    const floats = stack({ count: 20 }, () => ({ slope: 0.5 }));
    expect(volumeOf(floats, all)).toMatchObject({ every: 2, count: 10 });
    expect(volumeOf(frames, all, frames[0], () => 4)).toMatchObject({ every: 2, count: 10 });
  });
});

/** One object of many frames: two points in time, place by place, the second brighter by 1000. */
describe('the frames of an enhanced object', () => {
  const [places, times] = [12, 2];
  const n = places * times;
  const each = <T>(of: (k: number) => T): T[] => Array.from({ length: n }, (_, k) => of(k));
  const object = instance({
    frames: n,
    rows: 12,
    cols: 16,
    position: [-5, -4, 0],
    orientation: [1, 0, 0, 0, 1, 0],
    pixel_spacing: [0.5, 0.7],
    per_frame: {
      position: each((k) => [-5, -4, Math.floor(k / times) * 2]),
      set: each((k) => `stack 1, time ${(k % times) + 1}`),
      slope: each((k) => 1 + (k % times)),
    },
  });
  const frames = framesOf({ series: 's', partial: false, instances: [object] });
  it('are a volume of the shown point in time, and a length through it is what the places say', () => {
    const shown = frames[7];
    const v = volumeOf(frames, GB, shown);
    if (typeof v === 'string') throw new Error(v);
    expect(v).toMatchObject({ count: places, dz: 2 });
    expect(v.frames.map((f) => f.frame)).toEqual(Array.from({ length: places }, (_, k) => 2 * k + 2));
    expect(v.frames.every((f) => f.instance.slope === 2)).toBe(true);
    const cut = cutsOf(v).coronal;
    const plane = { ...cut.plane, origin: originOf(cut, 4) };
    // From the fourth to the tenth place, and ten columns across: 12 mm and 7 mm.
    const [from, to] = [toImage(plane, [-5, -4 + 4 * 0.5, 6]), toImage(plane, [-5 + 10 * 0.7, -4 + 4 * 0.5, 18])];
    const mm = { unit: 'mm' as const, per: cut.pixel };
    expect(lengthOf(from, to, { basis: 'spacing', x: mm, y: mm })[0]?.value).toBeCloseTo(Math.hypot(12, 7), 9);
    const values = sample(v, cut, 4, fill(v, frames));
    const at = toPatient(plane, [2.5, 7.5]) as [number, number, number];
    expect(Math.abs((values[7 * cut.cols + 2] ?? Number.NaN) - field(...at))).toBeLessThanOrEqual(1);
  });
  it('say nothing of their places in documents that are too old: no cuts', () => {
    const old = framesOf({ series: 's', partial: false, instances: [{ ...object, v: 2 }] });
    expect(volumeOf(old, GB)).toBe('colour');
  });
});

describe('cuts', () => {
  const frames = stack({});
  const v = open(frames);
  const slices = fill(v, frames);
  const cuts = cutsOf(v);

  it('have square pixels and the extent of the volume', () => {
    expect(cuts.axial).toMatchObject({ cols: 16, rows: 12, count: 10, pixel: 0.7, step: 2.5 });
    expect(cuts.coronal).toMatchObject({ cols: 16, rows: Math.floor((9 * 2.5) / 0.7) + 1, count: 12, pixel: 0.7 });
    expect(cuts.sagittal).toMatchObject({ cols: 12, rows: 33, count: 16 });
  });
  it('hang as a radiologist expects: left hand right, head up, back to the right', () => {
    expect(cuts.coronal.plane.row).toEqual([1, 0, 0]);
    expect(cuts.coronal.plane.col[2]).toBe(-1);
    expect(cuts.sagittal.plane.row).toEqual([0, 1, 0]);
    expect(cuts.sagittal.plane.col[2]).toBe(-1);
  });
  it('an axial cut of an axial stack is the slice itself', () => {
    expect(sample(v, cuts.axial, 4, slices)).toEqual(slices[4]);
  });
  it('every sample of every cut is the value at its place in the patient', () => {
    for (const c of [cuts.coronal, cuts.sagittal]) {
      for (const index of [0, 3, c.count - 1]) {
        const values = sample(v, c, index, slices);
        const plane = { ...c.plane, origin: originOf(c, index) };
        for (let y = 0; y < c.rows; y += 5) {
          for (let x = 0; x < c.cols; x += 3) {
            const at = toPatient(plane, [x + 0.5, y + 0.5]);
            expect(Math.abs((values[y * c.cols + x] ?? Number.NaN) - field(...(at as [number, number, number])))).toBeLessThanOrEqual(1);
          }
        }
      }
    }
  });
  it('a stack that runs from head to foot gives the same cuts', () => {
    const down = stack({}, (k) => ({ orientation: [1, 0, 0, 0, -1, 0], position: [-5, 4, -k * 2.5] }));
    const w = open(down);
    const other = cutsOf(w);
    const filled = fill(w, down);
    const c = other.coronal;
    const values = sample(w, c, 2, filled);
    const plane = { ...c.plane, origin: originOf(c, 2) };
    expect(plane.col[2]).toBe(-1);
    const at = toPatient(plane, [3.5, 7.5]) as [number, number, number];
    expect(Math.abs((values[7 * c.cols + 3] ?? 0) - field(...at))).toBeLessThanOrEqual(1);
  });
  it('a sagittal acquisition has a native sagittal and calculated others', () => {
    const sag = stack({}, (k) => ({ orientation: [0, 1, 0, 0, 0, -1], position: [k * 2.5, -4, 20] }));
    const w = open(sag);
    const c = cutsOf(w);
    expect(c.sagittal.through.axis).toBe(2);
    const filled = fill(w, sag);
    const values = sample(w, c.axial, 2, filled);
    const plane = { ...c.axial.plane, origin: originOf(c.axial, 2) };
    const at = toPatient(plane, [9.5, 4.5]) as [number, number, number];
    expect(Math.abs((values[4 * c.axial.cols + 9] ?? 0) - field(...at))).toBeLessThanOrEqual(1);
  });
  it('the cut at a point passes through it', () => {
    const at: Triple = [-5 + 0.7 * 6, -4 + 0.7 * 3, 10];
    expect(cutAt(cuts.sagittal, at)).toBe(6);
    expect(cutAt(cuts.coronal, at)).toBe(3);
    expect(cutAt(cuts.axial, at)).toBe(4);
    expect(cutAt(cuts.axial, [0, 0, 9_999])).toBe(9);
  });
  it('a length along the body is what the slices say', () => {
    // Ten slices of 2.5 mm: from the centre of the first to the centre of the last are 22.5 mm.
    const c = cuts.coronal;
    const plane = { ...c.plane, origin: originOf(c, 0) };
    const top = toImage(plane, [-5, -4, 22.5]);
    const bottom = toImage(plane, [-5, -4, 0]);
    const mm = { unit: 'mm' as const, per: c.pixel };
    expect(lengthOf(top, bottom, { basis: 'spacing', x: mm, y: mm })[0]?.value).toBeCloseTo(22.5, 6);
  });
  it('slices of different kinds of numbers keep their values', () => {
    const mixed = v.frames.map((_, k) => (k === 5 ? new Uint16Array(16 * 12).fill(60_000) : new Int16Array(16 * 12).fill(-1000)));
    expect(sample(v, cuts.axial, 5, mixed)[0]).toBe(60_000);
    expect(sample(v, cuts.axial, 4, mixed)[0]).toBe(-1000);
  });
  it('slabs: maximum, minimum and mean over the thickness', () => {
    const flat = v.frames.map((_, k) => new Int16Array(16 * 12).fill(k * 10));
    const at = (mode: 'max' | 'min' | 'mean', mm: number) => sample(v, cuts.axial, 4, flat, { mode, mm })[0];
    expect(at('max', 7.5)).toBe(50);
    expect(at('min', 7.5)).toBe(30);
    expect(at('mean', 7.5)).toBe(40);
    expect(at('max', 0)).toBe(40);
  });
  it('slabs are as thick as the planes they are made of', () => {
    const thick = (mm: number, index = 4) => thicknessOf(cuts.axial, index, { mode: 'max', mm });
    expect(thick(0)).toBe(2.5);
    expect(thick(5)).toBe(7.5);
    expect(thick(10)).toBe(12.5);
    expect(thick(10, 0)).toBe(7.5);
  });
  it('padding takes no part in a slab', () => {
    // Stored padding 0 is -1024 after the rescale, below the air of the body.
    const padded = stack({}, () => ({ padding: 0, slope: 1, intercept: -1024 }));
    const w = open(padded);
    expect(w.padding).toEqual({ low: -1024, high: -1024 });
    const flat = w.frames.map((_, k) => new Int16Array(16 * 12).fill(k === 4 ? -1024 : k === 3 ? -900 : -700));
    const at = (mode: 'max' | 'min' | 'mean', slices = flat) => sample(w, cutsOf(w).axial, 4, slices, { mode, mm: 7.5 })[0];
    expect(at('min')).toBe(-900);
    expect(at('mean')).toBe(-800);
    expect(
      at(
        'min',
        w.frames.map(() => new Int16Array(16 * 12).fill(-1024)),
      ),
    ).toBe(-1024);
    expect(open(stack({}, (k) => ({ padding: k }))).padding).toBeNull();
    // A range: everything in it is nobody's.
    const ranged = open(stack({}, () => ({ padding: 0, padding_limit: 124, slope: 1, intercept: -1024 })));
    expect(ranged.padding).toEqual({ low: -1024, high: -900 });
    expect(sample(ranged, cutsOf(ranged).axial, 4, flat, { mode: 'min', mm: 7.5 })[0]).toBe(-700);
  });
});
