// Facilities of the county and the devices and systems that may talk to the centre, with echo.
import { Button } from '@mantine/core';
import { useState } from 'react';
import { post, put } from '../../api/client';
import type { FacilityRow, PeerRow } from '../../api/types';
import { useWords } from '../../i18n';
import { dayTime } from '../../ui/format';
import { type Field, FormDialog, type Values } from './FormDialog';
import { Grid, OnOff, useEditor, useFacilityOptions, useRows } from './Grid';

const FACILITY_KINDS = ['lead', 'branch', 'clinic', 'village_point', 'external', 'third_party_lab', 'regulator'];

export function Facilities() {
  const { t, pick } = useWords();
  const { q, rows } = useRows<FacilityRow>('facilities', '/api/admin/facilities');
  const e = useEditor<FacilityRow>('facilities');
  const fields: Field[] = [
    { name: 'code', label: 'admin.code', required: true, fixed: true },
    { name: 'name', label: 'admin.name', required: true },
    { name: 'name_en', label: 'admin.name_en' },
    {
      name: 'kind',
      label: 'admin.kind',
      kind: 'select',
      required: true,
      options: FACILITY_KINDS.map((k) => ({ value: k, label: t(`facility.${k}`) })),
    },
    { name: 'grid', label: 'admin.grid' },
    { name: 'phone', label: 'admin.phone' },
    { name: 'duty_phone', label: 'admin.duty_phone' },
    { name: 'active', label: 'admin.active', kind: 'flag' },
  ];
  return (
    <>
      <Grid
        title={t('admin.facilities')}
        query={q}
        rows={rows}
        id={(r) => r.code}
        add={() => e.open({ active: true, kind: 'clinic' })}
        edit={e.open}
        columns={[
          { label: 'admin.code', cell: (r) => <span className="mono">{r.code}</span> },
          { label: 'admin.name', cell: (r) => pick(r.name, r.name_en) },
          { label: 'admin.kind', cell: (r) => t(`facility.${r.kind}`) },
          { label: 'admin.grid', cell: (r) => r.grid },
          { label: 'admin.phone', cell: (r) => r.phone },
          { label: 'admin.duty_phone', cell: (r) => r.duty_phone || <span className="tone-amber">{t('admin.no_duty_phone')}</span> },
          { label: 'admin.active', cell: (r) => <OnOff on={r.active} /> },
        ]}
      />
      {e.row && (
        <FormDialog
          title={t('admin.facilities')}
          fields={fields}
          first={e.row as Values}
          existing={Boolean(e.row.code)}
          close={e.close}
          save={async (v) => {
            await (e.row?.code ? put(`/api/admin/facilities/${encodeURIComponent(e.row.code)}`, v) : post('/api/admin/facilities', v));
            await e.saved();
          }}
        />
      )}
    </>
  );
}

export function Peers() {
  const { t } = useWords();
  const { q, rows } = useRows<PeerRow>('peers', '/api/admin/peers');
  const facilities = useFacilityOptions();
  const e = useEditor<PeerRow>('peers');
  const [echo, setEcho] = useState<Record<string, { ok: boolean; ms?: number; error?: string | null } | 'busy'>>({});
  const test = (id: string) => {
    setEcho((x) => ({ ...x, [id]: 'busy' }));
    post<{ ok: boolean; ms: number; error: string | null }>(`/api/admin/peers/${id}/echo`).then(
      (answer) => setEcho((x) => ({ ...x, [id]: answer })),
      (why: Error) => setEcho((x) => ({ ...x, [id]: { ok: false, error: why.message } })),
    );
  };
  const fields: Field[] = [
    {
      name: 'kind',
      label: 'admin.kind',
      kind: 'select',
      required: true,
      options: ['dicom', 'hl7'].map((k) => ({ value: k, label: k.toUpperCase() })),
    },
    { name: 'name', label: 'admin.name', required: true },
    { name: 'facility', label: 'admin.facility', kind: 'select', required: true, options: facilities.options },
    { name: 'addresses', label: 'admin.addresses', required: true },
    { name: 'ae_title', label: 'admin.ae_title' },
    { name: 'port', label: 'admin.port', kind: 'number' },
    { name: 'app', label: 'admin.app' },
    { name: 'app_facility', label: 'admin.app_facility' },
    { name: 'policy', label: 'admin.policy', kind: 'json' },
    { name: 'enabled', label: 'admin.enabled', kind: 'flag' },
  ];
  return (
    <>
      <Grid
        title={t('admin.peers')}
        query={q}
        rows={rows}
        id={(r) => r.id}
        add={() => e.open({ kind: 'dicom', enabled: true, policy: {} })}
        edit={e.open}
        extra={(r) => {
          const state = echo[r.id];
          return (
            <>
              {state && state !== 'busy' && (
                <span className={state.ok ? 'tone-green' : 'tone-red'}>
                  {state.ok ? t('admin.echo_ok', { ms: state.ms ?? 0 }) : t('admin.echo_bad', { why: state.error ?? '' })}{' '}
                </span>
              )}
              {r.kind === 'dicom' && r.port !== null && (
                <Button size="compact-xs" variant="default" loading={state === 'busy'} onClick={() => test(r.id)}>
                  {t('admin.echo')}
                </Button>
              )}
            </>
          );
        }}
        columns={[
          { label: 'admin.kind', cell: (r) => r.kind.toUpperCase() },
          { label: 'admin.name', cell: (r) => r.name },
          { label: 'admin.facility', cell: (r) => facilities.name(r.facility) },
          {
            label: 'admin.ae_title',
            cell: (r) => (
              <span className="mono">{r.kind === 'dicom' ? r.ae_title : [r.app, r.app_facility].filter(Boolean).join(' @ ')}</span>
            ),
          },
          {
            label: 'admin.addresses',
            cell: (r) => (
              <span className="mono">
                {r.addresses}
                {r.port ? `:${r.port}` : ''}
              </span>
            ),
          },
          {
            label: 'admin.last_seen',
            cell: (r) => (
              <>
                {r.last_seen_at ? dayTime(r.last_seen_at) : <span className="dim">{t('admin.never')}</span>}
                {r.clock && (
                  <div className="tone-red">
                    {t(r.clock.ahead_ms > 0 ? 'admin.clock_ahead' : 'admin.clock_behind', {
                      n: Math.round(Math.abs(r.clock.ahead_ms) / 60_000),
                    })}{' '}
                    <span className="dim">{dayTime(r.clock.seen_at)}</span>
                  </div>
                )}
              </>
            ),
          },
          { label: 'admin.enabled', cell: (r) => <OnOff on={r.enabled} /> },
        ]}
      />
      {e.row && (
        <FormDialog
          title={t('admin.peers')}
          fields={fields}
          first={e.row as Values}
          existing={Boolean(e.row.id)}
          close={e.close}
          save={async (v) => {
            await (e.row?.id ? put(`/api/admin/peers/${e.row.id}`, v) : post('/api/admin/peers', v));
            await e.saved();
          }}
        />
      )}
    </>
  );
}
