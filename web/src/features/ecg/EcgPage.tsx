// The ECG page: paper left, report right. The route holds the lease and shows the patient.
import { useQuery } from '@tanstack/react-query';
import { useMemo, useRef, useState } from 'react';
import { Fault, get } from '../../api/client';
import type { Alert, Sections } from '../../api/types';
import { useWords } from '../../i18n';
import { useKeys } from '../../keys';
import { Keys } from '../../ui/bits';
import { dayTime } from '../../ui/format';
import { SplitPane } from '../../ui/SplitPane';
import { Empty, FaultNote, Loading } from '../../ui/State';
import { type ReadingPageProps, ReportEditor, type ReportEditorHandle } from '../report';
import { Banners } from './Banners';
import { type Caliper, nudge, readCaliper } from './caliper';
import { Choice, Toggle, useSize } from './controls';
import { EcgCanvas } from './EcgCanvas';
import { LAYOUT_NAMES, type LayoutName, plan, UNITS } from './layout';
import { useLines } from './lines';
import { beatsOf, decodeWave, type EcgRecord, rhythmOf, type Wave } from './model';
import { fitScale, GAINS, type Gain, onGlass, readScreen, SPEEDS, type Speed } from './paper';
import { ScreenDialog } from './ScreenDialog';
import { Statements } from './Statements';
import { Values } from './Values';
import './ecg.css';

const recordQuery = (id: string) => ({
  queryKey: ['ecg', 'record', id] as const,
  queryFn: ({ signal }: { signal: AbortSignal }) => get<EcgRecord>(`/api/ecg/${id}`, signal),
});

async function fetchWave(id: string, signal: AbortSignal): Promise<Wave> {
  const answer = await fetch(`/api/ecg/${id}/wave`, { signal, credentials: 'same-origin' });
  if (!answer.ok) throw new Fault({ status: answer.status, code: answer.status === 404 ? 'not_found' : `http_${answer.status}` });
  return decodeWave(await answer.arrayBuffer());
}
const waveQuery = (id: string) => ({
  queryKey: ['ecg', 'wave', id] as const,
  queryFn: ({ signal }: { signal: AbortSignal }) => fetchWave(id, signal),
  staleTime: Number.POSITIVE_INFINITY,
  structuralSharing: false,
});

export function EcgPage(props: ReadingPageProps) {
  return <Reading key={props.item.id} {...props} />;
}

function Reading({ item, onDone }: ReadingPageProps) {
  const editor = useRef<ReportEditorHandle>(null);
  const record = useQuery(recordQuery(item.subject));
  const [sections, setSections] = useState<Sections>(item.draft?.sections ?? {});
  const writes = item.may.write || item.may.submit || item.may.sign;
  return (
    <SplitPane
      id="reading"
      right0={400}
      min={300}
      left={
        record.data ? (
          <Paper record={record.data} editor={editor} canInsert={writes} alerts={item.alerts} />
        ) : record.isError ? (
          <div className="state">
            <FaultNote error={record.error} retry={() => void record.refetch()} />
          </div>
        ) : (
          <Loading />
        )
      }
      right={
        <>
          {writes && <Statements editor={editor} sections={sections} measurements={record.data?.measurements ?? []} />}
          <ReportEditor item={item} onDone={onDone} insertRef={editor} onSections={setSections} />
        </>
      }
    />
  );
}

interface PaperProps {
  record: EcgRecord;
  editor: React.RefObject<ReportEditorHandle | null>;
  canInsert: boolean;
  alerts: readonly Alert[];
}

const cycle = <T,>(all: readonly T[], now: T, by: number): T => all[Math.min(all.length - 1, Math.max(0, all.indexOf(now) + by))] ?? now;

