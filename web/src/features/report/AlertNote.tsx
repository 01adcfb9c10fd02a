// The open critical value of the item, above the text.
import { Button } from '@mantine/core';
import type { Alert } from '../../api/types';
import { useWords } from '../../i18n';
import { Tag } from '../../ui/bits';
import { findingOf } from '../critical/queries';

export function AlertNote({ alert, call }: { alert: Alert; call?: () => void }) {
  const { t } = useWords();
  return (
    <div className="note row wrap" data-tone="red" style={{ flex: 'none' }}>
      <Tag tone={alert.level === 'red' ? 'red' : 'orange'} fill={alert.level === 'red'}>
        {t(`critical.${alert.level}`)}
      </Tag>
      <span className="grow">
        {findingOf(alert)} · {t(`critical.state.${alert.state}`)}
      </span>
      {call && (
        <Button size="compact-xs" variant="default" onClick={call}>
          {t('critical.call')}
        </Button>
      )}
    </div>
  );
}
