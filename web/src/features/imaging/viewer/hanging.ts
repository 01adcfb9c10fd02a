// Hanging: which series goes where when a study opens. Rules are data; the first rule that matches wins, 1x1 when none does.

export type Layout = '1x1' | '1x2' | '2x2' | '1x3' | 'mpr';

/** Those a reader may choose; the three cuts of a volume have a layout of their own. */
export const LAYOUTS: readonly Layout[] = ['1x1', '1x2', '2x2', '1x3'];

const PANES: Record<Layout, number> = { '1x1': 1, '1x2': 2, '1x3': 3, '2x2': 4, mpr: 3 };
export const panesOf = (layout: Layout): number => PANES[layout];

/** What the server tells of each image of a small series. */
export interface ImageHead {
  id: string;
  view: string;
  laterality: string;
  /** Patient Orientation, `P\F`. */
  orientation: string;
}

export interface SeriesLike {
  id: string;
  modality: string;
  number: number | null;
  description: string;
  laterality: string;
  instance_count: number;
  frames: number;
  images?: ImageHead[];
}

export interface HangingRule {
  id: string;
  /** Any of these modalities. */
  modality: string[];
  /** Pattern on the body part and, as many devices tell none, on the descriptions of the series; absent = any. */
  body_part?: string;
  /** At least so many images (instances) in the study, scouts left out. */
  min_images?: number;
  layout: Layout;
  /** 'largest': panes show different series, the largest first; 'images': one pane per image in order; 'views': the same, frontal views before lateral ones; 'mammo': by side and view. */
  fill: 'largest' | 'images' | 'views' | 'mammo';
  /** First image shown: 'first' or 'middle' (the one the preview was made of). */
  start: 'first' | 'middle';
}

export const DEFAULT_RULES: readonly HangingRule[] = [
  {
    id: 'chest-2',
    modality: ['DX', 'CR', 'DR'],
    body_part: 'CHEST|THORAX|\u80f8',
    min_images: 2,
    layout: '1x2',
    fill: 'views',
    start: 'first',
  },
  { id: 'mammo', modality: ['MG'], min_images: 4, layout: '2x2', fill: 'mammo', start: 'first' },
  { id: 'us-tiles', modality: ['US'], min_images: 4, layout: '2x2', fill: 'images', start: 'first' },
  { id: 'cross-section', modality: ['CT', 'MR', 'PT', 'NM'], layout: '1x1', fill: 'largest', start: 'middle' },
];

export interface HungPane<S> {
  series: S;
  /** Instance to begin with, from 0; null = the middle frame, the one the preview was made of. */
  start: number | null;
  /** Instance to begin with, where a pane is for one image of a series. */
  instance?: string;
  /** Mirror first, then turn: brings a mammogram to where it is expected. */
  mirror?: boolean;
  turn?: number;
  /** Edge of the pane the chest wall leans on. */
  lean?: 'left' | 'right';
}

/** Modalities read as a stack open in the middle of it. */
export const startOf = (modality: string): number | null => (/^(CT|MR|PT|NM)$/.test(modality) ? null : 0);

export interface Hanging<S> {
  rule: string | null;
  layout: Layout;
  /** null: the place stays free, so that the others keep theirs. */
  panes: (HungPane<S> | null)[];
  /** Series in the order of the strip. */
  order: S[];
}

const isScout = (s: SeriesLike): boolean => /scout|topogram|localizer|surview|scanogram|\u5b9a\u4f4d/i.test(s.description);

/** Series by number, then as the server gave them. */
export function orderSeries<S extends SeriesLike>(series: readonly S[]): S[] {
  return series
    .map((s, at) => ({ s, at }))
    .sort((a, b) => (a.s.number ?? Number.MAX_SAFE_INTEGER) - (b.s.number ?? Number.MAX_SAFE_INTEGER) || a.at - b.at)
    .map((x) => x.s);
}

/** Something to look at. Reports, presentation states and documents are series, too, and no images. */
export const hasImages = (s: SeriesLike): boolean => s.frames > 0;

type Side = 'L' | 'R' | '';

/** The side of an image: what its tags say, else words that mean nothing but a side. LM is a direction, and LOW is no L; where both
 * sides or neither are named it is not known. */
export function sideOf(told: string, text: string): Side {
  const tag = told.trim().toUpperCase();
  if (tag) return /^(L|LEFT)$/.test(tag) ? 'L' : /^(R|RIGHT)$/.test(tag) ? 'R' : '';
  const words = new Set(text.toUpperCase().split(/[^A-Z0-9]+/));
  const left = words.has('L') || words.has('LEFT') || text.includes('\u5de6');
  const right = words.has('R') || words.has('RIGHT') || text.includes('\u53f3');
  return left === right ? '' : left ? 'L' : 'R';
}
const isOblique = (text: string): boolean => /MLO|OBL|\u659c/.test(text);

const OPPOSITE: Record<string, string> = { L: 'R', R: 'L', A: 'P', P: 'A', H: 'F', F: 'H' };

/** Chest walls meet in the middle and the outer side of a cranio-caudal view is up, however the device stored the image (PS3.3 C.8.11.7.1.1). */
export function upright(side: string, oblique: boolean, orientation: string): { mirror: boolean; turn: number } {
  const [row, col] = orientation.split('\\').map((t) => t.trim().toUpperCase().slice(0, 1));
  const wantRow = side === 'R' ? 'P' : 'A';
  const wantCol = oblique ? 'F' : side === 'R' ? 'L' : 'R';
  const across = !!row && OPPOSITE[row] === wantRow;
  const over = !!col && OPPOSITE[col] === wantCol;
  // Upside down is mirrored and turned by half.
  return { mirror: across !== over, turn: over ? 180 : 0 };
}

