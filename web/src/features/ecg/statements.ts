// The statements offered for one click; the words stand in the catalogue as `ecg.st.<code>`, the letters are pinyin initials.

export interface StatementSeed {
  code: string;
  initials: string;
  /** Needs a P wave: contradicts a missing PR interval. */
  sinus?: boolean;
}

export const STATEMENTS: readonly StatementSeed[] = [
  { code: 'sinus_rhythm', initials: 'dxxl', sinus: true },
  { code: 'normal_ecg', initials: 'zcxdt' },
  { code: 'sinus_bradycardia', initials: 'dxxdgh', sinus: true },
  { code: 'sinus_tachycardia', initials: 'dxxdgs', sinus: true },
  { code: 'sinus_arrhythmia', initials: 'dxxlbq', sinus: true },
  { code: 'atrial_fibrillation', initials: 'xfcd' },
  { code: 'atrial_flutter', initials: 'xfpd' },
  { code: 'atrial_premature', initials: 'fxqqsb' },
  { code: 'ventricular_premature', initials: 'sxqqsb' },
  { code: 'svt', initials: 'ssxxdgs' },
  { code: 'vt', initials: 'sxxdgs' },
  { code: 'av_block_1', initials: 'ydfscdzz' },
  { code: 'av_block_2', initials: 'edfscdzz' },
  { code: 'av_block_3', initials: 'sdfscdzz' },
  { code: 'rbbb', initials: 'wqxyszczz' },
  { code: 'lbbb', initials: 'wqxzszczz' },
  { code: 'lvh', initials: 'zsgdy' },
  { code: 'left_axis', initials: 'dzzp' },
  { code: 'right_axis', initials: 'dzyp' },
  { code: 'st_elevation_inferior', initials: 'xbsttg' },
  { code: 'st_elevation_anterior', initials: 'qbsttg' },
  { code: 'st_elevation_lateral', initials: 'cbsttg' },
  { code: 'st_depression', initials: 'styd' },
  { code: 't_change', initials: 'tbgb' },
  { code: 'long_qt', initials: 'qtyc' },
  { code: 'old_infarct', initials: 'cjxxjgs' },
  { code: 'preexcitation', initials: 'yjzhz' },
  { code: 'paced', initials: 'qbxl' },
];

/** Statements whose words, code or initials hold what was typed. */
export function search(typed: string, words: (code: string) => string): readonly StatementSeed[] {
  const q = typed.trim().toLowerCase();
  if (!q) return STATEMENTS;
  return STATEMENTS.filter((s) => s.initials.includes(q) || s.code.includes(q) || words(s.code).toLowerCase().includes(q));
}

export const isSinus = (code: string): boolean => STATEMENTS.some((s) => s.code === code && s.sinus);
