// 检验审核 (lab verification): four lanes; the batch key releases the first only. Why a row is held always stands beside it.
import { Button, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { get, post, query } from '../../api/client';
import type { LabQueue, LabSpecimen, Lane, ReleaseOutcome } from '../../api/types';
import { useWords } from '../../i18n';
import { useKeys } from '../../keys';
import { DueCell, Keys, PatientName, PriorityChip, useServerNow } from '../../ui/bits';
import { SplitPane } from '../../ui/SplitPane';
import { Empty, FaultNote, Loading, NoRight } from '../../ui/State';
import { useCan, useReauth } from '../session';
import { ReauthCancelled } from '../session/Reauth';
import { ConfirmRelease, RefusedList } from './dialogs';
import { LabTabs } from './LabTabs';
import { releasable } from './model';
import { LaneTag, SpecimenView } from './Specimen';
import './lab.css';

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
