import { QueryClient } from '@tanstack/react-query';
import { describe, expect, it } from 'vitest';
import { keysFor } from '../../api/live';
import type { WorkItemDetail, Worklist } from '../../api/types';
import { freshGlance, glanceQuery, worklistQuery } from './queries';

const NOW = 1_800_000_000_000;
const item = { id: 'w1', patient: { name: 'A' } } as WorkItemDetail;
const list = (...ids: string[]) => ({ rows: ids.map((id) => ({ id })) }) as Worklist;

const with_ = (taken: number, listed?: number, rows = list('w1')): QueryClient => {
  const client = new QueryClient();
  client.setQueryData(glanceQuery('w1').queryKey, item, { updatedAt: taken });
  if (listed !== undefined) client.setQueryData(worklistQuery({ tab: 'write' }).queryKey, rows, { updatedAt: listed });
  return client;
};

describe('the glance over the first look', () => {
  it('is shown while it is fresh, and of this item only', () => {
    expect(freshGlance(with_(NOW - 10_000), 'w1', NOW)).toBe(item);
    expect(freshGlance(with_(NOW - 10_000), 'w2', NOW)).toBeNull();
  });
  it('is not shown after ten seconds', () => expect(freshGlance(with_(NOW - 10_001), 'w1', NOW)).toBeNull());
  it('is not shown when the row in the list is newer', () => {
    expect(freshGlance(with_(NOW - 5_000, NOW - 6_000), 'w1', NOW)).toBe(item);
    expect(freshGlance(with_(NOW - 5_000, NOW - 4_000), 'w1', NOW)).toBeNull();
    expect(freshGlance(with_(NOW - 5_000, NOW - 4_000, list('w2')), 'w1', NOW)).toBe(item);
  });
  it('is not shown after an event that may have changed whose images they are', async () => {
    for (const slice of ['worklist', 'imaging', 'report']) {
      const client = with_(NOW);
      await Promise.all(keysFor(slice).map((key) => client.invalidateQueries({ queryKey: [key] })));
      expect(freshGlance(client, 'w1', NOW), slice).toBeNull();
    }
  });
});
