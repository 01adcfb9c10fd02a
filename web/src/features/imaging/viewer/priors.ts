// Which prior comes first, and which of its series answers the one that is being read.

import { hasImages, orderSeries, type SeriesLike } from './hanging';

export interface PriorLike {
  id: string;
  study_date: string;
  modality: string;
  body_part: string;
  description: string;
}

// Body regions by the words devices and clinics use for them; the first that matches.
const REGIONS: ReadonlyArray<[string, RegExp]> = [
  ['breast', /BREAST|MAMMO|\u4e73/],
  ['chest', /CHEST|THORAX|LUNG|\u80f8|\u80ba/],
  ['abdomen', /ABDOMEN|LIVER|PELVIS|KIDNEY|\u8179|\u809d|\u80be|\u76c6/],
  ['head', /HEAD|BRAIN|SKULL|\u5934|\u8111|\u9885/],
  ['spine', /SPINE|\u810a|\u690e/],
  ['heart', /HEART|CARDIAC|\u5fc3/],
];

/** The body region, or the text itself when no region knows it. */
export function regionOf(bodyPart: string, description: string): string {
  const text = `${bodyPart} ${description}`.toUpperCase();
  return REGIONS.find(([, words]) => words.test(text))?.[0] ?? bodyPart.trim().toUpperCase();
}

/** Same body region first, then same modality, then the newest. */
export function rankPriors<P extends PriorLike>(priors: readonly P[], now: Omit<PriorLike, 'id' | 'study_date'>): P[] {
  const region = regionOf(now.body_part, now.description);
  const score = (p: P): number =>
    (region !== '' && regionOf(p.body_part, p.description) === region ? 2 : 0) + (p.modality === now.modality ? 1 : 0);
  return [...priors].sort((a, b) => score(b) - score(a) || b.study_date.localeCompare(a.study_date));
}

/** The series of a prior that answers the one shown: same modality and description, else same modality and the most images. */
export function answering<S extends SeriesLike>(series: readonly S[], shown: SeriesLike | null): S | null {
  const score = (s: S): number =>
    (shown && s.modality === shown.modality ? 2e6 : 0) +
    (shown && s.description !== '' && s.description === shown.description ? 1e6 : 0) +
    Math.min(999_999, s.frames);
  return orderSeries(series.filter(hasImages)).sort((a, b) => score(b) - score(a))[0] ?? null;
}
