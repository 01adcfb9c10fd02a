// The series stack document (GET /api/series/{id}/stack) and its flattening into frames.

import type { VoiWindow } from './presets';
import type { Part } from './sets';

export type Pair = [number, number];
export type Triple = [number, number, number];

export interface StackWindow {
  center: number;
  width: number;
  label: string;
}

/** Ultrasound region, PS3.3 C.8.5.5. Pixel bounds are inclusive; units are the code values of that section. */
export interface UsRegion {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
  unit_x: number;
  unit_y: number;
  delta_x: number;
  delta_y: number;
  spatial_format: number;
  data_type?: number;
  flags?: number;
  ref_x?: number | null;
  ref_y?: number | null;
}

export interface StackInstance {
  /** Version of the document; missing in the first one. */
  v?: number;
  id: string;
  uid: string;
  sop_class: string;
  number: number | null;
  frames: number;
  rows: number;
  cols: number;
  samples: number;
  planar: number;
  bits_allocated: number;
  bits_stored: number;
  high_bit: number;
  signed: boolean;
  photometric: string;
  transfer_syntax: string;
  /** false: the samples cannot be given raw (palette, 1 bit, repaired); the frame comes rendered. */
  raw_ok: boolean;
  /** Why the samples under a straight window are not the picture that was meant (overlay, tables, shutter); missing: nobody looked. */
  rendered_for?: string[];
  /** Of each field that differs from frame to frame, its values in the order of the frames; the fields themselves are frame 1's. */
  per_frame?: PerFrame;
  slope: number | null;
  intercept: number | null;
  units: string | null;
  windows: StackWindow[];
  voi_function: string | null;
  padding: number | null;
  /** The other end of a range of padding; missing: nobody looked. */
  padding_limit?: number | null;
  position: Triple | null;
  orientation: number[] | null;
  pixel_spacing: Pair | null;
  imager_spacing: Pair | null;
  calibration_type: string | null;
  magnification: number | null;
  slice_thickness: number | null;
  slice_location: number | null;
  /** Stack, point in time and whatever else sets images of one place apart; missing: nobody looked. */
  set?: string;
  /** Of a calculated cut: which of several stacks or points in time it goes through. */
  part?: Part;
  /** Of a calculated cut of more than one plane: how they were brought together. Its thickness is the slice thickness. */
  slab?: 'mean' | 'max' | 'min';
  frame_time_ms: number | null;
  us_regions: UsRegion[];
  view_position: string | null;
  laterality: string | null;
  frame_of_reference: string | null;
  /** Patient Orientation: where rows and columns point, e.g. `L\\F`. */
  patient_orientation: string | null;
  acquisition_time: string | null;
  lossy: { method: string; ratio: number | null } | null;
  invert: boolean;
  /** Which build made the samples: their address names it, for the browser keeps them. */
  made_by?: string;
  /** The stored bytes are damaged (`hash`, `missing`, `unreadable`): the image is not served. */
  damaged?: string;
}

const OWN = ['slope', 'intercept', 'units', 'windows', 'position', 'orientation', 'pixel_spacing', 'slice_thickness', 'set'] as const;
type Own = Pick<StackInstance, (typeof OWN)[number]>;
export type PerFrame = { [K in keyof Own]?: Own[K][] };

/** Documents since this version tell what differs from frame to frame. */
const TOLD_BY_FRAME = 3;

const NOWHERE: Partial<Own> = { position: null, orientation: null, pixel_spacing: null, slice_thickness: null };

/** The instance as frame `n` (from 1) has it. What is not told of the frame is not known: never the value of another frame. */
export function ofFrame(i: StackInstance, n: number): StackInstance {
  if (i.frames <= 1) return i;
  if ((i.v ?? 0) < TOLD_BY_FRAME) return { ...i, ...NOWHERE, imager_spacing: null, slice_location: null, rendered_for: ['unknown'] };
  if (!i.per_frame) return i;
  const { per_frame: told, ...same } = i;
  const at = n - 1;
  if (OWN.some((key) => told[key] && at >= (told[key]?.length ?? 0))) return { ...same, ...NOWHERE, rendered_for: ['unknown'] };
  const own: Partial<Own> = Object.fromEntries(OWN.filter((key) => told[key]).map((key) => [key, told[key]?.[at]]));
  // One place along the normal for all frames is the first frame's.
  return { ...same, ...own, slice_location: told.position ? null : same.slice_location };
}

