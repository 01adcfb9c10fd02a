import { Link } from '@tanstack/react-router';
import { useWords } from '../../i18n';

/** The pages of the laboratory. */
export function LabTabs() {
  const { t } = useWords();
  return (
    <nav className="row" style={{ gap: 2 }} aria-label={t('nav.lab')}>
      <h1 className="sr-only">{t('nav.lab')}</h1>
      {(
        [
          ['/lab', 'nav.lab'],
          ['/lab/specimens', 'nav.specimens'],
          ['/lab/unmatched', 'lab.unmatched'],
          ['/lab/messages', 'lab.messages'],
        ] as const
      ).map(([to, key]) => (
        <Link key={to} to={to} className="nav-link" activeOptions={{ exact: true, includeSearch: false }}>
          {t(key)}
        </Link>
      ))}
    </nav>
  );
}
