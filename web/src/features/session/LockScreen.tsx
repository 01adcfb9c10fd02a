// Nobody has touched the page for a while: it goes on ringing for critical values and shows nothing of anybody until the person says the
// password again. What was being written stays where it is, behind the lock; the server refuses everything else meanwhile.
import './login.css';
import { Button, Group, PasswordInput, Stack } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { useWords } from '../../i18n';
import { FaultNote } from '../../ui/State';
import { CONCERNED } from '../critical/queries';
import { refuse, ring } from '../critical/ring';
import { useCover } from './cover';
import { unlock, useTellServer } from './lock';
import { ringingQuery, useCan, useSession } from './queries';
import { StuckNote } from './StuckNote';
import { scanned } from './scanned';

const RING_MS = 20_000;
const MODIFIERS = /^(Shift|Control|Alt|AltGraph|Meta|CapsLock)$/;

/** Rings at once for what is new, and again and again while anybody waits. */
function useRinging(n: number, last: number): void {
  const heard = useRef({ n: 0, last: 0 });
  useEffect(() => {
    if (n > 0 && (n > heard.current.n || last > heard.current.last)) ring();
    heard.current = { n, last };
  }, [n, last]);
  const rings = n > 0;
  useEffect(() => {
    if (!rings) return;
    const again = setInterval(ring, RING_MS);
    return () => clearInterval(again);
  }, [rings]);
}

/** Keeps what a barcode scanner types from being taken for a password, or its Enter for a press of the button in hand. */
function useScannerGuard(refused: () => void): (event: KeyboardEvent) => void {
  const times = useRef<number[]>([]);
  return (event) => {
    if (MODIFIERS.test(event.key) || event.repeat) return;
    times.current.push(event.timeStamp);
    if (event.key !== 'Enter') return;
    const typed = times.current;
    times.current = [];
    if (!scanned(typed)) return;
    event.preventDefault();
    event.stopPropagation();
    refused();
  };
}

export function LockScreen({ leave, stuck }: { leave: () => void; stuck: boolean }) {
  const { t, pick } = useWords();
  const session = useSession();
  const client = useQueryClient();
  const concerned = useCan()(...CONCERNED);
  const ringing = useQuery({ ...ringingQuery, enabled: concerned });
  const field = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [barcode, sawBarcode] = useState(false);
  useCover(field);
  useTellServer(session.account.id);
  const { n = 0, last = 0 } = ringing.data ?? {};
  useRinging(n, last);
  const guard = useScannerGuard(() => {
    if (field.current) field.current.value = '';
    setError(null);
    sawBarcode(true);
    refuse();
  });

  const open = async () => {
    setBusy(true);
    setError(null);
    sawBarcode(false);
    try {
      await unlock(client, field.current?.value ?? '');
    } catch (e) {
      setError(e);
      field.current?.select();
    }
    setBusy(false);
  };
  return (
    <div className="lock" role="dialog" aria-modal="true" aria-labelledby="lock-title">
      <form
        className="panel lock-card"
        onKeyDownCapture={guard}
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
          {barcode && (
            <div className="note" data-tone="red" role="alert">
              {t('lock.scanned')}
            </div>
          )}
          {stuck && <StuckNote />}
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
