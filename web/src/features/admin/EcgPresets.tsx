// Critical thresholds of the ECG: the provincial presets side by side with their sources, and which one is in force. Choosing another
// changes who is alarmed from now on, so it is confirmed, with both names read out.
import { Button, Modal } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { get, put } from '../../api/client';
import { useWords } from '../../i18n';
import { Tag } from '../../ui/bits';
import { Await, FaultNote } from '../../ui/State';

interface Cell {
  zh: string;
  en: string;
  in_excerpt: boolean;
}
interface Preset {
  code: string;
  name: string;
  name_en: string;
  source: string;
  levels: string[];
  cells: Record<string, Cell>;
}
interface Presets {
  version: string;
  active: string;
  items: { rule: string; zh: string; en: string }[];
  /** Rules that hold with every preset. */
  always: Record<string, Cell>;
  rows: Preset[];
}

const KEY = ['admin', 'ecg_presets'];

export function EcgPresets() {
  const { t, pick } = useWords();
  const q = useQuery({ queryKey: KEY, queryFn: () => get<Presets>('/api/ecg/presets') });
  const [chosen, choose] = useState<Preset | null>(null);
  const all = q.data;
  const active = all?.rows.find((p) => p.code === all.active);
  return (
    <>
      <div className="bar">
        <h1 style={{ fontSize: 15 }}>{t('admin.ecg_presets')}</h1>
        <span className="dim">{all && t('admin.preset_version', { version: all.version })}</span>
      </div>
      <div className="scroll grow" style={{ background: 'var(--yg-panel)' }}>
        <Await query={q}>
          {all && (
            <table className="plain">
              <caption className="sr-only">{t('admin.ecg_presets')}</caption>
              <thead>
                <tr>
                  <th scope="col">{t('admin.preset_rule')}</th>
                  {all.rows.map((p) => (
                    <th key={p.code} scope="col" style={{ whiteSpace: 'normal', minWidth: 240 }}>
                      <div>{pick(p.name, p.name_en)}</div>
                      <div style={{ minHeight: 26, display: 'flex', alignItems: 'center', gap: 6 }}>
                        {p.code === all.active ? (
                          <Tag tone="green">{t('admin.preset_active')}</Tag>
                        ) : (
                          <Button size="compact-xs" variant="default" onClick={() => choose(p)}>
                            {t('admin.preset_choose')}
                          </Button>
                        )}
                        {p.levels.map((level) => (
                          <Tag key={level} tone={level === 'red' ? 'red' : 'orange'}>
                            {t(`critical.${level}`)}
                          </Tag>
                        ))}
                      </div>
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {Object.entries(all.always).map(([rule, cell]) => (
                  <tr key={rule}>
                    <th scope="row" style={{ position: 'static' }}>
                      {t(`admin.always.${rule}`)}
                    </th>
                    <td colSpan={all.rows.length}>
                      <Tag tone="red">{t('admin.preset_always')}</Tag> {pick(cell.zh, cell.en)}
                    </td>
                  </tr>
                ))}
                {all.items.map((item) => (
                  <tr key={item.rule}>
                    <th scope="row" style={{ position: 'static' }}>
                      {pick(item.zh, item.en)}
                    </th>
                    {all.rows.map((p) => {
                      const cell = p.cells[item.rule];
                      return (
                        <td key={p.code} className={cell?.in_excerpt === false ? 'dim' : undefined}>
                          {cell ? pick(cell.zh, cell.en) : '–'}
                        </td>
                      );
                    })}
                  </tr>
                ))}
                <tr>
                  <th scope="row" style={{ position: 'static' }}>
                    {t('admin.preset_source')}
                  </th>
                  {all.rows.map((p) => (
                    <td key={p.code} className="dim">
                      {p.source}
                    </td>
                  ))}
                </tr>
              </tbody>
            </table>
          )}
        </Await>
      </div>
      {chosen && all && <Choose from={active} to={chosen} close={() => choose(null)} />}
    </>
  );
}

function Choose({ from, to, close }: { from: Preset | undefined; to: Preset; close: () => void }) {
  const { t, pick } = useWords();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const go = async () => {
    setBusy(true);
    setError(null);
    try {
      client.setQueryData(KEY, await put<Presets>('/api/ecg/presets/active', { code: to.code }));
      close();
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={close} title={t('admin.preset_choose')} size="lg">
      <div className="col" style={{ gap: 10 }}>
        <p style={{ margin: 0 }}>
          {t('admin.preset_from_to', { from: from ? pick(from.name, from.name_en) : '–', to: pick(to.name, to.name_en) })}
        </p>
        <p className="dim" style={{ margin: 0 }}>
          {t('admin.preset_hint')}
        </p>
        {error !== null && <FaultNote error={error} />}
        <div style={{ display: 'flex', gap: 8, justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={close}>
            {t('action.cancel')}
          </Button>
          <Button loading={busy} onClick={() => void go()}>
            {t('action.confirm')}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
