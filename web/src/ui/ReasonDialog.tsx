// A decision that asks for its reason: what is decided, why, one button. The reason goes into the audit chain.
import { Button, Modal, Textarea } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useWords } from '../i18n';
import { FaultNote } from './State';

interface Props {
  title: string;
  hint: ReactNode;
  /** Label of the reason. */
  label: string;
  go: string;
  first?: string;
  /** The reason may be empty. */
  optional?: boolean;
  danger?: boolean;
  act: (why: string) => Promise<unknown>;
  close: () => void;
}

export function ReasonDialog({ title, hint, label, go, first = '', optional, danger, act, close }: Props) {
  const { t } = useWords();
  const [why, setWhy] = useState(first);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const ready = optional || why.trim() !== '';
  const run = async () => {
    if (!ready) return;
    setBusy(true);
    setError(null);
    try {
      await act(why.trim());
      close();
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={close} closeButtonProps={{ 'aria-label': t('action.close') }} title={title}>
      <form
        className="col"
        style={{ gap: 10 }}
        onSubmit={(e) => {
          e.preventDefault();
          void run();
        }}
      >
        <div className="dim">{hint}</div>
        <Textarea
          label={label}
          value={why}
          onChange={(e) => setWhy(e.currentTarget.value)}
          required={!optional}
          maxLength={500}
          autosize
          minRows={2}
          data-autofocus
        />
        {error !== null && <FaultNote error={error} />}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={close}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" loading={busy} disabled={!ready} color={danger ? 'red' : undefined}>
            {go}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
