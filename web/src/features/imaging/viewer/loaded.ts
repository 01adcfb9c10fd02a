// How many frames of a pane have arrived, told a few times a second.

import { cache, Enums, eventTarget } from '@cornerstonejs/core';
import type { FrameRef } from './stack';

const EVERY_MS = 250;

export class Loaded {
  private timer = 0;

  constructor(
    private readonly frames: () => readonly FrameRef[],
    private readonly tell: (count: number) => void,
  ) {
    eventTarget.addEventListener(Enums.Events.IMAGE_CACHE_IMAGE_ADDED, this.onCached);
  }

  count(): number {
    let n = 0;
    for (const f of this.frames()) if (cache.getImage(f.imageId)) n += 1;
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
