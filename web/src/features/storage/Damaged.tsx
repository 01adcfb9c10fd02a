// Damaged objects: which image of which study, since when, and the way back: ask the sender again, bring the file back from a backup, look again.
import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { useWords } from '../../i18n';
import { Tag } from '../../ui/bits';
import { dayTime, dicomDate } from '../../ui/format';
import { ReasonDialog } from '../../ui/ReasonDialog';
import { Await, Empty, useFaultText } from '../../ui/State';
import { useTell } from '../../ui/tell';
import { useCan } from '../session';
import { FindStudy } from './FindStudy';
import { byObject, bytes, type Hurt, type HurtImage, pathOf } from './model';
import { bringBack, checkStudy, damagedQuery, type Found, note, recheck } from './queries';

export function Damaged({ now }: { now: number }) {
  const { t } = useWords();
  const list = useQuery(damagedQuery);
  const objects = byObject(list.data?.rows ?? []);
  const can = useCan();
  return (
    <div className="store">
      {can('qc_records', 'lead') && <CheckStudy />}
      <Await query={list}>
        {objects.length === 0 ? (
          <Empty title={t('storage.none_damaged')} hint={t('storage.none_damaged_hint')} />
        ) : (
          <>
            <div className="note">
              <strong>{t('storage.way_back')}</strong>
              <ol className="steps">
                {[1, 2, 3].map((n) => (
                  <li key={n}>{t(`storage.way_back.${n}`)}</li>
                ))}
              </ol>
            </div>
            {objects.map((o) => (
              <HurtCard key={o.head.address} head={o.head} images={o.images} now={now} />
            ))}
          </>
        )}
      </Await>
    </div>
  );
}

/** A reader reports an image: its whole study is hashed at once, without waiting for the scrubber. */
function CheckStudy() {
  const { t } = useWords();
  const client = useQueryClient();
  const say = useFaultText();
  const tell = useTell();
  const [busy, setBusy] = useState<string | null>(null);
  return (
    <FindStudy
      title={t('storage.check_study')}
      act={t('storage.recheck')}
      busy={busy}
      choose={(s) => {
        setBusy(s.id);
        checkStudy(s.id)
          .then(
            (n) => tell(t('storage.study_checked', { ...n }), n.wrong > 0 ? 'red' : 'green'),
            (error) => tell(say(error), 'red'),
          )
          .finally(() => {
            setBusy(null);
            void client.invalidateQueries({ queryKey: ['storage'] });
          });
      }}
    />
  );
}

function HurtCard({ head, images, now }: { head: Hurt; images: HurtImage[]; now: number }) {
  const { t } = useWords();
  const client = useQueryClient();
  const say = useFaultText();
  const tell = useTell();
  const file = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState<'recheck' | 'restore' | null>(null);
  const [noting, setNoting] = useState(false);
  const renew = () => client.invalidateQueries({ queryKey: ['storage'] });
  const run = (what: 'recheck' | 'restore', work: Promise<Found>) => {
    setBusy(what);
    work
      .then(
        ({ found }) => tell(t(`storage.found.${found}`), found === 'sound' || found === 'gone' ? 'green' : 'orange'),
        (error) => tell(say(error), 'red'),
      )
      .finally(() => {
        setBusy(null);
        void renew();
      });
  };
  const first = images[0];
  return (
    <article className="panel panel-pad store-card" aria-label={first ? first.uid : head.address}>
      <header className="row wrap">
        <Tag tone="red">{t(`storage.kind.${head.kind}`)}</Tag>
        <h2 className="grow">{t(`storage.used_by.${head.used_by}`)}</h2>
        <span className="dim">{t('storage.since', { at: dayTime(head.found_at) })}</span>
      </header>
      {images.map((image) => (
        <ImageLine key={image.uid + image.received_at} image={image} />
      ))}
      <div className="dim mono said">{pathOf(head.address)}</div>
      {head.note !== '' && (
        <div className="note">
          {head.note}
          <div className="dim">
            {head.note_by ?? '–'} · {head.note_at ? dayTime(head.note_at) : ''}
          </div>
        </div>
      )}
      <div className="row wrap" role="toolbar" aria-label={t('col.actions')}>
        <Button loading={busy === 'recheck'} disabled={busy !== null} onClick={() => run('recheck', recheck(head.address))}>
          {t('storage.recheck')}
        </Button>
        <Button variant="default" loading={busy === 'restore'} disabled={busy !== null} onClick={() => file.current?.click()}>
          {t('storage.restore')}
        </Button>
        <input
          ref={file}
          type="file"
          hidden
          aria-label={t('storage.restore')}
          onChange={(e) => {
            const chosen = e.currentTarget.files?.[0];
            e.currentTarget.value = '';
            if (chosen) run('restore', bringBack(head.address, chosen));
          }}
        />
        <Button variant="default" onClick={() => setNoting(true)}>
          {t('storage.note')}
        </Button>
      </div>
      {noting && (
        <ReasonDialog
          title={t('storage.note')}
          hint={t('storage.note_hint')}
          label={t('storage.note_label')}
          go={t('action.save')}
          first={head.note || (first ? t('storage.note_first', { sender: first.sender || '–', day: dayTime(now) }) : '')}
          optional
          close={() => setNoting(false)}
          act={async (text) => {
            await note(head.address, text);
            await renew();
          }}
        />
      )}
    </article>
  );
}

function ImageLine({ image: i }: { image: HurtImage }) {
  const { t } = useWords();
  const can = useCan();
  return (
    <dl className="facts">
      <dt>{t('storage.f.study')}</dt>
      <dd>
        {[i.facility_name, i.modality, dicomDate(i.study_date)].filter(Boolean).join(' · ')}
        {i.patient_name && (
          <>
            {' · '}
            <bdi>{i.patient_name}</bdi>
          </>
        )}
        {i.study !== '' && can('link_identity', 'upload', 'lead') && (
          <>
            {' '}
            <Link to="/quarantine" search={{ state: 'find', study: i.study } as never}>
              {t('outbox.study')}
            </Link>
          </>
        )}
      </dd>
      <dt>{t('storage.f.image')}</dt>
      <dd>
        {t('storage.image_at', { s: i.series_number ?? '–', i: i.number ?? '–', size: bytes(i.size) })}
        {!i.current && ` · ${t('storage.not_shown')}`}
        <div className="mono said">{i.uid}</div>
      </dd>
      <dt>{t('storage.f.sender')}</dt>
      <dd>
        {i.sender || '–'} · {dayTime(i.received_at)}
      </dd>
    </dl>
  );
}
