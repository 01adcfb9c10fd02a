// Memory limits of the viewer. The engine's own cache cap is 3 GB, far beyond a 4 GB reading PC.

import type { StackInstance } from './stack';
import { drawable } from './stack';
import { fractional } from './voi';

const MB = 1024 * 1024;
const GB = 1024 * MB;

/** Cache cap in bytes: a quarter of the machine, at most 1 GB, 512 MB when the browser does not tell. */
export function cacheBytes(deviceMemoryGb: number | undefined): number {
  if (!deviceMemoryGb || !Number.isFinite(deviceMemoryGb)) return 512 * MB;
  return Math.min(GB, Math.max(128 * MB, deviceMemoryGb * GB * 0.25));
}

/** Bytes of one grey value once it is read: fractions need a float. What does not fit into 16 bits is known when it has come. */
export const valueBytes = (i: StackInstance): 2 | 4 => (fractional(i) ? 4 : 2);

/** Bytes a frame takes in the memory of the page. */
export function frameBytes(i: StackInstance, cpu: boolean): number {
  const pixels = i.rows * i.cols;
  if (i.samples > 1 || !drawable(i)) return pixels * (cpu ? 4 : 3);
  // Beside fractions the CPU path keeps what it draws, in 16 bits.
  return pixels * (valueBytes(i) + (cpu && fractional(i) ? 2 : 0));
}

/** Frames worth prefetching: what fits into three quarters of the cap, so that shown frames are never pushed out. */
export function prefetchFrames(cap: number, bytesPerFrame: number, total: number): number {
  if (bytesPerFrame <= 0) return total;
  return Math.min(total, Math.floor((cap * 0.75) / bytesPerFrame));
}

/** Order of prefetch around the shown frame: three in the direction of scrolling first, then rings outward. */
export function prefetchOrder(shown: number, total: number, direction: 1 | -1, limit: number): number[] {
  const out: number[] = [];
  const seen = new Set<number>([shown]);
  const take = (k: number) => {
    if (k >= 0 && k < total && !seen.has(k) && out.length < limit) {
      seen.add(k);
      out.push(k);
    }
  };
  for (let d = 1; d <= 3; d++) take(shown + d * direction);
  for (let d = 1; d < total; d++) {
    take(shown + d * direction);
    take(shown - d * direction);
  }
  return out;
}
