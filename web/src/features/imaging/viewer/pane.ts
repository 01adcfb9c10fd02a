// One stack viewport of the engine: opens a series, follows what the engine takes and fails at, fetches ahead, tells its state.

import { cache, Enums, eventTarget, type RenderingEngine } from '@cornerstonejs/core';
import * as cs from '@cornerstonejs/tools';
import { fetchAhead, fetchOne } from './ahead';
import type { View } from './camera';
import { Film } from './cine';
import { asksWindow, ownWindow } from './drawn';
import { gapsOf } from './gaps';
import { Loaded } from './loaded';
import type { YgImage } from './loader';
import { FrameFailed, queue } from './loader';
import { frameBytes } from './memory';
import { forget, metaOf, openingOf, register } from './metadata';
import type { OpenOptions, Pane, RenderMode } from './port';
import { EMPTY_STATE } from './port';
import { percentileWindow, presetsFor, type VoiWindow } from './presets';
import { Dropped, RANK } from './queue';
import { paddingOf } from './samples';
import { type Part, partsOf } from './sets';
import type { FrameRef, StackDoc, StackInstance } from './stack';
import { frameIdOf, framesOf } from './stack';
import { WindowedPane } from './windowed';

/** Images read as slices of one stack. */
const SLICED = /^(CT|MR|PT|NM)$/;

/** What a pane needs of the viewer it belongs to. */
export interface Owner {
  engine: RenderingEngine;
  group: cs.Types.IToolGroup;
  mode: RenderMode;
  numbers: Map<string, number | null>;
  /** Series that are open, for the room each may take. */
  open: () => number;
  letGo: (ids: readonly string[]) => void;
  opened: (element: HTMLDivElement) => void;
}

export class StackPane extends WindowedPane implements Pane {
  private readonly observer: ResizeObserver;
  private partOf: (set: string) => Part | null = () => null;
  private direction: 1 | -1 = 1;
  private opening = 0;
  /** The next image is the first one of what was opened: turn, zoom and what was measured are set up with it. */
  private fresh: 'new' | 'same' | null = null;
  /** Zoom and place to be found again. */
  private view: View | null = null;
  /** The first image of the series has stood here. */
  private stood = false;
  private readonly film = new Film(
    () => this.nextFrame(),
    (rate) => this.set({ playing: rate > 0, rate }),
  );
  private readonly loaded = new Loaded(
    () => this.ids,
    (n) => this.set({ loaded: n }),
  );

  constructor(
    id: string,
    element: HTMLDivElement,
    private readonly owner: Owner,
    private readonly closed: () => void,
  ) {
    super(id, element, owner.engine, owner.mode.cpu);
    this.engine.enableElement({
      viewportId: id,
      type: Enums.ViewportType.STACK,
      element,
      defaultOptions: { background: [0, 0, 0] },
    });
    // The engine swallows every key pressed inside its element, Tab too; the frame around it takes the focus instead.
    element.removeAttribute('tabindex');
    owner.group.addViewport(id, this.engine.id);
    this.seeFrames();
    this.listen('addEventListener');
    this.observer = new ResizeObserver(() => {
      if (!this.gone && element.clientWidth > 0 && element.clientHeight > 0) {
        this.engine.resize(true, true);
        this.lean();
        this.measureZoom();
      }
    });
    this.observer.observe(element);
  }

