// Cuts in three directions (MPR) of the series in the active pane, and the way back to what was hung before.
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Hung } from './model';
import type { Hanging } from './useHanging';
import { dot, nearest, planeOfInstance } from './viewer/geometry';
import type { Layout } from './viewer/hanging';
import type { Ready } from './viewer/mpr';
import type { PaneState, ViewerPort } from './viewer/port';
import { type FrameRef, framesOf, type StackDoc } from './viewer/stack';
import { stackQuery } from './viewer/Viewport';
import { ANATOMIC, SINGLE, type Slab, type Unfit } from './viewer/volume';

export type MprState =
  | { phase: 'off' }
  | { phase: 'loading'; done: number; total: number }
  | ({ phase: 'on' } & Ready)
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
  doc: StackDoc;
  ready: Ready;
  /** The frame that was shown last in the native direction, so that going to cuts and back leaves the reader where they were. */
  at: FrameRef | null;
}

/** The native direction can be shown from the slices themselves: all are there, and nothing lies over them. */
const plain = (r: Ready): boolean => r.every === 1 && r.without.length === 0 && r.taken[0] === r.taken[1];

/** Image and frame of the series at the place of a frame. */
function imageAt(doc: StackDoc, frame: FrameRef): { start: number; frame: number } | null {
  const to = planeOfInstance(frame.instance);
  if (!to) return null;
  const frames = framesOf(doc);
  const at = nearest(
    frames.map((f) => f.instance.position && dot(f.instance.position, to.normal)),
    dot(to.origin, to.normal),
  );
  const found = at === null ? undefined : frames[at];
  return found ? { start: found.image, frame: found.frame } : null;
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

  // Why one series cannot be cut says nothing of the next.
  const inHand = hanging.shown[hanging.active]?.series.id;
  useEffect(() => setState((was) => (was.phase === 'refused' ? { phase: 'off' } : was)), [inHand]);

  const panes = (b: Before, thick: boolean): Hung[] =>
    ANATOMIC.map((name): Hung => {
      const native = name === b.ready.native;
      const { study, series, prior, later, window: w } = b.of;
      if (native && !thick && plain(b.ready)) return { ...b.of, ...(b.at && imageAt(b.doc, b.at)) };
      const start = native && b.at ? (port?.cutThrough(series.id, name, b.at) ?? null) : null;
      return { study, series, prior, ...(later ? { later } : {}), start, cut: name, window: w ?? null };
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
    const { index, window: w, frame } = stateOf(active);
    const answer = doc
      ? await port.volume(h.series.id, doc, frame, (done, total) => !gone.current && setState({ phase: 'loading', done, total }))
      : 'failed';
    if (gone.current) return;
    if (typeof answer === 'string' || !doc) {
      setState({ phase: 'refused', why: typeof answer === 'string' ? answer : 'failed' });
      return;
    }
    const of: Hung = { ...h, start: frame?.image ?? index, frame: frame?.frame ?? 1, window: w };
    const back = shown.map((x, k) => (k === active ? of : x));
    before.current = { layout, shown: back, active, of, doc, ready: answer, at: frame };
    latest.current.put('mpr', panes(before.current, false), 0);
    setState({ phase: 'on', ...answer });
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
      b.at = stateOf(ANATOMIC.indexOf(b.ready.native)).frame ?? b.at;
      latest.current.put('mpr', panes(b, s.mm > 0), latest.current.active);
      keepSlab(s);
      setTurn((n) => n + 1);
    },
  };
}
