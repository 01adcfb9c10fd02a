// The sheet on "?": every shortcut that acts on this page now, remappable on the spot, with quarrels named.
import { Button, Modal, Switch } from '@mantine/core';
import { useState } from 'react';
import { useWords } from '../i18n';
import { Keys } from '../ui/bits';
import { remap, remapped, setSingleKeys, singleKeysOn, useRegistered } from './index';
import { conflicts } from './model';

function comboOf(event: React.KeyboardEvent): string | null {
  if (/^(Control|Shift|Alt|Meta)/.test(event.code)) return null;
  const name = event.code
    .replace(/^Key/, '')
    .replace(/^Digit/, '')
    .toLowerCase();
  const named: Record<string, string> = {
    arrowup: 'up',
    arrowdown: 'down',
    arrowleft: 'left',
    arrowright: 'right',
    escape: 'esc',
    pageup: 'pgup',
    pagedown: 'pgdn',
    slash: '/',
    backquote: '`',
    bracketleft: '[',
    bracketright: ']',
  };
  return [event.ctrlKey && 'ctrl', event.altKey && 'alt', event.shiftKey && 'shift', named[name] ?? name].filter(Boolean).join('+');
}

export function KeySheet({ opened, close }: { opened: boolean; close: () => void }) {
  const { t, has } = useWords();
  const listed = useRegistered();
  const [editing, edit] = useState<string | null>(null);
  const scopes = [...new Set(listed.map((l) => l.scope))];
  const quarrels = conflicts(listed.map((l) => ({ id: l.binding.id, scope: l.scope, keys: l.keys.split('|')[0] ?? '' })));
  const changed = remapped();
  return (
    <Modal opened={opened} onClose={close} title={t('keys.sheet')} size="xl">
      <div className="row wrap" style={{ justifyContent: 'space-between', marginBottom: 8 }}>
        <span className="dim">{t('keys.hint')}</span>
        <Switch label={t('keys.single')} checked={singleKeysOn()} onChange={(e) => setSingleKeys(e.currentTarget.checked)} />
      </div>
      {quarrels.map(([a, b]) => (
        <div className="note" data-tone="amber" key={a + b}>
          {t('keys.quarrel', { a: t(`key.${a}`), b: t(`key.${b}`) })}
        </div>
      ))}
      <div className="key-sheet">
        {scopes.map((scope) => (
          <section key={scope}>
            <h3>{has(`keys.scope.${scope}`) ? t(`keys.scope.${scope}`) : scope}</h3>
            <table className="plain">
              <tbody>
                {listed
                  .filter((l) => l.scope === scope)
                  .map((l) => (
                    <tr key={l.binding.id}>
                      <td className={l.binding.on === false ? 'dim' : ''}>
                        {has(`key.${l.binding.id}`) ? t(`key.${l.binding.id}`) : l.binding.id}
                      </td>
                      <td className="num nowrap">
                        {editing === l.binding.id ? (
                          <Button
                            size="compact-xs"
                            autoFocus
                            variant="light"
                            onBlur={() => edit(null)}
                            onKeyDown={(e) => {
                              const combo = comboOf(e);
                              if (!combo) return;
                              e.preventDefault();
                              e.stopPropagation();
                              if (combo !== 'esc') remap(l.binding.id, combo);
                              edit(null);
                            }}
                          >
                            {t('keys.press')}
                          </Button>
                        ) : (
                          <Button
                            size="compact-xs"
                            variant="subtle"
                            color="gray"
                            onClick={() => edit(l.binding.id)}
                            aria-label={t('keys.change', { name: t(`key.${l.binding.id}`), keys: l.keys })}
                          >
                            <Keys keys={l.keys} />
                          </Button>
                        )}
                        {changed[l.binding.id] && (
                          <Button size="compact-xs" variant="subtle" onClick={() => remap(l.binding.id, null)}>
                            {t('keys.reset')}
                          </Button>
                        )}
                      </td>
                    </tr>
                  ))}
              </tbody>
            </table>
          </section>
        ))}
      </div>
    </Modal>
  );
}
