// 心电上传: a file of any cart dropped or chosen, on an order or without one, and the verdict within a second.
import './upload.css';
import { Button, Checkbox, Select } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useCallback, useEffect, useRef, useState } from 'react';
import { Fault, get, query } from '../../../api/client';
import type { OrderRow } from '../../../api/types';
import { useWords } from '../../../i18n';
import { useKeys } from '../../../keys';
import { Keys } from '../../../ui/bits';
import { FaultNote, NoRight } from '../../../ui/State';
import { useCan } from '../../session';
import { useFileDrop } from './drop';
import { EcgTabs } from './EcgTabs';
import { faceOf, MOST_BYTES, type Shot, send, takeOver, tooMany, type Wish } from './upload';
import { VerdictCard } from './VerdictCard';

/** A clinic's open orders fit in a few pages. */
const MOST_PAGES = 10;

export const ecgOrders = {
  queryKey: ['clinic', 'orders', 'ecg'] as const,
  queryFn: async () => {
    const rows: OrderRow[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const part: { rows: OrderRow[]; next_cursor?: string | null } = await get(`/api/orders${query({ state: 'open', cursor })}`);
      rows.push(...part.rows);
      cursor = part.next_cursor ?? null;
      if (!cursor) break;
    }
    return rows.filter((o) => o.pipeline === 'ecg');
  },
};

export function UploadPage() {
  const { t } = useWords();
  const can = useCan();
  const client = useQueryClient();
  const asked = useSearch({ strict: false }) as { order?: string };
  const orders = useQuery(ecgOrders);
  const [order, setOrder] = useState<string | null>(asked.order ?? null);
  const [pain, setPain] = useState(false);
  const [redoOf, setRedoOf] = useState<Shot | null>(null);
  const [refused, refuse] = useState(false);
  const [shots, setShots] = useState<readonly Shot[]>([]);
  const picker = useRef<HTMLInputElement>(null);
  const count = useRef(0);
  const files = useRef(new Map<number, File>());

  const one = useCallback(
    async (file: File, wish: Wish) => {
      count.current += 1;
      const n = count.current;
      files.current.set(n, file);
      const at = performance.now();
      setShots((all) => [
        { n, name: file.name, size: file.size, wish, at: Date.now(), ms: null, answer: null, error: null, kept: false },
        ...all,
      ]);
      const put = (part: Partial<Shot>) => setShots((all) => all.map((s) => (s.n === n ? { ...s, ...part } : s)));
      try {
        if (file.size > MOST_BYTES) throw new Fault({ status: 413, code: 'too_large' });
        const answer = await send(file, wish, (soFar) => put({ answer: soFar }));
        put({ answer, ms: performance.now() - at });
        files.current.delete(n);
        void client.invalidateQueries({ queryKey: ['clinic'] });
      } catch (error) {
        put({ error, ms: performance.now() - at });
      }
    },
    [client],
  );
  const take = useCallback(
    async (list: readonly File[]) => {
      if (list.length === 0) return;
      const wish = { order, chestPain: pain, redoOf: redoOf?.answer?.record ?? null };
      refuse(tooMany(list.length, wish));
      if (tooMany(list.length, wish)) return;
      // What was said holds for this file: the next patient must not inherit it.
      setRedoOf(null);
      setOrder(null);
      setPain(false);
      for (const file of list) await one(file, wish);
    },
    [one, order, pain, redoOf],
  );
  const drop = useFileDrop(true, (list) => void take(list));
  const taken = useRef(false);
  useEffect(() => {
    if (taken.current) return;
    taken.current = true;
    void take(takeOver());
  }, [take]);

  const choose = () => picker.current?.click();
  useKeys('ecgup', [{ id: 'ecgup.choose', keys: 'u', run: choose }]);
  if (!can('upload')) return <NoRight />;
  const [last, ...earlier] = shots;
  const again = (s: Shot) => {
    const file = files.current.get(s.n);
    if (!file) return;
    setShots((all) => all.filter((x) => x.n !== s.n));
    void one(file, s.wish);
  };
  const redo = (s: Shot) => {
    setRedoOf(s);
    setOrder(s.wish.order);
    setPain(s.wish.chestPain);
    requestAnimationFrame(() => document.getElementById('up-drop')?.focus());
  };
  return (
    <div className="page-fill" {...drop.handlers}>
      <EcgTabs />
      <div className="page up-page">
        <h1 className="sr-only">{t('up.title')}</h1>
        <section className="panel panel-pad up-form">
          <Select
            label={t('up.order')}
            description={t('up.order_hint')}
            placeholder={t('up.order_none')}
            value={order}
            onChange={setOrder}
            searchable
            clearable
            nothingFoundMessage={t('up.no_orders')}
            data={(orders.data ?? []).map((o) => ({
              value: o.id,
              label: `${o.patient.name} · ${o.items.map((i) => i.name).join(t('lab.comma'))} · ${o.filler_no || o.placer_no}`,
            }))}
          />
          {orders.isError && <FaultNote error={orders.error} retry={() => void orders.refetch()} />}
          {refused && (
            <div className="note" data-tone="red" role="alert">
              {t('up.one_file')}
            </div>
          )}
          <Checkbox
            checked={pain}
            onChange={(e) => setPain(e.currentTarget.checked)}
            label={t('up.pain')}
            description={t('up.order_once')}
          />
          {redoOf && (
            <div className="note row" data-tone="amber" role="status">
              <span className="grow">{t('up.redo_next', { name: redoOf.name })}</span>
              <Button size="compact-xs" variant="default" onClick={() => setRedoOf(null)}>
                {t('action.cancel')}
              </Button>
            </div>
          )}
          <button type="button" id="up-drop" className="up-drop" data-over={drop.over || undefined} onClick={choose}>
            <strong>
              {t(drop.over ? 'up.drop_now' : 'up.drop')} <Keys keys="u" />
            </strong>
            <span className="dim">{t('up.formats')}</span>
          </button>
          <input
            ref={picker}
            type="file"
            multiple
            className="sr-only"
            tabIndex={-1}
            aria-label={t('up.choose')}
            onChange={(e) => {
              const list = [...(e.currentTarget.files ?? [])];
              e.currentTarget.value = '';
              void take(list);
            }}
          />
        </section>
        <div className="up-results" aria-live="polite">
          {last ? (
            <VerdictCard
              key={last.n}
              shot={last}
              redo={() => redo(last)}
              again={() => again(last)}
              kept={() => setShots((all) => all.map((s) => (s.n === last.n ? { ...s, kept: true } : s)))}
            />
          ) : (
            <p className="state">{t('up.empty')}</p>
          )}
          {earlier.length > 0 && (
            <section className="panel panel-pad" aria-label={t('up.earlier')}>
              <h2>{t('up.earlier')}</h2>
              <ul className="up-earlier">
                {earlier.map((s) => (
                  <li key={s.n}>
                    <strong>{t(`up.face.${faceOf(s)}`)}</strong> {s.name}
                  </li>
                ))}
              </ul>
            </section>
          )}
        </div>
      </div>
    </div>
  );
}
