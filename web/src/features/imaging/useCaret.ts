// The caret: sets the points of a measurement by keyboard. Enter begins and sets, arrows move, Backspace takes back, Esc ends.
import { useEffect, useState } from 'react';
import { type Binding, useKeys } from '../../keys';
import type { Point } from './viewer/calibration';
import { handlesOf, onImage, POINTS } from './viewer/caret';
import type { MeasureKind } from './viewer/measure';
import type { PaneState, ToolId, ViewerPort } from './viewer/port';

export interface Caret {
  at: Point;
  points: readonly Point[];
}

export function useCaret(port: ViewerPort | null, state: PaneState, tool: ToolId): Caret | null {
  const [caret, set] = useState<Caret | null>(null);
  const image = state.frame?.imageId ?? '';
  // Another image or another tool is another measurement.
  // ends when one of these changes
  useEffect(() => set(null), [image, tool, state.diagnostic]);
  const i = state.frame?.instance;
  const needs = POINTS[tool];

  const begin = () => {
    if (!needs || !i || !state.diagnostic) return;
    set({ at: [Math.floor(i.cols / 2), Math.floor(i.rows / 2)], points: [] });
  };
  const move = (dx: number, dy: number) =>
    set((was) => (was && i ? { ...was, at: onImage([was.at[0] + dx, was.at[1] + dy], i.cols, i.rows) } : was));
  const point = () => {
    if (!caret || !needs) return;
    const points = [...caret.points, caret.at];
    if (points.length < needs) {
      set({ at: caret.at, points });
      return;
    }
    const kind = tool as MeasureKind;
    port?.place(kind, image, handlesOf(kind, points));
    set(null);
  };
  const step = (keys: string, id: string, run: () => void): Binding => ({ id: `imaging.caret_${id}`, keys, run });
  useKeys(
    'caret',
    caret
      ? [
          step('left', 'left', () => move(-1, 0)),
          step('right', 'right', () => move(1, 0)),
          step('up', 'up', () => move(0, -1)),
          step('down', 'down', () => move(0, 1)),
          step('shift+left', 'left10', () => move(-10, 0)),
          step('shift+right', 'right10', () => move(10, 0)),
          step('shift+up', 'up10', () => move(0, -10)),
          step('shift+down', 'down10', () => move(0, 10)),
          step('enter', 'set', point),
          step('backspace', 'back', () => set((was) => (was ? { ...was, points: was.points.slice(0, -1) } : was))),
          step('esc', 'end', () => set(null)),
        ]
      : needs
        ? [step('enter', 'begin', begin)]
        : [],
  );
  return caret;
}
