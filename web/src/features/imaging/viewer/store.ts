// The state of a pane and those who follow it; changes of one frame of the screen are told once.

import { EMPTY_STATE, type PaneState } from './port';

export class Store {
  state: PaneState = EMPTY_STATE;
  private readonly listeners = new Set<() => void>();
  private pending = 0;

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  set(patch: Partial<PaneState>): void {
    const keys = Object.keys(patch) as (keyof PaneState)[];
    if (keys.every((k) => this.state[k] === patch[k])) return;
    this.state = { ...this.state, ...patch };
    if (this.pending) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      for (const l of this.listeners) l();
    });
  }

  dispose(): void {
    if (this.pending) cancelAnimationFrame(this.pending);
    this.listeners.clear();
  }
}
