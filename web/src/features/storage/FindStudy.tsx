// A study found by name or number, with one thing that can be done to it.
import { Button, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useWords } from '../../i18n';
import { useKeys } from '../../keys';
import { dicomDate } from '../../ui/format';
import { Await } from '../../ui/State';
import { type Found, findQuery, StudyLine } from '../quarantine';

interface Props {
  title: string;
  act: string;
  /** The label where it is done already; such a study cannot be chosen. */
  done?: (study: string) => string | null;
  busy?: string | null;
  choose: (study: Found) => void;
}

export const nameOf = (s: { name?: string; patient_name?: string; modality: string; study_date: string }): string =>
  [s.name ?? s.patient_name, s.modality, dicomDate(s.study_date)].filter(Boolean).join(' · ');

export function FindStudy({ title, act, done, busy, choose }: Props) {
  const { t } = useWords();
  const [text, setText] = useState('');
  const [words, setWords] = useState('');
  const found = useQuery(findQuery(words));
  const box = useRef<HTMLInputElement>(null);
  useKeys('storage.find', [{ id: 'storage.find', keys: '/', run: () => box.current?.focus() }]);
  return (
    <section className="panel panel-pad store-card" aria-label={title}>
      <h2>{title}</h2>
      <form
        className="row"
        onSubmit={(e) => {
          e.preventDefault();
          setWords(text.trim());
        }}
      >
        <TextInput
          ref={box}
          className="grow"
          value={text}
          onChange={(e) => setText(e.currentTarget.value)}
          placeholder={t('quarantine.find_hint')}
          aria-label={t('quarantine.find_hint')}
        />
        <Button type="submit" variant="default">
          {t('action.search')}
        </Button>
      </form>
      {words !== '' && (
        <Await query={found}>
          {found.data?.rows.length === 0 && <p className="dim">{t('quarantine.found_none')}</p>}
          <ul className="past found">
            {found.data?.rows.map((s) => (
              <li key={s.id} className="row">
                <span className="grow">
                  <StudyLine study={s} />
                </span>
                <span className="dim nowrap">{dicomDate(s.study_date)}</span>
                <Button
                  size="compact-xs"
                  variant="default"
                  loading={busy === s.id}
                  disabled={Boolean(busy) || Boolean(done?.(s.id))}
                  onClick={() => choose(s)}
                >
                  {done?.(s.id) ?? act}
                </Button>
              </li>
            ))}
          </ul>
        </Await>
      )}
    </section>
  );
}
