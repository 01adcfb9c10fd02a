// One pane: the preview at once, the diagnostic frame as soon as it is there, the words in the corners.
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { Fault, get } from '../../../api/client';
import { useWords } from '../../../i18n';
import { useAge, useSex } from '../../../ui/bits';
import { dicomDate } from '../../../ui/format';
import type { Hung } from '../model';
import { EMPTY_STATE, type Pane, type PaneState, type ViewerPort } from './port';
import { framesOf, type StackDoc, slicePosition } from './stack';

interface Props {
  index: number;
  port: ViewerPort | null;
  hung: Hung | null;
  active: boolean;
  onActivate: () => void;
  onPane: (pane: Pane | null) => void;
  onState?: (state: PaneState) => void;
}

const nothing = () => () => undefined;

export const stackQuery = (series: string) => ({
  queryKey: ['imaging', 'stack', series] as const,
  queryFn: ({ signal }: { signal: AbortSignal }) => get<StackDoc>(`/api/series/${series}/stack`, signal),
  staleTime: 60_000,
});

export function Viewport({ index, port, hung, active, onActivate, onPane, onState }: Props) {
  const { t } = useWords();
  const frame = useRef<HTMLElement>(null);
  const element = useRef<HTMLDivElement>(null);
  const [pane, setPane] = useState<Pane | null>(null);
  const [previewed, setPreviewed] = useState<string | null>(null);
  const state = useSyncExternalStore(pane ? (l) => pane.subscribe(l) : nothing, () => pane?.state() ?? EMPTY_STATE);
  const stack = useQuery({ ...stackQuery(hung?.series.id ?? ''), enabled: !!hung });
  const doc = stack.data;

  useEffect(() => {
    if (!port || !element.current) return;
    const made = port.pane(`pane-${index}`, element.current);
    setPane(made);
    onPane(made);
    return () => {
      onPane(null);
      setPane(null);
      made.dispose();
    };
    // onPane is stable by contract
  }, [port, index, onPane]);

  const openedKey = hung ? `${hung.series.id}#${hung.start}` : '';
  const opened = useRef<{ pane: Pane; key: string; count: number } | null>(null);
  useEffect(() => {
    if (!pane) return;
    if (!hung) {
      pane.clear();
      opened.current = null;
      return;
    }
    if (!doc || doc.series !== hung.series.id) return;
    // A series still arriving opens again when it has grown, at the image that is being looked at.
    const was = opened.current;
    const same = was?.pane === pane && was.key === openedKey;
    if (same && was.count === doc.instances.length) return;
    opened.current = { pane, key: openedKey, count: doc.instances.length };
    const frames = framesOf(doc);
    const first = hung.start === null ? Math.floor(frames.length / 2) : frames.findIndex((f) => f.image === hung.start);
    void pane.open(doc, {
      series: hung.series.id,
      seriesNumber: hung.series.number,
      modality: hung.series.modality,
      start: same ? pane.state().index : Math.max(0, first),
      prior: hung.prior,
    });
  }, [pane, hung, doc, openedKey]);

  useEffect(() => onState?.(state), [state, onState]);

  const failed = stack.isError || state.status === 'error';
  const waiting = !!hung && !state.diagnostic && !failed;
  return (
    <section
      ref={frame}
      className="im-view"
      data-active={active}
      data-prior={hung?.prior || undefined}
      aria-label={t('imaging.viewport', { n: index + 1 })}
      tabIndex={0}
      onPointerDownCapture={onActivate}
      onFocus={onActivate}
      onContextMenu={(e) => e.preventDefault()}
    >
      <div ref={element} className="im-canvas" data-waiting={waiting || undefined} />
      {waiting && hung?.series.preview && <Preview key={hung.series.id} src={hung.series.preview} tell={setPreviewed} />}
      {hung && <Corners hung={hung} state={state} waiting={waiting} previewed={previewed === hung.series.preview} />}
      {failed && (
        <div className="im-failed" role="alert">
          <strong>{t('imaging.frame_failed')}</strong>
          <span className="mono">{stack.isError ? codeOf(stack.error) : state.error}</span>
          <button
            type="button"
            className="im-plain"
            onClick={() => {
              opened.current = null;
              void stack.refetch();
              if (pane && doc && hung)
                void pane.open(doc, {
                  series: hung.series.id,
                  seriesNumber: hung.series.number,
                  modality: hung.series.modality,
                  start: state.index,
                });
            }}
          >
            {t('action.retry')}
          </button>
        </div>
      )}
      {!hung && <div className="im-empty">{t('imaging.empty_pane')}</div>}
    </section>
  );
}

