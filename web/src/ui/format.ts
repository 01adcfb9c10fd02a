// Times, ages and durations as the pages show them. The county lives in one time zone whatever the PC's clock says.
const ZONE = 'Asia/Shanghai';

const parts = new Intl.DateTimeFormat('en-CA', {
  timeZone: ZONE,
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

function split(ms: number): Record<string, string> {
  // A device may send a time nobody can read; the page then shows dashes instead of failing.
  if (!Number.isFinite(ms)) return { year: '–', month: '–', day: '–', hour: '–', minute: '–', second: '–' };
  return Object.fromEntries(parts.formatToParts(new Date(ms)).map((p) => [p.type, p.value]));
}

/** 10:42:07 */
export function clock(ms: number): string {
  const p = split(ms);
  return `${p.hour}:${p.minute}:${p.second}`;
}
/** 10:42 */
export function hourMinute(ms: number): string {
  const p = split(ms);
  return `${p.hour}:${p.minute}`;
}
/** 2026-11-24 */
export function day(ms: number): string {
  const p = split(ms);
  return `${p.year}-${p.month}-${p.day}`;
}
/** 2026-11-24 10:42 */
export function dayTime(ms: number): string {
  const p = split(ms);
  return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}`;
}
/** 10:42 today, 11-23 10:42 earlier. */
export function shortTime(ms: number, now: number): string {
  const p = split(ms);
  return day(ms) === day(now) ? `${p.hour}:${p.minute}` : `${p.month}-${p.day} ${p.hour}:${p.minute}`;
}
/** Milliseconds of a time that is either that already or an HL7 text such as 20261125041700, which is county time unless it carries an offset. */
export function moment(value: number | string | null): number | null {
  if (typeof value === 'number' || value === null) return value;
  const m = /^(\d{4})(\d{2})(\d{2})(\d{2})?(\d{2})?(\d{2})?(?:\.\d+)?([+-]\d{4})?$/.exec(value);
  if (!m) return null;
  const zone = m[7] ? `${m[7].slice(0, 3)}:${m[7].slice(3)}` : '+08:00';
  const ms = Date.parse(`${m[1]}-${m[2]}-${m[3]}T${m[4] ?? '00'}:${m[5] ?? '00'}:${m[6] ?? '00'}${zone}`);
  return Number.isFinite(ms) ? ms : null;
}
/** 19580312 -> 1958-03-12; other text unchanged. */
export function dicomDate(text: string): string {
  return /^\d{8}$/.test(text) ? `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6, 8)}` : text;
}

export interface Span {
  key: 'span.min' | 'span.hour' | 'span.day';
  values: Record<string, number>;
}
/** Length of a time as words of the catalogue: whole minutes under two hours, then hours and minutes, then days. */
export function span(ms: number): Span {
  const minutes = Math.floor(Math.abs(ms) / 60_000);
  if (minutes < 120) return { key: 'span.min', values: { m: minutes } };
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return { key: 'span.hour', values: { h: hours, m: minutes % 60 } };
  return { key: 'span.day', values: { d: Math.floor(hours / 24), h: hours % 24 } };
}

export type DueTone = 'none' | 'calm' | 'amber' | 'orange' | 'red';
/** How late an item is: share of the time between arrival and deadline already used (workflow: 50 % amber, 80 % orange, 100 % red). */
export function due(arrived: number, deadline: number | null, now: number): { tone: DueTone; used: number; left: number } {
  if (deadline === null) return { tone: 'none', used: 0, left: 0 };
  const whole = Math.max(1, deadline - arrived);
  const used = (now - arrived) / whole;
  const tone: DueTone = used >= 1 ? 'red' : used >= 0.8 ? 'orange' : used >= 0.5 ? 'amber' : 'calm';
  return { tone, used: Math.min(1, Math.max(0, used)), left: deadline - now };
}
