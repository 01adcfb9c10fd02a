// The lock of this browser. It is kept where a reload and every other tab find it, and only the password or leaving takes it away: the server
// may not have heard of it yet, and is told until it has.
import { focusManager, type QueryClient } from '@tanstack/react-query';
import { useEffect, useLayoutEffect } from 'react';
import { Fault } from '../../api/client';
import { setShut } from '../../api/shut';
import type { Session } from '../../api/types';
import { held, hold, idle, LOCKED, release, touched } from './held';
import { lockSession, reauthenticate, sessionQuery } from './queries';

const LOOK_MS = 10_000;
const AGAIN_MS = 3_000;
const ACTS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;

const setLocked = (client: QueryClient, locked: boolean): void => {
  client.setQueryData<Session>(sessionQuery.queryKey, (session) => session && { ...session, locked });
};

/** Locks at once: the page hides what it shows even when the server cannot be reached. `told`: it is the server who says so. */
export function lockNow(client: QueryClient, told = false): void {
  const session = client.getQueryData<Session>(sessionQuery.queryKey);
  if (!session || session.must_change) return;
  // What another tab has just opened must not be held again by a late answer; whether this one opens, the session says.
  if (told && session.locked) return;
  hold(session.account.id, told);
  setLocked(client, true);
}

/** What tells the server of the lock at the moment; opening waits for it, or the lock might arrive after the password. */
let telling: Promise<void> = Promise.resolve();

const heard = (account: string): void => {
  if (held(account)) hold(account, true);
};

function tell(account: string): Promise<void> {
  telling = lockSession().then(
    () => heard(account),
    // A session that has ended needs no lock.
    (error: unknown) => (error instanceof Fault && error.status === 401 ? heard(account) : undefined),
  );
  return telling;
}

/** The password opens the page, here and in the other tabs. */
export async function unlock(client: QueryClient, password: string): Promise<void> {
  await telling;
  await reauthenticate(password);
  // From here on, answers to what was asked behind the lock lock nothing.
  setShut(false);
  touched();
  release();
  setLocked(client, false);
}

/** Tells the server of the lock until it has heard: a page that only hides is none. */
export function useTellServer(account: string): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let over = false;
    const go = async () => {
      if (held(account)?.told === false) await tell(account);
      if (!over) timer = setTimeout(go, AGAIN_MS);
    };
    void go();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [account]);
}

/** Locks the session when nobody has touched a page of this browser for fifteen minutes. */
export function useIdleLock(client: QueryClient, on: boolean): void {
  useEffect(() => {
    if (!on) return;
    let written = 0;
    const look = () => {
      if (idle()) lockNow(client);
    };
    const touch = () => {
      if (Date.now() - written < LOOK_MS) return;
      // Whoever comes to a machine that slept finds it locked: the first touch does not count as having been here.
      if (idle()) return lockNow(client);
      written = Date.now();
      touched();
    };
    look();
    for (const act of ACTS) window.addEventListener(act, touch, { passive: true, capture: true });
    const timer = setInterval(look, LOOK_MS);
    return () => {
      clearInterval(timer);
      for (const act of ACTS) window.removeEventListener(act, touch, { capture: true });
    };
  }, [client, on]);
}

/** The other tabs of this browser lock and open with this one: they share the session. */
export function useLockOfOtherTabs(client: QueryClient): void {
  useEffect(() => {
    const follow = async (event: StorageEvent) => {
      if (event.key !== LOCKED && event.key !== null) return;
      const session = client.getQueryData<Session>(sessionQuery.queryKey);
      if (!session) return;
      if (held(session.account.id)) return setLocked(client, true);
      if (!session.locked) return;
      // Opened, signed out, or somebody else has signed in: only the server knows. What is not the same person's begins anew.
      const now = await client.fetchQuery({ ...sessionQuery, staleTime: 0 }).catch((error: unknown) => error);
      const gone = now instanceof Fault && now.status === 401;
      const other = !(now instanceof Error) && (now as Session).account.id !== session.account.id;
      if (gone || other) location.reload();
    };
    const listen = (event: StorageEvent) => void follow(event);
    window.addEventListener('storage', listen);
    return () => window.removeEventListener('storage', listen);
  }, [client]);
}

/** While the page is shut nothing is asked of its own accord, for the server answers nothing; opened, everything is asked once. */
export function useShut(client: QueryClient, shut: boolean): void {
  useLayoutEffect(() => {
    if (!shut) return;
    setShut(true);
    // To queries nobody looks at the page: no interval and no return to the window fetches.
    focusManager.setFocused(false);
    return () => {
      setShut(false);
      // First, so that being looked at again finds everything under way and asks nothing twice.
      void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'session' });
      focusManager.setFocused(undefined);
    };
  }, [client, shut]);
}
