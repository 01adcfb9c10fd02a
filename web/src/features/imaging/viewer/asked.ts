// A tool asked for by key: measuring waits for the diagnostic image, and the page says so; it is never dropped in silence.

import { MEASURING, type PaneState, type ToolId } from './port';

/** `take` it now, keep it until the image is there (`wait`), or say that there is nothing to measure on (`refuse`). `hung`: the pane has a series. */
export function askedTool(id: ToolId, state: Pick<PaneState, 'status' | 'diagnostic'>, hung: boolean): 'take' | 'wait' | 'refuse' {
  if (!MEASURING.has(id) || !hung || state.diagnostic) return 'take';
  return state.status === 'error' ? 'refuse' : 'wait';
}
