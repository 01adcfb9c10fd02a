// Whether the page is shut (locked, or the first password is still to be set), for everything that is not a component: the live line, the
// frames of a study, dialogs that are open behind the lock. What comes of its own accord waits until the page is open again.
import { useSyncExternalStore } from 'react';

let shut = false;
let opened = 0;
const waiting = new Set<() => void>();
const watchers = new Set<() => void>();

export const isShut = (): boolean => shut;

/** How often the page has been opened again: an answer to what was asked before says nothing of the lock of now. */
export const openings = (): number => opened;

export function setShut(next: boolean): void {
  if (next === shut) return;
  shut = next;
  if (shut) return;
  opened += 1;
  for (const go of waiting) go();
  waiting.clear();
  for (const tell of watchers) tell();
}

/** Resolves at once while the page is open, else when it is opened. */
export const whenOpen = (): Promise<void> => (shut ? new Promise((go) => waiting.add(go)) : Promise.resolve());

/** A number that changes when the page is opened: what failed behind the lock is tried again. */
export function useOpenings(): number {
  return useSyncExternalStore(
    (tell) => {
      watchers.add(tell);
      return () => watchers.delete(tell);
    },
    () => opened,
  );
}

// Dialogs close themselves on Escape wherever the focus is. Registered before any of them, this listener keeps the key from those that lie
// behind the lock. There is no window where the unit tests run.
globalThis.window?.addEventListener(
  'keydown',
  (event) => {
    if (shut && event.key === 'Escape') event.stopImmediatePropagation();
  },
  true,
);
