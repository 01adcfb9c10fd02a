// The preview that stands in a pane while it opens: which picture it is, and of which image. Pure.

import type { Hung } from '../model';
import { EMPTY_STATE, type PaneState } from './port';

export interface Preview {
  src: string;
  /** The image it was made of; null: the server made it of one of the series and does not say of which. */
  of: { instance: string; frame: number } | null;
  /** The series has nothing else. */
  only: boolean;
}

export function previewOf(hung: Hung): Preview | null {
  if (hung.cut) return null;
  const only = hung.series.frames <= 1;
  const images = hung.series.images ?? [];
  const id = hung.instance ?? (hung.start ? images[hung.start]?.id : undefined);
  if (id && images.length > 1) {
    return { src: `/api/frames/${encodeURIComponent(id)}/1?f=jpeg&w=1024`, of: { instance: id, frame: 1 }, only };
  }
  return hung.series.preview ? { src: hung.series.preview, of: null, only } : null;
}

/** Whether a preview may stand while the pane waits. `begins`: the frame the pane opens with by the rule the preview was made by.
 * 'named': it is of the very frame whose words stand in the corners. 'series': it stands for the series, and no word of an image may stand
 * beside it. Once the pane has shown an image, nothing stands for another one. */
export function standing(p: Preview, state: PaneState, begins: string | null): 'named' | 'series' | null {
  const f = state.frame;
  if (!f) return state.status === 'error' ? null : 'series';
  if (state.status !== 'loading') return null;
  if (p.only) return 'named';
  if (p.of) return p.of.instance === f.instance.id && p.of.frame === f.frame ? 'named' : null;
  return f.imageId === begins ? 'series' : null;
}

/** What is told of the pane while its series is seen by a preview only. */
export const ofSeries = (state: PaneState): PaneState => ({
  ...EMPTY_STATE,
  series: state.series,
  status: state.status,
  count: state.count,
});
