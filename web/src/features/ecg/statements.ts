// Finding a diagnostic statement by code, words, pinyin or its initials. The list itself is the server's.

export interface Statement {
  code: string;
  /** Number in the AHA/ACC/HRS recommendations of 2007, part II. */
  aha: string | number | null;
  zh: string;
  en: string;
  pinyin: string;
  initials: string;
  group: string;
  urgency: string | null;
}

/** AHA numbers of what is written every day, in the order of a reading: rhythm, conduction, axis, hypertrophy, repolarisation, infarction. */
const DAILY = [1, 20, 22, 21, 23, 50, 51, 30, 60, 82, 83, 86, 106, 104, 121, 120, 142, 145, 147, 148, 160, 161, 108, 250];
const MOST = 60;

export const ahaOf = (s: Statement): number => Number(String(s.aha ?? '').replace(/\D/g, '')) || 0;

/** The statements offered before anything is typed. */
export function daily(all: readonly Statement[]): readonly Statement[] {
  const place = (s: Statement) => DAILY.indexOf(ahaOf(s));
  const often = all.filter((s) => place(s) >= 0).sort((a, b) => place(a) - place(b));
  return often.length > 0 ? often : all.slice(0, MOST);
}

/** How well a statement fits what was typed; 0 is not at all. */
function rank(s: Statement, q: string): number {
  const letters = s.initials.toLowerCase();
  const code = s.code.toLowerCase();
  if (code === q || letters === q || String(ahaOf(s)) === q || s.zh === q) return 4;
  if (letters.startsWith(q) || code.startsWith(q) || s.zh.startsWith(q)) return 3;
  if (s.zh.includes(q) || s.en.toLowerCase().includes(q)) return 2;
  return letters.includes(q) || code.includes(q) || s.pinyin.toLowerCase().replaceAll(' ', '').includes(q) ? 1 : 0;
}

/** Statements whose code, AHA number, words, pinyin or initials hold what was typed, best first. */
export function search(all: readonly Statement[], typed: string): readonly Statement[] {
  const q = typed.trim().toLowerCase();
  if (!q) return daily(all);
  return all
    .map((s) => [rank(s, q), s] as const)
    .filter(([n]) => n > 0)
    .sort((a, b) => b[0] - a[0])
    .slice(0, MOST)
    .map(([, s]) => s);
}
