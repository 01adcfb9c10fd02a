// Other archives (the hospital's old PACS): what they have of a person, and fetching it here. A fetched study comes in like any other of
// that archive, and stands among the priors as soon as its person is known.
import { Button, Select, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { useWords } from '../../i18n';
import { useKeys } from '../../keys';
import { Tag, useServerNow, useSex } from '../../ui/bits';
import { dicomDate, shortTime } from '../../ui/format';
import { Await, Empty, FaultNote, NoRight } from '../../ui/State';
import { useCan } from '../session';
import { type Archive, archivesQuery, type Fetch, type Found, fetchStudy, isNamed, type Keys, searchArchive, TONES } from './model';

type Looked = Partial<Keys>;
interface Asked {
  archive: string;
  keys: Keys;
}

export function ArchivesPage() {
  const { t } = useWords();
  const can = useCan();
  const list = useQuery(archivesQuery);
  if (!can('write', 'audit', 'link_identity', 'lead')) return <NoRight />;
  return (
    <div className="page-fill">
      <div className="bar">
        <h1 className="bar-title">{t('archives.title')}</h1>
      </div>
      <Await query={list}>
        {list.data &&
          (list.data.archives.length === 0 ? (
            <Empty title={t('archives.none')} hint={t('archives.none_hint')} />
          ) : (
            <div className="scroll grow" style={{ padding: 12 }}>
              <Search archives={list.data.archives} fetches={list.data.fetches} />
              <Fetches fetches={list.data.fetches} serverNow={list.data.now} />
            </div>
          ))}
      </Await>
    </div>
  );
}

function Search({ archives, fetches }: { archives: Archive[]; fetches: Fetch[] }) {
  const { t } = useWords();
  const said = useSearch({ strict: false }) as Looked;
  const [archive, choose] = useState(archives[0]?.id ?? '');
  const [keys, setKeys] = useState<Keys>({ patient_id: '', patient_name: '', accession: '', modality: '', ...said });
  const first = useRef<HTMLInputElement>(null);
  // What was asked goes with the answer: the choice above may have moved on.
  const found = useMutation({ mutationFn: (asked: Asked) => searchArchive(asked.archive, asked.keys) });
  const search = () => found.mutate({ archive, keys });
  useEffect(() => {
    first.current?.focus();
    // Whoever comes from a study has said whom it is about.
    if (archive && isNamed(keys)) search();
  }, []);
  useKeys('archives', [{ id: 'archives.search', keys: 'ctrl+enter', inText: true, on: isNamed(keys), run: search }]);
  const answered = found.variables?.archive ?? '';
  const nameOf = (id: string) => archives.find((a) => a.id === id)?.name ?? id;
  const field = (name: keyof Keys, ref?: React.Ref<HTMLInputElement>) => (
    <TextInput
      ref={ref}
      label={t(`archives.key.${name}`)}
      value={keys[name]}
      onChange={(e) => setKeys({ ...keys, [name]: e.currentTarget.value })}
    />
  );
  return (
    <section className="panel" style={{ padding: 12 }} aria-label={t('archives.search')}>
      <form
        className="row wrap"
        style={{ alignItems: 'flex-end', gap: 8 }}
        onSubmit={(e) => {
          e.preventDefault();
          search();
        }}
      >
        <Select
          label={t('archives.archive')}
          data={archives.map((a) => ({ value: a.id, label: a.name }))}
          value={archive}
          onChange={(v) => choose(v ?? archive)}
          allowDeselect={false}
        />
        {field('patient_id', first)}
        {field('patient_name')}
        {field('accession')}
        {field('modality')}
        <Button type="submit" loading={found.isPending} disabled={!archive || !isNamed(keys)}>
          {t('archives.search')}
        </Button>
      </form>
      <p className="dim" style={{ margin: '6px 0 0' }}>
        {t('archives.hint')}
      </p>
      {found.isError && (
        <div style={{ marginTop: 8 }}>
          <strong>{nameOf(answered)}</strong>
          <FaultNote error={found.error} retry={() => found.variables && found.mutate(found.variables)} />
        </div>
      )}
      {found.data && !found.isPending && (
        <>
          <h2 style={{ marginTop: 12 }}>{t('archives.found_in', { name: nameOf(answered), n: found.data.rows.length })}</h2>
          <Rows
            key={answered}
            archive={answered}
            rows={found.data.rows}
            more={found.data.more}
            fetches={fetches.filter((f) => f.peer === answered)}
          />
        </>
      )}
    </section>
  );
}

function Rows({ archive, rows, more, fetches }: { archive: string; rows: Found[]; more: boolean; fetches: Fetch[] }) {
  const { t } = useWords();
  const sex = useSex();
  const client = useQueryClient();
  const ask = useMutation({
    mutationFn: (uid: string) => fetchStudy(archive, uid),
    onSettled: () => client.invalidateQueries({ queryKey: ['archives'] }),
  });
  if (rows.length === 0) return <Empty title={t('archives.empty')} hint={t('archives.empty_hint')} />;
  const open = (uid: string) => fetches.find((f) => f.study_uid === uid && (f.state === 'waiting' || f.state === 'running'));
  return (
    <>
      {ask.isError && <FaultNote error={ask.error} />}
      {more && (
        <div className="note" data-tone="amber" role="status" style={{ marginTop: 8 }}>
          {t('archives.more')}
        </div>
      )}
      <table className="plain" style={{ marginTop: 8 }}>
        <thead>
          <tr>
            {['date', 'patient', 'what', 'accession', 'images', 'here'].map((c) => (
              <th key={c} scope="col">
                {t(`archives.col.${c}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((r) => (
            <tr key={r.study_uid}>
              <td className="nowrap">{r.study_date ? dicomDate(r.study_date) : '–'}</td>
              <td>
                <strong>{r.patient_name || t('patient.unnamed')}</strong> {sex(r.sex)} {r.birth_date && dicomDate(r.birth_date)}{' '}
                <span className="dim mono">{r.patient_id}</span>
              </td>
              <td>
                <span className="mono">{r.modalities.replaceAll('\\', ' ')}</span> {r.description}
              </td>
              <td className="mono">{r.accession}</td>
              <td className="num">{r.instances ?? '–'}</td>
              <td className="nowrap">
                {r.here && <Tag tone="green">{t('archives.here', { n: r.here.images })}</Tag>}{' '}
                {open(r.study_uid) ? (
                  <Tag tone="blue">{t('archives.state.running')}</Tag>
                ) : (
                  <Button
                    size="compact-xs"
                    variant={r.here ? 'default' : 'filled'}
                    loading={ask.isPending && ask.variables === r.study_uid}
                    onClick={() => ask.mutate(r.study_uid)}
                  >
                    {t(r.here ? 'archives.fetch_again' : 'archives.fetch')}
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function Fetches({ fetches, serverNow }: { fetches: Fetch[]; serverNow: number }) {
  const { t } = useWords();
  const now = useServerNow(serverNow);
  if (fetches.length === 0) return null;
  return (
    <section className="panel" style={{ padding: 12, marginTop: 12 }} aria-labelledby="fetches">
      <h2 id="fetches">{t('archives.fetches')}</h2>
      <table className="plain">
        <thead>
          <tr>
            {['asked', 'archive', 'study', 'state'].map((c) => (
              <th key={c} scope="col">
                {t(`archives.col.${c}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {fetches.map((f) => (
            <tr key={f.id}>
              <td className="nowrap">
                {shortTime(f.asked_at, now)} <span className="dim">{f.asked_by}</span>
              </td>
              <td>{f.peer_name}</td>
              <td className="mono cut" style={{ maxWidth: 320 }} title={f.study_uid}>
                {f.study_uid}
              </td>
              <td>
                <Tag tone={TONES[f.state]}>{t(`archives.state.${f.state}`)}</Tag>{' '}
                <span>{t('archives.progress', { done: f.completed, failed: f.failed })}</span>{' '}
                {f.remaining !== null && <span className="dim">{t('archives.remaining', { n: f.remaining })}</span>}
                {f.error && <span className="tone-red"> {f.error}</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
