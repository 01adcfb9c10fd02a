// The strip of series and the list of prior studies of all facilities in scope.
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { get } from '../../api/client';
import { useOpenings } from '../../api/shut';
import { useWords } from '../../i18n';
import { dicomDate } from '../../ui/format';
import type { KeyImages } from './keyImages';
import type { Hung, KeyImage, PriorStudy, StudyDetail, StudySeries } from './model';
import { hasImages, startOf } from './viewer/hanging';
import { answering, rankPriors, regionOf } from './viewer/priors';

/** A key object selection has nothing to be shown: its marks stand in the list of key images. */
const shownOnly = (study: StudyDetail): StudyDetail => ({ ...study, series: study.series.filter((s) => s.modality !== 'KO') });

export const studyQuery = (id: string) => ({
  queryKey: ['imaging', 'study', id] as const,
  queryFn: ({ signal }: { signal: AbortSignal }) => get<StudyDetail>(`/api/studies/${id}`, signal).then(shownOnly),
  staleTime: 15_000,
  // The centre stands in the building: what the PC thinks of its way to the internet says nothing.
  networkMode: 'always' as const,
});

interface Props {
  study: StudyDetail;
  order: StudySeries[];
  shown: (Hung | null)[];
  active: number;
  show: (h: Hung, prior?: boolean) => void;
  keyImages: KeyImages;
  goToKey: (k: KeyImage) => void;
  canMark: boolean;
}

export function SeriesStrip({ study, order, shown, active, show, keyImages, goToKey, canMark }: Props) {
  const { t } = useWords();
  const inActive = shown[active]?.series.id;
  const anywhere = new Set(shown.map((h) => h?.series.id));
  return (
    <nav className="im-strip" aria-label={t('imaging.series_list')}>
      {order.map((s) => (
        <SeriesButton
          key={s.id}
          series={s}
          current={s.id === inActive}
          open={anywhere.has(s.id)}
          go={() => show({ study, series: s, prior: false, start: startOf(s.modality) })}
        />
      ))}
      {order.length === 0 && <span className="im-none">{t('imaging.no_series')}</span>}
      <Documents study={study} />
      <KeyList keyImages={keyImages} goTo={goToKey} canMark={canMark} />
      <h2 className="im-strip-head">{t('imaging.priors', { n: study.priors.length })}</h2>
      {study.priors.length === 0 && <span className="im-none">{t('imaging.no_priors')}</span>}
      {rankPriors(study.priors, study).map((p) => (
        <Prior
          key={p.id}
          prior={p}
          later={p.study_date > study.study_date}
          near={regionOf(p.body_part, p.description) === regionOf(study.body_part, study.description)}
          shown={shown[0]?.series ?? null}
          inActive={inActive}
          anywhere={anywhere}
          show={show}
        />
      ))}
    </nav>
  );
}

function SeriesButton({ series, current, open, go }: { series: StudySeries; current: boolean; open: boolean; go: () => void }) {
  const { t } = useWords();
  const count = series.frames;
  const label = t('imaging.series_label', { s: series.number ?? '–', n: count, text: series.description || series.modality });
  return (
    <button
      type="button"
      className="im-series"
      title={label}
      aria-current={current || undefined}
      data-open={open || undefined}
      onClick={go}
    >
      <Thumb src={series.thumbnail} text={series.modality} />
      <span className="im-series-foot">
        <span>S{series.number ?? '–'}</span>
        <span className="cut">{series.description}</span>
        <span>{count}</span>
      </span>
      {series.damaged > 0 && <span className="im-series-hurt">{t('imaging.series_damaged', { n: series.damaged })}</span>}
    </button>
  );
}

/** Reports, presentation states and documents of a study: they are there, and nothing of them can be looked at here. */
function Documents({ study }: { study: StudyDetail }) {
  const { t } = useWords();
  const others = study.series.filter((s) => !hasImages(s));
  if (others.length === 0) return null;
  return (
    <>
      <h2 className="im-strip-head">{t('imaging.documents', { n: others.reduce((n, s) => n + s.instance_count, 0) })}</h2>
      <ul className="im-keys">
        {others.map((s) => (
          <li key={s.id} className="im-none" title={t('imaging.documents_hint')}>
            {[s.modality, s.description, s.instance_count > 1 && `×${s.instance_count}`].filter(Boolean).join(' ')}
          </li>
        ))}
      </ul>
    </>
  );
}

