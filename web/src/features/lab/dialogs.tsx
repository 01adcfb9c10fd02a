// Dialogs of the verification page: confirm a held release, re-run or correct a row, and the rows the server refused.
import { Button, Modal, Textarea, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client';
import type { LabRow, LabSpecimen, ReleaseOutcome } from '../../api/types';
import { useWords } from '../../i18n';
import { FaultNote } from '../../ui/State';
import { useReauth } from '../session';
import { ReauthCancelled } from '../session/Reauth';
import { flagTone, releasable } from './model';

export function RefusedList({ outcome }: { outcome: ReleaseOutcome }) {
  const { pick } = useWords();
  return (
    <ul style={{ margin: 0, paddingLeft: 18 }}>
      {outcome.refused.slice(0, 8).map((r) => (
        <li key={r.id + r.code}>{pick(r.text_zh, r.text_en)}</li>
      ))}
    </ul>
  );
}

export function ConfirmRelease({
  specimen,
  busy,
  close,
  go,
}: {
  specimen: LabSpecimen;
  busy: boolean;
  close: () => void;
  go: (comment: string) => void;
}) {
  const { t, pick } = useWords();
  const [comment, setComment] = useState('');
  const held = specimen.results.filter((r) => releasable(r) && r.holds.length > 0);
  return (
    <Modal opened onClose={close} title={t('lab.confirm')} size="lg">
      <form
        className="col"
        style={{ gap: 10 }}
        onSubmit={(e) => {
          e.preventDefault();
          go(comment.trim());
        }}
      >
        <div>{t('lab.confirm_text', { name: specimen.patient.name, n: held.length })}</div>
        <table className="plain">
          <tbody>
            {held.map((r) => (
              <tr key={r.id}>
                <td>{pick(r.name, r.name_en)}</td>
                <td className={`num ${flagTone(r.flag)}`}>
                  {r.comparator ?? ''}
                  {r.value_raw} {r.unit}
                </td>
                <td>{r.holds.map((h) => pick(h.text_zh, h.text_en)).join('; ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <Textarea
          label={t('lab.comment')}
          value={comment}
          onChange={(e) => setComment(e.currentTarget.value)}
          required
          autosize
          minRows={2}
          data-autofocus
        />
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={close}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" loading={busy} disabled={!comment.trim()}>
            {t('lab.confirm_go')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

export function RowDialog({ row, what, close }: { row: LabRow; what: 'rerun' | 'correct'; close: () => void }) {
  const { t, pick } = useWords();
  const client = useQueryClient();
  const { withReauth, dialog } = useReauth();
  const [reason, setReason] = useState('');
  const [value, setValue] = useState(row.value_raw);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  return (
    <>
      <Modal opened onClose={close} title={t(`lab.${what}_title`, { name: pick(row.name, row.name_en) })}>
        <form
          className="col"
          style={{ gap: 10 }}
          onSubmit={(e) => {
            e.preventDefault();
            setBusy(true);
            setError(null);
            withReauth(() =>
              post(
                `/api/lab/results/${row.id}/${what}`,
                what === 'rerun' ? { reason: reason.trim() } : { value: value.trim(), reason: reason.trim() },
              ),
            ).then(
              () => {
                void client.invalidateQueries({ queryKey: ['lab'] });
                close();
              },
              (why) => {
                if (!(why instanceof ReauthCancelled)) setError(why);
                setBusy(false);
              },
            );
          }}
        >
          {what === 'correct' && (
            <TextInput label={t('lab.value')} value={value} onChange={(e) => setValue(e.currentTarget.value)} required />
          )}
          <Textarea
            label={t('lab.reason')}
            value={reason}
            onChange={(e) => setReason(e.currentTarget.value)}
            required
            autosize
            minRows={2}
            data-autofocus
          />
          {error !== null && <FaultNote error={error} />}
          <div className="row" style={{ justifyContent: 'flex-end' }}>
            <Button variant="default" onClick={close}>
              {t('action.cancel')}
            </Button>
            <Button type="submit" loading={busy} disabled={!reason.trim()}>
              {t('action.confirm')}
            </Button>
          </div>
        </form>
      </Modal>
      {dialog}
    </>
  );
}
