// Cine: steps at the rate of the recording and waits for a frame that has not arrived; it never skips images to keep time.

export interface Film {
  /** Frame time of the recording in ms; outside 10..2000 it is not believed. */
  everyMs: number | null;
  /** Shows the next frame; false while it is not there yet. */
  next: () => boolean;
}

const USUAL_MS = 66;

/** Starts the film; the returned function stops it. */
export function play(film: Film): () => void {
  const told = film.everyMs ?? 0;
  const every = told >= 10 && told <= 2000 ? told : USUAL_MS;
  let due = performance.now() + every;
  let timer = 0;
  const step = (now: number): void => {
    if (now >= due && film.next()) due = Math.max(due + every, now);
    timer = requestAnimationFrame(step);
  };
  timer = requestAnimationFrame(step);
  return () => cancelAnimationFrame(timer);
}
