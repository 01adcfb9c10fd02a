// 阅片工作列表 (the worklist): the whole day on one screen, live, and a keyboard that never needs the mouse. The side pane shows request,
// picture and flags of the row in hand, so opening is for reading only.
import { Button, SegmentedControl, Select, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { get } from '../../../api/client';
import type { WorkItemDetail, WorkRow, WorkTab } from '../../../api/types';
import { useWords } from '../../../i18n';
import { useKeys } from '../../../keys';
import { DueCell, Keys, PatientName, PriorityChip, Tag, useAge, usePersonName, useServerNow, useSex, useSpan } from '../../../ui/bits';
import { dayTime, dicomDate, hourMinute, shortTime } from '../../../ui/format';
import { SplitPane } from '../../../ui/SplitPane';
import { Empty, FaultNote, Loading, NoRight, useFaultText } from '../../../ui/State';
import { useCan } from '../../session';
import { sortRows } from '../model';
import { next, worklistQuery } from '../queries';

const TABS: WorkTab[] = ['write', 'audit', 'mine', 'returned', 'critical', 'published', 'overdue'];
const ROW = 28;
const COLUMNS =
  '92px 52px 44px minmax(120px,1.3fr) minmax(150px,1.5fr) minmax(110px,1.3fr) 66px 58px 46px minmax(76px,1fr) minmax(110px,1.1fr)';

export function WorklistPage() {
  const { t, pick, has } = useWords();
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
                {counts ? counts[name] : '–'}
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
            <div className="grid-head" role="row" style={{ gridTemplateColumns: COLUMNS }}>
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

function Row({
  row: r,
  index,
  selected,
  now,
  top,
  finished,
  choose,
  open,
  has,
}: {
  row: WorkRow;
  index: number;
  selected: boolean;
  now: number;
  top: number;
  finished: boolean;
  choose: () => void;
  open: () => void;
  has: (key: string) => boolean;
}) {
  const { t, pick } = useWords();
  const age = useAge();
  const sex = useSex();
  const words = useSpan();
  const person = usePersonName();
  return (
    <div
      role="row"
      aria-rowindex={index + 1}
      aria-selected={selected}
      className="grid-row"
      style={{ gridTemplateColumns: COLUMNS, position: 'absolute', top: 0, left: 0, right: 0, transform: `translateY(${top}px)` }}
      onClick={choose}
      onDoubleClick={open}
      onKeyDown={() => undefined}
    >
      <span role="gridcell">
        {finished ? (
          <span className="dim nowrap">{shortTime(r.arrived_at, now)}</span>
        ) : (
          <DueCell arrived={r.arrived_at} deadline={r.deadline} now={now} stopped={r.state === 'returned' || r.state === 'done'} />
        )}
      </span>
      <span role="gridcell">
        <PriorityChip priority={r.priority} />
      </span>
      <span role="gridcell" className="mono">
        {r.modality}
      </span>
      <span role="gridcell" className="cut" title={r.title}>
        {r.title || r.body_part}
      </span>
      <span role="rowheader" className="row" style={{ gap: 6, minWidth: 0 }}>
        <PatientName patient={r.patient} strong />
        <span className="dim nowrap">
          {sex(r.patient.sex)} {age(r.patient.age)}
        </span>
      </span>
      <span role="gridcell" className="cut">
        {pick(r.facility_name, r.facility_name_en)}
      </span>
      <span role="gridcell" className="nowrap dim">
        {words(now - r.arrived_at)}
      </span>
      <span role="gridcell" className="nowrap">
        {r.pipeline === 'imaging'
          ? t('work.images', { n: r.images })
          : r.pipeline === 'ecg'
            ? t('work.leads')
            : t('work.items', { n: r.images || '–' })}
      </span>
      <span role="gridcell" className="nowrap dim">
        {r.priors || '–'}
      </span>
      <span role="gridcell" className="cut">
        {r.holder ? (
          <span className={r.holder_is_me ? 'tone-blue' : 'tone-amber'}>{r.holder_is_me ? t('work.me') : person(r.holder)}</span>
        ) : (
          <span className="dim">–</span>
        )}
      </span>
      <span role="gridcell" className="row" style={{ gap: 4, overflow: 'hidden' }}>
        {r.has_critical && (
          <Tag tone="red" fill>
            {t('flag.critical')}
          </Tag>
        )}
        {r.triage === 'red' && (
          <Tag tone="red" fill>
            {t('triage.red')}
          </Tag>
        )}
        {r.triage === 'orange' && <Tag tone="orange">{t('triage.orange')}</Tag>}
        {r.report_state === 'amending' && <Tag tone="amber">{t('state.amending')}</Tag>}
        {r.state === 'returned' && (
          <Tag tone="amber">{has(`return.reason.${r.return_reason}`) ? t(`return.reason.${r.return_reason}`) : t('tab.returned')}</Tag>
        )}
        {r.flags.map((f) => (
          <Tag key={f} tone="amber">
            {has(`flag.${f}`) ? t(`flag.${f}`) : f}
          </Tag>
        ))}
        {finished && r.report_n > 0 && <span className="dim">v{r.report_n}</span>}
      </span>
    </div>
  );
}

function Preview({ row, now, open }: { row: WorkRow | undefined; now: number; open: () => void }) {
  const { t, pick, has } = useWords();
  const age = useAge();
  const sex = useSex();
  const person = usePersonName();
  const settled = useDeferredValue(row?.id);
  const detail = useQuery({
    queryKey: ['worklist', 'preview', settled],
    queryFn: () => get<WorkItemDetail>(`/api/work/${settled}`),
    enabled: Boolean(settled),
    staleTime: 20_000,
  });
  if (!row) return <div className="preview" />;
  const d = detail.data?.id === row.id ? detail.data : undefined;
  const order = d?.order;
  return (
    <aside className="preview" aria-label={t('work.preview')}>
      <div className="row wrap">
        <strong style={{ fontSize: 16 }}>
          <PatientName patient={row.patient} />
        </strong>
        <span>
          {sex(row.patient.sex)} {age(row.patient.age)}
        </span>
        <PriorityChip priority={row.priority} />
      </div>
      <div className="field-line">
        <span>{t('col.title')}</span>
        <span>
          {row.modality} {row.title}
        </span>
      </div>
      <div className="field-line">
        <span>{t('col.clinic')}</span>
        <span>{pick(row.facility_name, row.facility_name_en)}</span>
      </div>
      <div className="field-line">
        <span>{t('patient.id')}</span>
        <span>
          {row.patient.local_id} {dicomDate(row.patient.birth_date)}
        </span>
      </div>
      <div className="field-line">
        <span>{t('work.arrived')}</span>
        <span>{dayTime(row.arrived_at)}</span>
      </div>
      <div className="field-line">
        <span>{t('order.orderer')}</span>
        <span>{order ? `${order.orderer || '–'} ${order.department}` : d ? t('order.none') : '…'}</span>
      </div>
      <div className="field-line">
        <span>{t('order.history')}</span>
        <span>{order ? order.history || t('order.no_history') : d ? '–' : '…'}</span>
      </div>
      {row.holder && (
        <div className="field-line">
          <span>{t('col.holder')}</span>
          <span>
            {row.holder_is_me ? t('work.me') : person(row.holder)}{' '}
            {row.lease_until && row.lease_until > now ? t('work.until', { at: hourMinute(row.lease_until) }) : ''}
          </span>
        </div>
      )}
      {row.state === 'returned' && (
        <div className="note" data-tone="amber">
          {has(`return.reason.${row.return_reason}`) ? t(`return.reason.${row.return_reason}`) : row.return_reason} {row.return_text}
        </div>
      )}
      <Picture row={row} />
      {d && d.previous_reports.length > 0 && (
        <div>
          <div className="label">{t('report.previous', { n: d.previous_reports.length })}</div>
          {d.previous_reports.slice(0, 4).map((p) => (
            <div key={p.report + p.n} className="cut" title={p.impression}>
              <span className="dim">{dayTime(p.published_at).slice(0, 10)}</span> {p.title}: {p.impression}
            </div>
          ))}
        </div>
      )}
      <div className="row" style={{ marginTop: 'auto' }}>
        <Button onClick={open}>
          {t(row.pipeline === 'lab' ? 'work.open_lab' : 'work.open')}
          <Keys keys="enter" />
        </Button>
      </div>
    </aside>
  );
}

function Picture({ row }: { row: WorkRow }) {
  const { t } = useWords();
  const [failed, fail] = useState('');
  const source =
    row.pipeline === 'imaging'
      ? (row.thumbnail?.replace(/\/thumbnail$/, '/preview') ?? `/api/studies/${row.subject}/preview`)
      : row.pipeline === 'ecg'
        ? `/api/ecg/${row.subject}/svg?layout=3x4%2B1&speed=25&gain=10`
        : null;
  if (!source) return null;
  return (
    <div className="picture" data-paper={row.pipeline === 'ecg'}>
      {failed === source ? (
        <span className="dim">{t('work.no_picture')}</span>
      ) : (
        <img key={source} src={source} alt={t('work.picture', { title: row.title })} onError={() => fail(source)} />
      )}
    </div>
  );
}
