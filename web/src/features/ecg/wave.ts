// Fetching the samples. A long recording is decoded and reduced in a worker, so the page stays alive meanwhile.
import { Fault, get } from '../../api/client';
import { type Comparison, decodeWave, type EcgRecord, type Wave } from './model';

/** Bytes from which a worker is worth its start. */
const WORKER_FROM = 2 << 20;

function inWorker(buffer: ArrayBuffer): Promise<Wave> {
  const worker = new Worker(new URL('./wave.worker.ts', import.meta.url), { type: 'module' });
  return new Promise<Wave>((done, fail) => {
    worker.onmessage = (e: MessageEvent<{ wave?: Wave; error?: string }>) =>
      e.data.wave ? done(e.data.wave) : fail(new Error(e.data.error ?? 'wave'));
    worker.onerror = (e) => fail(new Error(e.message));
    worker.postMessage(buffer, [buffer]);
  }).finally(() => worker.terminate());
}

async function fetchWave(id: string, group: string, signal: AbortSignal): Promise<Wave> {
  const answer = await fetch(`/api/ecg/${id}/wave?group=${group}`, { signal, credentials: 'same-origin' });
  if (!answer.ok) throw new Fault({ status: answer.status, code: answer.status === 404 ? 'not_found' : `http_${answer.status}` });
  const buffer = await answer.arrayBuffer();
  return buffer.byteLength > WORKER_FROM ? inWorker(buffer) : decodeWave(buffer);
}

export const recordQuery = (id: string) => ({
  queryKey: ['ecg', 'record', id] as const,
  queryFn: ({ signal }: { signal: AbortSignal }) => get<EcgRecord>(`/api/ecg/${id}`, signal),
});

export const waveQuery = (id: string, group: 'rhythm' | 'median' = 'rhythm') => ({
  queryKey: ['ecg', 'wave', id, group] as const,
  queryFn: ({ signal }: { signal: AbortSignal }) => fetchWave(id, group, signal),
  staleTime: Number.POSITIVE_INFINITY,
  structuralSharing: false,
});

export const compareQuery = (id: string, other: string) => ({
  queryKey: ['ecg', 'compare', id, other] as const,
  queryFn: ({ signal }: { signal: AbortSignal }) => get<Comparison>(`/api/ecg/${id}/compare/${other}`, signal),
});
