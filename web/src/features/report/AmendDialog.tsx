// Opening an amendment: its class decides what the clinic must do; the published version stays as it is.
import { Button, Modal, Select, Textarea } from '@mantine/core';
import { useState } from 'react';
import { post } from '../../api/client';
import type { WorkItemDetail } from '../../api/types';
import { useWords } from '../../i18n';
import { FaultNote } from '../../ui/State';

export function AmendDialog({ report, close, done }: { report: string; close: () => void; done: (opened: WorkItemDetail) => void }) {
  const { t } = useWords();
  const [cls, setCls] = useState<string | null>('2');
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  return (
    <Modal opened onClose={close} title={t('amend.title')}>
      <form
        className="col"
        style={{ gap: 10 }}
        onSubmit={(e) => {
          e.preventDefault();
          setBusy(true);
          setError(null);
          post<WorkItemDetail>(`/api/reports/${report}/amend`, { change_class: Number(cls ?? '2'), reason: reason.trim() }).then(
            done,
            (why) => {
              setError(why);
              setBusy(false);
            },
          );
        }}
      >
        <Select
          label={t('amend.class')}
          value={cls}
          onChange={setCls}
          allowDeselect={false}
          data={['0', '1', '2'].map((v) => ({ value: v, label: t(`amend.class.${v}`) }))}
        />
        <Textarea
          label={t('amend.reason')}
          value={reason}
          onChange={(e) => setReason(e.currentTarget.value)}
          required
          autosize
          minRows={2}
          data-autofocus
        />
        <div className="dim">{t('amend.hint')}</div>
        {error !== null && <FaultNote error={error} />}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={close}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" loading={busy} disabled={!reason.trim()}>
            {t('amend.go')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
