// 波形合格率: how many recordings of each clinic and operator were fit to read, why not, and how soon a poor one was done again.
import './upload.css';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { get, query } from '../../../api/client';
import { useWords } from '../../../i18n';
import { Await, Empty } from '../../../ui/State';
import { EcgTabs } from './EcgTabs';
import { dayStart, isoDay, type QualityRow, share, totalOf } from './statistics';

const DAY = 86_400_000;

export function StatisticsPage() {
  const { t, has } = useWords();
  const [from, setFrom] = useState(() => isoDay(Date.now() - 29 * DAY));
  const [to, setTo] = useState(() => isoDay(Date.now()));
  const list = useQuery({
    queryKey: ['ecg', 'statistics', from, to],
    queryFn: () => get<{ rows: QualityRow[] }>(`/api/ecg/statistics${query({ from: dayStart(from), to: dayStart(to) + DAY })}`),
    enabled: from !== '' && to !== '' && from <= to,
  });
  const rows = list.data?.rows ?? [];
  const line = (r: QualityRow) => (
    <>
      <td className="num">{r.total}</td>
      <td className="num">
        {r.good} <span className="dim">{share(r.good, r.total)}</span>
      </td>
      <td className="num">
        {r.usable} <span className="dim">{share(r.usable, r.total)}</span>
      </td>
      <td className="num">
        {r.redo} <span className="dim">{share(r.redo, r.total)}</span>
      </td>
      <td className="num">
        {r.redone} <span className="dim">{share(r.redone, r.redo)}</span>
      </td>
      <td className="num">{r.median_minutes_to_redo ?? '–'}</td>
      <td>
        {r.reasons
          .map(
            (x) =>
              `${has(`ecgq.reason.${x.code}`) ? t(`ecgq.reason.${x.code}`) : x.code}${x.electrode ? ` ${x.electrode}` : ''} ×${x.count}`,
          )
          .join(' · ') || '–'}
      </td>
    </>
  );
  return (
    <div className="page-fill">
      <EcgTabs />
      <div className="bar wrap">
        <label className="row">
          {t('ecgq.from')}
          <input type="date" className="up-date" value={from} max={to} onChange={(e) => setFrom(e.currentTarget.value)} />
        </label>
        <label className="row">
          {t('ecgq.to')}
          <input type="date" className="up-date" value={to} min={from} onChange={(e) => setTo(e.currentTarget.value)} />
        </label>
      </div>
      <div className="scroll grow" style={{ background: 'var(--yg-panel)' }}>
        <h1 className="sr-only">{t('ecgq.title')}</h1>
        <Await query={list}>
          {rows.length === 0 ? (
            <Empty title={t('ecgq.empty')} />
          ) : (
            <table className="plain">
              <thead>
                <tr>
                  <th scope="col">{t('col.clinic')}</th>
                  <th scope="col">{t('ecgq.operator')}</th>
                  <th scope="col">{t('ecgq.total')}</th>
                  <th scope="col">{t('up.face.good')}</th>
                  <th scope="col">{t('up.face.usable')}</th>
                  <th scope="col">{t('ecgq.redo')}</th>
                  <th scope="col">{t('ecgq.redone')}</th>
                  <th scope="col">{t('ecgq.minutes')}</th>
                  <th scope="col">{t('ecgq.reasons')}</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((r) => (
                  <tr key={r.facility + r.operator}>
                    <th scope="row">{r.facility_name}</th>
                    <td>{r.operator || t('ecgq.no_operator')}</td>
                    {line(r)}
                  </tr>
                ))}
              </tbody>
              <tfoot>
                <tr>
                  <th scope="row" colSpan={2}>
                    {t('ecgq.sum')}
                  </th>
                  {line(totalOf(rows))}
                </tr>
              </tfoot>
            </table>
          )}
        </Await>
      </div>
    </div>
  );
}
