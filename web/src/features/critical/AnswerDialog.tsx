// What was done about a critical value, in words: the treatment by the clinic, and what was found out about one that nobody owns.
import { Button, Group, Modal, Stack, Textarea } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Fault } from '../../api/client';
import type { Alert } from '../../api/types';
import { useWords } from '../../i18n';
import { FaultNote } from '../../ui/State';
import { AlertFacts } from './AlertFacts';
import { acknowledge, closeAlert, treat } from './queries';

interface Answering {
  alert: Alert;
  close: () => void;
  title: string;
  label: string;
  hint: string;
  later: string;
  go: string;
  send: (text: string) => Promise<unknown>;
}

function AnswerDialog({ alert, close, title, label, hint, later, go, send }: Answering) {
  const client = useQueryClient();
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = async () => {
    setBusy(true);
    setError(null);
    try {
      await send(text.trim());
      await client.invalidateQueries({ queryKey: ['critical'] });
      close();
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={close} size="lg" title={title}>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void submit();
        }}
      >
        <Stack gap="sm">
          <AlertFacts alert={alert} />
          <Textarea
            label={label}
            description={hint}
            value={text}
            onChange={(e) => setText(e.currentTarget.value)}
            autosize
            minRows={3}
            required
            data-autofocus
          />
          {error !== null && <FaultNote error={error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>
              {later}
            </Button>
            <Button type="submit" loading={busy} disabled={!text.trim()}>
              {go}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** What the clinic did for the patient. */
export function TreatDialog({ alert, later }: { alert: Alert; later: () => void }) {
  const { t } = useWords();
  return (
    <AnswerDialog
      alert={alert}
      close={later}
      title={t('critical.treat_title')}
      label={t('critical.treat')}
      hint={t('critical.treat_hint')}
      later={t('critical.treat_later')}
      go={t('critical.treat_go')}
      send={(text) => treat(alert.id, text)}
    />
  );
}

/** A step that was done at the last try, or by somebody else, is done. */
const done = (error: unknown): void => {
  if (!(error instanceof Fault && error.code === 'acknowledged')) throw error;
};

/** Whoever tells critical values writes down what was found out about one that nobody owns, and ends it. */
export function StrayDialog({ alert, close }: { alert: Alert; close: () => void }) {
  const { t } = useWords();
  const end = async (text: string) => {
    await acknowledge(alert.id, text).catch(done);
    await treat(alert.id, text);
    await closeAlert(alert.id);
  };
  return (
    <AnswerDialog
      alert={alert}
      close={close}
      title={t('critical.stray_title')}
      label={t('critical.stray_found')}
      hint={t('critical.stray_hint')}
      later={t('action.cancel')}
      go={t('critical.stray_go')}
      send={end}
    />
  );
}
