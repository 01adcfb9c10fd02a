// Diagnostic statements by one click or by pinyin initials; the editor turns them into lines of the impression.
import { TextInput } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { get, post } from '../../api/client';
import type { Sections } from '../../api/types';
import { useWords } from '../../i18n';
import { FaultNote } from '../../ui/State';
import type { ReportEditorHandle } from '../report';
import type { Said } from './model';
import { type Statement, search } from './statements';

interface Props {
  record: string;
  editor: React.RefObject<ReportEditorHandle | null>;
  sections: Sections;
}

export function Statements({ record, editor, sections }: Props) {
  const { t, pick } = useWords();
  const [typed, type] = useState('');
  const list = useQuery({
    queryKey: ['ecg', 'statements'],
    queryFn: () => get<{ version: string; source: string; rows: Statement[] }>('/api/ecg/statements'),
    staleTime: 3_600_000,
  });
  const chosen = sections.ecg_statements ?? [];
  const codes = chosen.map((c) => c.code);
  const against = useQuery({
    queryKey: ['ecg', 'check', record, codes.join()],
    queryFn: () => post<{ contradictions: Said[] }>(`/api/ecg/${record}/statements/check`, { codes }),
    enabled: codes.length > 0,
    placeholderData: keepPreviousData,
  });
  const found = search(list.data?.rows ?? [], typed);
  const words = (s: Statement) => pick(s.zh, s.en);
  const flip = (code: string, text: string) => {
    const on = codes.includes(code);
    editor.current?.setStatements(on ? chosen.filter((c) => c.code !== code) : [...chosen, { code, text }]);
  };
  const offered = [
    ...chosen.map((c) => ({ code: c.code, text: c.text, on: true })),
    ...found.filter((s) => !codes.includes(s.code)).map((s) => ({ code: s.code, text: words(s), on: false })),
  ];
  const contradictions = codes.length > 0 ? (against.data?.contradictions ?? []) : [];
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
            flip(first.code, words(first));
            type('');
          }}
        />
      </div>
      {list.isError && <FaultNote error={list.error} retry={() => void list.refetch()} />}
      <div className="ecg-chips">
        {offered.map((s) => (
          <button
            type="button"
            key={s.code}
            className="ecg-chip"
            aria-pressed={s.on}
            title={`${s.code} ${s.text}`}
            data-on={s.on || undefined}
            onClick={() => flip(s.code, s.text)}
          >
            {s.on ? `✓ ${s.text}` : s.text}
          </button>
        ))}
        {list.data && found.length === 0 && <span className="dim">{t('ecg.statement_none')}</span>}
      </div>
      {contradictions.map((c) => (
        <div key={c.text_zh} className="note" data-tone="amber" role="alert">
          <strong>{t('ecg.contradiction')}</strong> {pick(c.text_zh, c.text_en)}
        </div>
      ))}
      {against.isError && <FaultNote error={against.error} />}
    </section>
  );
}
