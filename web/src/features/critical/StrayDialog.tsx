// A critical value that nobody has an owner for: whoever tells critical values writes down what was found out, and ends it.
import { Button, Group, Modal, Stack, Textarea } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Fault } from '../../api/client';
import type { Alert } from '../../api/types';
import { useWords } from '../../i18n';
import { FaultNote } from '../../ui/State';
import { AlertFacts } from './CriticalInbox';
import { acknowledge, closeAlert, treat } from './queries';

/** A step that was done at the last try, or by somebody else, is done. */
const done = (error: unknown): void => {
  if (!(error instanceof Fault && error.code === 'acknowledged')) throw error;
};

export function StrayDialog({ alert, close }: { alert: Alert; close: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const go = async () => {
    setBusy(true);
    setError(null);
    try {
      await acknowledge(alert.id, text.trim()).catch(done);
      await treat(alert.id, text.trim());
      await closeAlert(alert.id);
      await client.invalidateQueries({ queryKey: ['critical'] });
      close();
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={close} size="lg" title={t('critical.stray_title')}>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void go();
        }}
      >
        <Stack gap="sm">
          <AlertFacts alert={alert} />
          <Textarea
            label={t('critical.stray_found')}
            description={t('critical.stray_hint')}
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
              {t('action.cancel')}
            </Button>
            <Button type="submit" loading={busy} disabled={!text.trim()}>
              {t('critical.stray_go')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
