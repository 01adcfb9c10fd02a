// Withdrawals of reports.
import type { Millis, PatientHead, Person, Pipeline } from './types';

/** A withdrawal that waits for its second person. */
export interface Withdrawal {
  n: number;
  cause: 'wrong_patient' | 'wrong_exam' | 'other';
  reason: string;
  asked_by: Person;
  asked_at: Millis;
  may_confirm: boolean;
  may_drop: boolean;
}
/** A withdrawal of which the clinic does not know for certain. */
export interface UntoldWithdrawal {
  report: string;
  n: number;
  pipeline: Pipeline;
  title: string;
  patient: PatientHead;
  cause: Withdrawal['cause'];
  reason: string;
  facility: string;
  facility_name: string;
  phone: string;
  withdrawn_at: Millis;
  due_at: Millis;
  acknowledged_at: Millis | null;
  told_at: Millis | null;
  told_to: string;
}
export interface WaitingWithdrawal {
  report: string;
  pipeline: Pipeline;
  title: string;
  patient: PatientHead;
  facility: string;
  facility_name: string;
  signed_at: Millis;
  asked: Withdrawal;
}
