import { describe, expect, it } from 'vitest';
import { calibrate } from './calibration';
import { instance } from './fixture';
import { edges, planeOfInstance } from './geometry';
import { presetsFor } from './presets';
import { decodeRaw } from './samples';
import { drawable, framesOf, type StackInstance } from './stack';

const UPRIGHT = { x: [1, 0], y: [0, 1] } as const;

/** A localizer of an axial and a coronal plane, as an enhanced object holds them; the slope changes, too. */
const enhanced = (more: Partial<StackInstance> = {}): StackInstance =>
  instance({
    frames: 2,
    rows: 1,
    cols: 2,
    bits_allocated: 16,
    slope: 2,
    windows: [{ center: 1, width: 10, label: '' }],
    position: [0, 0, 5],
    orientation: [1, 0, 0, 0, 1, 0],
    pixel_spacing: [0.5, 0.5],
    per_frame: {
      slope: [2, 4],
      windows: [[{ center: 1, width: 10, label: '' }], [{ center: 30, width: 60, label: '' }]],
      position: [
        [0, 0, 5],
        [0, 9, 0],
      ],
      orientation: [
        [1, 0, 0, 0, 1, 0],
        [1, 0, 0, 0, 0, -1],
      ],
      pixel_spacing: [
        [0.5, 0.5],
        [2, 2],
      ],
    },
    ...more,
  });
const refs = (i: StackInstance) => framesOf({ series: 's', partial: false, instances: [i] });
const letters = (i: StackInstance) => edges(i, { x: [...UPRIGHT.x], y: [...UPRIGHT.y] });

describe('frames with groups of their own', () => {
  it('have their own letters, lengths, windows and values', () => {
    const [axial, coronal] = refs(enhanced()).map((f) => f.instance);
    if (!axial || !coronal) throw new Error('two frames');
    expect(letters(axial)).toEqual({ top: 'A', right: 'L', bottom: 'P', left: 'R' });
    expect(letters(coronal)).toEqual({ top: 'H', right: 'L', bottom: 'F', left: 'R' });
    expect(planeOfInstance(coronal)?.origin).toEqual([0, 9, 0]);
    expect([axial, coronal].map((i) => calibrate('MR', i, []).x.per)).toEqual([0.5, 2]);
    expect(presetsFor('MR', coronal, null)[0]).toMatchObject({ center: 30, width: 60 });
    const samples = () => new Int16Array([1, 10]).buffer;
    expect([axial, coronal].map((i) => decodeRaw(i, samples())).map((f) => f.kind === 'grey' && [...f.values])).toEqual([
      [2, 20],
      [4, 40],
    ]);
  });

  it('share what does not differ, and the instance itself when nothing does', () => {
    const { per_frame: _, ...plain } = enhanced();
    const [one, two] = refs(plain);
    expect(one?.instance).toBe(plain);
    expect(two?.instance).toBe(plain);
    expect(refs(enhanced({ slice_thickness: 3 }))[1]?.instance.slice_thickness).toBe(3);
    expect(refs(enhanced({ slice_location: 7 }))[1]?.instance.slice_location).toBeNull();
  });

  it('of a document that does not tell have no letters, lengths or values', () => {
    const { per_frame: _, v: __, ...old } = enhanced({ imager_spacing: [1, 1] });
    const short = enhanced();
    short.per_frame = { slope: [2] };
    for (const doc of [old, { ...old, v: 2 }]) {
      for (const { instance: i } of refs(doc)) {
        expect([letters(i), planeOfInstance(i), drawable(i)]).toEqual([null, null, false]);
        expect(calibrate('MR', i, []).basis).toBe('none');
        expect(calibrate('DX', i, []).basis).toBe('none');
      }
    }
    const [, second] = refs(short);
    expect(second && [drawable(second.instance), letters(second.instance)]).toEqual([false, null]);
  });

  it('an image of one frame is what its document says', () => {
    const one = enhanced({ frames: 1 });
    expect(refs(one)[0]?.instance).toBe(one);
  });
});
