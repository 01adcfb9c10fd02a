// Order and meaning of lab rows, pure.
import type { LabRow } from '../../api/types';

/** Waiting for a decision: not verified or published yet. */
export const releasable = (row: LabRow): boolean => row.state === 'resulted' || row.state === 'held';

export function flagTone(flag: LabRow['flag']): string {
  if (flag === 'HH' || flag === 'LL') return 'tone-red';
  return flag ? 'tone-orange' : '';
}

function weight(row: LabRow): number {
  if (!releasable(row)) return 4;
  if (row.holds.some((h) => h.code === 'critical') || row.flag === 'HH' || row.flag === 'LL') return 0;
  if (row.holds.length) return 1;
  return row.flag ? 2 : 3;
}

/** What needs a person first: critical, held, flagged, plain, done; inside each the order of the panel. */
export function sortRows(rows: LabRow[]): LabRow[] {
  return rows
    .map((row, i) => ({ row, i }))
    .sort((a, b) => weight(a.row) - weight(b.row) || a.i - b.i)
    .map(({ row }) => row);
}
