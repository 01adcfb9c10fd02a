// The tool bar: one row at 1366 px, icons with their key; words in the tooltip and for screen readers.
import { Menu, Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import { useWords } from '../../i18n';
import { showKeys } from '../../keys';
import { OutsideViewers } from './OutsideViewers';
import { ICONS, icon } from './toolIcons';
import type { Mpr } from './useMpr';
import { LAYOUTS, type Layout } from './viewer/hanging';
import { MEASURING, type PaneState, type ToolId } from './viewer/port';
import type { Preset, VoiWindow } from './viewer/presets';
import { sameWindow, windowText } from './viewer/voi';
import { SINGLE, type Slab } from './viewer/volume';
import { whyRendered } from './words';

/** Keys of the tools (frontend.md 6.5); rectangle, grey value, ratio, point and magnifier have none there. */
export const TOOL_KEYS: Record<ToolId, string> = {
  window: 'w',
  zoom: 'z',
  pan: 'p',
  scroll: 's',
  length: 'l',
  bidirectional: 'b',
  angle: 'a',
  cobb: 'c',
  ellipse: 'e',
  rectangle: 'q',
  probe: 'h',
  ctr: 't',
  locate: 'j',
  magnify: 'o',
};

const LOOKS: readonly ToolId[] = ['window', 'zoom', 'pan', 'scroll', 'magnify', 'locate'];
const MEASURES: readonly ToolId[] = ['length', 'bidirectional', 'angle', 'cobb', 'ctr', 'ellipse', 'rectangle', 'probe'];

function Key({ text }: { text: string }) {
  return <span className="im-key" aria-hidden="true" data-key={showKeys(text.split('|')[0] ?? '').join('')} />;
}

interface ActProps {
  name: string;
  keys: string;
  on?: boolean;
  off?: boolean;
  why?: string;
  run: () => void;
  children: ReactNode;
}

function Act({ name, keys, on, off, why, run, children }: ActProps) {
  return (
    <Tooltip label={why ? `${name} · ${why}` : keys ? `${name} (${showKeys(keys.split('|')[0] ?? '').join(' ')})` : name}>
      <button
        type="button"
        className="im-tool"
        aria-label={name}
        aria-pressed={on ?? undefined}
        aria-disabled={off || undefined}
        data-on={on || undefined}
        onClick={() => !off && run()}
      >
        {children}
        {keys.length === 1 && <Key text={keys} />}
      </button>
    </Tooltip>
  );
}

export interface Acts {
  invert: () => void;
  flip: () => void;
  left: () => void;
  right: () => void;
  fit: () => void;
  actual: () => void;
  reset: () => void;
  cine: () => void;
  link: () => void;
  mark: () => void;
  mpr: () => void;
}

export interface ToolbarProps {
  tool: ToolId;
  choose: (t: ToolId) => void;
  state: PaneState;
  modality: string;
  layout: Layout;
  setLayout: (l: Layout) => void;
  byRule: () => void;
  window: (w: VoiWindow) => void;
  acts: Acts;
  linked: boolean;
  marked: boolean;
  canMark: boolean;
  mpr: Mpr;
  /** Row of the study that the active pane shows. */
  study: string;
  /** Whose study it is, by name: other archives know him by other numbers. */
  patient: string;
}

/** Which measuring tools a modality has: nobody looks for a cardiothoracic ratio on a CT. */
const offered = (id: ToolId, modality: string): boolean => {
  if (id === 'ctr') return /^(CR|DX|DR|RF)$/.test(modality);
  if (id === 'locate') return /^(CT|MR|PT)$/.test(modality);
  return true;
};

export function Toolbar(props: ToolbarProps) {
  const { tool, choose, state, modality, acts, mpr } = props;
  const { t } = useWords();
  const wait = state.status !== 'empty' && !state.diagnostic ? t('imaging.wait_diagnostic') : undefined;
  const grey = state.rendered && state.frame ? t('imaging.rendered_hint', { why: whyRendered(t, state.frame.instance) }) : undefined;
  const button = (id: ToolId) => {
    const off = MEASURING.has(id) && (!!wait || (id === 'probe' && !!grey));
    return (
      <Act
        key={id}
        name={t(`key.imaging.${id}`)}
        keys={TOOL_KEYS[id]}
        on={tool === id}
        off={off}
        why={off ? (wait ?? grey) : undefined}
        run={() => choose(id)}
      >
        {ICONS[id]}
      </Act>
    );
  };
  return (
    <div className="im-bar" role="toolbar" aria-label={t('imaging.tools')}>
      <div className="im-group">{LOOKS.filter((id) => offered(id, modality)).map(button)}</div>
      <div className="im-group">{MEASURES.filter((id) => offered(id, modality)).map(button)}</div>
      <div className="im-group">
        <Act name={t('key.imaging.invert')} keys="i" on={state.invert} run={acts.invert}>
          {icon(
            <>
              <rect x="4" y="4" width="16" height="16" />
              <path d="M4 20 20 4v16z" fill="currentColor" />
            </>,
          )}
        </Act>
        <TurnMenu acts={acts} />
        <Act name={t('key.imaging.fit')} keys="f" run={acts.fit}>
          {icon(<path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5" />)}
        </Act>
        <Act name={t('key.imaging.reset')} keys="shift+f" run={acts.reset}>
          {icon(<path d="M4 11a8 8 0 1 1 2 6M4 17v-6h6" />)}
        </Act>
        {state.count > 1 && (
          <Act name={t('key.imaging.cine')} keys="space" on={state.playing} run={acts.cine}>
            {icon(state.playing ? <path d="M8 5v14M16 5v14" /> : <path d="M7 5v14l12-7z" fill="currentColor" />)}
          </Act>
        )}
        <Act name={t('key.imaging.link')} keys="x" on={props.linked} run={acts.link}>
          {icon(
            <path d="M10 14a4 4 0 0 1 0-5.600l3-3a4 4 0 0 1 5.600 5.600L17 12.500M14 10a4 4 0 0 1 0 5.600l-3 3A4 4 0 0 1 5.400 13L7 11.500" />,
          )}
        </Act>
        <Act name={t('key.imaging.mark')} keys="k" on={props.marked} off={!props.canMark} run={acts.mark}>
          {icon(
            <path
              d="m12 3 2.700 5.800 6.300.800-4.600 4.400 1.200 6.300L12 17.200 6.400 20.300l1.200-6.300L3 9.600l6.300-.800z"
              fill={props.marked ? 'currentColor' : 'none'}
            />,
          )}
        </Act>
        {/^(CT|MR|PT)$/.test(modality) && (
          <Act name={t('key.imaging.mpr')} keys="u" on={mpr.state.phase === 'on'} run={acts.mpr}>
            <span className="im-one">MPR</span>
          </Act>
        )}
      </div>
      <span className="grow" />
      <PresetMenu state={state} set={props.window} />
      {mpr.state.phase === 'on' ? <SlabMenu mpr={mpr} /> : <LayoutMenu layout={props.layout} set={props.setLayout} byRule={props.byRule} />}
      <OutsideViewers study={props.study} patient={props.patient} />
    </div>
  );
}

function TurnMenu({ acts }: { acts: Acts }) {
  const { t } = useWords();
  const row = (name: string, keys: string, run: () => void) => (
    <Menu.Item key={name} onClick={run} rightSection={keys ? <span className="kbd">{showKeys(keys).join('')}</span> : undefined}>
      {t(`key.imaging.${name}`)}
    </Menu.Item>
  );
  return (
    <Menu position="bottom-start" withinPortal>
      <Menu.Target>
        <button type="button" className="im-tool" aria-label={t('imaging.turn')} title={t('imaging.turn')}>
          {icon(<path d="M12 3v18M9 7 3 18h6zM15 7l6 11h-6z" />)}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {row('flip', 'v', acts.flip)}
        {row('rotate_left', '[', acts.left)}
        {row('rotate_right', ']', acts.right)}
        {row('actual', '', acts.actual)}
      </Menu.Dropdown>
    </Menu>
  );
}

function LayoutMenu({ layout, set, byRule }: { layout: Layout; set: (l: Layout) => void; byRule: () => void }) {
  const { t } = useWords();
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <button type="button" className="im-tool im-wide" aria-label={`${t('imaging.layout')} ${layout}`}>
          {layout}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {LAYOUTS.map((l, at) => (
          <Menu.Item key={l} onClick={() => set(l)} rightSection={<span className="kbd">{`Alt+${at + 1}`}</span>}>
            {l}
          </Menu.Item>
        ))}
        <Menu.Item onClick={byRule} rightSection={<span className="kbd">Alt+0</span>}>
          {t('key.imaging.by_rule')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** Slabs offered in MPR: single plane, then mean, maximum and minimum over some millimetres. */
export const SLABS: readonly Slab[] = [
  SINGLE,
  { mode: 'mean', mm: 5 },
  { mode: 'max', mm: 10 },
  { mode: 'max', mm: 20 },
  { mode: 'min', mm: 10 },
];

function SlabMenu({ mpr }: { mpr: Mpr }) {
  const { t } = useWords();
  const name = (s: Slab) => (s.mm === 0 ? t('imaging.slab.single') : t(`imaging.slab.${s.mode}`, { mm: s.mm }));
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <button type="button" className="im-tool im-wide" aria-label={`${t('imaging.slab')} ${name(mpr.slab)}`}>
          {name(mpr.slab)}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {SLABS.map((s) => (
          <Menu.Item key={`${s.mode}${s.mm}`} onClick={() => mpr.setSlab(s)}>
            {name(s)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

export function usePresetName(): (p: Preset) => string {
  const { t } = useWords();
  return (p) => (p.id === 'file' ? p.label || t('imaging.preset.file', { n: p.key > 9 ? p.key - 9 : p.key }) : t(`imaging.preset.${p.id}`));
}

function PresetMenu({ state, set }: { state: PaneState; set: (w: VoiWindow) => void }) {
  const { t } = useWords();
  const name = usePresetName();
  const w = state.window;
  const same = state.presets.filter((p) => w && sameWindow(p, w));
  const now = same.find((p) => p.key !== 0) ?? same[0];
  if (state.presets.length === 0) return null;
  const text = `${now ? name(now) : t('imaging.preset.manual')} ${w ? `${windowText(w.width)}/${windowText(w.center)}` : ''}`.trim();
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <button type="button" className="im-tool im-wide" aria-label={`${t('imaging.presets')} ${text}`}>
          {text}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {state.presets.map((p) => (
          <Menu.Item key={`${p.id}${p.key}`} onClick={() => set(p)} rightSection={p.key <= 9 && <span className="kbd">{p.key}</span>}>
            {name(p)}{' '}
            <span className="dim">
              {windowText(p.width)}/{windowText(p.center)}
            </span>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
