// One pane: the preview at once, the diagnostic frame as soon as it is there, the words in the corners.
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { Fault, get } from '../../../api/client';
import { useWords } from '../../../i18n';
import { looked } from '../../../ui/firstLook';
import { dicomDate } from '../../../ui/format';
import { type Hung, shownKey } from '../model';
import { Corners } from './Corners';
import { EMPTY_STATE, type Pane, type PaneState, type ViewerPort } from './port';
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
});

export function Viewport({ index, port, hung, active, onActivate, onSolo, onPane, onState, turn, keyImage, children }: Props) {
  const { t } = useWords();
  const frame = useRef<HTMLElement>(null);
  const element = useRef<HTMLDivElement>(null);
  const [pane, setPane] = useState<Pane | null>(null);
  const [previewed, setPreviewed] = useState<string | null>(null);
  const state = useSyncExternalStore(pane ? (l) => pane.subscribe(l) : nothing, () => pane?.state() ?? EMPTY_STATE);
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
    if (!doc || doc.series !== shownKey(hung)) return;
    // A series still arriving opens again when it has grown, and a slab when its thickness changes: at the image that is
    // being looked at, wherever it stands now.
    const was = opened.current;
    const same = was?.pane === pane && was.key === openedKey;
    if (same && was.doc === doc) return;
    opened.current = { pane, key: openedKey, doc };
    const frames = framesOf(doc);
    const at = same ? frames.findIndex((f) => f.imageId === pane.state().frame?.imageId) : -1;
    void pane.open(doc, optionsOf(hung, at >= 0 ? at : startIn(frames, hung)));
  }, [pane, hung, doc, openedKey]);

  useEffect(() => onState?.(state), [state, onState]);

  const failed = stack.isError || state.status === 'error';
  // The server does not serve an image whose stored bytes are damaged: the reader learns that it is not the line.
  const hurt = failed && doc && hung && doc.series === shownKey(hung) && framesOf(doc)[state.index]?.instance.damaged;
  const waiting = !!hung && !state.diagnostic && !failed;
  const preview = hung ? previewOf(hung) : null;
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
    >
      <div ref={element} className="im-canvas" data-waiting={waiting || undefined} />
      {waiting && preview && <Preview key={preview} hung={hung} src={preview} tell={setPreviewed} />}
      {children}
      {hung && <Corners hung={hung} state={state} waiting={waiting} previewed={previewed === preview} keyImage={keyImage} />}
      {failed && (
        <div className="im-failed" role="alert">
          <strong>{t(hurt ? 'imaging.frame_damaged' : 'imaging.frame_failed')}</strong>
          <span className="mono">{stack.isError ? codeOf(stack.error) : state.error}</span>
          <button
            type="button"
            className="im-plain"
            onClick={() => {
              opened.current = null;
              void stack.refetch();
              if (pane && doc && hung) void pane.open(doc, optionsOf(hung, state.index));
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

/** Picture that stands for the pane until the diagnostic image is there: of the series, or of the one image it is about. */
function previewOf(hung: Hung): string | null {
  if (hung.cut) return null;
  const images = hung.series.images ?? [];
  const id = hung.instance ?? (hung.start ? images[hung.start]?.id : undefined);
  if (id && images.length > 1) return `/api/frames/${encodeURIComponent(id)}/1?f=jpeg&w=1024`;
  return hung.series.preview;
}

/** Where the preview stands before it is mirrored or turned. */
function leaning(hung: Hung): string {
  if (!hung.lean) return 'center';
  const swapped = hung.mirror !== (hung.turn === 180);
  return swapped === (hung.lean === 'left') ? 'right' : 'left';
}

function Preview({ src, hung, tell }: { src: string; hung: Hung; tell: (src: string) => void }) {
  const [gone, hide] = useState(false);
  // The preview shows what stands for the series, the way the diagnostic image will stand.
  const look = hung.mirror || hung.turn ? { transform: `rotate(${hung.turn ?? 0}deg) scaleX(${hung.mirror ? -1 : 1})` } : undefined;
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
