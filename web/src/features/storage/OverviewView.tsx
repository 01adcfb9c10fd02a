// One look says whether anything needs a person: damage, room, and when everything was proven last.
import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useWords } from '../../i18n';
import { Tag, useSpan } from '../../ui/bits';
import { dayTime } from '../../ui/format';
import { useCan } from '../session';
import { bytes, type NextRun, type Overview, parts, type Tab } from './model';

export function OverviewView({ data, now, go }: { data: Overview; now: number; go: (tab: Tab) => void }) {
  const { t } = useWords();
  const can = useCan();
  const span = useSpan();
  const { scrub, sweep, policy, numbers, recompress } = data;
  const next = (kind: NextRun['kind']) => data.next.find((n) => n.kind === kind);
  const late = scrub.finished_at > 0 && now - scrub.finished_at > 2 * scrub.days * 86_400_000;
  const failing = data.next.filter((n) => n.error !== '');
  return (
    <div className="store">
      {data.damaged > 0 ? (
        <div className="note verdict" data-tone="red" role="status">
          <strong>{t('storage.verdict.damaged', { n: data.damaged })}</strong>
          <Button onClick={() => go('damaged')}>{t('storage.see_damaged')}</Button>
        </div>
      ) : (
        <div
          className="note verdict"
          data-tone={data.space.has_room && !late ? undefined : 'amber'}
          data-proven={scrub.finished_at > 0}
          role="status"
        >
          <strong>{t(scrub.finished_at > 0 ? 'storage.verdict.sound' : 'storage.verdict.first_pass')}</strong>
        </div>
      )}
      {failing.map((n) => (
        <div key={n.kind} className="note" data-tone="amber" role="status">
          {t('storage.job_failed', { job: t(`storage.job.${n.kind}`) })} <span className="mono dim">{n.error}</span>
        </div>
      ))}
      <div className="cards">
        <Card
          title={t('storage.space')}
          state={data.space.has_room ? <Tag tone="green">{t('storage.room')}</Tag> : <Tag tone="red">{t('storage.no_room')}</Tag>}
        >
          <SpaceBar space={data.space} />
          <dl className="facts">
            <Fact name={t('storage.free')}>{bytes(data.space.free)}</Fact>
            <Fact name={t('storage.reserve')}>{bytes(data.space.reserve)}</Fact>
            <Fact name={t('storage.whole')}>{bytes(data.space.whole)}</Fact>
          </dl>
          <p className="dim">{t(data.space.has_room ? 'storage.space_hint' : 'storage.no_room_hint')}</p>
        </Card>
        <Card
          title={t('storage.scrub')}
          state={
            late ? (
              <Tag tone="amber">{t('storage.late')}</Tag>
            ) : (
              <Tag tone={scrub.wrong > 0 ? 'red' : scrub.checked > 0 || scrub.finished_at > 0 ? 'green' : undefined}>
                {t('storage.wrong_n', { n: scrub.wrong })}
              </Tag>
            )
          }
        >
          <progress className="store-progress" value={scrub.share} max={1} aria-label={t('storage.scrub_progress')} />
          <dl className="facts">
            <Fact name={t('storage.last_pass')}>
              {scrub.finished_at > 0
                ? `${dayTime(scrub.finished_at)} (${t('storage.ago', { span: span(now - scrub.finished_at) })})`
                : t('storage.never')}
            </Fact>
            <Fact name={t('storage.this_pass')}>
              {scrub.running ? t('storage.pass_at', { share: (scrub.share * 100).toFixed(1), n: scrub.checked }) : t('storage.between')}
            </Fact>
            <Fact name={t('storage.began')}>{scrub.began_at > 0 ? dayTime(scrub.began_at) : '–'}</Fact>
            <Fact name={t('storage.next')}>
              <Next run={next('scrub')} now={now} />
            </Fact>
          </dl>
          <p className="dim">{t('storage.scrub_hint', { days: scrub.days })}</p>
        </Card>
        <Card
          title={t('storage.sweep')}
          state={
            sweep.at > 0 ? (
              <Tag tone={sweep.missing > 0 ? 'red' : 'green'}>{t('storage.missing_n', { n: sweep.missing })}</Tag>
            ) : (
              <Tag>{t('storage.never')}</Tag>
            )
          }
        >
          <dl className="facts">
            <Fact name={t('storage.last_sweep')}>{sweep.at > 0 ? dayTime(sweep.at) : t('storage.never')}</Fact>
            <Fact name={t('storage.named')}>{sweep.named}</Fact>
            <Fact name={t('storage.aside')}>{sweep.aside}</Fact>
            <Fact name={t('storage.removed')}>{sweep.removed}</Fact>
            <Fact name={t('storage.next')}>
              <Next run={next('sweep')} now={now} />
            </Fact>
          </dl>
          <p className="dim">{t('storage.sweep_hint')}</p>
        </Card>
        <Card
          title={t('storage.retention')}
          state={<Tag tone={policy.enabled ? 'blue' : undefined}>{t(policy.enabled ? 'storage.policy_on' : 'storage.policy_off')}</Tag>}
        >
          <dl className="facts">
            <Fact name={t('storage.years')}>{t('storage.years_n', { n: policy.years })}</Fact>
            <Fact name={t('storage.modality_years')}>{policy.modality_years.join(', ') || '–'}</Fact>
            <Fact name={t('storage.grace')}>{t('storage.days_n', { n: policy.grace_days })}</Fact>
            <Fact name={t('storage.holds')}>{numbers.holds}</Fact>
            <Fact name={t('storage.erased')}>{numbers.erased}</Fact>
            <Fact name={t('storage.next')}>
              <Next run={next('retention')} now={now} />
            </Fact>
          </dl>
          {data.may.studies ? (
            <Button variant="default" onClick={() => go('retention')}>
              {t('storage.see_retention')}
            </Button>
          ) : (
            <p className="dim">{t('storage.numbers_only')}</p>
          )}
        </Card>
        <Card
          title={t('storage.recompress')}
          state={
            <Tag tone={recompress.days > 0 ? 'blue' : undefined}>{t(recompress.days > 0 ? 'storage.policy_on' : 'storage.policy_off')}</Tag>
          }
        >
          <dl className="facts">
            <Fact name={t('storage.recompress_after')}>{recompress.days > 0 ? t('storage.days_n', { n: recompress.days }) : '–'}</Fact>
            <Fact name={t('storage.recompressed')}>{recompress.done}</Fact>
            <Fact name={t('storage.saved')}>{bytes(recompress.saved)}</Fact>
            <Fact name={t('storage.stay')}>{recompress.left}</Fact>
            <Fact name={t('storage.last_pass')}>{recompress.finished_at > 0 ? dayTime(recompress.finished_at) : t('storage.never')}</Fact>
            <Fact name={t('storage.next')}>
              <Next run={next('recompress')} now={now} />
            </Fact>
          </dl>
          <p className="dim">{t('storage.recompress_hint')}</p>
        </Card>
      </div>
      {can('administer') && (
        <Link className="nav-link" to="/admin/$tab" params={{ tab: 'jobs' }}>
          {t('storage.jobs')}
        </Link>
      )}
    </div>
  );
}

