// Pictures the server has drawn, from their file to the bytes the engine takes.

import { Dropped } from './queue';

/** Above so many pixels only one is decoded at a time: the browser holds each whole, beside what is made of it. */
const LARGE = 4_000_000;
/** Rows that are read out of the browser's bitmap at once. */
const BAND = 256;

interface Size {
  cols: number;
  rows: number;
}

let before: Promise<unknown> = Promise.resolve();

/** One after the other, whatever becomes of the one before. */
export function inTurn<T>(task: () => Promise<T>): Promise<T> {
  const turn = before.then(task, task);
  before = turn.catch(() => undefined);
  return turn;
}

/** Interleaved colours, three or four bytes a pixel. */
export function decodePicture(file: ArrayBuffer, size: Size, bytes: 3 | 4, signal: AbortSignal): Promise<Uint8Array> {
  const decode = () => {
    // The wait for the others may have been long.
    if (signal.aborted) throw new Dropped();
    return read(file, size, bytes);
  };
  return size.cols * size.rows > LARGE ? inTurn(async () => decode()) : Promise.resolve().then(decode);
}

async function read(file: ArrayBuffer, { cols, rows }: Size, bytes: 3 | 4): Promise<Uint8Array> {
  const bitmap = await createImageBitmap(new Blob([file], { type: 'image/png' }));
  try {
    const canvas = document.createElement('canvas');
    canvas.width = cols;
    canvas.height = Math.min(BAND, rows);
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    if (!pen) throw new Error('no 2D canvas');
    const out = new Uint8Array(cols * rows * bytes);
    // What is drawn is as large as the image was said to be.
    const [across, down] = [bitmap.width / cols, bitmap.height / rows];
    for (let from = 0; from < rows; from += BAND) {
      const height = Math.min(BAND, rows - from);
      pen.drawImage(bitmap, 0, from * down, cols * across, height * down, 0, 0, cols, height);
      take(pen.getImageData(0, 0, cols, height).data, out, from * cols * bytes, bytes);
    }
    return out;
  } finally {
    bitmap.close();
  }
}

/** Copies a band; the picture is opaque, so three bytes say all. */
export function take(rgba: Uint8ClampedArray, out: Uint8Array, from: number, bytes: 3 | 4): void {
  if (bytes === 4) {
    out.set(rgba, from);
    return;
  }
  for (let k = 0, o = from; k < rgba.length; k += 4, o += 3) {
    out[o] = rgba[k] ?? 0;
    out[o + 1] = rgba[k + 1] ?? 0;
    out[o + 2] = rgba[k + 2] ?? 0;
  }
}
