// The health of the store: room, what the scrubber found, what is kept how long and by whom; for administrators, quality officers and leads.
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useWords } from '../../i18n';
import { useKeys } from '../../keys';
import { useServerNow } from '../../ui/bits';
import { Await, NoRight } from '../../ui/State';
import { useCan } from '../session';
import { Damaged } from './Damaged';
import { Holds } from './Holds';
import { type Overview, TABS, type Tab } from './model';
import { OverviewView } from './OverviewView';
import { overviewQuery } from './queries';
import { RetentionView } from './RetentionView';
import '../../ui/record.css';
import './storage.css';

export function StoragePage() {
  const { t } = useWords();
  const can = useCan();
  const search = useSearch({ strict: false }) as { tab?: string };
  const navigate = useNavigate();
  const allowed = can('administer', 'qc_records', 'lead');
  const overview = useQuery({ ...overviewQuery, enabled: allowed });
  const now = useServerNow(overview.data?.now);
  // An administrator sees numbers; studies are the leads' and quality officers'.
  const tabs = can('qc_records', 'lead') ? TABS : TABS.slice(0, 2);
  const tab: Tab = tabs.find((x) => x === search.tab) ?? 'overview';
  const go = (next: Tab) => void navigate({ to: '/storage', search: { tab: next } as never, replace: true });
  const turn = (by: number) => go(tabs[(tabs.indexOf(tab) + by + tabs.length) % tabs.length] ?? 'overview');
  useKeys('storage', [
    { id: 'storage.tab', keys: ']', run: () => turn(1) },
    { id: 'storage.tab_back', keys: '[', run: () => turn(-1), hidden: true },
  ]);
  if (!allowed) return <NoRight />;
  return (
    <div className="page-fill">
      <div className="bar" style={{ gap: 12 }}>
        <h1 className="bar-title">{t('storage.title')}</h1>
        <fieldset className="row tabs" aria-label={t('storage.which')}>
          {tabs.map((x) => (
            <button key={x} type="button" className="tab" aria-pressed={x === tab} onClick={() => go(x)}>
              {t(`storage.tab.${x}`)}
              <Count tab={x} of={overview.data} />
            </button>
          ))}
        </fieldset>
      </div>
      <div className="scroll grow">
        <Await query={overview}>
          {overview.data && tab === 'overview' && <OverviewView data={overview.data} now={now} go={go} />}
          {tab === 'damaged' && <Damaged now={now} />}
          {tab === 'retention' && <RetentionView now={now} />}
          {tab === 'holds' && <Holds />}
        </Await>
      </div>
    </div>
  );
}

function Count({ tab, of }: { tab: Tab; of: Overview | undefined }) {
  if (tab === 'damaged') return <strong className={of && of.damaged > 0 ? 'tone-red' : undefined}>{of?.damaged ?? '–'}</strong>;
  if (tab === 'holds') return <strong>{of?.numbers.holds ?? '–'}</strong>;
  return null;
}
