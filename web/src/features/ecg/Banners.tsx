// What must be seen before the paper is read: triage, signal quality, the device's own statement.
import type { Alert } from '../../api/types';
import { useWords } from '../../i18n';
import { Keys } from '../../ui/bits';
import type { EcgRecord } from './model';

/** States in which nobody at the clinic has been reached yet. */
const WAITING = new Set(['raised', 'calling', 'unable']);

interface Props {
  record: EcgRecord;
  alerts: readonly Alert[];
  /** Shows the strip as if the suspected electrodes were exchanged. */
  preview: (() => void) | null;
}

export function Banners({ record, alerts, preview }: Props) {
  const { t, pick } = useWords();
  const warnings = (record.warnings ?? []).map((w) => pick(w.text_zh, w.text_en)).filter(Boolean);
  const q = record.quality;
  const bad = q?.verdict === 'usable' || q?.verdict === 'redo';
  const findings = alerts.map((a) => a.finding).filter(Boolean);
  const reached = alerts.length > 0 && alerts.every((a) => !WAITING.has(a.state));
  const triaged = record.triage === 'red' || record.triage === 'orange';
  const vendor = (record.vendor_statements ?? []).filter(Boolean);
  return (
    <>
      {triaged && (
        <div className="ecg-banner" data-level={record.triage} role={record.triage === 'red' ? 'alert' : 'status'}>
          <strong>{t(`ecg.triage.${record.triage}`)}</strong>
          <span className="grow">{[...findings, ...warnings].join(' · ')}</span>
          <span>
            {t(reached ? 'ecg.alert_reached' : alerts.length > 0 ? 'ecg.alert_waiting' : 'ecg.call_first')}
            {alerts.length === 0 && <Keys keys="ctrl+k" />}
          </span>
        </div>
      )}
      {!triaged && warnings.length > 0 && (
        <div className="ecg-banner" data-level="note" role="status">
          {warnings.join(' · ')}
        </div>
      )}
      {record.swap && (
        <div className="ecg-banner" data-level="redo" role="status">
          <strong>{t('ecg.swap_suspected')}</strong>
          <span className="grow">{pick(record.swap.text_zh, record.swap.text_en)}</span>
          {preview && (
            <button type="button" className="ecg-btn" onClick={preview}>
              {t('ecg.swap_preview')}
            </button>
          )}
        </div>
      )}
      {record.chosen_by && (
        <div className="ecg-banner" data-level="note" role="status">
          {t('ecg.chosen_by', { by: record.chosen_by })}
        </div>
      )}
      {record.kept_anyway && (
        <div className="ecg-banner" data-level="note" role="status">
          {t('ecg.kept_anyway', { by: record.kept_anyway.by, reason: record.kept_anyway.reason })}
        </div>
      )}
      {(bad || record.banner) && (
        <div className="ecg-banner" data-level={q?.verdict === 'redo' ? 'redo' : 'note'} role="status">
          {q && bad && <strong>{t(`ecg.quality.${q.verdict}`)}</strong>}
          <span>
            {[
              ...(q?.reasons ?? []).map((r) => {
                const text = pick(r.text_zh, r.text_en) || r.code;
                const where = r.electrode && !text.includes(r.electrode) ? t('ecg.electrode', { e: r.electrode }) : '';
                return where ? `${text} (${where})` : text;
              }),
              record.banner,
            ]
              .filter(Boolean)
              .join(' · ')}
          </span>
        </div>
      )}
      {vendor.length > 0 && (
        <div className="ecg-vendor">
          <span className="dim">{t('ecg.vendor_statement')}</span> {vendor.join('; ')}
        </div>
      )}
    </>
  );
}
