// A measuring tool and the image it is for: measuring waits for the diagnostic image, and the page says so; it is never dropped in
// silence, and never in hand where another picture stands or none.

import { MEASURING, type PaneState, type ToolId } from './port';

/** `take` it now, keep it until the image is there (`wait`), or say that there is nothing to measure on (`refuse`). `hung`: the pane has a series. */
export function askedTool(id: ToolId, state: Pick<PaneState, 'status' | 'diagnostic'>, hung: boolean): 'take' | 'wait' | 'refuse' {
  if (!MEASURING.has(id) || !hung || state.diagnostic) return 'take';
  return state.status === 'error' ? 'refuse' : 'wait';
}

/** What becomes of the tool in hand: it is kept, laid aside while a further image of what is open comes (`aside`), or put away. */
export function toolInHand(id: ToolId, state: Pick<PaneState, 'status' | 'diagnostic'>): 'keep' | 'aside' | 'away' {
  if (!MEASURING.has(id) || state.diagnostic) return 'keep';
  return state.status === 'ready' ? 'aside' : 'away';
}
