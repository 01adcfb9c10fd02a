// Withdrawing a report: one person asks, another of the other side confirms with the password; until then the report stands, and
// everybody who opens it sees that it is doubted.
import { Button, Select, Textarea } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client';
import type { Withdrawal } from '../../api/types';
import { useWords } from '../../i18n';
import { usePersonName } from '../../ui/bits';
import { dayTime } from '../../ui/format';
import { FaultNote } from '../../ui/State';
import { ReauthCancelled, useReauth } from '../session/Reauth';
import { Ask } from './dialogs';

const CAUSES = ['wrong_patient', 'wrong_exam', 'other'] as const;

/** Everything that shows the report, or that it waits. */
function useChanged() {
  const client = useQueryClient();
  return () => Promise.all(['report', 'withdrawals', 'clinic', 'worklist'].map((key) => client.invalidateQueries({ queryKey: [key] })));
}

export function WithdrawDialog({ report, close }: { report: string; close: () => void }) {
  const { t } = useWords();
  const changed = useChanged();
  const [cause, setCause] = useState<string | null>(null);
  const [reason, setReason] = useState('');
  return (
    <Ask
      title={t('withdraw.title')}
      word={t('withdraw.ask')}
      color="red"
      ready={!!cause && !!reason.trim()}
      go={() => post(`/api/reports/${report}/withdraw`, { cause, reason: reason.trim() }).then(changed)}
      done={close}
      close={close}
    >
      <Select
        label={t('withdraw.cause')}
        value={cause}
        onChange={setCause}
        required
        data-autofocus
        data={CAUSES.map((v) => ({ value: v, label: t(`withdraw.cause.${v}`) }))}
      />
      <Textarea
        label={t('withdraw.reason')}
        description={t('withdraw.reason_hint')}
        value={reason}
        onChange={(e) => setReason(e.currentTarget.value)}
        required
        autosize
        minRows={2}
      />
      <div className="dim">{t(cause ? `withdraw.then.${cause}` : 'withdraw.hint')}</div>
    </Ask>
  );
}

/** Says that a withdrawal waits, to everybody; to those who may answer it with the answers. */
export function WithdrawalNote({ report, asked, done }: { report: string; asked: Withdrawal; done: (n: number) => void }) {
  const { t } = useWords();
  const person = usePersonName();
  const changed = useChanged();
  const { withReauth, dialog } = useReauth();
  const [refusing, refuse] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const confirm = async () => {
    setBusy(true);
    setError(null);
    try {
      const said = await withReauth(() => post<{ n: number }>(`/api/reports/${report}/withdraw/confirm`));
      await changed();
      done(said.n);
    } catch (why) {
      if (!(why instanceof ReauthCancelled)) setError(why);
    }
    setBusy(false);
  };
  return (
    <div className="note col" data-tone="red" role="alert" style={{ gap: 6 }}>
      <div className="row wrap" style={{ gap: 10 }}>
        <span className="grow">
          <strong>{t('withdraw.waiting', { n: asked.n })}</strong> {t(`withdraw.cause.${asked.cause}`)}: {asked.reason}{' '}
          <span className="dim">
            {person(asked.asked_by)} {dayTime(asked.asked_at)}
          </span>
        </span>
        {asked.may_confirm && (
          <Button size="compact-sm" color="red" loading={busy} onClick={() => void confirm()}>
            {t('withdraw.confirm')}
          </Button>
        )}
        {asked.may_drop && (
          <Button size="compact-sm" variant="default" onClick={() => refuse(true)}>
            {t('withdraw.refuse')}
          </Button>
        )}
      </div>
      {asked.may_drop && !asked.may_confirm && <div className="dim">{t('withdraw.second')}</div>}
      {error !== null && <FaultNote error={error} />}
      {refusing && <RefuseDialog report={report} close={() => refuse(false)} />}
      {dialog}
    </div>
  );
}

function RefuseDialog({ report, close }: { report: string; close: () => void }) {
  const { t } = useWords();
  const changed = useChanged();
  const [reason, setReason] = useState('');
  return (
    <Ask
      title={t('withdraw.refuse_title')}
      word={t('withdraw.refuse')}
      ready={!!reason.trim()}
      go={() => post(`/api/reports/${report}/withdraw/refuse`, { reason: reason.trim() }).then(changed)}
      done={close}
      close={close}
    >
      <Textarea
        label={t('withdraw.why_not')}
        value={reason}
        onChange={(e) => setReason(e.currentTarget.value)}
        required
        autosize
        minRows={2}
        data-autofocus
      />
    </Ask>
  );
}
