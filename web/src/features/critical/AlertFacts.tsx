// Who and what a critical value is about, as every dialog of it begins.
import type { Alert } from '../../api/types';
import { useWords } from '../../i18n';
import { PatientName, useAge, usePersonName, useSex } from '../../ui/bits';
import { dayTime } from '../../ui/format';
import { corrected, findingOf, revised } from './queries';

export function AlertFacts({ alert }: { alert: Alert }) {
  const { t } = useWords();
  const age = useAge();
  const sex = useSex();
  const person = usePersonName();
  return (
    <div className="note" data-tone="red">
      <div className="row wrap" style={{ fontSize: 15 }}>
        <PatientName patient={alert.patient} strong /> <span>{sex(alert.patient.sex)}</span> <span>{age(alert.patient.age)}</span>
        {/* A number of our own for somebody unknown says nothing to anybody. */}
        {!alert.patient.local_id.startsWith('?') && <span className="dim">{alert.patient.local_id}</span>}
      </div>
      <div style={{ fontSize: 18, fontWeight: 700, margin: '4px 0' }}>{findingOf(alert)}</div>
      <div className="dim">
        {t(`pipeline.${alert.pipeline}`)} · {t('critical.raised_by', { at: dayTime(alert.raised_at), name: person(alert.raised_by) })}
        {alert.provisional ? ` · ${t('critical.provisional')}` : ''}
        {alert.repeats > 0 ? ` · ${t('critical.repeats', { n: alert.repeats })}` : ''}
      </div>
      {corrected(alert) && <strong>{t('critical.corrected')}</strong>}
      {revised(alert) !== null && (
        <div style={{ marginTop: 4 }}>
          <strong>{t('critical.revised')}</strong> {revised(alert)}
        </div>
      )}
    </div>
  );
}
