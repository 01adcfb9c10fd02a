// The strip on its paper with the tools around it: layout, speed, gain, filters of the screen, calipers, pan, exchange preview.
import { useQuery } from '@tanstack/react-query';
import { useMemo, useRef, useState } from 'react';
import { Fault } from '../../api/client';
import { useWords } from '../../i18n';
import { useKeys } from '../../keys';
import { Keys } from '../../ui/bits';
import { dayTime } from '../../ui/format';
import { Empty, FaultNote, Loading } from '../../ui/State';
import type { ReportEditorHandle } from '../report';
import { type Caliper, nudge, readCaliper } from './caliper';
import { Choice, Toggle, useSize } from './controls';
import { EcgCanvas } from './EcgCanvas';
import { EMG, type Filters, inks, NO_FILTER } from './filters';
import { durationMs, LAYOUT_NAMES, type LayoutName, plan, sheetMs, UNITS, withTurnedAvr } from './layout';
import { useLines } from './lines';
import { beatsOf, type EcgRecord, rhythmOf } from './model';
import { Overview } from './Overview';
import { Previous } from './Previous';
import { fitScale, GAINS, type Gain, onGlass, readScreen, SPEEDS, type Speed } from './paper';
import { ScreenDialog } from './ScreenDialog';
import { exchanged, SWAPS, type SwapKind, swapName } from './swap';
import { Values } from './Values';
import { waveQuery } from './wave';

interface Props {
  record: EcgRecord;
  before: EcgRecord['previous'][number] | null;
  editor: React.RefObject<ReportEditorHandle | null>;
  canInsert: boolean;
  swap: SwapKind | null;
  setSwap: (kind: SwapKind | null) => void;
}

const cycle = <T,>(all: readonly T[], now: T, by: number): T => all[Math.min(all.length - 1, Math.max(0, all.indexOf(now) + by))] ?? now;
const turn = <T,>(all: readonly T[], now: T): T => all[(all.indexOf(now) + 1) % all.length] ?? now;

