// The words in the corners of a pane: who, what, where, how it is shown.
import { useWords } from '../../../i18n';
import { useAge, useSex } from '../../../ui/bits';
import { dicomDate } from '../../../ui/format';
import type { Hung } from '../model';
import { slabWord, whyRendered } from '../words';
import type { PaneState } from './port';
import { slicePosition } from './stack';
import { windowText } from './voi';

const timeOf = (text: string): string => (/^\d{4}/.test(text) ? `${text.slice(0, 2)}:${text.slice(2, 4)}` : '');

interface Props {
  hung: Hung;
  state: PaneState;
  waiting: boolean;
  previewed: boolean;
  keyImage: boolean;
}

export function Corners({ hung, state, waiting, previewed, keyImage }: Props) {
  return (
    <>
      <Patient hung={hung} />
      <Study hung={hung} state={state} />
      <Place hung={hung} state={state} />
      <Look state={state} waiting={waiting} previewed={previewed} keyImage={keyImage} fetched={!hung.cut} />
    </>
  );
}

function Patient({ hung }: { hung: Hung }) {
  const { t } = useWords();
  const sex = useSex();
  const age = useAge();
  const { study, prior } = hung;
  const p = study.patient;
  const tail = p.local_id.length > 6 ? `…${p.local_id.slice(-6)}` : p.local_id;
  return (
    <div className="im-corner im-tl">
      <bdi>{p.name || t('patient.unnamed')}</bdi>
      <span>
        {sex(p.sex)} {age(p.age)} · {tail}
      </span>
      <span>{study.description}</span>
      {prior && (
        <strong className="im-prior">
          {t(hung.later ? 'imaging.later_mark' : 'imaging.prior_mark', { date: dicomDate(study.study_date) })}
        </strong>
      )}
    </div>
  );
}

function Study({ hung, state }: { hung: Hung; state: PaneState }) {
  const { t } = useWords();
  const { study, series } = hung;
  const i = state.frame?.instance;
  const told = i?.laterality || series.laterality;
  const side = told === 'U' ? '' : told; // unpaired body part
  const view = i?.view_position ?? '';
  const { part } = state;
  return (
    <div className="im-corner im-tr">
      <span>{study.facility_name}</span>
      <span>
        {dicomDate(study.study_date)} {timeOf(study.study_time)}
      </span>
      <span>{series.description}</span>
      {(side || view) && <strong className="im-side">{[side, view].filter(Boolean).join(' ')}</strong>}
      {hung.cut && <strong className="im-side">{t(`imaging.cut.${hung.cut}`)}</strong>}
      {i?.slab && <strong className="im-side">{slabWord(t, i.slab, i.slice_thickness ?? 0)}</strong>}
      {part && <span>{t(`imaging.part.${part.by}`, { n: part.n })}</span>}
    </div>
  );
}

function Place({ hung, state }: { hung: Hung; state: PaneState }) {
  const { t } = useWords();
  const i = state.frame?.instance;
  const pos = i ? slicePosition(i) : null;
  return (
    <div className="im-corner im-bl">
      <span>
        {t('imaging.series_image', {
          s: hung.series.number ?? '–',
          n: state.count && i ? state.index + 1 : '–',
          total: state.count || '–',
        })}
        {state.number !== null && state.number !== state.index + 1 ? ` · ${t('imaging.image_number', { n: state.number })}` : ''}
        {i && i.frames > 1 ? ` · ${t('imaging.frame_of', { n: state.frame?.frame ?? 1, total: i.frames })}` : ''}
        {state.playing ? ` · ${t('imaging.rate', { n: state.rate })}` : ''}
      </span>
      {pos !== null && (
        <span>
          {t('imaging.slice', { pos: pos.toFixed(1) })}
          {i?.slice_thickness ? ` · ${t('imaging.thickness', { mm: Number(i.slice_thickness.toFixed(2)) })}` : ''}
        </span>
      )}
      {i && (
        <span>
          {i.cols}×{i.rows} · {t('imaging.zoom', { x: Math.round(state.zoom * 100) })}
          {state.rotation ? ` · ${state.rotation}°` : ''}
          {state.flipHorizontal ? ` · ${t('imaging.flipped')}` : ''}
          {state.invert ? ` · ${t('imaging.inverted')}` : ''}
        </span>
      )}
    </div>
  );
}

function Look({ state, waiting, previewed, keyImage, fetched }: Omit<Props, 'hung'> & { fetched: boolean }) {
  const { t } = useWords();
  const i = state.frame?.instance;
  return (
    <div className="im-corner im-br">
      {keyImage && <strong className="im-mark">★ {t('imaging.key_image')}</strong>}
      {waiting && <strong className="im-mark">{t(previewed ? 'imaging.preview' : 'imaging.loading')}</strong>}
      {state.rendered && (
        <strong className="im-mark" title={i && t('imaging.rendered_hint', { why: whyRendered(t, i) })}>
          {[t('imaging.rendered'), i && whyRendered(t, i)].filter(Boolean).join(' · ')}
        </strong>
      )}
      {i && (
        <span className={i.lossy ? 'im-lossy' : undefined}>
          {i.lossy
            ? i.lossy.ratio
              ? t('imaging.lossy_ratio', { r: windowText(i.lossy.ratio) })
              : t('imaging.lossy')
            : t('imaging.lossless')}
        </span>
      )}
      {fetched && state.loaded < state.count && state.loaded > 0 && (
        <span>{t('imaging.loaded', { n: state.loaded, total: state.count })}</span>
      )}
      {state.window && <span>{t('imaging.window_value', { w: windowText(state.window.width), c: windowText(state.window.center) })}</span>}
    </div>
  );
}
