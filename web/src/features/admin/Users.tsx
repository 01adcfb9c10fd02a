// Accounts, their roles, and new passwords.
import { Button } from '@mantine/core';
import { useState } from 'react';
import { post, put } from '../../api/client';
import type { UserRow } from '../../api/types';
import { useWords } from '../../i18n';
import { type Field, FormDialog, type Values } from './FormDialog';
import { Grid, OnOff, useEditor, useFacilityOptions, useRows } from './Grid';

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

export function Users() {
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
