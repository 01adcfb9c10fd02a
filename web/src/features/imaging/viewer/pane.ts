// One stack viewport of the engine: opens a series, keeps window and orientation, fetches ahead, tells its state.

import { cache, Enums, eventTarget, type RenderingEngine } from '@cornerstonejs/core';
import * as cs from '@cornerstonejs/tools';
import { fetchAhead } from './ahead';
import { Film } from './cine';
import { asksWindow, EIGHT_BITS, outOf, ownWindow, Rest } from './drawn';
import { Loaded } from './loaded';
import type { YgImage } from './loader';
import { queue } from './loader';
import { forget, metaOf, openingOf, register } from './metadata';
import { MovedPane } from './moved';
import type { OpenOptions, Pane, RenderMode } from './port';
import { EMPTY_STATE } from './port';
import type { VoiWindow } from './presets';
import { presetsFor } from './presets';
import { Dropped, RANK } from './queue';
import type { FrameRef, StackDoc } from './stack';
import { drawable, framesOf } from './stack';
import { autoWindow, rangeOf, windowOf } from './voi';

export class StackPane extends MovedPane implements Pane {
  private readonly observer: ResizeObserver;
  private list: FrameRef[] = [];
  private chosen: VoiWindow | null = null;
  private readonly rest = new Rest();
  private inverted = false;
  private direction: 1 | -1 = 1;
  private opening = 0;
  private readonly film = new Film(
    () => this.nextFrame(),
    (rate) => this.set({ playing: rate > 0, rate }),
  );
  private readonly loaded = new Loaded(
    () => this.list,
    (n) => this.set({ loaded: n }),
  );

  constructor(
    id: string,
    element: HTMLDivElement,
    engine: RenderingEngine,
    group: cs.Types.IToolGroup,
    mode: RenderMode,
    private readonly numbers: Map<string, number | null>,
    private readonly others: () => Iterable<StackPane>,
    private readonly opened: (element: HTMLDivElement) => void,
    private readonly closed: () => void,
  ) {
    super(id, element, engine, mode.cpu);
    engine.enableElement({
      viewportId: id,
      type: Enums.ViewportType.STACK,
      element,
      defaultOptions: { background: [0, 0, 0] },
    });
    // The engine swallows every key pressed inside its element, Tab too; the frame around it takes the focus instead.
    element.removeAttribute('tabindex');
    group.addViewport(id, engine.id);
    this.listen('addEventListener');
    this.observer = new ResizeObserver(() => {
      if (!this.gone && element.clientWidth > 0 && element.clientHeight > 0) {
        engine.resize(true, true);
        this.lean();
        this.measureZoom();
      }
    });
    this.observer.observe(element);
  }

  private listen(how: 'addEventListener' | 'removeEventListener'): void {
    const { STACK_NEW_IMAGE, PRE_STACK_NEW_IMAGE, VOI_MODIFIED, CAMERA_MODIFIED, IMAGE_RENDERED } = Enums.Events;
    this.element[how](STACK_NEW_IMAGE, this.onImage);
    this.element[how](PRE_STACK_NEW_IMAGE, this.onWanted);
    this.element[how](VOI_MODIFIED, this.onWindow);
    this.element[how](CAMERA_MODIFIED, this.onMoved);
    this.element[how](IMAGE_RENDERED, this.onMoved);
    eventTarget[how](Enums.Events.IMAGE_LOAD_ERROR, this.onError);
  }

  settle(): void {
    this.element.dispatchEvent(new MouseEvent('mousemove', { clientX: -100, clientY: -100 }));
  }

  frames(): readonly FrameRef[] {
    return this.list;
  }

  chosenWindow(imageId: string): VoiWindow | undefined {
    return this.chosen && metaOf(imageId)?.series === this.options?.series ? this.chosen : undefined;
  }

  async open(doc: StackDoc, options: OpenOptions): Promise<void> {
    this.opening += 1;
    const turn = this.opening;
    // A series that has grown while it was read keeps window and orientation.
    const was = this.options?.series === options.series && this.current.status === 'ready' ? this.current : null;
    this.film.stop();
    this.drop();
    const frames = framesOf(doc);
    if (was && !options.cut) {
      // An image that was rejected or moved is no place for a measurement any more.
      const here = new Set(frames.map((f) => f.imageId));
      const mine = (id: string): boolean => !here.has(id) && metaOf(id)?.series === options.series;
      forget(this.list.map((f) => f.imageId).filter(mine));
    }
    this.list = frames;
    this.options = options;
    this.chosen = was ? this.chosen : (options.window ?? null);
    this.inverted = false;
    this.numbers.set(options.series, options.seriesNumber);
    register(this.list, options.series, options.modality, options.prior?.date ?? null);
    const start = Math.min(Math.max(0, options.start ?? 0), Math.max(0, this.list.length - 1));
    const first = this.list[start] ?? null;
    if (!first) {
      this.set({ ...EMPTY_STATE, status: 'error', error: 'empty-series' });
      return;
    }
    const i = first.instance;
    const bytesPerFrame = i.rows * i.cols * (i.samples > 1 ? 4 : 2);
    this.set({ ...EMPTY_STATE, status: 'loading', count: this.list.length, index: start, frame: first, bytesPerFrame });
    try {
      await this.viewport().setStack(
        this.list.map((f) => f.imageId),
        start,
      );
      if (turn !== this.opening || this.gone) return;
      if (!cache.getImage(first.imageId)) throw new Error('frame-failed');
      if (!was) this.viewport().resetCamera();
      this.orient(was?.flipHorizontal ?? options.flipHorizontal ?? false, was?.rotation ?? options.rotation ?? 0);
      if (was?.invert) this.invert();
      this.ready(first.imageId);
      this.opened(this.element);
      this.prefetch(start);
    } catch (e) {
      if (turn !== this.opening || this.gone || e instanceof Dropped) return;
      this.set({ status: 'error', error: e instanceof Error ? e.message : String(e), diagnostic: false });
    }
  }

