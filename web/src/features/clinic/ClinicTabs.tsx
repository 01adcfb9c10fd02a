import { Link } from '@tanstack/react-router';
import { useWords } from '../../i18n';
import { useCan } from '../session';

/** The pages of a clinic. */
export function ClinicTabs({ counts }: { counts?: { reports?: number; returned?: number } }) {
  const { t } = useWords();
  const can = useCan();
  const all = [
    ['/clinic', 'clinic.today', counts?.returned],
    ['/clinic/reports', 'clinic.reports', counts?.reports],
    ...(can('order') ? ([['/clinic/order', 'clinic.order', 0]] as const) : []),
    ['/clinic/orders', 'clinic.orders', 0],
    ...(can('upload') ? ([['/clinic/ecg', 'up.title', 0]] as const) : []),
  ] as const;
  return (
    <nav className="row" style={{ gap: 2 }} aria-label={t('nav.clinic')}>
      {all.map(([to, key, n]) => (
        <Link key={to} to={to} className="nav-link" activeOptions={{ exact: true, includeSearch: false }}>
          {t(key)}
          {n ? (
            <span className="tab-count" data-hot="true" style={{ marginLeft: 6 }}>
              {n}
            </span>
          ) : null}
        </Link>
      ))}
    </nav>
  );
}
