// What GET /api/outbox says, and what the page makes of it.

export type Kind = 'batch' | 'notice' | 'commitment' | 'delivery';
export type State = 'waiting' | 'sent' | 'failed' | 'stopped';

export interface Entry {
  id: string;
  kind: Kind;
  to: string;
  to_name: string;
  cause: string;
  state: State;
  objects: number;
  sent: number;
  failed: number;
  attempts: number;
  next_at: number | null;
  status: number | null;
  /** A slug with plain words as `outbox.reason.<slug>`; empty = nothing failed. */
  reason: string;
  /** The words of the connection or the receiver. */
  error: string;
  at: number;
  closed_at: number | null;
  why: string;
  closed_by: string | null;
  facility_name: string;
  modality: string;
  study_date: string;
  study: string;
  patient_name: string;
  report: [string, number] | null;
  may_act: boolean;
}

export interface Receiver {
  id: string;
  name: string;
  kind: string;
  enabled: boolean;
  last_seen_at: number | null;
  waiting: number;
  /** Of them tried in vain before. */
  retrying: number;
  failed: number;
  oldest_at: number | null;
}

export interface Outbox {
  rows: Entry[];
  next_cursor: string | null;
  receivers: Receiver[];
  now: number;
}

export interface Sending {
  uid: string;
  series_number: number | null;
  number: number | null;
  state: State;
  attempts: number;
  next_at: number;
  status: number | null;
  reason: string;
  error: string;
}

export interface Detail {
  entry: Entry;
  objects: Sending[];
  history: { at: number; who: string; action: string; why: string }[];
}

/** The tabs of the page: a state each, and all of them. */
export const TABS = ['waiting', 'failed', 'sent', 'stopped', 'all'] as const;
export type Tab = (typeof TABS)[number];

/** What a row shows as its state: a waiting entry that has failed before is tried again. */
export const shownState = (e: Pick<Entry, 'state' | 'reason'>): string => (e.state === 'waiting' && e.reason !== '' ? 'retrying' : e.state);

export const TONES = { waiting: 'blue', retrying: 'amber', failed: 'red', sent: 'green', stopped: undefined } as const;

/** Something of it has not arrived: it can be tried again. */
export const canRetry = (e: Entry): boolean => e.may_act && (e.state !== 'sent' || (e.kind === 'batch' && e.failed > 0));
/** Something of it is still to be given up. */
export const canStop = (e: Entry): boolean => e.may_act && (e.state === 'waiting' || e.state === 'failed');

/** The words of what giving up means: of a later version the receiver keeps what it has. */
export const stopHint = (e: Entry): string =>
  e.kind === 'delivery' && (e.report?.[1] ?? 1) > 1 ? 'outbox.stop_hint.delivery_later' : `outbox.stop_hint.${e.kind}`;

/** How much waits and failed, over all receivers. */
export function sums(receivers: Receiver[]): { waiting: number; failed: number } {
  return receivers.reduce((sum, r) => ({ waiting: sum.waiting + r.waiting, failed: sum.failed + r.failed }), { waiting: 0, failed: 0 });
}

/** A DICOM status as it is written in manuals: `A700`. */
export const hex = (status: number | null): string => (status === null ? '' : status.toString(16).toUpperCase().padStart(4, '0'));

/** Time until the next try; an hour that has passed is now. */
export const until = (at: number | null, now: number): number | null => (at === null ? null : Math.max(0, at - now));

// How a delivery of a report stands: green only for what has gone, red for what will not go unless somebody does something.
export type DeliveryTone = 'red' | 'orange' | 'amber' | 'green' | undefined;

const DELIVERY_TONES: Readonly<Record<string, DeliveryTone>> = {
  pending: 'amber',
  retry: 'orange',
  sent: 'green',
  acked: 'green',
  seen: 'green',
  clinically_acked: 'green',
  dead: 'red',
  parked: 'red',
  stopped: 'red',
};

/** A state nobody here knows has no colour: it may be anything. */
export const deliveryTone = (state: string): DeliveryTone => DELIVERY_TONES[state];

/** It has not gone and may be sent again (the server's own rule). */
export const canResend = (state: string): boolean => ['retry', 'parked', 'dead', 'stopped'].includes(state);
