// Decodes a long recording and builds the pyramid of each lead; the samples are handed over, not copied.
import { decodeWave, LONG } from './model';
import { pyramid } from './pyramid';

const page = self as unknown as { postMessage: (data: unknown, transfer?: Transferable[]) => void };

self.onmessage = (e: MessageEvent<ArrayBuffer>) => {
  try {
    const wave = decodeWave(e.data);
    const buffers = new Set<ArrayBuffer>();
    for (const group of wave.groups) {
      for (const lead of group.leads) {
        if (lead.uv.length > LONG) lead.pyramid = pyramid(lead.uv);
        for (const a of [lead.uv, ...(lead.pyramid ?? []).flatMap((l) => [l.low, l.high])]) buffers.add(a.buffer as ArrayBuffer);
      }
    }
    page.postMessage({ wave }, [...buffers]);
  } catch (error) {
    page.postMessage({ error: error instanceof Error ? error.message : 'wave' });
  }
};
