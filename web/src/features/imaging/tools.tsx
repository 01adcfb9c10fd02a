// The tool bar: one row at 1366 px, icons with their key; words in the tooltip and for screen readers.
import { Menu, Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import { useWords } from '../../i18n';
import { showKeys } from '../../keys';
import { LAYOUTS, type Layout } from './viewer/hanging';
import { MEASURING, type PaneState, type RenderMode, type ToolId } from './viewer/port';
import type { Preset, VoiWindow } from './viewer/presets';

/** Keys of the tools (frontend.md 6.5); rectangle and grey value have none there. */
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
};

const shape = {
  width: 18,
  height: 18,
  viewBox: '0 0 24 24',
  fill: 'none',
  stroke: 'currentColor',
  strokeWidth: 1.8,
  strokeLinecap: 'round',
  strokeLinejoin: 'round',
} as const;

const icon = (body: ReactNode) => (
  <svg {...shape} aria-hidden="true" focusable="false">
    {body}
  </svg>
);

const ICONS: Record<ToolId, ReactNode> = {
  window: icon(
    <>
      <circle cx="12" cy="12" r="8" />
      <path d="M12 4a8 8 0 0 1 0 16z" fill="currentColor" />
    </>,
  ),
  zoom: icon(
    <>
      <circle cx="10.500" cy="10.500" r="6" />
      <path d="m15 15 5 5M8 10.500h5M10.500 8v5" />
    </>,
  ),
  pan: icon(
    <path d="M12 3v18M3 12h18M12 3 9.500 5.500M12 3l2.500 2.500M12 21l-2.500-2.500M12 21l2.500-2.500M3 12l2.500-2.500M3 12l2.500 2.500M21 12l-2.500-2.500M21 12l-2.500 2.500" />,
  ),
  scroll: icon(
    <>
      <rect x="4" y="8" width="13" height="12" rx="1" />
      <path d="M7 5h13v12" />
    </>,
  ),
  length: icon(
    <>
      <path d="M5 19 19 5" />
      <path d="m3 17 4 4M17 3l4 4" />
    </>,
  ),
  bidirectional: icon(<path d="M4 20 20 4M8 8l8 8" />),
  angle: icon(
    <>
      <path d="M20 19H4L15 5" />
      <path d="M11 19a8 8 0 0 0-2-5.500" />
    </>,
  ),
  cobb: icon(<path d="M4 6 18 3M4 21l14-3M11 4.500V8M11 16v3.500M9.500 8h3M9.500 16h3" />),
  ellipse: icon(<ellipse cx="12" cy="12" rx="9" ry="6" />),
  rectangle: icon(<rect x="4" y="6" width="16" height="12" />),
  probe: icon(
    <>
      <circle cx="12" cy="12" r="2.500" />
      <path d="M12 3v5M12 16v5M3 12h5M16 12h5" />
    </>,
  ),
};

const LOOKS: readonly ToolId[] = ['window', 'zoom', 'pan', 'scroll'];
const MEASURES: readonly ToolId[] = ['length', 'bidirectional', 'angle', 'cobb', 'ellipse', 'rectangle', 'probe'];