  /** What was measured on a frame stands on it in whatever window it is drawn: the engine would look for the same picture. */
  private seeFrames(): void {
    const vp = this.viewport();
    const before = vp.isReferenceViewable.bind(vp);
    vp.isReferenceViewable = (reference, options) => {
      const on = reference.referencedImageId;
      const here = vp.getCurrentImageId() as string | undefined;
      if (on && here && on !== here && frameIdOf(on) === frameIdOf(here)) return true;
      return before(reference, options);
    };
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

  /** What the engine shows here or is asked for: all of the series, and the picture on the screen. */
  wants(): readonly string[] {
    return this.ids;
  }
  shownId(): string | undefined {
    return this.ids[this.current.index];
  }

  open(doc: StackDoc, options: OpenOptions): void {
    // A series that has grown while it was read keeps window, orientation and place.
    const same = this.options?.series === options.series && this.stood;
    const { frame: was, flipHorizontal, rotation, invert } = this.current;
    this.view = same && was ? (this.camera.view(was.imageId) ?? this.view) : null;
    this.film.stop();
    this.stopWindow();
    const before = this.ids;
    const frames = framesOf(doc);
    if (same && !options.cut) {
      // An image that was rejected or moved is no place for a measurement any more.
      const here = new Set(frames.map((f) => f.imageId));
      const mine = (id: string): boolean => !here.has(id) && metaOf(id)?.series === options.series;
      forget(this.list.map((f) => f.imageId).filter(mine));
    }
    this.list = frames;
    this.options = options;
    this.chosen = same ? this.chosen : (options.window ?? null);
    this.inverted = same && invert;
    this.stood = same;
    this.fresh = same ? 'same' : 'new';
    this.ids = this.named();
    this.partOf = partsOf(frames.map((f) => f.instance.set ?? ''));
    this.letGo(before);
    this.owner.numbers.set(options.series, options.seriesNumber);
    register(frames, options.series, options.modality, options.prior?.date ?? null);
    const start = Math.min(Math.max(0, options.start ?? 0), Math.max(0, frames.length - 1));
    const first = frames[start];
    if (!first) {
      this.set({ ...EMPTY_STATE, series: options.series, status: 'error', error: 'empty-series' });
      return;
    }
    // Slices that may still come are not missing.
    const told = SLICED.test(options.modality) && !options.cut && !doc.partial;
    this.set({
      ...EMPTY_STATE,
      ...(same
        ? { flipHorizontal, rotation, invert }
        : { flipHorizontal: options.flipHorizontal ?? false, rotation: options.rotation ?? 0 }),
      series: options.series,
      status: 'loading',
      count: frames.length,
      gaps: told ? gapsOf(frames) : [],
      bytesPerFrame: Math.max(...frames.slice(0, 64).map((f) => frameBytes(f.instance, this.owner.mode.cpu))),
      ...this.placeOf(start, first),
    });
    this.show(start);
  }

  /** What is told of a frame before its picture stands. */
  private placeOf(index: number, frame: FrameRef) {
    const { part, set } = frame.instance;
    return { index, frame, part: part ?? this.partOf(set ?? ''), number: metaOf(frame.imageId)?.number ?? null };
  }

  private show(at: number): void {
    this.opening += 1;
    const turn = this.opening;
    this.viewport()
      .setStack([...this.ids], at)
      .catch((e: unknown) => {
        // A frame that cannot be had is told of where it is the one to be shown; the reader may have left it meanwhile.
        const told = e instanceof Dropped || e instanceof FrameFailed;
        if (!told && turn === this.opening && !this.gone && this.current.status === 'loading') this.fail(e);
      });
  }

  protected again(): void {
    // Where the engine stands: the reader may be on the way to another frame.
    const index = this.viewport().getCurrentImageIdIndex();
    const frame = this.list[index];
    if (!frame) return;
    this.view = this.camera.view(this.current.frame?.imageId ?? '') ?? this.view;
    this.fresh ??= 'same';
    this.set({ ...this.placeOf(index, frame), diagnostic: false });
    this.show(index);
  }

  private fail(e: unknown): void {
    this.film.stop();
    this.set({ status: 'error', error: e instanceof Error ? e.message : 'frame-failed', diagnostic: false });
  }

  private readonly onWanted = (e: Event): void => {
    const { imageId, imageIdIndex } = (e as CustomEvent<{ imageId: string; imageIdIndex: number }>).detail;
    queue.raise(imageId, RANK.shown);
    this.direction = imageIdIndex >= this.current.index ? 1 : -1;
    const f = this.list[imageIdIndex];
    if (!f || cache.isLoaded(imageId)) return;
    const { status } = this.current;
    this.set({ ...this.placeOf(imageIdIndex, f), diagnostic: false, status: status === 'error' ? 'loading' : status, error: null });
  };

  private readonly onImage = (e: Event): void => {
    const { imageId, imageIdIndex } = (e as CustomEvent<{ imageId: string; imageIdIndex: number }>).detail;
    const turn = this.opening;
    // The CPU path tells before it has taken the image.
    queueMicrotask(() => {
      if (this.gone || turn !== this.opening) return;
      const frame = this.list[imageIdIndex];
      const image = this.viewport().getCornerstoneImage() as YgImage | undefined;
      // It also takes whatever comes for the place it stands at, from the series of before, too.
      if (!frame || image?.imageId !== imageId || this.ids[imageIdIndex] !== imageId) this.again();
      else this.arrive(imageIdIndex, frame, image);
    });
  };

  private arrive(index: number, frame: FrameRef, image: YgImage): void {
    const { fresh, view } = this;
    [this.fresh, this.view, this.stood] = [null, null, true];
    this.set(this.placeOf(index, frame));
    this.dress(frame, image.imageId);
    if (fresh) {
      if (fresh === 'new') this.viewport().resetCamera();
      this.orient(this.current.flipHorizontal, this.current.rotation);
      if (view) this.camera.look(frame.imageId, view);
    }
    this.ready(frame, image);
    if (fresh) this.owner.opened(this.element);
    this.prefetch(index);
  }

  private ready(frame: FrameRef, image: YgImage): void {
    if (!this.options) return;
    const i = frame.instance;
    const drawn = image.ygRendered;
    const opened = (drawn ? ownWindow(i) : openingOf(image.imageId)) ?? null;
    const auto = drawn || this.list.length > 8 ? null : autoWindow(image, i);
    this.set({
      status: 'ready',
      error: null,
      diagnostic: true,
      rendered: drawn,
      presets: drawn && !asksWindow(i) ? [] : presetsFor(this.options.modality, i, opened, auto),
      window: this.windowAt(frame, image.imageId),
      loaded: this.loaded.count(),
      bytesPerFrame: Math.max(this.current.bytesPerFrame, image.sizeInBytes),
    });
    this.measureZoom();
  }

  private readonly onMoved = (): void => this.measureZoom();

  private readonly onError = (e: Event): void => {
    const detail = (e as CustomEvent<{ imageId?: string; error?: unknown }>).detail;
    // What stands on the screen stands, though another pane could not have it again.
    if (this.gone || this.current.diagnostic || !detail?.imageId || detail.imageId !== this.shownId()) return;
    // Somebody let go of what is still to be shown: it is asked for once more.
    if (detail.error instanceof Dropped) this.again();
    else this.fail(detail.error);
  };

  private prefetch(shown: number): void {
    if (this.options?.cut) return;
    const base = this.options?.prior ? RANK.prior : RANK.series;
    const room = cache.getMaxCacheSize() / Math.max(1, this.owner.open());
    fetchAhead(this.ids, shown, this.direction, room, this.current.bytesPerFrame, base);
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

  pace(factor: number): void {
    this.film.pace(factor);
  }

  cine(on: boolean): void {
    if (on && this.list.length > 1) this.film.start(this.current.frame?.instance.frame_time_ms ?? null);
    else this.film.stop();
  }

  private nextFrame(): boolean {
    const at = (this.current.index + 1) % this.list.length;
    const id = this.ids[at];
    if (this.gone || !id) return false;
    if (!this.options?.cut && !cache.isLoaded(id)) {
      // It may have failed before, or have left the memory. When it cannot be had the film ends at it, and the pane says so.
      fetchOne(id, RANK.near, (came) => {
        if (this.gone || !this.current.playing || this.ids[at] !== id) return;
        if (!came) this.film.stop();
        if (!came || !cache.isLoaded(id)) this.goto(at);
      });
      return false;
    }
    this.goto(at);
    return true;
  }

  protected letGo(ids: readonly string[]): void {
    this.owner.letGo(ids);
  }

  private leave(): void {
    this.opening += 1;
    this.film.stop();
    this.stopWindow();
    const before = this.ids;
    [this.list, this.ids] = [[], []];
    this.letGo(before);
  }

  clear(): void {
    this.leave();
    [this.options, this.chosen, this.fresh, this.view, this.stood] = [null, null, null, null, false];
    this.set(EMPTY_STATE);
  }

  dispose(): void {
    if (this.gone) return;
    this.leave();
    this.gone = true;
    this.loaded.dispose();
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

/** Window by percentiles of a film, counted once; null for frames without values. */
function autoWindow(image: YgImage, instance: StackInstance): VoiWindow | null {
  if (!image.ygValues) return null;
  image.ygAuto ??= percentileWindow(image.ygValues, paddingOf(instance));
  return image.ygAuto;
}
