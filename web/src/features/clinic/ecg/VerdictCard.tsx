// The verdict in large letters while the patient still lies there: fit to read, or which electrode to mend and record again.
import { Button, Textarea } from '@mantine/core';
import { useState } from 'react';
import { post } from '../../../api/client';
import { useWords } from '../../../i18n';
import { FaultNote, Loading } from '../../../ui/State';
import { Body } from './Body';
import { faceOf, faulty, type Shot, stays, withoutCall } from './upload';

interface Props {
  shot: Shot;
  redo: () => void;
  kept: () => void;
  again: () => void;
}

const MARK = { sending: '…', good: '✓', usable: '!', redo: '✕', refused: '✕', failed: '✕', noted: 'i' } as const;

export function VerdictCard({ shot, redo, kept, again }: Props) {
  const { t, pick, has } = useWords();
  const face = faceOf(shot);
  const a = shot.answer;
  const electrodes = a ? faulty(a) : [];
  const sentences = a
    ? [
        ...(a.swap ? [pick(a.swap.text_zh, a.swap.text_en)] : []),
        ...(a.quality?.reasons ?? []).map((r) => pick(r.text_zh, r.text_en) || r.code),
      ].map(withoutCall)
    : [];
  const [first, ...rest] = sentences;
  const asksRedo = face === 'redo' && !shot.kept;
  return (
    <section
      className="up-card"
      data-face={shot.kept ? 'usable' : face}
      role={face === 'redo' || face === 'refused' || face === 'failed' ? 'alert' : 'status'}
      aria-label={t('up.verdict')}
    >
      <div className="up-main">
        <div className="up-head">
          <span className="up-mark" aria-hidden="true">
            {MARK[face]}
          </span>
          <div className="col" style={{ gap: 2, minWidth: 0 }}>
            <h2>{t(`up.face.${face}`)}</h2>
            {first && <p className="up-first">{first}</p>}
          </div>
        </div>
        {face === 'sending' && <Loading label={t('up.sending', { name: shot.name })} />}
        {rest.length > 0 && (
          <ul className="up-reasons">
            {rest.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        )}
        {(a?.warnings ?? []).length > 0 && (
          <ul className="up-reasons dim">
            {a?.warnings?.map((w) => (
              <li key={w.code + w.text_zh}>{pick(w.text_zh, w.text_en)}</li>
            ))}
          </ul>
        )}
        {a?.triage === 'red' && <p className="up-red">{t('up.red')}</p>}
        {a?.triage === 'orange' && <p className="tone-orange">{t('up.orange')}</p>}
        {(a?.differs ?? []).length > 0 && (
          <p className="tone-red">{t('up.differs', { list: (a?.differs ?? []).map((d) => t(`up.differs.${d}`)).join(t('up.and')) })}</p>
        )}
        {a?.chosen_by && <p className="tone-amber">{t('up.chosen')}</p>}
        {stays(shot) && <p className="tone-amber">{t('up.redo_stays')}</p>}
        {a?.same_person_doubt && <p className="tone-red">{t('up.doubt')}</p>}
        {face === 'refused' && (
          <>
            <p>{a?.reason}</p>
            <p className="dim">{t('up.refused_hint', { id: a?.quarantine ?? '–' })}</p>
          </>
        )}
        {face === 'failed' && <FaultNote error={shot.error} retry={again} />}
        {a && face !== 'refused' && face !== 'sending' && has(`up.state.${a.state}`) && (
          <p>{t(shot.kept ? 'up.state.kept' : a.state === 'queued' && asksRedo ? 'up.state.queued_redo' : `up.state.${a.state}`)}</p>
        )}
        <p className="dim">
          {shot.name}
          {a?.format ? ` · ${a.format}` : ''}
          {shot.ms !== null ? ` · ${t('up.took', { s: (shot.ms / 1000).toFixed(1) })}` : ''}
        </p>
        {asksRedo && a?.record && <Choice record={a.record} waits={a.state === 'redo'} redo={redo} kept={kept} />}
      </div>
      {electrodes.length > 0 && <Body bad={electrodes} />}
    </section>
  );
}

/** 重做 or 仍然上传. The latter needs a reason, which the reader sees. */
function Choice({ record, waits, redo, kept }: { record: string; waits: boolean; redo: () => void; kept: () => void }) {
  const { t } = useWords();
  const [asking, ask] = useState(false);
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const keep = async () => {
    setBusy(true);
    setError(null);
    try {
      await post(`/api/ecg/${record}/keep`, { reason: reason.trim() });
      kept();
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return (
    <form
      className="up-choice"
      onSubmit={(e) => {
        e.preventDefault();
        void keep();
      }}
    >
      <div className="row wrap">
        <Button size="md" onClick={redo} type="button">
          {t('up.redo')}
        </Button>
        {waits && !asking && (
          <Button size="md" variant="default" type="button" onClick={() => ask(true)}>
            {t('up.keep')}
          </Button>
        )}
      </div>
      {asking && (
        <>
          <Textarea
            label={t('up.keep_reason')}
            description={t('up.keep_hint')}
            value={reason}
            onChange={(e) => setReason(e.currentTarget.value)}
            required
            autosize
            minRows={2}
            data-autofocus
            ref={(el) => el?.focus()}
          />
          <Button type="submit" variant="default" loading={busy} disabled={!reason.trim()}>
            {t('up.keep_go')}
          </Button>
        </>
      )}
      {error !== null && <FaultNote error={error} />}
    </form>
  );
}