  private ready(imageId: string): void {
    const image = cache.getImage(imageId) as YgImage | undefined;
    const at = this.list.findIndex((f) => f.imageId === imageId);
    const frame = this.list[at] ?? null;
    if (!image || !frame || !this.options) return;
    const i = frame.instance;
    const drawn = image.ygRendered;
    const opened = (drawn ? ownWindow(i) : openingOf(imageId)) ?? null;
    const auto = drawn || this.list.length > 8 ? null : autoWindow(image, i);
    this.set({
      status: 'ready',
      error: null,
      index: at,
      frame,
      diagnostic: true,
      rendered: drawn,
      presets: drawn && !asksWindow(i) ? [] : presetsFor(this.options.modality, i, opened, auto),
      window: this.readWindow(i, drawn),
      loaded: this.loaded.count(),
    });
    this.measureZoom();
  }

  /** The window in units of the samples; a drawn frame was given the one that was asked for. */
  private readWindow(i = this.current.frame?.instance, drawn = this.current.rendered): VoiWindow | null {
    if (drawn) return i && asksWindow(i) ? (this.chosen ?? ownWindow(i)) : null;
    return windowOf(this.viewport().getProperties().voiRange);
  }

  private readonly onWanted = (e: Event): void => {
    const { imageId, imageIdIndex } = (e as CustomEvent<{ imageId: string; imageIdIndex: number }>).detail;
    queue.raise(imageId, RANK.shown);
    const f = this.list[imageIdIndex];
    if (f && !cache.getImage(imageId)) this.set({ index: imageIdIndex, frame: f, diagnostic: false });
  };

  private readonly onImage = (e: Event): void => {
    const { imageId, imageIdIndex } = (e as CustomEvent<{ imageId: string; imageIdIndex: number }>).detail;
    this.direction = imageIdIndex >= this.current.index ? 1 : -1;
    const meta = metaOf(imageId);
    const drawn = (cache.getImage(imageId) as YgImage | undefined)?.ygRendered ?? false;
    const vp = this.viewport();
    // The engine keeps the polarity of the image before, and its window: a series may mix MONOCHROME1, MONOCHROME2 and frames
    // that the server has drawn.
    queueMicrotask(() => {
      if (this.gone || !meta) return;
      const window = drawn ? EIGHT_BITS : drawable(meta.ref.instance) ? this.chosen : null;
      const invert = (!!meta.ref.instance.invert && !drawn) !== this.inverted;
      vp.setProperties(window ? { invert, voiRange: rangeOf(window) } : { invert }, true);
    });
    queueMicrotask(() => {
      if (!this.gone) this.ready(imageId);
    });
    this.prefetch(imageIdIndex);
  };

  private readonly onWindow = (): void => {
    if (this.current.status !== 'ready') return;
    if (this.current.rendered) {
      this.askRange();
      return;
    }
    const w = this.readWindow();
    if (w && (w.center !== this.current.window?.center || w.width !== this.current.window?.width)) {
      const opened = this.current.frame ? openingOf(this.current.frame.imageId) : undefined;
      const same = opened && Math.abs(opened.center - w.center) < 0.6 && Math.abs(opened.width - w.width) < 0.6;
      if (!same) this.chosen = w;
    }
    this.set({ window: w });
  };

  private readonly onMoved = (): void => this.measureZoom();

  private readonly onError = (e: Event): void => {
    const detail = (e as CustomEvent<{ imageId?: string; error?: unknown }>).detail;
    const f = this.current.frame;
    if (!detail?.imageId || !f || detail.imageId !== f.imageId || detail.error instanceof Dropped) return;
    this.set({ status: 'error', error: detail.error instanceof Error ? detail.error.message : 'frame-failed', diagnostic: false });
  };

  private prefetch(shown: number): void {
    if (this.options?.cut) return;
    const base = this.options?.prior ? RANK.prior : RANK.series;
    fetchAhead(this.list, shown, this.direction, this.current.bytesPerFrame, base);
  }

