// Diagnostic statements by one click or by pinyin initials; the editor turns them into lines of the impression.
import { TextInput } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { Sections } from '../../api/types';
import { useWords } from '../../i18n';
import type { ReportEditorHandle } from '../report';
import type { EcgMeasurement } from './model';
import { isSinus, search } from './statements';
import { tableOf } from './values';

interface Props {
  editor: React.RefObject<ReportEditorHandle | null>;
  sections: Sections;
  measurements: readonly EcgMeasurement[];
}

export function Statements({ editor, sections, measurements }: Props) {
  const { t } = useWords();
  const [typed, type] = useState('');
  const chosen = sections.ecg_statements ?? [];
  const words = (code: string) => t(`ecg.st.${code}`);
  const found = search(typed, words);
  const noP = useMemo(() => tableOf(measurements).find((r) => r.what === 'pr')?.absent ?? false, [measurements]);
  const flip = (code: string) => {
    const on = chosen.some((c) => c.code === code);
    editor.current?.setStatements(on ? chosen.filter((c) => c.code !== code) : [...chosen, { code, text: words(code) }]);
  };
  const contradicts = noP && chosen.some((c) => isSinus(c.code));
  return (
    <section className="ecg-statements" aria-label={t('ecg.statements')}>
      <div className="row">
        <h2>{t('ecg.statements')}</h2>
        <TextInput
          className="grow"
          aria-label={t('ecg.statement_search')}
          placeholder={t('ecg.statement_search')}
          value={typed}
          onChange={(e) => type(e.currentTarget.value)}
          onKeyDown={(e) => {
            const first = found[0];
            if (e.key !== 'Enter' || e.nativeEvent.isComposing || !first) return;
            e.preventDefault();
            flip(first.code);
            type('');
          }}
        />
      </div>
      <div className="ecg-chips">
        {found.map((s) => {
          const on = chosen.some((c) => c.code === s.code);
          return (
            <button
              type="button"
              key={s.code}
              className="ecg-chip"
              aria-pressed={on}
              title={words(s.code)}
              data-on={on || undefined}
              onClick={() => flip(s.code)}
            >
              {t(`ecg.sts.${s.code}`)}
            </button>
          );
        })}
        {found.length === 0 && <span className="dim">{t('ecg.statement_none')}</span>}
      </div>
      {contradicts && (
        <div className="note" data-tone="amber" role="status">
          {t('ecg.contradiction_sinus')}
        </div>
      )}
    </section>
  );
}
