// The state of a delivery as a chip, and who gave it up and why.
import { useQuery } from '@tanstack/react-query';
import { useWords } from '../../i18n';
import { Tag } from '../../ui/bits';
import { dayTime } from '../../ui/format';
import { WarnIcon } from '../../ui/icons';
import { useCan } from '../session';
import { deliveryTone } from './model';
import { entryQuery } from './queries';

export function DeliveryState({ state }: { state: string }) {
  const { t, has } = useWords();
  const tone = deliveryTone(state);
  return (
    <Tag tone={tone}>
      {tone === 'red' && <WarnIcon />}
      {has(`delivery.state.${state}`) ? t(`delivery.state.${state}`) : t('delivery.state.unknown', { state })}
    </Tag>
  );
}

/** Of a delivery that was given up: what that means for the receiver, and for those who may look into the outbox who did it and why. */
export function GivenUp({ id, to }: { id: string | undefined; to: string }) {
  const { t } = useWords();
  const allowed = useCan()('upload', 'lead', 'administer');
  const entry = useQuery({ ...entryQuery('delivery', id ?? ''), refetchInterval: false, enabled: allowed && !!id }).data?.entry;
  const told = entry?.state === 'stopped' && entry.why !== '';
  return (
    <div className="tone-red">
      <div>{t('delivery.given_up', { to })}</div>
      <div>
        {told
          ? t('outbox.stopped_by', {
              who: entry.closed_by ?? t('person.system'),
              at: entry.closed_at ? dayTime(entry.closed_at) : '–',
              why: entry.why,
            })
          : t('delivery.given_up_where')}
      </div>
    </div>
  );
}
