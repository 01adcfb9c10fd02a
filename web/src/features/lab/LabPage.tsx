// 检验审核 (lab verification): four lanes; the batch key releases the first only. Why a row is held always stands beside it.
import { Button, Modal, Textarea, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { get, post, query } from '../../api/client';
import type { LabQueue, LabRow, LabSpecimen, Lane, ReleaseOutcome } from '../../api/types';
import { useWords } from '../../i18n';
import { useKeys } from '../../keys';
import { DueCell, Keys, PatientName, PriorityChip, Tag, useAge, useServerNow, useSex } from '../../ui/bits';
import { shortTime } from '../../ui/format';
import { SplitPane } from '../../ui/SplitPane';
import { Empty, FaultNote, Loading, NoRight } from '../../ui/State';
import { CallDialog } from '../critical';
import { alertsQuery } from '../critical/queries';
import { useCan, useReauth } from '../session';
import { ReauthCancelled } from '../session/Reauth';
import { LabTabs } from './LabTabs';
import { flagTone, releasable, sortRows } from './model';

const LANES: Lane[] = ['ready', 'look', 'critical', 'qc_hold'];

export function LabPage() {
  const { t } = useWords();
  const can = useCan();
  const navigate = useNavigate();
  const client = useQueryClient();
  const { withReauth, dialog } = useReauth();
  const search = useSearch({ strict: false }) as { lane?: string; q?: string };
  const lane = (LANES.includes(search.lane as Lane) ? search.lane : undefined) as Lane | undefined;
  const [q, setQ] = useState(String(search.q ?? ''));
  const queue = useQuery({ queryKey: ['lab', 'queue', lane ?? ''], queryFn: () => get<LabQueue>(`/api/lab/queue${query({ lane })}`) });
  const now = useServerNow(queue.data?.now);
  const all = queue.data?.specimens ?? [];
  const wanted = q.trim().toLowerCase();
  const list = wanted
    ? all.filter((s) =>
        [s.barcode, s.patient.name, s.patient.pinyin, s.patient.local_id].some((x) => (x ?? '').toLowerCase().includes(wanted)),
      )
    : all;
  const [chosen, choose] = useState<string | null>(null);
  const at = Math.max(
    0,
    list.findIndex((s) => s.id === chosen),
  );
  const specimen = list[at];
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [outcome, setOutcome] = useState<ReleaseOutcome | null>(null);
  const [confirming, confirm] = useState<LabSpecimen | null>(null);
  const body = useRef<HTMLDivElement>(null);

  const set = (l: Lane | undefined) => void navigate({ to: '/lab', search: { lane: l } as never, replace: true });
  const send = async (work: () => Promise<ReleaseOutcome>) => {
    if (busy) return;
    setBusy(true);
    setError(null);
    setOutcome(null);
    try {
      const answer = await withReauth(work);
      setOutcome(answer.refused.length ? answer : null);
      notifications.show({ color: 'green', message: t('lab.released', { n: answer.released }) });
    } catch (e) {
      if (!(e instanceof ReauthCancelled)) setError(e);
    }
    setBusy(false);
    confirm(null);
    void client.invalidateQueries({ queryKey: ['lab'] });
  };
  const releaseOne = (s: LabSpecimen, comment?: string) =>
    send(() =>
      post<ReleaseOutcome>('/api/lab/release', {
        rows: s.results.filter(releasable).map((r) => ({ id: r.id, row_version: r.row_version })),
        comment,
      }),
    );
  const release = (s: LabSpecimen | undefined) => {
    if (!s || !can('verify') || !s.results.some(releasable)) return;
    // Anything but the first lane asks for a second look and a reason.
    if (s.lane === 'ready' && s.results.every((r) => r.holds.length === 0)) void releaseOne(s);
    else confirm(s);
  };
  const batch = () => void send(() => post<ReleaseOutcome>('/api/lab/release_ready', {}));
  const move = (to: number) => {
    const s = list[Math.min(list.length - 1, Math.max(0, to))];
    if (!s) return;
    choose(s.id);
    document.getElementById(`specimen-${s.id}`)?.scrollIntoView({ block: 'nearest' });
  };
  useKeys('lab', [
    { id: 'lab.up', keys: 'up', run: () => move(at - 1) },
    { id: 'lab.down', keys: 'down', run: () => move(at + 1) },
    { id: 'lab.release', keys: 'f8', inText: true, run: () => release(specimen), on: can('verify') },
    { id: 'lab.batch', keys: 'ctrl+f8', inText: true, run: batch, on: can('verify') },
    ...LANES.map((l, i) => ({ id: `lab.lane.${l}`, keys: `${i + 1}`, run: () => set(l) })),
    { id: 'lab.lane.all', keys: '0', run: () => set(undefined) },
  ]);
  useEffect(() => body.current?.focus({ preventScroll: true }), []);
  if (!can('verify', 'enter_results', 'receive_specimen')) return <NoRight />;
  const counts = queue.data?.counts;
  return (
    <div className="page-fill">
      <div className="bar">
        <LabTabs />
        <div role="tablist" aria-label={t('lab.lanes')} className="tabs">
          <button type="button" role="tab" className="tab" aria-selected={!lane} onClick={() => set(undefined)}>
            {t('lab.lane.all')}
          </button>
          {LANES.map((l) => (
            <button key={l} type="button" role="tab" className="tab" aria-selected={lane === l} onClick={() => set(l)}>
              {t(`lab.lane.${l}`)}
              <span className="tab-count" data-hot={l === 'critical' && (counts?.critical ?? 0) > 0}>
                {counts ? counts[l] : '–'}
              </span>
            </button>
          ))}
        </div>
        <span className="grow" />
        <TextInput aria-label={t('lab.find')} placeholder={t('lab.find')} value={q} onChange={(e) => setQ(e.currentTarget.value)} w={180} />
        {can('verify') && (
          <Button variant="default" disabled={!counts?.ready} loading={busy} onClick={batch}>
            {t('lab.batch', { n: counts?.ready ?? 0 })}
            <Keys keys="ctrl+f8" />
          </Button>
        )}
      </div>
      {error !== null && <FaultNote error={error} />}
      {outcome && (
        <div className="note" data-tone="amber" role="alert">
          {t('lab.refused', { n: outcome.refused.length })}
          <RefusedList outcome={outcome} />
        </div>
      )}
      <SplitPane
        id="lab"
        right0={820}
        min={560}
        max={1100}
        left={
          <div
            className="grid-body"
            ref={body}
            tabIndex={0}
            role="listbox"
            aria-label={t('lab.queue')}
            style={{ background: 'var(--yg-panel)' }}
          >
            {queue.isPending && <Loading />}
            {queue.isError && <FaultNote error={queue.error} retry={() => void queue.refetch()} />}
            {queue.data && list.length === 0 && <Empty title={t('lab.empty')} hint={t('lab.empty_hint')} />}
            {list.map((s, i) => (
              <div
                key={s.id}
                id={`specimen-${s.id}`}
                role="option"
                aria-selected={i === at}
                className="specimen"
                onClick={() => choose(s.id)}
              >
                <span className="row">
                  <PatientName patient={s.patient} strong />
                  {s.priority !== 'routine' && <PriorityChip priority={s.priority} />}
                  <span className="grow" />
                  <LaneTag lane={s.lane} />
                </span>
                <span className="row dim">
                  <span className="mono">{s.barcode}</span>
                  <span className="cut grow">{s.facility_name}</span>
                  {s.deadline !== null && s.received_at !== null && <DueCell arrived={s.received_at} deadline={s.deadline} now={now} />}
                </span>
              </div>
            ))}
          </div>
        }
        right={
          specimen ? (
            <SpecimenView key={specimen.id} specimen={specimen} now={now} release={() => release(specimen)} busy={busy} />
          ) : (
            <div className="preview" />
          )
        }
      />
      {confirming && (
        <ConfirmRelease
          specimen={confirming}
          busy={busy}
          close={() => confirm(null)}
          go={(comment) => void releaseOne(confirming, comment)}
        />
      )}
      {dialog}
    </div>
  );
}

function RefusedList({ outcome }: { outcome: ReleaseOutcome }) {
  const { pick } = useWords();
  return (
    <ul style={{ margin: 0, paddingLeft: 18 }}>
      {outcome.refused.slice(0, 8).map((r) => (
        <li key={r.id + r.code}>{pick(r.text_zh, r.text_en)}</li>
      ))}
    </ul>
  );
}

function LaneTag({ lane }: { lane: Lane }) {
  const { t } = useWords();
  return (
    <Tag tone={lane === 'ready' ? 'green' : lane === 'look' ? 'amber' : lane === 'critical' ? 'red' : 'violet'} fill={lane === 'critical'}>
      {t(`lab.lane.${lane}`)}
    </Tag>
  );
}

function SpecimenView({ specimen: s, now, release, busy }: { specimen: LabSpecimen; now: number; release: () => void; busy: boolean }) {
  const { t, pick } = useWords();
  const can = useCan();
  const age = useAge();
  const sex = useSex();
  const [editing, edit] = useState<{ row: LabRow; what: 'rerun' | 'correct' } | null>(null);
  const alerts = useQuery(alertsQuery('open'));
  const alert = alerts.data?.rows.find((a) => a.patient.id === s.patient.id && a.pipeline === 'lab' && a.acked_at === null);
  const [calling, call] = useState(false);
  const n = s.results.filter(releasable).length;
  return (
    <div className="preview" style={{ padding: 0, gap: 0 }}>
      <div className="item-head">
        <div className="row wrap">
          <strong style={{ fontSize: 16 }}>
            <PatientName patient={s.patient} />
          </strong>
          <span>
            {sex(s.patient.sex)} {age(s.patient.age)}
          </span>
          <span className="dim">{s.patient.local_id}</span>
          <PriorityChip priority={s.priority} />
          <LaneTag lane={s.lane} />
          <span className="grow" />
          {alert && can('raise_critical') && (
            <Button color="red" variant="outline" onClick={() => call(true)}>
              {t('critical.call')}
            </Button>
          )}
          {can('verify') && (
            <Button disabled={n === 0} loading={busy} onClick={release}>
              {t('lab.release', { n })}
              <Keys keys="f8" />
            </Button>
          )}
        </div>
        <div className="row dim wrap" style={{ gap: 14 }}>
          <span>
            {t('lab.barcode')} <span className="mono">{s.barcode}</span>
          </span>
          <span>{s.type}</span>
          <span>{s.facility_name}</span>
          {s.received_at && (
            <span>
              {t('lab.received')} {shortTime(s.received_at, now)}
            </span>
          )}
          {s.order?.history && (
            <span className="cut">
              {t('order.history')}: {s.order.history}
            </span>
          )}
        </div>
        {s.missing.length > 0 && (
          <div className="note" data-tone="amber">
            {t('lab.missing', { items: s.missing.join(t('lab.comma')) })}
          </div>
        )}
        {alert && (
          <div className="note" data-tone="red">
            {t('lab.alert_open')} {alert.finding} {alert.value} · {t(`critical.state.${alert.state}`)}
          </div>
        )}
      </div>
      <div className="scroll grow">
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">{t('lab.test')}</th>
              <th scope="col" className="num">
                {t('lab.value')}
              </th>
              <th scope="col">{t('lab.flag')}</th>
              <th scope="col">{t('lab.unit')}</th>
              <th scope="col">{t('lab.reference')}</th>
              <th scope="col">{t('lab.previous')}</th>
              <th scope="col">{t('lab.why')}</th>
              <th scope="col">{t('lab.instrument')}</th>
              <th scope="col">
                <span className="sr-only">{t('col.actions')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {sortRows(s.results).map((r) => (
              <tr key={r.id}>
                <th
                  scope="row"
                  style={{
                    position: 'static',
                    fontWeight: 500,
                    fontSize: 13,
                    color: 'var(--yg-text)',
                    borderBottom: '1px solid var(--yg-line)',
                  }}
                  title={r.code}
                >
                  {pick(r.name, r.name_en)} <span className="dim mono">{r.code}</span>
                </th>
                <td className={`num nowrap ${flagTone(r.flag)}`} style={{ fontSize: 15, fontWeight: 600 }}>
                  {r.comparator ?? ''}
                  {r.value_raw}
                </td>
                <td className={`nowrap ${flagTone(r.flag)}`}>{r.flag ? t(`lab.flag.${r.flag}`) : ''}</td>
                <td className="dim">{r.unit}</td>
                <td className="nowrap">
                  {r.reference || <span className="dim">–</span>}
                  {(r.critical_low !== null || r.critical_high !== null) && (
                    <div className="dim" style={{ fontSize: 11 }}>
                      {t('lab.critical_limits', { low: r.critical_low ?? '–', high: r.critical_high ?? '–' })}
                    </div>
                  )}
                </td>
                <td className="dim nowrap">
                  {r.previous.slice(0, 5).map((p, i) => (
                    <span key={`${p.at}${i}`} title={shortTime(p.at, now)}>
                      {i > 0 ? ' · ' : ''}
                      {p.value}
                    </span>
                  ))}
                  {r.previous.length === 0 && '–'}
                </td>
                <td>
                  {r.state === 'verified' || r.state === 'published' ? (
                    <Tag tone="green">{t(`lab.state.${r.state}`)}</Tag>
                  ) : r.holds.length === 0 ? (
                    <span className="tone-green">{t('lab.no_signal')}</span>
                  ) : (
                    r.holds.map((h) => (
                      <div key={h.code} className={h.code === 'critical' ? 'tone-red' : 'tone-amber'}>
                        {pick(h.text_zh, h.text_en)}
                      </div>
                    ))
                  )}
                </td>
                <td className="dim nowrap">
                  {r.instrument} {r.run_at ? shortTime(r.run_at, now) : ''} {r.reruns > 0 ? t('lab.reruns', { n: r.reruns }) : ''}
                </td>
                <td className="num nowrap">
                  {releasable(r) && can('enter_results', 'verify') && (
                    <Button size="compact-xs" variant="subtle" onClick={() => edit({ row: r, what: 'rerun' })}>
                      {t('lab.rerun')}
                    </Button>
                  )}
                  {r.state === 'published' && can('lead') && (
                    <Button size="compact-xs" variant="subtle" onClick={() => edit({ row: r, what: 'correct' })}>
                      {t('lab.correct')}
                    </Button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {s.results.length === 0 && <Empty title={t('lab.no_results')} />}
      </div>
      {editing && <RowDialog row={editing.row} what={editing.what} close={() => edit(null)} />}
      {calling && alert && <CallDialog alert={alert} close={() => call(false)} />}
    </div>
  );
}

function ConfirmRelease({
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

function RowDialog({ row, what, close }: { row: LabRow; what: 'rerun' | 'correct'; close: () => void }) {
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
