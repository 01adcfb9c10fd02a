// Draws 12 leads of 10 s at 1 kHz in every layout, with and without filters, at both pixel ratios, and builds the pyramid of a day.
//   (cd web && npx vite --port 15190) &  node bench/ecg-draw.mjs
import { createRequire } from 'node:module';
const { chromium } = createRequire(new URL('../web/package.json', import.meta.url))('playwright-core');
const b = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
for (const dpr of [1, 2]) {
  const c = await b.newContext({ viewport: { width: 1366, height: 768 }, deviceScaleFactor: dpr });
  const page = await c.newPage();
  await page.goto('http://localhost:15190/login');
  const out = await page.evaluate(async (dpr) => {
    const L = await import('/src/features/ecg/layout.ts');
    const P = await import('/src/features/ecg/paint.ts');
    const F = await import('/src/features/ecg/filters.ts');
    const rate = 1000;
    const leads = L.STANDARD.map((name, n) => ({ name, uv: Float32Array.from({ length: 10 * rate }, (_, k) => { const ph = (k % 850) - 300; return 900 * Math.exp(-((ph / 9) ** 2)) * (n % 3 ? 1 : -0.7) + 220 * Math.exp(-(((ph - 260) / 45) ** 2)) + 15 * Math.sin(k * 1.7) + 8 * Math.sin(k * 2.9 + n); }) }));
    const group = { kind: 'rhythm', rate, leads };
    const res = {};
    for (const layout of L.LAYOUT_NAMES) for (const f of [F.NO_FILTER, { ac: true, emg: 35, wander: true }]) {
      const g2 = layout === 'cabrera' ? L.withTurnedAvr(group) : group;
      const mm = 3.55 * dpr; const t = [];
      const canvas = document.createElement('canvas');
      for (let i = 0; i < 25; i++) {
        const t0 = performance.now();
        const d = L.plan(g2, { layout, speed: 25, gain: 10, heightMm: 150 });
        const ink = F.inks(g2, f, 0, 10000);
        const g = P.prepare(canvas, Math.round(d.width / 100 * 3.55), Math.round(d.height / 100 * 3.55), dpr);
        P.paint(g, d, rate, (c) => ink.get(c.lead.name), mm, canvas.width, canvas.height, 'head', 'foot');
        g.getImageData(0, 0, 1, 1);
        t.push(performance.now() - t0);
      }
      t.sort((a, b) => a - b);
      res[layout + (f.ac ? ' filtered' : '')] = `min ${t[0].toFixed(1)} median ${t[12].toFixed(1)} p90 ${t[22].toFixed(1)}  ${canvas.width}x${canvas.height}`;
    }
    const W = await import('/src/features/ecg/pyramid.ts');
    const day = new Float32Array(24 * 3600 * 200); for (let k = 0; k < day.length; k++) day[k] = Math.sin(k / 30) * 500;
    const t0 = performance.now(); const p = W.pyramid(day); const t1 = performance.now();
    W.envelope(day, p, 0, day.length, 1366); const t2 = performance.now();
    W.envelope(day, p, 5e6, 6e6, 1366); const t3 = performance.now();
    res.pyramid24h200Hz = `build ${(t1 - t0).toFixed(0)} whole ${(t2 - t1).toFixed(2)} hour ${(t3 - t2).toFixed(2)} ms`;
    return res;
  }, dpr);
  console.log('dpr', dpr, out);
}
await b.close();
