// Figures of the recording quality, pure.

export interface QualityRow {
  facility: string;
  facility_name: string;
  operator: string;
  total: number;
  good: number;
  usable: number;
  redo: number;
  redone: number;
  median_minutes_to_redo: number | null;
  reasons: { code: string; electrode: string; count: number }[];
}

const CHINA_MS = 8 * 3_600_000;

/** The day of a moment as `2026-11-26`, in China, where all clinics are. */
export const isoDay = (ms: number): string => new Date(ms + CHINA_MS).toISOString().slice(0, 10);
/** The first millisecond of a day. */
export const dayStart = (day: string): number => Date.parse(`${day}T00:00:00+08:00`);

export const share = (part: number, whole: number): string => (whole > 0 ? `${((100 * part) / whole).toFixed(1)}%` : '');

/** Sums of all rows. A median of medians means nothing, so there is none. */
export function totalOf(rows: readonly QualityRow[]): QualityRow {
  const reasons = new Map<string, QualityRow['reasons'][number]>();
  for (const r of rows) {
    for (const x of r.reasons) {
      const key = `${x.code} ${x.electrode}`;
      reasons.set(key, { ...x, count: (reasons.get(key)?.count ?? 0) + x.count });
    }
  }
  const sum = (of: (r: QualityRow) => number) => rows.reduce((n, r) => n + of(r), 0);
  return {
    facility: '',
    facility_name: '',
    operator: '',
    total: sum((r) => r.total),
    good: sum((r) => r.good),
    usable: sum((r) => r.usable),
    redo: sum((r) => r.redo),
    redone: sum((r) => r.redone),
    median_minutes_to_redo: null,
    reasons: [...reasons.values()].sort((a, b) => b.count - a.count),
  };
}