export function Paper({ record, before, editor, canInsert, swap, setSwap }: Props) {
  const { t } = useWords();
  const wave = useQuery(waveQuery(record.id));
  const [layout, setLayout] = useState<LayoutName>('3x4+1');
  const [speed, setSpeed] = useState<Speed>(25);
  const [gain, setGain] = useState<Gain>(10);
  const [filters, setFilters] = useState<Filters>(NO_FILTER);
  const [trueSize, setTrue] = useState(false);
  const [caliperOn, setCaliperOn] = useState(true);
  const [marchOut, setMarch] = useState(false);
  const [caliper, setCaliper] = useState<Caliper | null>(null);
  const [end, setEnd] = useState<'a' | 'b'>('b');
  const [old, showOld] = useState(false);
  const [from, setFrom] = useState(0);
  const [screen, setScreen] = useState(readScreen);
  const [dialog, showDialog] = useState(false);
  const [box, size] = useSize();
  const lines = useLines();

  const recorded = wave.data ? rhythmOf(wave.data) : null;
  const group = useMemo(() => {
    if (!recorded) return null;
    const shown = swap ? exchanged(recorded, swap) : recorded;
    return layout === 'cabrera' ? withTurnedAvr(shown) : shown;
  }, [recorded, swap, layout]);
  const beats = useMemo(() => (wave.data ? beatsOf(wave.data) : []), [wave.data]);
  const whole = group ? durationMs(group) : 0;
  const sheet = group ? sheetMs(group, speed) : 0;
  const long = whole > sheet + 50;
  const fromMs = Math.max(0, Math.min(from, whole - sheet));
  const pan = (ms: number) => setFrom(Math.max(0, Math.min(ms, whole - sheet)));

  // At 50 mm/s the paper is twice as long and scrolls; a millimetre keeps its size.
  const pxPerMm = useMemo(() => {
    if (trueSize || !group) return screen.pxPerMm;
    return fitScale(size.width - 2, plan(group, { layout, speed: 25, gain: 10 }).width / UNITS, screen.pxPerMm);
  }, [trueSize, group, size.width, layout, screen]);
  const heightMm = size.height / (old ? 2 : 1) / pxPerMm - (speed === 50 || trueSize ? 4 : 0.3);
  const drawing = useMemo(
    () => (group ? plan(group, { layout, speed, gain, heightMm, fromMs }) : null),
    [group, layout, speed, gain, heightMm, fromMs],
  );
  // Without filters the ink is the whole lead and panning costs nothing; with them a window around the sheet is filtered.
  const part = filters === NO_FILTER ? 0 : Math.floor(fromMs / 1000) * 1000;
  const ink = useMemo(() => (group ? inks(group, filters, part, part + sheet + 1000) : new Map()), [group, filters, part, sheet]);

  const lead = group?.leads.find((l) => l.name === caliper?.lead);
  const step = (n: number) => {
    if (caliper && lead && group) setCaliper(nudge(caliper, end, n, lead.uv, group.rate));
  };
  const reading = caliper ? readCaliper(caliper) : null;
  const insert = () => {
    if (!reading || !caliper || !canInsert) return;
    editor.current?.insert(
      t(reading.bpm ? 'ecg.insert_rate' : 'ecg.insert', {
        lead: caliper.lead,
        ms: Math.round(reading.ms),
        bpm: Math.round(reading.bpm ?? 0),
        mv: reading.mv.toFixed(2),
      }),
    );
  };
  const set = (f: Partial<Filters>) => {
    const next = { ...filters, ...f };
    setFilters(next.ac || next.emg || next.wander ? next : NO_FILTER);
  };
  const exchange = (kind: SwapKind | null) => {
    setCaliper(null);
    setSwap(kind);
  };

  useKeys('ecg', [
    ...LAYOUT_NAMES.map((l, at) => ({ id: `ecg.layout${at + 1}`, keys: String(at + 1), run: () => setLayout(l) })),
    { id: 'ecg.speed', keys: 's', run: () => setSpeed(turn(SPEEDS, speed)) },
    { id: 'ecg.gain_up', keys: '=', run: () => setGain(cycle(GAINS, gain, 1)) },
    { id: 'ecg.gain_down', keys: '-', run: () => setGain(cycle(GAINS, gain, -1)) },
    { id: 'ecg.filter_ac', keys: 'a', run: () => set({ ac: !filters.ac }) },
    { id: 'ecg.filter_emg', keys: 'e', run: () => set({ emg: turn(EMG, filters.emg) }) },
    { id: 'ecg.filter_wander', keys: 'd', run: () => set({ wander: !filters.wander }) },
    { id: 'ecg.true', keys: 't', run: () => setTrue(!trueSize) },
    { id: 'ecg.caliper', keys: 'c', run: () => setCaliperOn(!caliperOn) },
    { id: 'ecg.march', keys: 'o', run: () => setMarch(!marchOut) },
    { id: 'ecg.left', keys: 'left', run: () => step(-1), on: !!caliper?.b },
    { id: 'ecg.right', keys: 'right', run: () => step(1), on: !!caliper?.b },
    { id: 'ecg.end', keys: 'x', run: () => setEnd(end === 'a' ? 'b' : 'a'), on: !!caliper?.b },
    { id: 'ecg.clear', keys: 'del', run: () => setCaliper(null) },
    { id: 'ecg.insert', keys: 'm', run: insert, on: canInsert },
    { id: 'ecg.old', keys: 'u', run: () => showOld(!old), on: !!before },
    { id: 'ecg.swap', keys: 'w', run: () => exchange(swap ? null : 'ra_la') },
    { id: 'ecg.back', keys: '[', run: () => pan(fromMs - 1000), on: long },
    { id: 'ecg.on', keys: ']', run: () => pan(fromMs + 1000), on: long },
    { id: 'ecg.page_back', keys: 'pgup', run: () => pan(fromMs - sheet), on: long },
    { id: 'ecg.page_on', keys: 'pgdn', run: () => pan(fromMs + sheet), on: long },
    { id: 'ecg.start', keys: 'home', run: () => pan(0), on: long },
    { id: 'ecg.finish', keys: 'end', run: () => pan(whole), on: long },
  ]);

  // Drags and wheels come faster than the screen: one redraw a frame.
  const frame = useRef(0);
  const wheel = (e: React.WheelEvent) => {
    const by = e.deltaX || (e.shiftKey ? e.deltaY : 0);
    if (!long || !by) return;
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => pan(fromMs + (by * 1000) / (speed * pxPerMm)));
  };

  return (
    <>
      <div className="ecg-bar" role="toolbar" aria-label={t('ecg.tools')}>
        <Choice
          label={t('ecg.layout')}
          all={LAYOUT_NAMES}
          now={layout}
          set={setLayout}
          text={(l) => (l === 'cabrera' ? 'Cabrera' : l.replaceAll('x', '×'))}
        />
        <Choice label={t('ecg.speed')} all={SPEEDS} now={speed} set={setSpeed} text={(v) => String(v)} unit="mm/s" />
        <Choice label={t('ecg.gain')} all={GAINS} now={gain} set={setGain} text={(v) => String(v)} unit="mm/mV" />
        <div className="ecg-group" role="group" aria-label={t('ecg.filters')}>
          <Toggle on={filters.ac} run={() => set({ ac: !filters.ac })} keys="a" text={t('ecg.screen_ac')} />
          <Toggle
            on={filters.emg !== 0}
            run={() => set({ emg: turn(EMG, filters.emg) })}
            keys="e"
            text={filters.emg ? t('ecg.screen_emg', { hz: filters.emg }) : t('ecg.emg')}
          />
          <Toggle on={filters.wander} run={() => set({ wander: !filters.wander })} keys="d" text={t('ecg.screen_wander')} />
        </div>
        <div className="ecg-group">
          <Toggle on={caliperOn} run={() => setCaliperOn(!caliperOn)} keys="c" text={t('key.ecg.caliper')} />
          <Toggle on={marchOut} run={() => setMarch(!marchOut)} keys="o" text={t('key.ecg.march')} />
          {before && <Toggle on={old} run={() => showOld(!old)} keys="u" text={t('ecg.old_paper')} />}
        </div>
        <label className="ecg-select">
          {t('ecg.swap_preview')}
          <select value={swap ?? ''} onChange={(e) => exchange((e.currentTarget.value || null) as SwapKind | null)}>
            <option value="">{t('ecg.swap_none')}</option>
            {SWAPS.map((k) => (
              <option key={k} value={k}>
                {swapName(k)}
              </option>
            ))}
          </select>
        </label>
        <span className="grow" />
        <div className="ecg-group">
          <Toggle on={trueSize} run={() => setTrue(!trueSize)} keys="t" text={t('ecg.true_size')} />
          <button type="button" className="ecg-btn" onClick={() => showDialog(true)}>
            {t('ecg.calibrate')}
          </button>
        </div>
      </div>
      {swap && (
        <div className="ecg-banner" data-level="preview" role="status">
          <strong>{t('ecg.swap_on', { pair: swapName(swap) })}</strong>
          <span className="grow">{t('ecg.swap_note')}</span>
          <button type="button" className="ecg-btn" onClick={() => exchange(null)}>
            {t('ecg.swap_off')}
            <Keys keys="w" />
          </button>
        </div>
      )}
      {group && long && size.width > 0 && <Overview group={group} width={size.width} fromMs={fromMs} spanMs={sheet} pan={pan} />}
      <section className="ecg-sheet" ref={box} tabIndex={0} aria-label={t('ecg.paper')} onWheel={wheel}>
        {wave.isPending && <Loading />}
        {wave.isError && (
          <div className="state">
            {wave.error instanceof Fault && wave.error.status === 404 ? (
              <Empty title={t('ecg.no_wave')} hint={t('ecg.no_wave_hint')} />
            ) : (
              <FaultNote error={wave.error} retry={() => void wave.refetch()} />
            )}
          </div>
        )}
        {group && drawing && size.width > 0 && (
          <EcgCanvas
            group={group}
            drawing={drawing}
            inks={ink}
            stamp={swap ? t('ecg.swap_stamp', { pair: swapName(swap) }) : undefined}
            pxPerMm={pxPerMm}
            speed={speed}
            gain={gain}
            beats={beats}
            head={lines.head(record)}
            foot={lines.foot(record, layout, speed, gain, group.rate, filters)}
            label={t('ecg.paper_label', { layout, speed, gain })}
            caliperOn={caliperOn}
            marchOut={marchOut}
            caliper={caliper}
            setCaliper={setCaliper}
            end={end}
            setEnd={setEnd}
          />
        )}
        {wave.data && !group && <Empty title={t('ecg.no_wave')} hint={t('ecg.no_wave_hint')} />}
        {old && before && (
          <Previous
            id={before.id}
            title={t('ecg.previous_of', { date: before.acquired_at ? dayTime(before.acquired_at) : '–' })}
            {...{ layout, speed, gain, filters, pxPerMm, heightMm }}
          />
        )}
      </section>
      <div className="ecg-dock">
        <Values record={record} />
        <div className="ecg-reading" aria-live="polite">
          <span className="ecg-scale">
            {Math.abs(pxPerMm / screen.pxPerMm - 1) < 0.01
              ? t(screen.calibrated ? 'ecg.true_now' : 'ecg.true_uncalibrated')
              : t(screen.calibrated ? 'ecg.on_glass' : 'ecg.on_glass_about', {
                  s: onGlass(speed, pxPerMm, screen).toFixed(1),
                  g: onGlass(gain, pxPerMm, screen).toFixed(1),
                })}
          </span>
          {reading && caliper ? (
            <>
              <span>
                {t('ecg.caliper_in', { lead: caliper.lead })}{' '}
                <strong>
                  {Math.round(reading.ms)} ms{reading.bpm ? ` · ${Math.round(reading.bpm)} bpm` : ''} · {reading.mv.toFixed(2)} mV
                </strong>
              </span>
              {canInsert && (
                <button type="button" className="ecg-btn" onClick={insert}>
                  {t('ecg.to_report')}
                  <Keys keys="m" />
                </button>
              )}
            </>
          ) : (
            <span className="dim">{t(caliperOn ? 'ecg.caliper_hint' : 'ecg.caliper_off')}</span>
          )}
        </div>
      </div>
      {dialog && (
        <ScreenDialog
          screen={screen}
          close={() => {
            setScreen(readScreen());
            showDialog(false);
          }}
        />
      )}
    </>
  );
}
