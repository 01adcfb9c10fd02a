// One pane: the preview at once, the diagnostic frame as soon as it is there, the words in the corners.
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { Fault, get } from '../../../api/client';
import { useWords } from '../../../i18n';
import { looked } from '../../../ui/firstLook';
import { dicomDate } from '../../../ui/format';
import { type Hung, shownKey, stateOf } from '../model';
import { Corners } from './Corners';
import { EMPTY_STATE, type Pane, type PaneState, type ViewerPort } from './port';
import { ofSeries, previewOf, standing } from './preview';
import { type FrameRef, framesOf, type StackDoc } from './stack';

interface Props {
  index: number;
  port: ViewerPort | null;
  hung: Hung | null;
  active: boolean;
  onActivate: () => void;
  /** Asks for the whole field, or for the other panes again. */
  onSolo: () => void;
  onPane: (pane: Pane | null) => void;
  onState?: (state: PaneState) => void;
  /** Counts changes of calculated cuts, so that their document is fetched anew. */
  turn: number;
  keyImage: boolean;
  /** What lies above the picture. */
  children?: ReactNode;
}

const nothing = () => () => undefined;

export const stackQuery = (series: string) => ({
  queryKey: ['imaging', 'stack', series] as const,
  queryFn: ({ signal }: { signal: AbortSignal }) => get<StackDoc>(`/api/series/${series}/stack`, signal),
  staleTime: 60_000,
  // The centre stands in the building: what the PC thinks of its way to the internet says nothing.
  networkMode: 'always' as const,
});

