// Recordings that belong to no order: read like any other, but a person must say whose they are before a report can go out.
import './upload.css';
import { Button, Checkbox, Modal, Select } from '@mantine/core';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { get, post, query } from '../../../api/client';
import { useWords } from '../../../i18n';
import { Tag, useServerNow, useSex } from '../../../ui/bits';
import { dicomDate, shortTime } from '../../../ui/format';
import { Await, Empty, FaultNote } from '../../../ui/State';
import { useCan } from '../../session';
import { EcgTabs } from './EcgTabs';
import { ecgOrders } from './UploadPage';

interface Row {
  id: string;
  facility: string;
  facility_name: string;
  received_at: number;
  acquired_at: number | null;
  format: string;
  subject: { id?: string; name?: string; sex?: string; birth_date?: string } | null;
  device: { maker?: string; model?: string; serial?: string } | null;
  quality: 'good' | 'usable' | 'redo' | '';
  triage: string;
  reason: string;
  differs?: string[] | null;
}

const TONE = { good: 'green', usable: 'amber', redo: 'red' } as const;

export function UnmatchedPage() {
  const { t, has } = useWords();
  const can = useCan();
  const sex = useSex();
  const now = useServerNow(undefined);
  const [matching, match] = useState<Row | null>(null);
  const list = useInfiniteQuery({
    queryKey: ['ecg', 'unmatched'],
    queryFn: ({ pageParam }) => get<{ rows: Row[]; next: string | null }>(`/api/ecg/unmatched${query({ after: pageParam, limit: 100 })}`),
    initialPageParam: '',
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const rows = list.data?.pages.flatMap((p) => p.rows) ?? [];
  return (
    <div className="page-fill">
      <EcgTabs />
      <div className="scroll grow" style={{ background: 'var(--yg-panel)' }}>
        <h1 className="sr-only">{t('unid.title')}</h1>
        <Await query={list}>
          {rows.length === 0 ? (
            <Empty title={t('unid.empty')} hint={t('unid.empty_hint')} />
          ) : (
            <table className="plain">
              <thead>
                <tr>
                  <th scope="col">{t('unid.received')}</th>
                  <th scope="col">{t('unid.acquired')}</th>
                  <th scope="col">{t('col.clinic')}</th>
                  <th scope="col">{t('unid.subject')}</th>
                  <th scope="col">{t('unid.device')}</th>
                  <th scope="col">{t('unid.quality')}</th>
                  <th scope="col">{t('unid.why')}</th>
                  <th scope="col">
                    <span className="sr-only">{t('col.actions')}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.map((r) => (
                  <tr key={r.id}>
                    <td className="nowrap">{shortTime(r.received_at, now)}</td>
                    <td className="nowrap">{r.acquired_at ? shortTime(r.acquired_at, now) : '–'}</td>
                    <td>{r.facility_name}</td>
                    <td>
                      <strong>{r.subject?.name || t('patient.unnamed')}</strong> {r.subject?.sex ? sex(r.subject.sex) : ''}{' '}
                      <span className="dim">
                        {r.subject?.birth_date ? dicomDate(r.subject.birth_date) : ''} {r.subject?.id}
                      </span>
                    </td>
                    <td>
                      {[r.device?.maker, r.device?.model].filter(Boolean).join(' ') || '–'}{' '}
                      <span className="dim">
                        {r.device?.serial} {r.format}
                      </span>
                    </td>
                    <td className="nowrap">
                      {r.quality && <Tag tone={TONE[r.quality]}>{t(`up.face.${r.quality}`)}</Tag>}{' '}
                      {r.triage === 'red' && (
                        <Tag tone="red" fill>
                          {t('triage.red')}
                        </Tag>
                      )}
                      {r.triage === 'orange' && <Tag tone="orange">{t('triage.orange')}</Tag>}
                    </td>
                    <td className="tone-amber">
                      {has(`unid.reason.${r.reason}`) ? t(`unid.reason.${r.reason}`) : r.reason}
                      {(r.differs ?? []).length > 0 && (
                        <span className="dim"> {(r.differs ?? []).map((d) => t(`up.differs.${d}`)).join(t('up.and'))}</span>
                      )}
                    </td>
                    <td className="num">
                      {can('upload', 'write') && (
                        <Button size="compact-xs" variant="default" onClick={() => match(r)}>
                          {t('unid.match')}
                        </Button>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          {list.hasNextPage && (
            <Button m={12} variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
              {t('unid.more')}
            </Button>
          )}
        </Await>
      </div>
      {matching && <MatchDialog row={matching} close={() => match(null)} />}
    </div>
  );
}

const plain = (name: string | undefined): string => (name ?? '').replace(/[\s^]/g, '').toLowerCase();

function MatchDialog({ row, close }: { row: Row; close: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const orders = useQuery(ecgOrders);
  const [order, setOrder] = useState<string | null>(null);
  const [sure, setSure] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const same = (name: string) => plain(name) !== '' && plain(name) === plain(row.subject?.name);
  // Orders in the name on the file stand first.
  const list = [...(orders.data ?? [])].sort((a, b) => Number(same(b.patient.name)) - Number(same(a.patient.name)));
  const chosen = list.find((o) => o.id === order);
  const doubt = chosen !== undefined && !same(chosen.patient.name);
  const go = async () => {
    setBusy(true);
    setError(null);
    try {
      await post(`/api/ecg/${row.id}/match`, { order });
      void client.invalidateQueries({ queryKey: ['ecg'] });
      void client.invalidateQueries({ queryKey: ['clinic'] });
      close();
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={close} title={t('unid.match_title')}>
      <form
        className="col"
        style={{ gap: 12 }}
        onSubmit={(e) => {
          e.preventDefault();
          void go();
        }}
      >
        <div className="note">
          {t('unid.on_file')} <strong>{row.subject?.name || t('patient.unnamed')}</strong>{' '}
          {row.subject?.birth_date ? dicomDate(row.subject.birth_date) : ''} {row.subject?.id} · {row.facility_name}
        </div>
        <Select
          label={t('unid.order')}
          value={order}
          onChange={(v) => {
            setOrder(v);
            setSure(false);
          }}
          searchable
          required
          data-autofocus
          nothingFoundMessage={t('up.no_orders')}
          data={list.map((o) => ({
            value: o.id,
            label: `${o.patient.name} ${dicomDate(o.patient.birth_date)} · ${o.patient.local_id} · ${o.filler_no || o.placer_no}`,
          }))}
        />
        {orders.isError && <FaultNote error={orders.error} retry={() => void orders.refetch()} />}
        {doubt && (
          <Checkbox
            checked={sure}
            onChange={(e) => setSure(e.currentTarget.checked)}
            label={t('unid.sure', { file: row.subject?.name || t('patient.unnamed'), order: chosen.patient.name })}
          />
        )}
        {error !== null && <FaultNote error={error} />}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={close}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" loading={busy} disabled={!chosen || (doubt && !sure)}>
            {t('unid.match')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
