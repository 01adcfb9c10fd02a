// Memory limits of the viewer. The engine's own cache cap is 3 GB, far beyond a 4 GB reading PC.

const MB = 1024 * 1024;
const GB = 1024 * MB;

/** Cache cap in bytes: a quarter of the machine, at most 1 GB, 512 MB when the browser does not tell. */
export function cacheBytes(deviceMemoryGb: number | undefined): number {
  if (!deviceMemoryGb || !Number.isFinite(deviceMemoryGb)) return 512 * MB;
  return Math.min(GB, Math.max(128 * MB, deviceMemoryGb * GB * 0.25));
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
