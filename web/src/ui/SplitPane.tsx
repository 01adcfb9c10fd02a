// Two panes with a grip that also works by keyboard; the width is remembered on this PC.
import { type ReactNode, useRef, useState } from 'react';
import { useWords } from '../i18n';

interface Props {
  /** Name under which the width is remembered. */
  id: string;
  left: ReactNode;
  right: ReactNode;
  /** First width of the right pane in px, and its limits. */
  right0?: number;
  min?: number;
  max?: number;
}

export function SplitPane({ id, left, right, right0 = 380, min = 260, max = 720 }: Props) {
  const { t } = useWords();
  const key = `yg.split.${id}`;
  const [width, setWidth] = useState(() => Number(localStorage.getItem(key)) || right0);
  const box = useRef<HTMLDivElement>(null);
  const set = (next: number) => {
    const limited = Math.round(Math.min(max, Math.max(min, next)));
    setWidth(limited);
    localStorage.setItem(key, String(limited));
  };
  return (
    <div ref={box} className="split" style={{ gridTemplateColumns: `minmax(0,1fr) 5px ${width}px` }}>
      <div className="col">{left}</div>
      <div
        className="split-grip"
        role="separator"
        tabIndex={0}
        aria-orientation="vertical"
        aria-label={t('ui.resize')}
        aria-valuenow={width}
        aria-valuemin={min}
        aria-valuemax={max}
        onKeyDown={(e) => {
          if (e.key === 'ArrowLeft') set(width + 24);
          else if (e.key === 'ArrowRight') set(width - 24);
          else return;
          e.preventDefault();
          e.stopPropagation();
        }}
        onPointerDown={(e) => {
          e.currentTarget.setPointerCapture(e.pointerId);
        }}
        onPointerMove={(e) => {
          if (!e.currentTarget.hasPointerCapture(e.pointerId) || !box.current) return;
          set(box.current.getBoundingClientRect().right - e.clientX);
        }}
      />
      <div className="col">{right}</div>
    </div>
  );
}
