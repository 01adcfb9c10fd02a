// Everything on its way to somebody: objects, notifications, storage commitments, reports. What waits, what failed and why in plain words;
// tried again or given up from here.
import { Button, Select } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useRef } from 'react';
import { useWords } from '../../i18n';
import { useKeys } from '../../keys';
import { Tag, useServerNow, useSpan } from '../../ui/bits';
import { shortTime } from '../../ui/format';
import { SplitPane } from '../../ui/SplitPane';
import { Await, Empty, NoRight } from '../../ui/State';
import { useCan } from '../session';
import { useActs } from './acts';
import { EntryView } from './EntryView';
import { canRetry, canStop, type Entry, type Receiver, shownState, sums, TABS, TONES, until } from './model';
import { outboxQuery } from './queries';
import '../../ui/record.css';
import './outbox.css';

interface Search {
  state?: string;
  to?: string;
  entry?: string;
}

const keyOf = (e: Entry) => `${e.kind}.${e.id}`;

export function OutboxPage() {
  const { t } = useWords();
  const can = useCan();
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const allowed = can('upload', 'lead', 'administer');
  const tab = (TABS as readonly string[]).includes(search.state ?? '') ? (search.state as string) : 'waiting';
  const set = (next: Partial<Search>) => void navigate({ to: '/outbox', search: { ...search, ...next } as never, replace: true });
  const list = useInfiniteQuery({ ...outboxQuery(tab === 'all' ? '' : tab, search.to ?? ''), enabled: allowed });
  const newest = list.data?.pages[0];
  const rows = list.data?.pages.flatMap((p) => p.rows) ?? [];
  const now = useServerNow(newest?.now, 1_000);
  const chosen = rows.find((r) => keyOf(r) === search.entry) ?? rows[0] ?? null;
  const acts = useActs();
  const body = useRef<HTMLTableSectionElement>(null);
  const choose = (e: Entry) => set({ entry: keyOf(e) });
  const step = (by: number) => {
    const at = chosen ? rows.indexOf(chosen) : -1;
    const next = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
    if (!next) return;
    choose(next);
    body.current?.querySelector(`[data-key="${keyOf(next)}"]`)?.scrollIntoView({ block: 'nearest' });
  };
  const turn = (by: number) =>
    set({ state: TABS[(TABS.indexOf(tab as (typeof TABS)[number]) + by + TABS.length) % TABS.length], entry: undefined });
  useKeys('outbox', [
    { id: 'outbox.next', keys: 'j|arrowdown', run: () => step(1) },
    { id: 'outbox.previous', keys: 'k|arrowup', run: () => step(-1) },
    { id: 'outbox.tab', keys: ']', run: () => turn(1) },
    { id: 'outbox.tab_back', keys: '[', run: () => turn(-1), hidden: true },
    { id: 'outbox.retry', keys: 'r', on: !!chosen && canRetry(chosen), run: () => chosen && acts.retry(chosen) },
    { id: 'outbox.stop', keys: 'x', on: !!chosen && canStop(chosen), run: () => chosen && acts.stop(chosen) },
  ]);
  if (!allowed) return <NoRight />;
  const total = sums(newest?.receivers ?? []);
  return (
    <div className="page-fill">
      <div className="bar" style={{ gap: 12 }}>
        <h1 className="bar-title">{t('outbox.title')}</h1>
        <fieldset className="row tabs" aria-label={t('outbox.which')}>
          {TABS.map((x) => (
            <button key={x} type="button" className="tab" aria-pressed={x === tab} onClick={() => set({ state: x, entry: undefined })}>
              {t(`outbox.tab.${x}`)}
              {(x === 'waiting' || x === 'failed') && (
                <strong className={x === 'failed' && total.failed > 0 ? 'tone-red' : undefined}>{newest ? total[x] : '–'}</strong>
              )}
            </button>
          ))}
        </fieldset>
        <span className="grow" />
        <ToWhom receivers={newest?.receivers ?? []} rows={rows} to={search.to ?? ''} choose={(to) => set({ to, entry: undefined })} />
      </div>
      <ReceiverNote receivers={newest?.receivers ?? []} to={search.to} now={now} />
      <SplitPane
        id="outbox"
        right0={470}
        min={360}
        max={800}
        left={
          <div className="scroll grow panel">
            <Await query={list}>
              {rows.length === 0 ? (
                <Empty title={t(`outbox.empty.${tab}`)} hint={search.to ? t('outbox.empty_filtered') : t(`outbox.empty_hint.${tab}`)} />
              ) : (
                <table className="plain picks">
                  <thead>
                    <tr>
                      {['state', 'to', 'what', 'progress', 'tries', 'at'].map((c) => (
                        <th key={c} scope="col">
                          {t(`outbox.col.${c}`)}
                        </th>
                      ))}
                    </tr>
                  </thead>
                  <tbody ref={body}>
                    {rows.map((r) => (
                      <Line key={keyOf(r)} entry={r} chosen={r === chosen} choose={choose} now={now} />
                    ))}
                  </tbody>
                </table>
              )}
              {list.hasNextPage && (
                <div className="more">
                  <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
                    {t('outbox.more')}
                  </Button>
                </div>
              )}
            </Await>
          </div>
        }
        right={chosen ? <EntryView key={keyOf(chosen)} entry={chosen} acts={acts} now={now} /> : <Empty title={t('outbox.choose')} />}
      />
      {acts.dialog}
    </div>
  );
}

