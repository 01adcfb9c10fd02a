import { beforeEach, describe, expect, it, vi } from 'vitest';
import { held, hold, idle, release, touched, unheard } from './held';

const kept = new Map<string, string>();
beforeEach(() => {
  kept.clear();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
  vi.useRealTimers();
});

describe('the lock of this browser', () => {
  it("is one person's, and stays until it is taken away", () => {
    hold('a', false);
    expect(held('a')).toEqual({ account: 'a', told: false });
    expect(held('b')).toBeNull();
    release();
    expect(held('a')).toBeNull();
  });
  it('stays known to the server, until the server says it is not', () => {
    hold('a', true);
    hold('a', false);
    expect(held('a')?.told).toBe(true);
    unheard('a');
    expect(held('a')?.told).toBe(false);
  });
  it('is none when what is kept cannot be read', () => {
    kept.set('yg.locked', '{');
    expect(held('a')).toBeNull();
  });
});

describe('a browser nobody touches', () => {
  it('is idle after a quarter of an hour, and not when it was just opened', () => {
    vi.useFakeTimers();
    expect(idle()).toBe(false);
    touched();
    vi.advanceTimersByTime(15 * 60_000);
    expect(idle()).toBe(false);
    vi.advanceTimersByTime(1_000);
    expect(idle()).toBe(true);
  });
});
