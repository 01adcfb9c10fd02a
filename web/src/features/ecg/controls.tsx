// Buttons of the tool bar and the size of the sheet.
import { useEffect, useRef, useState } from 'react';
import { Keys } from '../../ui/bits';

interface ChoiceProps<T> {
  label: string;
  all: readonly T[];
  now: T;
  set: (v: T) => void;
  text: (v: T) => string;
  unit?: string;
}
export function Choice<T extends string | number>({ label, all, now, set, text, unit }: ChoiceProps<T>) {
  return (
    <div className="ecg-group" role="group" aria-label={label}>
      {all.map((v) => (
        <button
          type="button"
          key={v}
          className="ecg-btn"
          aria-pressed={v === now}
          aria-label={unit ? `${text(v)} ${unit}` : undefined}
          data-on={v === now || undefined}
          onClick={() => set(v)}
        >
          {text(v)}
        </button>
      ))}
      {unit && <span className="ecg-unit">{unit}</span>}
    </div>
  );
}

export function Toggle({ on, off, run, keys, text }: { on: boolean; off?: boolean; run: () => void; keys: string; text: string }) {
  return (
    <button
      type="button"
      className="ecg-btn"
      aria-pressed={on}
      aria-disabled={off || undefined}
      data-on={on || undefined}
      onClick={() => !off && run()}
    >
      {text}
      {!off && <Keys keys={keys} />}
    </button>
  );
}

export function useSize(): [React.RefObject<HTMLElement | null>, { width: number; height: number }] {
  const ref = useRef<HTMLElement>(null);
  const [size, set] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const el = ref.current;
    if (!el) return;
    const read = () =>
      set((was) =>
        was.width === el.clientWidth && was.height === el.clientHeight ? was : { width: el.clientWidth, height: el.clientHeight },
      );
    const watch = new ResizeObserver(read);
    watch.observe(el);
    read();
    return () => watch.disconnect();
  }, []);
  return [ref, size];
}
