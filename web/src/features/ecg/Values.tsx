// Measurements as a real table below the strip: device, server, physician. Also what a screen reader reads.
import { useWords } from '../../i18n';
import type { EcgRecord } from './model';
import { Doubt } from './ValueTable';
import { type Row, rowsOf, signed, stOf } from './values';

export function Values({ record }: { record: EcgRecord }) {
  const { t } = useWords();
  const rows = rowsOf(record);
  const st = stOf(record.measurements);
  const physician = rows.some((r) => r.physician !== null);
  const show = (v: number | null, r: Row) => (v === null ? '–' : r.unit === 'deg' ? `${Math.round(v)}°` : String(Math.round(v)));
  const differing = rows.filter((r) => r.differs);
  return (
    <div className="ecg-values">
      <table>
        <caption className="sr-only">{t('ecg.values')}</caption>
        <thead>
          <tr>
            <td />
            {rows.map((r) => (
              <th scope="col" key={r.what}>
                {t(`ecg.v.${r.what}`)}
                {r.unit !== 'deg' && <span className="dim"> {r.unit}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">{t('ecg.source.vendor')}</th>
            {rows.map((r) => (
              <td key={r.what}>{show(r.vendor, r)}</td>
            ))}
          </tr>
          <tr>
            <th scope="row">{t('ecg.source.server')}</th>
            {rows.map((r) => (
              <td key={r.what} data-differs={r.differs || undefined} title={r.absent ? t('ecg.absent') : undefined}>
                {r.absent ? '—' : show(r.server, r)}
                {r.doubtful && <Doubt />}
                {r.differs && r.vendor !== null && r.server !== null && (
                  <span className="ecg-delta">{signed(r.unit, r.vendor, r.server)}</span>
                )}
              </td>
            ))}
          </tr>
          {physician && (
            <tr>
              <th scope="row">{t('ecg.source.physician')}</th>
              {rows.map((r) => (
                <td key={r.what} data-differs={r.physicianDiffers || undefined}>
                  {show(r.physician, r)}
                  {r.physicianDiffers && r.physician !== null && (
                    <span className="ecg-delta">{signed(r.unit, r.vendor ?? r.server ?? r.physician, r.physician)}</span>
                  )}
                </td>
              ))}
            </tr>
          )}
        </tbody>
      </table>
      <p className="ecg-st">
        {differing.length > 0 && (
          <span className="tone-amber">{t('ecg.differs', { list: differing.map((r) => t(`ecg.v.${r.what}`)).join(', ') })}</span>
        )}
        {rows.some((r) => r.doubtful) && <span className="dim">{t('ecg.doubtful_note')}</span>}
        {st.length > 0 && <span className="dim">{t('ecg.st_label')}</span>}
        {st.map((s) => (
          <span key={s.lead} className={s.marked ? 'ecg-st-marked' : 'dim'}>
            {s.lead} {s.mv >= 0 ? '+' : '−'}
            {Math.abs(s.mv).toFixed(2)}
          </span>
        ))}
      </p>
    </div>
  );
}
