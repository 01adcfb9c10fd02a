// Hanging: which series goes where when a study opens. Rules are data; the first rule that matches wins, 1x1 when none does.

export type Layout = '1x1' | '1x2' | '2x2' | '1x3';

export const LAYOUTS: readonly Layout[] = ['1x1', '1x2', '2x2', '1x3'];

export const panesOf = (layout: Layout): number => (layout === '1x1' ? 1 : layout === '1x2' ? 2 : layout === '1x3' ? 3 : 4);

export interface SeriesLike {
  id: string;
  modality: string;
  number: number | null;
  description: string;
  laterality: string;
  instance_count: number;
  frames: number;
}

export interface HangingRule {
  id: string;
  /** Any of these modalities. */
  modality: string[];
  /** Pattern on the body part, upper case; absent = any. */
  body_part?: string;
  /** At least so many images (instances) in the study, scouts left out. */
  min_images?: number;
  layout: Layout;
  /** 'largest': panes show different series, the largest first; 'images': one pane per image in order; 'mammo': by side and view. */
  fill: 'largest' | 'images' | 'mammo';
  /** First image shown: 'first' or 'middle' (the one the preview was made of). */
  start: 'first' | 'middle';
}

export const DEFAULT_RULES: readonly HangingRule[] = [
  { id: 'chest-2', modality: ['DX', 'CR', 'DR'], body_part: 'CHEST|THORAX', min_images: 2, layout: '1x2', fill: 'images', start: 'first' },
  { id: 'mammo', modality: ['MG'], min_images: 4, layout: '2x2', fill: 'mammo', start: 'first' },
  { id: 'us-tiles', modality: ['US'], min_images: 4, layout: '2x2', fill: 'images', start: 'first' },
  { id: 'cross-section', modality: ['CT', 'MR', 'PT', 'NM'], layout: '1x1', fill: 'largest', start: 'middle' },
];

export interface HungPane<S> {
  series: S;
  /** Instance to begin with, from 0; null = the middle frame, the one the preview was made of. */
  start: number | null;
}

/** Modalities read as a stack open in the middle of it. */
export const startOf = (modality: string): number | null => (/^(CT|MR|PT|NM)$/.test(modality) ? null : 0);

export interface Hanging<S> {
  rule: string | null;
  layout: Layout;
  panes: HungPane<S>[];
  /** Series in the order of the strip. */
  order: S[];
  warnings: 'laterality'[];
}

const isScout = (s: SeriesLike): boolean => /scout|topogram|localizer|surview|scanogram|\u5b9a\u4f4d/i.test(s.description);

/** Series by number, then as the server gave them. */
export function orderSeries<S extends SeriesLike>(series: readonly S[]): S[] {
  return series
    .map((s, at) => ({ s, at }))
    .sort((a, b) => (a.s.number ?? Number.MAX_SAFE_INTEGER) - (b.s.number ?? Number.MAX_SAFE_INTEGER) || a.at - b.at)
    .map((x) => x.s);
}

const framesIn = (s: SeriesLike): number => Math.max(s.frames, s.instance_count, 1);

// Right before left, cranio-caudal before oblique: RCC LCC RMLO LMLO fills the four panes row by row, back to back.
function mammoRank(s: SeriesLike): number {
  const text = s.description.toUpperCase();
  const side = (s.laterality || (/\bL|\bLEFT|\u5de6/.test(text) ? 'L' : /\bR|\bRIGHT|\u53f3/.test(text) ? 'R' : '')).toUpperCase();
  const oblique = /MLO|OBL|\u659c/.test(text);
  return (oblique ? 2 : 0) + (side === 'L' ? 1 : 0);
}

export function hang<S extends SeriesLike>(
  modality: string,
  bodyPart: string,
  series: readonly S[],
  rules: readonly HangingRule[] = DEFAULT_RULES,
): Hanging<S> {
  const order = orderSeries(series);
  const real = order.filter((s) => !isScout(s) && framesIn(s) > 0);
  const body = real.length > 0 ? real : order;
  const images = body.reduce((n, s) => n + s.instance_count, 0);
  const rule = rules.find(
    (r) =>
      r.modality.includes(modality) &&
      (!r.body_part || new RegExp(r.body_part, 'i').test(bodyPart)) &&
      (r.min_images === undefined || images >= r.min_images),
  );
  const layout = rule?.layout ?? '1x1';
  const count = panesOf(layout);
  const panes: HungPane<S>[] = [];
  if (rule?.fill === 'images') {
    for (const s of body) for (let k = 0; k < s.instance_count && panes.length < count; k++) panes.push({ series: s, start: k });
  } else {
    const sorted =
      rule?.fill === 'mammo' ? [...body].sort((a, b) => mammoRank(a) - mammoRank(b)) : [...body].sort((a, b) => framesIn(b) - framesIn(a));
    for (const s of sorted.slice(0, count)) panes.push({ series: s, start: rule?.start === 'middle' ? null : 0 });
  }
  const sided = modality === 'MG';
  const warnings: 'laterality'[] = sided && body.some((s) => !s.laterality && !/\b[LR]/i.test(s.description)) ? ['laterality'] : [];
  return { rule: rule?.id ?? null, layout, panes, order, warnings };
}
