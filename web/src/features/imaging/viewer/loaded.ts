// How many frames of a pane have arrived, told a few times a second.

import { cache, Enums, eventTarget } from '@cornerstonejs/core';

const EVERY_MS = 250;

export class Loaded {
  private timer = 0;

  constructor(
    private readonly ids: () => readonly string[],
    private readonly tell: (count: number) => void,
  ) {
    eventTarget.addEventListener(Enums.Events.IMAGE_CACHE_IMAGE_ADDED, this.onCached);
  }

  count(): number {
    let n = 0;
    // Without asking for the image: that would make all of them the latest that were looked at.
    for (const id of this.ids()) if (cache.isLoaded(id)) n += 1;
    return n;
  }

  private readonly onCached = (): void => {
    if (this.timer) return;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      this.tell(this.count());
    }, EVERY_MS);
  };

  dispose(): void {
    eventTarget.removeEventListener(Enums.Events.IMAGE_CACHE_IMAGE_ADDED, this.onCached);
    if (this.timer) clearTimeout(this.timer);
  }
}
