// The reading page: images left, report right, one screen. The route holds the lease and shows the patient.
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useWords } from '../../i18n';
import { useKeys } from '../../keys';
import { SplitPane } from '../../ui/SplitPane';
import { FaultNote, Loading } from '../../ui/State';
import { type ReadingPageProps, ReportEditor, type ReportEditorHandle } from '../report';
import { imageKeys } from './bindings';
import { Measurements } from './Measurements';
import type { Hung, StudyDetail } from './model';
import { SeriesStrip, studyQuery } from './SeriesStrip';
import { StudyNotes } from './StudyNotes';
import { Toolbar } from './tools';
import { hang, type Layout, orderSeries, panesOf, startOf } from './viewer/hanging';
import { forgetKept, keeperOf } from './viewer/keep';
import { EMPTY_STATE, MEASURING, type Measurement, type Pane, type PaneState, type ToolId, type ViewerPort } from './viewer/port';
import { Viewport } from './viewer/Viewport';
import { insertText, labelWords } from './words';
import './imaging.css';

export function ImagingPage(props: ReadingPageProps) {
  // Another item is another reading: the engine, the cache and the measurements of the one before are gone with it.
  return <Reading key={props.item.id} {...props} />;
}

function Reading({ item, onDone }: ReadingPageProps) {
  const editor = useRef<ReportEditorHandle>(null);
  const study = useQuery(studyQuery(item.subject));
  // The engine is fetched while the study document is: neither waits for the other.
  useEffect(() => void import('./viewer/engine').catch(() => undefined), []);
  return (
    <SplitPane
      id="reading"
      right0={400}
      min={300}
      left={
        study.data ? (
          <Images item={item.id} study={study.data} editor={editor} canInsert={item.may.write || item.may.submit || item.may.sign} />
        ) : study.isError ? (
          <div className="state">
            <FaultNote error={study.error} retry={() => void study.refetch()} />
          </div>
        ) : (
          <Loading />
        )
      }
      right={
        <ReportEditor
          item={item}
          onDone={(what, then) => {
            forgetKept(item.id);
            onDone(what, then);
          }}
          insertRef={editor}
        />
      }
    />
  );
}

/** A workstation may fix the drawing mode (faulty driver, tests). About the PC, not about a patient. */
function forcedMode(): 'cpu' | 'gpu' | undefined {
  const told = localStorage.getItem('yg.render');
  return told === 'cpu' || told === 'gpu' ? told : undefined;
}

/** Loads the lazy chunk and starts the engine once; disposes it with the page. */
function useViewer(item: string): { port: ViewerPort | null; failed: boolean } {
  const { t, language } = useWords();
  const [port, setPort] = useState<ViewerPort | null>(null);
  const [failed, fail] = useState(false);
  const words = useRef(labelWords(t));
  words.current = labelWords(t);
  useEffect(() => {
    let gone = false;
    let made: ViewerPort | null = null;
    import('./viewer/engine')
      .then((m) =>
        m.startViewer({
          fetch: (path, signal) => fetch(path, { signal, credentials: 'same-origin' }),
          labels: words.current,
          force: forcedMode(),
          keeper: keeperOf(item),
        }),
      )
      .then((p) => {
        if (gone) p.dispose();
        else {
          made = p;
          setPort(p);
        }
      })
      .catch(() => !gone && fail(true));
    return () => {
      gone = true;
      made?.dispose();
    };
  }, [item]);
  useEffect(() => port?.labels(words.current), [port, language]);
  return { port, failed };
}

function useMeasurements(port: ViewerPort | null): readonly Measurement[] {
  const [list, setList] = useState<readonly Measurement[]>([]);
  useEffect(() => {
    if (!port) return;
    return port.onMeasurements(() => setList(port.measurements()));
  }, [port]);
  return list;
}

interface ImagesProps {
  item: string;
  study: StudyDetail;
  editor: React.RefObject<ReportEditorHandle | null>;
  canInsert: boolean;
}

