// Order of the rows on the page, pure. The server's own order (class, deadline, arrival) is the default and is never touched.
import type { WorkRow } from '../../api/types';

const KEYS: Record<string, (row: WorkRow) => string | number> = {
  deadline: (r) => r.deadline ?? Number.MAX_SAFE_INTEGER,
  arrived: (r) => r.arrived_at,
  patient: (r) => r.patient.pinyin || r.patient.name,
  facility: (r) => r.facility,
};

/** Rows by a column; unknown or absent column: as they came (reversed for `desc`). Equal rows keep the server's order. */
export function sortRows(rows: WorkRow[], sort: string | undefined, dir: string | undefined): WorkRow[] {
  const key = sort ? KEYS[sort] : undefined;
  const sign = dir === 'desc' ? -1 : 1;
  if (!key) return sign < 0 ? [...rows].reverse() : rows;
  return rows
    .map((row, i) => ({ row, i, k: key(row) }))
    .sort((a, b) => {
      const order = typeof a.k === 'number' && typeof b.k === 'number' ? a.k - b.k : String(a.k).localeCompare(String(b.k), 'zh-CN');
      return order * sign || a.i - b.i;
    })
    .map((x) => x.row);
}

/** The server counts a tab up to a thousand: from there on it says only that there are more. */
export const shownCount = (n: number) => (n > 999 ? '999+' : String(n));
