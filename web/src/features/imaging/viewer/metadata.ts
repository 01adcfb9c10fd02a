// The one metadata provider of the engine, fed from the stack document. Full DICOM JSON is never awaited.

import type { Point } from './calibration';
import { pixelAspect } from './calibration';
import { EIGHT_BITS } from './drawn';
import type { VoiWindow } from './presets';
import type { FrameRef, Triple } from './stack';
import { cross, drawable, frameIdOf } from './stack';
import { engineWindow, exactly, rangeOf } from './voi';

export interface FrameMeta {
  ref: FrameRef;
  modality: string;
  series: string;
  /** Date of the study when it is not the one that is read. */
  prior: string | null;
  /** Index of the frame in the stack, from 0. */
  at: number;
  /** Instance Number, where the file has one and no other image of the series has the same. */
  number: number | null;
  plane: Plane;
}

/** How the engine places the frame in space. Real geometry where the file has it, else a stack of its own. */
export interface Plane {
  origin: Triple;
  row: Triple;
  col: Triple;
  /** Distance between rows (y) and columns (x), display units. */
  dy: number;
  dx: number;
  real: boolean;
  frameOfReference: string;
}

const frames = new Map<string, FrameMeta>();
const windows = new Map<string, VoiWindow>();

const triple = (v: readonly number[]): Triple => [v[0] ?? 0, v[1] ?? 0, v[2] ?? 0];

export function planeOf(ref: FrameRef, series: string, at: number): Plane {
  const i = ref.instance;
  if (i.frames <= 1 && i.position && i.orientation?.length === 6 && i.pixel_spacing && i.pixel_spacing[0] > 0 && i.pixel_spacing[1] > 0) {
    return {
      origin: triple(i.position),
      row: triple(i.orientation.slice(0, 3)),
      col: triple(i.orientation.slice(3, 6)),
      dy: i.pixel_spacing[0],
      dx: i.pixel_spacing[1],
      real: true,
      frameOfReference: `for-${series}`,
    };
  }
  return {
    origin: [0, 0, at],
    row: [1, 0, 0],
    col: [0, 1, 0],
    dy: pixelAspect(i),
    dx: 1,
    real: false,
    frameOfReference: `own-${series}`,
  };
}

export function register(refs: readonly FrameRef[], series: string, modality: string, prior: string | null = null): void {
  const named = numbersOf(refs);
  refs.forEach((ref, at) => {
    const number = named.get(ref.instance.id) ?? null;
    frames.set(ref.imageId, { ref, modality, series, prior, at, number, plane: planeOf(ref, series, at) });
  });
}

/** Instance Numbers by which an image of the series can be found in any other viewer. */
export function numbersOf(refs: readonly FrameRef[]): Map<string, number> {
  const images = new Map(refs.map((f) => [f.instance.id, f.instance.number]));
  const times = new Map<number | null, number>();
  for (const n of images.values()) times.set(n, (times.get(n) ?? 0) + 1);
  return new Map([...images].flatMap(([id, n]): [string, number][] => (n != null && times.get(n) === 1 ? [[id, n]] : [])));
}

export function forget(imageIds: readonly string[]): void {
  for (const id of imageIds) {
    frames.delete(id);
    windows.delete(id);
  }
}

/** Nothing is known any more: the page is left. */
export function forgetAll(): void {
  frames.clear();
  windows.clear();
}

/** What is known of a frame, in whatever window it is drawn. */
export const metaOf = (imageId: string): FrameMeta | undefined => frames.get(frameIdOf(imageId));

/** The window the samples of a frame open with, known once they are there. */
export const setOpening = (imageId: string, w: VoiWindow): void => void windows.set(imageId, w);
export const openingOf = (imageId: string): VoiWindow | undefined => windows.get(imageId);

/** World point of the engine to pixels of the image. `centred`: index 0 is the centre of a pixel (GPU), else its edge (CPU). */
export function toPixel(plane: Plane, world: readonly number[], centred: boolean): Point {
  const d = [(world[0] ?? 0) - plane.origin[0], (world[1] ?? 0) - plane.origin[1], (world[2] ?? 0) - plane.origin[2]];
  const along = (axis: Triple): number => (d[0] ?? 0) * axis[0] + (d[1] ?? 0) * axis[1] + (d[2] ?? 0) * axis[2];
  const half = centred ? 0.5 : 0;
  return [along(plane.row) / plane.dx + half, along(plane.col) / plane.dy + half];
}

/** Inverse of toPixel. */
export function toWorld(plane: Plane, p: Point, centred: boolean): Triple {
  const half = centred ? 0.5 : 0;
  const x = (p[0] - half) * plane.dx;
  const y = (p[1] - half) * plane.dy;
  return [
    plane.origin[0] + plane.row[0] * x + plane.col[0] * y,
    plane.origin[1] + plane.row[1] * x + plane.col[1] * y,
    plane.origin[2] + plane.row[2] * x + plane.col[2] * y,
  ];
}

/** The engine has rules of its own for positron images: on the CPU another window, and white one above the range. Ours hold for all. */
export const engineModality = (modality: string): string => (modality === 'PT' ? 'OT' : modality);

/** Provider with the modules the engine asks for; undefined = not ours. */
export function provide(type: string, query: unknown): unknown {
  const meta = typeof query === 'string' ? metaOf(query) : undefined;
  if (!meta) return undefined;
  const i = meta.ref.instance;
  const p = meta.plane;
  const color = i.samples > 1 || !drawable(i);
  switch (type) {
    case 'imagePlaneModule':
      return {
        frameOfReferenceUID: p.frameOfReference,
        rows: i.rows,
        columns: i.cols,
        imageOrientationPatient: [...p.row, ...p.col],
        rowCosines: p.row,
        columnCosines: p.col,
        imagePositionPatient: p.origin,
        sliceThickness: i.slice_thickness ?? 1,
        sliceLocation: i.slice_location ?? meta.at,
        pixelSpacing: [p.dy, p.dx],
        rowPixelSpacing: p.dy,
        columnPixelSpacing: p.dx,
        usingDefaultValues: false,
        normal: cross(p.row, p.col),
      };
    case 'imagePixelModule':
      return {
        samplesPerPixel: color ? 3 : 1,
        photometricInterpretation: color ? 'RGB' : i.invert ? 'MONOCHROME1' : 'MONOCHROME2',
        rows: i.rows,
        columns: i.cols,
        bitsAllocated: color ? 8 : 16,
        bitsStored: color ? 8 : 16,
        highBit: color ? 7 : 15,
        pixelRepresentation: color ? 0 : 1,
        planarConfiguration: 0,
      };
    case 'generalSeriesModule':
      return { modality: engineModality(meta.modality), seriesInstanceUID: meta.series, seriesNumber: 0 };
    case 'voiLutModule': {
      const own = drawable(i) ? windows.get(meta.ref.imageId) : EIGHT_BITS;
      const w = own && engineWindow(rangeOf(own, drawable(i) && exactly(i)));
      return w ? { windowCenter: [w.center], windowWidth: [w.width], voiLUTFunction: 'LINEAR' } : undefined;
    }
    case 'modalityLutModule':
      return { rescaleSlope: 1, rescaleIntercept: 0, rescaleType: i.units ?? undefined };
    case 'sopCommonModule':
      return { sopClassUID: i.sop_class, sopInstanceUID: i.uid };
    case 'cineModule':
      return i.frame_time_ms ? { frameTime: i.frame_time_ms } : undefined;
    case 'transferSyntax':
      return { transferSyntaxUID: '1.2.840.10008.1.2.1' };
    default:
      return undefined;
  }
}
