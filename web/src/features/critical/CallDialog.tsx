// The phone call of a critical value: whom, which number, what was read back. "Reached without read-back" keeps escalating.
import { Button, Group, Modal, Radio, Stack, Textarea, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client';
import type { Alert } from '../../api/types';
import { useWords } from '../../i18n';
import { FaultNote } from '../../ui/State';
import { findingOf } from './queries';

type Outcome = 'reached_readback' | 'reached_no_readback' | 'unable';

export function CallDialog({ alert, close }: { alert: Alert; close: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [outcome, setOutcome] = useState<Outcome>('reached_readback');
  const [recipient, setRecipient] = useState('');
  const [phone, setPhone] = useState(alert.duty_phone ?? '');
  const [readBack, setReadBack] = useState('');
  const [note, setNote] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const ready = outcome === 'unable' || (recipient.trim() !== '' && (outcome !== 'reached_readback' || readBack.trim() !== ''));
  const go = async () => {
    setBusy(true);
    setError(null);
    try {
      await post(`/api/critical/${alert.id}/call`, {
        outcome,
        recipient: recipient.trim(),
        phone: phone.trim(),
        read_back: readBack.trim(),
        note: note.trim(),
      });
      void client.invalidateQueries({ queryKey: ['critical'] });
      close();
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={close} title={t('critical.call')}>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void go();
        }}
      >
        <Stack gap="sm">
          <div className="note" data-tone="red">
            <strong>{findingOf(alert)}</strong>
            <div>
              {alert.patient.name} · {alert.facility_name}
            </div>
            <div style={{ fontSize: 16, fontWeight: 600 }}>
              {alert.duty_phone ? t('critical.phone_is', { phone: alert.duty_phone }) : t('critical.no_phone')}
            </div>
          </div>
          <Radio.Group label={t('critical.outcome')} value={outcome} onChange={(v) => setOutcome(v as Outcome)}>
            <Stack gap={4} mt={4}>
              {(['reached_readback', 'reached_no_readback', 'unable'] as const).map((o) => (
                <Radio key={o} value={o} label={t(`critical.outcome.${o}`)} />
              ))}
            </Stack>
          </Radio.Group>
          <Group grow gap="sm">
            <TextInput
              label={t('critical.recipient')}
              value={recipient}
              onChange={(e) => setRecipient(e.currentTarget.value)}
              required={outcome !== 'unable'}
              data-autofocus
            />
            <TextInput label={t('critical.phone')} value={phone} onChange={(e) => setPhone(e.currentTarget.value)} />
          </Group>
          {outcome === 'reached_readback' && (
            <Textarea
              label={t('critical.read_back')}
              description={t('critical.read_back_hint')}
              value={readBack}
              onChange={(e) => setReadBack(e.currentTarget.value)}
              required
              autosize
              minRows={2}
            />
          )}
          <TextInput label={t('critical.note')} value={note} onChange={(e) => setNote(e.currentTarget.value)} />
          {error !== null && <FaultNote error={error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>
              {t('critical.later')}
            </Button>
            <Button type="submit" loading={busy} disabled={!ready}>
              {t('critical.call_save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