function Thumb({ src, text }: { src: string | null; text: string }) {
  // One that failed behind the lock is asked for again when the page has been opened.
  const turn = useOpenings();
  const [broken, breakIt] = useState(-1);
  return src && broken !== turn ? (
    <img src={src} alt="" loading="lazy" draggable={false} onError={() => breakIt(turn)} />
  ) : (
    <span className="im-thumb" aria-hidden="true">
      {text}
    </span>
  );
}

function Prior({
  prior,
  later,
  near,
  shown,
  inActive,
  anywhere,
  show,
}: {
  prior: PriorStudy;
  /** Newer than what is being read. */
  later: boolean;
  /** Same body region as what is being read. */
  near: boolean;
  /** What is being read; the prior opens with the series that answers it. */
  shown: StudySeries | null;
  inActive: string | undefined;
  anywhere: Set<string | undefined>;
  show: Props['show'];
}) {
  const { t } = useWords();
  const [open, toggle] = useState(false);
  // Loaded on demand: the list costs nothing until a prior is asked for.
  const study = useQuery({ ...studyQuery(prior.id), enabled: open });
  const wish = useRef(false);
  // Asked for, the prior stands beside the current images at once; its other series are one key away.
  useEffect(() => {
    const found = open && wish.current && study.data ? answering(study.data.series, shown) : null;
    if (!found || !study.data) return;
    wish.current = false;
    show({ study: study.data, series: found, prior: true, later, start: startOf(found.modality) }, true);
  }, [open, study.data, shown, show, later]);
  return (
    <div className="im-priorbox">
      <button
        type="button"
        className="im-priorhead"
        aria-expanded={open}
        data-near={near || undefined}
        onClick={() => {
          wish.current = !open;
          toggle(!open);
        }}
      >
        <span>{dicomDate(prior.study_date)}</span>
        {later && <span className="im-later">{t('imaging.later')}</span>}
        <span>
          {prior.modality} {prior.description || prior.body_part}
        </span>
        <span className="dim">{prior.facility_name}</span>
      </button>
      {open && study.isPending && <span className="im-none">{t('page.loading')}</span>}
      {open && study.isError && <span className="im-none tone-orange">{t('imaging.prior_failed')}</span>}
      {open &&
        study.data?.series
          .filter(hasImages)
          .map((s) => (
            <SeriesButton
              key={s.id}
              series={s}
              current={s.id === inActive}
              open={anywhere.has(s.id)}
              go={() => study.data && show({ study: study.data, series: s, prior: true, later, start: startOf(s.modality) }, true)}
            />
          ))}
      {open && study.data && <Documents study={study.data} />}
    </div>
  );
}

/** The key image as it was seen when it was marked; of colours there is no window. */
export function keyPath({ instance, frame, view: { center, width } }: KeyImage): string {
  const path = `/api/frames/${encodeURIComponent(instance)}/${frame}`;
  const seen = center !== null && width !== null && width > 0;
  return seen ? `${path}?f=png&w=160&wc=${center}&ww=${width}` : `${path}?f=jpeg&w=160`;
}

/** Key images: go there, see who marked it, take the mark away. */
function KeyList({ keyImages, goTo, canMark }: { keyImages: KeyImages; goTo: (k: KeyImage) => void; canMark: boolean }) {
  const { t } = useWords();
  const turn = useOpenings();
  if (keyImages.list.length === 0) return null;
  return (
    <>
      <h2 className="im-strip-head">{t('imaging.key_images', { n: keyImages.list.length })}</h2>
      <ul className="im-keys">
        {keyImages.list.map((k) => (
          <li key={k.id} className="im-keyrow">
            {k.shown ? (
              <button type="button" className="im-plain" onClick={() => goTo(k)} title={t('imaging.key_by', { name: k.by })}>
                <img key={turn} src={keyPath(k)} data-inverted={k.view.invert || undefined} alt="" loading="lazy" draggable={false} />
                <span>★ {t('imaging.key_where', { s: k.series_number ?? '–' })}</span>
              </button>
            ) : (
              <span className="im-none" title={t('imaging.key_by', { name: k.by })}>
                ★ {t('imaging.key_where', { s: k.series_number ?? '–' })} · {t('imaging.key_gone')}
              </span>
            )}
            {canMark && (
              <button type="button" className="im-link" aria-label={t('imaging.key_remove')} onClick={() => keyImages.drop(k)}>
                ×
              </button>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
