// Cuts through an open series (MPR) as stacks of their own: the engine, the tools and the calibration treat a cut like any other image.
// The cut is calculated when it is shown; slices are held once, by reference.

import { cache, imageLoader } from '@cornerstonejs/core';
import { bare, type Reason, reasonsOf } from './drawn';
import { planeOfInstance } from './geometry';
import { bareKey, queue, samplesOf, type YgImage } from './loader';
import { valueBytes } from './memory';
import { RANK } from './queue';
import { keyOf } from './sets';
import { drawable, type FrameRef, type StackDoc, type StackInstance } from './stack';
import {
  ANATOMIC,
  type Anatomic,
  type Cut,
  cutAt,
  cutsOf,
  originOf,
  SINGLE,
  type Slab,
  sample,
  thicknessOf,
  type Unfit,
  type Values,
  type Volume,
  volumeOf,
} from './volume';

interface Open {
  volume: Volume;
  slices: Values[];
  cuts: Record<Anatomic, Cut>;
  like: StackInstance;
  /** Of its set and grid. */
  key: string;
  slab: Slab;
  /** Values of cuts that are measured and not shown, so that a measurement is not calculated anew with every stroke. */
  measured: Map<string, Values>;
}

const volumes = new Map<string, Open>();

// What is measured on the cuts of one stack or point in time never shows on those of another, nor on another grid.
const ID = /^mpr\.([^.]+)\.([^.]+)\.(axial|coronal|sagittal)\.(\d+)$/;
const idOf = (series: string, key: string, name: Anatomic, index: number): string => `mpr.${series}.${key}.${name}.${index}`;

/** Is this instance a calculated cut? */
export const isCut = (instance: string): boolean => ID.test(instance);

export interface Ready {
  /** Slices left out to fit the memory: 1 = none. */
  every: number;
  /** The direction the slices were made in. */
  native: Anatomic;
  /** What the series shows and its cuts do not: then no direction is shown from the slices themselves. */
  without: Reason[];
  /** Images of the series, and those of one stack and point in time that were taken. */
  taken: [number, number];
}

/** Values of a slice: of the picture in the cache, or of the samples under what the server draws. */
async function valuesOf(ref: FrameRef): Promise<Values | null> {
  const rank = RANK.series - 1;
  if (!drawable(ref.instance)) return samplesOf(ref, rank);
  if (cache.getImageLoadObject(ref.imageId)) queue.raise(ref.imageId, rank);
  const image = await imageLoader.loadAndCacheImage(ref.imageId, { requestType: 'prefetch', rank } as never);
  return (image as YgImage).ygValues;
}

/** Bytes of a value of a slice: what they are where it is there, else what they must be. */
const bytesOf = (ref: FrameRef): number =>
  (cache.getImage(ref.imageId) as YgImage | undefined)?.ygValues?.BYTES_PER_ELEMENT ?? valueBytes(bare(ref.instance));

/** The volume by the slices that have come: some may take more room than their description told. */
function cleared(
  frames: readonly FrameRef[],
  shown: FrameRef | undefined,
  got: ReadonlyMap<string, Values>,
): { volume: Volume; slices: Values[] } | Unfit {
  const real = (ref: FrameRef): number => got.get(ref.imageId)?.BYTES_PER_ELEMENT ?? bytesOf(ref);
  const volume = volumeOf(frames, cache.getMaxCacheSize(), shown, real);
  if (typeof volume === 'string') return volume;
  const slices = volume.frames.flatMap((ref) => got.get(ref.imageId) ?? []);
  return slices.length === volume.count ? { volume, slices } : 'memory';
}

/** Fetches every slice that belongs with the shown one and makes them ready for cutting. `tell` gets the share that is there; nothing
 * is told, kept or asked for any more once `stop` has been given. */
