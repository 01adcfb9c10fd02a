// One stack viewport of the engine: opens a series, keeps window and orientation, fetches ahead, tells its state.

import { cache, Enums, eventTarget, type RenderingEngine, type Types } from '@cornerstonejs/core';
import * as cs from '@cornerstonejs/tools';
import { fetchAhead } from './ahead';
import { play } from './cine';
import type { YgImage } from './loader';
import { queue } from './loader';
import { metaOf, openingOf, register, toWorld } from './metadata';
import type { OpenOptions, Pane, PaneState, RenderMode } from './port';
import { EMPTY_STATE } from './port';
import type { VoiWindow } from './presets';
import { presetsFor } from './presets';
import { Dropped, RANK } from './queue';
import type { FrameRef, StackDoc } from './stack';
import { framesOf } from './stack';
import { autoWindow, rangeOf, windowOf } from './voi';

export class StackPane implements Pane {
  private current: PaneState = EMPTY_STATE;
  private readonly listeners = new Set<() => void>();
  private readonly observer: ResizeObserver;
  private frames: FrameRef[] = [];
  private options: OpenOptions | null = null;
  private chosen: VoiWindow | null = null;
  private inverted = false;
  private direction: 1 | -1 = 1;
  private running: (() => void) | null = null;
  private opening = 0;
  private gone = false;
  private notify = 0;

  constructor(
    readonly id: string,
    private readonly element: HTMLDivElement,
    private readonly engine: RenderingEngine,
    group: cs.Types.IToolGroup,
    private readonly mode: RenderMode,
    private readonly numbers: Map<string, number | null>,
    private readonly others: () => Iterable<StackPane>,
    private readonly opened: (element: HTMLDivElement) => void,
    private readonly closed: () => void,
  ) {
    engine.enableElement({
      viewportId: id,
      type: Enums.ViewportType.STACK,
      element,
      defaultOptions: { background: [0, 0, 0] },
    });
    // The engine swallows every key pressed inside its element, Tab too; the frame around it takes the focus instead.
    element.removeAttribute('tabindex');
    group.addViewport(id, engine.id);
    element.addEventListener(Enums.Events.STACK_NEW_IMAGE, this.onImage);
    element.addEventListener(Enums.Events.PRE_STACK_NEW_IMAGE, this.onWanted);
    element.addEventListener(Enums.Events.VOI_MODIFIED, this.onWindow);
    element.addEventListener(Enums.Events.CAMERA_MODIFIED, this.onMoved);
    element.addEventListener(Enums.Events.IMAGE_RENDERED, this.onMoved);
    eventTarget.addEventListener(Enums.Events.IMAGE_LOAD_ERROR, this.onError);
    eventTarget.addEventListener(Enums.Events.IMAGE_CACHE_IMAGE_ADDED, this.onCached);
    this.observer = new ResizeObserver(() => {
      if (!this.gone && element.clientWidth > 0 && element.clientHeight > 0) {
        engine.resize(true, true);
        this.measureZoom();
      }
    });
    this.observer.observe(element);
  }

  settle(): void {
    this.element.dispatchEvent(new MouseEvent('mousemove', { clientX: -100, clientY: -100 }));
  }

  private viewport(): Types.IStackViewport {
    return this.engine.getViewport(this.id) as Types.IStackViewport;
  }

  state(): PaneState {
    return this.current;
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private set(patch: Partial<PaneState>): void {
    let changed = false;
    for (const k of Object.keys(patch) as (keyof PaneState)[]) if (this.current[k] !== patch[k]) changed = true;
    if (!changed) return;
    this.current = { ...this.current, ...patch };
    if (this.notify) return;
    this.notify = requestAnimationFrame(() => {
      this.notify = 0;
      for (const l of this.listeners) l();
    });
  }

  chosenWindow(imageId: string): VoiWindow | undefined {
    return this.chosen && metaOf(imageId)?.series === this.options?.series ? this.chosen : undefined;
  }

  async open(doc: StackDoc, options: OpenOptions): Promise<void> {
    this.opening += 1;
    const turn = this.opening;
    // A series that has grown while it was read keeps window and orientation.
    const was = this.options?.series === options.series && this.current.status === 'ready' ? this.current : null;
    this.stop();
    this.drop();
    this.frames = framesOf(doc);
    this.options = options;
    this.chosen = was ? this.chosen : (options.window ?? null);
    this.inverted = false;
    this.numbers.set(options.series, options.seriesNumber);
    register(this.frames, options.series, options.modality);
    const start = Math.min(Math.max(0, options.start ?? 0), Math.max(0, this.frames.length - 1));
    const first = this.frames[start] ?? null;
    if (!first) {
      this.set({ ...EMPTY_STATE, status: 'error', error: 'empty-series' });
      return;
    }
    const i = first.instance;
    const bytesPerFrame = i.rows * i.cols * (i.samples > 1 ? 4 : 2);
    this.set({ ...EMPTY_STATE, status: 'loading', count: this.frames.length, index: start, frame: first, bytesPerFrame });
    try {
      await this.viewport().setStack(
        this.frames.map((f) => f.imageId),
        start,
      );
      if (turn !== this.opening || this.gone) return;
      if (!cache.getImage(first.imageId)) throw new Error('frame-failed');
      if (!was) this.viewport().resetCamera();
      this.orient(was?.flipHorizontal ?? options.flipHorizontal ?? false, was?.rotation ?? 0);
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
    const at = this.frames.findIndex((f) => f.imageId === imageId);
    const frame = this.frames[at] ?? null;
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
        : presetsFor(this.options.modality, frame.instance, opened, this.frames.length > 8 ? null : autoWindow(image, frame.instance)),
      window: this.readWindow(),
      loaded: this.countLoaded(),
    });
    this.measureZoom();
  }

