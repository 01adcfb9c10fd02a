// One dialog for all corrections: what is chosen, why it is done. The reason stands in the history that both facilities see.
import { Button, Checkbox, Modal, Radio, Select, Textarea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useWords } from '../../i18n';
import { useSex } from '../../ui/bits';
import { day as dayOf, dicomDate } from '../../ui/format';
import { Await, Empty, FaultNote } from '../../ui/State';
import { type Card, day, HIDE_CODES, type PatientChoice, type StudyHead, targets } from './model';
import { StudyLine } from './QuarantinePage';
import { act, ordersQuery, patientsQuery } from './queries';

export type Doing =
  | { kind: 'release' | 'index' | 'patient' | 'order' | 'unlink' | 'merge' }
  | { kind: 'charset'; charset: string }
  | { kind: 'promote'; instance: string }
  | { kind: 'split' | 'move' | 'hide' | 'restore'; images: string[] }
  | { kind: 'undo'; act: string; operation: string };

const NAMES: Record<Doing['kind'], string> = {
  release: 'act.release',
  index: 'act.index_held',
  patient: 'act.assign_patient',
  order: 'act.link_order',
  unlink: 'act.unlink',
  merge: 'act.merge',
  charset: 'act.fix_charset',
  promote: 'act.promote',
  split: 'act.split',
  move: 'act.move',
  hide: 'act.hide',
  restore: 'act.restore',
  undo: 'act.undo',
};

/** The call of an act; `null` while something is still to be chosen. */
function request(card: Card, doing: Doing, choice: Choice): [string, Record<string, unknown>] | null {
  const study = `/api/studies/${card.study?.id}`;
  switch (doing.kind) {
    case 'release':
      return [`/api/quarantine/${card.id}/release`, {}];
    case 'index':
      return [`/api/quarantine/${card.id}/index`, { ...(choice.id ? { study: choice.id } : {}), alike: choice.alike ?? false }];
    case 'charset':
      return [`/api/quarantine/${card.id}/charset`, { charset: doing.charset }];
    case 'patient':
      if (choice.id) return [`${study}/patient`, { patient: choice.id }];
      return choice.fresh?.local_id.trim() && choice.fresh.name.trim() ? [`${study}/patient`, { ...choice.fresh }] : null;
    case 'order':
      return choice.id ? [`${study}/order`, { order: choice.id }] : null;
    case 'unlink':
      return [`${study}/unlink`, {}];
    case 'merge':
      return choice.id ? [`${study}/merge`, { to: choice.id }] : null;
    case 'move':
      return choice.id ? [`${study}/move`, { to: choice.id, instances: doing.images }] : null;
    case 'split':
      return [`${study}/split`, { instances: doing.images }];
    case 'hide':
      return choice.code ? [`${study}/hide`, { instances: doing.images, code: choice.code }] : null;
    case 'restore':
      return [`${study}/restore`, { instances: doing.images }];
    case 'promote':
      return [`/api/instances/${doing.instance}/promote`, { alike: choice.alike ?? false }];
    case 'undo':
      return [`/api/reconcile/${doing.act}/undo`, {}];
  }
}

interface Choice {
  alike?: boolean;
  id?: string;
  code?: string;
  fresh?: { local_id: string; name: string; sex: string; birth_date: string };
}

