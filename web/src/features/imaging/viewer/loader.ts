// Image loader of the scheme `yg:`: raw little-endian samples over HTTP, no WASM, no codec.

import { cache, metaData, type Types } from '@cornerstonejs/core';
import { bare, drawnPath, EIGHT_BITS } from './drawn';
import { engineModality, metaOf, openingOf, provide, setOpening } from './metadata';
import { decodePicture } from './picture';
import type { VoiWindow } from './presets';
import { openingWindow } from './presets';
import { Dropped, FrameQueue, RANK } from './queue';
import { type ColorFrame, decodeRaw, type GreyFrame, greyOf, withAlpha } from './samples';
import type { FrameRef, StackInstance } from './stack';
import { drawable, parseImageId, rawPath } from './stack';
import { takeFrame } from './underway';
import { engineWindow, exactly, rangeOf } from './voi';

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
  /** What the panes show now: the last to leave the memory. */
  shown: () => Iterable<string>;
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
    if (attempt > 0) await new Promise((r) => setTimeout(r, 250 * 2 ** (attempt - 1)));
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
  }
  throw last instanceof Error ? last : new Error(String(last));
}

/** Grey values, or the colours the engine takes: with a fourth byte on the CPU. */
type Decoded = GreyFrame | { kind: 'drawn' | 'colour'; data: Uint8Array };

const colour = (f: ColorFrame): Decoded => ({ kind: 'colour', data: options?.cpu ? withAlpha(f.rgb) : f.rgb });

async function decoded(i: StackInstance, frame: number, window: VoiWindow | undefined, signal: AbortSignal): Promise<Decoded> {
  if (!drawable(i)) {
    const png = await bytes(drawnPath(i, frame, window), signal);
    return { kind: 'drawn', data: await decodePicture(png, i, options?.cpu ? 4 : 3, signal) };
  }
  const f = decodeRaw(i, await bytes(rawPath(i, frame), signal));
  return f.kind === 'grey' ? f : colour(f);
}

/** The engine's memory takes an image when it is made, and gives up what was looked for least lately: not what is on the screen. */
function keepShown(): void {
  for (const id of options?.shown() ?? []) cache.getImageLoadObject(id);
}

function image(imageId: string, i: StackInstance, from: Decoded): YgImage {
  keepShown();
  const meta = metaOf(imageId);
  const plane = meta?.plane;
  const cpu = options?.cpu ?? false;
  const grey = from.kind === 'grey' ? from : null;
  const data = from.kind === 'grey' ? from.values : from.data;
  // A drawn frame already has the window that was asked for.
  const isRendered = from.kind === 'drawn';
  const own = !grey ? EIGHT_BITS : (openingOf(imageId) ?? openingWindow(meta?.modality ?? '', i, grey.values));
  if (!isRendered) setOpening(imageId, own);
  // The pane tells the engine the range of every image; these numbers are the same range, should the engine look here.
  const opening = engineWindow(rangeOf(own, !!grey && exactly(i)));
  // Values are already in modality units. A fraction in these parameters makes the CPU path quantise float frames to 16 bit.
  const fractional = !!grey && !grey.integers;
  const modality = engineModality(meta?.modality ?? '');
  return {
    imageId,
    isPreScaled: true,
    preScale: {
      enabled: true,
      scaled: true,
      scalingParameters: { modality, rescaleSlope: fractional ? 0.5 : 1, rescaleIntercept: fractional ? 0.5 : 0 },
    },
    minPixelValue: grey?.min ?? 0,
    maxPixelValue: grey?.max ?? 255,
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
    color: !grey,
    rgba: !grey && cpu,
    numberOfComponents: grey ? 1 : cpu ? 4 : 3,
    columnPixelSpacing: plane?.dx ?? 1,
    rowPixelSpacing: plane?.dy ?? 1,
    sliceThickness: i.slice_thickness ?? 1,
    invert: !!grey && i.invert,
    photometricInterpretation: !grey ? 'RGB' : i.invert ? 'MONOCHROME1' : 'MONOCHROME2',
    // With the copy of 16 bits the CPU path makes of fractions when it draws them.
    sizeInBytes: data.byteLength + (cpu && fractional ? data.length * 2 : 0),
    dataType: data.constructor.name as Types.IImage['dataType'],
    imageFrame: {} as NonNullable<Types.IImage['imageFrame']>,
    ygValues: grey?.values ?? null,
    ygRendered: isRendered,
  };
}

/** Values of a frame the server draws, by its samples alone; held by nobody but the caller. */
export function samplesOf(ref: FrameRef, rank: number): Promise<GreyFrame['values']> {
  const { instance: i, frame } = ref;
  return queue.run(bareKey(ref), rank, async (signal) => {
    const f = decodeRaw(bare(i), await bytes(rawPath(i, frame), signal));
    if (f.kind !== 'grey') throw new FrameFailed('colour');
    return f.values;
  });
}

/** Under which the samples of a drawn frame are asked for. */
export const bareKey = (ref: FrameRef): string => `bare:${ref.imageId}`;

async function fetched(imageId: string, rank: number, i: StackInstance, frame: number, window: VoiWindow | undefined): Promise<YgImage> {
  try {
    return await queue.run(imageId, rank, async (signal) => image(imageId, i, await decoded(i, frame, window, signal)));
  } catch (e) {
    // A frame nobody wants any more is no failure: the next wish for it asks again.
    throw e instanceof Dropped ? e : new FrameFailed(e instanceof Error ? e.message : String(e));
  }
}

// Requests are dropped by those who made them. The engine would drop one when its memory is short, and under the same name another
// one that was made since.
const cancelFn = () => undefined;

/** The loader the engine calls. Requests not marked as prefetch are for a frame about to be shown. */
export function load(imageId: string, how?: Record<string, unknown>): { promise: Promise<Types.IImage>; cancelFn: () => void } {
  const parsed = parseImageId(imageId);
  const meta = metaOf(imageId);
  if (!parsed || !meta) return { promise: Promise.reject(new Error('unknown image')), cancelFn };
  const i = meta.ref.instance;
  const local = options?.local;
  if (local && options?.isLocal(i.id)) {
    const promise = Promise.resolve().then(() => image(imageId, i, greyOf(local(i.id))));
    return { promise, cancelFn };
  }
  const rank = how?.requestType === 'prefetch' ? (typeof how.rank === 'number' ? how.rank : RANK.series) : RANK.shown;
  return { promise: fetched(imageId, rank, i, parsed.frame, parsed.window), cancelFn };
}
