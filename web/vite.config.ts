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

export default defineConfig({
  plugins: [react(), cornerstoneSvgStyle()],
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
