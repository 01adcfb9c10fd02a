// Where reports go: destinations, the ledger of deliveries, background jobs.
import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post, put } from '../../api/client';
import type { DeliveryRow, DestinationRow, JobRow } from '../../api/types';
import { useWords } from '../../i18n';
import { dayTime } from '../../ui/format';
import { FaultNote } from '../../ui/State';
import { DeliveryState, GivenUp } from '../outbox/Delivery';
import { canResend } from '../outbox/model';
import { type Field, FormDialog, type Values } from './FormDialog';
import { Grid, OnOff, useEditor, useFacilityOptions, useRows } from './Grid';

export function Destinations() {
  const { t } = useWords();
  const { q, rows } = useRows<DestinationRow>('destinations', '/api/admin/destinations');
  const facilities = useFacilityOptions();
  const e = useEditor<DestinationRow>('destinations');
  const fields: Field[] = [
    { name: 'name', label: 'admin.name', required: true },
    {
      name: 'kind',
      label: 'admin.kind',
      kind: 'select',
      required: true,
      options: ['web', 'fhir', 'hl7', 'dicom'].map((k) => ({ value: k, label: k.toUpperCase() })),
    },
    { name: 'facility', label: 'admin.facility', kind: 'select', required: true, options: facilities.options },
    { name: 'address', label: 'admin.address' },
    { name: 'settings', label: 'admin.settings', kind: 'json' },
    { name: 'enabled', label: 'admin.enabled', kind: 'flag' },
  ];
  return (
    <>
      <Grid
        title={t('admin.destinations')}
        query={q}
        rows={rows}
        id={(r) => r.id}
        add={() => e.open({ kind: 'hl7', enabled: true, settings: {} })}
        edit={e.open}
        columns={[
          { label: 'admin.name', cell: (r) => r.name },
          { label: 'admin.kind', cell: (r) => r.kind.toUpperCase() },
          { label: 'admin.facility', cell: (r) => facilities.name(r.facility) },
          { label: 'admin.address', cell: (r) => <span className="mono">{r.address}</span> },
          {
            label: 'admin.queue',
            cell: (r) => (
              <span>
                {r.queue?.pending ?? 0} / <span className={r.queue?.retry ? 'tone-orange' : ''}>{r.queue?.retry ?? 0}</span> /{' '}
                <span className={r.queue?.dead ? 'tone-red' : ''}>{r.queue?.dead ?? 0}</span>
              </span>
            ),
          },
          { label: 'admin.oldest', cell: (r) => (r.queue?.oldest_at ? dayTime(r.queue.oldest_at) : '–') },
          { label: 'admin.enabled', cell: (r) => <OnOff on={r.enabled} /> },
        ]}
      />
      {e.row && (
        <FormDialog
          title={t('admin.destinations')}
          fields={fields}
          first={e.row as Values}
          existing={Boolean(e.row.id)}
          close={e.close}
          save={async (v) => {
            await (e.row?.id ? put(`/api/admin/destinations/${e.row.id}`, v) : post('/api/admin/destinations', v));
            await e.saved();
          }}
        />
      )}
    </>
  );
}

export function Deliveries() {
  const { t } = useWords();
  const client = useQueryClient();
  const { q, rows } = useRows<DeliveryRow>('deliveries', '/api/admin/deliveries');
  const [error, setError] = useState<unknown>(null);
  return (
    <>
      {error !== null && <FaultNote error={error} />}
      <Grid
        title={t('admin.deliveries')}
        query={q}
        rows={rows}
        id={(r) => r.id ?? `${r.destination}${r.report}${r.n}`}
        extra={(r) =>
          r.id && canResend(r.state) ? (
            <Button
              size="compact-xs"
              variant="default"
              onClick={() =>
                post(`/api/admin/deliveries/${r.id}/resend`).then(
                  () => client.invalidateQueries({ queryKey: ['admin', 'deliveries'] }),
                  setError,
                )
              }
            >
              {t('admin.resend')}
            </Button>
          ) : null
        }
        columns={[
          { label: 'admin.destinations', cell: (r) => r.name || r.destination },
          { label: 'admin.kind', cell: (r) => r.kind?.toUpperCase() },
          { label: 'inbox.version', cell: (r) => `v${r.n}` },
          {
            label: 'col.state',
            cell: (r) => <DeliveryState state={r.state} />,
          },
          { label: 'admin.attempts', cell: (r) => r.attempts },
          { label: 'delivery.step.sent', cell: (r) => (r.sent_at ? dayTime(r.sent_at) : '–') },
          { label: 'delivery.step.acked', cell: (r) => (r.acked_at ? dayTime(r.acked_at) : '–') },
          {
            label: 'admin.error',
            cell: (r) => (
              <>
                {r.state === 'stopped' && <GivenUp id={r.id} to={r.name || r.destination} />}
                <span className="tone-orange">{r.error}</span>
              </>
            ),
          },
        ]}
      />
    </>
  );
}

export function Jobs() {
  const { t } = useWords();
  const { q, rows } = useRows<JobRow>('jobs', '/api/admin/jobs');
  return (
    <Grid
      title={t('admin.jobs')}
      query={q}
      rows={rows}
      id={(r) => r.id}
      columns={[
        { label: 'admin.kind', cell: (r) => <span className="mono">{r.kind}</span> },
        { label: 'admin.key', cell: (r) => <span className="mono">{r.key}</span> },
        { label: 'col.state', cell: (r) => r.state },
        { label: 'admin.run_at', cell: (r) => (r.run_at ? dayTime(r.run_at) : '–') },
        { label: 'admin.attempts', cell: (r) => r.attempts },
        { label: 'admin.error', cell: (r) => <span className="tone-orange">{r.error}</span> },
      ]}
    />
  );
}
