// Image loader of the scheme `yg:`: raw little-endian samples over HTTP, no WASM, no codec.

import { cache, metaData, type Types } from '@cornerstonejs/core';
import { bare, drawnPath, EIGHT_BITS } from './drawn';
import { metaOf, openingOf, provide, setOpening } from './metadata';
import type { VoiWindow } from './presets';
import { openingWindow } from './presets';
import { Dropped, FrameQueue, RANK } from './queue';
import { type ColorFrame, decodeRaw, type GreyFrame, greyOf } from './samples';
import type { FrameRef, StackInstance } from './stack';
import { drawable, imageIdOf, parseImageId, rawPath } from './stack';
import { takeFrame } from './underway';

/** Our image: what the engine needs plus the modality values measurements read. */
export interface YgImage extends Types.IImage {
  ygValues: GreyFrame['values'] | null;
  /** The frame came rendered (8 bit, window applied): no values to measure. */
  ygRendered: boolean;
  /** Window by percentiles, once it was asked for. */
  ygAuto?: VoiWindow;
}

export interface LoaderOptions {
  cpu: boolean;
  fetch: (path: string, signal: AbortSignal) => Promise<Response>;
  window: (imageId: string) => { center: number; width: number } | undefined;
  /** Values of an image that is calculated here and not fetched. */
  local: (instance: string) => GreyFrame['values'];
  isLocal: (instance: string) => boolean;
}

export const queue = new FrameQueue(6);
let options: LoaderOptions | null = null;
let providing = false;

export function configure(o: LoaderOptions): void {
  options = o;
  if (!providing) {
    metaData.addProvider(provide, 10_000);
    providing = true;
  }
}

/** A frame that could not be fetched or read after all attempts. */
export class FrameFailed extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'FrameFailed';
  }
}

const ATTEMPTS = 3;

async function bytes(path: string, signal: AbortSignal): Promise<ArrayBuffer> {
  if (!options) throw new Error('loader is not configured');
  let last: unknown = null;
  const underWay = await takeFrame(path)?.catch(() => undefined);
  if (underWay && !signal.aborted) return underWay;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (signal.aborted) throw new Dropped();
    try {
      const answer = await options.fetch(path, signal);
      if (answer.ok) return await answer.arrayBuffer();
      last = new Error(`HTTP ${answer.status}`);
      if (answer.status === 404 || answer.status === 410 || answer.status === 401 || answer.status === 403) break;
    } catch (e) {
      if (signal.aborted) throw new Dropped();
      last = e;
    }
    await new Promise((r) => setTimeout(r, 250 * 2 ** attempt));
  }
  throw last instanceof Error ? last : new Error(String(last));
}

async function rendered(i: StackInstance, frame: number, signal: AbortSignal): Promise<ColorFrame> {
  const data = await bytes(drawnPath(i, frame, options?.window(imageIdOf(i.id, frame))), signal);
  const bitmap = await createImageBitmap(new Blob([data], { type: 'image/png' }));
  const canvas = document.createElement('canvas');
  canvas.width = i.cols;
  canvas.height = i.rows;
  const g = canvas.getContext('2d');
  if (!g) throw new Error('no 2D canvas');
  g.drawImage(bitmap, 0, 0, i.cols, i.rows);
  bitmap.close();
  const rgba = g.getImageData(0, 0, i.cols, i.rows).data;
  const rgb = new Uint8Array(i.cols * i.rows * 3);
  for (let k = 0, o = 0; k < rgba.length; k += 4, o += 3) {
    rgb[o] = rgba[k] ?? 0;
    rgb[o + 1] = rgba[k + 1] ?? 0;
    rgb[o + 2] = rgba[k + 2] ?? 0;
  }
  return { kind: 'color', rgb };
}

