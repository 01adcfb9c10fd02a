// 登记与申请: one form for the three pipelines. What the server refuses is shown beside the form; what it gives back (number, barcodes) is
// shown large, ready to be written on the tube or scanned at the device.
import './clinic.css';
import { Button, Checkbox, MultiSelect, Radio, SegmentedControl, Select, Textarea, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { get, post, query } from '../../api/client';
import type { CatalogItem, NewOrder, Pipeline, PlacedOrder, Priority } from '../../api/types';
import { useWords } from '../../i18n';
import { useKeys } from '../../keys';
import { Keys } from '../../ui/bits';
import { FaultNote, NoRight } from '../../ui/State';
import { useCan, useSession } from '../session';
import { ClinicTabs } from './ClinicTabs';

const BLANK = { local_id: '', name: '', sex: '', birth_date: '', national_id: '', phone: '' };

/** A Chinese identity number says birth date and sex; typing it once is enough. */
export function fromNationalId(id: string): { birth_date: string; sex: string } | null {
  const m = /^\d{6}(\d{8})\d{2}(\d)[\dXx]$/.exec(id);
  return m ? { birth_date: m[1] ?? '', sex: Number(m[2]) % 2 === 1 ? 'M' : 'F' } : null;
}

export function OrderPage() {
  const { t, pick } = useWords();
  const can = useCan();
  const session = useSession();
  const client = useQueryClient();
  const [patient, setPatient] = useState(BLANK);
  const [pipeline, setPipeline] = useState<Pipeline>('imaging');
  const [items, setItems] = useState<string[]>([]);
  const [priority, setPriority] = useState<Priority>('routine');
  const [history, setHistory] = useState('');
  const [flags, setFlags] = useState<string[]>([]);
  const [orderer, setOrderer] = useState(session.account.name);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [placed, setPlaced] = useState<{ order: PlacedOrder; name: string } | null>(null);
  const first = useRef<HTMLInputElement>(null);
  const catalogue = useQuery({
    queryKey: ['catalogue', pipeline],
    queryFn: () => get<CatalogItem[]>(`/api/catalogue${query({ pipeline })}`),
    staleTime: 600_000,
  });
  const set = (part: Partial<typeof BLANK>) => setPatient({ ...patient, ...part });
  const ready =
    patient.local_id.trim() !== '' &&
    patient.name.trim() !== '' &&
    patient.sex !== '' &&
    /^\d{8}$/.test(patient.birth_date) &&
    items.length > 0;
  const go = async () => {
    if (!ready || busy) return;
    setBusy(true);
    setError(null);
    const order: NewOrder = {
      patient: {
        ...patient,
        local_id: patient.local_id.trim(),
        name: patient.name.trim(),
        national_id: patient.national_id || undefined,
        phone: patient.phone || undefined,
      },
      pipeline,
      items,
      priority,
      history: history.trim(),
      orderer: orderer.trim() || undefined,
      flags,
    };
    try {
      const answer = await post<PlacedOrder>('/api/orders', order);
      setPlaced({ order: answer, name: order.patient.name });
      setPatient(BLANK);
      setItems([]);
      setHistory('');
      setFlags([]);
      setPriority('routine');
      void client.invalidateQueries({ queryKey: ['clinic'] });
      first.current?.focus();
    } catch (e) {
      setError(e);
    }
    setBusy(false);
  };
  useKeys('order', [{ id: 'order.place', keys: 'ctrl+enter', inText: true, run: () => void go() }]);
  if (!can('order')) return <NoRight />;
  return (
    <div className="page-fill">
      <div className="bar">
        <ClinicTabs />
      </div>
      <div className="page">
        <h1 className="sr-only">{t('clinic.order')}</h1>
        <form
          className="order-form"
          onSubmit={(e) => {
            e.preventDefault();
            void go();
          }}
        >
          <section className="panel panel-pad col" style={{ gap: 10 }}>
            <h2>{t('order.patient')}</h2>
            <div className="two-columns">
              <TextInput
                ref={first}
                label={t('patient.id')}
                value={patient.local_id}
                onChange={(e) => set({ local_id: e.currentTarget.value })}
                required
                autoFocus
              />
              <TextInput label={t('order.name')} value={patient.name} onChange={(e) => set({ name: e.currentTarget.value })} required />
              <TextInput
                label={t('order.national_id')}
                value={patient.national_id}
                onChange={(e) => {
                  const national_id = e.currentTarget.value.trim();
                  set({ national_id, ...(fromNationalId(national_id) ?? {}) });
                }}
              />
              <TextInput label={t('order.phone')} value={patient.phone} onChange={(e) => set({ phone: e.currentTarget.value.trim() })} />
              <TextInput
                label={t('order.birth')}
                placeholder="19580312"
                value={patient.birth_date}
                onChange={(e) => set({ birth_date: e.currentTarget.value.replace(/\D/g, '').slice(0, 8) })}
                error={patient.birth_date !== '' && !/^\d{8}$/.test(patient.birth_date) ? t('order.birth_bad') : undefined}
                required
              />
              <Radio.Group label={t('order.sex')} value={patient.sex} onChange={(v) => set({ sex: v })} required>
                <div className="row" style={{ marginTop: 6, gap: 16 }}>
                  <Radio value="M" label={t('sex.M')} />
                  <Radio value="F" label={t('sex.F')} />
                  <Radio value="O" label={t('sex.O')} />
                </div>
              </Radio.Group>
            </div>
          </section>
          <section className="panel panel-pad col" style={{ gap: 10 }}>
            <h2>{t('order.request')}</h2>
            <SegmentedControl
              aria-label={t('work.pipeline')}
              value={pipeline}
              onChange={(v) => {
                setPipeline(v as Pipeline);
                setItems([]);
              }}
              data={(['imaging', 'ecg', 'lab'] as const).map((p) => ({ value: p, label: t(`pipeline.${p}`) }))}
            />
            <MultiSelect
              label={t('order.items')}
              data={(catalogue.data ?? []).map((c) => ({
                value: c.code,
                label: `${pick(c.name, c.name_en)}${c.panel_items?.length ? ` (${c.panel_items.length})` : ''}`,
              }))}
              value={items}
              onChange={setItems}
              searchable
              required
              nothingFoundMessage={t('order.no_items')}
            />
            {catalogue.isError && <FaultNote error={catalogue.error} retry={() => void catalogue.refetch()} />}
            <div className="two-columns">
              <Select
                label={t('col.class')}
                value={priority}
                onChange={(v) => setPriority((v ?? 'routine') as Priority)}
                allowDeselect={false}
                data={(['routine', 'urgent', 'emergency', 'stat'] as const).map((p) => ({ value: p, label: t(`priority.${p}`) }))}
              />
              <TextInput label={t('order.orderer')} value={orderer} onChange={(e) => setOrderer(e.currentTarget.value)} />
            </div>
            <Textarea
              label={t('order.history')}
              description={t('order.history_hint')}
              value={history}
              onChange={(e) => setHistory(e.currentTarget.value)}
              autosize
              minRows={3}
            />
            <Checkbox.Group label={t('order.flags')} value={flags} onChange={setFlags}>
              <div className="row wrap" style={{ marginTop: 4, gap: 16 }}>
                {['family_doctor', 'screening', 'preop', 'forensic'].map((f) => (
                  <Checkbox key={f} value={f} label={t(`flag.${f}`)} />
                ))}
              </div>
            </Checkbox.Group>
            {error !== null && <FaultNote error={error} />}
            <div className="row" style={{ justifyContent: 'flex-end' }}>
              <Button type="submit" size="sm" loading={busy} disabled={!ready}>
                {t('order.place')}
                <Keys keys="ctrl+enter" />
              </Button>
            </div>
          </section>
          {placed && (
            <section className="panel panel-pad order-placed" role="status">
              <h2 className="tone-green">{t('order.placed', { name: placed.name })}</h2>
              <div className="field-line">
                <span>{t('order.no')}</span>
                <strong className="mono" style={{ fontSize: 18 }}>
                  {placed.order.filler_no || placed.order.placer_no}
                </strong>
              </div>
              {placed.order.specimens.map((s) => (
                <div key={s.barcode} className="field-line">
                  <span>{s.type}</span>
                  <strong className="mono" style={{ fontSize: 18 }}>
                    {s.barcode}
                  </strong>
                </div>
              ))}
            </section>
          )}
        </form>
      </div>
    </div>
  );
}
