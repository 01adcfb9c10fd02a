import { describe, expect, it } from 'vitest';
import { instance } from './fixture';
import { crossing, edges, letters, nearest, opposite, planeOfInstance, toImage, toPatient } from './geometry';
import { follow, linesOn, offsetOf, pointOn, throughPoint } from './links';
import type { FrameRef, StackInstance } from './stack';

const axial = (z: number, more: Partial<StackInstance> = {}) =>
  instance({
    id: `a${z}`,
    rows: 100,
    cols: 200,
    position: [-50, -40, z],
    orientation: [1, 0, 0, 0, 1, 0],
    pixel_spacing: [0.8, 0.5],
    frame_of_reference: '1.9',
    ...more,
  });
const coronal = (y: number) =>
  instance({
    id: `c${y}`,
    rows: 120,
    cols: 100,
    position: [-50, y, 60],
    orientation: [1, 0, 0, 0, 0, -1],
    pixel_spacing: [1, 1],
    frame_of_reference: '1.9',
  });
const frames = (list: StackInstance[]): FrameRef[] => list.map((i, k) => ({ imageId: `yg:${i.id}/1`, instance: i, frame: 1, image: k }));

describe('planes', () => {
  it('pixels and patient are inverse of each other', () => {
    const p = planeOfInstance(axial(7));
    if (!p) throw new Error('no plane');
    expect(toPatient(p, [0.5, 0.5])).toEqual([-50, -40, 7]);
    const at = toImage(p, toPatient(p, [33.25, 71.5]));
    expect(at[0]).toBeCloseTo(33.25);
    expect(at[1]).toBeCloseTo(71.5);
  });
  it('no plane without position, spacing, or with axes that are not square', () => {
    expect(planeOfInstance(axial(0, { position: null }))).toBeNull();
    expect(planeOfInstance(axial(0, { pixel_spacing: null }))).toBeNull();
    expect(planeOfInstance(axial(0, { orientation: [1, 0, 0, 0.5, 0.8, 0] }))).toBeNull();
  });
  it('letters: strongest first, oblique ones with a second', () => {
    expect(letters([1, 0, 0])).toBe('L');
    expect(letters([0, -1, 0])).toBe('A');
    expect(letters([0, 0, 1])).toBe('H');
    expect(letters([0.3, 0, -0.95])).toBe('FL');
    expect(opposite('FL')).toBe('HR');
  });
  it('letters stand at the right edges after mirror and turn', () => {
    const plain = { x: [1, 0] as const, y: [0, 1] as const };
    expect(edges(axial(0), plain)).toEqual({ top: 'A', right: 'L', bottom: 'P', left: 'R' });
    expect(edges(axial(0), { x: [-1, 0], y: [0, 1] })).toMatchObject({ right: 'R', left: 'L', top: 'A' });
    // turned by 90 degrees clockwise: x of the image runs down the screen
    expect(edges(axial(0), { x: [0, 1], y: [-1, 0] })).toEqual({ top: 'R', right: 'A', bottom: 'L', left: 'P' });
  });
  it('films tell directions by Patient Orientation only', () => {
    const film = instance({ patient_orientation: 'L\\F' });
    expect(edges(film, { x: [1, 0], y: [0, 1] })).toEqual({ top: 'H', right: 'L', bottom: 'F', left: 'R' });
    expect(edges(film, { x: [-1, 0], y: [0, 1] })).toMatchObject({ right: 'R', left: 'L' });
    expect(edges(instance(), { x: [1, 0], y: [0, 1] })).toBeNull();
  });
});

describe('series of several sets', () => {
  // b 0 and b 1000 at every place, one after the other.
  const diffusion = frames([0, 5, 10].flatMap((z) => ['b 0', 'b 1000'].map((set) => axial(z, { id: `${z} ${set}`, set }))));
  const lead = frames([0, 5, 10].map((z) => axial(z)));
  it('are leafed and located in the set that is shown', () => {
    const shown = { frames: diffusion, index: 1 };
    expect(follow({ frames: lead, index: 2 }, shown, 0)).toBe(5);
    expect(follow({ frames: lead, index: 1 }, { frames: diffusion, index: 0 }, 0)).toBe(2);
    expect(throughPoint(shown, [0, 0, 5], '1.9')).toBe(3);
    expect(throughPoint({ frames: diffusion, index: 2 }, [0, 0, 10], '1.9')).toBe(4);
  });
  it('without positions are not followed into another set', () => {
    const flat = (set: string, k: number) => instance({ id: `${set}${k}`, set });
    const b = frames([flat('echo 1', 0), flat('echo 1', 1), flat('echo 2', 0), flat('echo 2', 1)]);
    const a = frames([flat('', 0), flat('', 1), flat('', 2)]);
    expect(follow({ frames: a, index: 1 }, { frames: b, index: 0 }, 0)).toBe(1);
    expect(follow({ frames: a, index: 2 }, { frames: b, index: 1 }, 0)).toBeNull();
  });
});

