// The buttons under the report, each with its key.
import { Button } from '@mantine/core';
import { useWords } from '../../i18n';
import { Keys } from '../../ui/bits';

export type Dialog = 'critical' | 'return' | 'send_back' | 'skip' | null;

interface Props {
  main: 'sign' | 'submit' | null;
  writable: boolean;
  busy: boolean;
  mayRaise: boolean;
  mayReturn: boolean;
  maySendBack: boolean;
  open: (dialog: Dialog) => void;
  hand: () => void;
}

export function Actions({ main, writable, busy, mayRaise, mayReturn, maySendBack, open, hand }: Props) {
  const { t } = useWords();
  return (
    <div className="row">
      {mayRaise && (
        <Button variant="outline" color="red" onClick={() => open('critical')} px={8}>
          {t('report.critical')}
          <Keys keys="ctrl+k" />
        </Button>
      )}
      {mayReturn && (
        <Button variant="default" onClick={() => open('return')} px={8}>
          {t('report.return')}
          <Keys keys="ctrl+b" />
        </Button>
      )}
      {maySendBack && (
        <Button variant="default" onClick={() => open('send_back')} px={8}>
          {t('report.send_back')}
        </Button>
      )}
      <span className="grow" />
      {main && (
        <Button loading={busy} disabled={!writable} onClick={hand} px={10}>
          {t(main === 'sign' ? 'report.sign' : 'report.submit')}
          <Keys keys={main === 'sign' ? 'f8' : 'ctrl+enter'} />
        </Button>
      )}
    </div>
  );
}
