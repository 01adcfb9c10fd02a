// Which series stands in which pane, how many panes there are, and which of them the keys act on.
import { useQueries } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { Fault } from '../../api/client';
import { refreshed } from './fresh';
import { type Hung, type StudyDetail, type StudySeries, shownKey } from './model';
import { studyQuery } from './SeriesStrip';
import { chooseLayout, chosenLayout, hang, hasImages, type Layout, orderSeries, panesOf, startOf } from './viewer/hanging';

export const MOST = 4;

export interface Hanging {
  layout: Layout;
  count: number;
  shown: readonly (Hung | null)[];
  /** The study that is read, and every other one that was in a pane during this reading, as they are now. */
  seen: readonly StudyDetail[];
  active: number;
  /** Series with images, in the order of the strip. */
  order: StudySeries[];
  activate: (k: number) => void;
  /** Puts a series into the active pane; a prior goes beside what is being read. */
  show: (h: Hung, prior?: boolean) => void;
  relayout: (l: Layout) => void;
  /** Back to what the rules say for such studies. */
  byRule: () => void;
  stepSeries: (delta: number) => void;
  /** Replaces everything (MPR in and out). */
  put: (layout: Layout, shown: readonly (Hung | null)[], active: number) => void;
}

/** Names what stands where; it stays the same when only what is known of a study has changed. */
export const placesOf = (h: Hanging): string =>
  h.shown
    .slice(0, h.count)
    .map((x) => (x ? shownKey(x) : ''))
    .join('|');

interface Others {
  studies: StudyDetail[];
  /** May not be seen any more. */
  gone: string[];
}

/** A study that may not be seen any more is none; a line that is down says nothing. */
function loaded(answers: readonly { data: StudyDetail | undefined; error: Error | null }[]): Others {
  const barred = (a: { error: Error | null }): boolean => a.error instanceof Fault && [403, 404].includes(a.error.status);
  return {
    studies: answers.flatMap((a) => (a.data && !barred(a) ? [a.data] : [])),
    gone: answers.flatMap((a) => (a.data && barred(a) ? [a.data.id] : [])),
  };
}

const filled = (list: readonly (Hung | null)[]): (Hung | null)[] => Array.from({ length: MOST }, (_, k) => list[k] ?? null);

function byRules(study: StudyDetail) {
  const h = hang(study.modality, study.body_part, study.series);
  const panes = h.panes.map((p): Hung | null => (p ? { study, prior: false, ...p } : null));
  return { ...h, panes: filled(panes) };
}

/** What a study opens with: the layout a reader chose for such studies, else the rules'. */
export function opening(study: StudyDetail) {
  const first = byRules(study);
  return { ...first, layout: chosenLayout(study.modality, study.body_part) ?? first.layout };
}

export function useHanging(study: StudyDetail): Hanging {
  // The hanging is decided once, when the study opens; images that arrive later join the strip.
  const [first] = useState(() => opening(study));
  const [layout, setLayout] = useState<Layout>(first.layout);
  const [put, setShown] = useState<readonly (Hung | null)[]>(() => first.panes);
  // What was hung is a choice; whose images they are and which are there is asked for anew as long as they stand here.
  const [others, note] = useState<readonly string[]>([]);
  useEffect(() => {
    const now = put.flatMap((h) => (h && h.study.id !== study.id ? [h.study.id] : []));
    note((was) => (now.every((id) => was.includes(id)) ? was : [...new Set([...was, ...now])]));
  }, [put, study.id]);
  const { studies, gone } = useQueries({ queries: others.map(studyQuery), combine: loaded });
  const seen = useMemo(() => [study, ...studies], [study, studies]);
  const shown = useMemo(() => put.map((h) => h && refreshed(h, seen, gone)), [put, seen, gone]);
  const [active, setActive] = useState(0);
  const order = useMemo(() => orderSeries(study.series.filter(hasImages)), [study.series]);
  const count = panesOf(layout);

  // A study opened before its first image arrived fills its first pane when one comes.
  useEffect(() => {
    const s = order[0];
    if (s && shown.every((h) => !h)) setShown(filled([{ study, series: s, prior: false, start: startOf(s.modality) }]));
  }, [order, shown, study]);

  const show = useCallback(
    (h: Hung, prior = false) => {
      let target = active;
      if (prior && count === 1) {
        setLayout('1x2');
        target = 1;
      } else if (prior && active === 0) target = 1;
      setShown((was) => was.map((old, k) => (k === target ? h : old)));
      setActive(target);
    },
    [active, count],
  );

  const arrange = (l: Layout) => {
    setLayout(l);
    if (active >= panesOf(l)) setActive(0);
    // Panes that appear take the next series nobody shows yet.
    setShown((was) => {
      const used = new Set(was.slice(0, panesOf(l)).map((h) => h?.series.id));
      const free = order.filter((s) => !used.has(s.id));
      return was.map((h, k) => {
        if ((h && shown[k]) || k >= panesOf(l)) return h;
        const s = free.shift();
        return s ? { study, series: s, prior: false, start: startOf(s.modality) } : null;
      });
    });
  };

  return {
    layout,
    count,
    shown,
    seen,
    active,
    order,
    activate: setActive,
    show,
    relayout: (l) => {
      chooseLayout(study.modality, study.body_part, l);
      arrange(l);
    },
    byRule: () => {
      chooseLayout(study.modality, study.body_part, null);
      const again = byRules(study);
      setLayout(again.layout);
      setShown(again.panes);
      setActive(0);
    },
    stepSeries: (delta) => {
      const now = shown[active];
      const first = order[0];
      if (!now && first) show({ study, series: first, prior: false, start: startOf(first.modality) });
      const all = now?.prior ? orderSeries(now.study.series.filter(hasImages)) : order;
      const s = all[all.findIndex((x) => x.id === now?.series.id) + delta];
      if (s && now && !now.cut)
        show({ study: now.study, series: s, prior: now.prior, ...(now.later ? { later: true } : {}), start: startOf(s.modality) });
    },
    put: (l, list, at) => {
      setLayout(l);
      setShown(filled(list));
      setActive(at);
    },
  };
}
