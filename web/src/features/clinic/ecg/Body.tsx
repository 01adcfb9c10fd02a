// Where an electrode sits: the patient from the front, so the right arm is on the left of the picture. Never by colour alone: a faulty
// electrode is larger, crossed and named.
import { useWords } from '../../../i18n';
import { ELECTRODES, type Electrode } from './upload';

const AT: Record<Electrode, [x: number, y: number]> = {
  RA: [52, 78],
  LA: [168, 78],
  RL: [86, 246],
  LL: [134, 246],
  V1: [101, 112],
  V2: [119, 112],
  V3: [127, 126],
  V4: [135, 140],
  V5: [147, 139],
  V6: [158, 137],
};
/** Colours of the cable after IEC 60601-2-25 (code 1). */
const CABLE: Record<Electrode, string> = {
  RA: '#c62828',
  LA: '#f2c200',
  RL: '#1f1f1f',
  LL: '#2e7d32',
  V1: '#c62828',
  V2: '#f2c200',
  V3: '#2e7d32',
  V4: '#7b4a1e',
  V5: '#1f1f1f',
  V6: '#7b1fa2',
};

export function Body({ bad }: { bad: readonly Electrode[] }) {
  const { t } = useWords();
  const list = bad.map((e) => t(`up.electrode.${e}`)).join(t('up.and'));
  // Six chest electrodes sit close together: when only they are in question, the picture comes nearer.
  const near = bad.every((e) => e.startsWith('V'));
  return (
    <figure className="up-body">
      <svg viewBox={near ? '44 62 142 122' : '0 0 220 280'} role="img" aria-label={t('up.body', { list })}>
        <g className="up-skin">
          <circle cx="110" cy="28" r="22" />
          <path d="M98 48 h24 v12 q28 3 46 16 q10 8 12 28 l8 74 q0 9 -8 9 q-7 0 -9 -8 l-11 -66 l-2 42 q-1 20 2 44 l2 70 h-42 l-8 -52 l-8 52 h-42 l2 -70 q3 -24 2 -44 l-2 -42 l-11 66 q-2 8 -9 8 q-8 0 -8 -9 l8 -74 q2 -20 12 -28 q18 -13 46 -16 z" />
          <path d="M110 84 v56 M110 140 q-26 2 -38 22 M110 140 q26 2 38 22" className="up-rib" />
        </g>
        {ELECTRODES.map((e) => {
          const [x, y] = AT[e];
          if (bad.includes(e) || (near && !e.startsWith('V'))) return null;
          return (
            <g key={e}>
              <circle cx={x} cy={y} r="4" fill={CABLE[e]} className="up-dot" />
              <text x={x} y={e === 'V1' || e === 'V2' ? y - 6 : y + 10} textAnchor="middle" className="up-name">
                {e}
              </text>
            </g>
          );
        })}
        {bad.map((e) => {
          const [x, y] = AT[e];
          const left = x < 110;
          return (
            <g key={e} className="up-bad" data-near={near || undefined}>
              <circle cx={x} cy={y} r={near ? 9 : 15} className="up-ring" />
              <circle cx={x} cy={y} r={near ? 4.5 : 8} fill={CABLE[e]} />
              <path
                d={
                  near ? `M${x - 6} ${y - 6} l12 12 M${x + 6} ${y - 6} l-12 12` : `M${x - 10} ${y - 10} l20 20 M${x + 10} ${y - 10} l-20 20`
                }
              />
              <text x={left ? x - (near ? 12 : 20) : x + (near ? 12 : 20)} y={near ? y - 8 : y + 6} textAnchor={left ? 'end' : 'start'}>
                {e}
              </text>
            </g>
          );
        })}
        <text x={near ? 48 : 14} y={near ? 72 : 20} className="up-side">
          {t('up.side_right')}
        </text>
        <text x={near ? 182 : 206} y={near ? 72 : 20} textAnchor="end" className="up-side">
          {t('up.side_left')}
        </text>
      </svg>
      <figcaption>{list}</figcaption>
    </figure>
  );
}
