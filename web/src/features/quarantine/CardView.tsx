// The card of an entry or study: both sides, both readings, both versions, its images, its history; and what can be done.
import { Button, Checkbox } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useWords } from '../../i18n';
import { Tag, useSex } from '../../ui/bits';
import { shortTime } from '../../ui/format';
import { ActDialog, type Doing } from './ActDialog';
import { GrantDialog } from './GrantDialog';
import { bySeries, type Card, sides } from './model';
import { LaneTag } from './QuarantinePage';

export function CardView({ card }: { card: Card }) {
  const { t, has } = useWords();
  const client = useQueryClient();
  const [picked, pick] = useState<string[]>([]);
  const [doing, start] = useState<Doing | null>(null);
  const [sharing, share] = useState(false);
  const study = card.study;
  const open = card.state === 'open';
  const shown = card.images.filter((i) => i.current);
  const done = () => {
    start(null);
    pick([]);
    void client.invalidateQueries({ queryKey: ['imaging'] });
  };
  const hidden = picked.filter((id) => card.images.some((i) => i.id === id && i.hidden !== '' && i.hidden !== 'unindexed'));
  const visible = picked.filter((id) => card.images.some((i) => i.id === id && i.current));
  return (
    <div className="col" style={{ gap: 14 }}>
      <header className="col" style={{ gap: 4 }}>
        <div className="row" style={{ gap: 8 }}>
          {card.lane !== '' && <LaneTag lane={card.lane} />}
          <h2 className="grow">
            {card.reason ? (has(`reason.${card.reason}`) ? t(`reason.${card.reason}`) : card.reason) : t('quarantine.study')}
          </h2>
          {card.state === 'released' && <Tag tone="green">{t('quarantine.released')}</Tag>}
        </div>
        {card.reason && has(`reason.${card.reason}.hint`) && <p className="dim">{t(`reason.${card.reason}.hint`)}</p>}
      </header>

      {study && study.sent_to.length > 0 && (
        <p className="note" data-tone="amber">
          {t('quarantine.sent_to', {
            receivers: study.sent_to.map((r) => `${r.name} (${t('quarantine.images_n', { n: r.images })})`).join(t('list.and')),
          })}
        </p>
      )}

      <div className="row acts" role="toolbar" aria-label={t('quarantine.acts')}>
        {card.may.link && open && card.kind === 'object' && (
          <Button size="xs" onClick={() => start({ kind: 'index' })}>
            {t('act.index_held')}
          </Button>
        )}
        {card.may.link && study && (
          <>
            <Button
              size="xs"
              variant={card.lane === 'identity' && card.kind !== 'object' ? 'filled' : 'default'}
              onClick={() => start({ kind: 'patient' })}
            >
              {t(card.kind === 'object' ? 'act.assign_patient.of_study' : 'act.assign_patient')}
            </Button>
            <Button size="xs" variant="default" onClick={() => start({ kind: 'order' })}>
              {t(card.kind === 'object' ? 'act.link_order.of_study' : 'act.link_order')}
            </Button>
          </>
        )}
        {card.may.link && study && card.kind !== 'object' && (
          <>
            <Button size="xs" variant="default" onClick={() => start({ kind: 'unlink' })}>
              {t('act.unlink')}
            </Button>
            <Button size="xs" variant="default" onClick={() => start({ kind: 'merge' })} disabled={card.others.length === 0}>
              {t('act.merge')}
            </Button>
          </>
        )}
        {card.may.link && open && card.kind !== 'object' && (
          <Button size="xs" variant="default" onClick={() => start({ kind: 'release' })}>
            {t('act.release')}
          </Button>
        )}
        {study && card.may.share && card.kind !== 'object' && (
          <Button size="xs" variant="default" onClick={() => share(true)}>
            {t('grant.title')}
          </Button>
        )}
      </div>

      {card.versions.length > 1 && <Versions card={card} promote={(id) => start({ kind: 'promote', instance: id })} />}
      {card.said && <Sides card={card} />}
      {card.lane === 'charset' && card.said && (
        <section aria-label={t('quarantine.readings')}>
          <h3>{t('quarantine.readings')}</h3>
          <p className="dim">
            {t('quarantine.read_as', {
              declared: card.said.charset.declared?.join('\\') || t('quarantine.nothing'),
              used: card.said.charset.used,
              confidence: card.said.charset.confidence,
            })}
          </p>
          <ul className="readings">
            {card.said.readings.map((r) => (
              <li key={r.charset} className="row">
                <strong className="reading">{r.name || '–'}</strong>
                <span className="mono dim grow">{r.charset.replace(/^\\/, '')}</span>
                {card.may.link && open && (
                  <Button size="compact-xs" variant="default" onClick={() => start({ kind: 'charset', charset: r.charset })}>
                    {t('act.fix_charset')}
                  </Button>
                )}
              </li>
            ))}
          </ul>
        </section>
      )}

      {card.said && card.said.defects.length > 0 && (
        <section>
          <h3>{t('quarantine.defects')}</h3>
          <ul className="plain-list">
            {card.said.defects.map((d) => (
              <li key={d}>
                {has(`defect.${d}`) ? t(`defect.${d}`) : d} <span className="mono dim">{d}</span>
              </li>
            ))}
          </ul>
        </section>
      )}

      {card.kind !== 'object' && card.images.length > 0 && (
        <section aria-label={t('quarantine.images')}>
          <div className="row">
            <h3 className="grow">
              {t('quarantine.images')} <span className="dim">{t('quarantine.shown_of', { n: shown.length, all: card.images.length })}</span>
            </h3>
            {card.may.link && (
              <>
                <Button
                  size="compact-xs"
                  variant="default"
                  disabled={picked.length === 0}
                  onClick={() => start({ kind: 'split', images: picked })}
                >
                  {t('act.split')}
                </Button>
                <Button
                  size="compact-xs"
                  variant="default"
                  disabled={picked.length === 0 || card.others.length === 0}
                  onClick={() => start({ kind: 'move', images: picked })}
                >
                  {t('act.move')}
                </Button>
              </>
            )}
            {card.may.hide && (
              <>
                <Button
                  size="compact-xs"
                  variant="default"
                  disabled={visible.length === 0}
                  onClick={() => start({ kind: 'hide', images: visible })}
                >
                  {t('act.hide')}
                </Button>
                <Button
                  size="compact-xs"
                  variant="default"
                  disabled={hidden.length === 0}
                  onClick={() => start({ kind: 'restore', images: hidden })}
                >
                  {t('act.restore')}
                </Button>
              </>
            )}
          </div>
          <Images card={card} picked={picked} pick={pick} />
        </section>
      )}

      <section aria-label={t('quarantine.history')}>
        <h3>{t('quarantine.history')}</h3>
        {card.history.length === 0 ? <p className="dim">{t('quarantine.no_history')}</p> : null}
        <ol className="history">
          {card.history.map((p) => (
            <li key={p.id} data-gone={p.undone_by !== null}>
              <span className="row">
                <strong>{t(`act.${p.operation}`)}</strong>
                {p.undone_by && <Tag>{t('quarantine.undone')}</Tag>}
                <span className="dim grow cut">{p.why}</span>
                <span className="dim nowrap">
                  {p.who_name ?? t('person.system')} · {shortTime(p.at, card.now)}
                </span>
                {p.can_undo && card.may.link && (
                  <Button size="compact-xs" variant="default" onClick={() => start({ kind: 'undo', act: p.id, operation: p.operation })}>
                    {t('act.undo')}
                  </Button>
                )}
              </span>
            </li>
          ))}
        </ol>
      </section>
      {doing && <ActDialog card={card} doing={doing} close={() => start(null)} done={done} />}
      {sharing && study && <GrantDialog study={study.id} now={card.now} close={() => share(false)} />}
    </div>
  );
}

