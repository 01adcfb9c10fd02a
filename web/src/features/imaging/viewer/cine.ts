// Cine: steps at the rate of the recording and waits for a frame that has not arrived; it never skips images to keep time.

const USUAL_MS = 66;

/** Frame time of the recording in ms; outside 10..2000 it is not believed. */
export const paceOf = (told: number | null): number => (told !== null && told >= 10 && told <= 2000 ? told : USUAL_MS);

/** Starts stepping every `everyMs`; `next` answers false while its frame is not there yet. The returned function stops it. */
export function play(everyMs: number, next: () => boolean): () => void {
  let due = performance.now() + everyMs;
  let timer = 0;
  const step = (now: number): void => {
    if (now >= due && next()) due = Math.max(due + everyMs, now);
    timer = requestAnimationFrame(step);
  };
  timer = requestAnimationFrame(step);
  return () => cancelAnimationFrame(timer);
}

/** The film of one pane: the rate the recording tells, times the reader's own factor. */
export class Film {
  private speed = 1;
  private told: number | null = null;
  private running: (() => void) | null = null;

  /** `tell`: images a second, 0 when it stands. */
  constructor(
    private readonly next: () => boolean,
    private readonly tell: (rate: number) => void,
  ) {}

  start(told: number | null): void {
    this.running?.();
    this.told = told;
    const every = paceOf(told) / this.speed;
    this.running = play(every, this.next);
    this.tell(Math.round(10_000 / every) / 10);
  }

  stop(): void {
    this.running?.();
    this.running = null;
    this.tell(0);
  }

  /** Twice as fast (2), half as fast (0.5), between a quarter and four times. */
  pace(factor: number): void {
    this.speed = Math.min(4, Math.max(0.25, this.speed * factor));
    if (this.running) this.start(this.told);
  }
}
