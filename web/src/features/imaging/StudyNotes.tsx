// What the modality said about the study, and whether the devices may delete their copies.

import { useWords } from '../../i18n';
import { day } from '../../ui/format';
import type { StudyDetail } from './model';

export function StudyNotes({ study }: { study: StudyDetail }) {
  const { t } = useWords();
  const stopped = study.steps.filter((s) => s.state === 'discontinued');
  const missing = study.steps.reduce((n, s) => n + (s.state === 'completed' ? s.named - s.arrived : 0), 0);
  const { safe, lost, hold } = study;
  return (
    <>
      {lost.damaged > 0 && (
        <div className="note" data-tone="red" role="alert">
          {t('imaging.lost_damaged', { n: lost.damaged })}
        </div>
      )}
      {lost.erased > 0 && (
        <div className="note" data-tone="amber" role="status">
          {t('imaging.lost_erased', { n: lost.erased, at: lost.erased_at ? day(lost.erased_at) : '–' })}
        </div>
      )}
      {hold && (
        <div className="note" role="status">
          {t('imaging.on_hold', { who: hold.who, at: day(hold.at), reason: hold.reason })}
        </div>
      )}
      {stopped.map((s) => (
        <div key={s.uid} className="note" data-tone="amber" role="status">
          {t('imaging.step_discontinued', { modality: s.modality, reason: s.reason || t('imaging.step_no_reason') })}
        </div>
      ))}
      {missing > 0 && (
        <div className="note" data-tone="amber" role="status">
          {t('imaging.step_missing', { n: missing })}
        </div>
      )}
      {safe.proven > 0 && (
        <div className="note" data-tone={safe.complete ? undefined : 'amber'} role="status">
          {safe.complete
            ? t('imaging.safe_to_delete', { n: safe.instances })
            : t('imaging.partly_safe', { n: safe.proven, total: safe.instances })}
        </div>
      )}
    </>
  );
}
