import { keepPreviousData, type QueryClient, queryOptions } from '@tanstack/react-query';
import { get, post, query } from '../../api/client';
import type { WorkItemDetail, Worklist, WorkRow } from '../../api/types';

export interface WorklistFilter {
  tab: string;
  pipeline?: string;
  facility?: string;
  modality?: string;
  q?: string;
  sort?: string;
  dir?: string;
}

/** A whole day of the county fits in a few pages; they are read together so that the keyboard can walk through all rows. */
const PAGE = 200;
const MOST_PAGES = 5;

export const worklistQuery = (filter: WorklistFilter) =>
  queryOptions({
    queryKey: ['worklist', 'list', filter],
    queryFn: async ({ signal }): Promise<Worklist> => {
      let cursor: string | null = null;
      let whole: Worklist | null = null;
      const rows: WorkRow[] = [];
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const part: Worklist = await get<Worklist>(`/api/worklist${query({ ...filter, cursor, limit: PAGE })}`, signal);
        whole = part;
        rows.push(...part.rows);
        cursor = part.next_cursor;
        if (!cursor) break;
      }
      if (!whole) throw new Error('no page');
      return { ...whole, rows, next_cursor: cursor };
    },
    placeholderData: keepPreviousData,
  });

/** How long a glance says whose images they are. */
export const GLANCE_MS = 10_000;

/** An item as it is before anybody opens it; looked at again when it is opened. */
export const glanceQuery = (id: string) =>
  queryOptions({ queryKey: ['glance', id], queryFn: ({ signal }) => get<WorkItemDetail>(`/api/work/${id}`, signal), staleTime: GLANCE_MS });

/** The glance at an item if it may stand over its first look: just taken, not touched by an event since, and no older than the row
 * the reader chose it by. Anything else could name a patient the images no longer belong to. */
export function freshGlance(client: QueryClient, id: string, now = Date.now()): WorkItemDetail | null {
  const glance = client.getQueryState<WorkItemDetail>(glanceQuery(id).queryKey);
  if (!glance?.data || glance.isInvalidated || now - glance.dataUpdatedAt > GLANCE_MS) return null;
  const lists = client.getQueryCache().findAll({ queryKey: ['worklist', 'list'] });
  const row = lists.filter((q) => (q.state.data as Worklist | undefined)?.rows.some((r) => r.id === id)).map((q) => q.state.dataUpdatedAt);
  return row.some((at) => at > glance.dataUpdatedAt) ? null : glance.data;
}

export const claim = (id: string) => post<WorkItemDetail>(`/api/work/${id}/claim`);
export const next = (pipeline?: string, tier?: string) =>
  post<WorkItemDetail | undefined>('/api/work/next', { pipeline: pipeline || undefined, tier: tier || undefined });
