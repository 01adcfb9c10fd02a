// The report beside the images: sections, templates, phrases, autosave, checks, and the ways out of an item. Keyboard first:
// Tab walks the placeholders, Ctrl+Enter submits or signs, Ctrl+K critical, Ctrl+B back to the clinic, F8 next, F9 skip.
import { Button, Checkbox, Menu, Select } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { useCallback, useImperativeHandle, useMemo, useRef, useState } from 'react';
import { Fault, get, post, query } from '../../api/client';
import type { Alert, Check, Phrase, Sections, Template, TextSection } from '../../api/types';
import { useWords } from '../../i18n';
import { useKeys } from '../../keys';
import { Keys, Tag, usePersonName } from '../../ui/bits';
import { DiffText } from '../../ui/DiffText';
import { hourMinute } from '../../ui/format';
import { FaultNote } from '../../ui/State';
import { CallDialog, RaiseDialog } from '../critical';
import { useReauth, useSession } from '../session';
import { ReauthCancelled } from '../session/Reauth';
import { useLease } from '../worklist';
import { ConflictScreen } from './ConflictScreen';
import { ConfirmChecks, ReturnDialog, SendBackDialog, SkipDialog } from './dialogs';
import { useDraft } from './draft';
import { History } from './History';
import { applyTemplate, checks as localChecks, ORDER, phraseAt, placeholder, withStatements } from './model';
import type { ReportEditorProps } from './port';
import { SaveMark } from './SaveMark';

type Dialog = 'critical' | 'return' | 'send_back' | 'skip' | null;
type Leave = 'next' | 'list';