function Card({ title, state, children }: { title: string; state: ReactNode; children: ReactNode }) {
  return (
    <section className="panel panel-pad store-card" aria-label={title}>
      <header className="row">
        <h2 className="grow">{title}</h2>
        {state}
      </header>
      {children}
    </section>
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

function Next({ run, now }: { run: NextRun | undefined; now: number }) {
  const { t } = useWords();
  const span = useSpan();
  if (!run) return '–';
  if (run.state === 'running') return t('storage.running');
  return run.at - now < 60_000 ? t('storage.soon') : `${dayTime(run.at)} (${t('storage.in', { span: span(run.at - now) })})`;
}

/** Used, free and reserve side by side; the numbers stand below, so that nothing is told by colour alone. */
function SpaceBar({ space }: { space: Overview['space'] }) {
  const { t } = useWords();
  const p = parts(space);
  const percent = (share: number) => `${(share * 100).toFixed(1)}%`;
  return (
    <div
      className="space"
      role="img"
      aria-label={t('storage.space_bar', { used: percent(p.used), free: percent(p.free), reserve: percent(p.reserve) })}
    >
      <div className="space-bar" aria-hidden="true">
        <i data-part="used" style={{ width: percent(p.used) }} />
        <i data-part="free" style={{ width: percent(p.free) }} />
        <i data-part="reserve" style={{ width: percent(p.reserve) }} />
      </div>
      <div className="row space-words" aria-hidden="true">
        <span>{t('storage.part.used', { share: percent(p.used) })}</span>
        <span>{t('storage.part.free', { share: percent(p.free) })}</span>
        <span>{t('storage.part.reserve', { share: percent(p.reserve) })}</span>
      </div>
    </div>
  );
}