const codeOf = (error: unknown): string => (error instanceof Fault ? `${error.status} ${error.code}` : '');

function Preview({ src, tell }: { src: string; tell: (src: string) => void }) {
  const [gone, hide] = useState(false);
  return gone ? null : (
    <img className="im-preview" src={src} alt="" onLoad={() => tell(src)} onError={() => hide(true)} draggable={false} />
  );
}

const decimal = (v: number): string => (Math.abs(v) >= 10 || Number.isInteger(v) ? v.toFixed(0) : v.toFixed(1));

function Corners({ hung, state, waiting, previewed }: { hung: Hung; state: PaneState; waiting: boolean; previewed: boolean }) {
  const { t } = useWords();
  const sex = useSex();
  const age = useAge();
  const { study, series, prior } = hung;
  const p = study.patient;
  const i = state.frame?.instance;
  const pos = i ? slicePosition(i) : null;
  const told = i?.laterality || series.laterality;
  const side = told === 'U' ? '' : told; // unpaired body part
  const view = i?.view_position ?? '';
  const tail = p.local_id.length > 6 ? `…${p.local_id.slice(-6)}` : p.local_id;
  return (
    <>
      <div className="im-corner im-tl">
        <bdi>{p.name || t('patient.unnamed')}</bdi>
        <span>
          {sex(p.sex)} {age(p.age)} · {tail}
        </span>
        <span>{study.description}</span>
        {prior && <strong className="im-prior">{t('imaging.prior_mark', { date: dicomDate(study.study_date) })}</strong>}
      </div>
      <div className="im-corner im-tr">
        <span>{study.facility_name}</span>
        <span>
          {dicomDate(study.study_date)} {timeOf(study.study_time)}
        </span>
        <span>{series.description}</span>
        {(side || view) && <strong>{[side, view].filter(Boolean).join(' ')}</strong>}
      </div>
      <div className="im-corner im-bl">
        <span>
          {t('imaging.series_image', { s: series.number ?? '–', n: state.count ? state.index + 1 : '–', total: state.count || '–' })}
          {i && i.frames > 1 ? ` · ${t('imaging.frame_of', { n: state.frame?.frame ?? 1, total: i.frames })}` : ''}
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
      <div className="im-corner im-br">
        {waiting && <strong className="im-mark">{t(previewed ? 'imaging.preview' : 'imaging.loading')}</strong>}
        {state.rendered && <strong className="im-mark">{t('imaging.rendered')}</strong>}
        {i && (
          <span className={i.lossy ? 'im-lossy' : undefined}>
            {i.lossy
              ? i.lossy.ratio
                ? t('imaging.lossy_ratio', { r: decimal(i.lossy.ratio) })
                : t('imaging.lossy')
              : t('imaging.lossless')}
          </span>
        )}
        {state.loaded < state.count && <span>{t('imaging.loaded', { n: state.loaded, total: state.count })}</span>}
        {state.window && !state.rendered && (
          <span>{t('imaging.window_value', { w: decimal(state.window.width), c: decimal(state.window.center) })}</span>
        )}
      </div>
    </>
  );
}

const timeOf = (text: string): string => (/^\d{4}/.test(text) ? `${text.slice(0, 2)}:${text.slice(2, 4)}` : '');
