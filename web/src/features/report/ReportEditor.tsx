// The report beside the images: sections, templates, phrases, autosave, checks, and the ways out of an item. Keyboard first:
// Tab walks the placeholders, Ctrl+Enter submits or signs, Ctrl+K critical, Ctrl+B back to the clinic, F8 next, F9 skip.
import './report.css';
import { Button, Checkbox, Menu, Select } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useCallback, useImperativeHandle, useMemo, useRef, useState } from 'react';
import { Fault, post } from '../../api/client';
import type { Alert, Check, Sections, TextSection } from '../../api/types';
import { useWords } from '../../i18n';
import { useKeys } from '../../keys';
import { Keys, usePersonName } from '../../ui/bits';
import { DiffText } from '../../ui/DiffText';
import { hourMinute } from '../../ui/format';
import { FaultNote } from '../../ui/State';
import { CallDialog, RaiseDialog } from '../critical';
import { useReauth, useSession } from '../session';
import { ReauthCancelled } from '../session/Reauth';
import { useLease } from '../worklist';
import { Actions, type Dialog } from './Actions';
import { AlertNote } from './AlertNote';
import { ConflictScreen } from './ConflictScreen';
import { ConfirmChecks, ReturnDialog, SendBackDialog, SkipDialog } from './dialogs';
import { useDraft } from './draft';
import { History } from './History';
import { applyTemplate, checks as localChecks, ORDER, withStatements } from './model';
import { OtherDraft } from './OtherDraft';
import type { ReportEditorProps } from './port';
import { usePhrases, useTemplates } from './queries';
import { SaveMark } from './SaveMark';
import { useTyping } from './typing';

type Leave = 'next' | 'list';

export function ReportEditor({ item, onDone, insertRef, onSections }: ReportEditorProps) {
  const { t, pick, has } = useWords();
  const session = useSession();
  const lease = useLease();
  const person = usePersonName();
  const { withReauth, dialog: reauthDialog } = useReauth();
  const may = item.may;
  const writable = lease.held && (may.write || may.sign || may.submit);
  const draft = useDraft(item, session.account.id, writable, lease.lost !== null, lease.tellLost);
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

  const templates = useTemplates(item);
  const phrases = usePhrases(item.pipeline);

  const change = useCallback(
    (next: Sections) => {
      draft.change(next);
      onSections?.(next);
    },
    [draft.change, onSections],
  );

  const { typeInto, selectPlaceholder, onTextKey } = useTyping({
    areas,
    names,
    phrases: phrases.data ?? [],
    current: draft.current,
    change,
  });

  useImperativeHandle(
    insertRef,
    () => ({
      insert: (text, section) => typeInto(section ?? lastUsed.current, text),
      setStatements: (list) => change(withStatements(draft.current.current, list)),
      raise: () => may.raise_critical && open('critical'),
      focus: () => areas.current.get(lastUsed.current)?.focus(),
    }),
    [typeInto, change, draft.current, may.raise_critical],
  );

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
  // The physician's own marks may have made the values differ since this item was opened: then a second person signs.
  const [second, needSecond] = useState(false);
  const main: 'sign' | 'submit' | null = may.sign && !second ? 'sign' : may.submit ? 'submit' : null;

  const run = async (work: () => Promise<void>) => {
    if (busy) return;
    setBusy(true);
    setError(null);
    lease.pause(true);
    try {
      await work();
    } catch (e) {
      lease.pause(false);
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
        lease.pause(false);
        return;
      }
      const body = { item: item.id, epoch: lease.epoch || item.epoch, sections: text, confirm: confirmed || undefined };
      try {
        if (main === 'sign') await withReauth(() => post(`/api/reports/${item.report}/sign`, body));
        else await post(`/api/reports/${item.report}/submit`, body);
      } catch (e) {
        if (e instanceof Fault && e.status === 422 && e.code === 'checks') {
          ask({ checks: (e.problem.current as { checks?: Check[] } | undefined)?.checks ?? [], then });
          lease.pause(false);
          return;
        }
        if (e instanceof Fault && e.code === 'second_signature') needSecond(true);
        throw e;
      }
      draft.finish();
      const message = t(main === 'sign' ? 'report.signed' : 'report.submitted', { name: item.patient.name });
      notifications.show({ color: 'green', message });
      onDone(main === 'sign' ? 'signed' : 'submitted', then);
    });

  const preliminary = () =>
    run(async () => {
      const text = await draft.settle();
      const answer = await withReauth(() =>
        post<{ n: number }>(`/api/reports/${item.report}/preliminary`, { item: item.id, epoch: lease.epoch || item.epoch, sections: text }),
      );
      lease.pause(false);
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
  // What every dialog needs that gives the item away.
  const ending = { item, epoch: lease.epoch || item.epoch, close: () => open(null), before: draft.save };
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
        {alert && <AlertNote alert={alert} call={mayRaise && alert.acked_at === null ? () => call(alert) : undefined} />}
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
        <Actions
          main={main}
          writable={writable}
          busy={busy}
          mayRaise={mayRaise}
          mayReturn={mayReturn}
          maySendBack={may.send_back && writable}
          open={open}
          hand={() => void hand('next')}
        />
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
      {dialog === 'return' && <ReturnDialog {...ending} done={() => onDone('returned', 'next')} />}
      {dialog === 'send_back' && <SendBackDialog {...ending} done={() => onDone('sent_back', 'next')} />}
      {dialog === 'skip' && <SkipDialog {...ending} done={() => onDone('skipped', 'next')} />}
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
