// Lowest and highest value of ever longer stretches, sixteen to one a level (+13 % of memory): a day of samples is drawn as fast as ten seconds.

export interface Level {
  /** Samples of one entry. */
  per: number;
  low: Float32Array;
  high: Float32Array;
}
export type Pyramid = readonly Level[];

const FACTOR = 16;
/** Coarser levels than this are of no use to a screen. */
const FEWEST = 2_048;

/** Missing samples (NaN) are passed over; a stretch of nothing else stays NaN. */
export function pyramid(uv: Float32Array): Pyramid {
  const out: Level[] = [];
  let low = uv;
  let high = uv;
  for (let per = FACTOR; low.length > FEWEST; per *= FACTOR) {
    const n = Math.ceil(low.length / FACTOR);
    const nextLow = new Float32Array(n);
    const nextHigh = new Float32Array(n);
    for (let k = 0; k < n; k++) {
      let a = Number.NaN;
      let b = Number.NaN;
      const end = Math.min(low.length, (k + 1) * FACTOR);
      for (let j = k * FACTOR; j < end; j++) {
        const l = low[j] as number;
        const h = high[j] as number;
        if (!(a <= l) && !Number.isNaN(l)) a = l;
        if (!(b >= h) && !Number.isNaN(h)) b = h;
      }
      nextLow[k] = a;
      nextHigh[k] = b;
    }
    out.push({ per, low: nextLow, high: nextHigh });
    low = nextLow;
    high = nextHigh;
  }
  return out;
}

/** Lowest and highest of each of `columns` equal stretches of the samples `from` to `to`, from the coarsest level that is fine enough. */
export function envelope(
  uv: Float32Array,
  p: Pyramid,
  from: number,
  to: number,
  columns: number,
): { low: Float32Array; high: Float32Array } {
  const wide = (to - from) / columns;
  const level = [...p].reverse().find((l) => l.per * 2 <= wide) ?? { per: 1, low: uv, high: uv };
  const low = new Float32Array(columns).fill(Number.NaN);
  const high = new Float32Array(columns).fill(Number.NaN);
  for (let c = 0; c < columns; c++) {
    const a = Math.floor((from + c * wide) / level.per);
    const b = Math.min(level.low.length, Math.max(a + 1, Math.ceil((from + (c + 1) * wide) / level.per)));
    for (let k = a; k < b; k++) {
      const l = level.low[k] as number;
      const h = level.high[k] as number;
      if (!((low[c] as number) <= l) && !Number.isNaN(l)) low[c] = l;
      if (!((high[c] as number) >= h) && !Number.isNaN(h)) high[c] = h;
    }
  }
  return { low, high };
}
