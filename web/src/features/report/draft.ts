// The draft of an open report: saved five seconds after the first change or at 200 changed characters, never over somebody else's
// text, and never lost: until the server has it, the text also stands in this tab's session storage.
import { useCallback, useEffect, useRef, useState } from 'react';
import { Fault, put } from '../../api/client';
import type { Draft, Person, Sections, WorkItemDetail } from '../../api/types';
import { changedBy, sameText } from './model';

const AUTOSAVE_MS = 5_000;
const AUTOSAVE_CHARACTERS = 200;

export type SaveState =
  | { kind: 'clean' }
  | { kind: 'dirty' }
  | { kind: 'saving' }
  | { kind: 'saved'; at: number; version: number }
  | { kind: 'offline'; error: unknown }
  | { kind: 'conflict' };

export interface Conflict {
  code: 'stale' | 'lease_lost' | 'buffer';
  mine: Sections;
  theirs: Sections;
  holder: Person | null;
  theirVersion: number;
  author: Person | null;
  savedAt: number | null;
}

interface Buffer {
  account: string;
  sections: Sections;
  version: number;
  at: number;
}
const prefix = (item: string) => `yg.draft.${item}.`;

function readBuffer(item: string, account: string): { epoch: number; buffer: Buffer } | null {
  for (let i = 0; i < sessionStorage.length; i += 1) {
    const key = sessionStorage.key(i);
    if (!key?.startsWith(prefix(item))) continue;
    try {
      const buffer = JSON.parse(sessionStorage.getItem(key) ?? '') as Buffer;
      if (buffer.account === account) return { epoch: Number(key.slice(prefix(item).length)), buffer };
    } catch {
      // A damaged entry holds nothing that could be shown.
    }
    sessionStorage.removeItem(key);
  }
  return null;
}

export function clearBuffer(item: string): void {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(prefix(item))) sessionStorage.removeItem(key);
}

interface CurrentDraft {
  epoch?: number;
  holder?: Person | null;
  draft?: Draft | null;
}