const MOST = 4;

function Images({ item, study, editor, canInsert }: ImagesProps) {
  const { t } = useWords();
  const { port, failed } = useViewer(item);
  const list = useMeasurements(port);
  // The hanging is decided once, when the study opens; images that arrive later join the strip.
  const [first] = useState(() => hang(study.modality, study.body_part, study.series));
  const [layout, setLayout] = useState<Layout>(first.layout);
  const [shown, setShown] = useState<(Hung | null)[]>(() =>
    Array.from({ length: MOST }, (_, k) => {
      const p = first.panes[k];
      return p ? { study, series: p.series, prior: false, start: p.start } : null;
    }),
  );
  const [active, setActive] = useState(0);
  const [tool, setTool] = useState<ToolId>('window');
  const [chosen, choose] = useState<string | null>(null);
  const [states, setStates] = useState<PaneState[]>(() => Array.from({ length: MOST }, () => EMPTY_STATE));
  const panes = useRef<(Pane | null)[]>(Array.from({ length: MOST }, () => null));
  const box = useRef<HTMLDivElement>(null);
  const order = useMemo(() => orderSeries(study.series), [study.series]);
  const count = panesOf(layout);
  const state = states[active] ?? EMPTY_STATE;
  const pane = useCallback(() => panes.current[active] ?? null, [active]);

  // A study opened before its first image arrived fills its first pane when one comes.
  useEffect(() => {
    if (shown.every((h) => !h) && order[0]) {
      const s = order[0];
      setShown((was) => was.map((h, k) => (k === 0 ? { study, series: s, prior: false, start: startOf(s.modality) } : h)));
    }
  }, [order, shown, study]);

  const hooks = useMemo(
    () =>
      Array.from({ length: MOST }, (_, k) => ({
        pane: (p: Pane | null) => {
          panes.current[k] = p;
        },
        state: (s: PaneState) => setStates((was) => (was[k] === s ? was : was.map((old, at) => (at === k ? s : old)))),
        activate: () => setActive(k),
      })),
    [],
  );

  const pick = useCallback(
    (id: ToolId) => {
      if (MEASURING.has(id) && state.status !== 'empty' && !state.diagnostic) return;
      setTool(id);
      port?.tool(id);
    },
    [port, state.status, state.diagnostic],
  );
  useEffect(() => {
    // While only the preview is there nothing can be measured, so the measuring tool steps back.
    if (state.status === 'loading' && MEASURING.has(tool)) {
      setTool('window');
      port?.tool('window');
    }
  }, [state.status, tool, port]);

  const show = useCallback(
    (h: Hung, prior = false) => {
      let target = active;
      let next = layout;
      if (prior && count === 1) {
        next = '1x2';
        target = 1;
      } else if (prior && count > 1 && active === 0) target = 1;
      setLayout(next);
      setShown((was) => was.map((old, k) => (k === target ? h : old)));
      setActive(target);
    },
    [active, layout, count],
  );

  const relayout = (l: Layout) => {
    setLayout(l);
    if (active >= panesOf(l)) setActive(0);
    // Panes that appear take the next series nobody shows yet.
    setShown((was) => {
      const used = new Set(was.slice(0, panesOf(l)).map((h) => h?.series.id));
      const free = order.filter((s) => !used.has(s.id));
      return was.map((h, k) => {
        if (h || k >= panesOf(l)) return h;
        const s = free.shift();
        return s ? { study, series: s, prior: false, start: startOf(s.modality) } : null;
      });
    });
  };

  const stepSeries = (delta: number) => {
    const now = shown[active];
    const all = now?.prior ? orderSeries(now.study.series) : order;
    const at = all.findIndex((s) => s.id === now?.series.id);
    const s = all[at + delta];
    if (s) show({ study: now?.prior ? now.study : study, series: s, prior: now?.prior ?? false, start: startOf(s.modality) });
  };

  const goTo = (m: Measurement) => {
    choose(m.id);
    port?.select(m.id);
    for (let k = 0; k < count; k++) {
      if (shown[k]?.series.id === m.series) {
        setActive(k);
        panes.current[k]?.goto(m.image - 1);
        return;
      }
    }
  };
  const focusViewer = useCallback(() => box.current?.querySelectorAll<HTMLElement>('.im-view')[active]?.focus(), [active]);
  const target = list.find((m) => m.id === chosen) ?? list[list.length - 1] ?? null;
  const insert = (m: Measurement | null) => {
    if (!m || !canInsert) return;
    editor.current?.insert(insertText(t, m));
    // The next measurement follows more often than the next word; Esc and F6 go the other way.
    requestAnimationFrame(focusViewer);
  };
  const drop = (m: Measurement | null) => {
    if (!m) return;
    port?.remove(m.id);
    choose(null);
  };

  useKeys(
    'imaging',
    imageKeys({
      pick,
      pane,
      state,
      stepSeries,
      relayout,
      nextPane: () => setActive((a) => (a + 1) % count),
      insert: () => insert(target),
      remove: () => drop(list.find((m) => m.id === chosen) ?? null),
      toViewer: focusViewer,
      cyclePanes: () => {
        if (box.current?.contains(document.activeElement)) editor.current?.focus();
        else focusViewer();
      },
      prior: (delta) => {
        const button = box.current?.querySelectorAll<HTMLElement>('.im-priorhead');
        const at = [...(button ?? [])].indexOf(document.activeElement as HTMLElement);
        button?.[Math.max(0, Math.min(button.length - 1, at + delta))]?.focus();
      },
    }),
  );

  const acts = {
    invert: () => pane()?.invert(),
    flip: () => pane()?.flip('h'),
    left: () => pane()?.rotate(-90),
    right: () => pane()?.rotate(90),
    fit: () => pane()?.fit(),
    actual: () => pane()?.actual(),
    reset: () => pane()?.reset(),
    cine: () => pane()?.cine(!state.playing),
  };

  return (
    <div className="im" ref={box}>
      <SeriesStrip study={study} order={order} shown={shown.slice(0, count)} active={active} show={show} />
      <div className="im-main">
        <Toolbar
          tool={tool}
          choose={pick}
          state={state}
          layout={layout}
          setLayout={relayout}
          window={(w) => pane()?.window(w)}
          acts={acts}
          mode={port?.mode ?? null}
        />
        {failed && (
          <div className="note" data-tone="red" role="alert">
            {t('imaging.engine_failed')}
          </div>
        )}
        <StudyNotes study={study} />
        {(study.lane || study.defects.length > 0 || first.warnings.length > 0) && (
          <div className="note" data-tone="amber" role="status">
            {[
              study.lane && t('imaging.in_quarantine'),
              study.defects.length > 0 && t('imaging.defects', { list: study.defects.join(', ') }),
              first.warnings.includes('laterality') && t('imaging.no_laterality'),
            ]
              .filter(Boolean)
              .join(' · ')}
          </div>
        )}
        <div className="im-grid" data-layout={layout}>
          {Array.from({ length: count }, (_, k) => {
            const h = hooks[k];
            return h ? (
              <Viewport
                key={k}
                index={k}
                port={port}
                hung={shown[k] ?? null}
                active={k === active}
                onActivate={h.activate}
                onPane={h.pane}
                onState={h.state}
              />
            ) : null;
          })}
        </div>
        <Measurements
          list={list}
          chosen={chosen ?? target?.id ?? null}
          choose={goTo}
          insert={insert}
          remove={drop}
          calibrate={(m, mm) => {
            const done = port?.calibrateByKnownLength(m.id, mm);
            if (done) notifications.show({ message: t('imaging.calibrated', { mm: mm.toFixed(1) }) });
          }}
          canInsert={canInsert}
        />
      </div>
    </div>
  );
}
