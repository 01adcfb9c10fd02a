// Frames that come drawn by the server: why, and which windows they can be asked for. Pure.

import type { VoiWindow } from './presets';
import type { FrameRef, StackInstance } from './stack';
import { drawable, inWindow } from './stack';

/** What a straight window over the samples would not show; `encoding`: there are no samples to draw;
 * `unknown`: the document is too old to tell. */
const REASONS = [
  'overlay',
  'modality-lut',
  'voi-lut',
  'voi-function',
  'presentation-lut',
  'shutter',
  'palette',
  'frame-groups',
  'encoding',
  'unknown',
] as const;
export type Reason = (typeof REASONS)[number];

export function reasonsOf(i: StackInstance): Reason[] {
  const told: readonly string[] = i.rendered_for ?? ['unknown'];
  if (told.length === 0 && !drawable(i)) return ['encoding'];
  const known = REASONS.filter((r) => told.includes(r));
  // A reason this page has no word for is still a reason.
  return known.length < told.length ? [...known.filter((r) => r !== 'unknown'), 'unknown'] : known;
}

/** What may lie over or bend the samples of a frame and leaves them what they are: cuts can be calculated from those. */
const OVER_SAMPLES: ReadonlySet<Reason> = new Set(['overlay', 'modality-lut', 'voi-lut', 'voi-function', 'presentation-lut', 'shutter']);

/** Grey samples that can be read here, whether they are drawn here or not. */
export const readable = (i: StackInstance): boolean =>
  i.raw_ok &&
  i.samples === 1 &&
  i.bits_allocated >= 8 &&
  i.photometric.startsWith('MONOCHROME') &&
  (i.rendered_for?.length === 0 || reasonsOf(i).every((r) => OVER_SAMPLES.has(r)));

/** The instance by its samples alone. Values that need a table to mean something have no unit. */
export function bare(i: StackInstance): StackInstance {
  const { per_frame: _, ...plain } = { ...i, rendered_for: [], voi_function: null };
  return i.rendered_for?.includes('modality-lut') ? { ...plain, slope: 1, intercept: 0, units: null, windows: [] } : plain;
}

/** The server draws grey frames in any window. */
export const asksWindow = (i: StackInstance): boolean => !drawable(i) && i.samples === 1 && i.photometric.startsWith('MONOCHROME');

/** The window the server draws the frame in when none is asked for; null where the file has none. */
export function ownWindow(i: StackInstance): VoiWindow | null {
  const w = i.windows.find((x) => x.width > 0 && Number.isFinite(x.center));
  return w ? { center: w.center, width: w.width } : null;
}

/** Address of the frame as it is meant to be shown: every pixel, nothing lost. */
export function drawnPath(i: StackInstance, frame: number, w: VoiWindow | null | undefined): string {
  const asked = w && asksWindow(i) ? `&wc=${w.center}&ww=${w.width}` : '';
  return `/api/frames/${encodeURIComponent(i.id)}/${frame}?f=png${asked}`;
}

/** What the engine knows a frame by: drawn by the server in another window it is another picture, so that two panes may show both. */
export const pictureId = (f: FrameRef, w: VoiWindow | null): string => (w && asksWindow(f.instance) ? inWindow(f.imageId, w) : f.imageId);

/** The whole range of an eight bit picture: what a drawn frame opens with. */
export const EIGHT_BITS: VoiWindow = { center: 128, width: 256 };

/** A range chosen on the eight bits of a picture drawn in `base`, in units of the samples. */
export function outOf(range: { lower: number; upper: number }, base: VoiWindow, i: StackInstance): VoiWindow {
  const [low, high] = i.invert ? [255 - range.upper, 255 - range.lower] : [range.lower, range.upper];
  const width = ((high - low) / 255) * base.width;
  const center = base.center - base.width / 2 + ((low + high) / 2 / 255) * base.width;
  const tenth = (v: number): number => Math.round(v * 10) / 10;
  // Below one grey level only functions other than LINEAR have a meaning (PS3.3 C.11.2.1.2).
  const curved = !['', 'LINEAR'].includes(i.voi_function ?? '');
  return curved ? { center, width: Math.max(width, 1e-6) } : { center: tenth(center), width: Math.max(1, tenth(width)) };
}

/** Waits until the hand rests before a frame is drawn anew. */
export class Rest {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly ms = 250) {}

  begin(act: () => void): void {
    this.stop();
    this.timer = setTimeout(act, this.ms);
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}
