// Cornerstone3D behind ViewerPort. Only this folder imports the engine; it is loaded as the lazy chunk `viewer`.

import {
  cache,
  eventTarget,
  getRenderingCapabilities,
  imageLoader,
  init,
  RenderingEngine,
  setUseCPURendering,
  type Types,
} from '@cornerstonejs/core';
import * as cs from '@cornerstonejs/tools';
import { byKnownLength, commonRegion, type Point, type UserCalibration } from './calibration';
import { type Keeper, type Kept, keptOf, known } from './keep';
import { configure, FrameFailed, load, queue } from './loader';
import type { MeasureKind } from './measure';
import { cacheBytes } from './memory';
import { forgetAll, metaOf } from './metadata';
import { closeVolume, closeVolumes, cutStack, cutThrough, cutValues, isCut, openVolume, type Ready, setSlab } from './mpr';
import { type Owner, StackPane } from './pane';
import type { LabelWords, Measurement, Pane, RenderMode, ToolId, ViewerPort } from './port';
import { Dropped } from './queue';
import { Release } from './release';
import { type FrameRef, framesOf, parseImageId, type StackDoc } from './stack';
import { chooseTool, collect, createTools, destroyTools, restore, styleTools, type ToolContext } from './tools';
import type { Anatomic, Slab, Unfit } from './volume';

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

/** Software GL counts as GPU for the engine and is its slowest path: decide before anything is created. */
export function decideMode(force?: 'cpu' | 'gpu'): RenderMode {
  const c = getRenderingCapabilities();
  const renderer = c.renderer ?? '';
  if (force) return { cpu: force === 'cpu', reason: 'forced', renderer };
  if (!c.webgl || !c.webgl2) return { cpu: true, reason: 'no-webgl', renderer };
  if (c.softwareRasterizer || SOFTWARE.test(renderer)) return { cpu: true, reason: 'software-gl', renderer };
  return { cpu: false, reason: 'gpu', renderer };
}

export interface EngineOptions {
  fetch: (path: string, signal: AbortSignal) => Promise<Response>;
  labels: LabelWords;
  force?: 'cpu' | 'gpu';
  /** Where measurements outlive a reload. */
  keeper?: Keeper;
}

let toolsReady = false;
let serial = 0;

/** Starts the engine. One at a time: the reading page owns it and disposes it. */
export async function startViewer(options: EngineOptions): Promise<ViewerPort> {
  const mode = decideMode(options.force);
  await init();
  setUseCPURendering(mode.cpu, false);
  cache.setMaxCacheSize(cacheBytes((navigator as Navigator & { deviceMemory?: number }).deviceMemory));
  if (!toolsReady) {
    cs.init();
    imageLoader.registerImageLoader('yg', load as unknown as Types.ImageLoaderFn);
    styleTools();
    // For good: what is dropped when a page is left fails after it has gone.
    window.addEventListener('unhandledrejection', quiet);
    toolsReady = true;
  }
  return new Viewer(mode, options);
}

class Viewer implements ViewerPort {
  private readonly engine: RenderingEngine;
  private readonly group: cs.Types.IToolGroup;
  private readonly panes = new Map<string, StackPane>();
  private readonly listeners = new Set<() => void>();
  private readonly users = new Map<string, UserCalibration[]>();
  private readonly numbers = new Map<string, number | null>();
  private readonly context: ToolContext;
  private list: Measurement[] = [];
  private words: LabelWords;
  private readonly keeper: Keeper | null;
  /** Kept ones whose series is not open yet. */
  private waiting: Kept[];
  private pending = 0;
  private readonly owner: Owner;
  private readonly release = new Release(() => this.wanted(), forgo);

  constructor(
    readonly mode: RenderMode,
    options: EngineOptions,
  ) {
    serial += 1;
    this.words = options.labels;
    this.keeper = options.keeper ?? null;
    this.waiting = this.keeper?.load() ?? [];
    for (const [instance, user] of this.keeper?.calibrations() ?? []) this.users.set(instance, withRegion(this.users.get(instance), user));
    this.engine = new RenderingEngine(`yigong-${serial}`);
    this.context = {
      centred: !mode.cpu,
      words: () => this.words,
      users: (instance) => this.users.get(instance) ?? [],
    };
    configure({
      cpu: mode.cpu,
      fetch: options.fetch,
      shown: () => [...this.panes.values()].flatMap((p) => p.shownId() ?? []),
      isLocal: isCut,
      local: cutValues,
    });
    this.group = createTools(this.context);
    this.owner = {
      engine: this.engine,
      group: this.group,
      mode,
      numbers: this.numbers,
      // Cuts take nothing of the room frames are fetched into.
      open: () => new Set([...this.panes.values()].map((p) => p.state().series).filter((s) => s && !s.includes(':'))).size,
      letGo: (ids) => this.release.let(ids),
      opened: this.opened,
    };
    for (const e of MEASUREMENT_EVENTS) eventTarget.addEventListener(e, this.changed);
  }

  private wanted(): Set<string> {
    return new Set([...this.panes.values()].flatMap((p) => p.wants()));
  }

