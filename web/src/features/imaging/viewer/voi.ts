// Windows in the words of the reader, and the values they run between. Pure.

import type { VoiWindow } from './presets';
import type { StackInstance } from './stack';

/** The value that is drawn black and the one that is drawn white. */
export interface Range {
  lower: number;
  upper: number;
}

/** Standardised uptake values (g/ml by body weight), not activity: only then 0 to 7 means anything. */
export const isSuv = (i: StackInstance): boolean => /^(SUV|GML|G\/ML)/i.test((i.units ?? '').trim());

/** Values that are no whole numbers. */
export const fractional = (i: StackInstance): boolean => !Number.isInteger(i.slope ?? 1) || !Number.isInteger(i.intercept ?? 0);

/** Windows of these values are as wide as they say (LINEAR_EXACT). LINEAR counts whole grey levels (PS3.3 C.11.2.1.2.1): "SUV 0-7"
 * would end at 6, and a map of fractions would have its white below its black. */
export const exactly = (i: StackInstance): boolean => fractional(i) || isSuv(i);

/** The narrowest window that means anything: one step of the stored values. */
export const leastWidth = (i: StackInstance): number => (exactly(i) ? Math.abs(i.slope ?? 1) || 1e-6 : 1);

export const atLeast = (w: VoiWindow, i: StackInstance): VoiWindow => ({ center: w.center, width: Math.max(leastWidth(i), w.width) });

/** What a window shows, PS3.3 C.11.2.1.2. White is always above black. */
export function rangeOf(w: VoiWindow, exact = false): Range {
  if (exact) {
    const half = Math.max(w.width, 1e-9) / 2;
    return { lower: w.center - half, upper: w.center + half };
  }
  const middle = w.center - 0.5;
  // One grey level is a threshold: what lies above the middle is white.
  if (w.width <= 1) return { lower: middle, upper: middle + 0.5 };
  const half = (w.width - 1) / 2;
  return { lower: middle - half, upper: middle + half };
}

/** Inverse of rangeOf: to a tenth of a grey level, of fractions to four digits of the width. */
export function windowOf(range: Range, exact = false): VoiWindow {
  const width = Math.abs(range.upper - range.lower) + (exact ? 0 : 1);
  const center = (range.lower + range.upper + (exact ? 0 : 1)) / 2;
  const digits = exact && width > 0 ? Math.min(12, Math.max(0, 3 - Math.floor(Math.log10(width)))) : 1;
  const round = (v: number): number => Number(v.toFixed(digits));
  return { center: round(center), width: round(width) };
}

/** A range in the numbers the engine keeps: to it every window is LINEAR. */
export const engineWindow = (r: Range): VoiWindow => ({ center: (r.lower + r.upper + 1) / 2, width: r.upper - r.lower + 1 });

const near = (a: number, b: number, off: number): boolean => Math.abs(a - b) <= off;

/** What the engine was given may come back with an error of rounding. */
export const sameRange = (a: Range, b: Range): boolean => {
  const off = 1e-4 * Math.abs(a.upper - a.lower);
  return near(a.lower, b.lower, off) && near(a.upper, b.upper, off);
};

/** The same window for a reader: half a grey level, of narrow ones a hundredth of the width. */
export const sameWindow = (a: VoiWindow, b: VoiWindow): boolean => {
  const off = Math.min(0.6, 0.01 * Math.max(a.width, b.width));
  return near(a.center, b.center, off) && near(a.width, b.width, off);
};

/** A window moved by a step: a twentieth of its width, whole grey levels where values are whole. */
export function nudged(w: VoiWindow, i: StackInstance, width: number, center: number): VoiWindow {
  const step = exactly(i) ? w.width / 20 : Math.max(1, Math.round(w.width / 20));
  return atLeast({ width: w.width + width * step, center: w.center + center * step }, i);
}

/** A window of fractions moved by the hand, as parts of its own width: the engine measures in steps of what it holds, and its CPU path holds
 * fractions as numbers up to 65535. */
export function dragged(range: Range, dx: number, dy: number, least: number): Range {
  const width = range.upper - range.lower;
  const next = Math.max(least, width * (1 + dx / 200));
  const middle = (range.lower + range.upper) / 2 + (dy * width) / 200;
  return { lower: middle - next / 2, upper: middle + next / 2 };
}

/** A number of a window as it is read: digits where they matter. */
export function windowText(v: number): string {
  if (Math.abs(v) >= 10 || Number.isInteger(v)) return v.toFixed(0);
  return Math.abs(v) >= 1 ? v.toFixed(1) : String(Number(v.toPrecision(2)));
}
