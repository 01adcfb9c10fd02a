// What the retention policy would give up (its dry run, whether it is switched on or not), what it has hidden and until when that can be taken
// back, and what is gone.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useWords } from '../../i18n';
import { Tag, useSpan } from '../../ui/bits';
import { day, dayTime, dicomDate } from '../../ui/format';
import { Await } from '../../ui/State';
import { useCan } from '../session';
import type { Kept, Old } from './model';
import { retentionQuery } from './queries';

export function RetentionView({ now }: { now: number }) {
  const { t } = useWords();
  const span = useSpan();
  const list = useQuery(retentionQuery);
  const data = list.data;
  return (
    <div className="store">
      <Await query={list}>
        {data && (
          <>
            <div className="note" data-tone={data.policy.enabled ? undefined : 'amber'} role="status">
              <strong>{t(data.policy.enabled ? 'storage.policy_is_on' : 'storage.policy_is_off')}</strong>
              <div>
                {t('storage.dry_run', { old: data.counts.old, go: data.counts.may_go, kept: data.counts.old - data.counts.may_go })}
                {data.counts.more && ` ${t('storage.dry_run_more')}`}
              </div>
            </div>
            <Part title={t('storage.leaving')} hint={t('storage.leaving_hint')} n={data.leaving.length} none={t('storage.leaving_none')}>
              <Studies
                rows={data.leaving}
                last={t('storage.col.gone_at')}
                cell={(r) => (r.at <= now ? t('storage.soon') : `${dayTime(r.at)} (${t('storage.in', { span: span(r.at - now) })})`)}
              />
            </Part>
            <Part title={t('storage.old')} hint={t('storage.old_hint')} n={data.counts.old} none={t('storage.old_none')}>
              <OldStudies rows={data.old} />
            </Part>
            <Part title={t('storage.gone')} hint={t('storage.gone_hint')} n={data.erased.length} none={t('storage.gone_none')}>
              <Studies rows={data.erased} last={t('storage.col.erased_at')} cell={(r) => dayTime(r.at)} />
            </Part>
          </>
        )}
      </Await>
    </div>
  );
}

function Part({ title, hint, n, none, children }: { title: string; hint: string; n: number; none: string; children: ReactNode }) {
  return (
    <section className="panel store-card" aria-label={title}>
      <header className="panel-pad">
        <h2>
          {title} <span className="dim">{n}</span>
        </h2>
        <p className="dim">{n === 0 ? none : hint}</p>
      </header>
      {n > 0 && children}
    </section>
  );
}

function Head({ last }: { last: string }) {
  const { t } = useWords();
  return (
    <thead>
      <tr>
        {['patient', 'study', 'facility', 'images'].map((c) => (
          <th key={c} scope="col">
            {t(`storage.col.${c}`)}
          </th>
        ))}
        <th scope="col">{last}</th>
      </tr>
    </thead>
  );
}

function Who({ study, name }: { study: string; name: string }) {
  const { t } = useWords();
  const can = useCan();
  const text = <bdi>{name || t('patient.unnamed')}</bdi>;
  return can('link_identity', 'upload', 'lead') ? (
    <Link to="/quarantine" search={{ state: 'find', study } as never}>
      {text}
    </Link>
  ) : (
    text
  );
}

function Studies({ rows, last, cell }: { rows: Kept[]; last: string; cell: (row: Kept) => string }) {
  return (
    <table className="plain">
      <Head last={last} />
      <tbody>
        {rows.map((r) => (
          <tr key={r.study}>
            <td className="nowrap">
              <Who study={r.study} name={r.patient_name} />
            </td>
            <td className="nowrap">
              {r.modality} {dicomDate(r.study_date)}
            </td>
            <td>{r.facility_name}</td>
            <td className="num">{r.images}</td>
            <td className="nowrap">{cell(r)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function OldStudies({ rows }: { rows: Old[] }) {
  const { t } = useWords();
  return (
    <table className="plain">
      <Head last={t('storage.col.verdict')} />
      <tbody>
        {rows.map((r) => (
          <tr key={r.study}>
            <td className="nowrap">
              <Who study={r.study} name={r.patient_name} />
            </td>
            <td className="nowrap">
              {r.modality} {dicomDate(r.study_date)}
            </td>
            <td>{r.facility_name}</td>
            <td className="num">{r.images}</td>
            <td>
              {r.kept_by.length === 0 ? (
                <Tag tone="amber">{t('storage.may_go')}</Tag>
              ) : (
                <>
                  {t('storage.kept')} {r.kept_by.map((k) => t(`storage.kept_by.${k}`)).join(t('list.and'))}
                </>
              )}
              <div className="dim">{t('storage.last_image', { at: day(r.last_received_at), years: r.years })}</div>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
