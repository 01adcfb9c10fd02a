// The clinic's own pages and, below, the three of the ECG: upload, unidentified recordings, quality figures.
import '../clinic.css';
import { Link } from '@tanstack/react-router';
import { useWords } from '../../../i18n';
import { useCan } from '../../session';
import { ClinicTabs } from '../ClinicTabs';

export function EcgTabs() {
  const { t } = useWords();
  const can = useCan();
  const all = [
    ...(can('upload') ? ([['/clinic/ecg', 'up.title']] as const) : []),
    ['/clinic/ecg/unmatched', 'unid.title'],
    ['/clinic/ecg/statistics', 'ecgq.title'],
  ] as const;
  return (
    <>
      {can('order', 'acknowledge_critical', 'upload') && (
        <div className="bar">
          <ClinicTabs />
        </div>
      )}
      <nav className="bar" aria-label={t('clinic.ecg')}>
        {all.map(([to, key]) => (
          <Link key={to} to={to} className="nav-link" activeOptions={{ exact: true, includeSearch: false }}>
            {t(key)}
          </Link>
        ))}
      </nav>
    </>
  );
}
