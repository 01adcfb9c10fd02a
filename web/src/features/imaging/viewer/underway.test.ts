import { afterEach, expect, test, vi } from 'vitest';
import { beginFrame, takeFrame } from './underway';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const answers = (ok: boolean, status = 200) => vi.fn(async () => ({ ok, status, arrayBuffer: async () => new ArrayBuffer(3) }));

test('one request serves the one who warms and the one who asks', async () => {
  const fetch = answers(true);
  vi.stubGlobal('fetch', fetch);
  beginFrame('/f/1');
  beginFrame('/f/1');
  expect((await takeFrame('/f/1'))?.byteLength).toBe(3);
  expect(fetch).toHaveBeenCalledTimes(1);
  expect(takeFrame('/f/1')).toBeUndefined();
});

test('what failed is not handed on, and nothing is held for long', async () => {
  vi.useFakeTimers();
  vi.stubGlobal('fetch', answers(false, 503));
  beginFrame('/f/2');
  await vi.advanceTimersByTimeAsync(1);
  expect(takeFrame('/f/2')).toBeUndefined();
  vi.stubGlobal('fetch', answers(true));
  for (let n = 0; n < 9; n++) beginFrame(`/g/${n}`);
  expect(takeFrame('/g/4')).toBeUndefined();
  await vi.advanceTimersByTimeAsync(31_000);
  expect(takeFrame('/g/0')).toBeUndefined();
});
