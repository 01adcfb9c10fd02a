// After the build: a brotli (quality 11) and a gzip copy beside each file, and dist/assets.json, which the server's build reads to embed them.
// Fails when a budget of the reference (first pages, viewer chunk, whole set) is exceeded.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = new URL('../dist/', import.meta.url).pathname;
const mimes = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

function walk(dir) {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    return statSync(path).isDirectory() ? walk(path) : [path];
  });
}

const files = walk(dist)
  .filter((path) => !/\.(br|gz|map)$/.test(path) && !path.endsWith('assets.json'))
  .sort()
  .map((path) => {
    const bytes = readFileSync(path);
    const mime = mimes[extname(path)];
    if (!mime) throw new Error(`no media type for ${path}`);
    const br = brotliCompressSync(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    });
    const gz = gzipSync(bytes, { level: 9 });
    writeFileSync(`${path}.br`, br);
    writeFileSync(`${path}.gz`, gz);
    const name = relative(dist, path).split(sep).join('/');
    return {
      path: `/${name}`,
      mime,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      immutable: name.startsWith('assets/'),
      size: bytes.length,
      br: br.length,
      gz: gz.length,
    };
  });

const build = createHash('sha256')
  .update(files.map((f) => f.sha256).join())
  .digest('hex')
  .slice(0, 16);
writeFileSync(join(dist, 'assets.json'), `${JSON.stringify({ build, files }, null, 1)}\n`);

const kb = (n) => `${(n / 1024).toFixed(0)} KB`;
const entryHtml = readFileSync(join(dist, 'index.html'), 'utf8');
// What the document loads for every page; it also names files of the reading page, which only that page asks for.
const first = files.filter((f) => entryHtml.includes(`src="${f.path}"`) || entryHtml.includes(`href="${f.path}"`));
const sum = (list, pick) => list.reduce((n, f) => n + pick(f), 0);
const budgets = [
  [
    'first page JS (br)',
    sum(
      first.filter((f) => f.path.endsWith('.js')),
      (f) => f.br,
    ),
    260 * 1024,
  ],
  [
    'first page CSS (br)',
    sum(
      first.filter((f) => f.path.endsWith('.css')),
      (f) => f.br,
    ),
    36 * 1024,
  ],
  ['largest chunk (br)', Math.max(...files.filter((f) => f.path.endsWith('.js')).map((f) => f.br)), 800 * 1024],
  ['embedded br + gz', sum(files, (f) => f.br + f.gz), 6 * 1024 * 1024],
];
let over = false;
for (const [name, size, limit] of budgets) {
  console.log(`${size > limit ? 'OVER ' : 'ok   '} ${name}: ${kb(size)} of ${kb(limit)}`);
  over ||= size > limit;
}
console.log(`build ${build}, ${files.length} files`);
if (over) process.exit(1);
