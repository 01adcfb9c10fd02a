// What the imaging endpoints say (GET /api/studies/{id}) and what the reading page makes of it.

import type { OrderHead, PatientHead } from '../../api/types';
import type { SeriesLike } from './viewer/hanging';
import { EMPTY_STATE, type PaneState } from './viewer/port';
import type { VoiWindow } from './viewer/presets';
import type { Anatomic } from './viewer/volume';

export interface StudySeries extends SeriesLike {
  uid: string;
  body_part: string;
  thumbnail: string | null;
  preview: string | null;
  /** Images whose stored bytes are damaged: they are not served. */
  damaged: number;
}

export interface PriorStudy {
  id: string;
  study_date: string;
  modality: string;
  body_part: string;
  description: string;
  facility_name: string;
  report: string | null;
}

/** A performed procedure step (MPPS) of the study. */
export interface PerformedStep {
  uid: string;
  state: 'in_progress' | 'completed' | 'discontinued';
  modality: string;
  station: string;
  started: string;
  ended: string;
  reason: string;
  named: number;
  arrived: number;
}

/** What storage commitment has proven: the devices may delete their copies when `complete`. */
export interface SafeToDelete {
  instances: number;
  proven: number;
  since: number | null;
  complete: boolean;
}

export interface StudyDetail {
  id: string;
  uid: string;
  patient: PatientHead;
  facility: string;
  facility_name: string;
  order: OrderHead | null;
  modality: string;
  body_part: string;
  description: string;
  study_date: string;
  study_time: string;
  state: string;
  lane: string;
  /** How far the device's clock was ahead of the centre's, ms. */
  clock_ahead_ms: number | null;
  defects: string[];
  steps: PerformedStep[];
  safe: SafeToDelete;
  /** Images that cannot be shown: stored bytes damaged, or given up by the retention policy. */
  lost: { damaged: number; erased: number; erased_at: number | null };
  /** Kept whatever the retention policy says. */
  hold: { reason: string; at: number; who: string } | null;
  series: StudySeries[];
  priors: PriorStudy[];
}

/** A series of the current study or of a prior one, as a pane shows it. */
export interface Hung {
  study: StudyDetail;
  series: StudySeries;
  prior: boolean;
  /** The other study is newer than the one that is read. */
  later?: boolean;
  start: number | null;
  /** Frame of that image to begin with, from 1. */
  frame?: number;
  /** Instance to begin with, where the pane is for one image of the series. */
  instance?: string;
  /** Mirrored and turned when it opens (mammograms). */
  mirror?: boolean;
  turn?: number;
  lean?: 'left' | 'right';
  /** A calculated cut through the series instead of its own images. */
  cut?: Anatomic;
  /** Window it opens with, where another pane already has one. */
  window?: VoiWindow | null;
}

/** Names what a pane shows: the series, or one direction of cuts through it. */
export const shownKey = (h: Hung): string => (h.cut ? `${h.series.id}:${h.cut}` : h.series.id);

/** What a pane has open of what hangs there. Until it has opened that, nothing of what it showed before is told, shown or measured. */
export const stateOf = (h: Hung | null, state: PaneState): PaneState => (h && state.series === shownKey(h) ? state : EMPTY_STATE);

/** A frame a reader marked as key (GET /api/studies/{id}/key-images). */
export interface KeyImage {
  id: string;
  series: string;
  series_number: number | null;
  instance: string;
  frame: number;
  note: string;
  view: { center: number | null; width: number | null; invert: boolean };
  by: string;
  at: number;
  /** false: it was rejected or superseded after it was marked, and is shown no more. */
  shown: boolean;
}

export type OutsideViewer = 'ohif' | 'weasis';
/** Which viewers this centre offers; of the others the setting that is missing. */
export interface StudyLinks {
  viewers: OutsideViewer[];
  missing: Partial<Record<OutsideViewer, string>>;
}
export interface StudyLink {
  url: string | null;
}
