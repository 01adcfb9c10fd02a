// One row of the worklist.
import type { WorkRow } from '../../api/types';
import { useWords } from '../../i18n';
import { DueCell, PatientName, PriorityChip, Tag, useAge, usePersonName, useSex, useSpan } from '../../ui/bits';
import { shortTime } from '../../ui/format';

/** Widths of the columns, shared with the head of the list; English needs more room for time and class. */
export const columns = (language: string): string =>
  `${language === 'en' ? '136px 84px' : '124px 52px'} 44px minmax(110px,1.3fr) minmax(150px,1.5fr) minmax(104px,1.3fr) 72px 64px 44px minmax(66px,1fr) minmax(110px,1.2fr)`;

export function Row({
  row: r,
  index,
  selected,
  now,
  top,
  finished,
  choose,
  open,
  has,
}: {
  row: WorkRow;
  index: number;
  selected: boolean;
  now: number;
  top: number;
  finished: boolean;
  choose: () => void;
  open: () => void;
  has: (key: string) => boolean;
}) {
  const { t, pick, language } = useWords();
  const age = useAge();
  const sex = useSex();
  const words = useSpan();
  const person = usePersonName();
  return (
    <div
      role="row"
      aria-rowindex={index + 1}
      aria-selected={selected}
      className="grid-row"
      style={{ gridTemplateColumns: columns(language), position: 'absolute', top: 0, left: 0, right: 0, transform: `translateY(${top}px)` }}
      onClick={choose}
      onDoubleClick={open}
      onKeyDown={() => undefined}
    >
      <span role="gridcell">
        {finished ? (
          <span className="dim nowrap">{shortTime(r.arrived_at, now)}</span>
        ) : (
          <DueCell arrived={r.arrived_at} deadline={r.deadline} now={now} stopped={r.state === 'returned' || r.state === 'done'} />
        )}
      </span>
      <span role="gridcell">
        <PriorityChip priority={r.priority} />
      </span>
      <span role="gridcell" className="mono">
        {r.modality}
      </span>
      <span role="gridcell" className="cut" title={r.title}>
        {r.title || r.body_part}
      </span>
      <span role="rowheader" className="row" style={{ gap: 6, minWidth: 0 }}>
        <PatientName patient={r.patient} strong />
        <span className="dim nowrap">
          {sex(r.patient.sex)} {age(r.patient.age)}
        </span>
      </span>
      <span role="gridcell" className="cut">
        {pick(r.facility_name, r.facility_name_en)}
      </span>
      <span role="gridcell" className="nowrap dim">
        {words(now - r.arrived_at)}
      </span>
      <span role="gridcell" className="nowrap">
        {r.pipeline === 'imaging'
          ? t('work.images', { n: r.images })
          : r.pipeline === 'ecg'
            ? t('work.leads')
            : t('work.items', { n: r.images || '–' })}
      </span>
      <span role="gridcell" className="nowrap dim">
        {r.priors || '–'}
      </span>
      <span role="gridcell" className="cut">
        {r.holder ? (
          <span className={r.holder_is_me ? 'tone-blue' : 'tone-amber'}>{r.holder_is_me ? t('work.me') : person(r.holder)}</span>
        ) : (
          <span className="dim">–</span>
        )}
      </span>
      <span role="gridcell" className="row" style={{ gap: 4, overflow: 'hidden' }}>
        {r.has_critical && (
          <Tag tone="red" fill>
            {t('flag.critical')}
          </Tag>
        )}
        {r.triage === 'red' && (
          <Tag tone="red" fill>
            {t('triage.red')}
          </Tag>
        )}
        {r.triage === 'orange' && <Tag tone="orange">{t('triage.orange')}</Tag>}
        {r.report_state === 'amending' && <Tag tone="amber">{t('state.amending')}</Tag>}
        {r.state === 'returned' && (
          <Tag tone="amber">{has(`return.reason.${r.return_reason}`) ? t(`return.reason.${r.return_reason}`) : t('tab.returned')}</Tag>
        )}
        {r.flags.map((f) => (
          <Tag key={f} tone="amber">
            {has(`flag.${f}`) ? t(`flag.${f}`) : f}
          </Tag>
        ))}
        {finished && r.report_n > 0 && <span className="dim">v{r.report_n}</span>}
      </span>
    </div>
  );
}