describe('lines', () => {
  it('a coronal image cuts an axial one in a straight line at its depth', () => {
    const lines = linesOn(axial(10), [{ pane: 1, instance: coronal(-20) }]);
    // y = -20 mm is 20 mm below the first row: 25 rows of 0.8 mm; half a pixel more to the edge.
    expect(lines).toHaveLength(1);
    expect(lines[0]?.a[1]).toBeCloseTo(25.5);
    expect(lines[0]?.b[1]).toBeCloseTo(25.5);
    // The coronal image is 100 mm wide, and so is the axial one.
    expect(Math.abs((lines[0]?.b[0] ?? 0) - (lines[0]?.a[0] ?? 0))).toBeGreaterThan(190);
  });
  it('none between parallel images, outside of the other image, or in another space', () => {
    const a = planeOfInstance(axial(0));
    const b = planeOfInstance(axial(5));
    if (!a || !b) throw new Error('no plane');
    expect(crossing(a, b)).toBeNull();
    expect(linesOn(axial(200), [{ pane: 1, instance: coronal(-20) }])).toEqual([]);
    expect(linesOn(axial(10, { frame_of_reference: '7' }), [{ pane: 1, instance: coronal(-20) }])).toEqual([]);
    expect(linesOn(axial(10, { frame_of_reference: '' }), [{ pane: 1, instance: coronal(-20) }])).toEqual([]);
  });
});

describe('leafing together', () => {
  const thin = frames([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((z) => axial(z)));
  const thick = frames([0, 5, 10].map((z) => axial(z)));
  it('in one space by position', () => {
    const [a, b] = [
      { frames: thin, index: 6 },
      { frames: thick, index: 0 },
    ];
    expect(offsetOf(a, b)).toBe(0);
    expect(follow(a, b, 0)).toBe(1);
    expect(follow({ frames: thin, index: 9 }, b, 0)).toBe(2);
  });
  it('a prior keeps the distance it had when linking began', () => {
    const prior = frames([100, 105, 110, 115].map((z) => axial(z, { frame_of_reference: '8' })));
    const offset = offsetOf({ frames: thin, index: 0 }, { frames: prior, index: 1 });
    expect(offset).toBe(105);
    expect(follow({ frames: thin, index: 5 }, { frames: prior, index: 1 }, offset)).toBe(2);
  });
  it('without geometry by image; never across planes', () => {
    const us = frames([instance({ id: 'u1' }), instance({ id: 'u2' }), instance({ id: 'u3' })]);
    expect(follow({ frames: us, index: 2 }, { frames: us, index: 0 }, -1)).toBe(1);
    expect(follow({ frames: thin, index: 2 }, { frames: frames([coronal(0), coronal(1)]), index: 0 }, 0)).toBeNull();
    expect(follow({ frames: thin, index: 2 }, { frames: us, index: 0 }, 0)).toBeNull();
  });
  it('goes to a point in every pane of the space', () => {
    const cor = frames([-20, -10, 0].map(coronal));
    expect(throughPoint({ frames: cor, index: 0 }, [3, -11, 40], '1.9')).toBe(1);
    expect(throughPoint({ frames: thin, index: 0 }, [3, -11, 7.2], '1.9')).toBe(7);
    expect(throughPoint({ frames: cor, index: 0 }, [3, -11, 40], '8')).toBeNull();
    expect(pointOn(axial(7), [-50, -40, 7.2], '1.9', 0.5)).toEqual([0.5, 0.5]);
    expect(pointOn(axial(7), [-50, -40, 9], '1.9', 0.5)).toBeNull();
  });
  it('nearest: ties go to the first, places without position are passed over', () => {
    expect(nearest([null, 0, 10], 5)).toBe(1);
    expect(nearest([null], 5)).toBeNull();
  });
});
