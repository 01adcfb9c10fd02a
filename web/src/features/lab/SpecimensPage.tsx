// 标本接收: scan, receive or reject. The scanner types the barcode and Enter; the field takes the focus back after each one.
import { Button, Modal, Radio, SegmentedControl, Textarea, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { get, post, query } from '../../api/client';
import type { SpecimenRow } from '../../api/types';
import { useWords } from '../../i18n';
import { PatientName, Tag, useServerNow } from '../../ui/bits';
import { clock, shortTime } from '../../ui/format';
import { Await, Empty, FaultNote, NoRight, useFaultText } from '../../ui/State';
import { useCan } from '../session';
import { LabTabs } from './LabTabs';

const REASONS = ['type', 'container', 'volume', 'clotted', 'haemolysed', 'label', 'leak', 'late', 'temperature'] as const;
const STATES = ['', 'collected', 'in_transit', 'received', 'rejected'] as const;

export function SpecimensPage() {
  const { t, has } = useWords();
  const can = useCan();
  const client = useQueryClient();
  const faultText = useFaultText();
  const [state, setState] = useState('');
  const [code, setCode] = useState('');
  const [log, setLog] = useState<{ at: number; code: string; ok: boolean; text: string }[]>([]);
  const [rejecting, reject] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const now = useServerNow(undefined);
  const list = useQuery({
    queryKey: ['lab', 'specimens', state],
    queryFn: () => get<{ rows: SpecimenRow[] }>(`/api/lab/specimens${query({ state })}`),
  });
  useEffect(() => field.current?.focus(), []);
  const receive = async (barcode: string) => {
    const b = barcode.trim();
    if (!b) return;
    setCode('');
    try {
      await post(`/api/lab/specimens/${encodeURIComponent(b)}/receive`);
      setLog((l) => [{ at: Date.now(), code: b, ok: true, text: t('specimen.received_ok') }, ...l].slice(0, 20));
      void client.invalidateQueries({ queryKey: ['lab'] });
    } catch (e) {
      setLog((l) => [{ at: Date.now(), code: b, ok: false, text: faultText(e) }, ...l].slice(0, 20));
    }
    field.current?.focus();
  };
  if (!can('receive_specimen', 'enter_results', 'verify')) return <NoRight />;
  return (
    <div className="page-fill">
      <div className="bar">
        <LabTabs />
        <span className="grow" />
        <SegmentedControl
          aria-label={t('col.state')}
          value={state}
          onChange={setState}
          data={STATES.map((s) => ({ value: s, label: s ? t(`specimen.state.${s}`) : t('work.all') }))}
        />
      </div>
      <form
        className="bar"
        onSubmit={(e) => {
          e.preventDefault();
          void receive(code);
        }}
      >
        <TextInput
          ref={field}
          size="md"
          w={320}
          aria-label={t('specimen.scan')}
          placeholder={t('specimen.scan')}
          value={code}
          onChange={(e) => setCode(e.currentTarget.value)}
          disabled={!can('receive_specimen')}
        />
        <Button type="submit" size="sm" disabled={!code.trim() || !can('receive_specimen')}>
          {t('specimen.receive')}
        </Button>
        <Button size="sm" variant="default" disabled={!code.trim() || !can('receive_specimen')} onClick={() => reject(code.trim())}>
          {t('specimen.reject')}
        </Button>
        <span role="status" className="cut grow">
          {log[0] && (
            <span className={log[0].ok ? 'tone-green' : 'tone-red'}>
              {clock(log[0].at)} <span className="mono">{log[0].code}</span> {log[0].text}
            </span>
          )}
        </span>
      </form>
      <div className="scroll grow" style={{ background: 'var(--yg-panel)' }}>
        <Await query={list}>
          {list.data?.rows.length === 0 ? (
            <Empty title={t('specimen.empty')} />
          ) : (
            <table className="plain">
              <thead>
                <tr>
                  <th scope="col">{t('lab.barcode')}</th>
                  <th scope="col">{t('specimen.type')}</th>
                  <th scope="col">{t('col.state')}</th>
                  <th scope="col">{t('col.patient')}</th>
                  <th scope="col">{t('col.clinic')}</th>
                  <th scope="col">{t('specimen.collected')}</th>
                  <th scope="col">{t('lab.received')}</th>
                  <th scope="col">
                    <span className="sr-only">{t('col.actions')}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {list.data?.rows.map((s) => (
                  <tr key={s.id}>
                    <td className="mono">{s.barcode}</td>
                    <td>{s.type}</td>
                    <td>
                      <Tag tone={s.state === 'rejected' ? 'red' : s.state === 'received' ? 'green' : 'blue'}>
                        {has(`specimen.state.${s.state}`) ? t(`specimen.state.${s.state}`) : s.state}
                      </Tag>{' '}
                      {s.reject_reason && (
                        <span className="dim">
                          {has(`specimen.reason.${s.reject_reason}`) ? t(`specimen.reason.${s.reject_reason}`) : s.reject_reason}
                        </span>
                      )}
                    </td>
                    <td>
                      <PatientName patient={s.patient} strong />
                    </td>
                    <td>{s.facility_name}</td>
                    <td className="nowrap">{s.collected_at ? shortTime(s.collected_at, now) : '–'}</td>
                    <td className="nowrap">{s.received_at ? shortTime(s.received_at, now) : '–'}</td>
                    <td className="num nowrap">
                      {can('receive_specimen') && ['ordered', 'collected', 'in_transit'].includes(s.state) && (
                        <>
                          <Button size="compact-xs" variant="default" onClick={() => void receive(s.barcode)}>
                            {t('specimen.receive')}
                          </Button>{' '}
                          <Button size="compact-xs" variant="subtle" onClick={() => reject(s.barcode)}>
                            {t('specimen.reject')}
                          </Button>
                        </>
                      )}
                      {can('receive_specimen') && s.state === 'received' && (
                        <Button size="compact-xs" variant="subtle" onClick={() => reject(s.barcode)}>
                          {t('specimen.reject')}
                        </Button>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Await>
      </div>
      {rejecting && (
        <RejectDialog
          barcode={rejecting}
          close={(done) => {
            reject(null);
            if (done) setCode('');
            void client.invalidateQueries({ queryKey: ['lab'] });
            field.current?.focus();
          }}
        />
      )}
    </div>
  );
}

function RejectDialog({ barcode, close }: { barcode: string; close: (done: boolean) => void }) {
  const { t } = useWords();
  const [reason, setReason] = useState('');
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  return (
    <Modal opened onClose={() => close(false)} title={t('specimen.reject_title', { code: barcode })}>
      <form
        className="col"
        style={{ gap: 10 }}
        onSubmit={(e) => {
          e.preventDefault();
          setBusy(true);
          post(`/api/lab/specimens/${encodeURIComponent(barcode)}/reject`, { reason, text: text.trim() }).then(
            () => close(true),
            (why) => {
              setError(why);
              setBusy(false);
            },
          );
        }}
      >
        <Radio.Group label={t('specimen.reason')} value={reason} onChange={setReason}>
          <div className="two-columns">
            {REASONS.map((r, i) => (
              <Radio key={r} value={r} label={t(`specimen.reason.${r}`)} data-autofocus={i === 0 || undefined} />
            ))}
          </div>
        </Radio.Group>
        <Textarea label={t('return.text')} value={text} onChange={(e) => setText(e.currentTarget.value)} autosize minRows={2} />
        <div className="dim">{t('specimen.reject_hint')}</div>
        {error !== null && <FaultNote error={error} />}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={() => close(false)}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" color="red" loading={busy} disabled={!reason}>
            {t('specimen.reject')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
