// One window for panes that are read as one: the cuts of a volume, and linked panes of one modality.
import { useEffect, useRef } from 'react';
import type { Hanging } from './useHanging';
import type { Pane } from './viewer/port';
import type { VoiWindow } from './viewer/presets';

const SHARING = /^(CT|MR|PT)$/;

export function useSharedWindow(
  hanging: Hanging,
  panes: { readonly current: (Pane | null)[] },
  window: VoiWindow | null,
  linked: boolean,
): void {
  const { active, count, layout, shown } = hanging;
  const give = (from: number, w: VoiWindow | null | undefined) => {
    const mine = shown[from]?.series.modality ?? '';
    if (!w || !SHARING.test(mine)) return;
    for (const [k, p] of panes.current.slice(0, count).entries()) {
      const other = p?.state().window;
      const same = k !== from && shown[k]?.series.modality === mine;
      if (p && same && other && (other.center !== w.center || other.width !== w.width)) p.window(w);
    }
  };
  // Linking begins with the window of what is being read, never with a prior's.
  useEffect(() => {
    const lead = shown.findIndex((h) => h && !h.prior);
    if (linked && lead >= 0) give(lead, panes.current[lead]?.state().window);
  }, [linked, shown]);
  // After that, whatever the reader changes in one pane holds for the others; going to another pane changes nothing.
  const last = useRef(active);
  useEffect(() => {
    const moved = last.current !== active;
    last.current = active;
    if (!moved && (layout === 'mpr' || linked)) give(active, window);
  }, [window, active]);
}
