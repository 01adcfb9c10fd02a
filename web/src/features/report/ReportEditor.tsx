import { useImperativeHandle, useState } from 'react';
import type { Sections } from '../../api/types';
import { useWords } from '../../i18n';
import type { ReportEditorProps } from './port';

export function ReportEditor({ item, insertRef, onSections }: ReportEditorProps) {
  const { t } = useWords();
  const [sections, setSections] = useState<Sections>(item.draft?.sections ?? {});
  const change = (next: Sections) => {
    setSections(next);
    onSections?.(next);
  };
  useImperativeHandle(insertRef, () => ({
    insert: (text, section = 'findings') => change({ ...sections, [section]: `${sections[section] ?? ''}${text}` }),
    setStatements: (list) => change({ ...sections, ecg_statements: list }),
    focus: () => undefined,
  }));
  return (
    <section className="col panel-pad" aria-label={t('report.editor')}>
      <textarea
        aria-label={t('section.findings')}
        value={sections.findings ?? ''}
        onChange={(e) => change({ ...sections, findings: e.target.value })}
      />
    </section>
  );
}