export function Viewport({ index, port, hung, active, onActivate, onSolo, onPane, onState, turn, keyImage, children }: Props) {
  const { t } = useWords();
  const frame = useRef<HTMLElement>(null);
  const element = useRef<HTMLDivElement>(null);
  const [pane, setPane] = useState<Pane | null>(null);
  const [previewed, setPreviewed] = useState<string | null>(null);
  const [begins, begin] = useState<string | null>(null);
  const told = useSyncExternalStore(pane ? (l) => pane.subscribe(l) : nothing, () => pane?.state() ?? EMPTY_STATE);
  const state = stateOf(hung, told);
  const stack = useQuery({ ...stackQuery(hung?.series.id ?? ''), enabled: !!hung && !hung.cut });
  // a changed slab gives another document under the same name
  const [series, direction] = [hung?.series.id, hung?.cut];
  const cut = useMemo(() => (series && direction ? (port?.cut(series, direction) ?? null) : null), [port, series, direction, turn]);
  const doc = hung?.cut ? cut : stack.data;

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

  const openedKey = hung ? `${shownKey(hung)}#${hung.start}#${hung.frame ?? ''}#${hung.instance ?? ''}` : '';
  const opened = useRef<{ pane: Pane; key: string; doc: StackDoc } | null>(null);
  useEffect(() => {
    if (!pane) return;
    if (!hung) {
      pane.clear();
      opened.current = null;
      return;
    }
    if (!doc || doc.series !== shownKey(hung)) {
      // What hung here before stands under no other name while the new document is on its way.
      if (pane.state().series !== shownKey(hung)) {
        pane.clear();
        opened.current = null;
      }
      return;
    }
    // A series still arriving opens again when it has grown, and a slab when its thickness changes: at the image that is
    // being looked at, wherever it stands now.
    const was = opened.current;
    const same = was?.pane === pane && was.key === openedKey;
    if (same && was.doc === doc) return;
    opened.current = { pane, key: openedKey, doc };
    const frames = framesOf(doc);
    const at = same ? frames.findIndex((f) => f.imageId === pane.state().frame?.imageId) : -1;
    const start = at >= 0 ? at : startIn(frames, hung);
    begin(at >= 0 ? null : (frames[start]?.imageId ?? null));
    pane.open(doc, optionsOf(hung, start));
  }, [pane, hung, doc, openedKey]);

  useEffect(() => onState?.(state), [state, onState]);

  // A document asked for anew in vain leaves what is there as it is.
  const undocumented = !!hung && !hung.cut && stack.isError && !doc;
  const failed = undocumented || state.status === 'error';
  // The server does not serve an image whose stored bytes are damaged: the reader learns that it is not the line.
  const hurt = failed && state.frame?.instance.damaged;
  const waiting = !!hung && !state.diagnostic && !failed;
  const found = hung && previewOf(hung);
  const stands = found && waiting ? standing(found, state, begins) : null;
  const preview = stands ? (found?.src ?? null) : null;
  useEffect(() => {
    if (!preview) looked();
  }, [preview]);
  useEffect(() => {
    if (state.diagnostic) performance.mark('yg:diagnostic');
  }, [state.diagnostic]);
  return (
    <section
      ref={frame}
      className="im-view"
      data-active={active}
      data-prior={hung?.prior || undefined}
      data-lean={hung?.lean}
      aria-label={t('imaging.viewport', { n: index + 1 })}
      tabIndex={0}
      onPointerDownCapture={onActivate}
      onFocus={onActivate}
      onDoubleClick={onSolo}
      onContextMenu={(e) => e.preventDefault()}
      // The picture takes the wheel itself; hidden it cannot, and the reader must get past an image that does not come.
      onWheel={state.diagnostic ? undefined : (e) => pane?.scroll(e.deltaY > 0 ? 1 : -1)}
    >
      {/* Nothing but the frame that is told of is ever seen here. */}
      <div ref={element} className="im-canvas" data-waiting={waiting || undefined} data-hidden={!state.diagnostic || undefined} />
      {preview && hung && <Picture key={preview} hung={hung} state={state} src={preview} tell={setPreviewed} />}
      {children}
      {hung && (
        <Corners
          hung={hung}
          state={stands === 'series' ? ofSeries(state) : state}
          waiting={waiting}
          previewed={!!preview && previewed === preview}
          keyImage={keyImage && stands !== 'series'}
        />
      )}
      {failed && (
        <div className="im-failed" role="alert">
          <strong>{t(hurt ? 'imaging.frame_damaged' : 'imaging.frame_failed')}</strong>
          <span className="mono">{undocumented ? codeOf(stack.error) : state.error}</span>
          <button
            type="button"
            className="im-plain"
            onClick={() => {
              void stack.refetch();
              if (pane && doc && hung) pane.open(doc, optionsOf(hung, state.index));
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

const optionsOf = (hung: Hung, start: number) => ({
  series: shownKey(hung),
  seriesNumber: hung.series.number,
  modality: hung.series.modality,
  start,
  flipHorizontal: hung.mirror ?? false,
  rotation: hung.turn ?? 0,
  lean: hung.lean ?? null,
  prior: hung.prior ? { date: dicomDate(hung.study.study_date) } : null,
  cut: !!hung.cut,
  window: hung.window ?? null,
});

/** Index of the frame a pane opens with. */
function startIn(frames: readonly FrameRef[], hung: Hung): number {
  if (hung.instance)
    return Math.max(
      0,
      frames.findIndex((f) => f.instance.id === hung.instance),
    );
  if (hung.start === null) return Math.floor(frames.length / 2);
  return Math.max(
    0,
    frames.findIndex((f) => f.image === hung.start && f.frame === (hung.frame ?? 1)),
  );
}

/** Where the preview stands before it is mirrored or turned. */
function leaning(hung: Hung): string {
  if (!hung.lean) return 'center';
  const swapped = hung.mirror !== (hung.turn === 180);
  return swapped === (hung.lean === 'left') ? 'right' : 'left';
}

/** The preview, the way the diagnostic image will stand. */
function Picture({ src, hung, state, tell }: { src: string; hung: Hung; state: PaneState; tell: (src: string) => void }) {
  const [gone, hide] = useState(false);
  const [mirror, turn] = state.frame ? [state.flipHorizontal, state.rotation] : [hung.mirror ?? false, hung.turn ?? 0];
  const look = mirror || turn ? { transform: `rotate(${turn}deg) scaleX(${mirror ? -1 : 1})` } : undefined;
  return gone ? null : (
    <img
      className="im-preview"
      src={src}
      alt=""
      style={{ ...look, objectPosition: leaning(hung) }}
      onLoad={() => {
        performance.mark('yg:first-image');
        looked();
        tell(src);
      }}
      onError={() => {
        hide(true);
        looked();
      }}
      draggable={false}
    />
  );
}
