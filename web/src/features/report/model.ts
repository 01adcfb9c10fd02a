// The text rules of the editor, pure: placeholders, quick phrases, checks beside the text, templates. No React, no network.
import type { Check, Phrase, Pipeline, Sections, TextSection } from '../../api/types';

export const ORDER: Record<Pipeline, TextSection[]> = {
  imaging: ['technique', 'findings', 'impression', 'recommendation'],
  ecg: ['findings', 'impression', 'recommendation'],
  lab: ['comment'],
};

/** `[…]`, `[大小]`, `[ ]`: what a template leaves for the reader to fill. Never across lines. */
const PLACEHOLDER = /\[[^[\]\n]{0,40}\]/g;

export interface Span {
  from: number;
  to: number;
}

/** The first placeholder that begins at or after `caret`; with `back`, the last one that ends at or before it. */
export function placeholder(text: string, caret: number, back = false): Span | null {
  let best: Span | null = null;
  for (const hit of text.matchAll(PLACEHOLDER)) {
    const span = { from: hit.index, to: hit.index + hit[0].length };
    if (!back && span.from >= caret) return span;
    if (back && span.to <= caret) best = span;
  }
  return best;
}

/** The quick phrase that ends at the caret (`;zc`, also with the full-width semicolon an input method types). */
export function phraseAt(text: string, caret: number, phrases: Phrase[], section: TextSection): { span: Span; phrase: Phrase } | null {
  const hit = /[;\uff1b]([a-z0-9]{1,12})$/i.exec(text.slice(0, caret));
  if (!hit) return null;
  const code = (hit[1] ?? '').toLowerCase();
  const named = phrases.filter((p) => p.code.replace(/^[;\uff1b]/, '').toLowerCase() === code);
  const phrase = named.find((p) => p.section === section) ?? named[0];
  return phrase ? { span: { from: caret - hit[0].length, to: caret }, phrase } : null;
}

/** Lays a template over the text: empty sections are filled, written ones are kept and the template's text is added below. */
export function applyTemplate(now: Sections, template: Sections, names: TextSection[]): Sections {
  const out: Sections = { ...now };
  for (const name of names) {
    const add = template[name];
    if (!add) continue;
    const have = (now[name] ?? '').trimEnd();
    out[name] = have && have !== add.trimEnd() ? `${have}\n${add}` : add;
  }
  if (template.positive !== undefined && now.positive === undefined) out.positive = template.positive;
  return out;
}

const MALE_ONLY = /前列腺|精囊|睾丸|阴茎|prostate|testis|testicular/i;
const FEMALE_ONLY = /子宫|卵巢|附件区|宫颈|阴道|uterus|uterine|ovary|ovarian/i;
const LEFT = /左/g;
const RIGHT = /右/g;

/**
 * What the page itself can see before anybody submits: left-over placeholders, empty sections, sex and organ, a side named in the
 * impression that the findings never name. The server repeats these and adds its own; its answer is the one that counts.
 */
export function checks(sections: Sections, pipeline: Pipeline, sex: string): Check[] {
  const out: Check[] = [];
  const names = ORDER[pipeline];
  for (const name of names) {
    const left = [...(sections[name] ?? '').matchAll(PLACEHOLDER)].map((m) => m[0]);
    if (left.length) {
      out.push({
        code: 'leftover',
        section: name,
        level: 'block',
        text_zh: `模板占位未填:${left.slice(0, 3).join(' ')}`,
        text_en: `placeholder not filled: ${left.slice(0, 3).join(' ')}`,
      });
    }
  }
  for (const name of pipeline === 'imaging' ? (['findings', 'impression'] as const) : (['impression'] as const)) {
    if (!(sections[name] ?? '').trim())
      out.push({ code: 'empty', section: name, level: 'block', text_zh: '不能为空', text_en: 'must not be empty' });
  }
  const all = names.map((n) => sections[n] ?? '').join('\n');
  const organ = sex === 'F' ? MALE_ONLY.exec(all) : sex === 'M' ? FEMALE_ONLY.exec(all) : null;
  if (organ) {
    out.push({
      code: 'sex_organ',
      section: 'findings',
      level: 'warn',
      text_zh: `患者为${sex === 'F' ? '女' : '男'}性,文中出现“${organ[0]}”`,
      text_en: `the patient is ${sex === 'F' ? 'female' : 'male'}, the text names “${organ[0]}”`,
    });
  }
  const findings = sections.findings ?? '';
  const impression = sections.impression ?? '';
  const both = /双|两侧|双侧/.test(findings);
  if (pipeline === 'imaging' && findings.trim() && impression.trim() && !both) {
    for (const [side, zh, en] of [
      [LEFT, '左', 'left'],
      [RIGHT, '右', 'right'],
    ] as const) {
      if (impression.match(side) && !findings.match(side)) {
        out.push({
          code: 'side',
          section: 'impression',
          level: 'warn',
          text_zh: `诊断意见写“${zh}”,检查所见未提及${zh}侧`,
          text_en: `the impression names the ${en} side, the findings do not`,
        });
      }
    }
  }
  return out;
}

/** True when both would be the same report; absent and empty are equal. */
export function sameText(a: Sections, b: Sections): boolean {
  const names: TextSection[] = ['technique', 'findings', 'impression', 'recommendation', 'comment'];
  return (
    names.every((n) => (a[n] ?? '') === (b[n] ?? '')) &&
    Boolean(a.positive) === Boolean(b.positive) &&
    JSON.stringify(a.ecg_statements ?? []) === JSON.stringify(b.ecg_statements ?? [])
  );
}

/** How many characters two versions differ in length and content, cheaply: used only to decide when to save early. */
export function changedBy(a: Sections, b: Sections): number {
  let n = 0;
  for (const name of ['technique', 'findings', 'impression', 'recommendation', 'comment'] as const) {
    const x = a[name] ?? '';
    const y = b[name] ?? '';
    if (x === y) continue;
    let head = 0;
    while (head < x.length && head < y.length && x[head] === y[head]) head += 1;
    let tail = 0;
    while (tail < x.length - head && tail < y.length - head && x[x.length - 1 - tail] === y[y.length - 1 - tail]) tail += 1;
    n += Math.max(x.length, y.length) - head - tail;
  }
  return n;
}

/** The ECG statements as lines of the impression: lines of statements no longer chosen go, the reader's own lines stay. */
export function withStatements(now: Sections, next: { code: string; text: string }[]): Sections {
  const before = new Set((now.ecg_statements ?? []).map((s) => s.text));
  const after = next.map((s) => s.text);
  const own = (now.impression ?? '')
    .split('\n')
    .map((line) => line.replace(/^\d+[.\u3001]\s*/, ''))
    .filter((line) => line.trim() && !before.has(line) && !after.includes(line));
  const lines = [...after, ...own];
  const impression = lines.length > 1 ? lines.map((line, i) => `${i + 1}. ${line}`).join('\n') : (lines[0] ?? '');
  return { ...now, ecg_statements: next, impression };
}
