// Marks of the median beat and the intervals between them. A mark moves by whole samples; the intervals follow at once.

export const MARKS = ['p_on', 'p_off', 'qrs_on', 'qrs_off', 't_off'] as const;
export type MarkName = (typeof MARKS)[number];
/** Milliseconds in the median beat; a P wave that is not there has none. */
export type Marks = Partial<Record<MarkName, number | null>>;

export interface Intervals {
  pr: number | null;
  qrs: number | null;
  qt: number | null;
  qtcb: number | null;
  qtcf: number | null;
}

/** What the table shows while it is not saved yet. */
export type Live = Partial<Record<'hr' | 'axis_p' | 'axis_qrs' | 'axis_t' | keyof Intervals, number | null>>;

/** A heart rate as typed: a whole number from 10 to 400, else nothing. */
export function rateOf(text: string): number | null {
  const n = /^\d{2,3}$/.test(text.trim()) ? Number(text) : Number.NaN;
  return n >= 10 && n <= 400 ? n : null;
}

/** Moved marks give every interval; a typed rate alone changes QTc by the QT that stands. */
export function liveOf(marks: Marks | null, typed: number | null, hr: number | null, qt: number | null): Live | null {
  const rate = typed ?? hr;
  const own = typed === null ? {} : { hr: typed };
  if (marks) return { ...intervals(marks, rate), ...own };
  if (typed === null) return null;
  const { qtcb, qtcf } = intervals({ qrs_on: 0, t_off: qt ?? undefined }, rate);
  return { ...own, qtcb, qtcf };
}

const between = (from: number | null | undefined, to: number | null | undefined): number | null =>
  typeof from === 'number' && typeof to === 'number' && to > from ? to - from : null;

/** PR, QRS, QT and QTc after Bazett (QT / RR^1/2) and Fridericia (QT / RR^1/3), RR in seconds from the mean rate. */
export function intervals(m: Marks, hr: number | null): Intervals {
  const qt = between(m.qrs_on, m.t_off);
  const rr = hr && hr > 0 ? 60 / hr : null;
  return {
    pr: between(m.p_on, m.qrs_on),
    qrs: between(m.qrs_on, m.qrs_off),
    qt,
    qtcb: qt !== null && rr ? qt / Math.sqrt(rr) : null,
    qtcf: qt !== null && rr ? qt / Math.cbrt(rr) : null,
  };
}

/** Moves a mark to the nearest sample, never past its neighbours or the ends of the beat. */
export function moveMark(m: Marks, name: MarkName, ms: number, rate: number, lengthMs: number): Marks {
  const step = 1000 / rate;
  const at = MARKS.indexOf(name);
  const known = (list: readonly MarkName[]) => list.map((n) => m[n]).filter((v): v is number => typeof v === 'number');
  const low = Math.max(0, ...known(MARKS.slice(0, at)).map((v) => v + step));
  const high = Math.min(lengthMs - step, ...known(MARKS.slice(at + 1)).map((v) => v - step));
  if (high < low) return m;
  return { ...m, [name]: Math.min(high, Math.max(low, Math.round(ms / step) * step)) };
}

export const sameMarks = (a: Marks, b: Marks): boolean => MARKS.every((n) => Math.abs((a[n] ?? -1) - (b[n] ?? -1)) < 1e-6);
export const withoutP = (m: Marks): Marks => ({ ...m, p_on: null, p_off: null });

/** What goes to the server: the marks that are there. */
export const sent = (m: Marks): Record<string, number> =>
  Object.fromEntries(MARKS.flatMap((n) => (typeof m[n] === 'number' ? [[n, Number((m[n] as number).toFixed(3))]] : [])));
