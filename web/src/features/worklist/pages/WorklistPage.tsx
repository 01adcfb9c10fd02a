// 阅片工作列表 (the worklist): the whole day on one screen, live, and a keyboard that never needs the mouse. The side pane shows request,
// picture and flags of the row in hand, so opening is for reading only.
import { Button, SegmentedControl, Select, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import type { WorkRow, WorkTab } from '../../../api/types';
import { useWords } from '../../../i18n';
import { useKeys } from '../../../keys';
import { Keys, useServerNow } from '../../../ui/bits';
import { hourMinute } from '../../../ui/format';
import { SplitPane } from '../../../ui/SplitPane';
import { Empty, FaultNote, Loading, NoRight, useFaultText } from '../../../ui/State';
import { useCan } from '../../session';
import { shownCount, sortRows } from '../model';
import { Preview } from '../Preview';
import { GLANCE_MS, glanceQuery, next, worklistQuery } from '../queries';
import { columns, Row } from '../Row';

const TABS: WorkTab[] = ['write', 'audit', 'mine', 'returned', 'critical', 'published', 'overdue'];
const ROW = 28;

export function WorklistPage() {
  const { t, pick, has, language } = useWords();
  const can = useCan();
  const navigate = useNavigate();
  const client = useQueryClient();
  const faultText = useFaultText();
  const search = useSearch({ strict: false }) as Record<string, string | undefined>;
  const tab = (TABS.includes(search.tab as WorkTab) ? search.tab : can('write') ? 'write' : 'audit') as WorkTab;
  const [q, setQ] = useState(search.q ?? '');
  const slowQ = useDeferredValue(q);
  const filter = {
    tab,
    pipeline: search.pipeline,
    modality: search.modality,
    facility: search.facility,
    q: slowQ.trim() || undefined,
    sort: search.sort,
    dir: search.dir,
  };
  const list = useQuery(worklistQuery(filter));
  const now = useServerNow(list.data?.now);
  const set = (change: Record<string, string | undefined>) =>
    void navigate({ to: '/worklist', search: { ...search, tab, ...change } as never, replace: true });

  const rows = useMemo(() => sortRows(list.data?.rows ?? [], search.sort, search.dir), [list.data, search.sort, search.dir]);
  const [chosen, choose] = useState<string | null>(null);
  const at = Math.max(
    0,
    rows.findIndex((r) => r.id === chosen),
  );
  const row = rows[at];
  // The row in hand is the one that is opened next: its images begin to come now.
  const [subject, item] = row?.pipeline === 'imaging' ? [row.subject, row.id] : [null, null];
  useEffect(() => {
    if (!subject || !item) return;
    const timer = setTimeout(() => {
      void import('./ReadPage').catch(() => undefined);
      void import('../../imaging').then((m) => m.warm(client, subject)).catch(() => undefined);
    }, 200);
    return () => clearTimeout(timer);
  }, [subject, item, client]);
  // A list that was read anew may name another patient than the glance at the row: that is taken anew, too.
  const listed = list.dataUpdatedAt;
  useEffect(() => {
    if (!item || !listed) return;
    const timer = setTimeout(() => {
      void client.prefetchQuery({ ...glanceQuery(item), staleTime: Math.min(GLANCE_MS, Date.now() - listed) });
    }, 200);
    return () => clearTimeout(timer);
  }, [item, listed, client]);
  const body = useRef<HTMLDivElement>(null);
  const finder = useRef<HTMLInputElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => body.current, estimateSize: () => ROW, overscan: 12 });
  const go = (to: number) => {
    const target = rows[Math.min(rows.length - 1, Math.max(0, to))];
    if (!target) return;
    choose(target.id);
    virtual.scrollToIndex(rows.indexOf(target));
  };
  const openRow = (r: WorkRow | undefined) => {
    if (!r) return;
    if (r.pipeline === 'lab') void navigate({ to: '/lab', search: { q: r.patient.local_id } as never });
    else if ((tab === 'published' || r.report_state === 'published') && r.report && !r.holder_is_me)
      void navigate({ to: '/reports/$id', params: { id: r.report } });
    else void navigate({ to: '/read/$id', params: { id: r.id } });
  };
  const [fetching, setFetching] = useState(false);
  const takeNext = () => {
    if (fetching) return;
    setFetching(true);
    next(search.pipeline, tab === 'audit' ? 'audit' : tab === 'write' ? 'write' : undefined)
      .then((item) => {
        if (!item) {
          notifications.show({ message: t('work.none_left') });
          return;
        }
        client.setQueryData(['work', item.id], item);
        void navigate({ to: '/read/$id', params: { id: item.id } });
      })
      .catch((e) => notifications.show({ color: 'red', message: faultText(e) }))
      .finally(() => setFetching(false));
  };
  useKeys('worklist', [
    { id: 'list.up', keys: 'up', run: () => go(at - 1) },
    { id: 'list.down', keys: 'down', run: () => go(at + 1) },
    { id: 'list.first', keys: 'home', run: () => go(0), hidden: true },
    { id: 'list.last', keys: 'end', run: () => go(rows.length - 1), hidden: true },
    { id: 'list.pageup', keys: 'pgup', run: () => go(at - 20), hidden: true },
    { id: 'list.pagedown', keys: 'pgdn', run: () => go(at + 20), hidden: true },
    { id: 'list.open', keys: 'enter', run: () => openRow(row) },
    { id: 'list.next', keys: 'f8|n', inText: true, run: takeNext },
    { id: 'list.find', keys: '/', run: () => finder.current?.focus() },
    { id: 'list.refresh', keys: 'r', run: () => void list.refetch() },
    ...TABS.map((name, i) => ({ id: `list.tab${i + 1}`, keys: `${i + 1}`, run: () => set({ tab: name }), hidden: true })),
  ]);
  useEffect(() => {
    body.current?.focus({ preventScroll: true });
  }, []);
  const facilities = useMemo(() => {
    const seen = new Map<string, string>();
    for (const r of rows) seen.set(r.facility, pick(r.facility_name, r.facility_name_en));
    return [...seen].sort().map(([value, label]) => ({ value, label }));
  }, [rows, pick]);

  if (!can('write', 'audit', 'verify', 'lead')) return <NoRight />;
  const counts = list.data?.counts;
  const finished = tab === 'published';
  const head = (label: string, sort?: string) => {
    if (!sort) return <span role="columnheader">{label}</span>;
    const active = (search.sort ?? 'order') === sort;
    const dir = active && search.dir !== 'desc' ? 'desc' : 'asc';
    return (
      <span role="columnheader" aria-sort={active ? (search.dir === 'desc' ? 'descending' : 'ascending') : 'none'}>
        <button type="button" onClick={() => set({ sort, dir })}>
          {label} {active ? (search.dir === 'desc' ? '↓' : '↑') : ''}
        </button>
      </span>
    );
  };

  return (
    <div className="page-fill">
      <div className="bar" style={{ padding: '0 12px' }}>
        <h1 className="sr-only">{t('nav.worklist')}</h1>
        <div role="tablist" aria-label={t('nav.worklist')} className="tabs">
          {TABS.map((name) => (
            <button key={name} type="button" role="tab" aria-selected={tab === name} className="tab" onClick={() => set({ tab: name })}>
              {t(`tab.${name}`)}
              <span className="tab-count" data-hot={(name === 'critical' || name === 'overdue') && (counts?.[name] ?? 0) > 0}>
                {counts ? shownCount(counts[name]) : '–'}
              </span>
            </button>
          ))}
        </div>
        <span className="grow" />
        <Button onClick={takeNext} loading={fetching}>
          {t('work.next')}
          <Keys keys="f8" />
        </Button>
      </div>
      <div className="bar">
        <TextInput
          ref={finder}
          aria-label={t('work.find')}
          placeholder={t('work.find')}
          value={q}
          onChange={(e) => setQ(e.currentTarget.value)}
          onKeyDown={(e) => {
            if (e.key === 'Escape' || e.key === 'Enter' || e.key === 'ArrowDown') body.current?.focus();
          }}
          w={250}
        />
        <SegmentedControl
          aria-label={t('work.pipeline')}
          value={search.pipeline ?? ''}
          onChange={(v) => set({ pipeline: v || undefined, modality: undefined })}
          data={[
            { value: '', label: t('work.all') },
            ...(['imaging', 'ecg', 'lab'] as const).map((p) => ({ value: p, label: t(`pipeline.${p}`) })),
          ]}
        />
        <Select
          aria-label={t('col.modality')}
          placeholder={t('work.any_modality')}
          clearable
          w={120}
          value={search.modality ?? null}
          onChange={(v) => set({ modality: v ?? undefined })}
          data={['DX', 'CR', 'CT', 'MR', 'US', 'MG', 'ECG']}
        />
        <Select
          aria-label={t('col.clinic')}
          placeholder={t('work.any_clinic')}
          clearable
          searchable
          w={190}
          value={search.facility ?? null}
          onChange={(v) => set({ facility: v ?? undefined })}
          data={
            search.facility && !facilities.some((f) => f.value === search.facility)
              ? [...facilities, { value: search.facility, label: search.facility }]
              : facilities
          }
        />
        <span className="grow" />
        <span className="dim nowrap" role="status">
          {list.data ? t('work.total', { n: `${rows.length}${list.data.next_cursor ? '+' : ''}`, at: hourMinute(now) }) : ''}
        </span>
      </div>
      <SplitPane
        id="worklist"
        right0={320}
        min={240}
        max={520}
        left={
          <div
            className="col grow"
            role="grid"
            aria-label={t('nav.worklist')}
            aria-rowcount={rows.length}
            style={{ background: 'var(--yg-panel)' }}
          >
            <div className="grid-head" role="row" style={{ gridTemplateColumns: columns(language) }}>
              {head(finished ? t('col.arrived') : t('col.due'), finished ? 'arrived' : 'deadline')}
              {head(t('col.class'), 'order')}
              {head(t('col.modality'))}
              {head(t('col.title'))}
              {head(t('col.patient'), 'patient')}
              {head(t('col.clinic'), 'facility')}
              {head(t('col.waiting'), 'arrived')}
              {head(t('col.images'))}
              {head(t('col.priors'))}
              {head(t('col.holder'))}
              {head(t('col.flags'))}
            </div>
            <div className="grid-body" ref={body} tabIndex={0} role="rowgroup" aria-label={t('work.rows')}>
              {list.isPending && <Loading />}
              {list.isError && (
                <div className="panel-pad">
                  <FaultNote error={list.error} retry={() => void list.refetch()} />
                </div>
              )}
              {list.data && rows.length === 0 && (
                <Empty
                  title={t(`work.empty.${tab}`)}
                  hint={q || search.modality || search.facility || search.pipeline ? t('work.empty_filter') : t('work.empty_hint')}
                />
              )}
              <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
                {virtual.getVirtualItems().map((v) => {
                  const r = rows[v.index];
                  if (!r) return null;
                  return (
                    <Row
                      key={r.id}
                      row={r}
                      index={v.index}
                      selected={v.index === at}
                      now={now}
                      top={v.start}
                      finished={finished}
                      choose={() => choose(r.id)}
                      open={() => openRow(r)}
                      has={has}
                    />
                  );
                })}
              </div>
            </div>
          </div>
        }
        right={<Preview row={row} now={now} open={() => openRow(row)} />}
      />
    </div>
  );
}
