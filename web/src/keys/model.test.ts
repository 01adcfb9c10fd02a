import { describe, expect, it } from 'vitest';
import { conflicts, matches, pressesControl, readCombo, readSequence, showKeys, typesText } from './model';

const press = (code: string, mods: Partial<{ ctrlKey: boolean; altKey: boolean; shiftKey: boolean; metaKey: boolean }> = {}) => ({
  ctrlKey: false,
  altKey: false,
  shiftKey: false,
  metaKey: false,
  ...mods,
  code,
});

describe('keys', () => {
  it('reads combinations by physical key', () => {
    expect(readCombo('ctrl+k')).toEqual({ ctrl: true, alt: false, shift: false, code: 'KeyK' });
    expect(readCombo('?')).toEqual({ ctrl: false, alt: false, shift: true, code: 'Slash' });
    expect(readSequence('g 1').map((c) => c.code)).toEqual(['KeyG', 'Digit1']);
  });
  it('matches with exact modifiers, and the numpad', () => {
    expect(matches(readCombo('f8'), press('F8'))).toBe(true);
    expect(matches(readCombo('f8'), press('F8', { altKey: true }))).toBe(false);
    expect(matches(readCombo('ctrl+enter'), press('NumpadEnter', { metaKey: true }))).toBe(true);
    expect(matches(readCombo('1'), press('Numpad1'))).toBe(true);
  });
  it('leaves the numpad to whoever types a character by its number', () => {
    expect(matches(readCombo('alt+1'), press('Digit1', { altKey: true }))).toBe(true);
    expect(matches(readCombo('alt+1'), press('Numpad1', { altKey: true }))).toBe(false);
    expect(matches(readCombo('alt+0'), press('Numpad0', { altKey: true }))).toBe(false);
  });
  it('leaves Enter and Space to the focused control', () => {
    const on = (...is: string[]) => ({ closest: (selector: string) => selector.split(',').find((s) => is.includes(s)) ?? null });
    for (const is of [
      'button',
      'a',
      'input',
      '[role="checkbox"]',
      '[role="radio"]',
      '[role="switch"]',
      '[role="option"]',
      '[role="menuitem"]',
    ])
      for (const key of ['space', 'enter']) expect(pressesControl(readCombo(key), on(is)), `${key} on ${is}`).toBe(true);
    expect(pressesControl(readCombo('space'), on('section'))).toBe(false);
    expect(pressesControl(readCombo('w'), on('input'))).toBe(false);
    expect(pressesControl(readCombo('ctrl+enter'), on('input'))).toBe(false);
    expect(pressesControl(readCombo('space'), null)).toBe(false);
  });
  it('knows which combinations type text', () => {
    expect(typesText(readCombo('w'))).toBe(true);
    expect(typesText(readCombo('f9'))).toBe(false);
    expect(typesText(readCombo('ctrl+b'))).toBe(false);
  });
  it('finds quarrels inside one scope only', () => {
    const all = [
      { id: 'a', scope: 'x', keys: 'g' },
      { id: 'b', scope: 'x', keys: 'g 1' },
      { id: 'c', scope: 'y', keys: 'g' },
    ];
    expect(conflicts(all)).toEqual([['a', 'b']]);
  });
  it('shows them as people write them', () => {
    expect(showKeys('ctrl+enter')).toEqual(['Ctrl+Enter']);
    expect(showKeys('g 1')).toEqual(['G', '1']);
    expect(showKeys('?')).toEqual(['?']);
  });
});
