// Tools of the engine, each with our own values and labels: the engine draws, measure.ts and calibration.ts calculate.

import { cache, type Types } from '@cornerstonejs/core';
import * as cs from '@cornerstonejs/tools';
import type { Basis, Point, UserCalibration } from './calibration';
import { calibrate } from './calibration';
import type { Kept } from './keep';
import type { YgImage } from './loader';
import type { Amount, MeasureKind, Stats } from './measure';
import { angleOf, areaOf, cobbOf, ctrOf, ellipseFrame, formatAmount, lengthOf, rectangleFrame, statsOf } from './measure';
import type { FrameMeta } from './metadata';
import { metaOf, toPixel, toWorld } from './metadata';
import { measuredValues } from './mpr';
import type { LabelWords, Measurement, ToolId } from './port';
import { type GreyFrame, isPadding, paddingOf } from './samples';
import { drawable, type StackInstance } from './stack';
import { dragged, exactly, isSuv, leastWidth } from './voi';

/** Windows by hand. Of uptake values only the upper end moves: nothing is black. */
class WindowTool extends cs.WindowLevelTool {
  static override toolName = 'WindowLevel';
  override getNewRange(drag: Parameters<cs.WindowLevelTool['getNewRange']>[0]): { lower: number; upper: number } {
    const viewport = drag.viewport as Types.IStackViewport;
    const meta = metaOf(viewport.getCurrentImageId());
    const instance = meta && drawable(meta.ref.instance) ? meta.ref.instance : null;
    if (!instance || !exactly(instance)) return super.getNewRange(drag);
    const [dx, dy] = drag.deltaPointsCanvas as Types.Point2;
    if (!isSuv(instance)) return dragged(drag, dx, dy, leastWidth(instance));
    const down = dy / Math.max(1, viewport.element.clientHeight);
    return { lower: drag.lower, upper: Math.max(drag.lower + 0.1, drag.upper - down * 5) };
  }
}

interface LineStats {
  data: { cachedStats?: Record<string, { angle?: number | null } | undefined> };
}

/** Two lines. The engine leaves the label out when they are exactly parallel (angle 0); ours shows it. */
class TwoLines extends cs.CobbAngleTool {
  override _calculateCachedStats(annotation: LineStats, engine: unknown, enabled: unknown): void {
    super._calculateCachedStats(annotation as never, engine as never, enabled as never);
    for (const s of Object.values(annotation.data.cachedStats ?? {})) if (s?.angle === 0) s.angle = Number.MIN_VALUE;
  }
}

class CobbTool extends TwoLines {
  static override toolName = 'CobbAngle';
}

/** Widths of heart and chest. */
class CtrTool extends TwoLines {
  static override toolName = 'CardioThoracicRatio';
}

const CLASSES = {
  window: WindowTool,
  zoom: cs.ZoomTool,
  pan: cs.PanTool,
  scroll: cs.StackScrollTool,
  length: cs.LengthTool,
  bidirectional: cs.BidirectionalTool,
  angle: cs.AngleTool,
  cobb: CobbTool,
  ellipse: cs.EllipticalROITool,
  rectangle: cs.RectangleROITool,
  probe: cs.ProbeTool,
  ctr: CtrTool,
} as const;

/** Tools the engine draws; locating and magnifying are our own layers above the picture. */
type EngineTool = keyof typeof CLASSES;
const isEngineTool = (id: ToolId): id is EngineTool => id in CLASSES;

const KIND_OF: ReadonlyMap<string, MeasureKind> = new Map([
  [cs.LengthTool.toolName, 'length'],
  [cs.BidirectionalTool.toolName, 'bidirectional'],
  [cs.AngleTool.toolName, 'angle'],
  [CobbTool.toolName, 'cobb'],
  [cs.EllipticalROITool.toolName, 'ellipse'],
  [cs.RectangleROITool.toolName, 'rectangle'],
  [cs.ProbeTool.toolName, 'probe'],
  [CtrTool.toolName, 'ctr'],
]);

