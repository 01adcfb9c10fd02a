// What the pages know of the viewer. No engine type crosses this line, so pages can be tested with a fake port.

import type { Basis, Point, UserCalibration } from './calibration';
import type { Amount, MeasureKind, Stats } from './measure';
import type { Preset, VoiWindow } from './presets';
import type { FrameRef, StackDoc } from './stack';

export type ToolId =
  | 'window'
  | 'zoom'
  | 'pan'
  | 'scroll'
  | 'length'
  | 'bidirectional'
  | 'angle'
  | 'cobb'
  | 'ellipse'
  | 'rectangle'
  | 'probe';

export const MEASURING: ReadonlySet<ToolId> = new Set(['length', 'bidirectional', 'angle', 'cobb', 'ellipse', 'rectangle', 'probe']);

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
  window?: VoiWindow | null;
  /** Prior studies are fetched after everything else. */
  prior?: boolean;
}

export interface PaneState {
  status: 'empty' | 'loading' | 'ready' | 'error';
  /** Reason in plain words, never patient data. */
  error: string | null;
  index: number;
  count: number;
  frame: FrameRef | null;
  window: VoiWindow | null;
  presets: Preset[];
  /** Screen pixels for one image pixel. */
  zoom: number;
  invert: boolean;
  flipHorizontal: boolean;
  rotation: number;
  playing: boolean;
  /** The shown frame is the diagnostic one; before, measuring is off. */
  diagnostic: boolean;
  /** The frame came rendered: grey values cannot be measured. */
  rendered: boolean;
  loaded: number;
  bytesPerFrame: number;
}

export interface Measurement {
  id: string;
  kind: MeasureKind;
  imageId: string;
  series: string;
  seriesNumber: number | null;
  /** From 1, as shown in the overlay. */
  image: number;
  frame: number;
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
  open(doc: StackDoc, options: OpenOptions): Promise<void>;
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
  calibrateByKnownLength(id: string, millimetres: number): UserCalibration | null;
  onMeasurements(listener: () => void): () => void;
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
}

export const EMPTY_STATE: PaneState = {
  status: 'empty',
  error: null,
  index: 0,
  count: 0,
  frame: null,
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
};
