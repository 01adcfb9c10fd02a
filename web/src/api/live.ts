// Live updates. The browser resumes with Last-Event-ID on its own; what it cannot see is a line that is open but silent, so a
// silent or broken line is reported as offline and the lists poll until events come back. A socket is never proof of delivery.
import type { QueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import { isShut } from './shut';
import type { LiveEvent } from './types';

export type LineState = 'connecting' | 'live' | 'offline';

const POLL_MS = 15_000;
const MAX_BACKOFF_MS = 30_000;

type Listener = (event: LiveEvent) => void;
const listeners = new Set<Listener>();
const stateListeners = new Set<() => void>();
let state: LineState = 'connecting';

function setState(next: LineState): void {
  if (next === state) return;
  state = next;
  for (const tell of stateListeners) tell();
}

/** Which cached lists a change of a slice touches (first element of the query keys). */
export function keysFor(slice: string): string[] {
  switch (slice) {
    case 'worklist':
      return ['worklist', 'glance', 'lab', 'clinic'];
    case 'report':
      return ['worklist', 'glance', 'report', 'withdrawals', 'clinic', 'lab'];
    case 'critical':
      return ['critical', 'worklist', 'clinic', 'lab'];
    case 'imaging':
    case 'ecg':
      return [slice, 'worklist', 'glance', 'clinic'];
    case 'lab':
      return ['lab', 'worklist', 'clinic'];
    case 'delivery':
      return ['delivery', 'report', 'clinic'];
    default:
      return [slice];
  }
}

export function parseEvent(data: string): LiveEvent | null {
  try {
    const event = JSON.parse(data) as Partial<LiveEvent>;
    return typeof event.slice === 'string'
      ? { slice: event.slice, kind: event.kind ?? 'changed', id: event.id ?? '', facility: event.facility ?? '' }
      : null;
  } catch {
    return null;
  }
}

function connect(client: QueryClient): () => void {
  let source: EventSource | null = null;
  let backoff = 1_000;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let closed = false;
  const dirty = new Set<string>();
  let flush: ReturnType<typeof setTimeout> | undefined;

  // Behind the lock the server tells only how many alerts ring; the rest is asked for when the page is opened.
  const renew = (key: string) => {
    if (!isShut()) void client.invalidateQueries({ queryKey: [key] });
    else if (key === 'critical') void client.invalidateQueries({ queryKey: ['critical', 'ringing'] });
  };
  // Several events of one transaction become one refetch of each list; nothing waits longer than 150 ms.
  const touch = (keys: string[]) => {
    for (const key of keys) dirty.add(key);
    flush ??= setTimeout(() => {
      flush = undefined;
      for (const key of dirty) renew(key);
      dirty.clear();
    }, 150);
  };

  const open = () => {
    if (closed) return;
    source = new EventSource('/api/events');
    source.onopen = () => {
      const wasOffline = state === 'offline';
      setState('live');
      backoff = 1_000;
      if (!wasOffline) return;
      if (isShut()) renew('critical');
      else void client.invalidateQueries();
    };
    const take = (message: MessageEvent<string>) => {
      const event = parseEvent(message.data);
      if (!event) return;
      touch(keysFor(event.slice));
      if (!isShut()) for (const tell of listeners) tell(event);
    };
    source.onmessage = take;
    source.addEventListener('changed', take as EventListener);
    source.onerror = () => {
      setState('offline');
      // readyState 0: the browser reconnects by itself and sends Last-Event-ID. 2: it gave up (an HTTP error), so we try again.
      if (source?.readyState === EventSource.CLOSED) {
        source.close();
        clearTimeout(timer);
        timer = setTimeout(open, backoff * (0.7 + Math.random() * 0.6));
        backoff = Math.min(MAX_BACKOFF_MS, backoff * 2);
      }
    };
  };
  open();

  const poll = setInterval(() => {
    if (state !== 'live') touch(['worklist', 'glance', 'critical', 'clinic', 'lab']);
  }, POLL_MS);
  const online = () => {
    if (state !== 'live') {
      source?.close();
      clearTimeout(timer);
      open();
    }
  };
  window.addEventListener('online', online);
  return () => {
    closed = true;
    source?.close();
    clearTimeout(timer);
    clearTimeout(flush);
    clearInterval(poll);
    window.removeEventListener('online', online);
    setState('connecting');
  };
}

/** Keeps one event line open while the shell is mounted. */
export function useLiveLine(client: QueryClient, on: boolean): void {
  useEffect(() => (on ? connect(client) : undefined), [client, on]);
}

export function useLineState(): LineState {
  return useSyncExternalStore(
    (tell) => {
      stateListeners.add(tell);
      return () => stateListeners.delete(tell);
    },
    () => state,
  );
}

/** Calls `then` on each event; for pages that need more than a refetch (a broken lease, a critical call). */
export function useLiveEvents(then: Listener): void {
  useEffect(() => {
    listeners.add(then);
    return () => {
      listeners.delete(then);
    };
  }, [then]);
}
