// What must be seen before the paper is read: triage, signal quality, the device's own statement.
import { useWords } from '../../i18n';
import { Keys } from '../../ui/bits';
import type { EcgRecord } from './model';

export function Banners({ record, alerted }: { record: EcgRecord; alerted: boolean }) {
  const { t, pick } = useWords();
  const warnings = (record.warnings ?? []).map((w) => pick(w.text_zh, w.text_en)).filter(Boolean);
  const q = record.quality;
  const bad = q?.verdict === 'usable' || q?.verdict === 'redo';
  const triaged = record.triage === 'red' || record.triage === 'orange';
  const vendor = (record.vendor_statements ?? []).filter(Boolean);
  return (
    <>
      {triaged && (
        <div className="ecg-banner" data-level={record.triage} role={record.triage === 'red' ? 'alert' : 'status'}>
          <strong>{t(`ecg.triage.${record.triage}`)}</strong>
          <span className="grow">{warnings.join(' · ')}</span>
          <span>
            {alerted ? t('ecg.alert_raised') : t('ecg.call_first')}
            {!alerted && <Keys keys="ctrl+k" />}
          </span>
        </div>
      )}
      {!triaged && warnings.length > 0 && (
        <div className="ecg-banner" data-level="note" role="status">
          {warnings.join(' · ')}
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
