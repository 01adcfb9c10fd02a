// Search in the hash-chained log: who did what to which object.
import { Button, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';
import { get, query } from '../../api/client';
import type { AuditRow } from '../../api/types';
import { useWords } from '../../i18n';
import { clock, dayTime } from '../../ui/format';
import { Await, Empty } from '../../ui/State';

export function Audit() {
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