  private readonly changed = (): void => {
    if (this.pending) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.list = known(
        collect(this.context, (series) => this.numbers.get(series) ?? null),
        this.list,
      );
      this.keeper?.save([...this.waiting, ...keptOf(this.list)]);
      for (const l of this.listeners) l();
    });
  };

  private readonly opened = (element: HTMLDivElement): void => {
    this.waiting = this.waiting.filter((k) => !restore(k, element, this.context.centred));
    // A series that has grown counts its images anew, and a slab of another thickness has other values.
    this.changed();
    this.redraw();
  };

  pane(id: string, element: HTMLDivElement): Pane {
    this.panes.get(id)?.dispose();
    const pane = new StackPane(id, element, this.owner, () => this.panes.delete(id));
    this.panes.set(id, pane);
    return pane;
  }

  tool(id: ToolId): void {
    // The engine holds a click back for a possible double click; without this it would begin a measurement of the new tool.
    for (const p of this.panes.values()) p.settle();
    chooseTool(this.group, id);
  }

  measurements(): readonly Measurement[] {
    return this.list;
  }

  select(id: string | null): void {
    cs.annotation.selection.deselectAnnotation();
    if (id) cs.annotation.selection.setAnnotationSelected(id, true);
    this.redraw();
  }

  remove(id: string): void {
    cs.annotation.state.removeAnnotation(id);
    this.redraw();
    this.changed();
  }

  place(kind: MeasureKind, imageId: string, points: readonly Point[]): void {
    const pane = [...this.panes.values()].find((p) => p.state().diagnostic && p.state().frame?.imageId === imageId);
    if (!pane) return;
    restore(
      { id: `placed-${Date.now()}-${Math.random()}`, kind, imageId, points: points.map((p) => [p[0], p[1]]) },
      pane.element,
      this.context.centred,
    );
    this.changed();
    this.redraw();
  }

  volume(
    series: string,
    doc: StackDoc,
    shown: FrameRef | null,
    tell: (done: number, total: number) => void,
    stop: AbortSignal,
  ): Promise<Ready | Unfit | 'failed'> {
    return openVolume(series, framesOf(doc), shown ?? undefined, tell, stop);
  }

  cutThrough(series: string, name: Anatomic, frame: FrameRef): number | null {
    return cutThrough(series, name, frame);
  }

  cut(series: string, name: Anatomic): StackDoc | null {
    return cutStack(series, name);
  }

  slab(series: string, slab: Slab): void {
    setSlab(series, slab);
  }

  closeVolume(series: string): void {
    closeVolume(series);
  }

  calibrateByKnownLength(id: string, millimetres: number): UserCalibration | null {
    const m = this.list.find((x) => x.id === id);
    const [a, b] = m?.points ?? [];
    const meta = m ? metaOf(m.imageId) : undefined;
    if (!meta || !a || !b || !(millimetres > 0)) return null;
    const user = byKnownLength(meta.modality, meta.ref.instance, a, b, millimetres);
    if (!user) return null;
    this.users.set(meta.ref.instance.id, withRegion(this.users.get(meta.ref.instance.id), user));
    this.calibrated();
    return user;
  }

  uncalibrate(id: string): void {
    const m = this.list.find((x) => x.id === id);
    const meta = m ? metaOf(m.imageId) : undefined;
    if (!meta || !m) return;
    const instance = meta.ref.instance;
    const region = commonRegion(instance, m.points);
    this.users.set(
      instance.id,
      (this.users.get(instance.id) ?? []).filter((u) => u.region !== region),
    );
    this.calibrated();
  }

  private calibrated(): void {
    this.keeper?.saveCalibrations([...this.users].flatMap(([instance, all]) => all.map((u): [string, UserCalibration] => [instance, u])));
    this.redraw();
    this.changed();
  }

  onMeasurements(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  labels(words: LabelWords): void {
    this.words = words;
    this.redraw();
  }

  private redraw(): void {
    const ids = [...this.panes.keys()];
    if (ids.length > 0) cs.utilities.triggerAnnotationRenderForViewportIds(ids);
  }

  dispose(): void {
    closeVolumes();
    for (const e of MEASUREMENT_EVENTS) eventTarget.removeEventListener(e, this.changed);
    if (this.pending) cancelAnimationFrame(this.pending);
    for (const p of [...this.panes.values()]) p.dispose();
    this.release.dispose();
    queue.drop(() => true);
    cs.annotation.state.removeAllAnnotations();
    destroyTools();
    this.engine.destroy();
    cache.purgeCache();
    forgetAll();
    this.listeners.clear();
  }
}

/** One calibration for each region of an image, the last one counting. */
const withRegion = (all: readonly UserCalibration[] = [], user: UserCalibration): UserCalibration[] => [
  ...all.filter((u) => u.region !== user.region),
  user,
];

/** The engine's cache throws a failed frame a second time where nobody can catch it; the pane has already shown it. */
function quiet(e: PromiseRejectionEvent): void {
  if (e.reason instanceof FrameFailed || e.reason instanceof Dropped) e.preventDefault();
}

/** What no pane shows any more is not asked for; pictures in a window that was left for another one are given up, too. */
function forgo(gone: ReadonlySet<string>): void {
  queue.drop((key) => gone.has(key));
  for (const id of gone) if (parseImageId(id)?.window && cache.isLoaded(id)) cache.removeImageLoadObject(id, { force: true });
}

const MEASUREMENT_EVENTS = [cs.Enums.Events.ANNOTATION_COMPLETED, cs.Enums.Events.ANNOTATION_MODIFIED, cs.Enums.Events.ANNOTATION_REMOVED];
