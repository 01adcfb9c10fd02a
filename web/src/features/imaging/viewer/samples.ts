// From the raw bytes of a frame to samples the engine can draw and the measurements can read. Pure: no engine, no network.

import type { StackInstance } from './stack';

export type Samples = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | Float32Array;

export interface GreyFrame {
  kind: 'grey';
  /** Modality values (HU where the file says so): stored value * slope + intercept. */
  values: Int16Array | Uint16Array | Float32Array;
  min: number;
  max: number;
  /** false: fractions or a range beyond 16 bit. */
  integers: boolean;
}

export interface ColorFrame {
  kind: 'color';
  /** Interleaved RGB. */
  rgb: Uint8Array;
}

/** Values of places where nothing was imaged, from `low` to `high`. */
export interface Padding {
  low: number;
  high: number;
}

/** Pixel Padding Value and Range Limit (PS3.3 C.7.5.1.1.2) in units of the values. */
export function paddingOf(i: StackInstance): Padding | null {
  if (i.padding === null) return null;
  const slope = i.slope ?? 1;
  const intercept = i.intercept ?? 0;
  // Fractions are held as 32-bit floats: the same rounding, or no value would ever equal it.
  const held = (v: number) => (Number.isInteger(slope) && Number.isInteger(intercept) ? v : Math.fround(v));
  const one = held(i.padding * slope + intercept);
  const other = held((i.padding_limit ?? i.padding) * slope + intercept);
  return { low: Math.min(one, other), high: Math.max(one, other) };
}

/** Whether nothing was imaged there. */
export const isPadding = (v: number, p: Padding | null): boolean => p !== null && v >= p.low && v <= p.high;

/** Exact length a raw frame must have. */
export const rawLength = (i: StackInstance): number => (i.rows * i.cols * i.samples * i.bits_allocated) / 8;

function view(i: StackInstance, buffer: ArrayBuffer): Samples {
  switch (i.bits_allocated) {
    case 8:
      return i.signed ? new Int8Array(buffer) : new Uint8Array(buffer);
    case 16:
      return i.signed ? new Int16Array(buffer) : new Uint16Array(buffer);
    case 32:
      return i.signed ? new Int32Array(buffer) : new Uint32Array(buffer);
    default:
      throw new Error(`bits allocated ${i.bits_allocated} cannot be drawn`);
  }
}

/** Stored value from a sample word: bits above the high bit may hold garbage (old overlays). PS3.5 8.1.1. */
function storedValue(i: StackInstance): ((word: number) => number) | null {
  const shift = i.high_bit + 1 - i.bits_stored;
  if (i.bits_stored >= i.bits_allocated && shift === 0) return null;
  if (i.bits_allocated > 16 || i.bits_stored < 1 || shift < 0) return null;
  const up = 32 - i.bits_stored;
  return i.signed ? (w) => ((w >> shift) << up) >> up : (w) => ((w >>> shift) << up) >>> up;
}

function grey(i: StackInstance, buffer: ArrayBuffer): GreyFrame {
  const words = view(i, buffer);
  const stored = storedValue(i);
  const slope = i.slope ?? 1;
  const intercept = i.intercept ?? 0;
  const whole = Number.isInteger(slope) && Number.isInteger(intercept);
  const n = words.length;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < n; k++) {
    const w = words[k] as number;
    const v = (stored ? stored(w) : w) * slope + intercept;
    if (v < min) min = v;
    if (v > max) max = v;
  }
  const fits16 = whole && min >= -32768 && max <= 32767;
  const fitsU16 = whole && min >= 0 && max <= 65535;
  const values = fits16 ? new Int16Array(n) : fitsU16 ? new Uint16Array(n) : new Float32Array(n);
  for (let k = 0; k < n; k++) {
    const w = words[k] as number;
    values[k] = (stored ? stored(w) : w) * slope + intercept;
  }
  return { kind: 'grey', values, min, max, integers: fits16 || fitsU16 };
}

/** Values calculated in the page, as a frame. */
export function greyOf(values: GreyFrame['values']): GreyFrame {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < values.length; k++) {
    const v = values[k] as number;
    if (v < min) min = v;
    if (v > max) max = v;
  }
  return { kind: 'grey', values, min, max, integers: !(values instanceof Float32Array) };
}

function color(i: StackInstance, buffer: ArrayBuffer): ColorFrame {
  if (i.bits_allocated !== 8 || i.samples < 3) throw new Error('colour frames need three 8-bit samples');
  const bytes = new Uint8Array(buffer);
  const n = i.rows * i.cols;
  const step = i.planar === 1 ? 1 : i.samples;
  const plane = i.planar === 1 ? n : 1;
  const rgb = new Uint8Array(n * 3);
  // Only native YBR_FULL arrives unconverted; decoded codestreams (RCT, ICT, 422) come as RGB.
  const ybr = i.photometric === 'YBR_FULL';
  for (let k = 0; k < n; k++) {
    const a = bytes[k * step] ?? 0;
    const b = bytes[k * step + plane] ?? 0;
    const c = bytes[k * step + 2 * plane] ?? 0;
    const o = k * 3;
    if (ybr) {
      rgb[o] = clamp(a + 1.402 * (c - 128));
      rgb[o + 1] = clamp(a - 0.344136 * (b - 128) - 0.714136 * (c - 128));
      rgb[o + 2] = clamp(a + 1.772 * (b - 128));
    } else {
      rgb[o] = a;
      rgb[o + 1] = b;
      rgb[o + 2] = c;
    }
  }
  return { kind: 'color', rgb };
}

/** The same with a fourth byte, opaque. */
export function withAlpha(rgb: Uint8Array): Uint8Array {
  const n = rgb.length / 3;
  const out = new Uint8Array(n * 4);
  for (let k = 0; k < n; k++) {
    out[k * 4] = rgb[k * 3] ?? 0;
    out[k * 4 + 1] = rgb[k * 3 + 1] ?? 0;
    out[k * 4 + 2] = rgb[k * 3 + 2] ?? 0;
    out[k * 4 + 3] = 255;
  }
  return out;
}

const clamp = (v: number): number => (v < 0 ? 0 : v > 255 ? 255 : Math.round(v));

/** Decodes a raw frame; throws with a plain reason when the bytes are not what the stack document promised. */
export function decodeRaw(i: StackInstance, buffer: ArrayBuffer): GreyFrame | ColorFrame {
  const want = rawLength(i);
  if (buffer.byteLength !== want) throw new Error(`frame has ${buffer.byteLength} bytes, expected ${want}`);
  return i.samples === 1 ? grey(i, buffer) : color(i, buffer);
}