/** A pane for one image of a series, by its identity where the server tells it: the stack may run in another order. */
function imageOf<S extends SeriesLike>(series: S, start: number): HungPane<S> {
  const id = series.images?.[start]?.id;
  return id ? { series, start, instance: id } : { series, start };
}

/** View Position, or the words of the series where there is none. */
function isLateral<S extends SeriesLike>(p: HungPane<S>): boolean {
  const view = p.series.images?.[p.start ?? 0]?.view.toUpperCase();
  return view ? /^(LL|RL|LAT|LLD|RLD|LATERAL)/.test(view) : /\bLAT|\u4fa7\u4f4d/.test(p.series.description.toUpperCase());
}

/** Images of a series as far as the server tells them one by one. */
const imagesOf = (s: SeriesLike): ImageHead[] =>
  s.images?.length ? s.images : [{ id: '', view: '', laterality: s.laterality, orientation: '' }];

const textOf = (s: SeriesLike, i: ImageHead): string => `${i.view} ${s.description}`.toUpperCase();

/** RCC LCC RMLO LMLO, row by row, back to back; a missing view leaves its place free, for images of no known side if there are any:
 * as they are, leaning nowhere. */
function mammo<S extends SeriesLike>(body: readonly S[]): (HungPane<S> | null)[] {
  const places: (HungPane<S> | null)[] = [null, null, null, null];
  const unknown: HungPane<S>[] = [];
  for (const s of body) {
    for (const i of imagesOf(s)) {
      const text = textOf(s, i);
      const side = sideOf(i.laterality || s.laterality, text);
      const oblique = i.view ? isOblique(i.view.toUpperCase()) : isOblique(text);
      const pane: HungPane<S> = { series: s, start: 0, ...(i.id ? { instance: i.id } : {}) };
      const at = (oblique ? 2 : 0) + (side === 'L' ? 1 : 0);
      if (!side) unknown.push(pane);
      else if (!places[at]) places[at] = { ...pane, ...upright(side, oblique, i.orientation), lean: side === 'L' ? 'left' : 'right' };
    }
  }
  return places.map((p) => p ?? unknown.shift() ?? null);
}

/** Mammograms that do not tell their side, by image, or by series where the images are not told; of other modalities none. */
export const unsided = (modality: string, series: readonly SeriesLike[]): string[] =>
  modality === 'MG'
    ? series
        .filter((s) => hasImages(s) && !isScout(s))
        .flatMap((s) => imagesOf(s).flatMap((i) => (sideOf(i.laterality || s.laterality, textOf(s, i)) ? [] : [i.id || s.id])))
    : [];

export function hang<S extends SeriesLike>(
  modality: string,
  bodyPart: string,
  series: readonly S[],
  rules: readonly HangingRule[] = DEFAULT_RULES,
): Hanging<S> {
  const order = orderSeries(series.filter(hasImages));
  const real = order.filter((s) => !isScout(s));
  const body = real.length > 0 ? real : order;
  const images = body.reduce((n, s) => n + s.instance_count, 0);
  const rule = rules.find(
    (r) =>
      r.modality.includes(modality) &&
      (!r.body_part || new RegExp(r.body_part, 'i').test([bodyPart, ...body.map((s) => s.description)].join(' '))) &&
      (r.min_images === undefined || images >= r.min_images),
  );
  const layout = rule?.layout ?? '1x1';
  const count = panesOf(layout);
  let panes: (HungPane<S> | null)[] = [];
  if (rule?.fill === 'images' || rule?.fill === 'views') {
    const all = body.flatMap((series) => Array.from({ length: series.instance_count }, (_, start): HungPane<S> => imageOf(series, start)));
    if (rule.fill === 'views') all.sort((a, b) => Number(isLateral(a)) - Number(isLateral(b)));
    panes = all.slice(0, count);
  } else if (rule?.fill === 'mammo') {
    panes = mammo(body);
  } else {
    const sorted = [...body].sort((a, b) => b.frames - a.frames);
    for (const s of sorted.slice(0, count)) panes.push({ series: s, start: rule?.start === 'middle' ? null : 0 });
  }
  return { rule: rule?.id ?? null, layout, panes, order };
}

// The layout a reader chose last for such studies, on this PC. No patient data.
const CHOSEN = 'yg.layouts';
const keyOf = (modality: string, bodyPart: string): string => `${modality}|${bodyPart.toUpperCase()}`;

export function readLayouts(text: string | null): Record<string, Layout> {
  try {
    const told: unknown = JSON.parse(text ?? '{}');
    const pairs = Object.entries(told && typeof told === 'object' ? told : {});
    return Object.fromEntries(pairs.filter((p): p is [string, Layout] => (LAYOUTS as readonly unknown[]).includes(p[1])));
  } catch {
    return {};
  }
}

export const chosenLayout = (modality: string, bodyPart: string): Layout | null =>
  readLayouts(localStorage.getItem(CHOSEN))[keyOf(modality, bodyPart)] ?? null;

/** Remembers a choice; null goes back to the rules. */
export function chooseLayout(modality: string, bodyPart: string, layout: Layout | null): void {
  const { [keyOf(modality, bodyPart)]: _before, ...rest } = readLayouts(localStorage.getItem(CHOSEN));
  localStorage.setItem(CHOSEN, JSON.stringify(layout ? { ...rest, [keyOf(modality, bodyPart)]: layout } : rest));
}
