// What a reader is about to open is fetched while the row is in hand: study document, first stack, preview, the viewer itself.
import type { QueryClient } from '@tanstack/react-query';
import { studyQuery } from './SeriesStrip';
import { drawnPath } from './viewer/drawn';
import { hang } from './viewer/hanging';
import { drawable, framesOf, rawPath, type StackDoc } from './viewer/stack';
import { beginFrame } from './viewer/underway';
import { stackQuery } from './viewer/Viewport';

/** The frame a pane will open with is fetched before the viewer asks for it. */
function warmFrame(doc: StackDoc, start: number | null): void {
  const frames = framesOf(doc);
  const f = start === null ? frames[Math.floor(frames.length / 2)] : frames.find((x) => x.image === start);
  if (!f) return;
  const path = drawable(f.instance) ? rawPath(f.instance, f.frame) : drawnPath(f.instance, f.frame, null);
  beginFrame(path);
}

/** Warms the caches for one study; failing costs nothing but the time won. */
export async function warm(client: QueryClient, study: string): Promise<void> {
  void import('./viewer/engine').catch(() => undefined);
  const detail = await client.fetchQuery(studyQuery(study)).catch(() => null);
  if (!detail) return;
  const panes = hang(detail.modality, detail.body_part, detail.series).panes;
  for (const series of new Set(panes.map((p) => p?.series))) {
    if (!series) continue;
    const start = panes.find((p) => p?.series === series)?.start ?? null;
    client
      .fetchQuery(stackQuery(series.id))
      .then((doc) => warmFrame(doc, start))
      .catch(() => undefined);
    if (series.preview) new Image().src = series.preview;
  }
}
