// 今日: each examination of the clinic as a track from arrival to report, with the promised time and who has it in hand; what was
// returned stands first, because a patient may still be waiting on the bed.
import './clinic.css';
import { Button, Modal, SegmentedControl, Textarea, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { get, post } from '../../api/client';
import type { Track } from '../../api/types';
import { useWords } from '../../i18n';
import { useKeys } from '../../keys';
import { PatientName, PriorityChip, Tag, useAge, usePersonName, useServerNow, useSex, useSpan } from '../../ui/bits';
import { hourMinute, shortTime } from '../../ui/format';
import { Await, Empty, FaultNote } from '../../ui/State';
import { useCan, useSession } from '../session';
import { ClinicTabs } from './ClinicTabs';
import { useFileDrop } from './ecg/drop';
import { handOver } from './ecg/upload';
import { DONE_STEPS, lateness, stepsOf } from './model';

interface Today {
  now: number;
  rows: Track[];
  inbox: { critical: number; changed: number; returned: number };
}

export function ClinicPage() {
  const { t, pick } = useWords();
  const session = useSession();
  const may = useCan();
  const search = useSearch({ strict: false }) as { show?: string; days?: string | number };
  const navigate = useNavigate();
  const days = Number(search.days) || 1;
  const today = useQuery({ queryKey: ['clinic', 'today', days], queryFn: () => get<Today>(`/api/clinic/today?days=${days}`) });
  const now = useServerNow(today.data?.now);
  const [q, setQ] = useState('');
  const [answering, answer] = useState<Track | null>(null);
  const show = String(search.show ?? 'all');
  const set = (change: Record<string, string | undefined>) =>
    void navigate({ to: '/clinic', search: { ...search, ...change } as never, replace: true });
  const all = today.data?.rows ?? [];
  const needs = (r: Track) => ['returned', 'rejected', 'unmatched'].includes(r.step);
  const match = q.trim().toLowerCase();
  const rows = all
    .filter((r) =>
      show === 'open' ? !DONE_STEPS.includes(r.step) : show === 'done' ? DONE_STEPS.includes(r.step) : show === 'needs' ? needs(r) : true,
    )
    .filter(
      (r) => !match || [r.patient.name, r.patient.pinyin, r.patient.local_id, r.title].some((x) => (x ?? '').toLowerCase().includes(match)),
    );
  const sorted = [...rows].sort((a, b) => Number(needs(b)) - Number(needs(a)));
  const count = (f: (r: Track) => boolean) => all.filter(f).length;
  useKeys('clinic', [
    { id: 'clinic.new', keys: 'n', run: () => void navigate({ to: '/clinic/order' }) },
    { id: 'clinic.reports', keys: 'b', run: () => void navigate({ to: '/clinic/reports' }) },
    { id: 'clinic.ecg', keys: 'e', run: () => void navigate({ to: '/clinic/ecg' }), on: may('upload') },
    { id: 'clinic.find', keys: '/', run: () => document.getElementById('clinic-find')?.focus() },
  ]);
  // An ECG file dropped anywhere on the day's page is sent from the upload page, which shows the verdict.
  const drop = useFileDrop(may('upload'), (files) => {
    handOver(files);
    void navigate({ to: '/clinic/ecg' });
  });
  return (
    <div className="page-fill clinic-drop" data-over={drop.over || undefined} data-over-text={t('up.here')} {...drop.handlers}>
      <div className="bar">
        <ClinicTabs counts={{ reports: today.data?.inbox.changed, returned: today.data?.inbox.returned }} />
        <span className="grow" />
        <span className="dim cut">{pick(session.account.facility_name, session.account.facility_name_en)}</span>
      </div>
      <div className="bar wrap">
        <SegmentedControl
          aria-label={t('clinic.show')}
          value={show}
          onChange={(v) => set({ show: v === 'all' ? undefined : v })}
          data={[
            { value: 'all', label: `${t('work.all')} ${all.length}` },
            { value: 'needs', label: `${t('clinic.needs')} ${count(needs)}` },
            { value: 'open', label: `${t('clinic.open')} ${count((r) => !DONE_STEPS.includes(r.step))}` },
            { value: 'done', label: `${t('clinic.done')} ${count((r) => DONE_STEPS.includes(r.step))}` },
          ]}
        />
        <SegmentedControl
          aria-label={t('clinic.days')}
          value={String(days)}
          onChange={(v) => set({ days: v === '1' ? undefined : v })}
          data={[
            { value: '1', label: t('clinic.day1') },
            { value: '3', label: t('clinic.day3') },
            { value: '7', label: t('clinic.day7') },
          ]}
        />
        <TextInput
          id="clinic-find"
          aria-label={t('work.find')}
          placeholder={t('work.find')}
          value={q}
          onChange={(e) => setQ(e.currentTarget.value)}
          w={220}
        />
        <span className="grow" />
        <span className="dim">{today.data ? t('clinic.updated', { at: hourMinute(now) }) : ''}</span>
      </div>
      {(today.data?.inbox.changed ?? 0) > 0 && (
        <div className="note row" data-tone="amber" role="alert" style={{ margin: '8px 12px 0' }}>
          <strong className="grow">{t('clinic.changed', { n: today.data?.inbox.changed })}</strong>
          <Button size="compact-sm" onClick={() => void navigate({ to: '/clinic/reports', search: { show: 'ack' } as never })}>
            {t('clinic.changed_go')}
          </Button>
        </div>
      )}
      <div className="scroll grow" style={{ padding: 12 }}>
        <h1 className="sr-only">{t('clinic.today')}</h1>
        <Await query={today}>
          {sorted.length === 0 ? (
            <Empty title={t('clinic.empty')} hint={t('clinic.empty_hint')} />
          ) : (
            <ul className="tracks">
              {sorted.map((r) => (
                <TrackLine key={r.pipeline + r.id} row={r} now={now} answer={() => answer(r)} />
              ))}
            </ul>
          )}
        </Await>
      </div>
      {answering && <AnswerDialog row={answering} close={() => answer(null)} />}
    </div>
  );
}

function TrackLine({ row: r, now, answer }: { row: Track; now: number; answer: () => void }) {
  const { t, has } = useWords();
  const can = useCan();
  const age = useAge();
  const sex = useSex();
  const words = useSpan();
  const person = usePersonName();
  const steps = stepsOf(r);
  const late = lateness(r, now);
  return (
    <li className="track panel" data-needs={['returned', 'rejected', 'unmatched'].includes(r.step)}>
      <div className="col" style={{ gap: 2 }}>
        <span className="row">
          <PatientName patient={r.patient} strong />
          <span className="dim nowrap">
            {sex(r.patient.sex)} {age(r.patient.age)}
          </span>
          {r.priority !== 'routine' && <PriorityChip priority={r.priority} />}
        </span>
        <span className="row dim">
          <Tag>{r.pipeline === 'imaging' && r.modality ? r.modality : t(`pipeline.${r.pipeline}`)}</Tag>
          <span className="cut" title={r.title}>
            {r.title}
          </span>
        </span>
      </div>
      <ol className="steps" aria-label={t('clinic.track')}>
        {steps.map((s) => (
          <li key={s.key} data-state={s.state}>
            <span className="step-dot" aria-hidden="true" />
            <span>{t(`step.${s.key}`)}</span>
            <span className="dim">{s.at ? shortTime(s.at, now) : s.state === 'now' && r.holder ? person(r.holder) : '\u00a0'}</span>
            <span className="sr-only">{t(`step.state.${s.state}`)}</span>
          </li>
        ))}
      </ol>
      <div className="col" style={{ gap: 2, alignItems: 'flex-end' }}>
        {r.step === 'returned' ? (
          <>
            <span className="tone-red">
              <strong>{t('step.returned')}</strong>:{' '}
              {has(`return.reason.${r.return_reason}`) ? t(`return.reason.${r.return_reason}`) : r.return_reason}
            </span>
            {r.return_text && <span>{r.return_text}</span>}
            {can('upload') && r.item && (
              <Button size="compact-sm" onClick={answer}>
                {t('clinic.answer')}
              </Button>
            )}
          </>
        ) : r.step === 'rejected' ? (
          <span className="tone-red">
            <strong>{t('step.rejected')}</strong>:{' '}
            {has(`specimen.reason.${r.return_reason}`) ? t(`specimen.reason.${r.return_reason}`) : r.return_reason} {r.return_text}
          </span>
        ) : r.step === 'unmatched' ? (
          <span className="tone-orange">
            <strong>{t('step.unmatched')}</strong> {r.return_text}
          </span>
        ) : r.step === 'withdrawn' && r.report ? (
          <Link to="/reports/$id" params={{ id: r.report }} className="report-link tone-red">
            {t('step.withdrawn')} · {t('clinic.view', { n: r.report_n })}
          </Link>
        ) : r.step === 'published' && r.report ? (
          <Link to="/reports/$id" params={{ id: r.report }} className="report-link">
            {t('clinic.view', { n: r.report_n })}
            {r.report_kind === 'prelim' ? ` · ${t('version.prelim')}` : ''}
          </Link>
        ) : (
          <>
            {r.promised_at && (
              <span className={late === 'late' ? 'tone-red' : late === 'soon' ? 'tone-amber' : ''}>
                {t('clinic.promised', { at: shortTime(r.promised_at, now) })}
              </span>
            )}
            {r.promised_at && (
              <span className="dim">
                {r.promised_at < now
                  ? t('due.over', { span: words(r.promised_at - now) })
                  : t('clinic.left', { span: words(r.promised_at - now) })}
              </span>
            )}
          </>
        )}
      </div>
    </li>
  );
}

function AnswerDialog({ row, close }: { row: Track; close: () => void }) {
  const { t, has } = useWords();
  const client = useQueryClient();
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  return (
    <Modal opened onClose={close} title={t('clinic.answer_title', { name: row.patient.name })}>
      <form
        className="col"
        style={{ gap: 10 }}
        onSubmit={(e) => {
          e.preventDefault();
          setBusy(true);
          post(`/api/clinic/returned/${row.item}/answer`, { text: text.trim() }).then(
            () => {
              void client.invalidateQueries({ queryKey: ['clinic'] });
              close();
            },
            (why) => {
              setError(why);
              setBusy(false);
            },
          );
        }}
      >
        <div className="note" data-tone="amber">
          {has(`return.reason.${row.return_reason}`) ? t(`return.reason.${row.return_reason}`) : row.return_reason} {row.return_text}
        </div>
        <Textarea
          label={t('clinic.answer_text')}
          description={t('clinic.answer_hint')}
          value={text}
          onChange={(e) => setText(e.currentTarget.value)}
          autosize
          minRows={3}
          required
          data-autofocus
        />
        {error !== null && <FaultNote error={error} />}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={close}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" loading={busy} disabled={!text.trim()}>
            {t('clinic.answer_go')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
