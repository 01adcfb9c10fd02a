// The lease of an open item: heartbeat while the person works, a warning when nobody types, and the moment it is lost.
import { createContext, useCallback, useContext, useEffect, useRef, useState } from 'react';
import { Fault, post } from '../../api/client';
import { useLiveEvents } from '../../api/live';
import type { LiveEvent, Person, WorkItemDetail } from '../../api/types';

const HEARTBEAT_MS = 30_000;
const IDLE_WARNING_MS = 10 * 60_000;

export interface LeaseView {
  /** True while this tab holds the item and may write. */
  held: boolean;
  epoch: number;
  until: number | null;
  /** Set once the server said that the epoch is no longer current; who holds it now, if anybody. */
  lost: { holder: Person | null } | null;
  /** Nobody has typed or moved for ten minutes: heartbeats pause until somebody does. */
  idle: boolean;
  /** The editor reports a 412 it got on a write. */
  tellLost: (holder: Person | null) => void;
  /** While a submit or signature is under way no heartbeat is sent: its own success ends the lease. */
  pause: (on: boolean) => void;
}

export const LeaseContext = createContext<LeaseView>({
  held: false,
  epoch: 0,
  until: null,
  lost: null,
  idle: false,
  tellLost: () => undefined,
  pause: () => undefined,
});
export const useLease = () => useContext(LeaseContext);

export function useHeldLease(item: WorkItemDetail | undefined): LeaseView {
  const [lost, setLost] = useState<{ holder: Person | null } | null>(null);
  const [until, setUntil] = useState<number | null>(item?.lease_until ?? null);
  const [idle, setIdle] = useState(false);
  const touched = useRef(Date.now());
  const beaten = useRef(0);
  const paused = useRef(false);
  const id = item?.id;
  const epoch = item?.epoch ?? 0;
  const mine = Boolean(item?.holder_is_me);

  useEffect(() => {
    if (id === undefined) return;
    setLost(null);
    setIdle(false);
    paused.current = false;
    touched.current = Date.now();
  }, [id]);
  useEffect(() => setUntil(item?.lease_until ?? null), [item?.lease_until]);

  const beat = useCallback(async () => {
    if (!id || !mine || paused.current) return;
    beaten.current = Date.now();
    try {
      const answer = await post<{ lease_until: number }>(`/api/work/${id}/heartbeat`, { epoch });
      setUntil(answer.lease_until);
    } catch (error) {
      // Offline or busy is not lost: the server decides, and the epoch fence protects the report meanwhile.
      if (!paused.current && error instanceof Fault && (error.status === 412 || error.status === 409)) {
        setLost({ holder: (error.problem.current as { holder?: Person } | undefined)?.holder ?? null });
      }
    }
  }, [id, epoch, mine]);

  useEffect(() => {
    if (!id || !mine || lost) return;
    const act = () => {
      const slept = Date.now() - touched.current > IDLE_WARNING_MS;
      touched.current = Date.now();
      if (slept) {
        setIdle(false);
        void beat();
      }
    };
    const names = ['keydown', 'pointerdown', 'wheel', 'pointermove'] as const;
    for (const name of names) window.addEventListener(name, act, { passive: true });
    const timer = setInterval(() => {
      if (Date.now() - touched.current > IDLE_WARNING_MS) setIdle(true);
      else void beat();
    }, HEARTBEAT_MS);
    return () => {
      clearInterval(timer);
      for (const name of names) window.removeEventListener(name, act);
    };
  }, [id, mine, lost, beat]);

  // A lead who breaks the lease, or the expiry, comes as an event: ask at once instead of at the next heartbeat.
  useLiveEvents(
    useCallback(
      (event: LiveEvent) => {
        if (event.slice === 'worklist' && event.id === id && !lost && Date.now() - beaten.current > 10_000) void beat();
      },
      [id, lost, beat],
    ),
  );

  const tellLost = useCallback((holder: Person | null) => setLost({ holder }), []);
  const pause = useCallback((on: boolean) => {
    paused.current = on;
  }, []);
  return { held: mine && !lost, epoch, until, lost, idle, tellLost, pause };
}
