// 管理: facilities, peers with echo, users and roles, destinations, deliveries, background jobs, critical thresholds of the ECG, audit search. No clinical content.
import { Link, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useWords } from '../../i18n';
import { Empty, NoRight } from '../../ui/State';
import { useCan } from '../session';
import { Audit } from './Audit';
import { Deliveries, Destinations, Jobs } from './Deliveries';
import { EcgPresets } from './EcgPresets';
import { Facilities, Peers } from './Sites';
import { Users } from './Users';

const TABS = ['facilities', 'peers', 'users', 'destinations', 'deliveries', 'jobs', 'ecg_presets', 'audit'] as const;

export function AdminPage() {
  const { t } = useWords();
  const can = useCan();
  const { tab } = useParams({ strict: false }) as { tab: string };
  if (!can('administer')) return <NoRight />;
  const page: Record<string, ReactNode> = {
    facilities: <Facilities />,
    peers: <Peers />,
    users: <Users />,
    destinations: <Destinations />,
    deliveries: <Deliveries />,
    jobs: <Jobs />,
    ecg_presets: <EcgPresets />,
    audit: <Audit />,
  };
  return (
    <div className="page-fill">
      <nav className="bar" style={{ gap: 2 }} aria-label={t('nav.admin')}>
        {TABS.map((x) => (
          <Link key={x} to="/admin/$tab" params={{ tab: x }} className="nav-link">
            {t(`admin.${x}`)}
          </Link>
        ))}
      </nav>
      <div className="page-fill grow">{page[tab] ?? <Empty title={t('page.not_found')} />}</div>
    </div>
  );
}
