// A cover over the whole page takes the focus, keeps it from what lies behind, and gives it back where it was.
import { type RefObject, useEffect, useState } from 'react';

interface Place {
  element: Element | null;
  selection: [number, number] | null;
}

/** Where the person is in the page. */
function placeNow(): Place {
  const element = document.activeElement;
  const text = element instanceof HTMLTextAreaElement || element instanceof HTMLInputElement ? element : null;
  // Checkboxes and the like have no selection: null.
  const from = text?.selectionStart ?? null;
  return { element, selection: text && from !== null ? [from, text.selectionEnd ?? from] : null };
}

function goTo({ element, selection }: Place): void {
  // Nothing was in hand: the keys of the page go on acting.
  if (!element || element === document.body) return;
  const there = element instanceof HTMLElement && element.isConnected ? element : null;
  // What was in hand has gone (the menu whose entry locked the page): the menu of the person is where they were.
  const target = there ?? document.querySelector<HTMLElement>('.account');
  target?.focus({ preventScroll: true });
  if (selection && (there instanceof HTMLTextAreaElement || there instanceof HTMLInputElement)) there.setSelectionRange(...selection);
}

/** Puts the focus into `field` while the caller covers the page. */
export function useCover(field: RefObject<HTMLElement | null>): void {
  // Read while it is drawn for the first time: once the cover stands, the browser has taken the focus from what lies behind.
  const [place] = useState(placeNow);
  useEffect(() => {
    // Dialogs that are open lie beside the page, and would keep the focus; one that opens meanwhile would take it.
    const shut = new Set<HTMLElement>();
    const cover = () => {
      for (const element of document.body.children) {
        if (!(element instanceof HTMLElement) || element.id === 'root' || element.inert) continue;
        element.inert = true;
        shut.add(element);
      }
    };
    cover();
    const watch = new MutationObserver(cover);
    watch.observe(document.body, { childList: true });
    field.current?.focus();
    return () => {
      watch.disconnect();
      for (const element of shut) element.inert = false;
      goTo(place);
    };
  }, [field, place]);
}
