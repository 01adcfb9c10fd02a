// Loading, empty, error, no-right: every list and page says which of them it is in, in the same place and words.
import { Button, Loader } from '@mantine/core';
import { type ReactNode, useEffect, useState } from 'react';
import { Fault } from '../api/client';
import { useWords } from '../i18n';

/** Words for a fault: the catalogue's for its code, else a general sentence; the code always stands beside it. */
export function useFaultText(): (error: unknown) => string {
  const { t, has } = useWords();
  return (error) => {
    if (!(error instanceof Fault)) return t('fault.unknown');
    const key = `fault.${error.code}`;
    const holder = (error.problem.current as { holder?: { name?: string } } | undefined)?.holder?.name ?? '';
    if (has(key)) return t(key, { holder, what: error.problem.what ?? '', detail: error.problem.detail ?? '' });
    const generic =
      error.status >= 500
        ? 'fault.server'
        : error.status === 403
          ? 'fault.denied'
          : error.status === 404
            ? 'fault.not_found'
            : 'fault.refused';
    return t(generic);
  };
}

export function FaultNote({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useWords();
  const text = useFaultText();
  const fault = error instanceof Fault ? error : null;
  return (
    <div className="note" data-tone="red" role="alert">
      <div>{text(error)}</div>
      {fault && (
        <div className="dim mono" style={{ fontSize: 11 }}>
          {fault.status || '–'} {fault.code}
          {fault.problem.detail ? ` · ${fault.problem.detail}` : ''}
        </div>
      )}
      {retry && (
        <Button mt={6} size="compact-xs" variant="default" onClick={retry}>
          {t('action.retry')}
        </Button>
      )}
    </div>
  );
}

export function Loading({ label }: { label?: string }) {
  const { t } = useWords();
  const [shown, show] = useState(false);
  // Nothing flashes for answers that come at once.
  useEffect(() => {
    const timer = setTimeout(() => show(true), 150);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="state" role="status" aria-live="polite">
      {shown && <Loader size="sm" />}
      {shown && <span>{label ?? t('page.loading')}</span>}
    </div>
  );
}

export function Empty({ title, hint, children }: { title: string; hint?: string; children?: ReactNode }) {
  return (
    <div className="state">
      <strong>{title}</strong>
      {hint && <span>{hint}</span>}
      {children}
    </div>
  );
}

export function NoRight() {
  const { t } = useWords();
  return <Empty title={t('page.no_right')} hint={t('page.no_right_hint')} />;
}

interface Loadable {
  isPending: boolean;
  isError: boolean;
  data: unknown;
  error: unknown;
  refetch: () => unknown;
}
/** What is shown no longer is, or is not this person's: no passing trouble. */
const GONE = [401, 403, 404, 410];

/** Shows the children once the query has data; until then loading or the fault with a retry. Children that are there stay when they cannot be
 * renewed, with what was typed in their dialogs; a note that moves nothing says that they may be old. */
export function Await({ query, children }: { query: Loadable; children: ReactNode }) {
  if (query.isPending) return <Loading />;
  const { error } = query;
  const status = query.isError && error instanceof Fault ? error.status : 0;
  if (status === 403) return <NoRight />;
  if (query.isError && (query.data === undefined || GONE.includes(status))) {
    return (
      <div className="state">
        <FaultNote error={error} retry={() => void query.refetch()} />
      </div>
    );
  }
  return (
    <>
      {children}
      {/* The lock says itself why nothing comes. */}
      {query.isError && status !== 423 && (
        <div className="await-old">
          <FaultNote error={error} retry={() => void query.refetch()} />
        </div>
      )}
    </>
  );
}
