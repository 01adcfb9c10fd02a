import { queryOptions } from '@tanstack/react-query';
import { call, get, post, put } from '../../api/client';
import type { Hurt, Kept, Overview, Retention } from './model';

// The scrubber works by the hour; a minute is soon enough for what no event tells.
const EVERY = 60_000;

export const overviewQuery = queryOptions({
  queryKey: ['storage', 'overview'],
  queryFn: ({ signal }) => get<Overview>('/api/storage', signal),
  refetchInterval: EVERY,
});
export const damagedQuery = queryOptions({
  queryKey: ['storage', 'damaged'],
  queryFn: ({ signal }) => get<{ rows: Hurt[]; now: number }>('/api/storage/damaged', signal),
  refetchInterval: EVERY,
});
export const retentionQuery = queryOptions({
  queryKey: ['storage', 'retention'],
  queryFn: ({ signal }) => get<Retention>('/api/storage/retention', signal),
});
export const holdsQuery = queryOptions({
  queryKey: ['storage', 'holds'],
  queryFn: ({ signal }) => get<{ rows: Kept[]; now: number }>('/api/storage/holds', signal),
});

export interface Found {
  found: 'sound' | 'hash' | 'missing' | 'unreadable' | 'gone';
}
export const recheck = (address: string) => post<Found>(`/api/storage/damaged/${address}/recheck`);
export const checkStudy = (study: string) =>
  call<{ checked: number; wrong: number; left: number }>(`/api/studies/${study}/check`, { method: 'POST', body: {}, timeout: 3 * 60_000 });
export const note = (address: string, text: string) => put<void>(`/api/storage/damaged/${address}/note`, { note: text });
// A large object over a slow line takes its time.
export const bringBack = (address: string, file: File) =>
  call<Found>(`/api/storage/damaged/${address}/content`, { method: 'PUT', body: file, timeout: 30 * 60_000 });
export const hold = (study: string, reason: string) => put<void>(`/api/studies/${study}/hold`, { reason });
export const release = (study: string, why: string) => call<void>(`/api/studies/${study}/hold`, { method: 'DELETE', body: { why } });
