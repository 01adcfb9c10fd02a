// The own password: changed at will, and before anything else when somebody else has set it.
import './login.css';
import { Button, Group, Modal, PasswordInput, Stack } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useWords } from '../../i18n';
import { FaultNote } from '../../ui/State';
import { useTell } from '../../ui/tell';
import { touched } from './held';
import { changePassword, sessionQuery, useSession } from './queries';
import { StuckNote } from './StuckNote';

const LEAST = 8;

function PasswordForm({ done, cancel, cancelText }: { done: () => void; cancel: () => void; cancelText: string }) {
  const { t } = useWords();
  const session = useSession();
  const old = useRef<HTMLInputElement>(null);
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => old.current?.focus(), []);
  const short = next.length > 0 && [...next].length < LEAST;
  const differs = again.length > 0 && again !== next;
  const go = async () => {
    setBusy(true);
    setError(null);
    try {
      await changePassword(old.current?.value ?? '', next);
      done();
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        void go();
      }}
    >
      <Stack gap="sm">
        <input type="text" name="username" autoComplete="username" value={session.account.login} readOnly hidden />
        <PasswordInput ref={old} label={t('password.old')} autoComplete="current-password" required data-autofocus />
        <PasswordInput
          label={t('password.new')}
          description={t('password.rule', { n: LEAST })}
          autoComplete="new-password"
          value={next}
          onChange={(e) => setNext(e.currentTarget.value)}
          error={short ? t('password.short', { n: LEAST }) : undefined}
          required
        />
        <PasswordInput
          label={t('password.again')}
          autoComplete="new-password"
          value={again}
          onChange={(e) => setAgain(e.currentTarget.value)}
          error={differs ? t('password.differs') : undefined}
          required
        />
        {error !== null && <FaultNote error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={cancel}>
            {cancelText}
          </Button>
          <Button type="submit" loading={busy} disabled={!next || short || again !== next}>
            {t('password.go')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** The person changes the password at will. */
export function PasswordDialog({ close }: { close: () => void }) {
  const { t } = useWords();
  const tell = useTell();
  const done = () => {
    tell(t('password.done'), 'green');
    close();
  };
  return (
    <Modal opened onClose={close} title={t('password.title')} size="sm">
      <PasswordForm done={done} cancel={close} cancelText={t('action.cancel')} />
    </Modal>
  );
}

/** Somebody else has set the password: nothing else is done with it before it is the person's own. */
export function FirstPassword({ leave, stuck }: { leave: () => void; stuck: boolean }) {
  const { t } = useWords();
  const client = useQueryClient();
  const done = () => {
    touched();
    client.setQueryData(sessionQuery.queryKey, (held) => held && { ...held, must_change: false });
  };
  return (
    <div className="lock" role="dialog" aria-modal="true" aria-labelledby="first-password">
      <div className="panel lock-card">
        <h1 id="first-password" style={{ marginBottom: 8 }}>
          {t('password.first')}
        </h1>
        <p className="dim" style={{ margin: '0 0 12px' }}>
          {t('password.first_text')}
        </p>
        <PasswordForm done={done} cancel={leave} cancelText={t('login.out')} />
        {stuck && <StuckNote />}
      </div>
    </div>
  );
}
