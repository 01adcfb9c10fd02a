// What the keyboard does inside the sections: quick phrases on Space or Tab, Tab through the placeholders, text put in from elsewhere.
import { type RefObject, useCallback } from 'react';
import type { Phrase, Sections, TextSection } from '../../api/types';
import { phraseAt, placeholder } from './model';

interface Typing {
  areas: RefObject<Map<TextSection, HTMLTextAreaElement>>;
  names: TextSection[];
  phrases: Phrase[];
  current: RefObject<Sections>;
  change: (next: Sections) => void;
}

export function useTyping({ areas, names, phrases, current, change }: Typing) {
  /** Types into a section as the keyboard would, so the browser's own undo keeps working. */
  const typeInto = useCallback(
    (name: TextSection, text: string, span?: { from: number; to: number }) => {
      const area = areas.current.get(name);
      if (!area || area.readOnly) return;
      area.focus();
      if (span) area.setSelectionRange(span.from, span.to);
      if (!document.execCommand('insertText', false, text)) {
        area.setRangeText(text, area.selectionStart, area.selectionEnd, 'end');
        change({ ...current.current, [name]: area.value });
      }
    },
    [change, current],
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
      const hit = area.selectionStart === area.selectionEnd ? phraseAt(area.value, area.selectionStart, phrases, name) : null;
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

  return { typeInto, selectPlaceholder, onTextKey };
}
