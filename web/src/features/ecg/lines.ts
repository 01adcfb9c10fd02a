// The two lines printed on the paper.
import { useWords } from '../../i18n';
import { useAge, useSex } from '../../ui/bits';
import { dayTime } from '../../ui/format';
import type { Filters } from './filters';
import type { LayoutName } from './layout';
import type { EcgRecord } from './model';
import type { Gain, Speed } from './paper';

/** The two lines printed on the paper: whose it is and how it was taken; a strip that leaves the page still says both. */
export function useLines() {
  const { t } = useWords();
  const sex = useSex();
  const age = useAge();
  return {
    head: (r: EcgRecord) =>
      [
        r.patient.name || t('patient.unnamed'),
        `${sex(r.patient.sex)} ${age(r.patient.age)}`,
        r.patient.local_id,
        r.acquired_at ? dayTime(r.acquired_at) : t('ecg.no_time'),
        r.facility_name,
      ].join('   '),
    foot: (r: EcgRecord, layout: LayoutName, speed: Speed, gain: Gain, rate: number, shown: Filters) =>
      [
        `${speed} mm/s`,
        `${gain} mm/mV`,
        r.filters || t('ecg.filter_unknown'),
        [shown.wander && t('ecg.screen_wander'), shown.emg && t('ecg.screen_emg', { hz: shown.emg }), shown.ac && t('ecg.screen_ac')]
          .filter(Boolean)
          .join(' '),
        `${Number(rate.toFixed(1))} Hz`,
        // Whether all leads show the same seconds, or the columns follow each other.
        t(layout === '12x1' ? 'ecg.simultaneous' : 'ecg.sequential'),
        [r.device?.maker, r.device?.model].filter(Boolean).join(' '),
      ]
        .filter(Boolean)
        .join('   '),
  };
}
