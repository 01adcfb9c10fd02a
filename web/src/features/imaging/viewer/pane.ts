// One stack viewport of the engine: opens a series, keeps window and orientation, fetches ahead, tells its state.

import { cache, Enums, eventTarget, type RenderingEngine, type Types } from '@cornerstonejs/core';
import * as cs from '@cornerstonejs/tools';
import { fetchAhead } from './ahead';
import type { Point } from './calibration';
import { Camera } from './camera';
import { Film } from './cine';
import { Loaded } from './loaded';
import type { YgImage } from './loader';
import { queue } from './loader';
import { metaOf, openingOf, register } from './metadata';
import type { OpenOptions, Pane, PaneState, RenderMode } from './port';
import { EMPTY_STATE } from './port';
import type { VoiWindow } from './presets';
import { presetsFor } from './presets';
import { Dropped, RANK } from './queue';
import type { FrameRef, StackDoc } from './stack';
import { framesOf } from './stack';
import { Store } from './store';
import { autoWindow, rangeOf, windowOf } from './voi';

export class StackPane implements Pane {
  private readonly store = new Store();
  private readonly observer: ResizeObserver;
  private list: FrameRef[] = [];
  private options: OpenOptions | null = null;
  private chosen: VoiWindow | null = null;
  private inverted = false;
  private direction: 1 | -1 = 1;
  private opening = 0;
  private gone = false;
  private readonly film = new Film(
    () => this.nextFrame(),
    (rate) => this.set({ playing: rate > 0, rate }),
  );
  private readonly camera: Camera;
  private readonly loaded = new Loaded(
    () => this.list,
    (n) => this.set({ loaded: n }),
  );

  constructor(
    readonly id: string,
    readonly element: HTMLDivElement,
    private readonly engine: RenderingEngine,
    group: cs.Types.IToolGroup,
    mode: RenderMode,
    private readonly numbers: Map<string, number | null>,
    private readonly others: () => Iterable<StackPane>,
    private readonly opened: (element: HTMLDivElement) => void,
    private readonly closed: () => void,
  ) {
    this.camera = new Camera(() => this.viewport(), mode.cpu);
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

  private viewport(): Types.IStackViewport {
    return this.engine.getViewport(this.id) as Types.IStackViewport;
  }

  frames(): readonly FrameRef[] {
    return this.list;
  }

  state(): PaneState {
    return this.current;
  }

  subscribe(listener: () => void): () => void {
    return this.store.subscribe(listener);
  }

  private get current(): PaneState {
    return this.store.state;
  }

  private set(patch: Partial<PaneState>): void {
    this.store.set(patch);
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
    this.list = framesOf(doc);
    this.options = options;
    this.chosen = was ? this.chosen : (options.window ?? null);
    this.inverted = false;
    this.numbers.set(options.series, options.seriesNumber);
    register(this.list, options.series, options.modality);
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
    const opened = openingOf(imageId) ?? null;
    this.set({
      status: 'ready',
      error: null,
      index: at,
      frame,
      diagnostic: true,
      rendered: image.ygRendered,
      presets: image.ygRendered
        ? []
        : presetsFor(this.options.modality, frame.instance, opened, this.list.length > 8 ? null : autoWindow(image, frame.instance)),
      window: this.readWindow(),
      loaded: this.loaded.count(),
    });
    this.measureZoom();
  }

  private readWindow(): VoiWindow | null {
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
    if (this.chosen) {
      const vp = this.viewport();
      queueMicrotask(() => !this.gone && this.chosen && vp.setProperties({ voiRange: rangeOf(this.chosen) }, true));
    }
    queueMicrotask(() => {
      if (!this.gone) this.ready(imageId);
    });
    this.prefetch(imageIdIndex);
  };

  private readonly onWindow = (): void => {
    if (this.current.status !== 'ready') return;
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

  private measureZoom(): void {
    const { frame } = this.current;
    const seen = frame && !this.gone ? this.camera.measure(frame.imageId) : null;
    if (!seen) return;
    const was = this.current.axes;
    const same = was && [...was.x, ...was.y].join() === [...seen.axes.x, ...seen.axes.y].join();
    this.set({ zoom: seen.zoom, axes: same ? was : seen.axes, moved: this.current.moved + 1 });
  }

  project(p: Point): Point | null {
    return this.current.frame ? this.camera.project(this.current.frame.imageId, p) : null;
  }

  unproject(at: Point): Point | null {
    return this.current.frame ? this.camera.unproject(this.current.frame.imageId, at) : null;
  }

  zoom(factor: number): void {
    this.camera.zoom(factor);
    this.measureZoom();
  }

  pan(dx: number, dy: number): void {
    this.camera.pan(dx * this.element.clientWidth, dy * this.element.clientHeight);
    this.measureZoom();
  }

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

  window(w: VoiWindow): void {
    if (this.current.rendered) return;
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

  /** Mirrors what is on the screen, whatever the turn: mirror after turn(a) is turn(-a) after mirror. */
  flip(axis: 'h' | 'v'): void {
    const { flipHorizontal, rotation } = this.current;
    this.orient(!flipHorizontal, axis === 'h' ? -rotation : 180 - rotation);
  }

  rotate(degrees: 90 | -90): void {
    this.orient(this.current.flipHorizontal, this.current.rotation + degrees);
  }

  private orient(mirrored: boolean, degrees: number): void {
    const rotation = this.camera.orient(mirrored, degrees);
    this.set({ flipHorizontal: mirrored, rotation });
    this.lean();
    this.measureZoom();
  }

  private lean(): void {
    const { frame } = this.current;
    const side = this.options?.lean;
    if (side && frame) this.camera.lean(frame.imageId, frame.instance.cols, frame.instance.rows, side);
  }

  fit(): void {
    const { flipHorizontal, rotation } = this.current;
    this.viewport().resetCamera();
    this.orient(flipHorizontal, rotation);
  }

  actual(): void {
    if (this.current.zoom > 0) this.zoom(1 / this.current.zoom);
  }

  reset(): void {
    const f = this.current.frame;
    if (!f) return;
    const vp = this.viewport();
    const opened = openingOf(f.imageId);
    this.chosen = null;
    this.inverted = false;
    vp.resetCamera();
    const invert = !!f.instance.invert && !this.current.rendered;
    vp.setProperties(opened ? { invert, voiRange: rangeOf(opened) } : { invert });
    this.set({ invert: false });
    this.orient(this.options?.flipHorizontal ?? false, this.options?.rotation ?? 0);
    this.set({ window: this.readWindow() });
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

  /** The slab has changed: the shown cut is calculated anew. */
  async redrawCuts(): Promise<void> {
    if (!this.options?.cut || !this.current.frame) return;
    const ids = this.list.map((f) => f.imageId);
    const set = this.viewport().setStack(ids, this.current.index);
    await set.catch(() => undefined);
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