function Sides({ card }: { card: Card }) {
  const { t } = useWords();
  const sex = useSex();
  const word = (key: string, text: string) => (key === 'sex' && text ? sex(text) : text || '–');
  return (
    <section aria-label={t('quarantine.both')}>
      <table className="plain sides">
        <thead>
          <tr>
            <th scope="col">
              <span className="sr-only">{t('quarantine.field')}</span>
            </th>
            <th scope="col">{t('quarantine.held_side')}</th>
            <th scope="col">{t('quarantine.said_side')}</th>
            <th scope="col">
              <span className="sr-only">{t('quarantine.verdict')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {sides(card).map((r) => (
            <tr key={r.key} data-differs={r.differs}>
              <th scope="row">{t(`side.${r.key}`)}</th>
              <td>{word(r.key, r.held)}</td>
              <td>{word(r.key, r.said)}</td>
              <td className="nowrap">{r.differs && <Tag tone="orange">{t('quarantine.differs')}</Tag>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Versions({ card, promote }: { card: Card; promote: (id: string) => void }) {
  const { t } = useWords();
  return (
    <section aria-label={t('quarantine.versions')}>
      <h3>{t('quarantine.versions')}</h3>
      <div className="versions">
        {card.versions.map((v) => (
          <figure key={v.id}>
            {v.viewable ? (
              <img src={`/api/frames/${v.id}/1?f=jpeg&w=320`} alt={t('quarantine.version_n', { n: v.version })} />
            ) : (
              <div className="no-picture">{t('quarantine.no_picture')}</div>
            )}
            <figcaption className="col" style={{ gap: 4 }}>
              <span className="row">
                <strong className="grow">{t('quarantine.version_n', { n: v.version })}</strong>
                {v.current && <Tag tone="green">{t('quarantine.current')}</Tag>}
              </span>
              <span className="dim">{shortTime(v.received_at, card.now)}</span>
              {!v.current && v.hidden === '' && card.may.link && (
                <Button size="compact-xs" variant="default" onClick={() => promote(v.id)}>
                  {t('act.promote')}
                </Button>
              )}
            </figcaption>
          </figure>
        ))}
      </div>
      <h3>{t('quarantine.diff')}</h3>
      {card.diff.length === 0 ? (
        <p className="dim">{t('quarantine.diff_none')}</p>
      ) : (
        <table className="plain diff">
          <thead>
            <tr>
              <th scope="col">{t('quarantine.element')}</th>
              <th scope="col">{t('quarantine.current')}</th>
              <th scope="col">{t('quarantine.other')}</th>
            </tr>
          </thead>
          <tbody>
            {card.diff.map((d) => (
              <tr key={d.path}>
                <th scope="row">
                  {d.keyword || t('quarantine.private')} <span className="mono dim">{d.path}</span>
                </th>
                <td>{d.left ?? <span className="dim">{t('quarantine.nothing')}</span>}</td>
                <td>{d.right ?? <span className="dim">{t('quarantine.nothing')}</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Images({ card, picked, pick }: { card: Card; picked: string[]; pick: (ids: string[]) => void }) {
  const { t, has } = useWords();
  const toggle = (ids: string[], on: boolean) => pick(on ? [...new Set([...picked, ...ids])] : picked.filter((id) => !ids.includes(id)));
  return (
    <>
      {bySeries(card.images).map((s) => {
        const ids = s.images.map((i) => i.id);
        const all = ids.every((id) => picked.includes(id));
        return (
          <fieldset key={s.series} className="series">
            <legend>
              <Checkbox
                size="xs"
                checked={all}
                indeterminate={!all && ids.some((id) => picked.includes(id))}
                onChange={(e) => toggle(ids, e.currentTarget.checked)}
                label={
                  <>
                    {t('quarantine.series_n', { n: s.head.series_number ?? '–' })} {s.head.modality} {s.head.series_description}{' '}
                    <span className="dim">{t('quarantine.images_n', { n: s.images.length })}</span>
                  </>
                }
              />
            </legend>
            <div className="image-picks">
              {s.images.map((i) => (
                <Checkbox
                  key={i.id}
                  size="xs"
                  checked={picked.includes(i.id)}
                  onChange={(e) => toggle([i.id], e.currentTarget.checked)}
                  label={
                    <>
                      {i.number ?? '–'}
                      {i.version > 1 && ` v${i.version}`}
                      {!i.current && i.hidden !== '' && (
                        <span className="tone-orange"> {has(`hide.${i.hidden}`) ? t(`hide.${i.hidden}`) : t('quarantine.hidden')}</span>
                      )}
                      {!i.current && i.hidden === '' && <span className="dim"> {t('quarantine.not_current')}</span>}
                    </>
                  }
                />
              ))}
            </div>
          </fieldset>
        );
      })}
    </>
  );
}
