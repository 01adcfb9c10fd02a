// The table all records of the administration share, with search, and what their pages load and edit by.
import { Button, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useDeferredValue, useState } from 'react';
import { get } from '../../api/client';
import type { FacilityRow } from '../../api/types';
import { useWords } from '../../i18n';
import { Tag } from '../../ui/bits';
import { Await, Empty } from '../../ui/State';

/** The server answers a list bare or as {rows}; both are read. */
export const rowsOf = <T,>(answer: T[] | { rows: T[] } | undefined): T[] => (Array.isArray(answer) ? answer : (answer?.rows ?? []));
export function useRows<T>(name: string, path: string) {
  const q = useQuery({ queryKey: ['admin', name], queryFn: () => get<T[] | { rows: T[] }>(path) });
  return { q, rows: rowsOf(q.data) };
}
export function useFacilityOptions() {
  const { pick } = useWords();
  const { rows } = useRows<FacilityRow>('facilities', '/api/admin/facilities');
  return {
    options: rows.map((f) => ({ value: f.code, label: `${f.code} ${pick(f.name, f.name_en)}` })),
    name: (code: string) => rows.find((f) => f.code === code)?.name ?? code,
  };
}

export interface Column<T> {
  label: string;
  cell: (row: T) => ReactNode;
}
export function Grid<T>({
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

export function useEditor<T>(name: string) {
  const client = useQueryClient();
  const [row, setRow] = useState<Partial<T> | null>(null);
  return {
    row,
    open: (r: Partial<T>) => setRow(r),
    close: () => setRow(null),
    saved: () => client.invalidateQueries({ queryKey: ['admin', name] }),
  };
}
export const OnOff = ({ on }: { on: boolean }) => {
  const { t } = useWords();
  return <Tag tone={on ? 'green' : undefined}>{t(on ? 'admin.on' : 'admin.off')}</Tag>;
};
