// One specimen: its rows with everything the verifier decides by, and why a row is held.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { LabRow, LabSpecimen, Lane } from '../../api/types';
import { useWords } from '../../i18n';
import { Keys, PatientName, PriorityChip, Tag, useAge, useSex } from '../../ui/bits';
import { moment, shortTime } from '../../ui/format';
import { Empty } from '../../ui/State';
import { CallDialog } from '../critical';
import { alertsQuery, findingOf } from '../critical/queries';
import { useCan } from '../session';
import { RowDialog } from './dialogs';
import { flagTone, releasable, sortRows } from './model';

export function LaneTag({ lane }: { lane: Lane }) {
  const { t } = useWords();
  return (
    <Tag tone={lane === 'ready' ? 'green' : lane === 'look' ? 'amber' : lane === 'critical' ? 'red' : 'violet'} fill={lane === 'critical'}>
      {t(`lab.lane.${lane}`)}
    </Tag>
  );
}

export function SpecimenView({
  specimen: s,
  now,
  release,
  busy,
}: {
  specimen: LabSpecimen;
  now: number;
  release: () => void;
  busy: boolean;
}) {
  const { t, pick } = useWords();
  const can = useCan();
  const age = useAge();
  const sex = useSex();
  const [editing, edit] = useState<{ row: LabRow; what: 'rerun' | 'correct' } | null>(null);
  const alerts = useQuery(alertsQuery('open'));
  const alert = alerts.data?.rows.find((a) => a.patient.id === s.patient.id && a.pipeline === 'lab' && a.acked_at === null);
  const [calling, call] = useState(false);
  const n = s.results.filter(releasable).length;
  const time = (value: number | string | null) => {
    const at = moment(value);
    return at === null ? (value ?? '').toString() : shortTime(at, now);
  };
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
            {t('lab.alert_open')} {findingOf(alert)} · {t(`critical.state.${alert.state}`)}
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
                      {t('lab.critical_limits', {
                        limits: [r.critical_low === null ? '' : `<${r.critical_low}`, r.critical_high === null ? '' : `>${r.critical_high}`]
                          .filter(Boolean)
                          .join(' '),
                      })}
                    </div>
                  )}
                </td>
                <td className="dim nowrap">
                  {r.previous.slice(0, 5).map((p, i) => (
                    <span key={`${p.at}${i}`} title={time(p.at)}>
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
                  {r.instrument} {time(r.run_at)} {r.reruns > 0 ? t('lab.reruns', { n: r.reruns }) : ''}
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
