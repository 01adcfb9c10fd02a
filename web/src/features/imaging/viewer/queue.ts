// Request queue of frames: at most six at a time, shown frame first, waiting ones can be raised or dropped.

/** Smaller runs earlier. */
export const RANK = { shown: 0, near: 10, series: 20, prior: 40 } as const;

interface Entry {
  key: string;
  rank: number;
  turn: number;
  abort: AbortController;
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
  /** By request, not by key: a frame asked for again while its dropped request still ends has a place of its own. */
  private readonly running = new Set<Entry>();
  private turn = 0;

  constructor(private readonly limit = 6) {}

  run<T>(key: string, rank: number, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.turn += 1;
      this.waiting.push({
        key,
        rank,
        turn: this.turn,
        abort: new AbortController(),
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

  /** Drops waiting and running requests for which `which` holds. Those who wait learn it now, not when the line lets go. */
  drop(which: (key: string) => boolean): void {
    const gone = [...this.waiting, ...this.running].filter((e) => which(e.key));
    this.waiting = this.waiting.filter((e) => !which(e.key));
    for (const e of gone) {
      e.abort.abort();
      e.drop(new Dropped());
    }
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
      this.running.add(next);
      void next.start(next.abort.signal).finally(() => {
        this.running.delete(next);
        this.pump();
      });
    }
  }
}