export async function openVolume(
  series: string,
  frames: readonly FrameRef[],
  shown: FrameRef | undefined,
  tell: (done: number, total: number) => void,
  stop: AbortSignal,
): Promise<Ready | Unfit | 'failed'> {
  const planned = volumeOf(frames, cache.getMaxCacheSize(), shown, bytesOf);
  if (typeof planned === 'string') return planned;
  const like = (shown ?? planned.frames[0])?.instance;
  if (!like) return 'few';
  // What a pane shows it lets go of by itself; samples under drawn slices are asked for here alone.
  const mine = new Set(planned.frames.map(bareKey));
  stop.addEventListener('abort', () => queue.drop((key) => mine.has(key)));
  const got = new Map<string, Values>();
  await Promise.all(
    planned.frames.map(async (ref) => {
      const values = await valuesOf(ref).catch(() => null);
      if (!values || stop.aborted) return;
      got.set(ref.imageId, values);
      tell(got.size, planned.count);
    }),
  );
  if (stop.aborted || got.size < planned.count) return 'failed';
  const ready = cleared(frames, shown, got);
  if (typeof ready === 'string') return ready;
  const { volume, slices } = ready;
  const cuts = cutsOf(volume);
  volumes.set(series, { volume, slices, cuts, like: bare(like), key: keyOf(volume), slab: SINGLE, measured: new Map() });
  const native = ANATOMIC.find((name) => cuts[name].through.axis === 2) ?? 'axial';
  const without = [...new Set(volume.frames.flatMap((f) => reasonsOf(f.instance)))];
  return { every: volume.every, native, without, taken: [volume.whole, frames.length] };
}

/** The cut of a direction that goes through the corner of this frame; null while the volume is not open. */
export function cutThrough(series: string, name: Anatomic, frame: FrameRef): number | null {
  const [open, plane] = [volumes.get(series), planeOfInstance(frame.instance)];
  return open && plane ? cutAt(open.cuts[name], plane.origin) : null;
}

/** The stack document of one direction; null while the volume is not open. */
export function cutStack(series: string, name: Anatomic): StackDoc | null {
  const open = volumes.get(series);
  if (!open) return null;
  const c = open.cuts[name];
  const { part } = open.volume;
  const instances = Array.from({ length: c.count }, (_, k): StackInstance => {
    return {
      ...open.like,
      id: idOf(series, open.key, name, k),
      ...(part ? { part } : {}),
      uid: '',
      number: k + 1,
      frames: 1,
      rows: c.rows,
      cols: c.cols,
      pixel_spacing: [c.pixel, c.pixel],
      position: originOf(c, k),
      orientation: [...c.plane.row, ...c.plane.col],
      ...thickness(open, name, k),
      padding: open.volume.padding === null ? null : open.like.padding,
      padding_limit: open.volume.padding === null ? null : (open.like.padding_limit ?? null),
      slice_location: null,
    };
  });
  return { series: `${series}:${name}`, partial: false, instances };
}

/** Values of a cut; throws when its volume is closed. */
export function cutValues(instance: string): Values {
  const m = ID.exec(instance);
  const open = m?.[1] ? volumes.get(m[1]) : undefined;
  if (!open || !m?.[3] || m[2] !== open.key) throw new Error('the volume is closed');
  return sample(open.volume, open.cuts[m[3] as Anatomic], Number(m[4]), open.slices, open.slab);
}

/** Values of a cut whether it is shown or not; null when it is none, its volume is closed, or another slab is cut now than
 * the one the instance says it is. */
export function measuredValues(i: StackInstance): Values | null {
  const m = ID.exec(i.id);
  const open = m?.[1] ? volumes.get(m[1]) : undefined;
  if (!open || !m?.[3] || m[2] !== open.key) return null;
  const now = thickness(open, m[3] as Anatomic, Number(m[4]));
  if (now.slab !== i.slab || now.slice_thickness !== i.slice_thickness) return null;
  const values = open.measured.get(i.id) ?? cutValues(i.id);
  open.measured.set(i.id, values);
  return values;
}

/** What a cut says of its planes. */
function thickness(open: Open, name: Anatomic, index: number): Pick<StackInstance, 'slab' | 'slice_thickness'> {
  const c = open.cuts[name];
  const mm = thicknessOf(c, index, open.slab);
  return { slice_thickness: mm, ...(mm > c.step ? { slab: open.slab.mode } : {}) };
}

/** Another slab thickness: cuts calculated so far are forgotten. */
export function setSlab(series: string, slab: Slab): void {
  const open = volumes.get(series);
  if (!open) return;
  open.slab = slab;
  forgetCuts(series);
}

function forgetCuts(series: string): void {
  const open = volumes.get(series);
  if (!open) return;
  open.measured.clear();
  for (const [name, c] of Object.entries(open.cuts) as [Anatomic, Cut][]) {
    for (let k = 0; k < c.count; k++) {
      const id = `yg:${idOf(series, open.key, name, k)}/1`;
      if (cache.getImageLoadObject(id)) cache.removeImageLoadObject(id, { force: true });
    }
  }
}

export function closeVolume(series: string): void {
  forgetCuts(series);
  volumes.delete(series);
}

export function closeVolumes(): void {
  for (const series of [...volumes.keys()]) closeVolume(series);
}
