// Windows in the words of the reader and of the engine.

import { utilities } from '@cornerstonejs/core';
import type { YgImage } from './loader';
import type { VoiWindow } from './presets';
import { percentileWindow } from './presets';
import { paddingOf } from './samples';
import type { StackInstance } from './stack';

/** Lower and upper grey value of a window, PS3.3 C.11.2.1.2. */
export function rangeOf(w: VoiWindow): { lower: number; upper: number } {
  return utilities.windowLevel.toLowHighRange(w.width, w.center);
}

/** Inverse of rangeOf, to a tenth. */
export function windowOf(range: { lower: number; upper: number } | undefined): VoiWindow | null {
  if (!range) return null;
  const w = utilities.windowLevel.toWindowLevel(range.lower, range.upper);
  return { center: Math.round(w.windowCenter * 10) / 10, width: Math.round(w.windowWidth * 10) / 10 };
}

/** Window by percentiles of a film, counted once; null for frames without values. */
export function autoWindow(image: YgImage, instance: StackInstance): VoiWindow | null {
  if (!image.ygValues) return null;
  image.ygAuto ??= percentileWindow(image.ygValues, paddingOf(instance));
  return image.ygAuto;
}
