// The oldest browser kernel we serve is Chromium 109 (Windows 7). Syntax is lowered by the build; calls newer than 109 are not,
// so the built files are searched for the ones known to be newer.
import { readdirSync, readFileSync } from 'node:fs';

const dir = new URL('../dist/assets/', import.meta.url).pathname;
const inScript = [
  /\.toSorted\(/,
  /\.toSpliced\(/,
  /\.toReversed\(/,
  /Promise\.withResolvers\(/,
  /Object\.groupBy\(/,
  /Map\.groupBy\(/,
  /AbortSignal\.any\(/,
  /URL\.canParse\(/,
  /Array\.fromAsync\(/,
];
const inStyle = [/color-mix\(/, /light-dark\(/, /@starting-style/, /popover-open/];
// A call that stands behind its own test for presence is fine; such places are listed here by file name and call.
const guarded = [];
const bad = [];
for (const name of readdirSync(dir)) {
  const rules = name.endsWith('.js') ? inScript : name.endsWith('.css') ? inStyle : [];
  if (!rules.length) continue;
  const text = readFileSync(dir + name, 'utf8');
  for (const rule of rules) {
    const hit = rule.exec(text);
    if (hit && !guarded.some(([file, call]) => name.startsWith(file) && hit[0].includes(call))) {
      bad.push(`${name}: ${hit[0]} … ${text.slice(Math.max(0, hit.index - 60), hit.index + 60)}`);
    }
  }
}
if (bad.length) {
  console.error(`calls newer than Chromium 109:\n${bad.join('\n')}`);
  process.exit(1);
}
console.log('floor: nothing newer than Chromium 109');
