// What the quarantine page asks the server: entries, cards, corrections.
import { queryOptions } from '@tanstack/react-query';
import { call, get, post } from '../../api/client';
import type { Act, Card, Found, Grant, Held, Lane, OrderChoice, PatientChoice } from './model';

export const heldQuery = (state: string, lane: string) =>
  queryOptions({
    queryKey: ['imaging', 'quarantine', state, lane],
    queryFn: () => get<{ rows: Held[]; counts: Partial<Record<Lane, number>> }>(`/api/quarantine?state=${state}&lane=${lane}`),
    refetchInterval: 60_000,
  });

export const cardQuery = (entry: string | null, study: string | null) =>
  queryOptions({
    queryKey: ['imaging', 'card', entry ?? '', study ?? ''],
    queryFn: () => get<Card>(entry ? `/api/quarantine/${entry}` : `/api/studies/${study}/card`),
    enabled: Boolean(entry ?? study),
  });

export const findQuery = (q: string) =>
  queryOptions({
    queryKey: ['imaging', 'find', q],
    queryFn: () => get<{ rows: Found[] }>(`/api/studies?q=${encodeURIComponent(q)}`),
    enabled: q.trim() !== '',
  });

export const patientsQuery = (study: string, q: string) =>
  queryOptions({
    queryKey: ['imaging', 'patients', study, q],
    queryFn: () => get<{ rows: PatientChoice[] }>(`/api/studies/${study}/patients?q=${encodeURIComponent(q)}`),
    enabled: q.trim() !== '',
  });

export const ordersQuery = (study: string, q: string) =>
  queryOptions({
    queryKey: ['imaging', 'orders', study, q],
    queryFn: () => get<{ rows: OrderChoice[] }>(`/api/studies/${study}/orders?q=${encodeURIComponent(q)}`),
  });

export const grantsQuery = (study: string) =>
  queryOptions({
    queryKey: ['imaging', 'grants', study],
    queryFn: () =>
      get<{ rows: Grant[]; may_give: boolean; places: { code: string; name: string; name_en: string }[] }>(`/api/studies/${study}/grants`),
  });

export const act = (path: string, body: Record<string, unknown>) => post<Act | null>(path, body);
export const revoke = (study: string, facility: string, why: string) =>
  call<void>(`/api/studies/${study}/grants/${facility}`, { method: 'DELETE', body: { why } });
