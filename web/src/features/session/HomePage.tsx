import { useWords } from '../../i18n';
import { Empty } from '../../ui/State';

/** For roles whose pages do not exist yet: says so instead of showing an empty list. */
export function HomePage() {
  const { t } = useWords();
  return (
    <div className="page">
      <Empty title={t('home.title')} hint={t('home.hint')} />
    </div>
  );
}
