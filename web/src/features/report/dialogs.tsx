// The small dialogs of an item: return to the clinic, send back to the writer, skip, and the checks before a report goes out.
import { Button, Group, Modal, Radio, Stack, Textarea } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { post } from '../../api/client';
import type { Check, WorkItemDetail } from '../../api/types';
import { useWords } from '../../i18n';
import { FaultNote } from '../../ui/State';

const RETURN_REASONS = [
  'position',
  'motion',
  'exposure',
  'wrong_side',
  'missing_series',
  'missing_history',
  'wrong_patient',
  'other',
] as const;
const RETURN_REASONS_ECG = ['position', 'motion', 'missing_history', 'wrong_patient', 'other'] as const;

/** A dialog that asks, sends, and says what went wrong; what was typed stays. */
export function Ask({
  title,
  go,
  close,
  done,
  ready,
  children,
  word,
  color,
}: {
  title: string;
  go: () => Promise<unknown>;
  close: () => void;
  done: () => void;
  ready: boolean;
  children: ReactNode;
  word: string;
  color?: string;
}) {
  const { t } = useWords();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  return (
    <Modal opened onClose={close} title={title}>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          if (!ready) return;
          setBusy(true);
          setError(null);
          go().then(done, (why) => {
            setError(why);
            setBusy(false);
          });
        }}
      >
        <Stack gap="sm">
          {children}
          {error !== null && <FaultNote error={error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>
              {t('action.cancel')}
            </Button>
            <Button type="submit" color={color} loading={busy} disabled={!ready}>
              {word}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

interface Common {
  item: WorkItemDetail;
  close: () => void;
  done: () => void;
  /** Saves what is not saved yet, so nothing written is left behind. */
  before: () => Promise<void>;
}

export function ReturnDialog({ item, epoch, close, done, before }: Common & { epoch: number }) {
  const { t } = useWords();
  const reasons = item.pipeline === 'ecg' ? RETURN_REASONS_ECG : RETURN_REASONS;
  const [reason, setReason] = useState<string>('');
  const [text, setText] = useState('');
  return (
    <Ask
      title={t('return.title', { clinic: item.facility_name })}
      word={t('return.go')}
      ready={reason !== '' && (reason !== 'other' || text.trim() !== '')}
      close={close}
      done={done}
      go={async () => {
        await before();
        await post(`/api/work/${item.id}/return`, { epoch, reason, text: text.trim() });
      }}
    >
      <Radio.Group label={t('return.reason')} value={reason} onChange={setReason}>
        <div className="two-columns">
          {reasons.map((r, i) => (
            <Radio key={r} value={r} label={t(`return.reason.${r}`)} data-autofocus={i === 0 || undefined} />
          ))}
        </div>
      </Radio.Group>
      <Textarea
        label={t('return.text')}
        description={t('return.text_hint')}
        value={text}
        onChange={(e) => setText(e.currentTarget.value)}
        autosize
        minRows={2}
      />
    </Ask>
  );
}

export function SendBackDialog({ item, epoch, close, done, before }: Common & { epoch: number }) {
  const { t } = useWords();
  const [comment, setComment] = useState('');
  return (
    <Ask
      title={t('send_back.title')}
      word={t('send_back.go')}
      ready={comment.trim() !== ''}
      close={close}
      done={done}
      go={async () => {
        await before();
        await post(`/api/reports/${item.report}/send_back`, { item: item.id, epoch, comment: comment.trim() });
      }}
    >
      <Textarea
        label={t('send_back.comment')}
        value={comment}
        onChange={(e) => setComment(e.currentTarget.value)}
        autosize
        minRows={3}
        required
        data-autofocus
      />
    </Ask>
  );
}

export function SkipDialog({ item, epoch, close, done, before }: Common & { epoch: number }) {
  const { t } = useWords();
  const [reason, setReason] = useState('');
  return (
    <Ask
      title={t('skip.title')}
      word={t('skip.go')}
      ready={reason.trim() !== ''}
      close={close}
      done={done}
      go={async () => {
        await before();
        await post(`/api/work/${item.id}/skip`, { epoch, reason: reason.trim() });
      }}
    >
      <Textarea
        label={t('skip.reason')}
        description={t('skip.hint')}
        value={reason}
        onChange={(e) => setReason(e.currentTarget.value)}
        autosize
        minRows={2}
        required
        data-autofocus
      />
    </Ask>
  );
}

export function ConfirmChecks({ checks, close, confirm }: { checks: Check[]; close: () => void; confirm: () => void }) {
  const { t, pick, has } = useWords();
  const blocked = checks.some((c) => c.level === 'block');
  return (
    <Modal opened onClose={close} title={t(blocked ? 'checks.blocked' : 'checks.title')}>
      <Stack gap="sm">
        <ul style={{ margin: 0, paddingLeft: 18 }}>
          {checks.map((c) => (
            <li key={c.code + c.section + c.text_en} className={c.level === 'block' ? 'tone-red' : 'tone-orange'}>
              {has(`section.${c.section}`) ? `${t(`section.${c.section}`)}: ` : ''}
              {pick(c.text_zh, c.text_en)}
            </li>
          ))}
        </ul>
        <Group justify="flex-end" gap="xs">
          <Button variant={blocked ? 'filled' : 'default'} onClick={close} data-autofocus>
            {t('checks.back')}
          </Button>
          {!blocked && <Button onClick={confirm}>{t('checks.go')}</Button>}
        </Group>
      </Stack>
    </Modal>
  );
}
