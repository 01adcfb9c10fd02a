// 补图复核: images came after publication. The auditor looks, and either amends the report or says that it stands.
import { Button, Modal, Textarea } from '@mantine/core';
import { useState } from 'react';
import { post } from '../../api/client';
import type { WorkItemDetail } from '../../api/types';
import { useWords } from '../../i18n';
import { FaultNote } from '../../ui/State';

export function Recheck({ item, epoch, done }: { item: WorkItemDetail; epoch: number; done: () => void }) {
  const { t } = useWords();
  const [asking, ask] = useState(false);
  // What the auditor had before him when he decided, not what has come while he writes.
  const [images, looked] = useState(item.images);
  const [note, setNote] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const go = async () => {
    setBusy(true);
    setError(null);
    try {
      await post(`/api/work/${item.id}/recheck`, { epoch, note: note.trim(), images });
      done();
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return (
    <>
      <Button
        onClick={() => {
          looked(item.images);
          setError(null);
          ask(true);
        }}
      >
        {t('recheck.no_change')}
      </Button>
      <Modal
        opened={asking}
        onClose={() => ask(false)}
        title={t('recheck.no_change')}
        closeButtonProps={{ 'aria-label': t('action.close') }}
      >
        <form
          className="col"
          style={{ gap: 10 }}
          onSubmit={(e) => {
            e.preventDefault();
            void go();
          }}
        >
          <p className="dim">{t('recheck.hint')}</p>
          <Textarea
            label={t('recheck.note')}
            value={note}
            onChange={(e) => setNote(e.currentTarget.value)}
            required
            autosize
            minRows={2}
            data-autofocus
          />
          {error !== null && <FaultNote error={error} />}
          <div className="row" style={{ justifyContent: 'flex-end' }}>
            <Button variant="default" onClick={() => ask(false)}>
              {t('action.cancel')}
            </Button>
            <Button type="submit" loading={busy} disabled={!note.trim()}>
              {t('action.confirm')}
            </Button>
          </div>
        </form>
      </Modal>
    </>
  );
}
