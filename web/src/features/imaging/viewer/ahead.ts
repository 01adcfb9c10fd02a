// Fetching ahead of the reader.

import { cache, imageLoader } from '@cornerstonejs/core';
import { queue } from './loader';
import { prefetchFrames, prefetchOrder } from './memory';
import { Dropped, RANK } from './queue';

const ask = (id: string, rank: number): Promise<unknown> => imageLoader.loadAndCacheImage(id, { requestType: 'prefetch', rank } as never);

/** Asks for the frames around the shown one: three ahead first, then rings, as far as there is room for them. */
export function fetchAhead(
  ids: readonly string[],
  shown: number,
  direction: 1 | -1,
  room: number,
  bytesPerFrame: number,
  base: number,
): void {
  const limit = prefetchFrames(room, bytesPerFrame, ids.length);
  prefetchOrder(shown, ids.length, direction, limit).forEach((at, n) => {
    const id = ids[at];
    if (!id) return;
    const rank = n < 3 ? RANK.near + n : base + n / 1000;
    if (cache.getImageLoadObject(id)) queue.raise(id, rank);
    else ask(id, rank).catch(() => undefined);
  });
}

const asked = new Set<string>();

/** Asks for a frame somebody waits for, once at a time, and tells whether it came; a request that was dropped is asked again. */
export function fetchOne(id: string, rank: number, then: (came: boolean) => void): void {
  queue.raise(id, rank);
  if (asked.has(id)) return;
  asked.add(id);
  ask(id, rank)
    .then(
      () => true,
      (e: unknown) => (e instanceof Dropped ? null : false),
    )
    .then((came) => {
      asked.delete(id);
      if (came !== null) then(came);
    });
}
