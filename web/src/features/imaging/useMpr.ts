// Cuts in three directions (MPR) of the series in the active pane, and the way back to what was hung before.
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Hung } from './model';
import type { Hanging } from './useHanging';
import type { Layout } from './viewer/hanging';
import type { PaneState, ViewerPort } from './viewer/port';
import { stackQuery } from './viewer/Viewport';
import { ANATOMIC, type Anatomic, SINGLE, type Slab, type Unfit } from './viewer/volume';

export type MprState =
  | { phase: 'off' }
  | { phase: 'loading'; done: number; total: number }
  | { phase: 'on'; every: number }
  | { phase: 'refused'; why: Unfit | 'failed' };

export interface Mpr {
  state: MprState;
  slab: Slab;
  /** Counts slab changes, so that panes fetch the cut documents anew. */
  turn: number;
  toggle: () => void;
  setSlab: (s: Slab) => void;
}

interface Before {
  layout: Layout;
  shown: readonly (Hung | null)[];
  active: number;
  of: Hung;
  native: Anatomic;
}

export function useMpr(port: ViewerPort | null, hanging: Hanging, stateOf: (pane: number) => PaneState): Mpr {
  const client = useQueryClient();
  const [state, setState] = useState<MprState>({ phase: 'off' });
  const [slab, keepSlab] = useState<Slab>(SINGLE);
  const [turn, setTurn] = useState(0);
  const before = useRef<Before | null>(null);
  const latest = useRef(hanging);
  latest.current = hanging;
  const gone = useRef(false);
  useEffect(() => {
    gone.current = false;
    return () => {
      gone.current = true;
    };
  }, []);

  const panes = (b: Before, thick: boolean): Hung[] =>
    ANATOMIC.map((name): Hung => {
      const own = name === b.native && !thick;
      const { study, series, prior, window: w } = b.of;
      return own ? b.of : { study, series, prior, start: null, cut: name, window: w ?? null };
    });

  const leave = () => {
    const b = before.current;
    before.current = null;
    setState({ phase: 'off' });
    keepSlab(SINGLE);
    if (!b) return;
    latest.current.put(b.layout, b.shown, b.active);
    port?.closeVolume(b.of.series.id);
  };

  const enter = async () => {
    const { layout, shown, active } = latest.current;
    const h = shown[active];
    if (!port || !h || h.cut) return;
    setState({ phase: 'loading', done: 0, total: 0 });
    const doc = await client.fetchQuery(stackQuery(h.series.id)).catch(() => null);
    const answer = doc
      ? await port.volume(h.series.id, doc, (done, total) => !gone.current && setState({ phase: 'loading', done, total }))
      : 'failed';
    if (gone.current) return;
    if (typeof answer === 'string') {
      setState({ phase: 'refused', why: answer });
      return;
    }
    const { index, window: w } = stateOf(active);
    const of: Hung = { ...h, start: index, window: w };
    before.current = { layout, shown: shown.map((x, k) => (k === active ? of : x)), active, of, native: answer.native };
    latest.current.put('mpr', panes(before.current, answer.every > 1), 0);
    setState({ phase: 'on', every: answer.every });
  };

  return {
    state,
    slab,
    turn,
    toggle: () => {
      if (state.phase === 'on') leave();
      else if (state.phase !== 'loading') void enter();
    },
    setSlab: (s) => {
      const b = before.current;
      if (!b || !port || state.phase !== 'on') return;
      port.slab(b.of.series.id, s);
      latest.current.put('mpr', panes(b, s.mm > 0 || state.every > 1), latest.current.active);
      keepSlab(s);
      setTurn((n) => n + 1);
    },
  };
}
