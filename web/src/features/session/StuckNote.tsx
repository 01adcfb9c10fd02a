import { useWords } from '../../i18n';

/** Signing out failed, told where the notices of the page lie behind: the next person at this machine would be this one. */
export function StuckNote() {
  const { t } = useWords();
  return (
    <div className="note" data-tone="red" role="alert" style={{ marginTop: 8 }}>
      {t('login.out_failed')}
    </div>
  );
}