  private countLoaded(): number {
    let n = 0;
    for (const f of this.frames) if (cache.getImage(f.imageId)) n += 1;
    return n;
  }

  private readWindow(): VoiWindow | null {
    return windowOf(this.viewport().getProperties().voiRange);
  }

  private readonly onWanted = (e: Event): void => {
    const { imageId, imageIdIndex } = (e as CustomEvent<{ imageId: string; imageIdIndex: number }>).detail;
    queue.raise(imageId, RANK.shown);
    const f = this.frames[imageIdIndex];
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

  private loadedTimer = 0;
  private readonly onCached = (): void => {
    if (this.loadedTimer) return;
    this.loadedTimer = window.setTimeout(() => {
      this.loadedTimer = 0;
      if (!this.gone) this.set({ loaded: this.countLoaded() });
    }, 250);
  };

  private measureZoom(): void {
    const f = this.current.frame;
    const meta = f ? metaOf(f.imageId) : undefined;
    if (!meta || this.gone || !cache.getImage(meta.ref.imageId)) return;
    try {
      const vp = this.viewport();
      const a = vp.worldToCanvas(toWorld(meta.plane, [0, 0], false));
      const b = vp.worldToCanvas(toWorld(meta.plane, [100, 0], false));
      const zoom = Math.hypot(b[0] - a[0], b[1] - a[1]) / 100;
      if (Number.isFinite(zoom) && zoom > 0) this.set({ zoom: Math.round(zoom * 1000) / 1000 });
    } catch {
      // the viewport has no image yet
    }
  }

  private prefetch(shown: number): void {
    const base = this.options?.prior ? RANK.prior : RANK.series;
    fetchAhead(this.frames, shown, this.direction, this.current.bytesPerFrame, base);
  }

  goto(index: number): void {
    const at = Math.min(Math.max(0, index), this.frames.length - 1);
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

  /** One canonical order, mirror first and then turn: both drawing paths agree on it, other orders they do not. */
  private orient(mirrored: boolean, degrees: number): void {
    const vp = this.viewport();
    const rotation = ((degrees % 360) + 360) % 360;
    const turn = (angle: number) => vp.setViewPresentation({ rotation: angle } as never);
    turn(0);
    vp.setCamera({ flipHorizontal: mirrored, flipVertical: false });
    turn(rotation);
    if (this.mode.cpu) vp.setCamera({});
    vp.render();
    this.set({ flipHorizontal: mirrored, rotation });
    this.measureZoom();
  }

  fit(): void {
    const { flipHorizontal, rotation } = this.current;
    this.viewport().resetCamera();
    this.orient(flipHorizontal, rotation);
  }

  actual(): void {
    const vp = this.viewport();
    if (!(this.current.zoom > 0)) return;
    const { parallelScale } = vp.getCamera();
    if (parallelScale) vp.setCamera({ parallelScale: parallelScale * this.current.zoom });
    vp.render();
    this.measureZoom();
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
    this.orient(this.options?.flipHorizontal ?? false, 0);
    this.set({ window: this.readWindow() });
  }

  cine(on: boolean): void {
    this.stop();
    if (!on || this.frames.length < 2) return;
    this.running = play({
      everyMs: this.current.frame?.instance.frame_time_ms ?? null,
      next: () => {
        const at = (this.current.index + 1) % this.frames.length;
        const f = this.frames[at];
        if (this.gone || !f) return false;
        if (cache.getImage(f.imageId)) {
          this.goto(at);
          return true;
        }
        queue.raise(f.imageId, RANK.near);
        return false;
      },
    });
    this.set({ playing: true });
  }

  private stop(): void {
    this.running?.();
    this.running = null;
    this.set({ playing: false });
  }

  clear(): void {
    this.opening += 1;
    this.stop();
    this.drop();
    this.frames = [];
    this.options = null;
    this.chosen = null;
    this.set(EMPTY_STATE);
  }

  /** Requests of the series this pane leaves, but for those another pane waits for. */
  private drop(): void {
    const mine = new Set(this.frames.map((f) => f.imageId));
    for (const other of this.others()) if (other !== this) for (const f of other.frames) mine.delete(f.imageId);
    queue.drop((k) => mine.has(k));
  }

  dispose(): void {
    if (this.gone) return;
    this.gone = true;
    this.stop();
    if (this.notify) cancelAnimationFrame(this.notify);
    if (this.loadedTimer) clearTimeout(this.loadedTimer);
    this.drop();
    this.observer.disconnect();
    this.element.removeEventListener(Enums.Events.STACK_NEW_IMAGE, this.onImage);
    this.element.removeEventListener(Enums.Events.PRE_STACK_NEW_IMAGE, this.onWanted);
    this.element.removeEventListener(Enums.Events.VOI_MODIFIED, this.onWindow);
    this.element.removeEventListener(Enums.Events.CAMERA_MODIFIED, this.onMoved);
    this.element.removeEventListener(Enums.Events.IMAGE_RENDERED, this.onMoved);
    eventTarget.removeEventListener(Enums.Events.IMAGE_LOAD_ERROR, this.onError);
    eventTarget.removeEventListener(Enums.Events.IMAGE_CACHE_IMAGE_ADDED, this.onCached);
    try {
      cs.ToolGroupManager.getToolGroup('yigong')?.removeViewports(this.engine.id, this.id);
      this.engine.disableElement(this.id);
    } catch {
      // the engine was destroyed before its panes
    }
    this.listeners.clear();
    this.closed();
  }
}
