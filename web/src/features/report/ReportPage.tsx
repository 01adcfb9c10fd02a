// A published report: the signed PDF itself, its versions, and how far each delivery got. A replaced or withdrawn version says so before anything else.
import './version.css';
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { get, post } from '../../api/client';
import type { DeliveryRow, ReportDetail, VersionHead } from '../../api/types';
import { useWords } from '../../i18n';
import { useKeys } from '../../keys';
import { PatientName, Tag, useAge, usePersonName, useSex } from '../../ui/bits';
import { DiffText } from '../../ui/DiffText';
import { dayTime } from '../../ui/format';
import { SplitPane } from '../../ui/SplitPane';
import { Await, FaultNote } from '../../ui/State';
import { DeliveryState, GivenUp } from '../outbox/Delivery';
import { ImageNotice } from '../quarantine';
import { useCan } from '../session';
import { AmendDialog } from './AmendDialog';
import { ORDER } from './model';
import { WithdrawalNote, WithdrawDialog } from './Withdrawal';

export function ReportPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const search = useSearch({ strict: false }) as { v?: string | number };
  const report = useQuery({ queryKey: ['report', id], queryFn: () => get<ReportDetail>(`/api/reports/${id}`) });
  return (
    <div className="page-fill">
      <Await query={report}>{report.data && <Versions report={report.data} asked={Number(search.v) || 0} />}</Await>
    </div>
  );
}

function Versions({ report, asked }: { report: ReportDetail; asked: number }) {
  const { t } = useWords();
  const can = useCan();
  const age = useAge();
  const sex = useSex();
  const person = usePersonName();
  const navigate = useNavigate();
  const client = useQueryClient();
  const newest = report.versions.reduce((n, v) => Math.max(n, v.n), 0);
  const [n, show] = useState(asked || newest);
  const [amending, amend] = useState(false);
  const [withdrawing, withdraw] = useState(false);
  const [comparing, compare] = useState(false);
  const version = report.versions.find((v) => v.n === n) ?? report.versions.find((v) => v.n === newest);
  const clinic = can('acknowledge_critical', 'order', 'print_share') && !can('write', 'audit', 'verify');

  // Seen = the clinic had the newest version on the screen; acknowledging is a separate act.
  useEffect(() => {
    if (!clinic || !version) return;
    void post(`/api/reports/${report.id}/versions/${version.n}/seen`)
      .then(() => client.invalidateQueries({ queryKey: ['clinic'] }))
      .catch(() => undefined);
  }, [clinic, client, report.id, version]);
  const acknowledge = useMutation({
    mutationFn: () => post(`/api/reports/${report.id}/versions/${version?.n}/acknowledge`),
    onSuccess: () => Promise.all([client.invalidateQueries({ queryKey: ['report'] }), client.invalidateQueries({ queryKey: ['clinic'] })]),
  });
  const back = () => history.back();
  useKeys('version', [
    { id: 'version.back', keys: 'alt+q', inText: true, run: back },
    { id: 'version.newer', keys: 'alt+up', inText: true, run: () => show(Math.min(newest, n + 1)) },
    { id: 'version.older', keys: 'alt+down', inText: true, run: () => show(Math.max(1, n - 1)) },
  ]);
  if (!version) return <div className="state">{t('version.none')}</div>;
  const before = report.versions.find((v) => v.n === version.n - 1);
  const acked = report.deliveries.some((d) => d.n === version.n && d.clinically_acked_at !== null);
  // What a withdrawn report had said is for those who withdrew it alone.
  const shut = report.state === 'withdrawn' && version.kind !== 'withdrawn' && !report.may_withdraw;
  const mustAck = clinic && version.n === newest && (version.change_class ?? 0) >= 2 && !acked;
  return (
    <>
      <div className="item-head">
        <div className="row wrap" style={{ gap: 10 }}>
          <button type="button" className="nav-link link" onClick={back} aria-label={t('action.back')}>
            ←
          </button>
          <h1 style={{ fontSize: 16 }}>
            <PatientName patient={report.patient} strong />
          </h1>
          <span>
            {sex(report.patient.sex)} {age(report.patient.age)}
          </span>
          <span>{report.title}</span>
          <span className="dim">{report.facility_name}</span>
          {report.state === 'amending' && <Tag tone="amber">{t('state.amending')}</Tag>}
          {version.mark && <Tag tone="green">{version.mark.text}</Tag>}
          <span className="grow" />
          {can('audit') && report.state === 'published' && report.pipeline !== 'lab' && (
            <Button variant="default" onClick={() => amend(true)}>
              {t('report.amend')}
            </Button>
          )}
          {report.may_withdraw && !['amending', 'withdrawn'].includes(report.state) && report.pipeline !== 'lab' && !report.withdrawal && (
            <Button variant="default" color="red" onClick={() => withdraw(true)}>
              {t('withdraw.go')}
            </Button>
          )}
          {!shut && (
            <Button component="a" href={version.pdf} target="_blank" variant="default">
              {t('version.print')}
            </Button>
          )}
        </div>
        {(version.replaced || version.n < newest) && (
          <div className="note row" data-tone="amber" role="alert">
            <strong className="grow">{t('version.replaced_by', { n: version.n, newest })}</strong>
            <Button size="compact-xs" onClick={() => show(newest)}>
              {t('version.show_newest')}
            </Button>
          </div>
        )}
        {report.withdrawal && <WithdrawalNote report={report.id} asked={report.withdrawal} done={show} />}
        {(version.kind === 'withdrawn' || report.state === 'withdrawn') && (
          <div className="note" data-tone="red" role="alert">
            <strong>{t('version.withdrawn_note')}</strong> {report.versions.find((v) => v.kind === 'withdrawn')?.change_reason}
          </div>
        )}
        {report.subject_kind === 'study' && <ImageNotice study={report.subject} />}
        {version.kind === 'prelim' && (
          <div className="note" data-tone="amber" role="alert">
            <strong>{t('version.prelim_note')}</strong>
          </div>
        )}
        {mustAck && (
          <div className="note row" data-tone="red" role="alert">
            <span className="grow">
              <strong>{t(version.kind === 'withdrawn' ? 'version.must_ack_withdrawn' : 'version.must_ack')}</strong> {version.change_reason}
            </span>
            <Button size="compact-sm" color="red" loading={acknowledge.isPending} onClick={() => acknowledge.mutate()}>
              {t('version.ack')}
            </Button>
          </div>
        )}
        {acknowledge.isError && <FaultNote error={acknowledge.error} />}
      </div>
      <SplitPane
        id="report"
        right0={340}
        left={
          comparing && before ? (
            <div className="page">
              <h2>{t('version.compare_title', { a: before.n, b: version.n })}</h2>
              {ORDER[report.pipeline].map((name) => (
                <section key={name} style={{ marginTop: 12 }}>
                  <h3 className="label">{t(`section.${name}`)}</h3>
                  <DiffText from={before.content.sections?.[name] ?? ''} to={version.content.sections?.[name] ?? ''} />
                </section>
              ))}
            </div>
          ) : shut ? (
            <div className="state">{t('version.shut', { n: version.n })}</div>
          ) : (
            <iframe
              key={version.pdf}
              className="pdf"
              src={`${version.pdf}#navpanes=0&view=FitH`}
              title={t('version.pdf', { n: version.n })}
            />
          )
        }
        right={
          <aside className="preview" aria-label={t('report.versions')}>
            <h2>{t('report.versions')}</h2>
            {[...report.versions]
              .sort((a, b) => b.n - a.n)
              .map((v) => (
                <button key={v.n} type="button" className="version" aria-current={v.n === version.n} onClick={() => show(v.n)}>
                  <VersionLine version={v} newest={newest} />
                </button>
              ))}
            {before && version.kind !== 'withdrawn' && !shut && (
              <Button variant="default" aria-pressed={comparing} onClick={() => compare(!comparing)}>
                {t(comparing ? 'version.show_pdf' : 'version.compare')}
              </Button>
            )}
            <h2 style={{ marginTop: 12 }}>{t('version.signature')}</h2>
            <div className="field-line">
              <span>{t('version.writer')}</span>
              <span>{person(version.writer)}</span>
            </div>
            <div className="field-line">
              <span>{t('version.auditor')}</span>
              <span>{person(version.auditor) || '–'}</span>
            </div>
            <div className="field-line">
              <span>{t('version.signed_at')}</span>
              <span>{dayTime(version.signed_at)}</span>
            </div>
            <div className="field-line">
              <span>{t('version.signer')}</span>
              <span>
                {version.signer} {version.signer_demo && <Tag tone="amber">{t('version.demo_signer')}</Tag>}
              </span>
            </div>
            {report.verify_url && (
              <div className="field-line">
                <span>{t('version.verify')}</span>
                <a href={report.verify_url} target="_blank" rel="noreferrer" className="cut">
                  {report.verify_url}
                </a>
              </div>
            )}
            <h2 style={{ marginTop: 12 }}>{t('delivery.title')}</h2>
            {report.deliveries.length === 0 && <span className="dim">{t('delivery.none')}</span>}
            {report.deliveries.map((d) => (
              <Delivery key={d.destination + d.n} row={d} />
            ))}
          </aside>
        }
      />
      {withdrawing && <WithdrawDialog report={report.id} close={() => withdraw(false)} />}
      {amending && (
        <AmendDialog
          report={report.id}
          close={() => amend(false)}
          done={(opened) => {
            client.setQueryData(['work', opened.id], opened);
            void navigate({ to: '/read/$id', params: { id: opened.id } });
          }}
        />
      )}
    </>
  );
}

