// For the lead and the quality officer: withdrawals that wait for the second of them, and a search for any signed report.
import { Button, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useDeferredValue, useRef, useState } from 'react';
import { get, query } from '../../api/client';
import type { ClinicReport, UntoldWithdrawal, WaitingWithdrawal } from '../../api/types';
import { useWords } from '../../i18n';
import { useKeys } from '../../keys';
import { PatientName, Tag, usePersonName, useServerNow } from '../../ui/bits';
import { shortTime } from '../../ui/format';
import { Await, Empty, NoRight } from '../../ui/State';
import { useCan } from '../session';
import { Untold } from './Untold';

export function WithdrawalsPage() {
  const { t } = useWords();
  const can = useCan();
  const person = usePersonName();
  const navigate = useNavigate();
  const [q, setQ] = useState('');
  const slow = useDeferredValue(q.trim());
  const finder = useRef<HTMLInputElement>(null);
  const allowed = can('withdraw');
  const waiting = useQuery({
    queryKey: ['withdrawals'],
    queryFn: () => get<{ now: number; rows: WaitingWithdrawal[]; untold: UntoldWithdrawal[] }>('/api/withdrawals'),
    refetchInterval: 60_000,
    enabled: allowed,
  });
  const found = useQuery({
    queryKey: ['withdrawals', 'reports', slow],
    queryFn: () => get<{ rows: ClinicReport[] }>(`/api/clinic/reports${query({ q: slow })}`),
    enabled: allowed && slow !== '',
  });
  const now = useServerNow(waiting.data?.now);
  useKeys('withdrawals', [{ id: 'withdrawals.find', keys: '/', run: () => finder.current?.focus() }]);
  if (!allowed) return <NoRight />;
  const open = (report: string) => void navigate({ to: '/reports/$id', params: { id: report } });
  return (
    <div className="page-fill">
      <div className="bar" style={{ gap: 12 }}>
        <h1 className="bar-title">{t('withdraw.page')}</h1>
        <span className="grow" />
        <TextInput
          ref={finder}
          aria-label={t('withdraw.find')}
          placeholder={t('withdraw.find')}
          value={q}
          onChange={(e) => setQ(e.currentTarget.value)}
          w={260}
        />
      </div>
      <div className="scroll grow" style={{ background: 'var(--yg-panel)' }}>
        {slow !== '' && (
          <section aria-label={t('withdraw.found')}>
            <Await query={found}>
              {found.data?.rows.length === 0 ? (
                <Empty title={t('withdraw.none_found')} />
              ) : (
                <table className="plain">
                  <thead>
                    <tr>
                      <th scope="col">{t('inbox.published')}</th>
                      <th scope="col">{t('col.patient')}</th>
                      <th scope="col">{t('col.title')}</th>
                      <th scope="col">{t('inbox.version')}</th>
                      <th scope="col">
                        <span className="sr-only">{t('col.actions')}</span>
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {found.data?.rows.map((r) => (
                      <tr key={r.report} onDoubleClick={() => open(r.report)}>
                        <td className="nowrap">{shortTime(r.published_at, now)}</td>
                        <td>
                          <PatientName patient={r.patient} strong /> <span className="mono dim">{r.patient.local_id}</span>
                        </td>
                        <td>
                          <span className="dim">{t(`pipeline.${r.pipeline}`)}</span> {r.title}
                        </td>
                        <td className="nowrap">
                          v{r.n} {r.kind !== 'final' && <Tag tone={r.kind === 'withdrawn' ? 'red' : 'amber'}>{t(`version.${r.kind}`)}</Tag>}
                        </td>
                        <td className="num">
                          <Button size="compact-xs" variant="default" onClick={() => open(r.report)}>
                            {t('action.open')}
                          </Button>
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              )}
            </Await>
          </section>
        )}
        {slow === '' && (
          <Await query={waiting}>
            {waiting.data?.rows.length === 0 ? (
              <Empty title={t('withdraw.empty')} hint={t('withdraw.empty_hint')} />
            ) : (
              <table className="plain">
                <thead>
                  <tr>
                    <th scope="col">{t('withdraw.asked_at')}</th>
                    <th scope="col">{t('col.patient')}</th>
                    <th scope="col">{t('col.title')}</th>
                    <th scope="col">{t('col.clinic')}</th>
                    <th scope="col">{t('withdraw.cause')}</th>
                    <th scope="col">{t('withdraw.asked_by')}</th>
                    <th scope="col">
                      <span className="sr-only">{t('col.actions')}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {waiting.data?.rows.map((r) => (
                    <tr key={r.report} onDoubleClick={() => open(r.report)}>
                      <td className="nowrap">{shortTime(r.asked.asked_at, now)}</td>
                      <td>
                        <PatientName patient={r.patient} strong /> <span className="mono dim">{r.patient.local_id}</span>
                      </td>
                      <td>
                        <span className="dim">{t(`pipeline.${r.pipeline}`)}</span> {r.title}
                      </td>
                      <td>{r.facility_name}</td>
                      <td>
                        {t(`withdraw.cause.${r.asked.cause}`)}: {r.asked.reason}
                      </td>
                      <td className="nowrap">{person(r.asked.asked_by)}</td>
                      <td className="num nowrap">
                        <Button size="compact-xs" variant={r.asked.may_confirm ? 'filled' : 'default'} onClick={() => open(r.report)}>
                          {t(r.asked.may_confirm ? 'withdraw.look' : 'action.open')}
                        </Button>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
            {waiting.data && waiting.data.untold.length > 0 && <Untold rows={waiting.data.untold} now={now} open={open} />}
          </Await>
        )}
      </div>
    </div>
  );
}
