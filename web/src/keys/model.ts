// Keys as data: how a combination is written, what an event means, and when two bindings quarrel.
// Combinations name physical keys (event.code), so they work while a Chinese input method is on.

export interface Combo {
  ctrl: boolean;
  alt: boolean;
  shift: boolean;
  code: string;
}

const NAMES: Record<string, string> = {
  up: 'ArrowUp',
  down: 'ArrowDown',
  left: 'ArrowLeft',
  right: 'ArrowRight',
  enter: 'Enter',
  esc: 'Escape',
  space: 'Space',
  pgup: 'PageUp',
  pgdn: 'PageDown',
  home: 'Home',
  end: 'End',
  tab: 'Tab',
  del: 'Delete',
  '`': 'Backquote',
  '[': 'BracketLeft',
  ']': 'BracketRight',
  '/': 'Slash',
  '-': 'Minus',
  '=': 'Equal',
  ',': 'Comma',
  '.': 'Period',
};

function codeOf(name: string): string {
  const lower = name.toLowerCase();
  if (NAMES[lower]) return NAMES[lower];
  if (/^[a-z]$/.test(lower)) return `Key${lower.toUpperCase()}`;
  if (/^[0-9]$/.test(lower)) return `Digit${lower}`;
  if (/^f([1-9]|1[0-2])$/.test(lower)) return lower.toUpperCase();
  return name;
}

/** Reads `ctrl+enter`, `alt+1`, `shift+/`, `f8`, `w`. `?` is `shift+/`. */
export function readCombo(text: string): Combo {
  const parts = (text === '?' ? 'shift+/' : text).split('+');
  const last = parts.pop() ?? '';
  const has = (name: string) => parts.some((p) => p.toLowerCase() === name);
  return { ctrl: has('ctrl'), alt: has('alt'), shift: has('shift'), code: codeOf(last) };
}

/** Reads a sequence such as `g 1`: first G, then 1 within a second. */
export function readSequence(text: string): Combo[] {
  return text.trim().split(/\s+/).map(readCombo);
}

export interface KeyPress {
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
  code: string;
}

export function matches(combo: Combo, press: KeyPress): boolean {
  // With Alt held the numpad types characters by their number: what is written must not act.
  const pad = press.altKey ? press.code : press.code.replace(/^Numpad(\d)$/, 'Digit$1');
  const code = press.code === 'NumpadEnter' ? 'Enter' : pad;
  return (
    combo.code === code && combo.ctrl === (press.ctrlKey || press.metaKey) && combo.alt === press.altKey && combo.shift === press.shiftKey
  );
}

/** Controls that Enter and Space belong to while they have the focus. */
const CONTROLS = [
  'button,a,input,select,summary',
  ...['tab', 'checkbox', 'radio', 'switch', 'option', 'menuitem', 'menuitemcheckbox', 'menuitemradio'].map((role) => `[role="${role}"]`),
].join(',');

/** Enter and Space press the focused control when there is one; everything else is free. */
export const pressesControl = (combo: Combo, target: { closest?: (selector: string) => unknown } | null): boolean =>
  /^(Enter|Space)$/.test(combo.code) && typesText(combo) && !!target?.closest?.(CONTROLS);

/** True when the combination types text and so must not act inside a text field. */
export function typesText(combo: Combo): boolean {
  return !combo.ctrl && !combo.alt && !/^(F\d+|Escape)$/.test(combo.code);
}

const SHOWN: Record<string, string> = {
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  Escape: 'Esc',
  Backquote: '`',
  BracketLeft: '[',
  BracketRight: ']',
  Slash: '/',
  Minus: '-',
  Equal: '=',
  Comma: ',',
  Period: '.',
  PageUp: 'PgUp',
  PageDown: 'PgDn',
  Delete: 'Del',
};

/** How a sequence is shown on a button or the key sheet. */
export function showKeys(text: string): string[] {
  return readSequence(text).map((combo) => {
    if (combo.shift && combo.code === 'Slash' && !combo.ctrl && !combo.alt) return '?';
    const name = SHOWN[combo.code] ?? combo.code.replace(/^(Key|Digit)/, '');
    return [combo.ctrl && 'Ctrl', combo.alt && 'Alt', combo.shift && 'Shift', name].filter(Boolean).join('+');
  });
}

export interface NamedKeys {
  id: string;
  scope: string;
  keys: string;
}

/** Pairs of bindings that the same press would start: equal sequences, or one the beginning of the other. */
export function conflicts(all: NamedKeys[]): [string, string][] {
  const out: [string, string][] = [];
  const flat = all.map((b) => ({ ...b, seq: readSequence(b.keys).map((c) => JSON.stringify(c)) }));
  for (let i = 0; i < flat.length; i += 1) {
    for (let j = i + 1; j < flat.length; j += 1) {
      const a = flat[i];
      const b = flat[j];
      if (!a || !b || a.id === b.id || a.scope !== b.scope) continue;
      const n = Math.min(a.seq.length, b.seq.length);
      if (a.seq.slice(0, n).join() === b.seq.slice(0, n).join()) out.push([a.id, b.id]);
    }
  }
  return out;
}
