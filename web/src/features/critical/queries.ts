import { queryOptions } from '@tanstack/react-query';
import { get, post } from '../../api/client';
import type { Alert } from '../../api/types';

export const alertsQuery = (state: 'open' | 'all') =>
  queryOptions({
    queryKey: ['critical', state],
    queryFn: () => get<{ now: number; rows: Alert[] }>(`/api/critical?state=${state}`),
    refetchInterval: 60_000,
  });

/** Whom the red alerts of the own facility concern: they hear them, locked or not. */
export const CONCERNED = ['order', 'acknowledge_critical', 'upload'] as const;

export const acknowledge = (id: string, readBack: string) => post<unknown>(`/api/critical/${id}/acknowledge`, { read_back: readBack });
export const treat = (id: string, note: string) => post<unknown>(`/api/critical/${id}/treat`, { note });
export const closeAlert = (id: string) => post<unknown>(`/api/critical/${id}/close`, {});

/** Finding and value as one text; machines often write the value into the finding already. */
export const findingOf = (alert: Pick<Alert, 'finding' | 'value'>): string =>
  !alert.value || alert.finding.includes(alert.value) ? alert.finding : `${alert.finding} ${alert.value}`;

/** Waiting for a doctor of the clinic: nobody there has confirmed it yet. */
export const unacknowledged = (alert: Alert): boolean =>
  alert.acked_at === null && !['clinician_ack', 'treated', 'closed'].includes(alert.state);

/** Whether it was told of somebody else before: whose the evidence is was corrected. */
export const corrected = (alert: Alert): boolean => alert.events.some((e) => e.action === 'another_patient');

/** What a new version of the report says of it, until a doctor has confirmed that; `null` = nothing. */
export const revised = (alert: Alert): string | null => {
  const event = alert.events.filter((e) => e.action === 'corrected' && e.at > (alert.acked_at ?? 0)).at(-1);
  if (!event) return null;
  const { remark } = event.detail as { remark?: unknown };
  return typeof remark === 'string' ? remark : '';
};

/** What an alert rings for: one that was corrected rings again. */
export const occasion = (alert: Alert): string =>
  `${alert.id} ${alert.events.filter((e) => ['corrected', 'another_patient', 'belongs'].includes(e.action)).at(-1)?.at ?? 0}`;
