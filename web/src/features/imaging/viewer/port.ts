// What the pages know of the viewer. No engine type crosses this line, so pages can be tested with a fake port.

import type { Basis, Point, UserCalibration } from './calibration';
import type { Gap } from './gaps';
import type { Axes } from './geometry';
import type { Amount, MeasureKind, Stats } from './measure';
import type { Ready } from './mpr';
import type { Preset, VoiWindow } from './presets';
import type { Part } from './sets';
import type { FrameRef, StackDoc } from './stack';
import type { Anatomic, Slab, SlabMode, Unfit } from './volume';

export type ToolId =
  | 'window'
  | 'zoom'
  | 'pan'
  | 'scroll'
  | 'length'
  | 'bidirectional'
  | 'angle'
  | 'cobb'
  | 'ctr'
  | 'ellipse'
  | 'rectangle'
  | 'probe'
  | 'locate'
  | 'magnify';

export const MEASURING: ReadonlySet<ToolId> = new Set(['length', 'bidirectional', 'angle', 'cobb', 'ctr', 'ellipse', 'rectangle', 'probe']);

/** Drawing mode and why: 'no-webgl', 'software-gl', 'gpu'. */
export interface RenderMode {
  cpu: boolean;
  reason: 'gpu' | 'no-webgl' | 'software-gl' | 'forced';
  renderer: string;
}

export interface OpenOptions {
  series: string;
  seriesNumber: number | null;
  modality: string;
  start?: number;
  flipHorizontal?: boolean;
  /** Edge of the pane the picture leans on (mammograms: chest walls meet). */
  lean?: 'left' | 'right' | null;
  /** Turn it opens with, degrees. */
  rotation?: number;
  window?: VoiWindow | null;
  /** Another study than the one that is read: fetched after everything else, and its date stands with what is measured on it. */
  prior?: { date: string } | null;
  /** Cuts are calculated when they are shown, nothing is fetched ahead. */
  cut?: boolean;
}

export interface PaneState {
  /** What is open: the series, or the cuts of one direction through it; empty when nothing is. */
  series: string;
  /** 'loading': the first image of what is open has not come; 'ready' goes on while a further one comes. */
  status: 'empty' | 'loading' | 'ready' | 'error';
  /** Reason in plain words, never patient data. */
  error: string | null;
  index: number;
  count: number;
  frame: FrameRef | null;
  /** Which of several sets (b-value, phase, echo) of the series the frame belongs to. */
  part: Part | null;
  /** Instance Number of the image, where no other one of the series has it. */
  number: number | null;
  /** Where slices are missing in the series. */
  gaps: readonly Gap[];
  window: VoiWindow | null;
  presets: Preset[];
  /** Screen pixels for one image pixel. */
  zoom: number;
  invert: boolean;
  flipHorizontal: boolean;
  rotation: number;
  playing: boolean;
  /** The frame told here is the one on the screen, as it was made; before, nothing may be measured and nothing else may stand for it. */
  diagnostic: boolean;
  /** The frame came rendered: grey values cannot be measured. */
  rendered: boolean;
  loaded: number;
  bytesPerFrame: number;
  /** Screen directions of the image's x and y; null until it is drawn. */
  axes: Axes | null;
  /** Counts every movement of the picture, so that drawings above it follow. */
  moved: number;
  /** Pictures a second of the running film. */
  rate: number;
}

export interface Measurement {
  id: string;
  kind: MeasureKind;
  imageId: string;
  series: string;
  seriesNumber: number | null;
  /** Date of the study when it is not the one that is read. */
  prior: string | null;
  /** Which of several stacks or points in time the cut goes through. */
  part: Part | null;
  /** Of a cut of several planes: how they were brought together, and how thick it is. */
  slab: { mode: SlabMode; mm: number } | null;
  /** Place in the stack, from 1, as shown in the overlay. */
  image: number;
  /** Instance Number: what other viewers and the next reader find the image by. Null where the file has none, or the series has it twice. */
  number: number | null;
  frame: number;
  /** Frames of the image. */
  frames: number;
  points: Point[];
  basis: Basis;
  amounts: Amount[];
  stats: Stats | null;
  /** Unit of the grey values: HU, SUV, or empty when unknown. */
  valueUnit: string;
  area: Amount | null;
}

export interface Pane {
  readonly id: string;
  open(doc: StackDoc, options: OpenOptions): void;
  clear(): void;
  goto(index: number): void;
  scroll(delta: number): void;
  window(w: VoiWindow): void;
  invert(): void;
  flip(axis: 'h' | 'v'): void;
  rotate(degrees: 90 | -90): void;
  fit(): void;
  /** Actual pixels: one image pixel on one screen pixel. */
  actual(): void;
  reset(): void;
  cine(on: boolean): void;
  /** Faster (2) or slower (0.5) film. */
  pace(factor: number): void;
  zoom(factor: number): void;
  /** Moves the picture by a share of the pane. */
  pan(dx: number, dy: number): void;
  /** Pixel of the shown image to the pane in CSS pixels, and back; null without an image. */
  project(p: Point): Point | null;
  unproject(at: Point): Point | null;
  /** Frames in the order they are leafed through. */
  frames(): readonly FrameRef[];
  state(): PaneState;
  subscribe(listener: () => void): () => void;
  dispose(): void;
}

export interface ViewerPort {
  readonly mode: RenderMode;
  pane(id: string, element: HTMLDivElement): Pane;
  tool(id: ToolId): void;
  measurements(): readonly Measurement[];
  select(id: string | null): void;
  remove(id: string): void;
  /** Puts a measurement on a frame, points in pixels (drawn by keyboard). */
  place(kind: MeasureKind, imageId: string, points: readonly Point[]): void;
  /** Calibrates the image of a length by what a person knows of it; null where that means nothing. */
  calibrateByKnownLength(id: string, millimetres: number): UserCalibration | null;
  /** Takes back a person's calibration of the image a measurement is on. */
  uncalibrate(id: string): void;
  onMeasurements(listener: () => void): () => void;
  /** Makes what belongs with the shown frame of a series ready to be cut, until it is told to stop; see mpr.ts. */
  volume(
    series: string,
    doc: StackDoc,
    shown: FrameRef | null,
    tell: (done: number, total: number) => void,
    stop: AbortSignal,
  ): Promise<Ready | Unfit | 'failed'>;
  /** Index of the cut of a direction that goes through the first pixel of a frame. */
  cutThrough(series: string, name: Anatomic, frame: FrameRef): number | null;
  cut(series: string, name: Anatomic): StackDoc | null;
  slab(series: string, slab: Slab): void;
  closeVolume(series: string): void;
  /** Words for the labels drawn on the image; called again when the language changes. */
  labels(words: LabelWords): void;
  dispose(): void;
}

/** Words drawn beside a measurement: the basis of a length, and the names of the statistics. */
export interface LabelWords {
  basis: (basis: Basis) => string;
  mean: string;
  sd: string;
  range: string;
  area: string;
  ctr: string;
}

export const EMPTY_STATE: PaneState = {
  series: '',
  status: 'empty',
  error: null,
  index: 0,
  count: 0,
  frame: null,
  part: null,
  number: null,
  gaps: [],
  window: null,
  presets: [],
  zoom: 1,
  invert: false,
  flipHorizontal: false,
  rotation: 0,
  playing: false,
  diagnostic: false,
  rendered: false,
  loaded: 0,
  bytesPerFrame: 0,
  axes: null,
  moved: 0,
  rate: 0,
};
