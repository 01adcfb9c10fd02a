// What must be known before reading: whose images these are, what is wrong with them, what the page is doing.
import { useEffect, useState } from 'react';
import type { WorkItemDetail } from '../../api/types';
import { useWords } from '../../i18n';
import { dicomDate } from '../../ui/format';
import type { StudyDetail } from './model';
import { StudyNotes } from './StudyNotes';
import type { MprState } from './useMpr';
import type { Gap } from './viewer/gaps';
import { unsided } from './viewer/hanging';
import { type Quarrel, quarrels } from './viewer/identity';
import { gapText } from './words';

/** Slices that are missing in a series that is on the screen. */
export interface Missing {
  series: number | null;
  gaps: readonly Gap[];
}

interface Props {
  item: WorkItemDetail;
  study: StudyDetail;
  /** Studies in the panes, and those measurements were made on. */
  others: readonly StudyDetail[];
  failed: boolean;
  missing: readonly Missing[];
  mpr: MprState;
  keyFailed: boolean;
  /** Told whether the person on all images is the one of the report and every breast has its side, or somebody has looked and agreed. */
  agreed: (yes: boolean) => void;
}

interface Clash {
  id: string;
  prior: string | null;
  fields: Quarrel[];
  name: string;
}

/** Images whose side nobody tells: until somebody has verified it, nothing that was measured on them may be written. */
interface Unsided {
  id: string;
  prior: string | null;
  count: number;
}

export function Notes({ item, study, others, failed, missing, mpr, keyFailed, agreed }: Props) {
  const { t } = useWords();
  const clashes = clashesOf(item, study, others);
  const [passed, pass] = useState<readonly string[]>([]);
  const open = clashes.filter((c) => !passed.includes(c.id));
  const sides = unsidedOf(study, others).filter((u) => !passed.includes(u.id));
  const clear = open.length === 0 && sides.length === 0;
  const states = study.series.filter((s) => s.modality === 'PR').reduce((n, s) => n + s.instance_count, 0);
  useEffect(() => agreed(clear), [clear, agreed]);
  const facts = [
    study.lane && t('imaging.in_quarantine'),
    study.clock_ahead_ms !== null && t('imaging.clock_ahead', { n: Math.round(study.clock_ahead_ms / 60_000) }),
    study.defects.length > 0 && t('imaging.defects', { list: study.defects.join(', ') }),
    states > 0 && t('imaging.presentation_states', { n: states }),
    ...missing.map((m) => t('imaging.gaps', { s: m.series ?? '–', list: gapText(t, m.gaps) })),
    mpr.phase === 'on' && mpr.every > 1 && t('imaging.mpr.thick', { n: mpr.every }),
    mpr.phase === 'on' &&
      mpr.without.length > 0 &&
      t('imaging.mpr.without', { list: mpr.without.map((r) => t(`imaging.mpr.without.${r}`)).join(', ') }),
    mpr.phase === 'on' && mpr.taken[0] < mpr.taken[1] && t('imaging.mpr.taken', { n: mpr.taken[0], total: mpr.taken[1] }),
    mpr.phase === 'refused' && t(`imaging.mpr.${mpr.why}`),
    keyFailed && t('imaging.key_failed'),
  ].filter(Boolean);
  return (
    <>
      {open.map((c) => (
        <div className="note row im-clash" data-tone="red" role="alert" key={c.id}>
          <strong>
            {t(c.prior ? 'imaging.clash_prior' : 'imaging.clash', {
              date: c.prior ?? '',
              image: c.name || t('patient.unnamed'),
              report: item.patient.name || t('patient.unnamed'),
            })}
          </strong>
          <span>{t('imaging.clash_fields', { list: c.fields.map((f) => t(`imaging.field.${f}`)).join(', ') })}</span>
          <span className="grow" />
          <button type="button" className="im-link" onClick={() => pass((was) => [...was, c.id])}>
            {t('imaging.clash_pass')}
          </button>
        </div>
      ))}
      {sides.map((u) => (
        <div className="note row im-clash" data-tone="red" role="alert" key={u.id}>
          <strong>{t(u.prior ? 'imaging.no_laterality_prior' : 'imaging.no_laterality', { n: u.count, date: u.prior ?? '' })}</strong>
          <span className="grow" />
          <button type="button" className="im-link" onClick={() => pass((was) => [...was, u.id])}>
            {t('imaging.laterality_pass')}
          </button>
        </div>
      ))}
      {failed && (
        <div className="note" data-tone="red" role="alert">
          {t('imaging.engine_failed')}
        </div>
      )}
      <StudyNotes study={study} />
      {facts.length > 0 && (
        <div className="note" data-tone="amber" role="status">
          {facts.join(' · ')}
        </div>
      )}
    </>
  );
}

/** The study that is read, and the others. */
const studiesOf = (study: StudyDetail, others: readonly StudyDetail[]): StudyDetail[] => [
  study,
  ...others.filter((s) => s.id !== study.id),
];
const priorOf = (s: StudyDetail, study: StudyDetail): string | null => (s.id === study.id ? null : dicomDate(s.study_date));

function unsidedOf(study: StudyDetail, others: readonly StudyDetail[]): Unsided[] {
  return studiesOf(study, others).flatMap((s) => {
    const images = unsided(s.modality, s.series);
    // Images that come later are another question.
    return images.length > 0 ? [{ id: `side ${images.join(' ')}`, prior: priorOf(s, study), count: images.length }] : [];
  });
}

/** Studies whose person contradicts the report's. */
function clashesOf(item: WorkItemDetail, study: StudyDetail, others: readonly StudyDetail[]): Clash[] {
  return studiesOf(study, others)
    .map((s) => ({
      // Another name or birth date than the one that was checked is another question.
      id: JSON.stringify([s.id, s.patient.name, s.patient.sex, s.patient.birth_date]),
      prior: priorOf(s, study),
      fields: quarrels(item.patient, s.patient),
      name: s.patient.name,
    }))
    .filter((c) => c.fields.length > 0);
}
