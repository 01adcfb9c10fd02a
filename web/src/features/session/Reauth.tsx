// Signing asks for the password again (the server remembers it for five minutes). `useReauth` runs a call and, when the server
// answers 401 reauth, asks, then runs the same call again; the caller's text is never touched.
import { Button, Group, Modal, PasswordInput, Stack, Text } from '@mantine/core';
import { useCallback, useRef, useState } from 'react';
import { Fault } from '../../api/client';
import { useWords } from '../../i18n';
import { FaultNote } from '../../ui/State';
import { reauthenticate, useSession } from './queries';

interface Waiting {
  resolve: () => void;
  reject: (why: unknown) => void;
}

/** Thrown when the person closes the dialog; callers treat it as "nothing happened". */
export class ReauthCancelled extends Error {}

export function useReauth(): { withReauth: <T>(run: () => Promise<T>) => Promise<T>; dialog: React.ReactNode } {
  const [waiting, setWaiting] = useState<Waiting | null>(null);
  const ask = useCallback(() => new Promise<void>((resolve, reject) => setWaiting({ resolve, reject })), []);
  const withReauth = useCallback(
    async <T,>(run: () => Promise<T>): Promise<T> => {
      try {
        return await run();
      } catch (error) {
        if (!(error instanceof Fault && error.status === 401 && error.code === 'reauth')) throw error;
        await ask();
        return run();
      }
    },
    [ask],
  );
  const dialog = waiting ? (
    <ReauthDialog
      done={() => {
        waiting.resolve();
        setWaiting(null);
      }}
      cancel={() => {
        waiting.reject(new ReauthCancelled());
        setWaiting(null);
      }}
    />
  ) : null;
  return { withReauth, dialog };
}

function ReauthDialog({ done, cancel }: { done: () => void; cancel: () => void }) {
  const { t, pick } = useWords();
  const session = useSession();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const field = useRef<HTMLInputElement>(null);
  const go = async () => {
    setBusy(true);
    setError(null);
    try {
      await reauthenticate(field.current?.value ?? '');
      done();
    } catch (e) {
      setError(e);
      setBusy(false);
      field.current?.select();
    }
  };
  return (
    <Modal opened onClose={cancel} title={t('reauth.title')} size="sm">
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void go();
        }}
      >
        <Stack gap="sm">
          <Text fz={13}>{t('reauth.text', { name: pick(session.account.name, session.account.name_en) })}</Text>
          <input type="text" name="username" autoComplete="username" value={session.account.login} readOnly hidden />
          <PasswordInput ref={field} label={t('login.password')} autoComplete="current-password" data-autofocus required />
          {error !== null && <FaultNote error={error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={cancel}>
              {t('action.cancel')}
            </Button>
            <Button type="submit" loading={busy}>
              {t('reauth.confirm')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
