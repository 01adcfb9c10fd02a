// The left half of the reading page: strip, tools, panes, measurements.
import { notifications } from '@mantine/notifications';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { WorkItemDetail } from '../../api/types';
import { useWords } from '../../i18n';
import { useKeys } from '../../keys';
import type { ReportEditorHandle } from '../report';
import { imageKeys } from './bindings';
import { studyOf } from './fresh';
import { useKeyImages } from './keyImages';
import { Measurements } from './Measurements';
import type { KeyImage, StudyDetail } from './model';
import { shownKey, stateOf } from './model';
import { type Missing, Notes } from './Notes';
import { SeriesStrip } from './SeriesStrip';
import { SLABS, Toolbar } from './tools';
import { useCaret } from './useCaret';
import { MOST, useHanging } from './useHanging';
import { useLinks } from './useLinks';
import { useMpr } from './useMpr';
import { useSharedWindow } from './useSharedWindow';
import { useMeasurements, useViewer } from './useViewer';
import { askedTool, toolInHand } from './viewer/asked';
import { Layers } from './viewer/Layers';
import { EMPTY_STATE, MEASURING, type Measurement, type Pane, type PaneState, type ToolId } from './viewer/port';
import { Viewport } from './viewer/Viewport';
import { ANATOMIC } from './viewer/volume';
import { insertText } from './words';

interface Props {
  item: WorkItemDetail;
  study: StudyDetail;
  editor: React.RefObject<ReportEditorHandle | null>;
  canInsert: boolean;
}

/** Goes to a key image and shows it as it was seen when it was marked; false while the pane does not have it. */
function toKey(pane: Pane | null | undefined, k: KeyImage): boolean {
  const at = pane?.frames().findIndex((f) => f.instance.id === k.instance && f.frame === k.frame) ?? -1;
  if (!pane || at < 0) return false;
  pane.goto(at);
  const { center, width, invert } = k.view;
  if (center !== null && width !== null) pane.window({ center, width });
  if (pane.state().invert !== invert) pane.invert();
  return true;
}

/** The notice that a tool waits. */
const ASKED = 'imaging-asked';