export function ActDialog({ card: now, doing, close, done }: { card: Card; doing: Doing; close: () => void; done: () => void }) {
  const { t } = useWords();
  // What was seen when the dialog opened is what is acted on: an image may be moved to another study meanwhile.
  const [card] = useState(now);
  const [choice, choose] = useState<Choice>({});
  const [why, setWhy] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const asked = request(card, doing, choice);
  const go = async () => {
    if (!asked || !why.trim()) return;
    setBusy(true);
    setError(null);
    try {
      await act(asked[0], { ...asked[1], why: why.trim() });
      done();
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  const chooses = ['index', 'patient', 'order', 'merge', 'move', 'hide'].includes(doing.kind);
  return (
    <Modal
      opened
      onClose={close}
      closeButtonProps={{ 'aria-label': t('action.close') }}
      title={t(NAMES[doing.kind])}
      size={chooses ? 'lg' : 'md'}
    >
      <form
        className="col"
        style={{ gap: 10 }}
        onSubmit={(e) => {
          e.preventDefault();
          void go();
        }}
      >
        {card.study && <About study={card.study} />}
        <p className="dim">
          {t(`${NAMES[doing.kind]}.hint`, {
            n: 'images' in doing ? doing.images.length : 0,
            set: doing.kind === 'charset' ? doing.charset : '',
          })}
        </p>
        {doing.kind === 'patient' && card.study && (
          <PatientChoices study={card.study.id} first={card.said} choice={choice} choose={choose} />
        )}
        {doing.kind === 'order' && card.study && <OrderChoices study={card.study.id} choice={choice} choose={choose} />}
        {(doing.kind === 'merge' || doing.kind === 'move') && (
          <Radio.Group label={t('quarantine.target')} value={choice.id ?? ''} onChange={(id) => choose({ id })}>
            <div className="choices">
              {card.others.map((s) => (
                <Radio key={s.id} value={s.id} label={<StudyLine study={s} />} />
              ))}
            </div>
          </Radio.Group>
        )}
        {doing.kind === 'index' && (
          <Radio.Group label={t('quarantine.goes_into')} value={choice.id ?? ''} onChange={(id) => choose({ ...choice, id })}>
            <div className="choices">
              <Radio value="" label={t('quarantine.own_study')} data-autofocus />
              {targets(card).map((s) => (
                <Radio key={s.id} value={s.id} label={<StudyLine study={s} />} />
              ))}
            </div>
          </Radio.Group>
        )}
        {doing.kind === 'hide' && (
          <Radio.Group label={t('quarantine.code')} value={choice.code ?? ''} onChange={(code) => choose({ code })}>
            <div className="choices">
              {HIDE_CODES.map((code, i) => (
                <Radio key={code} value={code} label={`${t(`hide.${code}`)} (${code})`} data-autofocus={i === 0 || undefined} />
              ))}
            </div>
          </Radio.Group>
        )}
        {(doing.kind === 'index' || (doing.kind === 'promote' && doing.instance === card.about)) && card.alike > 0 && (
          <Checkbox
            label={t('quarantine.alike', { n: card.alike })}
            checked={choice.alike ?? false}
            onChange={(e) => choose({ ...choice, alike: e.currentTarget.checked })}
          />
        )}
        <Textarea
          label={t('quarantine.why')}
          value={why}
          onChange={(e) => setWhy(e.currentTarget.value)}
          required
          autosize
          minRows={2}
          data-autofocus={chooses ? undefined : true}
        />
        {error !== null && <FaultNote error={error} />}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={close}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" loading={busy} disabled={!asked || !why.trim()}>
            {t(NAMES[doing.kind])}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

/** Whose study it is, and which. */
function About({ study }: { study: StudyHead }) {
  const { t } = useWords();
  const { patient: p } = study;
  return (
    <div className="about col" style={{ gap: 2 }}>
      <PersonLine p={{ ...p, name: p.name || t('patient.unnamed'), local_id: p.identified ? p.local_id : '' }} />
      <span className="row dim" style={{ gap: 8 }}>
        <span>{dicomDate(study.study_date)}</span>
        <span>{study.modality}</span>
        <span className="grow cut">{study.description}</span>
        <span className="nowrap">{t('quarantine.images_n', { n: study.images })}</span>
      </span>
    </div>
  );
}

function PersonLine({ p }: { p: Omit<PatientChoice, 'id'> }) {
  const sex = useSex();
  return (
    <span className="row" style={{ gap: 8 }}>
      <strong>{p.name}</strong>
      <span className="mono">{p.local_id}</span>
      <span>{sex(p.sex)}</span>
      <span>{day(p.birth_date)}</span>
    </span>
  );
}

function SearchBox({ label, find, children }: { label: string; find: (q: string) => void; children: ReactNode }) {
  const { t } = useWords();
  const [text, setText] = useState('');
  const go = () => find(text.trim());
  return (
    <>
      <div className="row" style={{ gap: 8, alignItems: 'flex-end' }}>
        <TextInput
          className="grow"
          label={label}
          value={text}
          data-autofocus
          onChange={(e) => setText(e.currentTarget.value)}
          onKeyDown={(e) => {
            if (e.key !== 'Enter') return;
            e.preventDefault();
            go();
          }}
        />
        <Button variant="default" onClick={go}>
          {t('action.search')}
        </Button>
      </div>
      {children}
    </>
  );
}

function PatientChoices({
  study,
  first,
  choice,
  choose,
}: {
  study: string;
  first: Card['said'];
  choice: Choice;
  choose: (c: Choice) => void;
}) {
  const { t } = useWords();
  const [q, setQ] = useState('');
  const list = useQuery(patientsQuery(study, q));
  const fresh = choice.fresh;
  const edit = (part: Partial<NonNullable<Choice['fresh']>>) => fresh && choose({ fresh: { ...fresh, ...part } });
  if (fresh)
    return (
      <div className="two-columns">
        <TextInput
          label={t('patient.local_id')}
          value={fresh.local_id}
          onChange={(e) => edit({ local_id: e.currentTarget.value })}
          required
        />
        <TextInput label={t('side.name')} value={fresh.name} onChange={(e) => edit({ name: e.currentTarget.value })} required />
        <Select
          label={t('side.sex')}
          value={fresh.sex || null}
          onChange={(v) => edit({ sex: v ?? '' })}
          data={['M', 'F'].map((value) => ({ value, label: t(`sex.${value}`) }))}
          clearable
        />
        <TextInput
          label={t('quarantine.birth')}
          value={fresh.birth_date}
          placeholder="19630210"
          pattern="\d{8}"
          onChange={(e) => edit({ birth_date: e.currentTarget.value })}
        />
      </div>
    );
  return (
    <SearchBox label={t('quarantine.find_patient')} find={setQ}>
      {q !== '' && (
        <Await query={list}>
          {list.data?.rows.length === 0 && <Empty title={t('quarantine.found_none')} />}
          <Radio.Group value={choice.id ?? ''} onChange={(id) => choose({ id })} aria-label={t('quarantine.patients')}>
            <div className="choices">
              {list.data?.rows.map((p) => (
                <Radio key={p.id} value={p.id} label={<PersonLine p={p} />} />
              ))}
            </div>
          </Radio.Group>
        </Await>
      )}
      <Button
        variant="subtle"
        size="compact-sm"
        style={{ alignSelf: 'flex-start' }}
        onClick={() =>
          choose({
            fresh: { local_id: '', name: first?.name.replace(/\^/g, '') ?? '', sex: first?.sex ?? '', birth_date: first?.birth_date ?? '' },
          })
        }
      >
        {t('quarantine.new_patient')}
      </Button>
    </SearchBox>
  );
}

function OrderChoices({ study, choice, choose }: { study: string; choice: Choice; choose: (c: Choice) => void }) {
  const { t, has } = useWords();
  const [q, setQ] = useState('');
  const list = useQuery(ordersQuery(study, q));
  return (
    <SearchBox label={t('quarantine.find_order')} find={setQ}>
      <Await query={list}>
        {list.data?.rows.length === 0 && <Empty title={t('quarantine.found_none')} />}
        <Radio.Group value={choice.id ?? ''} onChange={(id) => choose({ id })} aria-label={t('quarantine.orders')}>
          <div className="choices">
            {list.data?.rows.map((o) => (
              <Radio
                key={o.id}
                value={o.id}
                label={
                  <span className="col" style={{ gap: 2 }}>
                    <span className="row wrap" style={{ gap: 8 }}>
                      <PersonLine p={o} /> <span>{o.title}</span> <span className="mono dim">{o.filler_no}</span>
                      <span className="dim nowrap">{dayOf(o.created_at)}</span>
                      {has(`orders.state.${o.state}`) && <span className="dim nowrap">{t(`orders.state.${o.state}`)}</span>}
                    </span>
                    {o.why.length > 0 && (
                      <span className="dim">{t('propose.agree', { what: o.why.map((w) => t(`propose.${w}`)).join(t('list.and')) })}</span>
                    )}
                  </span>
                }
              />
            ))}
          </div>
        </Radio.Group>
      </Await>
    </SearchBox>
  );
}
