// The two acts on an entry, for the keys of the page and the buttons of the detail alike: try again at once; give up, with the reason.
import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useWords } from '../../i18n';
import { ReasonDialog } from '../../ui/ReasonDialog';
import { useFaultText } from '../../ui/State';
import { useTell } from '../../ui/tell';
import { type Entry, stopHint } from './model';
import { retry, stop } from './queries';

export interface Acts {
  retry: (e: Entry) => void;
  stop: (e: Entry) => void;
  busy: boolean;
  dialog: ReactNode;
}

export function useActs(): Acts {
  const { t } = useWords();
  const client = useQueryClient();
  const say = useFaultText();
  const tell = useTell();
  const [busy, setBusy] = useState(false);
  const [stopping, setStopping] = useState<Entry | null>(null);
  const renew = () => client.invalidateQueries({ queryKey: ['outbox'] });
  return {
    busy,
    retry: (e) => {
      if (busy) return;
      setBusy(true);
      retry(e.kind, e.id)
        .then(
          () => tell(t('outbox.retried', { to: e.to_name })),
          (error) => tell(say(error), 'red'),
        )
        .finally(() => {
          setBusy(false);
          void renew();
        });
    },
    stop: setStopping,
    dialog: stopping && (
      <ReasonDialog
        title={t('outbox.stop')}
        hint={t(stopHint(stopping), { to: stopping.to_name, n: stopping.objects - stopping.sent, v: stopping.report?.[1] })}
        label={t('outbox.why')}
        go={t('outbox.stop')}
        danger
        close={() => setStopping(null)}
        act={async (why) => {
          await stop(stopping.kind, stopping.id, why);
          await renew();
        }}
      />
    ),
  };
}
