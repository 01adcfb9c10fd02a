import { describe, expect, it } from 'vitest';
import en from '../../../i18n/en/imaging.json';
import zh from '../../../i18n/zh-CN/imaging.json';
import { whyRendered } from '../words';
import { asksWindow, drawnPath, EIGHT_BITS, outOf, ownWindow, pictureId, reasonsOf } from './drawn';
import { instance } from './fixture';
import { drawable, frameIdOf, imageIdOf, parseImageId } from './stack';
import { rangeOf } from './voi';

describe('frames drawn by the server', () => {
  it('are those whose samples under a straight window are not the picture that was meant', () => {
    expect(drawable(instance())).toBe(true);
    expect(drawable(instance({ raw_ok: false }))).toBe(false);
    for (const why of ['overlay', 'modality-lut', 'voi-lut', 'voi-function', 'presentation-lut', 'shutter', 'palette', 'something-new']) {
      expect(drawable(instance({ rendered_for: [why] })), why).toBe(false);
    }
  });

  it('a document of an earlier version, which says nothing, is not drawn from its samples', () => {
    const { rendered_for: _, ...old } = instance();
    expect(drawable(old)).toBe(false);
    expect(reasonsOf(old)).toEqual(['unknown']);
  });

  it('say why in both languages, also where the reason is not known here', () => {
    expect(reasonsOf(instance({ rendered_for: ['shutter', 'overlay'] }))).toEqual(['overlay', 'shutter']);
    expect(reasonsOf(instance({ rendered_for: ['overlay', 'something-new'] }))).toEqual(['overlay', 'unknown']);
    expect(reasonsOf(instance({ raw_ok: false }))).toEqual(['encoding']);
    expect(reasonsOf(instance())).toEqual([]);
    const all = [
      'overlay',
      'modality-lut',
      'voi-lut',
      'voi-function',
      'presentation-lut',
      'shutter',
      'palette',
      'frame-groups',
      'something-new',
    ];
    for (const words of [zh, en] as Record<string, string>[]) {
      const told = whyRendered((key) => words[key] ?? '', instance({ rendered_for: all }));
      expect(told.split(', ').filter((w) => w.length > 1)).toHaveLength(9);
    }
  });

  it('grey ones are asked for in a window, with every pixel and nothing lost', () => {
    const marked = instance({ id: 'a/b', rendered_for: ['overlay'] });
    expect(drawnPath(marked, 2, null)).toBe('/api/frames/a%2Fb/2?f=png');
    expect(drawnPath(marked, 2, { center: -600, width: 1500 })).toBe('/api/frames/a%2Fb/2?f=png&wc=-600&ww=1500');
    const colour = instance({ rendered_for: ['overlay'], samples: 3, photometric: 'RGB' });
    expect(asksWindow(colour)).toBe(false);
    expect(asksWindow(instance({ rendered_for: ['palette'], photometric: 'PALETTE COLOR' }))).toBe(false);
    expect(drawnPath(colour, 1, { center: 1, width: 2 })).toBe('/api/frames/i/1?f=png');
    expect(asksWindow(instance())).toBe(false);
  });

  it('are another picture in another window, of the same frame', () => {
    const of = (i: ReturnType<typeof instance>) => ({ imageId: imageIdOf(i.id, 2), instance: i, frame: 2, image: 0 });
    const marked = of(instance({ id: 'a', rendered_for: ['overlay'] }));
    const lung = pictureId(marked, { center: -600.5, width: 1500 });
    expect(lung).not.toBe(pictureId(marked, { center: 40, width: 400 }));
    expect(parseImageId(lung)).toEqual({ instance: 'a', frame: 2, window: { center: -600.5, width: 1500 } });
    expect(frameIdOf(lung)).toBe(marked.imageId);
    expect([pictureId(marked, null), frameIdOf(marked.imageId)]).toEqual([marked.imageId, marked.imageId]);
    // Samples are the same in every window.
    expect(pictureId(of(instance({ id: 'a' })), { center: 1, width: 2 })).toBe('yg:a/2');
  });

  it('a range chosen on the picture becomes a window of the samples', () => {
    const base = { center: 40, width: 400 };
    const marked = instance({ rendered_for: ['overlay'] });
    expect(outOf(rangeOf(EIGHT_BITS), base, marked)).toEqual(base);
    expect(outOf({ lower: 0, upper: 127.5 }, base, marked)).toEqual({ center: -60, width: 200 });
    expect(outOf({ lower: 0, upper: 127.5 }, base, { ...marked, invert: true })).toEqual({ center: 140, width: 200 });
    expect(outOf({ lower: 3, upper: 3 }, base, marked).width).toBe(1);
    const share = { center: 0.5, width: 1 };
    expect(outOf({ lower: 0, upper: 127.5 }, share, { ...marked, voi_function: 'LINEAR_EXACT' })).toEqual({ center: 0.25, width: 0.5 });
    expect(ownWindow(instance({ windows: [{ center: 1, width: 0, label: '' }] }))).toBeNull();
  });
});
