// Cuts in three directions (MPR) of the series in the active pane, and the way back to what was hung before.
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { type Hung, shownKey } from './model';
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

/** A volume on its way, and the pane it was asked for in. */
interface Loading {
  stop: AbortController;
  pane: number;
  key: string;
}

/** The native direction can be shown from the slices themselves: all are there, and nothing lies over them. */
const plain = (r: Ready): boolean => r.every === 1 && r.without.length === 0 && r.taken[0] === r.taken[1];

const sameSet = (a: FrameRef, b: FrameRef | null): boolean => (a.instance.set ?? '') === (b?.instance.set ?? '');

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
  const loading = useRef<Loading | null>(null);
  useEffect(() => () => loading.current?.stop.abort(), []);

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

  const cancel = () => {
    loading.current?.stop.abort();
    loading.current = null;
    setState({ phase: 'off' });
  };

  const enter = async () => {
    const pane = latest.current.active;
    const h = latest.current.shown[pane];
    if (!port || !h || h.cut) return;
    const stop = new AbortController();
    const { signal } = stop;
    loading.current = { stop, pane, key: shownKey(h) };
    // The set that is cut is that of the image that is looked at now.
    const begun = stateOf(pane).frame;
    setState({ phase: 'loading', done: 0, total: 0 });
    const doc = await client.fetchQuery(stackQuery(h.series.id)).catch(() => null);
    const tell = (done: number, total: number) => !signal.aborted && setState({ phase: 'loading', done, total });
    const answer = doc && !signal.aborted ? await port.volume(h.series.id, doc, begun, tell, signal) : 'failed';
    if (signal.aborted) return;
    loading.current = null;
    if (typeof answer === 'string' || !doc) {
      setState({ phase: 'refused', why: typeof answer === 'string' ? answer : 'failed' });
      return;
    }
    // What is cut takes the place of what is on the screen when it is ready, at the image and in the window it has then.
    const { layout, shown, count } = latest.current;
    const now = shown[pane];
    if (pane >= count || !now || shownKey(now) !== shownKey(h)) {
      port.closeVolume(h.series.id);
      setState({ phase: 'off' });
      return;
    }
    const { frame, window: w } = stateOf(pane);
    const at = frame && sameSet(frame, begun) ? frame : begun;
    const of: Hung = { ...now, ...(at ? { start: at.image, frame: at.frame } : {}), window: w };
    const back = shown.map((x, k) => (k === pane ? of : x));
    before.current = { layout, shown: back, active: pane, of, doc, ready: answer, at };
    latest.current.put('mpr', panes(before.current, false), 0);
    setState({ phase: 'on', ...answer });
  };

  // Another series in that pane, and nobody waits for the cuts of the one before.
  useEffect(() => {
    const l = loading.current;
    const now = l && hanging.shown[l.pane];
    if (l && (!now || shownKey(now) !== l.key)) cancel();
  }, [hanging.shown]);

  return {
    state,
    slab,
    turn,
    toggle: () => {
      if (state.phase === 'on') leave();
      else if (state.phase === 'loading') cancel();
      else void enter();
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
