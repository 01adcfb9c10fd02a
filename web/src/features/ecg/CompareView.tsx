// The patient's previous recording against this one: median beats laid over each other by their QRS, and what has changed in numbers.
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useWords } from '../../i18n';
import { dayTime } from '../../ui/format';
import { Empty, FaultNote, Loading } from '../../ui/State';
import { BEFORE, gainFor, NOW, reach, strokeBeat } from './beats';
import { useSize } from './controls';
import { STANDARD } from './layout';
import type { Comparison, EcgRecord } from './model';
import { grid, prepare } from './paint';
import { compareQuery } from './wave';

const SPEED = 50;
const COLUMNS = 4;
const ROWS = 3;

type Previous = EcgRecord['previous'][number];

export function CompareView({ record, other }: { record: EcgRecord; other: Previous }) {
  const { t, pick } = useWords();
  const [id, choose] = useState(other.id);
  const compared = useQuery(compareQuery(record.id, id));
  const data = compared.data;
  const name = (p: Previous) => (p.acquired_at ? dayTime(p.acquired_at) : t('ecg.no_time'));
  const signed = (v: number | null) => (v === null ? '–' : `${v > 0 ? '+' : v < 0 ? '−' : ''}${Math.round(Math.abs(v))}`);
  const plain = (v: number | null) => (v === null ? '–' : String(Math.round(v)));
  return (
    <div className="ecg-compare">
      <div className="ecg-bar">
        <label className="ecg-select">
          {t('ecg.compare_with')}
          <select value={id} onChange={(e) => choose(e.currentTarget.value)}>
            {record.previous.map((p) => (
              <option key={p.id} value={p.id}>
                {name(p)}
              </option>
            ))}
          </select>
        </label>
        <span className="ecg-legend">
          <svg width="34" height="8" aria-hidden="true">
            <line x1="0" y1="4" x2="34" y2="4" stroke="currentColor" strokeWidth="2" />
          </svg>
          {t('ecg.now_line')}
        </span>
        <span className="ecg-legend tone-blue">
          <svg width="34" height="8" aria-hidden="true">
            <line x1="0" y1="4" x2="34" y2="4" stroke="currentColor" strokeWidth="2" strokeDasharray="6 4" />
          </svg>
          {t('ecg.before_line')}
        </span>
        <span className="grow" />
        {data?.correlation != null && <span className="dim">{t('ecg.correlation', { r: data.correlation.toFixed(3) })}</span>}
      </div>
      {compared.isPending && <Loading />}
      {compared.isError && (
        <div className="state">
          <FaultNote error={compared.error} retry={() => void compared.refetch()} />
        </div>
      )}
      {data?.same_person_doubt && (
        <div className="ecg-banner" data-level="redo" role="alert">
          <strong>{t('ecg.person_doubt')}</strong>
        </div>
      )}
      {data?.swap && (
        <div className="ecg-banner" data-level="note" role="status">
          {pick(data.swap.text_zh, data.swap.text_en)}
        </div>
      )}
      {data && (
        <div className="ecg-median">
          {data.median ? <Overlay median={data.median} /> : <Empty title={t('ecg.no_median')} hint={t('ecg.no_median_hint')} />}
          <div className="ecg-side">
            <table className="ecg-table">
              <caption>{t('ecg.deltas')}</caption>
              <thead>
                <tr>
                  <th scope="col">{t('ecg.value')}</th>
                  <th scope="col">{t('ecg.source.previous')}</th>
                  <th scope="col">{t('ecg.present')}</th>
                  <th scope="col">{t('ecg.change')}</th>
                  <th scope="col">
                    <span className="sr-only">{t('ecg.notable')}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {data.deltas.map((d) => (
                  <tr key={d.what} data-differs={d.notable || undefined}>
                    <th scope="row">
                      {t(`ecg.v.${d.what}`, { defaultValue: d.what })} <span className="dim">{d.unit}</span>
                    </th>
                    <td>{plain(d.before)}</td>
                    <td>{plain(d.now)}</td>
                    <td>{signed(d.delta)}</td>
                    <td className="ecg-word">{d.notable ? t('ecg.notable') : ''}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            <table className="ecg-table">
              <caption>{t('ecg.st_table')}</caption>
              <thead>
                <tr>
                  <th scope="col">{t('ecg.lead')}</th>
                  <th scope="col">{t('ecg.source.previous')}</th>
                  <th scope="col">{t('ecg.present')}</th>
                  <th scope="col">{t('ecg.change')}</th>
                  <th scope="col">
                    <span className="sr-only">{t('ecg.notable')}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {data.st.map((s) => (
                  <tr key={s.lead} data-differs={s.notable || undefined}>
                    <th scope="row">{s.lead}</th>
                    <td>{plain(s.before_uv)}</td>
                    <td>{plain(s.now_uv)}</td>
                    <td>{signed(s.delta_uv)}</td>
                    <td className="ecg-word">{s.notable ? t('ecg.notable') : ''}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </div>
      )}
    </div>
  );
}

/** Twelve panels, present beat solid and previous one dashed, all at one scale. */
function Overlay({ median }: { median: NonNullable<Comparison['median']> }) {
  const { t } = useWords();
  const [box, size] = useSize();
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width, height } = size;
  useEffect(() => {
    const dpr = window.devicePixelRatio || 1;
    const g = prepare(canvas.current, width, height, dpr);
    if (!g) return;
    const pairs = median.leads.map((l) => ({
      name: l.name ?? l.lead ?? '',
      now: Float32Array.from(l.now),
      before: Float32Array.from(l.before),
    }));
    const length = Math.max(1, ...pairs.map((p) => Math.max(p.now.length, p.before.length))) / median.rate;
    const w = (width * dpr) / COLUMNS;
    const h = (height * dpr) / ROWS;
    const mm = w / (length * SPEED + 4);
    const both = pairs.flatMap((p) => [
      { name: p.name, uv: p.now },
      { name: p.name, uv: p.before },
    ]);
    const high = reach(both, null, median.rate);
    const gain = gainFor(high, h / mm - 5);
    grid(g, mm, width * dpr, height * dpr);
    g.textBaseline = 'top';
    for (const [n, name] of STANDARD.entries()) {
      const pair = pairs.find((p) => p.name.toUpperCase() === name.toUpperCase());
      if (!pair) continue;
      const x = Math.floor(n / ROWS) * w;
      const y = (n % ROWS) * h;
      const base = y + 5 * mm + (h - 5 * mm - (high.up + high.down) * gain * mm) / 2 + high.up * gain * mm;
      const scale = { rate: median.rate, speed: SPEED, gain, mm, onset: null };
      strokeBeat(g, pair.before, x + 2 * mm, base, scale, BEFORE);
      strokeBeat(g, pair.now, x + 2 * mm, base, scale, NOW);
      g.fillStyle = '#22386b';
      g.font = `600 ${Math.max(12 * dpr, 3.4 * mm)}px system-ui,sans-serif`;
      g.fillText(name, x + 2 * mm, y + 1 * mm);
    }
    g.fillStyle = '#14181d';
    g.font = `${Math.max(11 * dpr, 3 * mm)}px system-ui,sans-serif`;
    g.textBaseline = 'bottom';
    g.fillText(`${SPEED} mm/s   ${gain} mm/mV   ${median.rate} Hz`, 2 * mm, height * dpr - mm);
  }, [median, width, height]);
  return (
    <section className="ecg-board" ref={box} aria-label={t('ecg.overlay')}>
      <div className="ecg-paper" style={{ width, height }}>
        <canvas ref={canvas} role="img" aria-label={t('ecg.overlay_label')} />
      </div>
    </section>
  );
}
