// Who else may see a study: consult grants with a reason and an end, and the read task's own.
import { Button, Modal, Select, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useWords } from '../../i18n';
import { shortTime } from '../../ui/format';
import { Await, Empty, FaultNote } from '../../ui/State';
import { act, grantsQuery, revoke } from './queries';

const DAYS = ['1', '3', '7', '30'];

export function GrantDialog({ study, now, close }: { study: string; now: number; close: () => void }) {
  const { t, pick } = useWords();
  const client = useQueryClient();
  const list = useQuery(grantsQuery(study));
  const [facility, setFacility] = useState<string | null>(null);
  const [reason, setReason] = useState('');
  const [days, setDays] = useState('7');
  const [error, setError] = useState<unknown>(null);
  const after = () => void client.invalidateQueries({ queryKey: ['imaging', 'grants', study] });
  const run = (work: Promise<unknown>) => {
    setError(null);
    work.then(() => {
      setReason('');
      after();
    }, setError);
  };
  return (
    <Modal opened onClose={close} closeButtonProps={{ 'aria-label': t('action.close') }} title={t('grant.title')} size="lg">
      <div className="col" style={{ gap: 12 }}>
        <Await query={list}>
          {list.data?.rows.length === 0 ? (
            <Empty title={t('grant.none')} />
          ) : (
            <table className="plain">
              <thead>
                <tr>
                  <th scope="col">{t('grant.facility')}</th>
                  <th scope="col">{t('grant.reason')}</th>
                  <th scope="col">{t('grant.until')}</th>
                  <th scope="col">
                    <span className="sr-only">{t('col.actions')}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {list.data?.rows.map((g) => (
                  <tr key={g.facility}>
                    <td>{g.facility_name}</td>
                    <td>{g.reason === 'read_task' ? t('grant.read_task') : g.reason}</td>
                    <td>{g.until === null ? t('grant.open') : shortTime(g.until, now)}</td>
                    <td className="num">
                      {g.reason !== 'read_task' && list.data.may_give && (
                        <Button size="compact-xs" variant="default" onClick={() => run(revoke(study, g.facility, t('grant.revoke')))}>
                          {t('grant.revoke')}
                        </Button>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          {list.data?.may_give && (
            <form
              className="col"
              style={{ gap: 10 }}
              onSubmit={(e) => {
                e.preventDefault();
                if (!facility) return;
                run(act(`/api/studies/${study}/grants`, { facility, reason: reason.trim(), until: now + Number(days) * 86_400_000 }));
              }}
            >
              <div className="two-columns">
                <Select
                  label={t('grant.facility')}
                  data={list.data.places.map((f) => ({ value: f.code, label: pick(f.name, f.name_en) }))}
                  value={facility}
                  onChange={setFacility}
                  searchable
                  required
                />
                <Select
                  label={t('grant.days')}
                  data={DAYS.map((value) => ({ value, label: t('grant.days_n', { n: value }) }))}
                  value={days}
                  onChange={(v) => setDays(v ?? '7')}
                  allowDeselect={false}
                />
              </div>
              <TextInput label={t('grant.reason')} value={reason} onChange={(e) => setReason(e.currentTarget.value)} required />
              {error !== null && <FaultNote error={error} />}
              <div className="row" style={{ justifyContent: 'flex-end' }}>
                <Button variant="default" onClick={close}>
                  {t('action.close')}
                </Button>
                <Button type="submit" disabled={!facility || !reason.trim()}>
                  {t('grant.give')}
                </Button>
              </div>
            </form>
          )}
        </Await>
      </div>
    </Modal>
  );
}
