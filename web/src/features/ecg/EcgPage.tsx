// The ECG page: paper, median beat or comparison left, report right. The route holds the lease and shows the patient.
import { useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import type { Alert, Sections } from '../../api/types';
import { useWords } from '../../i18n';
import { useKeys } from '../../keys';
import { Keys } from '../../ui/bits';
import { SplitPane } from '../../ui/SplitPane';
import { FaultNote, Loading } from '../../ui/State';
import { type ReadingPageProps, ReportEditor, type ReportEditorHandle } from '../report';
import { Banners } from './Banners';
import { CompareView } from './CompareView';
import { useSize } from './controls';
import { MedianView } from './MedianView';
import type { EcgRecord } from './model';
import { Paper } from './Paper';
import { Statements } from './Statements';
import { isSwap, type SwapKind } from './swap';
import { recordQuery } from './wave';
import './ecg.css';
import './views.css';

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
          <Sheets record={record.data} editor={editor} canInsert={writes} canRaise={item.may.raise_critical} alerts={item.alerts} />
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
          {writes && <Statements record={item.subject} editor={editor} sections={sections} />}
          <ReportEditor item={item} onDone={onDone} insertRef={editor} onSections={setSections} />
        </>
      }
    />
  );
}

interface SheetsProps {
  record: EcgRecord;
  editor: React.RefObject<ReportEditorHandle | null>;
  canInsert: boolean;
  canRaise: boolean;
  alerts: readonly Alert[];
}

const VIEWS = ['paper', 'median', 'compare'] as const;
type View = (typeof VIEWS)[number];
const VIEW_KEYS: Record<View, string> = { paper: 'p', median: 'b', compare: 'v' };

function Sheets({ record, editor, canInsert, canRaise, alerts }: SheetsProps) {
  const { t, has } = useWords();
  const [view, show] = useState<View>('paper');
  const [swap, setSwap] = useState<SwapKind | null>(null);
  const [box] = useSize();
  const before = record.previous?.[0] ?? null;
  useKeys('ecg', [
    { id: 'ecg.paper', keys: VIEW_KEYS.paper, run: () => show('paper') },
    { id: 'ecg.median', keys: VIEW_KEYS.median, run: () => show('median') },
    { id: 'ecg.compare', keys: VIEW_KEYS.compare, run: () => show('compare'), on: !!before },
    {
      id: 'ecg.cycle',
      keys: 'f6',
      inText: true,
      run: () => (box.current?.contains(document.activeElement) ? editor.current?.focus() : box.current?.focus()),
    },
    { id: 'ecg.to_paper', keys: 'esc', inText: true, run: () => box.current?.focus() },
  ]);
  const preview = record.swap && isSwap(record.swap.kind) ? record.swap.kind : null;
  return (
    <section className="ecg" ref={box} tabIndex={-1} aria-label={t('ecg.recording')}>
      <div className="ecg-tabs" role="group" aria-label={t('ecg.view')}>
        {VIEWS.map((v) => (
          <button
            key={v}
            type="button"
            className="ecg-btn"
            aria-pressed={view === v}
            data-on={view === v || undefined}
            aria-disabled={(v === 'compare' && !before) || undefined}
            onClick={() => (v !== 'compare' || before) && show(v)}
          >
            {v === 'compare' && !before ? t('ecg.no_previous') : t(`ecg.view.${v}`)}
            <Keys keys={VIEW_KEYS[v]} />
          </button>
        ))}
        <span className="grow" />
        {record.rhythm && has(`ecg.rhythm.${record.rhythm.kind}`) && (
          <span className="dim">{t('ecg.rhythm', { kind: t(`ecg.rhythm.${record.rhythm.kind}`) })}</span>
        )}
        {canRaise && (
          <button type="button" className="ecg-btn ecg-call" onClick={() => editor.current?.raise()}>
            {t('ecg.call')}
            <Keys keys="ctrl+k" />
          </button>
        )}
      </div>
      <Banners
        record={record}
        alerts={alerts}
        preview={
          preview
            ? () => {
                setSwap(preview);
                show('paper');
              }
            : null
        }
      />
      {view === 'paper' && (
        <Paper record={record} before={before} editor={editor} canInsert={canInsert && !swap} swap={swap} setSwap={setSwap} />
      )}
      {view === 'median' && <MedianView record={record} canWrite={canInsert} />}
      {view === 'compare' && before && <CompareView record={record} other={before} />}
    </section>
  );
}
