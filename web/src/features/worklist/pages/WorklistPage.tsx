import { useWords } from '../../../i18n';

export function WorklistPage() {
  const { t } = useWords();
  return (
    <div className="page">
      <h1>{t('nav.worklist')}</h1>
    </div>
  );
}
