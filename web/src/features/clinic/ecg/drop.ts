// Files dropped anywhere on a page.
import { type DragEvent, useState } from 'react';

/** Handlers for the root of the page, and whether files hover over it. */
export function useFileDrop(on: boolean, take: (files: File[]) => void) {
  const [over, setOver] = useState(false);
  if (!on) return { over: false, handlers: {} };
  return {
    over,
    handlers: {
      onDragOver: (e: DragEvent) => {
        e.preventDefault();
        setOver(true);
      },
      onDragLeave: (e: DragEvent) => !e.currentTarget.contains(e.relatedTarget as Node | null) && setOver(false),
      onDrop: (e: DragEvent) => {
        e.preventDefault();
        setOver(false);
        take([...e.dataTransfer.files]);
      },
    },
  };
}
