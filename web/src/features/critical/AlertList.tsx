// Critical values as a table, for the centre (whom to phone next) and the clinic (what is still open).
import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Alert } from '../../api/types';
import { useWords } from '../../i18n';
import { PatientName, Tag, useAge, usePersonName, useServerNow, useSex, useSpan } from '../../ui/bits';
import { shortTime } from '../../ui/format';
import { Empty, FaultNote } from '../../ui/State';
import { useCan, useSession } from '../session';
import { StrayDialog, TreatDialog } from './AnswerDialog';
import { CallDialog } from './CallDialog';
import { closeAlert, corrected, findingOf, revised, unacknowledged } from './queries';

export function AlertList({ alerts, now }: { alerts: Alert[]; now: number }) {
  const { t } = useWords();
  const can = useCan();
  const session = useSession();
  const age = useAge();
  const sex = useSex();
  const person = usePersonName();
  const words = useSpan();
  const client = useQueryClient();
  const ticking = useServerNow(now);
  const [calling, call] = useState<Alert | null>(null);
  const [treating, treatNow] = useState<Alert | null>(null);
  const [tracing, traceNow] = useState<Alert | null>(null);
  const [error, setError] = useState<unknown>(null);
  if (!alerts.length) return <Empty title={t('critical.none')} hint={t('critical.none_hint')} />;
  // A value nobody owns yet is ended by whoever tells critical values there.
  const nobodys = (a: Alert) =>
    a.subject_kind === 'run' && a.state !== 'closed' && a.facility === session.account.facility && can('raise_critical');
  const mine = (a: Alert) => a.facility === session.account.facility && can('acknowledge_critical');
  return (
    <>
      {error !== null && <FaultNote error={error} />}
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{t('critical.level')}</th>
            <th scope="col">{t('col.state')}</th>
            <th scope="col">{t('col.patient')}</th>
            <th scope="col">{t('critical.finding')}</th>
            <th scope="col">{t('col.clinic')}</th>
            <th scope="col">{t('critical.phone')}</th>
            <th scope="col">{t('critical.raised')}</th>
            <th scope="col">{t('critical.acked')}</th>
            <th scope="col">
              <span className="sr-only">{t('col.actions')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {alerts.map((a) => (
            <tr key={a.id}>
              <td>
                <Tag tone={a.level === 'red' ? 'red' : 'orange'} fill={a.level === 'red' && unacknowledged(a)}>
                  {t(`critical.${a.level}`)}
                </Tag>
              </td>
              <td className="nowrap">{t(`critical.state.${a.state}`)}</td>
              <td className="nowrap">
                <PatientName patient={a.patient} strong /> <span className="dim">{`${sex(a.patient.sex)} ${age(a.patient.age)}`}</span>
              </td>
              <td>
                <strong>{findingOf(a)}</strong>
                {a.provisional && <span className="dim"> {t('critical.provisional')}</span>}{' '}
                {corrected(a) && <Tag tone="amber">{t('critical.corrected')}</Tag>}
                {revised(a) !== null && (
                  <div>
                    <Tag tone="amber">{t('critical.revised')}</Tag> {revised(a)}
                  </div>
                )}
              </td>
              <td>{a.facility_name}</td>
              <td className="nowrap">{a.duty_phone ?? '–'}</td>
              <td className="nowrap">
                {shortTime(a.raised_at, ticking)} <span className="dim">{person(a.raised_by)}</span>
              </td>
              <td className="nowrap">
                {a.acked_at ? (
                  `${shortTime(a.acked_at, ticking)} ${person(a.acked_by)}`
                ) : (
                  <span className={a.level === 'red' ? 'tone-red' : 'dim'}>
                    {t('critical.open_for', { span: words(ticking - a.raised_at) })}
                  </span>
                )}
              </td>
              <td className="num nowrap">
                <span className="row" style={{ gap: 4, justifyContent: 'flex-end' }}>
                  {can('raise_critical') && unacknowledged(a) && (
                    <Button
                      size="compact-xs"
                      variant={a.state === 'raised' ? 'filled' : 'default'}
                      color={a.state === 'raised' ? 'red' : undefined}
                      onClick={() => call(a)}
                    >
                      {t('critical.call')}
                    </Button>
                  )}
                  {nobodys(a) && (
                    <Button size="compact-xs" variant="default" onClick={() => traceNow(a)}>
                      {t('critical.stray')}
                    </Button>
                  )}
                  {mine(a) && a.state === 'clinician_ack' && (
                    <Button size="compact-xs" onClick={() => treatNow(a)}>
                      {t('critical.treat')}
                    </Button>
                  )}
                  {mine(a) && a.state === 'treated' && (
                    <Button
                      size="compact-xs"
                      variant="default"
                      onClick={() => {
                        setError(null);
                        void closeAlert(a.id)
                          .then(() => client.invalidateQueries({ queryKey: ['critical'] }))
                          .catch(setError);
                      }}
                    >
                      {t('critical.close')}
                    </Button>
                  )}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {calling && <CallDialog alert={calling} close={() => call(null)} />}
      {tracing && <StrayDialog alert={tracing} close={() => traceNow(null)} />}
      {treating && <TreatDialog alert={treating} later={() => treatNow(null)} />}
    </>
  );
}
