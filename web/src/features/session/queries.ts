import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { call, get, post, put, setCsrf } from '../../api/client';
import type { PublicInfo, Session } from '../../api/types';
import { held, release, touched, unheard } from './held';

export const publicInfo = queryOptions({
  queryKey: ['public'],
  queryFn: () => get<PublicInfo>('/api/public'),
  staleTime: Number.POSITIVE_INFINITY,
});

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async () => {
    const session = await get<Session>('/api/session');
    setCsrf(session.csrf);
    // The lock of this browser stands though the server has not heard of it, or has lost it: it is told again.
    const kept = held(session.account.id);
    if (kept?.told && !session.locked) unheard(session.account.id);
    return { ...session, locked: session.locked || kept !== null };
  },
  staleTime: Number.POSITIVE_INFINITY,
  retry: false,
});

export async function signIn(login: string, password: string): Promise<Session> {
  const session = await post<Session>('/api/session', { login, password });
  setCsrf(session.csrf);
  touched();
  release();
  return session;
}

export const reauthenticate = (password: string) => post<{ reauth_until: number }>('/api/session/reauth', { password });
export const lockSession = () => call<void>('/api/session/lock', { method: 'POST', body: {}, timeout: 8_000 });
export const changePassword = (old: string, next: string) => put<void>('/api/session/password', { old, new: next });

/** All that a locked page hears: how many red alerts of the facility nobody has answered. */
export const ringingQuery = queryOptions({
  queryKey: ['critical', 'ringing'],
  queryFn: () => get<{ n: number; last: number }>('/api/critical/ringing'),
  refetchInterval: 15_000,
  // Behind the lock, in a window that is behind another one: that is what it is for.
  refetchIntervalInBackground: true,
  retry: false,
});
export const saveSettings = (settings: { lang?: string; theme?: string }) => put<void>('/api/session/settings', settings);
export const signOut = () => call<void>('/api/session', { method: 'DELETE' });

/** The session of the signed-in person. Pages under the shell are only mounted when there is one. */
export function useSession(): Session {
  const { data } = useQuery(sessionQuery);
  if (!data) throw new Error('no session');
  return data;
}

export function useCan(): (...rights: string[]) => boolean {
  const client = useQueryClient();
  const rights = client.getQueryData<Session>(['session'])?.rights ?? [];
  return (...wanted) => wanted.some((right) => rights.includes(right));
}