function Key({ text }: { text: string }) {
  return (
    <span className="im-key" aria-hidden="true">
      {showKeys(text.split('|')[0] ?? '').join('')}
    </span>
  );
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

export function Act({ name, keys, on, off, why, run, children }: ActProps) {
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

export interface ToolbarProps {
  tool: ToolId;
  choose: (t: ToolId) => void;
  state: PaneState;
  layout: Layout;
  setLayout: (l: Layout) => void;
  window: (w: VoiWindow) => void;
  acts: {
    invert: () => void;
    flip: () => void;
    left: () => void;
    right: () => void;
    fit: () => void;
    actual: () => void;
    reset: () => void;
    cine: () => void;
  };
  mode: RenderMode | null;
}

export function Toolbar({ tool, choose, state, layout, setLayout, window: setWindow, acts, mode }: ToolbarProps) {
  const { t } = useWords();
  const wait = state.status !== 'empty' && !state.diagnostic ? t('imaging.wait_diagnostic') : undefined;
  const grey = state.rendered ? t('imaging.rendered_hint') : undefined;
  return (
    <div className="im-bar" role="toolbar" aria-label={t('imaging.tools')}>
      <div className="im-group">
        {LOOKS.map((id) => (
          <Act key={id} name={t(`key.imaging.${id}`)} keys={TOOL_KEYS[id]} on={tool === id} run={() => choose(id)}>
            {ICONS[id]}
          </Act>
        ))}
      </div>
      <div className="im-group">
        {MEASURES.map((id) => (
          <Act
            key={id}
            name={t(`key.imaging.${id}`)}
            keys={TOOL_KEYS[id]}
            on={tool === id}
            off={MEASURING.has(id) && (!!wait || (id === 'probe' && !!grey))}
            why={wait ?? (id === 'probe' ? grey : undefined)}
            run={() => choose(id)}
          >
            {ICONS[id]}
          </Act>
        ))}
      </div>
      <div className="im-group">
        <Act name={t('key.imaging.invert')} keys="i" on={state.invert} run={acts.invert}>
          {icon(
            <>
              <rect x="4" y="4" width="16" height="16" />
              <path d="M4 20 20 4v16z" fill="currentColor" />
            </>,
          )}
        </Act>
        <Act name={t('key.imaging.flip')} keys="v" on={state.flipHorizontal} run={acts.flip}>
          {icon(<path d="M12 3v18M9 7 3 18h6zM15 7l6 11h-6z" />)}
        </Act>
        <Act name={t('key.imaging.rotate_left')} keys="[" run={acts.left}>
          {icon(<path d="M5 12a7 7 0 1 1 3 5.700M5 12l-2-3M5 12l3-2" />)}
        </Act>
        <Act name={t('key.imaging.rotate_right')} keys="]" run={acts.right}>
          {icon(<path d="M19 12a7 7 0 1 0-3 5.700M19 12l2-3M19 12l-3-2" />)}
        </Act>
        <Act name={t('key.imaging.fit')} keys="f" run={acts.fit}>
          {icon(<path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5" />)}
        </Act>
        <Act name={t('key.imaging.actual')} keys="" run={acts.actual}>
          <span className="im-one">{t('imaging.one_to_one')}</span>
        </Act>
        <Act name={t('key.imaging.reset')} keys="shift+f" run={acts.reset}>
          {icon(<path d="M4 11a8 8 0 1 1 2 6M4 17v-6h6" />)}
        </Act>
        {state.count > 1 && (
          <Act name={t('key.imaging.cine')} keys="space" on={state.playing} run={acts.cine}>
            {icon(state.playing ? <path d="M8 5v14M16 5v14" /> : <path d="M7 5v14l12-7z" fill="currentColor" />)}
          </Act>
        )}
      </div>
      <span className="grow" />
      <PresetMenu state={state} set={setWindow} />
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <button type="button" className="im-tool im-wide" aria-label={`${t('imaging.layout')} ${layout}`}>
            {layout}
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {LAYOUTS.map((l, at) => (
            <Menu.Item key={l} onClick={() => setLayout(l)} rightSection={<span className="kbd">{`Alt+${at + 1}`}</span>}>
              {l}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {mode && (
        <Tooltip label={`${t(`imaging.mode.${mode.reason}`)}${mode.renderer ? ` · ${mode.renderer}` : ''}`} multiline maw={360}>
          <span className="im-mode">{mode.cpu ? t('imaging.mode.cpu') : t('imaging.mode.gpu_short')}</span>
        </Tooltip>
      )}
    </div>
  );
}

const plain = (v: number): string => (Math.abs(v) >= 10 || Number.isInteger(v) ? v.toFixed(0) : v.toFixed(1));

export function usePresetName(): (p: Preset) => string {
  const { t } = useWords();
  return (p) => (p.id === 'file' ? p.label || t('imaging.preset.file', { n: p.key }) : t(`imaging.preset.${p.id}`));
}

function PresetMenu({ state, set }: { state: PaneState; set: (w: VoiWindow) => void }) {
  const { t } = useWords();
  const name = usePresetName();
  const w = state.window;
  const same = state.presets.filter((p) => w && Math.abs(p.center - w.center) < 0.6 && Math.abs(p.width - w.width) < 0.6);
  const now = same.find((p) => p.key !== 0) ?? same[0];
  if (state.rendered || state.presets.length === 0) return null;
  const text = `${now ? name(now) : t('imaging.preset.manual')} ${w ? `${plain(w.width)}/${plain(w.center)}` : ''}`.trim();
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <button type="button" className="im-tool im-wide" aria-label={`${t('imaging.presets')} ${text}`}>
          {text}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {state.presets.map((p) => (
          <Menu.Item key={`${p.id}${p.key}`} onClick={() => set(p)} rightSection={<span className="kbd">{p.key}</span>}>
            {name(p)}{' '}
            <span className="dim">
              {plain(p.width)}/{plain(p.center)}
            </span>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
