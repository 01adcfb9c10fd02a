// All values in three columns, device, server, physician, and in words what differs. Also what a screen reader reads.
import { useWords } from '../../i18n';
import type { Live } from './marks';
import { apart, type Row, signed } from './values';

/** The question mark behind a value whose boundaries are uncertain; said in words to those who do not see it. */
export function Doubt() {
  const { t } = useWords();
  return (
    <span className="tone-amber" title={t('ecg.doubtful')}>
      <span aria-hidden="true">?</span>
      <span className="sr-only">({t('ecg.doubtful')})</span>
    </span>
  );
}

export function ValueTable({ rows, live }: { rows: readonly Row[]; live: Live | null }) {
  const { t } = useWords();
  const show = (v: number | null, r: Row) => (v === null ? '–' : r.unit === 'deg' ? `${Math.round(v)}°` : String(Math.round(v)));
  return (
    <table className="ecg-table">
      <caption className="sr-only">{t('ecg.values')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('ecg.value')}</th>
          <th scope="col">{t('ecg.source.vendor')}</th>
          <th scope="col">{t('ecg.source.server')}</th>
          <th scope="col">{t('ecg.source.physician')}</th>
          <th scope="col">{t('ecg.difference')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((r) => {
          const mine = live && r.what in live ? (live[r.what] ?? null) : r.physician;
          const moved = live !== null && r.what in live;
          const against = r.vendor ?? r.server;
          const mineDiffers = apart(r.unit, against, mine);
          return (
            <tr key={r.what} data-differs={r.differs || mineDiffers || undefined}>
              <th scope="row">
                {t(`ecg.v.${r.what}`)} <span className="dim">{r.unit === 'deg' ? '' : r.unit}</span>
              </th>
              <td>{show(r.vendor, r)}</td>
              <td>
                {r.absent ? t('ecg.absent_short') : show(r.server, r)}
                {r.doubtful && <Doubt />}
              </td>
              <td data-live={moved || undefined}>{show(mine, r)}</td>
              <td className="ecg-word">
                {r.differs && r.vendor !== null && r.server !== null && t('ecg.differs_by', { n: signed(r.unit, r.vendor, r.server) })}
                {mineDiffers && against !== null && mine !== null && (
                  <div>{t('ecg.differs_mine', { n: signed(r.unit, against, mine) })}</div>
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
