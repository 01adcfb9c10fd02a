// The side pane of the worklist: request, picture and earlier reports of the row in hand, so that opening is for reading only.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useEffect, useState } from 'react';
import { get } from '../../api/client';
import type { WorkItemDetail, WorkRow } from '../../api/types';
import { useWords } from '../../i18n';
import { Keys, PatientName, PriorityChip, useAge, usePersonName, useSex } from '../../ui/bits';
import { dayTime, dicomDate, hourMinute } from '../../ui/format';

export function Preview({ row, now, open }: { row: WorkRow | undefined; now: number; open: () => void }) {
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
      <Picture key={row.id} row={row} />
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

const RETRY_MS = 4_000;

/** The preview is made shortly after the images came in: the row says when it is there, and until then the pane says so. */
function Picture({ row }: { row: WorkRow }) {
  const { t } = useWords();
  const [attempt, again] = useState(0);
  const [state, set] = useState<'asking' | 'shown' | 'absent'>('asking');
  useEffect(() => {
    if (state !== 'absent') return;
    const timer = setTimeout(() => again((n) => n + 1), RETRY_MS);
    return () => clearTimeout(timer);
  }, [state, attempt]);
  if (row.pipeline !== 'imaging' && row.pipeline !== 'ecg') return null;
  // A study's preview and thumbnail come together; asking before would only be answered "not found".
  const source =
    row.pipeline === 'ecg'
      ? `/api/ecg/${row.subject}/svg?layout=3x4%2B1&speed=25&gain=10`
      : row.thumbnail?.replace(/\/thumbnail$/, '/preview');
  return (
    <div className="picture" data-paper={row.pipeline === 'ecg'}>
      {(!source || state === 'absent') && <span className="dim">{t('work.no_picture')}</span>}
      {source && (
        <img
          key={attempt}
          hidden={state !== 'shown'}
          src={attempt ? `${source}${source.includes('?') ? '&' : '?'}try=${attempt}` : source}
          alt={t('work.picture', { title: row.title })}
          onLoad={() => set('shown')}
          onError={() => set('absent')}
        />
      )}
    </div>
  );
}
