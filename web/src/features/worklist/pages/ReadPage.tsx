import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { get } from '../../../api/client';
import type { WorkItemDetail } from '../../../api/types';
import { Await, Loading } from '../../../ui/State';

const ImagingPage = lazy(() => import('../../imaging').then((m) => ({ default: m.ImagingPage })));
const EcgPage = lazy(() => import('../../ecg').then((m) => ({ default: m.EcgPage })));

export function ReadPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const navigate = useNavigate();
  const item = useQuery({ queryKey: ['worklist', 'item', id], queryFn: () => get<WorkItemDetail>(`/api/work/${id}`) });
  const done = () => void navigate({ to: '/worklist' });
  return (
    <div className="page-fill">
      <Await query={item}>
        <Suspense fallback={<Loading />}>
          {item.data?.pipeline === 'ecg' ? (
            <EcgPage item={item.data} onDone={done} />
          ) : (
            item.data && <ImagingPage item={item.data} onDone={done} />
          )}
        </Suspense>
      </Await>
    </div>
  );
}
