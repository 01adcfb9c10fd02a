// The beat on paper of 100 mm/s with a line for each mark. Each line is a slider: mouse, touch and arrow keys move it.
import { useEffect, useMemo, useRef, useState } from 'react';
import { useWords } from '../../i18n';
import { gainFor, NOW, OTHERS, reach, strokeBeat } from './beats';
import { useSize } from './controls';
import { MARKS, type MarkName, type Marks, moveMark } from './marks';
import type { Group } from './model';
import { grid, prepare } from './paint';

const SPEED = 100;
/** Room for the names of the marks, px. */
const NAMES = 36;

interface Props {
  beat: Group;
  marks: Marks;
  /** The server's marks, drawn dashed where others stand. */
  machine: Marks | null;
  set: ((marks: Marks) => void) | null;
}

export function MarkBoard({ beat, marks, machine, set }: Props) {
  const { t } = useWords();
  const [box, size] = useSize();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [lead, choose] = useState('');
  const held = useRef<MarkName | null>(null);
  const length = ((beat.leads[0]?.uv.length ?? 0) / beat.rate) * 1000;
  const width = Math.max(0, size.width - 2);
  const height = Math.max(0, size.height - 34);
  const px = width / ((length * SPEED) / 1000);
  const shown = useMemo(() => (lead ? beat.leads.filter((l) => l.name === lead) : beat.leads), [beat, lead]);
  const onMs = (machine ?? marks).qrs_on;
  const onset = typeof onMs === 'number' ? Math.round((onMs * beat.rate) / 1000) : null;
  const high = useMemo(() => reach(shown, onset, beat.rate), [shown, onset, beat.rate]);
  const gain = gainFor(high, (height - NAMES) / px);
  const xOf = (ms: number) => ((ms * SPEED) / 1000) * px;

  useEffect(() => {
    const dpr = window.devicePixelRatio || 1;
    const g = prepare(canvas.current, width, height, dpr);
    if (!g) return;
    const mm = px * dpr;
    grid(g, mm, width * dpr, height * dpr);
    const spare = height * dpr - NAMES * dpr - (high.up + high.down) * gain * mm;
    const y = NAMES * dpr + spare / 2 + high.up * gain * mm;
    const scale = { rate: beat.rate, speed: SPEED, gain, mm, onset };
    for (const l of shown) strokeBeat(g, l.uv, 0, y, scale, lead || l.name === 'II' ? NOW : OTHERS);
  }, [beat, shown, lead, width, height, px, gain, high, onset]);

  const drag = (e: React.PointerEvent<HTMLElement>) => {
    const board = canvas.current?.getBoundingClientRect();
    if (!held.current || !board || !set) return;
    set(moveMark(marks, held.current, ((e.clientX - board.left) / px / SPEED) * 1000, beat.rate, length));
  };
  const step = (e: React.KeyboardEvent, name: MarkName) => {
    const by = e.key === 'ArrowLeft' ? -1 : e.key === 'ArrowRight' ? 1 : 0;
    const at = marks[name];
    if (!by || !set || typeof at !== 'number') return;
    e.preventDefault();
    e.stopPropagation();
    set(moveMark(marks, name, at + (by * (e.shiftKey ? 10 : 1) * 1000) / beat.rate, beat.rate, length));
  };

  return (
    <section className="ecg-board" ref={box} aria-label={t('ecg.view.median')}>
      <div className="ecg-leads" role="group" aria-label={t('ecg.lead')}>
        {['', ...beat.leads.map((l) => l.name)].map((name) => (
          <button
            key={name}
            type="button"
            className="ecg-btn"
            aria-pressed={lead === name}
            data-on={lead === name || undefined}
            onClick={() => choose(name)}
          >
            {name || t('ecg.all_leads')}
          </button>
        ))}
        <span className="dim">
          {SPEED} mm/s · {gain} mm/mV · {Number(beat.rate.toFixed(1))} Hz
        </span>
      </div>
      <div className="ecg-paper" style={{ width, height }}>
        <canvas ref={canvas} role="img" aria-label={t('ecg.median_label')} />
        {machine &&
          MARKS.map((name) => {
            const at = machine[name];
            return typeof at === 'number' && at !== marks[name] ? (
              <span key={name} className="ecg-mark-old" style={{ left: xOf(at) }} aria-hidden="true" />
            ) : null;
          })}
        {MARKS.map((name, n) => {
          const at = marks[name];
          if (typeof at !== 'number') return null;
          return (
            <div
              key={name}
              className="ecg-mark"
              role="slider"
              tabIndex={0}
              aria-label={t(`ecg.mark.${name}`)}
              aria-valuemin={0}
              aria-valuemax={Math.round(length)}
              aria-valuenow={Math.round(at)}
              aria-valuetext={`${Math.round(at)} ms`}
              aria-readonly={!set || undefined}
              data-mark={name}
              style={{ left: xOf(at) }}
              onKeyDown={(e) => step(e, name)}
              onPointerDown={(e) => {
                if (!set) return;
                held.current = name;
                e.currentTarget.setPointerCapture(e.pointerId);
                e.currentTarget.focus();
                e.preventDefault();
              }}
              onPointerMove={drag}
              onPointerUp={() => {
                held.current = null;
              }}
            >
              <span style={{ top: (n % 2) * 17 }}>{t(`ecg.mark_short.${name}`)}</span>
            </div>
          );
        })}
      </div>
    </section>
  );
}
