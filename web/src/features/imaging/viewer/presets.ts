// Window presets of the modality (keys 1-9) and the window an image opens with.
// The table is the default; a site may replace it, so it is data and not code.

import { isPadding, type Padding, paddingOf } from './samples';
import type { StackInstance } from './stack';
import { isSuv } from './voi';

export interface VoiWindow {
  center: number;
  width: number;
}

export interface Preset extends VoiWindow {
  /** Catalogue key tail (`imaging.preset.<id>`); `file` presets show their own label. */
  id: string;
  label?: string;
  /** Digit that chooses it; 0 is always the image's own window. */
  key: number;
}

const CT: ReadonlyArray<[string, number, number]> = [
  ['lung', 1500, -600],
  ['mediastinum', 400, 40],
  ['abdomen', 350, 50],
  ['liver', 150, 60],
  ['brain', 80, 40],
  ['stroke', 40, 40],
  ['subdural', 200, 75],
  ['bone', 2000, 400],
  ['angio', 600, 200],
];

/** Presets of the modality: fixed digits for CT, the file's windows under 1.. for the rest, 9 = by percentiles; 0 = as opened. */
export function presetsFor(modality: string, i: StackInstance | null, opened: VoiWindow | null, auto: VoiWindow | null = null): Preset[] {
  const out: Preset[] = [];
  if (opened) out.push({ id: 'own', key: 0, center: opened.center, width: opened.width });
  const file = (i?.windows ?? []).filter((w) => w.width > 0);
  if (modality === 'CT') {
    CT.forEach(([id, width, center], at) => {
      out.push({ id, key: at + 1, width, center });
    });
    // The device's further windows have no digit left.
    file.forEach((w, at) => {
      const known = out.some((p) => p.width === w.width && p.center === w.center);
      if (!known) out.push({ id: 'file', key: 10 + at, width: w.width, center: w.center, ...(w.label ? { label: w.label } : {}) });
    });
    return out;
  }
  if (modality === 'PT' && i && isSuv(i)) {
    out.push({ id: 'suv7', key: 1, width: 7, center: 3.5 });
    return out;
  }
  file.slice(0, auto ? 8 : 9).forEach((w, at) => {
    const preset: Preset = { id: 'file', key: at + 1, width: w.width, center: w.center };
    if (w.label) preset.label = w.label;
    out.push(preset);
  });
  if (auto) out.push({ id: 'auto', key: 9, center: auto.center, width: auto.width });
  return out;
}

/** Window between the 0.5 and 99.5 percentile of the samples, padding left out. */
export function percentileWindow(samples: ArrayLike<number>, padding: Padding | null, low = 0.005, high = 0.995): VoiWindow {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < samples.length; k++) {
    const v = samples[k] as number;
    if (isPadding(v, padding) || !Number.isFinite(v)) continue;
    if (v < min) min = v;
    if (v > max) max = v;
  }
  if (!(max > min)) return { center: Number.isFinite(min) ? min : 0, width: 1 };
  const bins = 4096;
  const scale = (bins - 1) / (max - min);
  const histogram = new Uint32Array(bins);
  let total = 0;
  for (let k = 0; k < samples.length; k++) {
    const v = samples[k] as number;
    if (isPadding(v, padding) || !Number.isFinite(v)) continue;
    const bin = Math.round((v - min) * scale);
    histogram[bin] = (histogram[bin] ?? 0) + 1;
    total += 1;
  }
  const at = (share: number): number => {
    let seen = 0;
    for (let b = 0; b < bins; b++) {
      seen += histogram[b] ?? 0;
      if (seen > share * total) return min + b / scale;
    }
    return max;
  };
  const lower = at(low);
  const upper = at(high);
  // Whole values differ by one at least; of fractions the window is as narrow as they lie.
  const least = samples instanceof Float32Array ? (max - min) / bins : 1;
  return { center: (lower + upper) / 2, width: Math.max(least, upper - lower) };
}

/** The window an image opens with: the file's first valid one, else (not CT, PT) the percentiles of the samples. */
export function openingWindow(modality: string, i: StackInstance, samples: ArrayLike<number> | null): VoiWindow {
  if (i.samples > 1) return { center: 128, width: 256 };
  const own = i.windows.find((w) => w.width > 0 && Number.isFinite(w.center));
  if (modality === 'PT' && isSuv(i)) return { center: 3.5, width: 7 };
  if (own) return { center: own.center, width: own.width };
  if (modality === 'CT') return { center: 40, width: 400 };
  // Eight bits without a window are ready for display (ultrasound, captures): stretching them would change what the operator saw.
  if (i.bits_stored <= 8 && !i.signed) return { center: 128, width: 256 };
  if (samples) return percentileWindow(samples, paddingOf(i));
  const bits = Math.min(16, Math.max(1, i.bits_stored));
  return { center: 2 ** (bits - 1), width: 2 ** bits };
}
