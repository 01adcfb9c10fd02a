// The keys of the viewer (frontend.md 6.5) as data for the shortcut register. Physical keys, only outside text fields.

import type { Binding } from '../../keys';
import { TOOL_KEYS } from './tools';
import type { Layout } from './viewer/hanging';
import { LAYOUTS } from './viewer/hanging';
import type { Pane, PaneState, ToolId } from './viewer/port';
import { nudged } from './viewer/voi';

export interface KeyTargets {
  pick: (t: ToolId) => void;
  pane: () => Pane | null;
  state: PaneState;
  stepSeries: (delta: number) => void;
  relayout: (l: Layout) => void;
  byRule: () => void;
  nextPane: () => void;
  insert: () => void;
  remove: () => void;
  toViewer: () => void;
  cyclePanes: () => void;
  prior: (delta: number) => void;
  link: () => void;
  mark: () => void;
  mpr: () => void;
  slab: () => void;
  solo: () => void;
}

/** Step of a window changed by key. */
function nudge(pane: Pane | null, { window: w, frame }: PaneState, width: number, center: number): void {
  if (w && frame) pane?.window(nudged(w, frame.instance, width, center));
}

export function imageKeys(to: KeyTargets): Binding[] {
  const { pane, state } = to;
  const bind = (id: string, keys: string, run: () => void, more: Partial<Binding> = {}): Binding => ({
    id: `imaging.${id}`,
    keys,
    run,
    ...more,
  });
  return [
    bind('previous', 'up', () => pane()?.scroll(-1)),
    bind('next', 'down', () => pane()?.scroll(1)),
    bind('back10', 'pgup', () => pane()?.scroll(-10)),
    bind('forward10', 'pgdn', () => pane()?.scroll(10)),
    bind('first', 'home', () => pane()?.goto(0)),
    bind('last', 'end', () => pane()?.goto(state.count - 1)),
    bind('series_previous', 'left', () => to.stepSeries(-1)),
    bind('series_next', 'right', () => to.stepSeries(1)),
    bind('prior_older', 'ctrl+left', () => to.prior(1)),
    bind('prior_newer', 'ctrl+right', () => to.prior(-1)),
    ...(Object.entries(TOOL_KEYS) as [ToolId, string][]).map(([id, keys]) => bind(id, keys, () => to.pick(id))),
    bind('invert', 'i', () => pane()?.invert()),
    bind('fit', 'f', () => pane()?.fit()),
    bind('reset', 'shift+f', () => pane()?.reset()),
    bind('actual', 'shift+1', () => pane()?.actual()),
    bind('flip', 'v', () => pane()?.flip('h')),
    bind('rotate_left', '[', () => pane()?.rotate(-90)),
    bind('rotate_right', ']', () => pane()?.rotate(90)),
    bind('zoom_in', '=', () => pane()?.zoom(1.25)),
    bind('zoom_out', '-', () => pane()?.zoom(0.8)),
    bind('pan_left', 'shift+left', () => pane()?.pan(-0.05, 0)),
    bind('pan_right', 'shift+right', () => pane()?.pan(0.05, 0)),
    bind('pan_up', 'shift+up', () => pane()?.pan(0, -0.05)),
    bind('pan_down', 'shift+down', () => pane()?.pan(0, 0.05)),
    bind('wider', 'alt+right', () => nudge(pane(), state, 1, 0)),
    bind('narrower', 'alt+left', () => nudge(pane(), state, -1, 0)),
    bind('brighter', 'alt+up', () => nudge(pane(), state, 0, -1)),
    bind('darker', 'alt+down', () => nudge(pane(), state, 0, 1)),
    bind('cine', 'space', () => pane()?.cine(!state.playing)),
    bind('faster', '.', () => pane()?.pace(Math.SQRT2)),
    bind('slower', ',', () => pane()?.pace(Math.SQRT1_2)),
    ...Array.from({ length: 10 }, (_, key) =>
      bind(
        `preset${key}`,
        String(key),
        () => {
          const p = state.presets.find((x) => x.key === key);
          if (p) pane()?.window(p);
        },
        { hidden: key > 1 && !state.presets.some((x) => x.key === key) },
      ),
    ),
    bind('link', 'x', to.link),
    bind('mark', 'k', to.mark),
    bind('mpr', 'u', to.mpr),
    bind('slab', 'shift+u', to.slab),
    bind('solo', 'd', to.solo),
    bind('next_pane', '`', to.nextPane),
    ...LAYOUTS.map((l, at) => bind(`layout${at + 1}`, `alt+${at + 1}`, () => to.relayout(l), { inText: true })),
    bind('by_rule', 'alt+0', to.byRule, { inText: true }),
    bind('insert', 'm', to.insert),
    bind('remove', 'del', to.remove),
    bind('to_viewer', 'esc', to.toViewer, { inText: true }),
    bind('cycle', 'f6', to.cyclePanes, { inText: true }),
  ];
}
