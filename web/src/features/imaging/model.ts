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
