// The first script of every page, a few hundred bytes beside the pages themselves. Where the address is an item to be read, it asks
// for what the reading page will ask for, and for the parts of that page, while the rest of the pages is still on its way.

import { hang, startOf } from './features/imaging/viewer/hanging';

/** Answers nobody has taken yet, by path. */
const begun = new Map<string, Promise<Response>>();

/** How long an answer may wait for its taker: what comes later asks anew. */
const FRESH_MS = 8_000;

/** The answer to a reading call that was begun before the pages were there; it is given once, and only when it is a good one. */
export async function takeEarly(path: string): Promise<Response | null> {
  const answer = begun.get(path);
  if (!answer) return null;
  begun.delete(path);
  const got = await answer.catch(() => null);
  return got?.ok ? got : null;
}

/** Asks as the client does and keeps the answer; its content, or null. */
async function ask<T>(path: string): Promise<T | null> {
  const answer = fetch(path, { headers: { Accept: 'application/json' }, credentials: 'same-origin', cache: 'no-store' });
  begun.set(path, answer);
  setTimeout(() => begun.delete(path), FRESH_MS);
  try {
    const got = await answer;
    return got.ok ? ((await got.clone().json()) as T) : null;
  } catch {
    return null;
  }
}

/** Files of the reading page as the build lists them: what is needed at once, and the engine. */
function preload(which: 'page' | 'engine'): void {
  const told = document.querySelector(`meta[name="yg-${which}"]`)?.getAttribute('content') ?? '';
  for (const href of told.split(' ').filter(Boolean)) {
    const link = document.createElement('link');
    if (href.endsWith('.css')) [link.rel, link.as] = ['preload', 'style'];
    else [link.rel, link.crossOrigin] = ['modulepreload', ''];
    link.href = href;
    document.head.append(link);
  }
}

interface Item {
  pipeline: string;
  subject: string;
}
interface Study {
  modality: string;
  body_part: string;
  series: (Parameters<typeof hang>[2][number] & { preview: string | null })[];
}

async function begin(id: string): Promise<void> {
  void ask('/api/session');
  const asked = ask<Item>(`/api/work/${id}`);
  preload('page');
  const item = await asked;
  if (item?.pipeline !== 'imaging') return;
  const study = await ask<Study>(`/api/studies/${item.subject}`);
  if (!study) return;
  const panes = hang<Study['series'][number]>(study.modality, study.body_part, study.series).panes;
  for (const series of new Set(panes.map((p) => p?.series))) {
    if (!series) continue;
    if (series.preview && (panes.length === 1 || startOf(series.modality) === null)) new Image().src = series.preview;
    void ask(`/api/series/${series.id}/stack`);
  }
  preload('engine');
}

// There is no address where the unit tests run.
const read = /^\/read\/([0-9a-f]+)$/.exec(globalThis.location?.pathname ?? '');
// Whose page is locked in this browser sees nothing before the password is said.
if (read?.[1] && !localStorage.getItem('yg.locked')) void begin(read[1]);
