import { describe, expect, it } from 'vitest';
import { byObject, bytes, type Hurt, type HurtImage, parts, pathOf } from './model';

describe('the store', () => {
  it('tells bytes in words', () => {
    expect([0, 1023, 1536, 20 * 1024 ** 3, 150 * 1024 ** 4].map(bytes)).toEqual(['0 B', '1023 B', '1.5 KiB', '20.0 GiB', '150 TiB']);
  });
  it('divides a disk into used, free and reserve', () => {
    const whole = { whole: 100, free: 30, reserve: 10, has_room: true };
    expect(parts(whole)).toEqual({ used: 0.7, free: 0.2, reserve: 0.1 });
    // Below the reserve nothing is free for new objects.
    expect(parts({ ...whole, free: 4 })).toEqual({ used: 0.96, free: 0, reserve: 0.04 });
    expect(parts({ ...whole, whole: 0 })).toEqual({ used: 0, free: 0, reserve: 0 });
  });
  it('shows one row for an object that two images need', () => {
    const image = (uid: string) => ({ uid }) as HurtImage;
    const row = (address: string, uid?: string) => ({ address, image: uid ? image(uid) : null }) as Hurt;
    const found = byObject([row('aa', '1'), row('aa', '2'), row('bb')]);
    expect(found.map((o) => [o.head.address, o.images.map((i) => i.uid)])).toEqual([
      ['aa', ['1', '2']],
      ['bb', []],
    ]);
  });
  it('names the file', () => {
    expect(pathOf('abcdef')).toBe('objects/ab/abcdef');
  });
});
