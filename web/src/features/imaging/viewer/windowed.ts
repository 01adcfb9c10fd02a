// The part of a pane that holds window and polarity: one for the whole series, told to the engine for every image. What the engine
// makes of an image by itself (the window of the one before, its own rules for a modality) is never what the page says.

import { asksWindow, EIGHT_BITS, outOf, ownWindow, pictureId, Rest } from './drawn';
import { openingOf } from './metadata';
import { MovedPane } from './moved';
import type { VoiWindow } from './presets';
import type { FrameRef } from './stack';
import { drawable, parseImageId } from './stack';
import { atLeast, exactly, type Range, rangeOf, sameRange, windowOf } from './voi';

export abstract class WindowedPane extends MovedPane {
  protected list: FrameRef[] = [];
  /** What the engine knows the frames by, in the same order: of drawn ones the name holds the window. */
  protected ids: string[] = [];
  /** The window the reader chose; null: every image has its own. */
  protected chosen: VoiWindow | null = null;
  protected inverted = false;
  /** The range the engine was given; another one comes from the reader's hand. */
  private given: Range | null = null;
  private readonly rest = new Rest();

  /** Requests nobody in this pane waits for any more. */
  protected abstract letGo(ids: readonly string[]): void;
  /** Sets up the shown frame once more, where it stands. */
  protected abstract again(): void;

  protected named(): string[] {
    return this.list.map((f) => pictureId(f, this.chosen));
  }

  /** The window a picture is seen in, in units of the samples; a drawn one has that of its name. */
  protected windowAt(f: FrameRef, id: string): VoiWindow | null {
    const i = f.instance;
    if (drawable(i)) return this.chosen ?? openingOf(id) ?? null;
    return asksWindow(i) ? (parseImageId(id)?.window ?? ownWindow(i)) : null;
  }

  /** Window and polarity of the image the engine has taken. */
  protected dress(f: FrameRef, id: string): void {
    const i = f.instance;
    const drawn = !drawable(i);
    const own = drawn ? EIGHT_BITS : this.windowAt(f, id);
    const invert = (!!i.invert && !drawn) !== this.inverted;
    this.given = own && rangeOf(own, !drawn && exactly(i));
    const vp = this.viewport();
    vp.setProperties(this.given ? { invert, voiRange: this.given } : { invert }, true);
    vp.render();
  }

  /** The same for the image that is there, if it is. */
  private dressShown(): void {
    const { frame, index, diagnostic } = this.current;
    const id = this.ids[index];
    if (!frame || !id || !diagnostic) return;
    this.dress(frame, id);
    this.set({ window: this.windowAt(frame, id) });
  }

  protected readonly onWindow = (e: Event): void => {
    const { range } = (e as CustomEvent<{ range?: Range }>).detail;
    const { frame, index, diagnostic, rendered } = this.current;
    // The engine tells of its own changes, too, while it takes the next image.
    const mine = diagnostic && this.viewport().getCornerstoneImage()?.imageId === this.ids[index];
    if (!range || !frame || !mine || (this.given && sameRange(range, this.given))) return;
    this.given = range;
    if (rendered) {
      this.askRange();
      return;
    }
    this.chosen = windowOf(range, exactly(frame.instance));
    this.set({ window: this.chosen });
    this.redrawOthers();
  };

  /** The hand moved the window of a drawn frame: once it rests, the frame is asked for in that window. */
  private askRange(): void {
    const i = this.current.frame?.instance;
    const base = this.current.window;
    if (!i || !base || !asksWindow(i)) return;
    this.rest.begin(() => {
      const range = this.gone || this.current.frame?.instance !== i ? null : this.given;
      if (range && (Math.abs(range.lower) > 0.6 || Math.abs(range.upper - 255) > 0.6)) this.ask(outOf(range, base, i));
    });
  }

  /** A series may hold frames the server draws beside others: they follow once the hand rests. */
  private redrawOthers(): void {
    if (this.list.some((f) => asksWindow(f.instance))) this.rest.begin(() => !this.gone && this.rename());
  }

  private ask(w: VoiWindow | null): void {
    this.rest.stop();
    this.chosen = w;
    this.rename();
  }

  /** In another window drawn frames are other pictures. Those of before belong to whoever else shows them. */
  private rename(): void {
    const [before, now] = [this.ids, this.named()];
    if (now.every((id, k) => id === before[k])) {
      this.dressShown();
      return;
    }
    this.ids = now;
    this.letGo(before);
    this.again();
  }

  window(w: VoiWindow): void {
    const i = this.current.frame?.instance;
    if (!i) return;
    if (asksWindow(i)) this.ask({ center: w.center, width: Math.max(1e-6, w.width) });
    if (!drawable(i)) return;
    this.chosen = atLeast(w, i);
    this.dressShown();
    this.redrawOthers();
  }

  invert(): void {
    this.inverted = !this.inverted;
    this.set({ invert: this.inverted });
    this.dressShown();
  }

  reset(): void {
    if (!this.current.frame) return;
    this.inverted = false;
    this.viewport().resetCamera();
    this.set({ invert: false });
    this.orient(this.options?.flipHorizontal ?? false, this.options?.rotation ?? 0);
    this.ask(null);
  }

  /** Nothing waits for the hand to rest any more. */
  protected stopWindow(): void {
    this.rest.stop();
    this.given = null;
  }
}
