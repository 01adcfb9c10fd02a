// Results whose barcode the centre does not know, and messages as the wire said them: nothing is dropped, a person decides.
import { Button, Modal, Textarea, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { get, post } from '../../api/client';
import type { MessageDetail, MessageRow, UnmatchedResult } from '../../api/types';
import { useWords } from '../../i18n';
import { Tag, useServerNow } from '../../ui/bits';
import { shortTime } from '../../ui/format';
import { SplitPane } from '../../ui/SplitPane';
import { Await, Empty, FaultNote } from '../../ui/State';
import { useTell } from '../../ui/tell';
import { useCan } from '../session';
import { LabTabs } from './LabTabs';

export function UnmatchedPage() {
  const { t, pick } = useWords();
  const list = useQuery({ queryKey: ['lab', 'unmatched'], queryFn: () => get<{ rows: UnmatchedResult[] }>('/api/lab/unmatched') });
  const now = useServerNow(undefined);
  const [attaching, attach] = useState<UnmatchedResult | null>(null);
  return (
    <div className="page-fill">
      <div className="bar">
        <LabTabs />
      </div>
      <div className="scroll grow" style={{ background: 'var(--yg-panel)' }}>
        <Await query={list}>
          {list.data?.rows.length === 0 ? (
            <Empty title={t('unmatched.empty')} hint={t('unmatched.empty_hint')} />
          ) : (
            <table className="plain">
              <thead>
                <tr>
                  <th scope="col">{t('lab.received')}</th>
                  <th scope="col">{t('lab.barcode')}</th>
                  <th scope="col">{t('lab.test')}</th>
                  <th scope="col">{t('lab.value')}</th>
                  <th scope="col">{t('lab.instrument')}</th>
                  <th scope="col">{t('col.clinic')}</th>
                  <th scope="col">{t('unmatched.why')}</th>
                  <th scope="col">
                    <span className="sr-only">{t('col.actions')}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {list.data?.rows.map((r) => (
                  <tr key={r.id}>
                    <td className="nowrap">{shortTime(r.received_at, now)}</td>
                    <td className="mono">{r.barcode || '–'}</td>
                    <td>
                      {r.item_name || r.item} <span className="dim mono">{r.item}</span>
                    </td>
                    <td className="nowrap">
                      <strong>{r.value_raw}</strong> {r.unit_raw}
                    </td>
                    <td>{r.instrument}</td>
                    <td>{r.facility_name}</td>
                    <td className="tone-amber">{pick(r.reason_zh ?? r.reason, r.reason_en)}</td>
                    <td className="num">
                      <Button size="compact-xs" variant="default" onClick={() => attach(r)}>
                        {t('unmatched.attach')}
                      </Button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Await>
      </div>
      {attaching && <AttachDialog row={attaching} close={() => attach(null)} />}
    </div>
  );
}

function AttachDialog({ row, close }: { row: UnmatchedResult; close: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [barcode, setBarcode] = useState('');
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  return (
    <Modal opened onClose={close} title={t('unmatched.attach_title')}>
      <form
        className="col"
        style={{ gap: 10 }}
        onSubmit={(e) => {
          e.preventDefault();
          setBusy(true);
          post(`/api/lab/unmatched/${row.id}/attach`, { barcode: barcode.trim(), reason: reason.trim() }).then(
            () => {
              void client.invalidateQueries({ queryKey: ['lab'] });
              close();
            },
            (why) => {
              setError(why);
              setBusy(false);
            },
          );
        }}
      >
        <div className="note">
          {row.item_name || row.item} <strong>{row.value_raw}</strong> {row.unit_raw} · {row.instrument}
        </div>
        <TextInput label={t('lab.barcode')} value={barcode} onChange={(e) => setBarcode(e.currentTarget.value)} required data-autofocus />
        <Textarea label={t('lab.reason')} value={reason} onChange={(e) => setReason(e.currentTarget.value)} required autosize minRows={2} />
        {error !== null && <FaultNote error={error} />}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={close}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" loading={busy} disabled={!barcode.trim() || !reason.trim()}>
            {t('unmatched.attach')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

/** Messages that were kept and not understood, or not believed. */
const UNDONE = ['held', 'error', 'quarantined'];

function TakeAgain({ message }: { message: MessageRow }) {
  const { t } = useWords();
  const tell = useTell();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const go = async () => {
    setBusy(true);
    setError(null);
    try {
      await post(`/api/lab/messages/${message.id}/again`);
      tell(t('messages.again_done'));
      await client.invalidateQueries({ queryKey: ['lab'] });
    } catch (e) {
      setError(e);
    }
    setBusy(false);
  };
  return (
    <div className="note" data-tone="amber" style={{ marginBottom: 8 }}>
      <div className="row" style={{ justifyContent: 'space-between' }}>
        <span>
          {t(`messages.state.${message.state}`)} <span className="dim">{message.reason}</span>
        </span>
        <Button size="compact-sm" loading={busy} onClick={() => void go()}>
          {t('messages.again')}
        </Button>
      </div>
      {error !== null && <FaultNote error={error} />}
    </div>
  );
}

export function MessagesPage() {
  const { t, has } = useWords();
  const can = useCan();
  const now = useServerNow(undefined);
  const list = useQuery({ queryKey: ['lab', 'messages'], queryFn: () => get<{ rows: MessageRow[] }>('/api/lab/messages') });
  const [chosen, choose] = useState<string | null>(null);
  // The first message stays the one that is shown, whatever comes into the list above it: an act must not land on another.
  const first = list.data?.rows[0]?.id;
  useEffect(() => {
    if (chosen === null && first) choose(first);
  }, [chosen, first]);
  const id = chosen ?? first;
  const detail = useQuery({
    queryKey: ['lab', 'message', id],
    queryFn: () => get<MessageDetail>(`/api/lab/messages/${id}`),
    enabled: Boolean(id),
  });
  return (
    <div className="page-fill">
      <div className="bar">
        <LabTabs />
      </div>
      <Await query={list}>
        {list.data?.rows.length === 0 ? (
          <Empty title={t('messages.empty')} />
        ) : (
          <SplitPane
            id="messages"
            right0={560}
            left={
              <div className="scroll" style={{ background: 'var(--yg-panel)', height: '100%' }}>
                <table className="plain">
                  <thead>
                    <tr>
                      <th scope="col">{t('lab.received')}</th>
                      <th scope="col">{t('messages.type')}</th>
                      <th scope="col">{t('messages.peer')}</th>
                      <th scope="col">{t('col.state')}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {list.data?.rows.map((m) => (
                      <tr key={m.id} aria-selected={m.id === id}>
                        <td className="nowrap">
                          <button type="button" className="link tone-blue" onClick={() => choose(m.id)}>
                            {shortTime(m.received_at, now)}
                          </button>
                        </td>
                        <td className="mono">{m.message_type}</td>
                        <td>
                          {m.peer} <span className="dim">{m.facility_name}</span>
                        </td>
                        <td>
                          <Tag tone={m.reason ? 'amber' : 'green'}>
                            {has(`messages.state.${m.state}`) ? t(`messages.state.${m.state}`) : m.state}
                          </Tag>{' '}
                          <span className="dim">{m.reason}</span>
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            }
            right={
              <div className="preview" style={{ overflow: 'auto' }}>
                <Await query={detail}>
                  {detail.data && (
                    <>
                      {UNDONE.includes(detail.data.state) && can('enter_results', 'verify') && (
                        <TakeAgain key={detail.data.id} message={detail.data} />
                      )}
                      <h2>{t('messages.decoded')}</h2>
                      {detail.data.decoded.map((s, i) => (
                        <div key={`${s.segment}${i}`} className="field-line" style={{ gridTemplateColumns: '44px 1fr' }}>
                          <strong className="mono">{s.segment}</strong>
                          <span className="mono" style={{ overflowWrap: 'anywhere' }}>
                            {Array.isArray(s.fields)
                              ? s.fields.map((f) => (typeof f === 'string' ? f : JSON.stringify(f))).join(' | ')
                              : JSON.stringify(s.fields)}
                          </span>
                        </div>
                      ))}
                      <h2>{t('messages.raw')}</h2>
                      <pre className="mono" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', margin: 0 }}>
                        {detail.data.raw_text.replace(/\r/g, '\n')}
                      </pre>
                    </>
                  )}
                </Await>
              </div>
            }
          />
        )}
      </Await>
    </div>
  );
}
