// The red inbox of the clinic: it blocks the page until a doctor has confirmed each critical value with a read-back. It cannot be
// closed by Escape or a click beside it. Persons who may not confirm see a banner instead, never a way around.
import { Button, Group, Modal, Stack, Textarea } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Alert } from '../../api/types';
import { useWords } from '../../i18n';
import { useServerNow, useSpan } from '../../ui/bits';
import { FaultNote } from '../../ui/State';
import { useCan, useSession } from '../session';
import { AlertFacts } from './AlertFacts';
import { TreatDialog } from './AnswerDialog';
import { acknowledge, alertsQuery, findingOf, occasion, unacknowledged } from './queries';
import { ring } from './ring';

/** Stays behind the lock with what was being written; nothing is asked and nothing rings there meanwhile, the lock does that. */
export function CriticalInbox() {
  const { t } = useWords();
  const can = useCan();
  const session = useSession();
  const alerts = useQuery(alertsQuery('open'));
  const mine = (alerts.data?.rows ?? []).filter((a) => a.level === 'red' && a.facility === session.account.facility);
  const waiting = mine.filter(unacknowledged);
  const first = waiting[0];
  const rung = useRef('');
  useEffect(() => {
    if (first && rung.current !== occasion(first)) {
      rung.current = occasion(first);
      ring();
    }
  }, [first]);
  const now = useServerNow(alerts.data?.now);
  const untreated = mine.find((a) => a.acked_at !== null && a.treated_at === null && a.state === 'clinician_ack');
  const mayAnswer = can('acknowledge_critical');
  const [later, putLater] = useState<string | null>(null);
  if (first && mayAnswer) return <AcknowledgeDialog key={occasion(first)} alert={first} more={waiting.length - 1} now={now} />;
  if (first) {
    return (
      <div className="note" data-tone="red" role="alert" style={{ margin: '8px 12px 0' }}>
        <strong>{t('critical.waiting_doctor', { n: waiting.length })}</strong> {first.patient.name}: {findingOf(first)}
      </div>
    );
  }
  if (untreated && mayAnswer && later !== untreated.id)
    return <TreatDialog key={untreated.id} alert={untreated} later={() => putLater(untreated.id)} />;
  return null;
}

function AcknowledgeDialog({ alert, more, now }: { alert: Alert; more: number; now: number }) {
  const { t } = useWords();
  const words = useSpan();
  const client = useQueryClient();
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const go = async () => {
    setBusy(true);
    setError(null);
    try {
      await acknowledge(alert.id, text.trim());
      await client.invalidateQueries({ queryKey: ['critical'] });
    } catch (e) {
      setError(e);
    }
    setBusy(false);
  };
  return (
    <Modal
      opened
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      size="lg"
      title={<strong className="tone-red">{t('critical.inbox', { span: words(now - alert.raised_at) })}</strong>}
    >
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void go();
        }}
      >
        <Stack gap="sm">
          <AlertFacts alert={alert} />
          <Textarea
            label={t('critical.read_back')}
            description={t('critical.ack_hint')}
            placeholder={t('critical.ack_example', { name: alert.patient.name, finding: findingOf(alert) })}
            value={text}
            onChange={(e) => setText(e.currentTarget.value)}
            autosize
            minRows={2}
            required
            data-autofocus
          />
          {error !== null && <FaultNote error={error} />}
          <Group justify="space-between">
            <span className="dim">{more > 0 ? t('critical.more', { n: more }) : ''}</span>
            <Button type="submit" color="red" size="sm" loading={busy} disabled={!text.trim()}>
              {t('critical.ack_go')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