export const kindOf = (toolName: string): MeasureKind | undefined => KIND_OF.get(toolName);

export interface Values {
  basis: Basis;
  amounts: Amount[];
  stats: Stats | null;
  area: Amount | null;
  valueUnit: string;
  points: Point[];
}

/** Unit of the grey values; only what the file says is believed. */
export function greyUnit(meta: FrameMeta): string {
  const told = (meta.ref.instance.units ?? '').trim().toUpperCase();
  if (told === 'HU') return 'HU';
  if (told === 'US' || told === '' || told === 'UNSPECIFIED') return '';
  return told;
}

/** Grey values of a frame: of the picture in the cache, or of a cut that is measured and not shown. */
const greyValues = (meta: FrameMeta): GreyFrame['values'] | null =>
  (cache.getImage(meta.ref.imageId) as YgImage | undefined)?.ygValues ?? measuredValues(meta.ref.instance);

/** Reads a value; padding is none. */
function measuredAt(values: GreyFrame['values'], i: StackInstance): (at: number) => number {
  const padding = paddingOf(i);
  return (at) => {
    const v = values[at] ?? Number.NaN;
    return isPadding(v, padding) ? Number.NaN : v;
  };
}

/** Values of a measurement from its world handles. Null while the handles are incomplete. */
export function valuesOf(
  kind: MeasureKind,
  meta: FrameMeta,
  handles: ReadonlyArray<readonly number[]>,
  centred: boolean,
  users: readonly UserCalibration[],
): Values | null {
  const i = meta.ref.instance;
  const points = handles.map((w) => toPixel(meta.plane, w, centred));
  const c = calibrate(meta.modality, i, points, users);
  const none: Values = { basis: c.basis, amounts: [], stats: null, area: null, valueUnit: '', points };
  const [p0, p1, p2, p3] = points;
  switch (kind) {
    case 'length':
      return p0 && p1 ? { ...none, amounts: lengthOf(p0, p1, c) } : null;
    case 'bidirectional':
      return p0 && p1 && p2 && p3 ? { ...none, amounts: [...lengthOf(p0, p1, c), ...lengthOf(p2, p3, c)] } : null;
    case 'angle':
      return p0 && p1 && p2 ? { ...none, amounts: [{ value: angleOf(p0, p1, p2, c), unit: '°' }] } : null;
    case 'cobb':
      return p0 && p1 && p2 && p3 ? { ...none, amounts: cobbOf(p0, p1, p2, p3, c).map((value) => ({ value, unit: '°' })) } : null;
    case 'ctr':
      return p0 && p1 && p2 && p3 ? { ...none, amounts: ctrOf(p0, p1, p2, p3, c) } : null;
    case 'ellipse':
    case 'rectangle': {
      const f = kind === 'ellipse' ? ellipseFrame(points) : rectangleFrame(points);
      if (!f) return null;
      const v = greyValues(meta);
      const stats = v ? statsOf(kind, f, i.cols, i.rows, measuredAt(v, i)) : null;
      return { ...none, area: areaOf(kind, f, c), stats, valueUnit: greyUnit(meta) };
    }
    case 'probe': {
      if (!p0) return null;
      const v = greyValues(meta);
      const x = Math.floor(p0[0]);
      const y = Math.floor(p0[1]);
      const inside = x >= 0 && y >= 0 && x < i.cols && y < i.rows;
      const value = inside && v ? measuredAt(v, i)(y * i.cols + x) : Number.NaN;
      const stats = !Number.isFinite(value) ? null : { mean: value, sd: 0, min: value, max: value, pixels: 1 };
      return { ...none, stats, valueUnit: greyUnit(meta) };
    }
  }
}

const round = (v: number): string => (Math.abs(v) >= 100 ? v.toFixed(0) : v.toFixed(1));

