// The measurement table: the device's values beside ours, differences that must be looked at, the change since last time.

import type { EcgMeasurement, EcgValue } from './model';

export const ROWS = ['hr', 'pr', 'qrs', 'qt', 'qtcf', 'qtcb', 'axis_p', 'axis_qrs', 'axis_t'] as const;
export type RowName = (typeof ROWS)[number];

export interface Row {
  what: RowName;
  unit: 'bpm' | 'ms' | 'deg';
  vendor: number | null;
  server: number | null;
  physician: number | null;
  /** The device named this value but gives none (PR in atrial fibrillation). */
  absent: boolean;
  /** Device and server differ beyond 20 ms (PR, QRS, QT, QTc), 5 bpm, 30 degrees. */
  differs: boolean;
  /** The physician's value differs as much from the device's, or where it gave none from the server's. */
  physicianDiffers: boolean;
  /** The server's value is shown with a question mark. */
  doubtful: boolean;
}

const LIMIT: Record<Row['unit'], number> = { bpm: 5, ms: 20, deg: 30 };

const unitOf = (what: RowName): Row['unit'] => (what === 'hr' ? 'bpm' : what.startsWith('axis') ? 'deg' : 'ms');

/** Smallest angle between two axes: 170 and -170 degrees are 20 apart. */
const axisGap = (a: number, b: number): number => {
  const d = Math.abs(a - b) % 360;
  return d > 180 ? 360 - d : d;
};

/** Whether two values differ by more than must be looked at. */
export const apart = (unit: Row['unit'], a: number | null, b: number | null): boolean =>
  a !== null && b !== null && (unit === 'deg' ? axisGap(a, b) : Math.abs(a - b)) > LIMIT[unit];

/** `b` against `a` with its sign; axes the shorter way round. */
export const signed = (unit: Row['unit'], a: number, b: number): string => {
  const d = unit === 'deg' ? ((((b - a) % 360) + 540) % 360) - 180 : b - a;
  return `${d >= 0 ? '+' : '−'}${Math.round(Math.abs(d))}`;
};

/** The record's values; an older record without compared values is compared here. */
export const rowsOf = (record: { values?: readonly EcgValue[]; measurements: readonly EcgMeasurement[] }): Row[] =>
  tableOf(record.values?.length ? spread(record.values) : record.measurements);

const spread = (values: readonly EcgValue[]): EcgMeasurement[] =>
  values.flatMap((v) =>
    (['vendor', 'server', 'physician'] as const).flatMap((source) =>
      v[source] !== null || source === 'server'
        ? [{ what: v.what, unit: v.unit, number: v[source], source, doubtful: source === 'server' && v.doubtful === true }]
        : [],
    ),
  );

export function tableOf(list: readonly EcgMeasurement[]): Row[] {
  return ROWS.map((what) => {
    const unit = unitOf(what);
    const of = (source: EcgMeasurement['source']) => list.find((m) => m.what === what && m.source === source);
    const number = (source: EcgMeasurement['source']) => {
      const v = of(source)?.number;
      return typeof v === 'number' && Number.isFinite(v) ? v : null;
    };
    const vendor = number('vendor');
    const server = number('server');
    const physician = number('physician');
    return {
      what,
      unit,
      vendor,
      server,
      physician,
      absent: server === null && of('server') !== undefined,
      differs: apart(unit, vendor, server),
      physicianDiffers: apart(unit, vendor ?? server, physician),
      doubtful: server !== null && of('server')?.doubtful === true,
    };
  });
}

export interface StValue {
  lead: string;
  mv: number;
  marked: boolean;
}

/** ST at J+60 ms by lead in mV; 0.1 mV and more is marked. */
export function stOf(list: readonly EcgMeasurement[]): StValue[] {
  const out: StValue[] = [];
  for (const m of list) {
    const lead = /^st_j60_(.+)$/.exec(m.what)?.[1];
    if (!lead || m.number === null || m.source === 'vendor') continue;
    const mv = m.unit === 'mV' ? m.number : m.number / 1000;
    out.push({ lead, mv, marked: Math.abs(mv) >= 0.1 });
  }
  return out;
}
