// What came in and cannot be trusted or matched yet: the list, and beside it everything that is known before a person decides.
import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { useWords } from '../../i18n';
import { useKeys } from '../../keys';
import { Tag, useServerNow } from '../../ui/bits';
import { dicomDate, shortTime } from '../../ui/format';
import { SplitPane } from '../../ui/SplitPane';
import { Await, Empty } from '../../ui/State';
import { CardView } from './CardView';
import { type Found, type Held, LANES, type Lane } from './model';
import { cardQuery, findQuery, heldQuery } from './queries';
import './quarantine.css';

interface Search {
  state?: string;
  lane?: string;
  entry?: string;
  study?: string;
  q?: string;
}

const TONES: Record<Lane, 'red' | 'orange' | 'amber' | 'blue' | 'violet'> = {
  security: 'red',
  identity: 'orange',
  content: 'amber',
  defect: 'violet',
  charset: 'blue',
};

export function LaneTag({ lane }: { lane: Lane }) {
  const { t } = useWords();
  return <Tag tone={TONES[lane]}>{t(`lane.${lane}`)}</Tag>;
}

export function QuarantinePage() {
  const { t } = useWords();
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const state = search.state ?? 'open';
  const set = (next: Partial<Search>) => void navigate({ to: '/quarantine', search: { ...search, ...next } as never, replace: true });
  const list = useQuery({ ...heldQuery(state, search.lane ?? ''), enabled: state !== 'find', placeholderData: keepPreviousData });
  const rows = list.data?.rows ?? [];
  const counts = list.data?.counts ?? {};
  const total = search.lane ? (counts[search.lane as Lane] ?? 0) : LANES.reduce((n, lane) => n + (counts[lane] ?? 0), 0);
  // The card stays the one that was opened, whatever comes into the list or leaves it: an act must not land on another study.
  const chosen = search.study ? null : (search.entry ?? null);
  const first = list.isPlaceholderData ? undefined : rows[0]?.id;
  useEffect(() => {
    if (state !== 'find' && !search.study && !search.entry && first) set({ entry: first });
  }, [state, search.study, search.entry, first]);
  const step = (by: number) => {
    const at = rows.findIndex((r) => r.id === chosen);
    const next = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
    if (next) set({ entry: next.id, study: undefined });
  };
  const box = useRef<HTMLInputElement>(null);
  useKeys('quarantine', [
    { id: 'quarantine.next', keys: 'j|arrowdown', run: () => step(1) },
    { id: 'quarantine.previous', keys: 'k|arrowup', run: () => step(-1) },
    { id: 'quarantine.find', keys: '/', run: () => (state === 'find' ? box.current?.focus() : set({ state: 'find', entry: undefined })) },
  ]);
  return (
    <div className="page-fill">
      <div className="bar" style={{ gap: 12 }}>
        <h1 className="bar-title">{t('quarantine.title')}</h1>
        <SegmentedControl
          size="xs"
          value={state}
          onChange={(v) => set({ state: v, entry: undefined, study: undefined })}
          data={['open', 'released', 'find'].map((value) => ({ value, label: t(`quarantine.${value}`) }))}
          aria-label={t('quarantine.which')}
        />
        {state !== 'find' && (
          <fieldset className="row lanes" aria-label={t('quarantine.lanes')}>
            {LANES.map((lane) => {
              const n = counts[lane] ?? 0;
              return (
                <button
                  key={lane}
                  type="button"
                  className="lane"
                  aria-pressed={search.lane === lane}
                  disabled={n === 0 && search.lane !== lane}
                  onClick={() => set({ lane: search.lane === lane ? undefined : lane, entry: undefined })}
                >
                  {t(`lane.${lane}`)} <strong>{n}</strong>
                </button>
              );
            })}
          </fieldset>
        )}
      </div>
      <SplitPane
        id="quarantine"
        right0={760}
        min={520}
        max={1100}
        left={
          state === 'find' ? (
            <FindList
              words={search.q ?? ''}
              box={box}
              find={(q) => set({ q, study: undefined })}
              chosen={search.study}
              choose={(study) => set({ study })}
            />
          ) : (
            <div className="scroll grow panel">
              <Await query={list}>
                {rows.length === 0 ? (
                  <Empty title={t('quarantine.empty')} hint={t('quarantine.empty_hint')} />
                ) : (
                  <HeldList rows={rows} chosen={chosen} choose={(entry) => set({ entry, study: undefined })} />
                )}
                {rows.length < total && <p className="dim held-cut">{t('quarantine.cut', { n: rows.length, total })}</p>}
              </Await>
            </div>
          )
        }
        right={
          search.study ? (
            <CardPane key={search.study} entry={null} study={search.study} />
          ) : chosen ? (
            <CardPane key={chosen} entry={chosen} study={null} />
          ) : (
            <Empty title={t('quarantine.choose')} />
          )
        }
      />
    </div>
  );
}