function ToWhom({ receivers, rows, to, choose }: { receivers: Receiver[]; rows: Entry[]; to: string; choose: (to?: string) => void }) {
  const { t } = useWords();
  const names = new Map(receivers.map((r) => [r.id, r.name]));
  for (const r of rows) names.set(r.to, r.to_name);
  if (to && !names.has(to)) names.set(to, to);
  return (
    <Select
      aria-label={t('outbox.receiver')}
      placeholder={t('outbox.all_receivers')}
      data={[...names].map(([value, label]) => ({ value, label }))}
      value={to || null}
      onChange={(v) => choose(v ?? undefined)}
      clearable
      searchable
      w={220}
    />
  );
}

/** What is known of the receiver that failures are about: the first place to look. The line keeps its height when there is nothing to say. */
function ReceiverNote({ receivers, to, now }: { receivers: Receiver[]; to: string | undefined; now: number }) {
  const { t } = useWords();
  const span = useSpan();
  const about = to
    ? receivers.filter((r) => r.id === to)
    : receivers.filter((r) => r.failed > 0 || r.retrying > 0 || !r.enabled).slice(0, 4);
  return (
    <div className="receivers" aria-live="polite">
      {about.length === 0 && <span className="dim">{t(to ? 'outbox.receiver_idle' : 'outbox.receivers_well')}</span>}
      {about.map((r) => (
        <span key={r.id} className="row" style={{ gap: 6 }}>
          <strong>{r.name}</strong>
          {!r.enabled && <Tag tone="orange">{t('outbox.disabled')}</Tag>}
          {r.failed > 0 && <span className="tone-red">{t('outbox.n_failed', { n: r.failed })}</span>}
          {r.retrying > 0 && <span className="tone-amber">{t('outbox.n_retrying', { n: r.retrying })}</span>}
          {r.waiting > 0 && <span>{t('outbox.n_waiting', { n: r.waiting })}</span>}
          {r.oldest_at !== null && <span className="dim">{t('outbox.oldest', { span: span(now - r.oldest_at) })}</span>}
        </span>
      ))}
    </div>
  );
}

function Line({ entry: e, chosen, choose, now }: { entry: Entry; chosen: boolean; choose: (e: Entry) => void; now: number }) {
  const { t, has } = useWords();
  const span = useSpan();
  const state = shownState(e) as keyof typeof TONES;
  const wait = e.state === 'waiting' ? until(e.next_at, now) : null;
  return (
    <tr data-key={keyOf(e)} aria-current={chosen || undefined} onClick={() => choose(e)}>
      <td className="nowrap">
        <Tag tone={TONES[state]}>{t(`outbox.state.${state}`)}</Tag>
      </td>
      <td className="cut-cell">
        <button type="button" className="pick" onClick={() => choose(e)}>
          {e.to_name}
        </button>
      </td>
      <td className="cut-cell wide">
        <div className="cut">
          {t(`outbox.cause.${e.cause}`)}
          {e.modality && <span className="dim"> · {e.cause === 'report' ? t(`pipeline.${e.modality}`) : e.modality}</span>}
          {e.patient_name && <bdi> · {e.patient_name}</bdi>}
        </div>
        {e.reason !== '' && (
          <div className="cut why-not">{has(`outbox.reason.${e.reason}`) ? t(`outbox.reason.${e.reason}`) : e.error}</div>
        )}
      </td>
      <td className="nowrap num">{t('outbox.of', { n: e.sent, all: e.objects })}</td>
      <td className="nowrap">
        {e.attempts}
        {wait !== null && e.attempts > 0 && (
          <span className="dim"> · {wait < 60_000 ? t('outbox.soon') : t('outbox.in', { span: span(wait) })}</span>
        )}
      </td>
      <td className="nowrap dim">{shortTime(e.at, now)}</td>
    </tr>
  );
}
