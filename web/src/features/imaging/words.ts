// Measurements in words: labels drawn on the image, rows of the list, sentences for the report.

import type { Basis } from './viewer/calibration';
import { reasonsOf } from './viewer/drawn';
import type { Gap } from './viewer/gaps';
import { formatAmount } from './viewer/measure';
import type { LabelWords, Measurement } from './viewer/port';
import type { StackInstance } from './viewer/stack';
import type { SlabMode } from './viewer/volume';

type T = (key: string, values?: Record<string, unknown>) => string;

/** Words of the basis; empty for plain millimetres of patient space and for pixels, which say it by their unit. */
export const basisWord = (t: T, basis: Basis): string =>
  basis === 'spacing' || basis === 'none' || basis === 'axis' ? '' : t(`imaging.basis.${basis}`);

/** Why a frame comes drawn by the server, in words. */
export const whyRendered = (t: T, i: StackInstance): string =>
  reasonsOf(i)
    .map((r) => t(`imaging.rendered_for.${r}`))
    .join(', ');

export const labelWords = (t: T): LabelWords => ({
  basis: (b) => basisWord(t, b),
  mean: t('imaging.roi.mean'),
  sd: t('imaging.roi.sd'),
  range: t('imaging.roi.range'),
  area: t('imaging.roi.area'),
  ctr: t('imaging.kind.ctr'),
});

/** How the planes of a slab were brought together, and how thick it is. */
export const slabWord = (t: T, mode: SlabMode, mm: number): string => t(`imaging.slab.${mode}`, { mm: Number(mm.toFixed(2)) });

const grey = (v: number): string => (Math.abs(v) >= 100 ? v.toFixed(0) : v.toFixed(1));

/** The value of a measurement in one line, with its basis. */
export function valueText(t: T, m: Measurement): string {
  const basis = basisWord(t, m.basis);
  const unit = m.valueUnit ? ` ${m.valueUnit}` : '';
  switch (m.kind) {
    case 'length':
      return [m.amounts.map(formatAmount).join(' · '), basis].filter(Boolean).join(' ');
    case 'bidirectional':
      return [m.amounts.map(formatAmount).join(' × '), basis].filter(Boolean).join(' ');
    case 'angle':
    case 'cobb':
      return m.amounts.map(formatAmount).join(' / ');
    case 'ctr': {
      const [ratio, heart, chest] = m.amounts;
      if (!ratio || !heart || !chest) return '–';
      return `${formatAmount(ratio)} (${[`${formatAmount(heart)} / ${formatAmount(chest)}`, basis].filter(Boolean).join(' ')})`;
    }
    case 'probe':
      return m.stats ? `${grey(m.stats.mean)}${unit}` : '–';
    default: {
      const area = m.area ? [formatAmount(m.area), basis].filter(Boolean).join(' ') : '';
      const stats = m.stats ? `${grey(m.stats.mean)} ± ${grey(m.stats.sd)}${unit}` : '';
      return [stats, area].filter(Boolean).join(' · ');
    }
  }
}

/** Image and frame of a series as any other viewer finds them: by Instance Number; where there is none, by the place in the stack. */
function imageText(t: T, m: Measurement): string {
  const s = m.seriesNumber ?? '–';
  const image = m.number === null ? t('imaging.where_place', { s, n: m.image }) : t('imaging.where', { s, n: m.number });
  return m.number !== null && m.frames > 1 ? t('imaging.where_frame', { where: image, n: m.frame }) : image;
}

/** Where it was measured: series and image, of a cut its place; of another study its date, too. */
export const whereText = (t: T, m: Measurement): string => {
  const cut = /:(axial|coronal|sagittal)$/.exec(m.series)?.[1];
  const told = cut ? t('imaging.where_cut', { s: m.seriesNumber ?? '–', n: m.image, cut: t(`imaging.cut.${cut}`) }) : imageText(t, m);
  const slab = m.slab ? t('imaging.where_slab', { where: told, slab: slabWord(t, m.slab.mode, m.slab.mm) }) : told;
  const where = m.part === null ? slab : t(`imaging.where_part.${m.part.by}`, { where: slab, n: m.part.n });
  return m.prior ? t('imaging.where_prior', { date: m.prior, where }) : where;
};

/** The sentence put into the report. */
export const insertText = (t: T, m: Measurement): string =>
  t(`imaging.insert.${m.kind}`, { value: valueText(t, m), where: whereText(t, m) });

/** Gaps told one by one; of more the number is enough. */
const TOLD = 3;

/** Where slices are missing: between which positions, and about how many. */
export function gapText(t: T, gaps: readonly Gap[]): string {
  const told = gaps.slice(0, TOLD).map((g) => t('imaging.gap', { from: g.from.toFixed(1), to: g.to.toFixed(1), n: g.missing }));
  const more = gaps.length > TOLD ? [t('imaging.gaps_more', { n: gaps.length - TOLD })] : [];
  return [...told, ...more].join(', ');
}
