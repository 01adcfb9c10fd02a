import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { get, post, query } from '../../api/client';
import type { Detail, Kind, Outbox } from './model';

export const outboxQuery = (state: string, to: string) =>
  infiniteQueryOptions({
    queryKey: ['outbox', 'list', state, to],
    queryFn: ({ pageParam, signal }) => get<Outbox>(`/api/outbox${query({ state, to, cursor: pageParam })}`, signal),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    // Another replica's sending makes no event here.
    refetchInterval: 30_000,
  });

export const entryQuery = (kind: Kind, id: string) =>
  queryOptions({
    queryKey: ['outbox', 'entry', kind, id],
    queryFn: ({ signal }) => get<Detail>(`/api/outbox/${kind}/${id}`, signal),
    refetchInterval: 30_000,
  });

export const retry = (kind: Kind, id: string) => post<void>(`/api/outbox/${kind}/${id}/retry`);
export const stop = (kind: Kind, id: string, why: string) => post<void>(`/api/outbox/${kind}/${id}/stop`, { why });
