// The keys of the viewer (frontend.md 6.5) as data for the shortcut register. Physical keys, only outside text fields.

import type { Binding } from '../../keys';
import { TOOL_KEYS } from './tools';
import type { Layout } from './viewer/hanging';
import { LAYOUTS } from './viewer/hanging';
import type { Pane, PaneState, ToolId } from './viewer/port';

export interface KeyTargets {
  pick: (t: ToolId) => void;
  pane: () => Pane | null;
  state: PaneState;
  stepSeries: (delta: number) => void;
  relayout: (l: Layout) => void;
  nextPane: () => void;
  insert: () => void;
  remove: () => void;
  toViewer: () => void;
  cyclePanes: () => void;
  prior: (delta: number) => void;
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
    bind('flip', 'v', () => pane()?.flip('h')),
    bind('rotate_left', '[', () => pane()?.rotate(-90)),
    bind('rotate_right', ']', () => pane()?.rotate(90)),
    bind('cine', 'space', () => pane()?.cine(!state.playing)),
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
    bind('next_pane', '`', to.nextPane),
    ...LAYOUTS.map((l, at) => bind(`layout${at + 1}`, `alt+${at + 1}`, () => to.relayout(l), { inText: true })),
    bind('insert', 'm', to.insert),
    bind('remove', 'del', to.remove),
    bind('to_viewer', 'esc', to.toViewer, { inText: true }),
    bind('cycle', 'f6', to.cyclePanes, { inText: true }),
  ];
}
