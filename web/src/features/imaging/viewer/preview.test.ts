import { describe, expect, it } from 'vitest';
import { type Hung, type KeyImage, stateOf } from '../model';
import { keyPath } from '../SeriesStrip';
import { instance } from './fixture';
import { EMPTY_STATE, type PaneState } from './port';
import { ofSeries, previewOf, standing } from './preview';
import { imageIdOf } from './stack';

const hung = (more: Partial<Hung> = {}, frames = 20, images: string[] = []): Hung =>
  ({
    study: {},
    series: { id: 's', frames, preview: '/p', images: images.map((id) => ({ id, view: '', laterality: '', orientation: '' })) },
    prior: false,
    start: null,
    ...more,
  }) as Hung;
const at = (id: string, status: PaneState['status'], frame = 1): PaneState => ({
  ...EMPTY_STATE,
  series: 's',
  status,
  frame: { imageId: imageIdOf(id, frame), instance: instance({ id }), frame, image: 0 },
});

describe('what stands for an image that has not come', () => {
  const found = (h: Hung) => {
    const p = previewOf(h);
    if (!p) throw new Error('no preview');
    return p;
  };

  it('is the picture of that image and frame, or of the series as long as nothing is told of an image', () => {
    const whole = found(hung());
    expect(standing(whole, EMPTY_STATE, null)).toBe('series');
    expect(standing(whole, at('mid', 'loading'), 'yg:mid/1')).toBe('series');
    // Leafed on before the first one came, or opened anew in the midst of reading.
    expect(standing(whole, at('next', 'loading'), 'yg:mid/1')).toBeNull();
    expect(standing(whole, at('mid', 'loading'), null)).toBeNull();
    const one = found(hung({ instance: 'b', start: 1 }, 2, ['a', 'b']));
    expect(one.src).toBe('/api/frames/b/1?f=jpeg&w=1024');
    expect(standing(one, at('b', 'loading'), null)).toBe('named');
    expect(standing(one, at('a', 'loading'), 'yg:a/1')).toBeNull();
    expect(standing(one, at('b', 'loading', 2), 'yg:b/2')).toBeNull();
    expect(standing(found(hung({}, 1)), at('only', 'loading'), null)).toBe('named');
    expect(previewOf(hung({ cut: 'axial' }))).toBeNull();
  });

  it('is nothing once an image has stood there, or where none will come', () => {
    const whole = found(hung());
    expect(standing(whole, at('mid', 'ready'), 'yg:mid/1')).toBeNull();
    expect(standing(found(hung({}, 1)), at('only', 'ready'), null)).toBeNull();
    expect(standing(whole, { ...EMPTY_STATE, series: 's', status: 'error' }, null)).toBeNull();
  });

  it('has no word of an image beside it while it stands for the series', () => {
    const told = ofSeries({ ...at('mid', 'loading'), count: 20, number: 7, window: { center: 1, width: 2 } });
    expect([told.frame, told.number, told.window, told.count]).toEqual([null, null, null, 20]);
  });
});

describe('what a pane tells', () => {
  it('holds only for what hangs there now', () => {
    const open = at('a', 'ready');
    expect(stateOf(hung(), open)).toBe(open);
    expect(stateOf(hung({ cut: 'axial' }), open)).toBe(EMPTY_STATE);
    expect(stateOf(hung({ series: { ...hung().series, id: 'other' } }), open)).toBe(EMPTY_STATE);
    expect(stateOf(null, open)).toBe(EMPTY_STATE);
  });
});

describe('key images in the strip', () => {
  it('are drawn as they were seen', () => {
    const key = (view: KeyImage['view']) => ({ instance: 'i', frame: 3, view }) as KeyImage;
    expect(keyPath(key({ center: -600, width: 1500, invert: false }))).toBe('/api/frames/i/3?f=png&w=160&wc=-600&ww=1500');
    expect(keyPath(key({ center: null, width: null, invert: true }))).toBe('/api/frames/i/3?f=jpeg&w=160');
  });
});
