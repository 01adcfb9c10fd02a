// Withdrawn, and the clinic does not know for certain: no doctor has acknowledged, or nobody was telephoned. Late ones say so.
import { Button, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client';
import type { UntoldWithdrawal } from '../../api/types';
import { useWords } from '../../i18n';
import { PatientName, Tag, useSpan } from '../../ui/bits';
import { shortTime } from '../../ui/format';
import { Ask } from './dialogs';

export function Untold({ rows, now, open }: { rows: UntoldWithdrawal[]; now: number; open: (report: string) => void }) {
  const { t } = useWords();
  const span = useSpan();
  const [calling, call] = useState<UntoldWithdrawal | null>(null);
  return (
    <section aria-labelledby="untold">
      <h2 id="untold" style={{ padding: '10px 12px 4px', fontSize: 14 }}>
        {t('withdraw.untold')}
      </h2>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{t('withdraw.withdrawn_at')}</th>
            <th scope="col">{t('col.patient')}</th>
            <th scope="col">{t('col.title')}</th>
            <th scope="col">{t('col.clinic')}</th>
            <th scope="col">{t('withdraw.acknowledged')}</th>
            <th scope="col">{t('withdraw.told')}</th>
            <th scope="col">
              <span className="sr-only">{t('col.actions')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((r) => (
            <tr key={r.report} onDoubleClick={() => open(r.report)}>
              <td className="nowrap">{shortTime(r.withdrawn_at, now)}</td>
              <td>
                <PatientName patient={r.patient} strong /> <span className="mono dim">{r.patient.local_id}</span>
              </td>
              <td>
                <span className="dim">{t(`pipeline.${r.pipeline}`)}</span> {r.title}
              </td>
              <td className="nowrap">
                {r.facility_name} <span className="mono">{r.phone}</span>
              </td>
              <td className="nowrap">
                {r.acknowledged_at ? (
                  shortTime(r.acknowledged_at, now)
                ) : (
                  <Tag tone={r.due_at < now ? 'red' : 'amber'}>
                    {t(r.due_at < now ? 'withdraw.late' : 'withdraw.not_yet', { span: span(now - r.withdrawn_at) })}
                  </Tag>
                )}
              </td>
              <td className="nowrap">
                {r.told_at ? (
                  `${shortTime(r.told_at, now)} ${r.told_to}`
                ) : (
                  <Button size="compact-xs" onClick={() => call(r)}>
                    {t('withdraw.call')}
                  </Button>
                )}
              </td>
              <td className="num">
                <Button size="compact-xs" variant="default" onClick={() => open(r.report)}>
                  {t('action.open')}
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {calling && <CallDialog row={calling} close={() => call(null)} />}
    </section>
  );
}

function CallDialog({ row, close }: { row: UntoldWithdrawal; close: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [to, setTo] = useState('');
  const send = () =>
    post(`/api/reports/${row.report}/withdraw/told`, { to: to.trim() }).then(() => client.invalidateQueries({ queryKey: ['withdrawals'] }));
  return (
    <Ask
      title={t('withdraw.call_title', { facility: row.facility_name, phone: row.phone })}
      word={t('withdraw.call')}
      ready={!!to.trim()}
      go={send}
      done={close}
      close={close}
    >
      <div>{t('withdraw.call_text', { name: row.patient.name, title: row.title, reason: row.reason })}</div>
      <TextInput label={t('withdraw.told_to')} value={to} onChange={(e) => setTo(e.currentTarget.value)} required data-autofocus />
    </Ask>
  );
}