  goto(index: number): void {
    const at = Math.min(Math.max(0, index), this.list.length - 1);
    if (at < 0 || this.current.status === 'empty') return;
    void this.viewport()
      .setImageIdIndex(at)
      .catch(() => undefined);
  }

  scroll(delta: number): void {
    const vp = this.viewport();
    this.goto(vp.getTargetImageIdIndex() + delta);
  }

  /** The hand moved the window of a drawn frame: once it rests, the frame is asked for in that window. */
  private askRange(): void {
    const i = this.current.frame?.instance;
    const base = this.current.window;
    if (!i || !base || !asksWindow(i)) return;
    this.rest.begin(() => {
      const range = this.gone || this.current.frame?.instance !== i ? undefined : this.viewport().getProperties().voiRange;
      if (range && (Math.abs(range.lower) > 0.6 || Math.abs(range.upper - 255) > 0.6)) this.ask(outOf(range, base, i));
    });
  }

  private ask(w: VoiWindow | null): void {
    this.rest.stop();
    this.chosen = w;
    const stale = this.list.filter((f) => asksWindow(f.instance)).map((f) => f.imageId);
    const ids = new Set(stale);
    queue.drop((k) => ids.has(k));
    for (const id of stale) if (cache.getImageLoadObject(id)) cache.removeImageLoadObject(id, { force: true });
    void this.again();
  }

  window(w: VoiWindow): void {
    const { frame, rendered } = this.current;
    if (rendered) {
      if (frame && asksWindow(frame.instance)) this.ask({ center: w.center, width: w.width });
      return;
    }
    this.chosen = { center: w.center, width: Math.max(1, w.width) };
    const vp = this.viewport();
    vp.setProperties({ voiRange: rangeOf(this.chosen) });
    vp.render();
    this.set({ window: this.chosen });
  }

  invert(): void {
    this.inverted = !this.inverted;
    const vp = this.viewport();
    const own = !!(this.current.frame?.instance.invert && !this.current.rendered);
    vp.setProperties({ invert: own !== this.inverted });
    vp.render();
    this.set({ invert: this.inverted });
  }

  reset(): void {
    const f = this.current.frame;
    if (!f) return;
    const vp = this.viewport();
    const opened = openingOf(f.imageId);
    const asked = this.current.rendered && this.chosen !== null;
    this.chosen = null;
    this.inverted = false;
    vp.resetCamera();
    const invert = !!f.instance.invert && !this.current.rendered;
    vp.setProperties(opened ? { invert, voiRange: rangeOf(opened) } : { invert });
    this.set({ invert: false });
    this.orient(this.options?.flipHorizontal ?? false, this.options?.rotation ?? 0);
    this.set({ window: this.readWindow() });
    if (asked) this.ask(null);
  }

  pace(factor: number): void {
    this.film.pace(factor);
  }

  cine(on: boolean): void {
    if (on && this.list.length > 1) this.film.start(this.current.frame?.instance.frame_time_ms ?? null);
    else this.film.stop();
  }

  private nextFrame(): boolean {
    const at = (this.current.index + 1) % this.list.length;
    const f = this.list[at];
    if (this.gone || !f) return false;
    if (!this.options?.cut && !cache.getImage(f.imageId)) {
      queue.raise(f.imageId, RANK.near);
      return false;
    }
    this.goto(at);
    return true;
  }

  /** Loads the shown frame once more; the picture stays where it is. */
  private async again(): Promise<void> {
    if (!this.current.frame) return;
    const ids = this.list.map((f) => f.imageId);
    const set = this.viewport().setStack(ids, this.current.index);
    await set.catch(() => undefined);
    if (!this.gone && this.current.rendered) this.viewport().setProperties({ voiRange: rangeOf(EIGHT_BITS) });
    if (!this.gone) this.orient(this.current.flipHorizontal, this.current.rotation);
  }

  clear(): void {
    this.opening += 1;
    this.film.stop();
    this.drop();
    this.list = [];
    this.options = null;
    this.chosen = null;
    this.set(EMPTY_STATE);
  }

  /** Requests of the series this pane leaves, but for those another pane waits for. */
  private drop(): void {
    const mine = new Set(this.list.map((f) => f.imageId));
    for (const other of this.others()) if (other !== this) for (const f of other.list) mine.delete(f.imageId);
    queue.drop((k) => mine.has(k));
  }

  dispose(): void {
    if (this.gone) return;
    this.gone = true;
    this.rest.stop();
    this.film.stop();
    this.loaded.dispose();
    this.drop();
    this.observer.disconnect();
    this.listen('removeEventListener');
    try {
      cs.ToolGroupManager.getToolGroup('yigong')?.removeViewports(this.engine.id, this.id);
      this.engine.disableElement(this.id);
    } catch {
      // the engine was destroyed before its panes
    }
    this.store.dispose();
    this.closed();
  }
}
