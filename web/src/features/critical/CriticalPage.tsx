import { SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useWords } from '../../i18n';
import { Await } from '../../ui/State';
import { AlertList } from './AlertList';
import { alertsQuery } from './queries';

export function CriticalPage() {
  const { t } = useWords();
  const [state, setState] = useState<'open' | 'all'>('open');
  const alerts = useQuery(alertsQuery(state));
  return (
    <div className="page-fill">
      <div className="bar">
        <h1 style={{ fontSize: 15 }}>{t('nav.critical')}</h1>
        <SegmentedControl
          aria-label={t('nav.critical')}
          value={state}
          onChange={(v) => setState(v === 'all' ? 'all' : 'open')}
          data={[
            { value: 'open', label: t('critical.tab_open') },
            { value: 'all', label: t('critical.tab_all') },
          ]}
        />
        <span className="dim">{t('critical.rule')}</span>
      </div>
      <div className="scroll grow" style={{ background: 'var(--yg-panel)' }}>
        <Await query={alerts}>{alerts.data && <AlertList alerts={alerts.data.rows} now={alerts.data.now} />}</Await>
      </div>
    </div>
  );
}
