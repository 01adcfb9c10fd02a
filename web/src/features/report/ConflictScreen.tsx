// After a 412: both texts side by side, read only. Nothing is thrown away: what this tab wrote stays in the tab until the person
// has chosen, and the server has kept it as a lost draft.
import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import type { Sections, TextSection, WorkItemDetail } from '../../api/types';
import { useWords } from '../../i18n';
import { usePersonName } from '../../ui/bits';
import { DiffText } from '../../ui/DiffText';
import { hourMinute } from '../../ui/format';
import { type Conflict, clearBuffer } from './draft';
import { ORDER } from './model';

function asText(sections: Sections, names: TextSection[], word: (name: TextSection) => string): string {
  return names
    .filter((n) => sections[n])
    .map((n) => `${word(n)}\n${sections[n]}`)
    .join('\n\n');
}

export function ConflictScreen({
  item,
  conflict,
  resolve,
  leave,
}: {
  item: WorkItemDetail;
  conflict: Conflict;
  resolve: (which: 'mine' | 'theirs') => void;
  leave: () => void;
}) {
  const { t } = useWords();
  const person = usePersonName();
  const names = ORDER[item.pipeline];
  const [shown, show] = useState<'diff' | 'mine'>('diff');
  const mayKeep = conflict.code !== 'lease_lost' && item.holder_is_me;
  const copy = async () => {
    const text = asText(conflict.mine, names, (n) => t(`section.${n}`));
    try {
      await navigator.clipboard.writeText(text);
      notifications.show({ color: 'green', message: t('conflict.copied') });
    } catch {
      show('mine');
    }
  };
  return (
    <section className="editor" aria-label={t('conflict.title')}>
      <div className="editor-body">
        <div className="note" data-tone="red" role="alert" style={{ flex: 'none' }}>
          <strong>{t('conflict.title')}</strong>
          <div>
            {conflict.code === 'lease_lost'
              ? t(conflict.holder ? 'conflict.lost_to' : 'conflict.lost', { name: person(conflict.holder) })
              : t(conflict.code === 'buffer' ? 'conflict.buffer' : 'conflict.stale', {
                  name: person(conflict.author),
                  at: conflict.savedAt ? hourMinute(conflict.savedAt) : '–',
                })}
          </div>
          <div>{t('conflict.kept')}</div>
        </div>
        <div className="row" style={{ flex: 'none' }}>
          <Button size="compact-xs" variant={shown === 'diff' ? 'light' : 'default'} onClick={() => show('diff')}>
            {t('conflict.diff')}
          </Button>
          <Button size="compact-xs" variant={shown === 'mine' ? 'light' : 'default'} onClick={() => show('mine')}>
            {t('conflict.mine')}
          </Button>
          <span className="dim">{shown === 'diff' ? t('conflict.legend') : ''}</span>
        </div>
        {names.map((name) => (
          <div key={name} className="editor-section" style={{ flex: 'none' }}>
            <div className="label">{t(`section.${name}`)}</div>
            {shown === 'diff' ? (
              <div className="editor-text" style={{ minHeight: 32 }}>
                <DiffText from={conflict.theirs[name] ?? ''} to={conflict.mine[name] ?? ''} />
              </div>
            ) : (
              <textarea className="editor-text" readOnly value={conflict.mine[name] ?? ''} rows={4} aria-label={t(`section.${name}`)} />
            )}
          </div>
        ))}
      </div>
      <footer className="editor-foot">
        <div className="row wrap">
          <Button variant="default" onClick={() => void copy()}>
            {t('conflict.copy')}
          </Button>
          <span className="grow" />
          {mayKeep ? (
            <>
              <Button variant="default" onClick={() => resolve('theirs')}>
                {t('conflict.take_theirs')}
              </Button>
              <Button onClick={() => resolve('mine')}>{t('conflict.keep_mine')}</Button>
            </>
          ) : conflict.code === 'buffer' ? (
            <Button
              onClick={() => {
                clearBuffer(item.id);
                resolve('theirs');
              }}
            >
              {t('conflict.understood')}
            </Button>
          ) : (
            <Button onClick={leave}>{t('conflict.back')}</Button>
          )}
        </div>
      </footer>
    </section>
  );
}
