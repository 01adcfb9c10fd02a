// The frame of an open item: claim, lease, patient line, then the page of its pipeline. Opening is claiming; when somebody else
// holds it, the same page opens read only and says who.
import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from 'react';
import { Fault, get } from '../../../api/client';
import type { WorkItemDetail } from '../../../api/types';
import { useWords } from '../../../i18n';
import { useKeys } from '../../../keys';
import { DueCell, PatientName, PriorityChip, Tag, useAge, usePersonName, useServerNow, useSex } from '../../../ui/bits';
import { firstLook } from '../../../ui/firstLook';
import { dicomDate, hourMinute, shortTime } from '../../../ui/format';
import { FaultNote, Loading, useFaultText } from '../../../ui/State';
import { AmendDialog, type Done } from '../../report';
import { LeaseContext, useHeldLease } from '../lease';
import { claim, freshGlance, next } from '../queries';
import { Recheck } from '../Recheck';

const ImagingPage = lazy(() => import('../../imaging').then((m) => ({ default: m.ImagingPage })));
const FirstLook = lazy(() => import('../../imaging').then((m) => ({ default: m.FirstLook })));
const EcgPage = lazy(() => import('../../ecg').then((m) => ({ default: m.EcgPage })));

export function ReadPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const { t } = useWords();
  const faultText = useFaultText();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [item, setItem] = useState<WorkItemDetail | null>(null);
  /** The item as it was before it was claimed: enough to show whose images these are. */
  const [glance, setGlance] = useState<WorkItemDetail | null>(() => freshGlance(client, id));
  const [error, setError] = useState<unknown>(null);
  const [amending, amend] = useState(false);
  const [refused, refuse] = useState<unknown>(null);
  const loaded = useRef('');

  const load = useCallback(async () => {
    setError(null);
    refuse(null);
    // The server's "next" has claimed it already and handed the whole item over.
    const handed = client.getQueryData<WorkItemDetail>(['work', id]);
    client.removeQueries({ queryKey: ['work', id] });
    try {
      let detail = handed ?? (await get<WorkItemDetail>(`/api/work/${id}`));
      const open =
        detail.state === 'queued' ||
        (detail.state === 'reading' && !detail.holder_is_me && (detail.lease_until ?? 0) < Date.now() - 60_000);
      setGlance(detail);
      if (!handed && (open || detail.holder_is_me) && detail.pipeline !== 'lab') {
        try {
          detail = await claim(id);
        } catch (e) {
          // Held by somebody else, or not ours to write: the page still opens to read.
          if (!(e instanceof Fault && [403, 409].includes(e.status))) throw e;
          refuse(e);
          if (e.status === 409) detail = await get<WorkItemDetail>(`/api/work/${id}`);
        }
      }
      // The page is heavier than the picture that stands in for it, and would hold it up.
      if (detail.pipeline === 'imaging') await firstLook();
      setItem(detail);
    } catch (e) {
      setError(e);
    }
  }, [client, id]);
  useEffect(() => {
    if (loaded.current === id) return;
    loaded.current = id;
    setItem(null);
    void load();
  }, [id, load]);

  const lease = useHeldLease(item ?? undefined);
  const leave = useCallback(() => void navigate({ to: '/worklist' }), [navigate]);
  const done = useCallback(
    (_what: Done, then: 'next' | 'list') => {
      void client.invalidateQueries({ queryKey: ['worklist'] });
      if (then === 'list' || !item) {
        leave();
        return;
      }
      next(item.pipeline, item.tier)
        .then((following) => {
          if (!following) {
            notifications.show({ message: t('work.none_left') });
            leave();
            return;
          }
          client.setQueryData(['work', following.id], following);
          void navigate({ to: '/read/$id', params: { id: following.id } });
        })
        .catch((e) => {
          notifications.show({ color: 'orange', message: faultText(e) });
          leave();
        });
    },
    [client, item, leave, navigate, t, faultText],
  );
  useKeys('reading', [{ id: 'read.back', keys: 'alt+backspace|alt+q', inText: true, run: leave }]);

  if (error) {
    return (
      <div className="page">
        <FaultNote error={error} retry={() => void load()} />
        <Link to="/worklist">{t('work.back')}</Link>
      </div>
    );
  }
  if (!item || item.id !== id) {
    if (glance?.id !== id || glance.pipeline !== 'imaging') return <Loading />;
    return (
      <div className="page-fill">
        <ItemHead item={glance} held until={null} idle={false} waiting />
        <div className="grow" style={{ minHeight: 0 }}>
          <Suspense fallback={<Loading />}>
            <FirstLook item={glance} />
          </Suspense>
        </div>
      </div>
    );
  }
  return (
    <LeaseContext.Provider value={lease}>
      <div className="page-fill">
        <ItemHead
          item={item}
          held={lease.held}
          idle={lease.idle}
          until={lease.until}
          reclaim={() => void load()}
          checked={() => done('submitted', 'list')}
          amend={() => amend(true)}
        />
        {refused !== null && !lease.held && item.state === 'queued' && <FaultNote error={refused} />}
        <div className="grow" style={{ minHeight: 0 }}>
          <Suspense fallback={<Loading />}>
            {item.pipeline === 'ecg' ? (
              <EcgPage key={`${item.id}.${item.epoch}`} item={item} onDone={done} />
            ) : item.pipeline === 'imaging' ? (
              <ImagingPage key={`${item.id}.${item.epoch}`} item={item} onDone={done} />
            ) : (
              <div className="state">
                <Link to="/lab">{t('nav.lab')}</Link>
              </div>
            )}
          </Suspense>
        </div>
        {amending && item.report && (
          <AmendDialog
            report={item.report}
            close={() => amend(false)}
            done={(opened) => {
              amend(false);
              if (opened.id === item.id) setItem(opened);
              else {
                client.setQueryData(['work', opened.id], opened);
                void navigate({ to: '/read/$id', params: { id: opened.id } });
              }
            }}
          />
        )}
      </div>
    </LeaseContext.Provider>
  );
}

