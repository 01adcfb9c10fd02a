// Panes that leaf together, the lines between them, and going to a point in all of them.
import { useEffect, useRef, useState } from 'react';
import { type Hanging, placesOf } from './useHanging';
import type { Point } from './viewer/calibration';
import { planeOfInstance, toPatient } from './viewer/geometry';
import { follow, type Line, linesOn, offsetOf, pointOn, throughPoint } from './viewer/links';
import type { Pane, PaneState } from './viewer/port';
import type { Triple } from './viewer/stack';

interface Spot {
  at: Triple;
  space: string;
}

export interface Links {
  lines: (pane: number) => Line[];
  /** Where the last located point stands on the image of a pane. */
  spot: (pane: number) => Point | null;
  /** Goes to this pixel of a pane's image in all other panes. */
  locate: (pane: number, p: Point) => void;
}

export function useLinks(
  hanging: Hanging,
  panes: { readonly current: (Pane | null)[] },
  states: readonly PaneState[],
  linked: boolean,
): Links {
  const { active, count, layout } = hanging;
  const offsets = useRef(new Map<number, number>());
  const [spot, setSpot] = useState<Spot | null>(null);
  const placeOf = (k: number) => {
    const pane = panes.current[k];
    const s = pane?.state();
    return pane && s?.status === 'ready' ? { frames: pane.frames(), index: s.index } : null;
  };
  const ready = states
    .slice(0, count)
    .map((s) => s.status)
    .join();
  // How the panes stand to each other is taken when linking begins, and anew when another pane leads or shows something else.
  // the panes are read when one of these changes, not when they move
  useEffect(() => {
    offsets.current.clear();
    const lead = placeOf(active);
    if (!linked || !lead || layout === 'mpr') return;
    for (let k = 0; k < count; k++) {
      const other = k === active ? null : placeOf(k);
      if (other) offsets.current.set(k, offsetOf(lead, other));
    }
  }, [linked, active, placesOf(hanging), layout, count, ready]);
  const index = states[active]?.index ?? 0;
  // leafs when the leading pane has moved
  useEffect(() => {
    const lead = placeOf(active);
    if (!linked || !lead || layout === 'mpr') return;
    for (const [k, offset] of offsets.current) {
      const other = placeOf(k);
      const to = other ? follow(lead, other, offset) : null;
      if (to !== null && to !== other?.index) panes.current[k]?.goto(to);
    }
  }, [index]);

  const instanceOf = (k: number) => (states[k]?.status === 'ready' ? (states[k]?.frame?.instance ?? null) : null);
  return {
    lines: (pane) => {
      if (!linked && layout !== 'mpr') return [];
      const sources = layout === 'mpr' ? [0, 1, 2] : [active];
      return linesOn(
        instanceOf(pane),
        sources.filter((k) => k !== pane).map((k) => ({ pane: k, instance: instanceOf(k) })),
      );
    },
    spot: (pane) => {
      const i = instanceOf(pane);
      return spot && i ? pointOn(i, spot.at, spot.space, Math.max(0.6, (i.slice_thickness ?? 1) / 2 + 0.01)) : null;
    },
    locate: (pane, p) => {
      const i = instanceOf(pane);
      const plane = i ? planeOfInstance(i) : null;
      if (!plane) return;
      const at = toPatient(plane, p);
      setSpot({ at, space: plane.space });
      for (let k = 0; k < count; k++) {
        const other = k === pane ? null : placeOf(k);
        const to = other ? throughPoint(other, at, plane.space) : null;
        if (to !== null) panes.current[k]?.goto(to);
      }
    },
  };
}
