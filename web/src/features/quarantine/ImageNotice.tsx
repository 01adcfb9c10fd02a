// A banner beside a signed report: its images were corrected after it was signed; it names the versions it was read from.
import { useQuery } from '@tanstack/react-query';
import { get } from '../../api/client';
import { useWords } from '../../i18n';

interface Notice {
  act: string;
  operation: string;
  at: number;
  report: string;
  n: number;
}

export function ImageNotice({ study }: { study: string }) {
  const { t } = useWords();
  const list = useQuery({
    queryKey: ['imaging', 'notices', study],
    queryFn: () => get<{ rows: Notice[] }>(`/api/studies/${study}/notices`),
  });
  const rows = list.data?.rows ?? [];
  if (rows.length === 0) return null;
  const what = [...new Set(rows.map((r) => t(`act.${r.operation}`)))].join(t('list.and'));
  return (
    <div className="note" data-tone="amber" role="status">
      {t('notice.images', { what, n: rows[0]?.n ?? 1 })}
    </div>
  );
}