export interface StackDoc {
  series: string;
  partial: boolean;
  instances: StackInstance[];
}

/** Frames whose raw samples can be drawn here; others come rendered by the server (palettes need their table, 1 bit its packing,
 * overlays and tables their drawing). */
export const drawable = (i: StackInstance): boolean =>
  i.raw_ok && i.rendered_for?.length === 0 && i.photometric !== 'PALETTE COLOR' && i.bits_allocated >= 8;

/** One frame of one instance, in reading order. `frame` counts from 1 as in DICOM. */
export interface FrameRef {
  imageId: string;
  instance: StackInstance;
  frame: number;
  /** Index of the instance in the series, from 0. */
  image: number;
}

/** Address of the samples of a frame. */
export const rawPath = (i: Pick<StackInstance, 'id' | 'made_by'>, frame: number): string =>
  `/api/frames/${encodeURIComponent(i.id)}/${frame}?f=raw&by=${encodeURIComponent(i.made_by ?? '')}`;

export const imageIdOf = (instance: string, frame: number): string => `yg:${instance}/${frame}`;

/** A frame drawn in a window somebody asked for: a picture of its own, of the same frame. */
export const inWindow = (imageId: string, w: VoiWindow): string => `${imageId}@${w.center},${w.width}`;

/** The frame a picture is of, whatever window it was drawn in. */
export function frameIdOf(imageId: string): string {
  const at = imageId.lastIndexOf('@');
  return at < 0 ? imageId : imageId.slice(0, at);
}

/** Inverse of imageIdOf and inWindow; null for anything that is not ours. */
export function parseImageId(imageId: string): { instance: string; frame: number; window?: VoiWindow } | null {
  const m = /^yg:([^/@]+)\/(\d+)(?:@([^,]+),([^,]+))?$/.exec(imageId);
  if (!m?.[1] || !m[2]) return null;
  const frame = { instance: m[1], frame: Number(m[2]) };
  return m[3] && m[4] ? { ...frame, window: { center: Number(m[3]), width: Number(m[4]) } } : frame;
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  (a[0] ?? 0) * (b[0] ?? 0) + (a[1] ?? 0) * (b[1] ?? 0) + (a[2] ?? 0) * (b[2] ?? 0);

export const cross = (a: readonly number[], b: readonly number[]): Triple => [
  (a[1] ?? 0) * (b[2] ?? 0) - (a[2] ?? 0) * (b[1] ?? 0),
  (a[2] ?? 0) * (b[0] ?? 0) - (a[0] ?? 0) * (b[2] ?? 0),
  (a[0] ?? 0) * (b[1] ?? 0) - (a[1] ?? 0) * (b[0] ?? 0),
];

/** Distance of the image plane along the stack normal, or null without geometry. */
export function slicePosition(i: StackInstance): number | null {
  if (i.position && i.orientation?.length === 6) {
    return dot(i.position, cross(i.orientation.slice(0, 3), i.orientation.slice(3, 6)));
  }
  return i.slice_location;
}

/** Instances in reading order: instance number, then slice position, then acquisition time, then arrival. */
export function orderInstances(list: readonly StackInstance[]): StackInstance[] {
  return list
    .map((i, at) => ({ i, at, pos: slicePosition(i) }))
    .sort((a, b) => {
      if (a.i.number != null && b.i.number != null && a.i.number !== b.i.number) return a.i.number - b.i.number;
      if (a.pos != null && b.pos != null && a.pos !== b.pos) return a.pos - b.pos;
      const ta = a.i.acquisition_time ?? '';
      const tb = b.i.acquisition_time ?? '';
      if (ta !== tb) return ta < tb ? -1 : 1;
      return a.at - b.at;
    })
    .map((x) => x.i);
}

/** Every frame of the series in reading order. */
export function framesOf(doc: StackDoc): FrameRef[] {
  const out: FrameRef[] = [];
  // An object without pixels leaves an empty place in the document.
  orderInstances(doc.instances.filter((i) => i.id && i.rows > 0 && i.cols > 0)).forEach((instance, image) => {
    for (let frame = 1; frame <= Math.max(1, instance.frames); frame++) {
      out.push({ imageId: imageIdOf(instance.id, frame), instance: ofFrame(instance, frame), frame, image });
    }
  });
  return out;
}
