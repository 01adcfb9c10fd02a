// Build of the pages. Each option below that looks odd is a trap that cost somebody a day; the reason stands beside it.
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

// Cornerstone writes the style of its SVG text boxes with setAttribute('style', …): under our content security policy that is one
// violation per measurement. The same text through CSSOM is allowed. The build fails when the pattern is gone, so an upgrade cannot hide it.
function cornerstoneSvgStyle(): Plugin {
  const pattern = /(\w+)\.setAttribute\(\s*'style',\s*/g;
  let seen = false;
  let wanted = false;
  return {
    name: 'cornerstone-svg-style',
    transform(code, id) {
      if (!/@cornerstonejs[\\/]tools[\\/].*drawTextBox\.js/.test(id)) return null;
      wanted = true;
      if (!pattern.test(code)) throw new Error(`${id}: setAttribute('style', …) is gone; look at the new code before removing this plugin`);
      seen = true;
      pattern.lastIndex = 0;
      return { code: code.replace(pattern, '((el, css) => { el.style.cssText = css; })($1, '), map: null };
    },
    buildEnd() {
      if (wanted && !seen) throw new Error('cornerstone-svg-style did not apply');
    },
  };
}

// The script that asks for the reading page's data before the pages have come (src/early.ts): a chunk of its own, with the names of the
// files that page will need. Vite itself would make one chunk of all scripts of the document.
function earlyScript(): Plugin {
  const at = (path: string) => new URL(path, import.meta.url).pathname;
  const early = at('src/early.ts');
  const pages = [at('src/features/worklist/pages/ReadPage.tsx'), at('src/features/imaging/index.ts')];
  const engine = [at('src/features/imaging/viewer/engine.ts')];
  return {
    name: 'early-script',
    apply: 'build',
    buildStart() {
      this.emitFile({ type: 'chunk', id: early, name: 'early', preserveSignature: 'allow-extension' });
    },
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle }) {
        const chunks = Object.values(bundle ?? {}).flatMap((c) => (c.type === 'chunk' ? [c] : []));
        type Chunk = (typeof chunks)[number];
        const files = (wanted: Chunk | undefined, seen: Set<string>): Set<string> => {
          if (!wanted || seen.has(wanted.fileName)) return seen;
          seen.add(wanted.fileName);
          for (const css of wanted.viteMetadata?.importedCss ?? []) seen.add(css);
          for (const next of wanted.imports)
            files(
              chunks.find((c) => c.fileName === next),
              seen,
            );
          return seen;
        };
        const holding = (id: string) => chunks.find((c) => c.moduleIds.includes(id));
        const all = new Set<string>();
        const list = (ids: string[]) => {
          const before = new Set(all);
          for (const id of ids) files(holding(id), all);
          // What the document asks for anyway is not asked for twice.
          return [...all]
            .filter((f) => !before.has(f))
            .map((f) => `/${f}`)
            .filter((f) => !html.includes(f));
        };
        const [page, rest, first] = [list(pages), list(engine), holding(early)];
        if (!first || page.length < 2 || rest.length === 0) throw new Error('early-script: a chunk of the reading page is missing');
        const meta = (name: string, content: string[]) => ({
          tag: 'meta',
          attrs: { name, content: content.join(' ') },
          injectTo: 'head' as const,
        });
        // Run as soon as it is there, without waiting for the pages' own scripts.
        const attrs = { type: 'module', async: true, src: `/${first.fileName}`, crossorigin: true };
        return [meta('yg-page', page), meta('yg-engine', rest), { tag: 'script', attrs, injectTo: 'head-prepend' as const }];
      },
    },
  };
}

export default defineConfig({
  plugins: [react(), cornerstoneSvgStyle(), earlyScript()],
  resolve: {
    // Without it the page dies with "Class extends value undefined" (vtk.js -> xmlbuilder2 needs the npm package, not Node's).
    alias: { events: 'events/' },
  },
  worker: { format: 'es' },
  optimizeDeps: { exclude: ['@cornerstonejs/dicom-image-loader'], include: ['dicom-parser'] },
  build: {
    target: 'chrome109', // last kernel for Windows 7
    cssTarget: 'chrome109',
    cssMinify: 'lightningcss',
    assetsInlineLimit: 0, // data: URIs are not in the policy for fonts and scripts
    modulePreload: { polyfill: false }, // the polyfill is an inline script
    chunkSizeWarningLimit: 4000,
    sourcemap: false,
  },
  server: {
    proxy: Object.fromEntries(
      ['/api', '/fhir', '/dicom-web', '/health', '/verify'].map((path) => [path, process.env.YIGONG_URL ?? 'http://127.0.0.1:8080']),
    ),
  },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
} as Parameters<typeof defineConfig>[0]);