export function ReportEditor({ item, onDone, insertRef, onSections }: ReportEditorProps) {
  const { t, pick, has } = useWords();
  const session = useSession();
  const lease = useLease();
  const person = usePersonName();
  const { withReauth, dialog: reauthDialog } = useReauth();
  const may = item.may;
  const writable = lease.held && (may.write || may.sign || may.submit);
  const draft = useDraft(item, session.account.id, writable, lease.tellLost);
  const { sections } = draft;
  const names = ORDER[item.pipeline];
  const areas = useRef(new Map<TextSection, HTMLTextAreaElement>());
  const lastUsed = useRef<TextSection>(names.includes('findings') ? 'findings' : (names[0] ?? 'comment'));
  const [dialog, open] = useState<Dialog>(null);
  const [calling, call] = useState<Alert | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [asked, ask] = useState<{ checks: Check[]; then: Leave } | null>(null);
  const [beforeTemplate, keepBefore] = useState<Sections | null>(null);
  const [comparing, compare] = useState(false);
  const original = useRef<Sections>(item.draft?.sections ?? {});

  const templates = useQuery({
    queryKey: ['template', item.pipeline, item.modality, item.body_part],
    queryFn: () =>
      get<Template[]>(`/api/templates${query({ pipeline: item.pipeline, modality: item.modality, body_part: item.body_part })}`),
    staleTime: 600_000,
  });
  const phrases = useQuery({
    queryKey: ['phrase', item.pipeline],
    queryFn: () => get<Phrase[]>(`/api/phrases${query({ pipeline: item.pipeline })}`),
    staleTime: 600_000,
  });

  const change = useCallback(
    (next: Sections) => {
      draft.change(next);
      onSections?.(next);
    },
    [draft.change, onSections],
  );

  /** Types into a section as the keyboard would, so the browser's own undo keeps working. */
  const typeInto = useCallback(
    (name: TextSection, text: string, span?: { from: number; to: number }) => {
      const area = areas.current.get(name);
      if (!area || area.readOnly) return;
      area.focus();
      if (span) area.setSelectionRange(span.from, span.to);
      if (!document.execCommand('insertText', false, text)) {
        area.setRangeText(text, area.selectionStart, area.selectionEnd, 'end');
        change({ ...draft.current.current, [name]: area.value });
      }
    },
    [change, draft.current],
  );

  useImperativeHandle(
    insertRef,
    () => ({
      insert: (text, section) => typeInto(section ?? lastUsed.current, text),
      setStatements: (list) => change(withStatements(draft.current.current, list)),
      focus: () => areas.current.get(lastUsed.current)?.focus(),
    }),
    [typeInto, change, draft.current],
  );

  const selectPlaceholder = (from: TextSection, caret: number, back: boolean): boolean => {
    const list = back ? [...names].reverse() : names;
    const at = list.indexOf(from);
    for (const name of list.slice(at)) {
      const area = areas.current.get(name);
      if (!area) continue;
      const start = name === from ? caret : back ? area.value.length : 0;
      const hit = placeholder(area.value, start, back);
      if (hit) {
        area.focus();
        area.setSelectionRange(hit.from, hit.to);
        return true;
      }
    }
    return false;
  };

  const onTextKey = (name: TextSection) => (event: React.KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    const area = event.currentTarget;
    if (event.key === ' ' || event.key === 'Tab') {
      const hit = area.selectionStart === area.selectionEnd ? phraseAt(area.value, area.selectionStart, phrases.data ?? [], name) : null;
      if (hit && !event.shiftKey) {
        event.preventDefault();
        typeInto(name, hit.phrase.text, hit.span);
        return;
      }
    }
    if (event.key === 'Tab') {
      const caret = event.shiftKey ? area.selectionStart : area.selectionEnd;
      if (selectPlaceholder(name, caret, event.shiftKey)) event.preventDefault();
    }
  };

  const useTemplate = (id: string | null) => {
    const template = templates.data?.find((x) => x.id === id);
    if (!template) return;
    keepBefore(draft.current.current);
    change(applyTemplate(draft.current.current, template.sections, names));
    requestAnimationFrame(() => {
      const first = names[0];
      if (first && !selectPlaceholder(first, 0, false)) areas.current.get(lastUsed.current)?.focus();
    });
  };

  // An untouched report is not yet wrong: empty sections are named once something is written, and always when it is handed in.
  const begun = names.some((n) => (sections[n] ?? '').trim() !== '');
  const found = useMemo(
    () => (begun ? localChecks(sections, item.pipeline, item.patient.sex) : []),
    [begun, sections, item.pipeline, item.patient.sex],
  );
  const main: 'sign' | 'submit' | null = may.sign ? 'sign' : may.submit ? 'submit' : null;

  const run = async (work: () => Promise<void>) => {
    if (busy) return;
    setBusy(true);
    setError(null);
    try {
      await work();
    } catch (e) {
      if (e instanceof ReauthCancelled) return;
      if (e instanceof Fault && e.status === 412) draft.takeConflict(e);
      else setError(e);
    } finally {
      setBusy(false);
    }
  };

  const hand = (then: Leave, confirmed = false) =>
    run(async () => {
      if (!main || !writable || !item.report) return;
      const text = await draft.settle();
      const block = localChecks(text, item.pipeline, item.patient.sex).filter((c) => c.level === 'block');
      if (block.length) {
        ask({ checks: block, then });
        return;
      }
      const body = { item: item.id, epoch: lease.epoch || item.epoch, sections: text, confirm: confirmed || undefined };
      try {
        if (main === 'sign') await withReauth(() => post(`/api/reports/${item.report}/sign`, body));
        else await post(`/api/reports/${item.report}/submit`, body);
      } catch (e) {
        if (e instanceof Fault && e.status === 422 && e.code === 'checks') {
          ask({ checks: (e.problem.current as { checks?: Check[] } | undefined)?.checks ?? [], then });
          return;
        }
        throw e;
      }
      draft.finish();
      notifications.show({
        color: 'green',
        message: t(main === 'sign' ? 'report.signed' : 'report.submitted', { name: item.patient.name }),
      });
      onDone(main === 'sign' ? 'signed' : 'submitted', then);
    });

  const preliminary = () =>
    run(async () => {
      const text = await draft.settle();
      const answer = await withReauth(() =>
        post<{ n: number }>(`/api/reports/${item.report}/preliminary`, { item: item.id, epoch: lease.epoch || item.epoch, sections: text }),
      );
      notifications.show({ color: 'green', message: t('report.prelim_done', { n: answer.n }) });
    });

  const release = () =>
    run(async () => {
      await draft.save();
      await post(`/api/work/${item.id}/release`, { epoch: lease.epoch || item.epoch });
      onDone('released', 'list');
    });
  const cancelAmend = () =>
    run(async () => {
      await post(`/api/reports/${item.report}/amend/cancel`, { item: item.id, epoch: lease.epoch || item.epoch });
      draft.finish();
      onDone('cancelled', 'list');
    });

  const amending = item.report_state === 'amending';
  const mayRaise = may.raise_critical;
  const mayReturn = may.return && writable && !amending;
  useKeys('report', [
    { id: 'report.hand', keys: 'ctrl+enter', inText: true, on: Boolean(main) && writable, run: () => void hand('next') },
    { id: 'report.hand_next', keys: 'f8', inText: true, on: Boolean(main) && writable, run: () => void hand('next') },
    { id: 'report.hand_exit', keys: 'alt+f8', inText: true, on: Boolean(main) && writable, run: () => void hand('list') },
    { id: 'report.skip', keys: 'f9', inText: true, on: writable && !amending, run: () => open('skip') },
    { id: 'report.critical', keys: 'ctrl+k', inText: true, on: mayRaise, run: () => open('critical') },
    { id: 'report.return', keys: 'ctrl+b', inText: true, on: mayReturn, run: () => open('return') },
    { id: 'report.save', keys: 'ctrl+s', inText: true, on: writable, run: () => void draft.save() },
    { id: 'report.write', keys: 'f2', inText: true, run: () => areas.current.get(lastUsed.current)?.focus() },
    { id: 'report.compare', keys: 'alt+d', inText: true, on: item.tier === 'audit', run: () => compare((c) => !c) },
  ]);

  if (draft.conflict)
    return <ConflictScreen item={item} conflict={draft.conflict} resolve={draft.resolve} leave={() => onDone('released', 'list')} />;

  const other =
    item.draft && !item.draft.mine && item.tier === 'write' && writable && item.draft.author.id !== session.account.id ? item.draft : null;
  const alert = item.alerts.find((a) => a.state !== 'closed');
  return (
    <section className="editor" aria-label={t('report.editor')}>
      <div className="editor-head">
        <Select
          aria-label={t('report.template')}
          placeholder={templates.isError ? t('report.template_none') : t('report.template')}
          data={(templates.data ?? []).map((x) => ({ value: x.id, label: x.name }))}
          value={null}
          onChange={useTemplate}
          searchable
          disabled={!writable || !templates.data?.length}
          nothingFoundMessage={t('report.template_none')}
          className="grow"
        />
        {beforeTemplate && (
          <Button
            variant="default"
            onClick={() => {
              change(beforeTemplate);
              keepBefore(null);
            }}
          >
            {t('report.template_undo')}
          </Button>
        )}
        <Menu position="bottom-end" withinPortal>
          <Menu.Target>
            <Button variant="default">{t('report.more')}</Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item disabled={!writable || amending} onClick={() => void release()}>
              {t('report.release')}
            </Menu.Item>
            <Menu.Item disabled={!writable || amending} onClick={() => open('skip')} rightSection={<Keys keys="f9" />}>
              {t('report.skip')}
            </Menu.Item>
            {amending && (
              <Menu.Item disabled={!writable} onClick={() => void cancelAmend()}>
                {t('report.amend_cancel')}
              </Menu.Item>
            )}
            {may.preliminary && (
              <Menu.Item disabled={!writable} onClick={() => void preliminary()}>
                {t('report.prelim')}
              </Menu.Item>
            )}
          </Menu.Dropdown>
        </Menu>
      </div>

      <div className="editor-body">
        {alert && (
          <div className="note row wrap" data-tone="red" style={{ flex: 'none' }}>
            <Tag tone={alert.level === 'red' ? 'red' : 'orange'} fill={alert.level === 'red'}>
              {t(`critical.${alert.level}`)}
            </Tag>
            <span className="grow">
              {alert.finding} {alert.value} · {t(`critical.state.${alert.state}`)}
            </span>
            {mayRaise && alert.acked_at === null && (
              <Button size="compact-xs" variant="default" onClick={() => call(alert)}>
                {t('critical.call')}
              </Button>
            )}
          </div>
        )}
        {item.send_back_comment && (
          <div className="note" data-tone="amber" style={{ flex: 'none' }}>
            <strong>{t('report.sent_back')}</strong> {item.send_back_comment}
          </div>
        )}
        {other && (
          <OtherDraft
            text={t('report.other_draft', { name: person(other.author), at: hourMinute(other.saved_at) })}
            discard={() => change({})}
            adoptWord={t('report.adopt')}
            discardWord={t('report.discard')}
          />
        )}
        {draft.restoredAt !== null && (
          <div className="note" data-tone="amber" style={{ flex: 'none' }} role="status">
            {t('report.restored', { at: hourMinute(draft.restoredAt) })}
          </div>
        )}
        {names.map((name) => (
          <div key={name} className="editor-section" data-name={name}>
            <div className="row" style={{ justifyContent: 'space-between' }}>
              <label htmlFor={`section-${name}`} className="label">
                {t(`section.${name}`)}
              </label>
              {name === 'impression' && (
                <Checkbox
                  label={t('report.positive')}
                  checked={sections.positive ?? false}
                  disabled={!writable}
                  onChange={(e) => change({ ...draft.current.current, positive: e.currentTarget.checked })}
                />
              )}
            </div>
            {comparing ? (
              <div className="editor-text scroll" style={{ minHeight: 48 }}>
                <DiffText from={original.current[name] ?? ''} to={sections[name] ?? ''} />
              </div>
            ) : (
              <textarea
                id={`section-${name}`}
                ref={(el) => {
                  if (el) areas.current.set(name, el);
                  else areas.current.delete(name);
                }}
                className="editor-text"
                value={sections[name] ?? ''}
                readOnly={!writable}
                spellCheck={false}
                onFocus={() => {
                  lastUsed.current = name;
                }}
                onChange={(e) => change({ ...draft.current.current, [name]: e.currentTarget.value })}
                onKeyDown={onTextKey(name)}
              />
            )}
          </div>
        ))}
        {writable && found.length > 0 && (
          <ul className="editor-checks" aria-label={t('report.checks')}>
            {found.map((c) => (
              <li key={c.code + c.section} className={c.level === 'block' ? 'tone-amber' : 'tone-orange'}>
                <button
                  type="button"
                  className="link"
                  onClick={() => {
                    const area = areas.current.get(c.section as TextSection);
                    area?.focus();
                    if (c.code === 'leftover' && area) selectPlaceholder(c.section as TextSection, 0, false);
                  }}
                >
                  {has(`section.${c.section}`) ? t(`section.${c.section}`) : ''}: {pick(c.text_zh, c.text_en)}
                </button>
              </li>
            ))}
          </ul>
        )}
        <History item={item} insert={writable ? (text) => typeInto(lastUsed.current, text) : undefined} />
      </div>

      <footer className="editor-foot">
        <div className="row" style={{ minHeight: 20 }}>
          <SaveMark state={draft.state} writable={writable} retry={() => void draft.save()} />
          <span className="grow" />
          {item.tier === 'audit' && (
            <Button size="compact-xs" variant={comparing ? 'light' : 'subtle'} aria-pressed={comparing} onClick={() => compare(!comparing)}>
              {t('report.compare')}
            </Button>
          )}
        </div>
        {error !== null && <FaultNote error={error} />}
        <div className="row">
          {mayRaise && (
            <Button variant="outline" color="red" onClick={() => open('critical')} px={8}>
              {t('report.critical')}
              <Keys keys="ctrl+k" />
            </Button>
          )}
          {mayReturn && (
            <Button variant="default" onClick={() => open('return')} px={8}>
              {t('report.return')}
              <Keys keys="ctrl+b" />
            </Button>
          )}
          {may.send_back && writable && (
            <Button variant="default" onClick={() => open('send_back')} px={8}>
              {t('report.send_back')}
            </Button>
          )}
          <span className="grow" />
          {main && (
            <Button loading={busy} disabled={!writable} onClick={() => void hand('next')} px={10}>
              {t(main === 'sign' ? 'report.sign' : 'report.submit')}
              <Keys keys={main === 'sign' ? 'f8' : 'ctrl+enter'} />
            </Button>
          )}
        </div>
      </footer>

      {dialog === 'critical' && (
        <RaiseDialog
          item={item.id}
          suggestion={sections.positive ? ((sections.impression ?? '').split('\n')[0] ?? '') : ''}
          close={() => open(null)}
          raised={(a) => {
            open(null);
            if (a.level === 'red') call(a);
          }}
        />
      )}
      {dialog === 'return' && (
        <ReturnDialog
          item={item}
          epoch={lease.epoch || item.epoch}
          close={() => open(null)}
          done={() => onDone('returned', 'next')}
          before={draft.save}
        />
      )}
      {dialog === 'send_back' && (
        <SendBackDialog
          item={item}
          epoch={lease.epoch || item.epoch}
          close={() => open(null)}
          done={() => onDone('sent_back', 'next')}
          before={draft.save}
        />
      )}
      {dialog === 'skip' && <SkipDialog item={item} close={() => open(null)} done={() => onDone('skipped', 'next')} before={draft.save} />}
      {calling && <CallDialog alert={calling} close={() => call(null)} />}
      {asked && (
        <ConfirmChecks
          checks={asked.checks}
          close={() => {
            ask(null);
            const at = asked.checks[0]?.section as TextSection | undefined;
            if (at) areas.current.get(at)?.focus();
          }}
          confirm={() => {
            const then = asked.then;
            ask(null);
            void hand(then, true);
          }}
        />
      )}
      {reauthDialog}
    </section>
  );
}

function OtherDraft({
  text,
  discard,
  adoptWord,
  discardWord,
}: {
  text: string;
  discard: () => void;
  adoptWord: string;
  discardWord: string;
}) {
  const [shown, show] = useState(true);
  if (!shown) return null;
  return (
    <div className="note row wrap" data-tone="amber" style={{ flex: 'none' }}>
      <span className="grow">{text}</span>
      <Button size="compact-xs" variant="default" onClick={() => show(false)}>
        {adoptWord}
      </Button>
      <Button
        size="compact-xs"
        variant="default"
        onClick={() => {
          discard();
          show(false);
        }}
      >
        {discardWord}
      </Button>
    </div>
  );
}