function HeldList({ rows, chosen, choose }: { rows: Held[]; chosen: string | null; choose: (id: string) => void }) {
  const { t, has } = useWords();
  const now = useServerNow(undefined);
  return (
    <ul className="held">
      {rows.map((r) => (
        <li key={r.id}>
          <button type="button" className="held-row" aria-current={r.id === chosen} onClick={() => choose(r.id)}>
            <span className="row" style={{ gap: 6 }}>
              <LaneTag lane={r.lane} />
              <span className="grow cut">{has(`reason.${r.reason}`) ? t(`reason.${r.reason}`) : r.reason}</span>
              <span className="dim nowrap">{shortTime(r.created_at, now)}</span>
            </span>
            <span className="dim cut">
              {r.facility_name} · {t(`quarantine.kind.${r.object_kind}`)}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function FindList({
  words,
  find,
  chosen,
  choose,
  box,
}: {
  words: string;
  find: (q: string) => void;
  chosen: string | undefined;
  choose: (study: string) => void;
  box: React.RefObject<HTMLInputElement | null>;
}) {
  const { t } = useWords();
  const [text, setText] = useState(words);
  const found = useQuery(findQuery(words));
  useEffect(() => {
    box.current?.focus();
  }, [box]);
  return (
    <div className="col grow panel" style={{ minHeight: 0 }}>
      <form
        className="row"
        style={{ padding: 8, gap: 8 }}
        onSubmit={(e) => {
          e.preventDefault();
          find(text.trim());
        }}
      >
        <TextInput
          ref={box}
          className="grow"
          size="xs"
          value={text}
          onChange={(e) => setText(e.currentTarget.value)}
          placeholder={t('quarantine.find_hint')}
          aria-label={t('quarantine.find_hint')}
        />
        <Button type="submit" size="xs" variant="default">
          {t('action.search')}
        </Button>
      </form>
      <div className="scroll grow">
        {words === '' ? (
          <Empty title={t('quarantine.find_first')} />
        ) : (
          <Await query={found}>
            {found.data?.rows.length === 0 ? <Empty title={t('quarantine.found_none')} /> : null}
            <ul className="held">
              {found.data?.rows.map((s) => (
                <li key={s.id}>
                  <button type="button" className="held-row" aria-current={s.id === chosen} onClick={() => choose(s.id)}>
                    <StudyLine study={s} />
                  </button>
                </li>
              ))}
            </ul>
          </Await>
        )}
      </div>
    </div>
  );
}

export function StudyLine({ study }: { study: Found }) {
  const { t } = useWords();
  return (
    <span className="row" style={{ gap: 8 }}>
      <strong>{study.name || t('patient.unnamed')}</strong>
      <span className="mono dim">{study.local_id}</span>
      <span className="nowrap">{dicomDate(study.study_date)}</span>
      <span>{study.modality}</span>
      <span className="grow cut">{study.description}</span>
      {study.facility_name && <span className="dim nowrap">{study.facility_name}</span>}
      <span className="dim nowrap">{t('quarantine.images_n', { n: study.images })}</span>
    </span>
  );
}

function CardPane({ entry, study }: { entry: string | null; study: string | null }) {
  const card = useQuery(cardQuery(entry, study));
  return (
    <div className="scroll grow panel card">
      <Await query={card}>{card.data && <CardView card={card.data} />}</Await>
    </div>
  );
}