/** Lines drawn beside the measurement. */
export function linesOf(kind: MeasureKind, v: Values, words: LabelWords): string[] {
  const basis = words.basis(v.basis);
  const unit = v.valueUnit ? ` ${v.valueUnit}` : '';
  if (kind === 'angle' || kind === 'cobb') return [v.amounts.map(formatAmount).join(' / ')];
  if (kind === 'ctr') return ctrLines(v, words, basis);
  if (kind === 'length') return [`${v.amounts.map(formatAmount).join(' · ')}${basis ? ` ${basis}` : ''}`];
  if (kind === 'bidirectional') return [`${v.amounts.map(formatAmount).join(' × ')}${basis ? ` ${basis}` : ''}`];
  if (kind === 'probe') return v.stats ? [`${round(v.stats.mean)}${unit}`] : [];
  const out: string[] = [];
  if (v.stats) {
    out.push(`${words.mean} ${round(v.stats.mean)}${unit}  ${words.sd} ${round(v.stats.sd)}`);
    out.push(`${words.range} ${round(v.stats.min)} – ${round(v.stats.max)}`);
  }
  if (v.area) out.push(`${words.area} ${formatAmount(v.area)}${basis ? ` ${basis}` : ''}`);
  return out;
}

function ctrLines(v: Values, words: LabelWords, basis: string): string[] {
  const [ratio, heart, chest] = v.amounts;
  if (!ratio || !heart || !chest) return [];
  return [`${words.ctr} ${formatAmount(ratio)}`, `${formatAmount(heart)} / ${formatAmount(chest)}${basis ? ` ${basis}` : ''}`];
}

export interface ToolContext {
  centred: boolean;
  words: () => LabelWords;
  users: (instance: string) => readonly UserCalibration[];
}

const GROUP = 'yigong';

interface LabelData {
  handles?: { points?: number[][] };
}

/** Creates the tool group; every label comes from `linesOf`. */
export function createTools(context: ToolContext): cs.Types.IToolGroup {
  const group = cs.ToolGroupManager.getToolGroup(GROUP) ?? cs.ToolGroupManager.createToolGroup(GROUP);
  if (!group) throw new Error('tool group was not created');
  for (const cls of Object.values(CLASSES)) {
    cs.addTool(cls);
    if (group.hasTool(cls.toolName)) continue;
    const kind = kindOf(cls.toolName);
    group.addTool(
      cls.toolName,
      kind
        ? {
            // The engine's own statistics are not used: ours hold for every mode and carry their basis.
            calculateStats: false,
            shadow: true,
            getTextLines: (data: LabelData, target: string | string[]) => {
              const id = (Array.isArray(target) ? target[0] : target)?.replace(/^imageId:/, '') ?? '';
              const meta = metaOf(id);
              const handles = data.handles?.points;
              if (!meta || !handles) return [];
              const v = valuesOf(kind, meta, handles, context.centred, context.users(meta.ref.instance.id));
              return v ? linesOf(kind, v, context.words()) : [];
            },
          }
        : cls === cs.StackScrollTool
          ? { loop: false, debounceIfNotLoaded: true }
          : {},
    );
  }
  const { MouseBindings } = cs.Enums;
  group.setToolActive(cs.StackScrollTool.toolName, { bindings: [{ mouseButton: MouseBindings.Wheel }] });
  group.setToolActive(cs.PanTool.toolName, { bindings: [{ mouseButton: MouseBindings.Auxiliary }] });
  group.setToolActive(cs.ZoomTool.toolName, { bindings: [{ mouseButton: MouseBindings.Secondary }] });
  for (const [name] of KIND_OF) group.setToolPassive(name);
  chooseTool(group, 'window');
  return group;
}

let chosen: EngineTool | null = null;

/** Puts a tool on the left button; the one before stays passive (its handles can still be moved). */
export function chooseTool(group: cs.Types.IToolGroup, id: ToolId): void {
  const { MouseBindings } = cs.Enums;
  const primary = { bindings: [{ mouseButton: MouseBindings.Primary }] };
  if (chosen && chosen !== id) group.setToolPassive(CLASSES[chosen].toolName);
  chosen = null;
  if (!isEngineTool(id)) return;
  chosen = id;
  group.setToolActive(CLASSES[id].toolName, primary);
}

