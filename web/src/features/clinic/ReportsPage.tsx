// The clinic's report inbox: newest first, unread bold, changed reports and open critical values marked; opening is seeing.
import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useDeferredValue, useRef, useState } from 'react';
import { get, query } from '../../api/client';
import type { ClinicReport } from '../../api/types';
import { useWords } from '../../i18n';
import { useKeys } from '../../keys';
import { PatientName, Tag, useAge, useServerNow, useSex } from '../../ui/bits';
import { shortTime } from '../../ui/format';
import { Await, Empty } from '../../ui/State';
import { ClinicTabs } from './ClinicTabs';

export function ReportsPage() {
  const { t } = useWords();
  const navigate = useNavigate();
  const age = useAge();
  const sex = useSex();
  const search = useSearch({ strict: false }) as { show?: string };
  const [q, setQ] = useState('');
  const slow = useDeferredValue(q.trim());
  const now = useServerNow(undefined);
  const finder = useRef<HTMLInputElement>(null);
  const [at, setAt] = useState(0);
  const list = useInfiniteQuery({
    queryKey: ['clinic', 'reports', slow],
    queryFn: ({ pageParam }) =>
      get<{ rows: ClinicReport[]; next_cursor: string | null }>(`/api/clinic/reports${query({ q: slow, cursor: pageParam })}`),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
  const show = String(search.show ?? 'all');
  const all = list.data?.pages.flatMap((p) => p.rows) ?? [];
  const rows = all.filter((r) => (show === 'ack' ? r.needs_ack : show === 'new' ? r.seen_at === null : true));
  const open = (r: ClinicReport | undefined) =>
    r && void navigate({ to: '/reports/$id', params: { id: r.report }, search: { v: r.n } as never });
  useKeys('reports', [
    { id: 'reports.up', keys: 'up', run: () => setAt(Math.max(0, at - 1)) },
    { id: 'reports.down', keys: 'down', run: () => setAt(Math.min(rows.length - 1, at + 1)) },
    { id: 'reports.open', keys: 'enter', run: () => open(rows[at]) },
    { id: 'reports.find', keys: '/', run: () => finder.current?.focus() },
  ]);
  return (
    <div className="page-fill">
      <div className="bar">
        <ClinicTabs />
        <span className="grow" />
        <SegmentedControl
          aria-label={t('clinic.show')}
          value={show}
          onChange={(v) => void navigate({ to: '/clinic/reports', search: (v === 'all' ? {} : { show: v }) as never, replace: true })}
          data={[
            { value: 'all', label: t('work.all') },
            { value: 'new', label: t('inbox.new') },
            { value: 'ack', label: t('inbox.ack') },
          ]}
        />
        <TextInput
          ref={finder}
          aria-label={t('work.find')}
          placeholder={t('work.find')}
          value={q}
          onChange={(e) => setQ(e.currentTarget.value)}
          w={220}
        />
      </div>
      <div className="scroll grow" style={{ background: 'var(--yg-panel)' }}>
        <h1 className="sr-only">{t('clinic.reports')}</h1>
        <Await query={list}>
          {rows.length === 0 ? (
            <Empty title={t('inbox.empty')} hint={t('inbox.empty_hint')} />
          ) : (
            <table className="plain">
              <thead>
                <tr>
                  <th scope="col">{t('inbox.published')}</th>
                  <th scope="col">{t('col.patient')}</th>
                  <th scope="col">{t('col.title')}</th>
                  <th scope="col">{t('inbox.version')}</th>
                  <th scope="col">{t('inbox.mark')}</th>
                  <th scope="col">{t('inbox.state')}</th>
                  <th scope="col">
                    <span className="sr-only">{t('col.actions')}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.map((r, i) => (
                  <tr
                    key={r.report + r.n}
                    aria-selected={i === at}
                    style={{ fontWeight: r.seen_at === null ? 600 : 400, background: i === at ? 'var(--yg-select)' : undefined }}
                    onDoubleClick={() => open(r)}
                  >
                    <td className="nowrap">{shortTime(r.published_at, now)}</td>
                    <td className="nowrap">
                      <PatientName patient={r.patient} /> <span className="dim">{`${sex(r.patient.sex)} ${age(r.patient.age)}`}</span>
                    </td>
                    <td>
                      <span className="dim">{t(`pipeline.${r.pipeline}`)}</span> {r.title}
                    </td>
                    <td className="nowrap">
                      v{r.n} {r.kind !== 'final' && <Tag tone={r.kind === 'withdrawn' ? 'red' : 'amber'}>{t(`version.${r.kind}`)}</Tag>}
                    </td>
                    <td>{r.mark && <Tag tone="green">{typeof r.mark === 'string' ? r.mark : r.mark.text}</Tag>}</td>
                    <td className="nowrap">
                      {r.critical_open && (
                        <Tag tone="red" fill>
                          {t('flag.critical')}
                        </Tag>
                      )}{' '}
                      {r.needs_ack ? (
                        <span className="tone-red">{t('inbox.needs_ack')}</span>
                      ) : r.seen_at ? (
                        <span className="dim">
                          {t('inbox.seen', {
                            at: shortTime(r.seen_at, now),
                            name: typeof r.seen_by === 'string' ? r.seen_by : (r.seen_by?.name ?? ''),
                          })}
                        </span>
                      ) : (
                        <span className="tone-blue">{t('inbox.unseen')}</span>
                      )}
                    </td>
                    <td className="num nowrap">
                      <Button size="compact-xs" variant="default" onClick={() => open(r)}>
                        {t('action.open')}
                      </Button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          {list.hasNextPage && (
            <div className="state" style={{ minHeight: 60 }}>
              <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
                {t('action.more')}
              </Button>
            </div>
          )}
        </Await>
      </div>
    </div>
  );
}
