// What the imaging endpoints say (GET /api/studies/{id}) and what the reading page makes of it.

import type { OrderHead, PatientHead } from '../../api/types';
import type { SeriesLike } from './viewer/hanging';

export interface StudySeries extends SeriesLike {
  uid: string;
  body_part: string;
  thumbnail: string | null;
  preview: string | null;
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
  defects: string[];
  steps: PerformedStep[];
  safe: SafeToDelete;
  series: StudySeries[];
  priors: PriorStudy[];
}

/** A series of the current study or of a prior one, as a pane shows it. */
export interface Hung {
  study: StudyDetail;
  series: StudySeries;
  prior: boolean;
  start: number | null;
}
