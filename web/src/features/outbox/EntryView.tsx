// One entry: what, to whom, how often it was tried, why it did not go in plain words and in the receiver's own, its objects, what was done.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useWords } from '../../i18n';
import { Keys, Tag, useSpan } from '../../ui/bits';
import { dayTime, dicomDate } from '../../ui/format';
import { Await } from '../../ui/State';
import { useCan } from '../session';
import type { Acts } from './acts';
import { canRetry, canStop, type Detail, type Entry, hex, type Sending, shownState, TONES, until } from './model';
import { entryQuery } from './queries';

export function EntryView({ entry: listed, acts, now }: { entry: Entry; acts: Acts; now: number }) {
  const { t, has } = useWords();
  const can = useCan();
  const span = useSpan();
  const detail = useQuery(entryQuery(listed.kind, listed.id));
  // The list is patched first; the detail follows.
  const e = detail.data && detail.data.entry.attempts > listed.attempts ? detail.data.entry : listed;
  const state = shownState(e) as keyof typeof TONES;
  const wait = e.state === 'waiting' ? until(e.next_at, now) : null;
  return (
    <div className="scroll grow panel entry">
      <header className="row">
        <Tag tone={TONES[state]}>{t(`outbox.state.${state}`)}</Tag>
        <h2 className="grow">{t('outbox.heading', { what: t(`outbox.cause.${e.cause}`), to: e.to_name })}</h2>
      </header>
      <div className="row acts" role="toolbar" aria-label={t('col.actions')}>
        <Button onClick={() => acts.retry(e)} loading={acts.busy} disabled={!canRetry(e)} rightSection={<Keys keys="r" />}>
          {t('outbox.retry')}
        </Button>
        <Button variant="default" onClick={() => acts.stop(e)} disabled={!canStop(e)} rightSection={<Keys keys="x" />}>
          {t('outbox.stop')}
        </Button>
        {e.study !== '' && can('link_identity', 'upload', 'lead') && (
          <Link className="nav-link" to="/quarantine" search={{ state: 'find', study: e.study } as never}>
            {t('outbox.study')}
          </Link>
        )}
        {e.report && e.patient_name !== '' && can('view_reports') && (
          <Link className="nav-link" to="/reports/$id" params={{ id: e.report[0] }}>
            {t('outbox.report')}
          </Link>
        )}
        {can('administer') && e.kind !== 'delivery' && (
          <Link className="nav-link" to="/admin/$tab" params={{ tab: 'peers' }}>
            {t('outbox.peer')}
          </Link>
        )}
      </div>
      {!e.may_act && <p className="dim">{t('outbox.only_admin')}</p>}
      {e.reason !== '' && (
        <div className="note" data-tone={e.state === 'failed' ? 'red' : 'amber'}>
          <div>{has(`outbox.reason.${e.reason}`) ? t(`outbox.reason.${e.reason}`) : t('outbox.reason.other')}</div>
          {has(`outbox.todo.${e.reason}`) && <div>{t(`outbox.todo.${e.reason}`)}</div>}
          <div className="dim mono said">
            {e.status !== null && e.status < 0xfffe ? `${hex(e.status)} ` : ''}
            {e.error}
          </div>
        </div>
      )}
      {e.state === 'stopped' && e.why !== '' && (
        <div className="note">
          {t('outbox.stopped_by', { who: e.closed_by ?? t('person.system'), at: e.closed_at ? dayTime(e.closed_at) : '–', why: e.why })}
        </div>
      )}
      <dl className="facts">
        <Fact name={t('outbox.f.facility')}>{e.facility_name}</Fact>
        <Fact name={t('outbox.f.about')}>
          {[e.patient_name, e.cause === 'report' ? t(`pipeline.${e.modality}`) : e.modality, dicomDate(e.study_date)]
            .filter(Boolean)
            .join(' · ') || '–'}
          {e.report ? ` · ${t('outbox.version', { n: e.report[1] })}` : ''}
        </Fact>
        <Fact name={t('outbox.f.objects')}>{t('outbox.counts', { all: e.objects, sent: e.sent, failed: e.failed })}</Fact>
        <Fact name={t('outbox.f.put')}>{dayTime(e.at)}</Fact>
        <Fact name={t('outbox.f.tries')}>{e.attempts}</Fact>
        <Fact name={t('outbox.f.next')}>
          {wait === null ? '–' : wait < 60_000 ? t('outbox.soon') : `${dayTime(now + wait)} (${t('outbox.in', { span: span(wait) })})`}
        </Fact>
        <Fact name={t('outbox.f.closed')}>{e.closed_at ? dayTime(e.closed_at) : '–'}</Fact>
      </dl>
      <Await query={detail}>{detail.data && <More detail={detail.data} />}</Await>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function More({ detail }: { detail: Detail }) {
  const { t, has } = useWords();
  return (
    <>
      {detail.objects.length > 0 && (
        <section aria-label={t('outbox.objects')}>
          <h3>{t('outbox.objects')}</h3>
          {detail.entry.objects > detail.objects.length && <p className="dim">{t('outbox.first_objects', { n: detail.objects.length })}</p>}
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">{t('outbox.col.image')}</th>
                <th scope="col">{t('outbox.col.state')}</th>
                <th scope="col">{t('outbox.col.tries')}</th>
                <th scope="col">{t('outbox.col.reason')}</th>
              </tr>
            </thead>
            <tbody>
              {detail.objects.map((o) => (
                <ObjectLine key={o.uid} object={o} />
              ))}
            </tbody>
          </table>
        </section>
      )}
      <section aria-label={t('outbox.history')}>
        <h3>{t('outbox.history')}</h3>
        {detail.history.length === 0 ? (
          <p className="dim">{t('outbox.no_history')}</p>
        ) : (
          <ul className="past">
            {detail.history.map((h) => (
              <li key={`${h.at}${h.action}`}>
                <span className="dim">{dayTime(h.at)}</span> {has(`outbox.action.${h.action}`) ? t(`outbox.action.${h.action}`) : h.action}{' '}
                · {h.who === 'system' ? t('person.system') : h.who}
                {h.why && <div className="dim">{h.why}</div>}
              </li>
            ))}
          </ul>
        )}
      </section>
    </>
  );
}

function ObjectLine({ object: o }: { object: Sending }) {
  const { t, has } = useWords();
  const state = shownState(o as Pick<Entry, 'state' | 'reason'>) as keyof typeof TONES;
  return (
    <tr>
      <td className="nowrap" title={o.uid}>
        S{o.series_number ?? '–'} / {o.number ?? '–'}
      </td>
      <td className="nowrap">
        <Tag tone={TONES[state]}>{t(`outbox.state.${state}`)}</Tag>
      </td>
      <td className="num">{o.attempts}</td>
      <td>
        {o.reason !== '' && (has(`outbox.reason.${o.reason}`) ? t(`outbox.reason.${o.reason}`) : t('outbox.reason.other'))}
        {o.error !== '' && <div className="dim mono said">{o.error}</div>}
      </td>
    </tr>
  );
}