function image(imageId: string, i: StackInstance, decoded: GreyFrame | ColorFrame, isRendered: boolean): YgImage {
  const meta = metaOf(imageId);
  const plane = meta?.plane;
  const cpu = options?.cpu ?? false;
  const isColor = decoded.kind === 'color';
  let data: Types.PixelDataTypedArray;
  let components = 1;
  if (decoded.kind === 'color') {
    components = cpu ? 4 : 3;
    data = cpu ? withAlpha(decoded.rgb) : decoded.rgb;
  } else {
    data = decoded.values;
  }
  // A drawn frame already has the window that was chosen. "As opened" stays the image's own window, whatever the reader has
  // chosen by the time it comes.
  const own =
    decoded.kind === 'color'
      ? { center: 127.5, width: 255 }
      : (openingOf(imageId) ?? openingWindow(meta?.modality ?? '', i, decoded.values));
  const opening = isRendered ? EIGHT_BITS : (options?.window(imageId) ?? own);
  setOpening(imageId, isRendered ? EIGHT_BITS : own);
  const min = decoded.kind === 'grey' ? decoded.min : 0;
  const max = decoded.kind === 'grey' ? decoded.max : 255;
  // Values are already in modality units. A fraction in these parameters makes the CPU path quantise float frames to 16 bit.
  const fractional = decoded.kind === 'grey' && !decoded.integers;
  return {
    imageId,
    isPreScaled: true,
    preScale: {
      enabled: true,
      scaled: true,
      scalingParameters: { modality: meta?.modality ?? '', rescaleSlope: fractional ? 0.5 : 1, rescaleIntercept: fractional ? 0.5 : 0 },
    },
    minPixelValue: min,
    maxPixelValue: max,
    slope: 1,
    intercept: 0,
    windowCenter: opening.center,
    windowWidth: opening.width,
    voiLUTFunction: 'LINEAR' as Types.IImage['voiLUTFunction'],
    getPixelData: () => data,
    getCanvas: () => undefined as unknown as HTMLCanvasElement,
    rows: i.rows,
    columns: i.cols,
    height: i.rows,
    width: i.cols,
    color: isColor,
    rgba: isColor && cpu,
    numberOfComponents: components,
    columnPixelSpacing: plane?.dx ?? 1,
    rowPixelSpacing: plane?.dy ?? 1,
    sliceThickness: i.slice_thickness ?? 1,
    invert: !isColor && i.invert,
    photometricInterpretation: isColor ? 'RGB' : i.invert ? 'MONOCHROME1' : 'MONOCHROME2',
    sizeInBytes: data.byteLength,
    dataType: data.constructor.name as Types.IImage['dataType'],
    imageFrame: {} as NonNullable<Types.IImage['imageFrame']>,
    ygValues: decoded.kind === 'grey' ? decoded.values : null,
    ygRendered: isRendered,
  };
}

function withAlpha(rgb: Uint8Array): Uint8Array {
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

/** Values of a frame the server draws, by its samples alone; held by nobody but the caller. */
export function samplesOf(ref: FrameRef, rank: number): Promise<GreyFrame['values']> {
  const { instance: i, frame } = ref;
  return queue.run(`bare:${ref.imageId}`, rank, async (signal) => {
    const decoded = decodeRaw(bare(i), await bytes(rawPath(i, frame), signal));
    if (decoded.kind !== 'grey') throw new FrameFailed('colour');
    return decoded.values;
  });
}

function calculated(imageId: string, i: StackInstance, values: LoaderOptions['local']): ReturnType<typeof load> {
  const promise = Promise.resolve().then(() => image(imageId, i, greyOf(values(i.id)), false));
  return { promise, cancelFn: () => undefined };
}

/** The loader the engine calls. Requests not marked as prefetch are for a frame about to be shown. */
export function load(imageId: string, how?: Record<string, unknown>): { promise: Promise<Types.IImage>; cancelFn: () => void } {
  const parsed = parseImageId(imageId);
  const meta = metaOf(imageId);
  const rank = how?.requestType === 'prefetch' ? (typeof how.rank === 'number' ? how.rank : RANK.series) : RANK.shown;
  if (!parsed || !meta) return { promise: Promise.reject(new Error('unknown image')), cancelFn: () => undefined };
  const i = meta.ref.instance;
  if (options?.isLocal(i.id)) return calculated(imageId, i, options.local);
  const promise = new Promise<Types.IImage>((resolve, reject) => {
    queue
      .run(imageId, rank, async (signal) => {
        if (!drawable(i)) return image(imageId, i, await rendered(i, parsed.frame, signal), true);
        const data = await bytes(rawPath(i, parsed.frame), signal);
        return image(imageId, i, decodeRaw(i, data), false);
      })
      .then(resolve, (e) => {
        // A frame nobody wants any more is no failure: it leaves the cache, so that the next wish for it asks again.
        if (!(e instanceof Dropped)) reject(new FrameFailed(e instanceof Error ? e.message : String(e)));
        else if (cache.getImageLoadObject(imageId)) cache.removeImageLoadObject(imageId, { force: true });
      });
  });
  return { promise, cancelFn: () => queue.drop((k) => k === imageId) };
}
