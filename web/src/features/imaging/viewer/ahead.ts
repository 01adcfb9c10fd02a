// Fetching ahead of the reader.

import { cache, imageLoader } from '@cornerstonejs/core';
import { queue } from './loader';
import { prefetchFrames, prefetchOrder } from './memory';
import { RANK } from './queue';
import type { FrameRef } from './stack';

/** Asks for the frames around the shown one: three ahead first, then rings, as far as the cache holds them. */
export function fetchAhead(frames: readonly FrameRef[], shown: number, direction: 1 | -1, bytesPerFrame: number, base: number): void {
  const limit = prefetchFrames(cache.getMaxCacheSize(), bytesPerFrame, frames.length);
  prefetchOrder(shown, frames.length, direction, limit).forEach((at, n) => {
    const f = frames[at];
    if (!f) return;
    const rank = n < 3 ? RANK.near + n : base + n / 1000;
    if (cache.getImageLoadObject(f.imageId)) queue.raise(f.imageId, rank);
    else imageLoader.loadAndCacheImage(f.imageId, { requestType: 'prefetch', rank } as never).catch(() => undefined);
  });
}