interface HeadProps {
  item: WorkItemDetail;
  held: boolean;
  idle: boolean;
  until: number | null;
  /** Nothing can be done yet. */
  waiting?: boolean;
  reclaim?: () => void;
  checked?: () => void;
  amend?: () => void;
}

function ItemHead({ item, held, idle, until, waiting, reclaim, checked, amend }: HeadProps) {
  const { t, pick, has } = useWords();
  const age = useAge();
  const sex = useSex();
  const person = usePersonName();
  const now = useServerNow(undefined);
  const order = item.order;
  const free = item.state === 'queued' || item.state === 'reading';
  return (
    <div className="item-head">
      <div className="row" style={{ gap: 10, minWidth: 0 }}>
        <Link to="/worklist" className="nav-link" aria-label={t('work.back')} title={t('work.back')}>
          ←
        </Link>
        <h1 style={{ fontSize: 16, fontWeight: 700 }} className="nowrap">
          <PatientName patient={item.patient} />
        </h1>
        <span className="nowrap">
          {sex(item.patient.sex)} {age(item.patient.age)}
        </span>
        <span className="dim nowrap">{dicomDate(item.patient.birth_date)}</span>
        <span className="dim nowrap">{item.patient.local_id}</span>
        <PriorityChip priority={item.priority} />
        {item.triage === 'red' && (
          <Tag tone="red" fill>
            {t('triage.red')}
          </Tag>
        )}
        {item.triage === 'orange' && <Tag tone="orange">{t('triage.orange')}</Tag>}
        <Tag tone={item.tier === 'write' ? 'blue' : 'violet'}>{t(standing(item))}</Tag>
        {item.flags
          .filter((f) => f !== 'amending')
          .map((f) => (
            <Tag key={f} tone="amber">
              {has(`flag.${f}`) ? t(`flag.${f}`) : f}
            </Tag>
          ))}
        <span className="cut">
          {item.modality} {item.title}
        </span>
        <span className="dim nowrap">{pick(item.facility_name, item.facility_name_en)}</span>
        <span className="grow" />
        {item.state !== 'done' && <DueCell arrived={item.arrived_at} deadline={item.deadline} now={now} />}
        {held && checked && item.tier === 'recheck' && <Recheck item={item} epoch={item.epoch} done={checked} />}
        {!waiting && (!held || item.tier === 'recheck') && item.report_state === 'published' && item.may.amend && (
          <Button variant="default" onClick={amend}>
            {t('report.amend')}
          </Button>
        )}
        {!held && free && (
          <Button variant="light" onClick={reclaim}>
            {t('work.claim')}
          </Button>
        )}
      </div>
      {(order || item.written_by) && (
        <div className="row dim" style={{ gap: 14, minWidth: 0 }}>
          {order && (
            <span className="cut" title={order.history}>
              {t('order.history')}: <span style={{ color: 'var(--yg-text)' }}>{order.history || t('order.no_history')}</span>
            </span>
          )}
          {order && (
            <span className="nowrap">
              {t('order.orderer')} {order.orderer || '–'} {order.department}
            </span>
          )}
          {order && (
            <span className="nowrap">
              {t('order.no')} {order.filler_no || order.placer_no}
            </span>
          )}
          <span className="nowrap">
            {t('work.arrived')} {shortTime(item.arrived_at, now)}
          </span>
          {item.written_by && (
            <span className="nowrap">
              {t('work.written_by')} {person(item.written_by)}
            </span>
          )}
        </div>
      )}
      {!held && item.holder && !item.holder_is_me && (
        <div className="note" data-tone="amber" role="status">
          {t('work.held_by', { name: person(item.holder) })}
        </div>
      )}
      {!held && item.holder_is_me && item.state === 'reading' && (
        <div className="note row" data-tone="red" role="alert">
          {t('work.lease_lost')}
        </div>
      )}
      {held && idle && (
        <div className="note" data-tone="amber" role="alert">
          {t('work.idle', { at: until ? hourMinute(until) : '–' })}
        </div>
      )}
    </div>
  );
}

/** What stands of the item: the state of its report once there is one, else whose turn it is. */
function standing(item: WorkItemDetail): string {
  if (item.report_state === 'amending' || item.report_state === 'withdrawn') return `state.${item.report_state}`;
  return item.state === 'done' ? 'state.published' : `tier.${item.tier}`;
}
