// What lies above the picture of a pane: lines of other images, the located point, letters at the edges, magnifier, caret.
import { type CSSProperties, useRef } from 'react';
import { useWords } from '../../../i18n';
import type { Point } from './calibration';
import { edges } from './geometry';
import type { Line } from './links';
import type { Pane, PaneState, ToolId } from './port';

interface Props {
  pane: Pane | null;
  state: PaneState;
  tool: ToolId;
  lines: readonly Line[];
  /** Words of the pane a line comes from, in MPR. */
  names: readonly string[];
  spot: Point | null;
  caret: { at: Point; points: readonly Point[] } | null;
  locate: (p: Point) => void;
}

// Colour and pattern differ together: nothing is told by colour alone.
const STROKES = [
  { stroke: '#ff8a7a', strokeDasharray: undefined },
  { stroke: '#7ddc8a', strokeDasharray: '8 4' },
  { stroke: '#7fb8ff', strokeDasharray: '2 4' },
  { stroke: '#f2d64b', strokeDasharray: '12 4 2 4' },
] as const;

export function Layers({ pane, state, tool, lines, names, spot, caret, locate }: Props) {
  const box = useRef<HTMLDivElement>(null);
  // Over a preview, or while another image is on its way, nothing would stand where it belongs.
  if (!pane || !state.diagnostic) return null;
  const at = (p: Point) => pane.project(p);
  const spotAt = spot && at(spot);
  return (
    <>
      <svg className="im-lines" aria-hidden="true">
        {lines.map((l) => {
          const [a, b] = [at(l.a), at(l.b)];
          if (!a || !b) return null;
          const look = STROKES[l.from % STROKES.length] ?? STROKES[0];
          return (
            <g key={l.from}>
              <line x1={a[0]} y1={a[1]} x2={b[0]} y2={b[1]} {...look} />
              {names[l.from] && (
                <text {...nameAt(a, b)} fill={look.stroke}>
                  {names[l.from]}
                </text>
              )}
            </g>
          );
        })}
        {spotAt && <Cross at={spotAt} />}
        {caret && <CaretMark at={at(caret.at)} points={caret.points.map(at)} />}
      </svg>
      <Letters state={state} />
      {(tool === 'locate' || tool === 'magnify') && (
        <div
          ref={box}
          className="im-catch"
          data-tool={tool}
          onWheel={(e) => pane.scroll(e.deltaY > 0 ? 1 : -1)}
          onPointerDown={(e) => {
            if (tool !== 'locate' || e.button !== 0) return;
            e.currentTarget.setPointerCapture(e.pointerId);
            const p = pane.unproject(within(e));
            if (p) locate(p);
          }}
          onPointerMove={(e) => {
            if (tool === 'magnify') magnify(box.current, within(e));
            else if (e.currentTarget.hasPointerCapture(e.pointerId)) {
              const p = pane.unproject(within(e));
              if (p) locate(p);
            }
          }}
          onPointerLeave={() => magnify(box.current, null)}
        >
          {tool === 'magnify' && <canvas className="im-lens" width={LENS} height={LENS} hidden />}
        </div>
      )}
    </>
  );
}

/** Where the name of a line stands: clear of the words in the corners and the letters at the edges. */
function nameAt(a: Point, b: Point): { x: number; y: number } {
  const flat = Math.abs(b[0] - a[0]) > Math.abs(b[1] - a[1]);
  const [from, to] = (flat ? a[0] <= b[0] : a[1] <= b[1]) ? [a, b] : [b, a];
  const share = flat ? 0.58 : 0.3;
  return { x: from[0] + (to[0] - from[0]) * share + 4, y: from[1] + (to[1] - from[1]) * share - 4 };
}

const within = (e: React.PointerEvent<HTMLElement>): Point => {
  const r = e.currentTarget.getBoundingClientRect();
  return [e.clientX - r.left, e.clientY - r.top];
};

const LENS = 220;
const TIMES = 2.5;

/** Copies what is drawn under the pointer, larger, without smoothing. */
function magnify(box: HTMLDivElement | null, at: Point | null): void {
  const lens = box?.querySelector<HTMLCanvasElement>('.im-lens');
  const source = box?.parentElement?.querySelector<HTMLCanvasElement>('.im-canvas canvas');
  const pen = lens?.getContext('2d');
  if (!lens || !source || !pen) return;
  lens.hidden = at === null;
  if (!at) return;
  const ratio = source.width / Math.max(1, source.clientWidth);
  const side = (LENS / TIMES) * ratio;
  pen.imageSmoothingEnabled = false;
  pen.fillStyle = '#000';
  pen.fillRect(0, 0, LENS, LENS);
  pen.drawImage(source, at[0] * ratio - side / 2, at[1] * ratio - side / 2, side, side, 0, 0, LENS, LENS);
  lens.style.transform = `translate(${at[0] - LENS / 2}px, ${at[1] - LENS / 2}px)`;
}

function Cross({ at }: { at: Point }) {
  const [x, y] = at;
  return (
    <path className="im-spot" d={`M${x - 12} ${y}H${x - 4}M${x + 4} ${y}H${x + 12}M${x} ${y - 12}V${y - 4}M${x} ${y + 4}V${y + 12}`} />
  );
}

function CaretMark({ at, points }: { at: Point | null; points: readonly (Point | null)[] }) {
  if (!at) return null;
  const set = points.filter((p): p is Point => p !== null);
  return (
    <g className="im-caret">
      {set.length > 0 && <polyline points={[...set, at].map((p) => p.join(',')).join(' ')} fill="none" />}
      {set.map((p) => (
        <circle key={p.join()} cx={p[0]} cy={p[1]} r={3} />
      ))}
      <path d={`M${at[0] - 10} ${at[1]}H${at[0] + 10}M${at[0]} ${at[1] - 10}V${at[1] + 10}`} />
    </g>
  );
}

/** Letters of the patient's directions at the four edges. */
function Letters({ state }: { state: PaneState }) {
  const { t } = useWords();
  const i = state.frame?.instance;
  const told = i && state.axes ? edges(i, state.axes) : null;
  if (!told) return null;
  const place = (name: string): CSSProperties => ({ gridArea: name });
  return (
    <div className="im-letters" role="img" aria-label={t('imaging.directions', { ...told })}>
      {(['top', 'right', 'bottom', 'left'] as const).map((side) => (
        <span key={side} style={place(side)}>
          {told[side]}
        </span>
      ))}
    </div>
  );
}
