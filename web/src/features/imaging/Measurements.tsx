// The measurement list: always visible, one line each, into the report by click or key.
import { Tooltip } from '@mantine/core';
import { useState } from 'react';
import { useWords } from '../../i18n';
import { Keys } from '../../ui/bits';
import type { Measurement, RenderMode } from './viewer/port';
import { typedNumber } from './viewer/typed';
import { valueText, whereText } from './words';

interface Props {
  list: readonly Measurement[];
  chosen: string | null;
  choose: (m: Measurement) => void;
  insert: (m: Measurement) => void;
  remove: (m: Measurement) => void;
  calibrate: (m: Measurement, mm: number) => void;
  uncalibrate: (m: Measurement) => void;
  /** Whether this one may go into the report. */
  canInsert: (m: Measurement) => boolean;
  mode: RenderMode | null;
}

export function Measurements({ list, chosen, choose, insert, remove, calibrate, uncalibrate, canInsert, mode }: Props) {
  const { t } = useWords();
  return (
    <section className="im-measures" aria-label={t('imaging.measurements')}>
      <span className="im-measures-head">
        {t('imaging.measurements')} {list.length > 0 ? list.length : ''}
      </span>
      {list.length === 0 && <span className="dim">{t('imaging.measurements_empty')}</span>}
      <ul className="im-measures-list" aria-live="polite">
        {list.map((m, at) => (
          <li
            key={m.id}
            className="im-measure"
            data-chosen={m.id === chosen || undefined}
            ref={m.id === chosen ? (li) => li?.scrollIntoView({ block: 'nearest', inline: 'nearest' }) : undefined}
          >
            <button type="button" className="im-plain" onClick={() => choose(m)} title={t('imaging.go_to')}>
              <span className="dim">{at + 1}</span> {t(`imaging.kind.${m.kind}`)} <strong>{valueText(t, m)}</strong>{' '}
              <span className="dim">{whereText(t, m)}</span>
            </button>
            {canInsert(m) && (
              <button type="button" className="im-link" onClick={() => insert(m)}>
                {t('imaging.insert')}
                {m.id === chosen && <Keys keys="m" />}
              </button>
            )}
            {m.kind === 'length' && <Known m={m} calibrate={calibrate} />}
            {m.basis === 'user' && (
              <button type="button" className="im-link dim" onClick={() => uncalibrate(m)}>
                {t('imaging.uncalibrate')}
              </button>
            )}
            <button
              type="button"
              className="im-link"
              aria-label={t('imaging.remove')}
              title={t('imaging.remove')}
              onClick={() => remove(m)}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
      <span className="grow" />
      {mode && (
        <Tooltip label={`${t(`imaging.mode.${mode.reason}`)}${mode.renderer ? ` · ${mode.renderer}` : ''}`} multiline maw={360}>
          <span className="im-mode">{mode.cpu ? t('imaging.mode.cpu') : t('imaging.mode.gpu_short')}</span>
        </Tooltip>
      )}
    </section>
  );
}

/** User calibration on a known length; the file's own values stay. */
function Known({ m, calibrate }: { m: Measurement; calibrate: (m: Measurement, mm: number) => void }) {
  const { t } = useWords();
  const [open, toggle] = useState(false);
  const [text, setText] = useState('');
  if (!open)
    return (
      <Tooltip label={t('imaging.calibrate_hint')}>
        <button type="button" className="im-link dim" onClick={() => toggle(true)}>
          {t('imaging.calibrate')}
        </button>
      </Tooltip>
    );
  const mm = typedNumber(text);
  const wrong = text.trim() !== '' && !(mm > 0);
  return (
    <form
      className="im-known"
      onSubmit={(e) => {
        e.preventDefault();
        if (wrong) return;
        if (mm > 0) calibrate(m, mm);
        toggle(false);
      }}
    >
      <input
        aria-label={t('imaging.calibrate_label')}
        placeholder="mm"
        inputMode="decimal"
        size={5}
        value={text}
        aria-invalid={wrong}
        title={wrong ? t('imaging.calibrate_wrong') : undefined}
        autoFocus
        onChange={(e) => setText(e.target.value)}
        onBlur={() => text === '' && toggle(false)}
      />
      <button type="submit" className="im-link" aria-disabled={!(mm > 0)}>
        {t('imaging.apply')}
      </button>
      {wrong && (
        <span className="tone-red" role="alert">
          {t('imaging.calibrate_wrong')}
        </span>
      )}
    </form>
  );
}
