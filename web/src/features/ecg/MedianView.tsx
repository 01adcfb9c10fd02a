// The median beat with its marks. A mark is dragged or moved by one sample with the arrow keys; the intervals follow at once, and what
// the physician saves stands beside the device's and the server's values, never in their place.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Fault, put } from '../../api/client';
import { useWords } from '../../i18n';
import { useKeys } from '../../keys';
import { Keys } from '../../ui/bits';
import { Empty, FaultNote, Loading } from '../../ui/State';
import { MarkBoard } from './MarkBoard';
import { liveOf, type Marks, rateOf, sameMarks, sent, withoutP } from './marks';
import { type EcgRecord, marksOf, medianOf } from './model';
import { ValueTable } from './ValueTable';
import { rowsOf } from './values';
import { waveQuery } from './wave';

export function MedianView({ record, canWrite }: { record: EcgRecord; canWrite: boolean }) {
  const { t } = useWords();
  const client = useQueryClient();
  const wave = useQuery(waveQuery(record.id, 'median'));
  const [edited, edit] = useState<Marks | null>(null);
  const [typed, type] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const beat = wave.data ? medianOf(wave.data) : null;
  const machine: Marks = record.marks ?? (wave.data ? marksOf(wave.data) : {});
  const kept = record.physician_marks ?? null;
  const marks = edited ?? kept ?? machine;
  const rows = rowsOf(record);
  const best = (what: 'hr' | 'qt') => {
    const row = rows.find((r) => r.what === what);
    return row?.physician ?? row?.server ?? row?.vendor ?? null;
  };
  const rate = rateOf(typed);
  const wrong = typed.trim() !== '' && rate === null;
  const moved = edited !== null && !sameMarks(edited, kept ?? machine);
  const changed = moved || typed.trim() !== '';
  const now = liveOf(moved ? marks : null, rate, best('hr'), best('qt'));
  const drop = () => {
    edit(null);
    type('');
  };

  const save = async () => {
    if (busy || !canWrite || !changed || wrong) return;
    setBusy(true);
    setError(null);
    try {
      const answer = await put<EcgRecord>(
        `/api/ecg/${record.id}/measure`,
        { marks: moved && edited ? sent(edited) : null, values: rate === null ? [] : [{ what: 'hr', number: rate }] },
        { 'If-Match': record.etag ?? '' },
      );
      client.setQueryData(['ecg', 'record', record.id], answer);
      drop();
    } catch (e) {
      setError(e);
      // Somebody else saved meanwhile: their values are shown, the marks set here stay until they are saved or dropped.
      if (e instanceof Fault && e.status === 412) void client.invalidateQueries({ queryKey: ['ecg', 'record', record.id] });
    }
    setBusy(false);
  };
  useKeys('ecg', [
    { id: 'ecg.save_marks', keys: 'k', run: () => void save(), on: canWrite && changed },
    { id: 'ecg.reset_marks', keys: 'r', run: drop, on: changed },
  ]);

  if (wave.isPending) return <Loading />;
  if (wave.isError && !wave.data) {
    return (
      <div className="state">
        <FaultNote error={wave.error} retry={() => void wave.refetch()} />
      </div>
    );
  }
  if (!beat || beat.leads.length === 0) return <Empty title={t('ecg.no_median')} hint={t('ecg.no_median_hint')} />;
  return (
    <div className="ecg-median">
      <MarkBoard beat={beat} marks={marks} machine={moved || kept ? machine : null} set={canWrite ? edit : null} />
      <div className="ecg-side">
        <ValueTable rows={rows} live={now} />
        {canWrite && (
          <label className="ecg-own">
            {t('ecg.hr_own')}
            <input
              type="text"
              inputMode="numeric"
              maxLength={3}
              value={typed}
              aria-invalid={wrong || undefined}
              aria-describedby={wrong ? 'ecg-hr-range' : undefined}
              onChange={(e) => type(e.currentTarget.value)}
              onKeyDown={(e) => e.key === 'Enter' && void save()}
            />
            {wrong && (
              <span id="ecg-hr-range" className="tone-red">
                {t('ecg.hr_range')}
              </span>
            )}
          </label>
        )}
        {canWrite && (
          <div className="ecg-actions">
            <button
              type="button"
              className="ecg-btn"
              data-on={(changed && !wrong) || undefined}
              aria-disabled={!changed || wrong || busy || undefined}
              onClick={() => void save()}
            >
              {t('ecg.save_marks')}
              <Keys keys="k" />
            </button>
            <button type="button" className="ecg-btn" aria-disabled={!changed || undefined} onClick={drop}>
              {t('ecg.reset_marks')}
              <Keys keys="r" />
            </button>
            {marks.p_on != null && (
              <button type="button" className="ecg-btn" onClick={() => edit(withoutP(marks))}>
                {t('ecg.no_p')}
              </button>
            )}
            {kept && (
              <button type="button" className="ecg-btn" onClick={() => edit(machine)}>
                {t('ecg.server_marks')}
              </button>
            )}
          </div>
        )}
        <p className="dim" role="status">
          {changed ? t('ecg.marks_unsaved') : kept ? t('ecg.marks_physician') : t('ecg.marks_server')}
        </p>
        {error instanceof Fault && error.status === 412 ? (
          <div className="note" data-tone="amber" role="alert">
            {t('ecg.marks_stale')}
          </div>
        ) : (
          error !== null && <FaultNote error={error} />
        )}
        {canWrite && <p className="dim">{t('ecg.marks_hint')}</p>}
      </div>
    </div>
  );
}
