// What a reader is about to open is fetched while the row is in hand: study document, first stack, preview, the viewer itself.
import type { QueryClient } from '@tanstack/react-query';
import { studyQuery } from './SeriesStrip';
import { hang } from './viewer/hanging';
import { stackQuery } from './viewer/Viewport';

/** Warms the caches for one study; failing costs nothing but the time won. */
export async function warm(client: QueryClient, study: string): Promise<void> {
  void import('./viewer/engine').catch(() => undefined);
  const detail = await client.fetchQuery(studyQuery(study)).catch(() => null);
  if (!detail) return;
  const panes = hang(detail.modality, detail.body_part, detail.series).panes;
  for (const series of new Set(panes.map((p) => p?.series))) {
    if (!series) continue;
    void client.prefetchQuery(stackQuery(series.id));
    if (series.preview) new Image().src = series.preview;
  }
}