function VersionLine({ version: v, newest }: { version: VersionHead; newest: number }) {
  const { t } = useWords();
  return (
    <>
      <span className="row">
        <strong>v{v.n}</strong> {t(`version.${v.kind}`)}
        {v.n < newest && <Tag tone="amber">{t('version.replaced')}</Tag>}
        <span className="grow" />
        <span className="dim">{dayTime(v.signed_at)}</span>
      </span>
      {v.change_reason && (
        <span className="dim">
          {t('amend.class')} {v.change_class}: {v.change_reason}
        </span>
      )}
    </>
  );
}

function Delivery({ row: d }: { row: DeliveryRow }) {
  const { t } = useWords();
  const steps: [string, number | null][] = [
    ['sent', d.sent_at],
    ['acked', d.acked_at],
    ['seen', d.seen_at],
    ['clinically_acked', d.clinically_acked_at],
  ];
  const seenBy = typeof d.seen_by === 'string' ? d.seen_by : (d.seen_by?.name ?? '');
  return (
    <div className="panel" style={{ padding: '5px 8px' }}>
      <div className="row">
        <strong className="cut">{d.name || d.destination}</strong> <span className="dim">v{d.n}</span>
        <span className="grow" />
        <DeliveryState state={d.state} />
      </div>
      <div className="dim" style={{ fontSize: 12 }}>
        {steps
          .filter(([, at]) => at !== null)
          .map(([key, at]) => `${t(`delivery.step.${key}`)} ${dayTime(at ?? 0).slice(5)}${key === 'seen' && seenBy ? ` ${seenBy}` : ''}`)
          .join(' → ')}
      </div>
      {d.state === 'stopped' && <GivenUp id={d.id} to={d.name || d.destination} />}
      {d.error && <div className="tone-orange">{d.error}</div>}
    </div>
  );
}
