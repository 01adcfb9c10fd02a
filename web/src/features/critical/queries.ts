import { queryOptions } from '@tanstack/react-query';
import { get, post } from '../../api/client';
import type { Alert } from '../../api/types';

export const alertsQuery = (state: 'open' | 'all') =>
  queryOptions({
    queryKey: ['critical', state],
    queryFn: () => get<{ now: number; rows: Alert[] }>(`/api/critical?state=${state}`),
    refetchInterval: 60_000,
  });

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

/** Whether what was told of was corrected by a new version of the report. */
export const revised = (alert: Alert): boolean => alert.events.some((e) => e.action === 'corrected');
