// 管理: facilities, peers with echo, users and roles, destinations, deliveries, background jobs, audit search. No clinical content.
import { Button, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { type ReactNode, useDeferredValue, useState } from 'react';
import { get, post, put, query } from '../../api/client';
import type { AuditRow, DeliveryRow, DestinationRow, FacilityRow, JobRow, PeerRow, UserRow } from '../../api/types';
import { useWords } from '../../i18n';
import { Tag } from '../../ui/bits';
import { clock, dayTime } from '../../ui/format';
import { Await, Empty, FaultNote, NoRight } from '../../ui/State';
import { useCan } from '../session';
import { type Field, FormDialog, type Values } from './FormDialog';

const TABS = ['facilities', 'peers', 'users', 'destinations', 'deliveries', 'jobs', 'audit'] as const;
const ROLES = [
  'clinic_doctor',
  'clinic_technician',
  'registrar',
  'writer',
  'auditor',
  'lead',
  'lab_technician',
  'lab_verifier',
  'qc_officer',
  'finance',
  'supervisor',
  'it_admin',
  'external_reader',
];
const FACILITY_KINDS = ['lead', 'branch', 'clinic', 'village_point', 'external', 'third_party_lab', 'regulator'];

export function AdminPage() {
  const { t } = useWords();
  const can = useCan();
  const { tab } = useParams({ strict: false }) as { tab: string };
  if (!can('administer')) return <NoRight />;
  const page: Record<string, ReactNode> = {
    facilities: <Facilities />,
    peers: <Peers />,
    users: <Users />,
    destinations: <Destinations />,
    deliveries: <Deliveries />,
    jobs: <Jobs />,
    audit: <Audit />,
  };
  return (
    <div className="page-fill">
      <nav className="bar" style={{ gap: 2 }} aria-label={t('nav.admin')}>
        {TABS.map((x) => (
          <Link key={x} to="/admin/$tab" params={{ tab: x }} className="nav-link">
            {t(`admin.${x}`)}
          </Link>
        ))}
      </nav>
      <div className="page-fill grow">{page[tab] ?? <Empty title={t('page.not_found')} />}</div>
    </div>
  );
}

/** The server answers a list bare or as {rows}; both are read. */
const rowsOf = <T,>(answer: T[] | { rows: T[] } | undefined): T[] => (Array.isArray(answer) ? answer : (answer?.rows ?? []));
function useRows<T>(name: string, path: string) {
  const q = useQuery({ queryKey: ['admin', name], queryFn: () => get<T[] | { rows: T[] }>(path) });
  return { q, rows: rowsOf(q.data) };
}
function useFacilityOptions() {
  const { pick } = useWords();
  const { rows } = useRows<FacilityRow>('facilities', '/api/admin/facilities');
  return {
    options: rows.map((f) => ({ value: f.code, label: `${f.code} ${pick(f.name, f.name_en)}` })),
    name: (code: string) => rows.find((f) => f.code === code)?.name ?? code,
  };
}

interface Column<T> {
  label: string;
  cell: (row: T) => ReactNode;
}
function Grid<T>({
  query: q,
  rows,
  columns,
  id,
  add,
  edit,
  extra,
  title,
  empty,
}: {
  query: ReturnType<typeof useQuery>;
  rows: T[];
  columns: Column<T>[];
  id: (row: T) => string;
  add?: () => void;
  edit?: (row: T) => void;
  extra?: (row: T) => ReactNode;
  title: string;
  empty?: string;
}) {
  const { t } = useWords();
  const [find, setFind] = useState('');
  const wanted = useDeferredValue(find.trim().toLowerCase());
  const shown = wanted ? rows.filter((r) => JSON.stringify(r).toLowerCase().includes(wanted)) : rows;
  return (
    <>
      <div className="bar">
        <h1 style={{ fontSize: 15 }}>{title}</h1>
        <TextInput
          aria-label={t('action.search')}
          placeholder={t('action.search')}
          value={find}
          onChange={(e) => setFind(e.currentTarget.value)}
          w={220}
        />
        <span className="dim">{q.data ? shown.length : ''}</span>
        <span className="grow" />
        {add && <Button onClick={add}>{t('action.add')}</Button>}
      </div>
      <div className="scroll grow" style={{ background: 'var(--yg-panel)' }}>
        <Await query={q}>
          {shown.length === 0 ? (
            <Empty title={empty ?? t('admin.empty')} />
          ) : (
            <table className="plain">
              <thead>
                <tr>
                  {columns.map((c) => (
                    <th key={c.label} scope="col">
                      {t(c.label)}
                    </th>
                  ))}
                  {(edit || extra) && (
                    <th scope="col">
                      <span className="sr-only">{t('col.actions')}</span>
                    </th>
                  )}
                </tr>
              </thead>
              <tbody>
                {shown.map((r) => (
                  <tr key={id(r)}>
                    {columns.map((c) => (
                      <td key={c.label}>{c.cell(r)}</td>
                    ))}
                    {(edit || extra) && (
                      <td className="num nowrap">
                        {extra?.(r)}{' '}
                        {edit && (
                          <Button size="compact-xs" variant="default" onClick={() => edit(r)}>
                            {t('action.edit')}
                          </Button>
                        )}
                      </td>
                    )}
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Await>
      </div>
    </>
  );
}

function useEditor<T>(name: string) {
  const client = useQueryClient();
  const [row, setRow] = useState<Partial<T> | null>(null);
  return {
    row,
    open: (r: Partial<T>) => setRow(r),
    close: () => setRow(null),
    saved: () => client.invalidateQueries({ queryKey: ['admin', name] }),
  };
}
const OnOff = ({ on }: { on: boolean }) => {
  const { t } = useWords();
  return <Tag tone={on ? 'green' : undefined}>{t(on ? 'admin.on' : 'admin.off')}</Tag>;
};

function Facilities() {
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

function Peers() {
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
            cell: (r) => (r.last_seen_at ? dayTime(r.last_seen_at) : <span className="dim">{t('admin.never')}</span>),
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

function Users() {
  const { t, pick } = useWords();
  const { q, rows } = useRows<UserRow>('users', '/api/admin/users');
  const facilities = useFacilityOptions();
  const e = useEditor<UserRow>('users');
  const [password, setPassword] = useState<UserRow | null>(null);
  const existing = Boolean(e.row?.id);
  const fields: Field[] = [
    { name: 'login', label: 'login.name', required: true, fixed: true },
    ...(existing ? [] : [{ name: 'password', label: 'login.password', kind: 'password', required: true } as Field]),
    { name: 'name', label: 'admin.name', required: true },
    { name: 'name_en', label: 'admin.name_en' },
    { name: 'facility', label: 'admin.facility', kind: 'select', required: true, options: facilities.options },
    { name: 'role_names', label: 'admin.roles', kind: 'multi', options: ROLES.map((r) => ({ value: r, label: t(`role.${r}`) })) },
    { name: 'active', label: 'admin.active', kind: 'flag' },
  ];
  return (
    <>
      <Grid
        title={t('admin.users')}
        query={q}
        rows={rows}
        id={(r) => r.id}
        add={() => e.open({ active: true, roles: [] })}
        edit={e.open}
        extra={(r) => (
          <Button size="compact-xs" variant="subtle" onClick={() => setPassword(r)}>
            {t('admin.set_password')}
          </Button>
        )}
        columns={[
          { label: 'login.name', cell: (r) => <span className="mono">{r.login}</span> },
          { label: 'admin.name', cell: (r) => pick(r.name, r.name_en) },
          { label: 'admin.facility', cell: (r) => facilities.name(r.facility) },
          { label: 'admin.roles', cell: (r) => r.roles.map((x) => t(`role.${x.role}`)).join(' · ') },
          { label: 'admin.active', cell: (r) => <OnOff on={r.active} /> },
        ]}
      />
      {e.row && (
        <FormDialog
          title={t('admin.users')}
          fields={fields}
          first={{ ...e.row, role_names: (e.row.roles ?? []).map((r) => r.role) } as Values}
          existing={existing}
          close={e.close}
          save={async (v) => {
            const { role_names, ...rest } = v;
            const before = e.row?.roles ?? [];
            const roles = (role_names as string[]).map(
              (role) => before.find((r) => r.role === role) ?? { role, facility: v.facility, pipelines: '*' },
            );
            await (e.row?.id ? put(`/api/admin/users/${e.row.id}`, { ...rest, roles }) : post('/api/admin/users', { ...rest, roles }));
            await e.saved();
          }}
        />
      )}
      {password && (
        <FormDialog
          title={`${t('admin.set_password')}: ${password.login}`}
          fields={[{ name: 'password', label: 'login.password', kind: 'password', required: true }]}
          first={{}}
          existing
          close={() => setPassword(null)}
          save={(v) => post(`/api/admin/users/${password.id}/password`, v)}
        />
      )}
    </>
  );
}

function Destinations() {
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
      options: ['web', 'fhir', 'hl7'].map((k) => ({ value: k, label: k.toUpperCase() })),
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

function Deliveries() {
  const { t, has } = useWords();
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
          r.id && ['retry', 'dead', 'pending'].includes(r.state) ? (
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
            cell: (r) => (
              <Tag tone={r.state === 'dead' ? 'red' : r.state === 'retry' ? 'orange' : 'green'}>
                {has(`delivery.state.${r.state}`) ? t(`delivery.state.${r.state}`) : r.state}
              </Tag>
            ),
          },
          { label: 'admin.attempts', cell: (r) => r.attempts },
          { label: 'delivery.step.sent', cell: (r) => (r.sent_at ? dayTime(r.sent_at) : '–') },
          { label: 'delivery.step.acked', cell: (r) => (r.acked_at ? dayTime(r.acked_at) : '–') },
          { label: 'admin.error', cell: (r) => <span className="tone-orange">{r.error}</span> },
        ]}
      />
    </>
  );
}

function Jobs() {
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

function Audit() {
  const { t, has } = useWords();
  const [q, setQ] = useState('');
  const [object, setObject] = useState('');
  const slow = useDeferredValue(`${q.trim()}\n${object.trim()}`);
  const [cursor, setCursor] = useState<string[]>([]);
  const at = cursor[cursor.length - 1];
  const list = useQuery({
    queryKey: ['admin', 'audit', slow, at],
    queryFn: () => {
      const [text, obj] = slow.split('\n');
      return get<{ rows: AuditRow[]; next_cursor: string | null }>(`/api/admin/audit${query({ q: text, object: obj, cursor: at })}`);
    },
  });
  const from = (change: (v: string) => void) => (e: React.ChangeEvent<HTMLInputElement>) => {
    change(e.currentTarget.value);
    setCursor([]);
  };
  return (
    <>
      <div className="bar">
        <h1 style={{ fontSize: 15 }}>{t('admin.audit')}</h1>
        <TextInput aria-label={t('admin.audit_find')} placeholder={t('admin.audit_find')} value={q} onChange={from(setQ)} w={240} />
        <TextInput
          aria-label={t('admin.audit_object')}
          placeholder={t('admin.audit_object')}
          value={object}
          onChange={from(setObject)}
          w={300}
        />
        <span className="grow" />
        <Button variant="default" disabled={!cursor.length} onClick={() => setCursor(cursor.slice(0, -1))}>
          {t('admin.newer')}
        </Button>
        <Button
          variant="default"
          disabled={!list.data?.next_cursor}
          onClick={() => list.data?.next_cursor && setCursor([...cursor, list.data.next_cursor])}
        >
          {t('admin.older')}
        </Button>
      </div>
      <div className="scroll grow" style={{ background: 'var(--yg-panel)' }}>
        <Await query={list}>
          {list.data?.rows.length === 0 ? (
            <Empty title={t('admin.empty')} />
          ) : (
            <table className="plain">
              <thead>
                <tr>
                  <th scope="col" className="num">
                    {t('admin.seq')}
                  </th>
                  <th scope="col">{t('admin.at')}</th>
                  <th scope="col">{t('admin.who')}</th>
                  <th scope="col">{t('admin.facility')}</th>
                  <th scope="col">{t('admin.action')}</th>
                  <th scope="col">{t('admin.object')}</th>
                  <th scope="col">{t('admin.detail')}</th>
                </tr>
              </thead>
              <tbody>
                {list.data?.rows.map((r) => (
                  <tr key={r.seq}>
                    <td className="num mono">{r.seq}</td>
                    <td className="nowrap">
                      {dayTime(r.at).slice(0, 10)} {clock(r.at)}
                    </td>
                    <td className="nowrap">
                      {r.who === 'system' ? '' : r.who_name || r.who}{' '}
                      <span className="dim">{has(`role.${r.role}`) ? t(`role.${r.role}`) : r.role}</span>
                    </td>
                    <td>{r.facility}</td>
                    <td className="mono">{r.action}</td>
                    <td className="mono nowrap">
                      <button type="button" className="link" onClick={() => setObject(r.object_id)}>
                        {r.object_kind} {r.object_id.slice(0, 12)}
                      </button>
                    </td>
                    <td className="mono dim" style={{ overflowWrap: 'anywhere', fontSize: 12 }}>
                      {typeof r.detail === 'string' ? r.detail : JSON.stringify(r.detail)}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Await>
      </div>
    </>
  );
}
