// One window for panes that are read as one: the cuts of a volume, and linked panes whose values mean the same.
import { useEffect, useRef } from 'react';
import { type Hanging, placesOf } from './useHanging';
import type { Pane } from './viewer/port';
import type { VoiWindow } from './viewer/presets';

/** Modalities whose values mean the same in every study, where they have the same unit. Those of magnetic resonance have none. */
const ABSOLUTE = /^(CT|PT)$/;

/** Modalities whose images of one series are read in one window: slices, not films that were exposed one by one. */
const SLICED = /^(CT|MR|PT|NM)$/;

/** Unit of the values; not every scanner writes that CT has Hounsfield units. */
function unitOf(p: Pane, modality: string): string {
  const told = (p.state().frame?.instance.units ?? '').trim().toUpperCase();
  return modality === 'CT' && /^(US|UNSPECIFIED)?$/.test(told) ? 'HU' : told;
}

export function useSharedWindow(
  hanging: Hanging,
  panes: { readonly current: (Pane | null)[] },
  window: VoiWindow | null,
  linked: boolean,
): void {
  const { active, count, layout, shown } = hanging;
  const give = (from: number, w: VoiWindow | null | undefined) => {
    const [giver, mine] = [panes.current[from], shown[from]?.series];
    if (!w || !giver || !mine) return;
    for (const [k, p] of panes.current.slice(0, count).entries()) {
      const [other, theirs] = [p?.state().window, shown[k]?.series];
      if (!p || !other || !theirs || k === from) continue;
      const { modality } = mine;
      const comparable = ABSOLUTE.test(modality) && theirs.modality === modality && unitOf(p, modality) === unitOf(giver, modality);
      const together = theirs.id === mine.id && (layout === 'mpr' || SLICED.test(modality));
      const differs = other.center !== w.center || other.width !== w.width;
      if (differs && (comparable || together)) p.window(w);
    }
  };
  // Linking begins with the window of what is being read, never with a prior's.
  useEffect(() => {
    const lead = shown.findIndex((h) => h && !h.prior);
    if (linked && lead >= 0) give(lead, panes.current[lead]?.state().window);
  }, [linked, placesOf(hanging)]);
  // After that, whatever the reader changes in one pane holds for the others; going to another pane changes nothing.
  const last = useRef(active);
  useEffect(() => {
    const moved = last.current !== active;
    last.current = active;
    if (!moved && (layout === 'mpr' || linked)) give(active, window);
  }, [window, active]);
}
