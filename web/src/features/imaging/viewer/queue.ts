// Request queue of frames: at most six at a time, shown frame first, waiting ones can be raised or dropped.

/** Smaller runs earlier. */
export const RANK = { shown: 0, near: 10, series: 20, prior: 40 } as const;

interface Entry {
  key: string;
  rank: number;
  turn: number;
  start: (signal: AbortSignal) => Promise<void>;
  drop: (reason: Error) => void;
}

export class Dropped extends Error {
  constructor() {
    super('request dropped');
    this.name = 'Dropped';
  }
}

export class FrameQueue {
  private waiting: Entry[] = [];
  private running = new Map<string, AbortController>();
  private turn = 0;

  constructor(private readonly limit = 6) {}

  get size(): number {
    return this.waiting.length + this.running.size;
  }

  run<T>(key: string, rank: number, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.turn += 1;
      this.waiting.push({
        key,
        rank,
        turn: this.turn,
        start: (signal) => task(signal).then(resolve, reject),
        drop: reject,
      });
      this.pump();
    });
  }

  /** Moves a waiting request forward; nothing when it already runs. */
  raise(key: string, rank: number): void {
    for (const e of this.waiting) if (e.key === key && rank < e.rank) e.rank = rank;
  }

  /** Drops waiting and running requests for which `which` holds. */
  drop(which: (key: string) => boolean): void {
    const gone = this.waiting.filter((e) => which(e.key));
    this.waiting = this.waiting.filter((e) => !which(e.key));
    for (const e of gone) e.drop(new Dropped());
    for (const [key, abort] of this.running) if (which(key)) abort.abort();
    this.pump();
  }

  private pump(): void {
    while (this.running.size < this.limit && this.waiting.length > 0) {
      let best = 0;
      for (let k = 1; k < this.waiting.length; k++) {
        const a = this.waiting[k];
        const b = this.waiting[best];
        if (a && b && (a.rank < b.rank || (a.rank === b.rank && a.turn < b.turn))) best = k;
      }
      const [next] = this.waiting.splice(best, 1);
      if (!next) return;
      const abort = new AbortController();
      this.running.set(next.key, abort);
      void next.start(abort.signal).finally(() => {
        this.running.delete(next.key);
        this.pump();
      });
    }
  }
}