export function Images({ item, study, editor, canInsert }: Props) {
  const { t } = useWords();
  const { port, failed } = useViewer(item.id);
  const list = useMeasurements(port);
  const hanging = useHanging(study);
  const { active, activate, count, layout, shown, seen } = hanging;
  const [tool, setTool] = useState<ToolId>('window');
  const [chosen, choose] = useState<string | null>(null);
  const [linked, link] = useState(false);
  const [solo, alone] = useState(false);
  const [agreed, agree] = useState(true);
  const [told, setStates] = useState<PaneState[]>(() => Array.from({ length: MOST }, () => EMPTY_STATE));
  // What a pane told of what it showed before says nothing of what hangs there now.
  const states = useMemo(() => told.map((s, k) => stateOf(shown[k] ?? null, s)), [told, shown]);
  const panes = useRef<(Pane | null)[]>(Array.from({ length: MOST }, () => null));
  const box = useRef<HTMLDivElement>(null);
  const state = states[active] ?? EMPTY_STATE;
  const pane = useCallback(() => panes.current[active] ?? null, [active]);
  const mpr = useMpr(port, hanging, (k) => stateOf(shown[k] ?? null, panes.current[k]?.state() ?? EMPTY_STATE));
  const links = useLinks(hanging, panes, states, linked);
  useSharedWindow(hanging, panes, state.window, linked);
  const keyImages = useKeyImages(study.id);

  const hooks = useMemo(
    () =>
      Array.from({ length: MOST }, (_, k) => ({
        pane: (p: Pane | null) => {
          panes.current[k] = p;
        },
        state: (s: PaneState) => setStates((was) => (was[k] === s ? was : was.map((old, at) => (at === k ? s : old)))),
        activate: () => activate(k),
      })),
    [activate],
  );

  // A measuring tool asked for while the image is still coming, or laid aside for it, is taken when it is there; on another series it
  // was not asked for.
  const asked = useRef<{ id: ToolId; on: string } | null>(null);
  const hung = shown[active];
  const inHand = hung ? `${active} ${shownKey(hung)}` : null;
  const pick = useCallback(
    (id: ToolId) => {
      const answer = askedTool(id, state, inHand !== null);
      asked.current = answer === 'wait' && inHand !== null ? { id, on: inHand } : null;
      if (answer === 'take') {
        notifications.hide(ASKED);
        setTool(id);
        port?.tool(id);
        return;
      }
      const message = answer === 'wait' ? t('imaging.tool_waits', { tool: t(`key.imaging.${id}`) }) : t('imaging.frame_failed');
      notifications.hide(ASKED);
      notifications.show({ id: ASKED, message, closeButtonProps: { 'aria-label': t('action.close') } });
    },
    [port, state, inHand, t],
  );
  useEffect(() => {
    const a = asked.current;
    if (a && a.on !== inHand) asked.current = null;
    else if (a && askedTool(a.id, state, true) !== 'wait') pick(a.id);
  }, [state, pick, inHand]);
  useEffect(() => {
    // Without the image nothing can be measured, so the measuring tool steps back.
    const becomes = inHand === null ? 'keep' : toolInHand(tool, state);
    if (becomes === 'keep') return;
    if (becomes === 'aside' && inHand !== null) asked.current = { id: tool, on: inHand };
    setTool('window');
    port?.tool('window');
  }, [state.status, state.diagnostic, tool, port, inHand]);

  // Where to go once a series has been opened for it, and how the image was seen.
  const wanted = useRef<KeyImage | null>(null);
  useEffect(() => {
    const w = wanted.current;
    if (w && state.status === 'ready' && toKey(panes.current[active], w)) wanted.current = null;
  }, [state, active]);

  const goTo = (m: Measurement) => {
    choose(m.id);
    port?.select(m.id);
    const at = shown.slice(0, count).findIndex((h) => h && shownKey(h) === m.series);
    if (at < 0) return;
    activate(at);
    // By the image itself: a series that is still coming in may have counted it otherwise.
    const frame = panes.current[at]?.frames().findIndex((f) => f.imageId === m.imageId) ?? -1;
    if (frame >= 0) panes.current[at]?.goto(frame);
  };
  const goToKey = (k: KeyImage) => {
    const at = shown.slice(0, count).findIndex((h) => h && !h.cut && h.series.id === k.series);
    const series = study.series.find((s) => s.id === k.series);
    wanted.current = null;
    if (at >= 0) {
      activate(at);
      // An image that has been hidden meanwhile is not among them: another one must not stand for it.
      if (!toKey(panes.current[at], k)) wanted.current = k;
    } else if (series) {
      wanted.current = k;
      hanging.show({ study, series, prior: false, start: 0 });
    } else notifications.show({ message: t('imaging.key_gone'), closeButtonProps: { 'aria-label': t('action.close') } });
  };
  const focusViewer = useCallback(() => box.current?.querySelectorAll<HTMLElement>('.im-view')[active]?.focus(), [active]);
  const target = list.find((m) => m.id === chosen) ?? list[list.length - 1] ?? null;
  const atHand = shown.slice(0, count).flatMap((h) => (h ? [h.study] : []));
  const measured = list.flatMap((m) => studyOf(m, seen) ?? []);
  // What has left every study that was looked at belongs to somebody else now.
  const mayInsert = (m: Measurement) => canInsert && agreed && studyOf(m, seen) !== null;
  const insert = (m: Measurement | null) => {
    if (!m || !mayInsert(m)) return;
    editor.current?.insert(insertText(t, m));
    // The next measurement follows more often than the next word; Esc and F6 go the other way.
    requestAnimationFrame(focusViewer);
  };
  const drop = (m: Measurement | null) => {
    if (!m) return;
    port?.remove(m.id);
    choose(null);
  };
  const shownHung = shown[active] ?? null;
  const canMark = canInsert && !!shownHung && !shownHung.prior && !shownHung.cut && state.diagnostic;
  const missing = shown.slice(0, count).flatMap((h, k): Missing[] => {
    const gaps = states[k]?.gaps ?? [];
    return h && gaps.length > 0 ? [{ series: h.series.number, gaps }] : [];
  });
  const toggleSolo = () => count > 1 && alone((on) => !on);
  useEffect(() => alone(false), [layout]);
  const mark = () => {
    if (canMark) keyImages.toggle(pane()?.state() ?? state);
  };

  const acts = {
    invert: () => pane()?.invert(),
    flip: () => pane()?.flip('h'),
    left: () => pane()?.rotate(-90),
    right: () => pane()?.rotate(90),
    fit: () => pane()?.fit(),
    actual: () => pane()?.actual(),
    reset: () => pane()?.reset(),
    cine: () => pane()?.cine(!state.playing),
    link: () => link((on) => !on),
    mark,
    mpr: mpr.toggle,
  };
  useKeys(
    'imaging',
    imageKeys({
      pick,
      pane,
      state,
      stepSeries: hanging.stepSeries,
      relayout: (l) => layout !== 'mpr' && hanging.relayout(l),
      byRule: () => layout !== 'mpr' && hanging.byRule(),
      nextPane: () => activate((active + 1) % count),
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
      link: acts.link,
      mark,
      mpr: mpr.toggle,
      solo: toggleSolo,
      slab: () => {
        const at = SLABS.findIndex((s) => s.mode === mpr.slab.mode && s.mm === mpr.slab.mm);
        mpr.setSlab(SLABS[(at + 1) % SLABS.length] ?? mpr.slab);
      },
    }),
  );

  // After the viewer's own keys: while the caret is out, the arrows are its.
  const caret = useCaret(port, state, tool);

  const names = layout === 'mpr' ? ANATOMIC.map((name) => t(`imaging.cut.${name}`)) : [];
  return (
    <div className="im" ref={box}>
      <SeriesStrip
        study={study}
        order={hanging.order}
        shown={shown.slice(0, count)}
        active={active}
        show={hanging.show}
        keyImages={keyImages}
        goToKey={goToKey}
        canMark={canInsert}
      />
      <div className="im-main">
        <Toolbar
          tool={tool}
          choose={pick}
          state={state}
          modality={shownHung?.series.modality ?? study.modality}
          layout={layout}
          setLayout={hanging.relayout}
          byRule={hanging.byRule}
          window={(w) => pane()?.window(w)}
          acts={acts}
          linked={linked}
          marked={!!keyImages.of(state)}
          canMark={canMark}
          mpr={mpr}
          study={shownHung?.study.id ?? study.id}
          patient={item.patient.name}
        />
        <Notes
          item={item}
          study={study}
          others={[...new Map([...measured, ...atHand].map((s) => [s.id, s])).values()]}
          failed={failed}
          missing={missing}
          mpr={mpr.state}
          keyFailed={keyImages.failed}
          agreed={agree}
        />
        <div className="im-grid" data-layout={layout} data-solo={solo || undefined}>
          {hooks.slice(0, count).map((h, k) => {
            const s = states[k] ?? EMPTY_STATE;
            return (
              <Viewport
                // a pane is its place
                key={k}
                index={k}
                port={port}
                hung={shown[k] ?? null}
                active={k === active}
                onActivate={h.activate}
                onSolo={() => !MEASURING.has(tool) && toggleSolo()}
                onPane={h.pane}
                onState={h.state}
                turn={mpr.turn}
                keyImage={!!keyImages.of(s)}
              >
                <Layers
                  pane={panes.current[k] ?? null}
                  state={s}
                  tool={tool}
                  lines={links.lines(k)}
                  names={names}
                  spot={links.spot(k)}
                  caret={k === active ? caret : null}
                  locate={(p) => links.locate(k, p)}
                />
              </Viewport>
            );
          })}
          {mpr.state.phase === 'loading' && (
            <div className="im-progress" role="status">
              {t('imaging.mpr.loading', { n: mpr.state.done, total: mpr.state.total || '–' })}
            </div>
          )}
        </div>
        <Measurements
          list={list}
          chosen={chosen ?? target?.id ?? null}
          choose={goTo}
          insert={insert}
          remove={drop}
          calibrate={(m, mm) => {
            const done = port?.calibrateByKnownLength(m.id, mm);
            const message = done ? t('imaging.calibrated', { mm: mm.toFixed(1) }) : t('imaging.calibrate_axis');
            notifications.show({ message, closeButtonProps: { 'aria-label': t('action.close') } });
          }}
          uncalibrate={(m) => port?.uncalibrate(m.id)}
          canInsert={mayInsert}
          mode={port?.mode ?? null}
        />
      </div>
    </div>
  );
}
