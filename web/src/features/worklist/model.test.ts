import { describe, expect, it } from 'vitest';
import type { WorkRow } from '../../api/types';
import { shownCount, sortRows } from './model';

const row = (id: string, deadline: number | null, name: string) =>
  ({ id, deadline, arrived_at: 0, facility: 'C01', patient: { name, pinyin: name } }) as WorkRow;
const rows = [row('a', 3, 'wang'), row('b', null, 'li'), row('c', 1, 'zhang')];

describe('worklist order', () => {
  it("is the server's unless asked", () => {
    expect(sortRows(rows, undefined, undefined)).toBe(rows);
    expect(sortRows(rows, 'nonsense', 'asc')).toBe(rows);
  });
  it('sorts by a column both ways, absent deadlines last', () => {
    expect(sortRows(rows, 'deadline', 'asc').map((r) => r.id)).toEqual(['c', 'a', 'b']);
    expect(sortRows(rows, 'patient', 'desc').map((r) => r.id)).toEqual(['c', 'a', 'b']);
  });
});

describe('the number on a tab', () => {
  it('says where counting ended', () => {
    expect([0, 999, 1000, 1001].map(shownCount)).toEqual(['0', '999', '999+', '999+']);
  });
});
