// Ctrl+K: a critical finding is raised at once, before the report is written; then the clinic is phoned and the read-back is recorded.
import { Button, Group, Modal, Radio, Stack, Textarea, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client';
import type { Alert } from '../../api/types';
import { useWords } from '../../i18n';
import { FaultNote } from '../../ui/State';

export function RaiseDialog({
  item,
  suggestion,
  close,
  raised,
}: {
  item: string;
  suggestion: string;
  close: () => void;
  raised: (alert: Alert) => void;
}) {
  const { t } = useWords();
  const client = useQueryClient();
  const [level, setLevel] = useState<'red' | 'orange'>('red');
  const [finding, setFinding] = useState(suggestion);
  const [value, setValue] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const go = async () => {
    setBusy(true);
    setError(null);
    try {
      const alert = await post<Alert>('/api/critical', { item, level, finding: finding.trim(), value: value.trim() || undefined });
      void client.invalidateQueries({ queryKey: ['critical'] });
      raised(alert);
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={close} title={t('critical.raise')}>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void go();
        }}
      >
        <Stack gap="sm">
          <Radio.Group label={t('critical.level')} value={level} onChange={(v) => setLevel(v === 'orange' ? 'orange' : 'red')}>
            <Group gap="lg" mt={4}>
              <Radio value="red" label={t('critical.red')} />
              <Radio value="orange" label={t('critical.orange')} />
            </Group>
          </Radio.Group>
          <Textarea
            label={t('critical.finding')}
            value={finding}
            onChange={(e) => setFinding(e.currentTarget.value)}
            required
            minRows={2}
            autosize
            data-autofocus
          />
          <TextInput label={t('critical.value')} value={value} onChange={(e) => setValue(e.currentTarget.value)} />
          <div className="dim">{t(level === 'red' ? 'critical.red_hint' : 'critical.orange_hint')}</div>
          {error !== null && <FaultNote error={error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>
              {t('action.cancel')}
            </Button>
            <Button type="submit" color="red" loading={busy} disabled={!finding.trim()}>
              {t('critical.raise_go')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