export function useDraft(
  item: WorkItemDetail,
  account: string,
  writable: boolean,
  lost: boolean,
  tellLost: (holder: Person | null) => void,
) {
  const [sections, setSections] = useState<Sections>(item.draft?.sections ?? {});
  const [state, setState] = useState<SaveState>(
    item.draft ? { kind: 'saved', at: item.draft.saved_at, version: item.draft.version } : { kind: 'clean' },
  );
  const [conflict, setConflict] = useState<Conflict | null>(null);
  const [restoredAt, setRestoredAt] = useState<number | null>(null);
  const text = useRef<Sections>(sections);
  const saved = useRef<Sections>(item.draft?.sections ?? {});
  const version = useRef(item.draft?.version ?? 0);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const flight = useRef<Promise<void> | null>(null);
  const stopped = useRef(!writable);
  const retryMs = useRef(AUTOSAVE_MS);
  const parting = useRef(false);
  stopped.current = !writable || conflict !== null;

  const keepBuffer = useCallback(() => {
    const buffer: Buffer = { account, sections: text.current, version: version.current, at: Date.now() };
    sessionStorage.setItem(prefix(item.id) + item.epoch, JSON.stringify(buffer));
  }, [account, item.id, item.epoch]);

  const save = useCallback(async (): Promise<void> => {
    clearTimeout(timer.current);
    timer.current = undefined;
    if (flight.current) await flight.current;
    if ((stopped.current && !parting.current) || !item.report || sameText(text.current, saved.current)) return;
    parting.current = false;
    const sent = text.current;
    setState({ kind: 'saving' });
    const run = (async () => {
      try {
        const answer = await put<{ version: number; saved_at: number }>(
          `/api/reports/${item.report}/draft`,
          { item: item.id, epoch: item.epoch, sections: sent },
          { 'If-Match': `"${version.current}"` },
        );
        version.current = answer.version;
        saved.current = sent;
        retryMs.current = AUTOSAVE_MS;
        if (sameText(sent, text.current)) {
          clearBuffer(item.id);
          setState({ kind: 'saved', at: answer.saved_at, version: answer.version });
        } else {
          setState({ kind: 'dirty' });
          timer.current = setTimeout(() => void save(), AUTOSAVE_MS);
        }
      } catch (error) {
        keepBuffer();
        if (error instanceof Fault && error.status === 412) {
          takeConflict(error);
          return;
        }
        setState({ kind: 'offline', error });
        retryMs.current = Math.min(30_000, retryMs.current * 1.6);
        timer.current = setTimeout(() => void save(), retryMs.current);
      }
    })();
    flight.current = run;
    await run;
    flight.current = null;
  }, [item.report, item.id, item.epoch, keepBuffer]);

  const takeConflict = useCallback(
    (error: Fault) => {
      const current = (error.problem.current ?? {}) as CurrentDraft;
      const lost = error.code === 'lease_lost';
      setState({ kind: 'conflict' });
      setConflict({
        code: lost ? 'lease_lost' : 'stale',
        mine: text.current,
        theirs: current.draft?.sections ?? {},
        holder: current.holder ?? null,
        theirVersion: current.draft?.version ?? version.current,
        author: current.draft?.author ?? null,
        savedAt: current.draft?.saved_at ?? null,
      });
      keepBuffer();
      if (lost) tellLost(current.holder ?? null);
    },
    [keepBuffer, tellLost],
  );

  const change = useCallback(
    (next: Sections) => {
      if (stopped.current) return;
      text.current = next;
      setSections(next);
      keepBuffer();
      setState((s) => (s.kind === 'offline' ? s : { kind: 'dirty' }));
      if (changedBy(saved.current, next) >= AUTOSAVE_CHARACTERS && !flight.current) void save();
      else timer.current ??= setTimeout(() => void save(), AUTOSAVE_MS);
    },
    [keepBuffer, save],
  );

  // Text that this tab could not save earlier: same epoch and version, it is simply newer; otherwise both are shown.
  useEffect(() => {
    const found = readBuffer(item.id, account);
    if (!found) return;
    const server = item.draft?.sections ?? {};
    if (sameText(found.buffer.sections, server)) {
      clearBuffer(item.id);
      return;
    }
    if (found.epoch === item.epoch && found.buffer.version === (item.draft?.version ?? 0) && writable) {
      text.current = found.buffer.sections;
      setSections(found.buffer.sections);
      setState({ kind: 'dirty' });
      setRestoredAt(found.buffer.at);
      timer.current ??= setTimeout(() => void save(), 500);
    } else {
      setConflict({
        code: 'buffer',
        mine: found.buffer.sections,
        theirs: server,
        holder: null,
        theirVersion: item.draft?.version ?? 0,
        author: item.draft?.author ?? null,
        savedAt: item.draft?.saved_at ?? null,
      });
    }
    // Only when an item is opened, not on each refetch of it.
  }, [item.id, item.epoch]);

  useEffect(() => {
    const hidden = () => {
      if (document.visibilityState === 'hidden') void save();
    };
    const leaving = (event: BeforeUnloadEvent) => {
      if (!sameText(text.current, saved.current) && !stopped.current) event.preventDefault();
    };
    document.addEventListener('visibilitychange', hidden);
    window.addEventListener('beforeunload', leaving);
    return () => {
      document.removeEventListener('visibilitychange', hidden);
      window.removeEventListener('beforeunload', leaving);
      void save();
      clearTimeout(timer.current);
    };
  }, [save]);

  // The lease went to somebody else while text was still unsaved: it is sent once more. The server refuses it and keeps it as a lost
  // draft, so that the next reader can find it even when this tab is closed.
  useEffect(() => {
    if (!lost || conflict !== null || sameText(text.current, saved.current)) return;
    parting.current = true;
    void save();
  }, [lost, conflict, save]);

  /** Puts a conflict away: `mine` goes on over the newer version, `theirs` replaces the text; the other one stays on the server as a lost draft. */
  const resolve = useCallback(
    (which: 'mine' | 'theirs') => {
      if (!conflict) return;
      version.current = conflict.theirVersion;
      saved.current = conflict.theirs;
      const next = which === 'mine' ? conflict.mine : conflict.theirs;
      text.current = next;
      setSections(next);
      setConflict(null);
      stopped.current = !writable;
      if (which === 'theirs') clearBuffer(item.id);
      setState({ kind: which === 'mine' ? 'dirty' : 'clean' });
      if (which === 'mine') timer.current = setTimeout(() => void save(), 300);
    },
    [conflict, item.id, save, writable],
  );

  /** Waits for a save under way and holds further ones; gives the text that is to be submitted. */
  const settle = useCallback(async (): Promise<Sections> => {
    clearTimeout(timer.current);
    timer.current = undefined;
    if (flight.current) await flight.current;
    return text.current;
  }, []);

  /** After the server has taken the report: nothing of it stays in this tab. */
  const finish = useCallback(() => {
    clearTimeout(timer.current);
    saved.current = text.current;
    clearBuffer(item.id);
  }, [item.id]);

  return { sections, change, state, conflict, resolve, save, settle, finish, takeConflict, restoredAt, current: text };
}
