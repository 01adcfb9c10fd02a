// Orders of the clinic that are not finished: collect a specimen, cancel what has not been received yet.
import { Button, Modal, Textarea, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useDeferredValue, useState } from 'react';
import { get, post, query } from '../../api/client';
import type { OrderRow } from '../../api/types';
import { useWords } from '../../i18n';
import { PatientName, PriorityChip, Tag, useServerNow } from '../../ui/bits';
import { shortTime } from '../../ui/format';
import { Await, Empty, FaultNote } from '../../ui/State';
import { useCan } from '../session';
import { ClinicTabs } from './ClinicTabs';

export function OrdersPage() {
  const { t, has } = useWords();
  const can = useCan();
  const client = useQueryClient();
  const now = useServerNow(undefined);
  const [q, setQ] = useState('');
  const slow = useDeferredValue(q.trim());
  const list = useQuery({
    queryKey: ['clinic', 'orders', slow],
    queryFn: () => get<{ rows: OrderRow[] }>(`/api/orders${query({ state: 'open', q: slow })}`),
  });
  const [cancelling, cancel] = useState<OrderRow | null>(null);
  const [error, setError] = useState<unknown>(null);
  const collect = (barcode: string) => {
    setError(null);
    post(`/api/specimens/${encodeURIComponent(barcode)}/collect`).then(() => client.invalidateQueries({ queryKey: ['clinic'] }), setError);
  };
  return (
    <div className="page-fill">
      <div className="bar">
        <h1 className="sr-only">{t('clinic.orders')}</h1>
        <ClinicTabs />
        <span className="grow" />
        <TextInput
          aria-label={t('work.find')}
          placeholder={t('work.find')}
          value={q}
          onChange={(e) => setQ(e.currentTarget.value)}
          w={220}
        />
      </div>
      {error !== null && <FaultNote error={error} />}
      <div className="scroll grow" style={{ background: 'var(--yg-panel)' }}>
        <Await query={list}>
          {list.data?.rows.length === 0 ? (
            <Empty title={t('orders.empty')} />
          ) : (
            <table className="plain">
              <thead>
                <tr>
                  <th scope="col">{t('orders.created')}</th>
                  <th scope="col">{t('order.no')}</th>
                  <th scope="col">{t('col.patient')}</th>
                  <th scope="col">{t('col.title')}</th>
                  <th scope="col">{t('col.class')}</th>
                  <th scope="col">{t('col.state')}</th>
                  <th scope="col">{t('orders.specimens')}</th>
                  <th scope="col">
                    <span className="sr-only">{t('col.actions')}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {list.data?.rows.map((o) => (
                  <tr key={o.id}>
                    <td className="nowrap">{shortTime(o.created_at, now)}</td>
                    <td className="mono">{o.filler_no || o.placer_no}</td>
                    <td>
                      <PatientName patient={o.patient} strong />
                    </td>
                    <td>
                      <span className="dim">{t(`pipeline.${o.pipeline}`)}</span> {itemsOf(o, t)}
                    </td>
                    <td>
                      <PriorityChip priority={o.priority} />
                    </td>
                    <td>{has(`orders.state.${o.state}`) ? t(`orders.state.${o.state}`) : o.state}</td>
                    <td>
                      {o.specimens.map((s) => (
                        <div key={s.barcode} className="row nowrap">
                          <span className="mono">{s.barcode}</span>
                          {s.state === 'ordered' && can('upload') ? (
                            <Button size="compact-xs" variant="default" onClick={() => collect(s.barcode)}>
                              {t('orders.collect')}
                            </Button>
                          ) : (
                            <Tag>{has(`specimen.state.${s.state}`) ? t(`specimen.state.${s.state}`) : s.state}</Tag>
                          )}
                        </div>
                      ))}
                    </td>
                    <td className="num">
                      {o.pipeline === 'ecg' && can('upload') && (
                        <Link to="/clinic/ecg" search={{ order: o.id } as never} className="nav-link">
                          {t('up.for_order')}
                        </Link>
                      )}
                      {can('order') && (
                        <Button size="compact-xs" variant="subtle" onClick={() => cancel(o)}>
                          {t('orders.cancel')}
                        </Button>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Await>
      </div>
      {cancelling && <CancelDialog order={cancelling} close={() => cancel(null)} />}
    </div>
  );
}

const done = (state: string) => state !== 'ordered' && state !== 'cancelled';
const left = (order: OrderRow) => order.items.filter((i) => i.state === 'ordered').map((i) => i.name);

/** What was ordered; of an order that is partly done, each examination says how far it is. */
function itemsOf(order: OrderRow, t: (key: string, values?: Record<string, string>) => string): string {
  const mixed = order.items.some((i) => i.state !== order.items[0].state);
  const name = (i: OrderRow['items'][number]) => (mixed ? t('orders.item', { name: i.name, state: t(`orders.state.${i.state}`) }) : i.name);
  return order.items.map(name).join(t('lab.comma'));
}

function CancelDialog({ order, close }: { order: OrderRow; close: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  return (
    <Modal opened onClose={close} title={t('orders.cancel_title', { name: order.patient.name })}>
      <form
        className="col"
        style={{ gap: 10 }}
        onSubmit={(e) => {
          e.preventDefault();
          setBusy(true);
          post(`/api/orders/${order.id}/cancel`, { reason: reason.trim() }).then(
            () => {
              void client.invalidateQueries({ queryKey: ['clinic'] });
              close();
            },
            (why) => {
              setError(why);
              setBusy(false);
            },
          );
        }}
      >
        {order.items.some((i) => done(i.state)) && (
          <p className="dim">{t('orders.cancel_rest', { items: left(order).join(t('lab.comma')) })}</p>
        )}
        <Textarea
          label={t('lab.reason')}
          value={reason}
          onChange={(e) => setReason(e.currentTarget.value)}
          required
          autosize
          minRows={2}
          data-autofocus
        />
        {error !== null && <FaultNote error={error} />}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={close}>
            {t('action.back')}
          </Button>
          <Button type="submit" color="red" loading={busy} disabled={!reason.trim()}>
            {t('orders.cancel')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
