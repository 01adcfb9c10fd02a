// Frames that are being fetched before the viewer asks for them: one request for both, and no second copy in the browser's cache.

const MOST = 4;
const LIFE_MS = 30_000;
const ahead = new Map<string, Promise<ArrayBuffer>>();

/** Begins to fetch a frame at the address the viewer will ask for; at most a few are held, for half a minute. */
export function beginFrame(path: string): void {
  if (ahead.has(path) || ahead.size >= MOST) return;
  const frame = fetch(path, { credentials: 'same-origin' }).then((answer) => {
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    return answer.arrayBuffer();
  });
  ahead.set(path, frame);
  const forget = (): void => {
    if (ahead.get(path) === frame) ahead.delete(path);
  };
  frame.catch(forget);
  setTimeout(forget, LIFE_MS);
}

/** The frame that is under way, once; the next one who asks fetches it anew. */
export function takeFrame(path: string): Promise<ArrayBuffer> | undefined {
  const frame = ahead.get(path);
  ahead.delete(path);
  return frame;
}
