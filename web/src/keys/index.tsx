// The register of shortcuts. A page hands over its bindings while it is mounted; the newest scope that knows a press gets it.
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { type Combo, matches, pressesControl, readSequence, typesText } from './model';

export { conflicts, showKeys } from './model';

export interface Binding {
  /** Stable name, also the key of its words: `key.<id>`. */
  id: string;
  /** `f8`, `ctrl+enter`, `g 1`; several separated by `|`. */
  keys: string;
  run: (event: KeyboardEvent) => void;
  /** Acts although the focus is in a text field (only for combinations that type nothing). */
  inText?: boolean;
  /** Not listed on the sheet (alternatives of a listed one). */
  hidden?: boolean;
  /** Absent or true: acts; false: listed greyed and passed over. */
  on?: boolean;
}

interface Layer {
  scope: string;
  read: () => Binding[];
}

const layers: Layer[] = [];
const watchers = new Set<() => void>();
let revision = 0;
const REMAP = 'yg.keys';

export function remapped(): Record<string, string> {
  try {
    return JSON.parse(localStorage.getItem(REMAP) ?? '{}') as Record<string, string>;
  } catch {
    return {};
  }
}
export function remap(id: string, keys: string | null): void {
  const all = remapped();
  if (keys) all[id] = keys;
  else delete all[id];
  localStorage.setItem(REMAP, JSON.stringify(all));
  bump();
}
const SINGLE = 'yg.keys.single';
export function singleKeysOn(): boolean {
  return localStorage.getItem(SINGLE) !== 'off';
}
export function setSingleKeys(on: boolean): void {
  localStorage.setItem(SINGLE, on ? 'on' : 'off');
  bump();
}

function bump(): void {
  revision += 1;
  for (const tell of watchers) tell();
}

function inTextField(target: EventTarget | null): boolean {
  const el = target as HTMLElement | null;
  if (!el?.closest) return false;
  if (el.isContentEditable || el instanceof HTMLTextAreaElement || el instanceof HTMLSelectElement) return true;
  return el instanceof HTMLInputElement && !/^(checkbox|radio|button|range|submit)$/.test(el.type);
}

let begun: { combos: Combo[]; at: number } | null = null;

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || /^(Control|Shift|Alt|Meta)/.test(event.code)) return;
  const text = inTextField(event.target);
  const modal = document.querySelector('[role="dialog"][aria-modal="true"], .mantine-Modal-content');
  const map = remapped();
  const single = singleKeysOn();
  const prefix = begun && event.timeStamp - begun.at < 1_200 ? begun.combos : [];
  begun = null;
  for (let i = layers.length - 1; i >= 0; i -= 1) {
    const layer = layers[i];
    if (!layer || (modal && layer.scope !== 'dialog')) continue;
    for (const binding of layer.read()) {
      if (binding.on === false) continue;
      for (const alternative of (map[binding.id] ?? binding.keys).split('|')) {
        const sequence = readSequence(alternative);
        const step = sequence[prefix.length];
        if (!step || !matches(step, event)) continue;
        if (JSON.stringify(sequence.slice(0, prefix.length)) !== JSON.stringify(prefix)) continue;
        const first = sequence[0];
        if (first && typesText(first) && (text || !single)) continue;
        if (text && !binding.inText && !typesText(step) && !/^F\d+$/.test(step.code)) continue;
        if (pressesControl(step, event.target as HTMLElement | null)) continue;
        event.preventDefault();
        if (sequence.length > prefix.length + 1) {
          begun = { combos: [...prefix, step], at: event.timeStamp };
          return;
        }
        if (!event.repeat || /Arrow|Page/.test(step.code)) binding.run(event);
        return;
      }
    }
  }
}

let listening = false;

/** Registers bindings while the caller is mounted. */
export function useKeys(scope: string, bindings: Binding[]): void {
  const latest = useRef(bindings);
  latest.current = bindings;
  useEffect(() => {
    if (!listening) {
      listening = true;
      window.addEventListener('keydown', onKey);
    }
    const layer: Layer = { scope, read: () => latest.current };
    layers.push(layer);
    bump();
    return () => {
      layers.splice(layers.indexOf(layer), 1);
      bump();
    };
  }, [scope]);
}

export interface Listed {
  scope: string;
  binding: Binding;
  keys: string;
}

/** Everything registered now, newest scope first, for the sheet. */
export function useRegistered(): Listed[] {
  useSyncExternalStore(
    (tell) => {
      watchers.add(tell);
      return () => watchers.delete(tell);
    },
    () => revision,
  );
  const map = remapped();
  return [...layers].reverse().flatMap((layer) =>
    layer
      .read()
      .filter((binding) => !binding.hidden)
      .map((binding) => ({ scope: layer.scope, binding, keys: map[binding.id] ?? binding.keys })),
  );
}
