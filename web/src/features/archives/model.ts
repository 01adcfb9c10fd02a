// Other archives as the server tells of them.
import { queryOptions } from '@tanstack/react-query';
import { get, post } from '../../api/client';

export interface Archive {
  id: string;
  name: string;
  facility: string;
}
/** A study that was asked for. */
export interface Fetch {
  id: string;
  peer: string;
  peer_name: string;
  study_uid: string;
  study: string | null;
  asked_at: number;
  asked_by: string;
  state: 'waiting' | 'running' | 'done' | 'partial' | 'failed';
  completed: number;
  failed: number;
  remaining: number | null;
  error: string;
}
/** A study as the other archive describes it. */
export interface Found {
  study_uid: string;
  study_date: string;
  modalities: string;
  description: string;
  accession: string;
  patient_id: string;
  patient_name: string;
  sex: string;
  birth_date: string;
  instances: number | null;
  here: { study: string; images: number } | null;
}
export interface Keys {
  patient_id: string;
  patient_name: string;
  accession: string;
  modality: string;
}

export const archivesQuery = queryOptions({
  queryKey: ['archives'],
  queryFn: () => get<{ now: number; archives: Archive[]; fetches: Fetch[] }>('/api/archives'),
});
export const searchArchive = (archive: string, keys: Keys) =>
  post<{ rows: Found[]; more: boolean }>(`/api/archives/${encodeURIComponent(archive)}/search`, keys);
export const fetchStudy = (archive: string, study_uid: string) =>
  post<{ id: string }>(`/api/archives/${encodeURIComponent(archive)}/fetch`, { study_uid });

export const TONES: Record<Fetch['state'], 'green' | 'amber' | 'red' | 'blue'> = {
  waiting: 'blue',
  running: 'blue',
  done: 'green',
  partial: 'amber',
  failed: 'red',
};

/** Something names what is looked for: an archive is not listed whole. */
export const isNamed = (keys: Keys): boolean => [keys.patient_id, keys.patient_name, keys.accession].some((k) => /[^*?\s]/.test(k));
