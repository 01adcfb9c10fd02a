// Nobody has touched the page for a while: it goes on ringing for critical values and shows nothing of anybody until the person says the
// password again. What was being written stays where it is, behind the lock; the server refuses everything else meanwhile.
import './login.css';
import { Button, Group, PasswordInput, Stack } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useWords } from '../../i18n';
import { FaultNote } from '../../ui/State';
import { ring } from '../critical/ring';
import { lockSession, reauthenticate, ringingQuery, sessionQuery, useSession } from './queries';

/** As long as the server's session may idle. */
const IDLE_MS = 15 * 60_000;
const LOOK_MS = 10_000;
/** When somebody last touched any page of this browser. */
const TOUCHED = 'yg.touched';
const ACTS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;

/** Locks the session when nobody has touched a page of this browser for fifteen minutes. */
export function useIdleLock(on: boolean): void {
  const client = useQueryClient();
  useEffect(() => {
    if (!on) return;
    let written = 0;
    const touch = () => {
      const now = Date.now();
      if (now - written < LOOK_MS) return;
      written = now;
      localStorage.setItem(TOUCHED, String(now));
    };
    touch();
    for (const act of ACTS) window.addEventListener(act, touch, { passive: true, capture: true });
    const look = setInterval(() => {
      if (Date.now() - Number(localStorage.getItem(TOUCHED) ?? 0) > IDLE_MS) void lockNow(client);
    }, LOOK_MS);
    return () => {
      clearInterval(look);
      for (const act of ACTS) window.removeEventListener(act, touch, { capture: true });
    };
  }, [on, client]);
}

/** Locks at once; the page hides what it shows even when the server cannot be reached. */
export async function lockNow(client: ReturnType<typeof useQueryClient>): Promise<void> {
  client.setQueryData(sessionQuery.queryKey, (held) => held && { ...held, locked: true });
  await lockSession().catch(() => undefined);
}

export function LockScreen({ leave }: { leave: () => void }) {
  const { t, pick } = useWords();
  const session = useSession();
  const client = useQueryClient();
  const ringing = useQuery(ringingQuery);
  const field = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    // Dialogs that were open lie beside the page, and would keep the focus.
    const beside = [...document.body.children].filter((e): e is HTMLElement => e instanceof HTMLElement && e.id !== 'root');
    for (const element of beside) element.inert = true;
    field.current?.focus();
    return () => {
      for (const element of beside) element.inert = false;
    };
  }, []);
  const { n = 0, last = 0 } = ringing.data ?? {};
  useEffect(() => {
    if (n > 0 && last > 0) ring();
  }, [n, last]);

  const open = async () => {
    setBusy(true);
    setError(null);
    try {
      await reauthenticate(field.current?.value ?? '');
      localStorage.setItem(TOUCHED, String(Date.now()));
      client.setQueryData(sessionQuery.queryKey, (held) => held && { ...held, locked: false });
      await client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'session' });
    } catch (e) {
      setError(e);
      setBusy(false);
      field.current?.select();
    }
  };
  return (
    <div className="lock" role="dialog" aria-modal="true" aria-labelledby="lock-title">
      <form
        className="panel lock-card"
        onSubmit={(e) => {
          e.preventDefault();
          void open();
        }}
      >
        <Stack gap="sm">
          <h1 id="lock-title">{t('lock.title')}</h1>
          <div>
            {pick(session.account.name, session.account.name_en)} · {pick(session.account.facility_name, session.account.facility_name_en)}
          </div>
          {n > 0 && (
            <div className="note" data-tone="red" role="alert">
              <strong>{t('lock.ringing', { n })}</strong>
            </div>
          )}
          {ringing.isError && (
            <div className="note" data-tone="orange">
              {t('lock.unsure')}
            </div>
          )}
          <p className="dim" style={{ margin: 0 }}>
            {t('lock.text')}
          </p>
          <input type="text" name="username" autoComplete="username" value={session.account.login} readOnly hidden />
          <PasswordInput ref={field} label={t('login.password')} autoComplete="current-password" required />
          {error !== null && <FaultNote error={error} />}
          <Group justify="space-between" gap="xs">
            <Button variant="default" onClick={leave}>
              {t('login.out')}
            </Button>
            <Button type="submit" loading={busy}>
              {t('lock.open')}
            </Button>
          </Group>
        </Stack>
      </form>
    </div>
  );
}