function Paper({ record, editor, canInsert, alerts }: PaperProps) {
  const { t } = useWords();
  const wave = useQuery(waveQuery(record.id));
  const [layout, setLayout] = useState<LayoutName>('3x4+1');
  const [speed, setSpeed] = useState<Speed>(25);
  const [gain, setGain] = useState<Gain>(10);
  const [trueSize, setTrue] = useState(false);
  const [caliperOn, setCaliperOn] = useState(true);
  const [marchOut, setMarch] = useState(false);
  const [caliper, setCaliper] = useState<Caliper | null>(null);
  const [end, setEnd] = useState<'a' | 'b'>('b');
  const [compare, setCompare] = useState(false);
  const [screen, setScreen] = useState(readScreen);
  const [dialog, showDialog] = useState(false);
  const before = record.previous?.[0];
  const old = useQuery({ ...recordQuery(before?.id ?? ''), enabled: compare && !!before });
  const oldWave = useQuery({ ...waveQuery(before?.id ?? ''), enabled: compare && !!before });
  const [box, size] = useSize();

  const lines = useLines();
  const group = wave.data ? rhythmOf(wave.data) : null;
  const beats = useMemo(() => (wave.data ? beatsOf(wave.data) : []), [wave.data]);
  // At 50 mm/s the paper is twice as long and scrolls; a millimetre keeps its size.
  const pxPerMm = useMemo(() => {
    if (trueSize || !group) return screen.pxPerMm;
    return fitScale(size.width - 2, plan(group, { layout, speed: 25, gain: 10 }).width / UNITS, screen.pxPerMm);
  }, [trueSize, group, size.width, layout, screen]);
  const halves = compare && oldWave.data ? 2 : 1;
  const heightMm = size.height / halves / pxPerMm - (speed === 50 || trueSize ? 4 : 0.3);
  const drawing = useMemo(() => (group ? plan(group, { layout, speed, gain, heightMm }) : null), [group, layout, speed, gain, heightMm]);
  const oldGroup = oldWave.data ? rhythmOf(oldWave.data) : null;
  const oldDrawing = useMemo(
    () => (oldGroup ? plan(oldGroup, { layout, speed, gain, heightMm }) : null),
    [oldGroup, layout, speed, gain, heightMm],
  );

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

  useKeys('ecg', [
    ...LAYOUT_NAMES.map((l, at) => ({ id: `ecg.layout${at + 1}`, keys: String(at + 1), run: () => setLayout(l) })),
    { id: 'ecg.speed', keys: 's', run: () => setSpeed(speed === 25 ? 50 : 25) },
    { id: 'ecg.gain_up', keys: '=', run: () => setGain(cycle(GAINS, gain, 1)) },
    { id: 'ecg.gain_down', keys: '-', run: () => setGain(cycle(GAINS, gain, -1)) },
    { id: 'ecg.true', keys: 't', run: () => setTrue(!trueSize) },
    { id: 'ecg.caliper', keys: 'c', run: () => setCaliperOn(!caliperOn) },
    { id: 'ecg.march', keys: 'o', run: () => setMarch(!marchOut) },
    { id: 'ecg.left', keys: 'left', run: () => step(-1), on: !!caliper?.b },
    { id: 'ecg.right', keys: 'right', run: () => step(1), on: !!caliper?.b },
    { id: 'ecg.end', keys: 'x', run: () => setEnd(end === 'a' ? 'b' : 'a'), on: !!caliper?.b },
    { id: 'ecg.clear', keys: 'del', run: () => setCaliper(null) },
    { id: 'ecg.insert', keys: 'm', run: insert, on: canInsert },
    { id: 'ecg.compare', keys: 'v', run: () => setCompare(!compare), on: !!before },
    {
      id: 'ecg.cycle',
      keys: 'f6',
      inText: true,
      run: () => (box.current?.contains(document.activeElement) ? editor.current?.focus() : box.current?.focus()),
    },
    { id: 'ecg.to_paper', keys: 'esc', inText: true, run: () => box.current?.focus() },
  ]);

  return (
    <div className="ecg">
      <div className="ecg-bar" role="toolbar" aria-label={t('ecg.tools')}>
        <Choice label={t('ecg.layout')} all={LAYOUT_NAMES} now={layout} set={setLayout} text={(l) => l} />
        <Choice label={t('ecg.speed')} all={SPEEDS} now={speed} set={setSpeed} text={(v) => String(v)} unit="mm/s" />
        <Choice label={t('ecg.gain')} all={GAINS} now={gain} set={setGain} text={(v) => String(v)} unit="mm/mV" />
        <div className="ecg-group">
          <Toggle on={caliperOn} run={() => setCaliperOn(!caliperOn)} keys="c" text={t('key.ecg.caliper')} />
          <Toggle on={marchOut} run={() => setMarch(!marchOut)} keys="o" text={t('key.ecg.march')} />
          <Toggle
            on={compare}
            off={!before}
            run={() => setCompare(!compare)}
            keys="v"
            text={before ? t('ecg.compare') : t('ecg.no_previous')}
          />
        </div>
        <span className="grow" />
        <div className="ecg-group">
          <Toggle on={trueSize} run={() => setTrue(!trueSize)} keys="t" text={t('ecg.true_size')} />
          <button type="button" className="ecg-btn" onClick={() => showDialog(true)}>
            {t('ecg.calibrate')}
          </button>
        </div>
      </div>
      <Banners record={record} alerts={alerts} />
      <section className="ecg-sheet" ref={box} tabIndex={0} aria-label={t('ecg.paper')}>
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
            pxPerMm={pxPerMm}
            speed={speed}
            gain={gain}
            beats={beats}
            head={lines.head(record)}
            foot={lines.foot(record, speed, gain, group.rate)}
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
        {compare && before && (
          <div className="ecg-old">
            <h2>{t('ecg.previous_of', { date: before.acquired_at ? dayTime(before.acquired_at) : '–' })}</h2>
            {(old.isPending || oldWave.isPending) && !oldWave.isError && <Loading />}
            {oldWave.isError && <FaultNote error={oldWave.error} retry={() => void oldWave.refetch()} />}
            {oldGroup && oldDrawing && old.data && (
              <EcgCanvas
                group={oldGroup}
                drawing={oldDrawing}
                pxPerMm={pxPerMm}
                speed={speed}
                gain={gain}
                beats={[]}
                head={lines.head(old.data)}
                foot={lines.foot(old.data, speed, gain, oldGroup.rate)}
                label={t('ecg.paper_label', { layout, speed, gain })}
                caliperOn={false}
                marchOut={false}
                caliper={null}
                setCaliper={() => undefined}
                end="b"
                setEnd={() => undefined}
              />
            )}
          </div>
        )}
      </section>
      <div className="ecg-dock">
        <Values list={record.measurements} before={compare ? (old.data?.measurements ?? null) : null} />
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
    </div>
  );
}