export function destroyTools(): void {
  chosen = null;
  cs.ToolGroupManager.destroyToolGroup(GROUP);
}

/** Yellow lines, larger text, our fonts. */
export function styleTools(): void {
  const style = cs.annotation.config.style;
  const base = style.getDefaultToolStyles() as unknown as { global: Record<string, unknown> };
  style.setDefaultToolStyles({
    ...base,
    global: {
      ...base.global,
      color: '#f2d64b',
      colorHighlighted: '#7fe0ff',
      colorSelected: '#7fe0ff',
      lineWidth: '1.5',
      textBoxColor: '#f7e07a',
      textBoxColorHighlighted: '#a8ecff',
      textBoxColorSelected: '#a8ecff',
      textBoxFontFamily: '"Microsoft YaHei","PingFang SC","Noto Sans CJK SC",system-ui',
      textBoxFontSize: '14px',
      textBoxBackground: 'rgba(0,0,0,0.55)',
    },
  } as never);
}

const slabOf = (i: StackInstance): Measurement['slab'] => (i.slab ? { mode: i.slab, mm: i.slice_thickness ?? 0 } : null);

/** All measurements of our images, in the order they were made. */
export function collect(context: ToolContext, seriesNumber: (series: string) => number | null): Measurement[] {
  const out: Measurement[] = [];
  for (const a of cs.annotation.state.getAllAnnotations()) {
    const kind = a.metadata ? kindOf(a.metadata.toolName) : undefined;
    const imageId = a.metadata?.referencedImageId;
    const meta = imageId ? metaOf(imageId) : undefined;
    const handles = a.data?.handles?.points as number[][] | undefined;
    if (!kind || !meta || !imageId || !handles || !a.annotationUID) continue;
    const v = valuesOf(kind, meta, handles, context.centred, context.users(meta.ref.instance.id));
    if (!v) continue;
    out.push({
      id: a.annotationUID,
      kind,
      // The frame, not the picture of it in some window.
      imageId: meta.ref.imageId,
      series: meta.series,
      seriesNumber: seriesNumber(meta.series),
      prior: meta.prior,
      part: meta.ref.instance.part ?? null,
      slab: slabOf(meta.ref.instance),
      image: meta.at + 1,
      number: meta.number,
      frame: meta.ref.frame,
      frames: meta.ref.instance.frames,
      points: v.points,
      basis: v.basis,
      amounts: v.amounts,
      stats: v.stats,
      valueUnit: v.valueUnit,
      area: v.area,
    });
  }
  return out;
}

/** Puts a kept measurement back on its frame. False when the frame is not open or the measurement is already there. */
export function restore(k: Kept, element: HTMLDivElement, centred: boolean): boolean {
  const meta = metaOf(k.imageId);
  const toolName = [...KIND_OF].find(([, kind]) => kind === k.kind)?.[0];
  if (!meta || !toolName || cs.annotation.state.getAnnotation(k.id)) return false;
  const zero = (): cs.Types.AnnotationMetadata['viewPlaneNormal'] => [0, 0, 0];
  const annotation = {
    annotationUID: k.id,
    highlighted: false,
    autoGenerated: false,
    invalidated: false,
    isLocked: false,
    isVisible: true,
    isSelected: false,
    metadata: { toolName, FrameOfReferenceUID: meta.plane.frameOfReference, referencedImageId: k.imageId },
    data: {
      label: '',
      cachedStats: {},
      handles: {
        points: k.points.map((p) => toWorld(meta.plane, p, centred)),
        activeHandleIndex: null,
        textBox: {
          hasMoved: false,
          worldPosition: zero(),
          worldBoundingBox: { topLeft: zero(), topRight: zero(), bottomLeft: zero(), bottomRight: zero() },
        },
      },
    },
  };
  cs.annotation.state.addAnnotation(annotation as unknown as cs.Types.Annotation, element);
  return true;
}
