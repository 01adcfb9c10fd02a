// A film with a side marker in an overlay plane: the diagnostic view shows it, says why it is drawn by the server, and keeps the window.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startBrowser, startCounty, unexpected, wait } from './county.mjs';
import { axe, diagnostic, draw, read, reader, settled, spots } from './viewer.mjs';

let county, browser, lead;
before(async () => {
  county = await startCounty();
  browser = await startBrowser();
  lead = await county.login('lead');
});
after(async () => {
  await browser?.close();
  await county?.stop();
});

const [ROWS, COLUMNS] = [1000, 800];

/** A filled square of 100 pixels near the upper left corner, where the film is darkest. */
function marker(folder) {
  const bits = new Uint8Array((ROWS * COLUMNS) / 8);
  for (let y = 100; y < 200; y += 1) {
    for (let x = 100; x < 200; x += 1) {
      const at = y * COLUMNS + x;
      bits[at >> 3] |= 1 << (at & 7);
    }
  }
  writeFileSync(join(folder, 'marker.raw'), bits);
  return `(6000,0010) US ${ROWS}
(6000,0011) US ${COLUMNS}
(6000,0040) CS [G]
(6000,0050) SS 1\\1
(6000,0100) US 1
(6000,0102) US 0
(6000,3000) OW =${join(folder, 'marker.raw')}
`;
}

test('the marker is in the diagnostic view, with window, lengths and a reason', { timeout: 180_000 }, async () => {
  county.push({ patient: 'M1', name: 'Marker^Test', more: marker });
  const row = await settled(lead, 'DX', 1);
  const { page, faults, context } = await reader(browser, county);
  const asked = [];
  page.on('request', (r) => r.url().includes('/api/frames/') && asked.push(new URL(r.url()).search));
  await read(page, row);
  const pane = page.locator('.im-view').first();
  await pane.getByText('渲染图像 · 不可测灰度 · 含叠加层标记').waitFor();
  assert.ok(asked.length > 0 && asked.every((search) => search === '?f=png'), asked.join());
  const square = async () => (await spots(browser, pane, 250)).find((s) => s.n > 500);
  const seen = await wait(10, 'the marker is white', square);
  const box = await pane.boundingBox();
  assert.ok(seen.y < box.y + box.height * 0.3, JSON.stringify(seen));

  // Grey values cannot be probed, and the button says why; lengths can be measured.
  const probe = page.getByRole('button', { name: /点灰度值/ }).first();
  assert.equal(await probe.getAttribute('aria-disabled') ?? String(await probe.isDisabled()), 'true');
  await pane.focus();
  await page.keyboard.press('l');
  await draw(page, { x: box.x + box.width * 0.4, y: box.y + box.height * 0.5 }, { x: box.x + box.width * 0.6, y: box.y + box.height * 0.5 });
  await wait(5, 'a length', async () => (await page.locator('.im-measure').allInnerTexts()).some((t) => /[\d.]+ mm/.test(t)));

  // The window moves by the server: dragged, the frame is asked for anew, and the marker stays.
  await pane.focus();
  await page.keyboard.press('w');
  const before = asked.length;
  await draw(page, { x: box.x + box.width * 0.5, y: box.y + box.height * 0.6 }, { x: box.x + box.width * 0.42, y: box.y + box.height * 0.6 });
  const windowed = () => asked.slice(before).find((search) => /^\?f=png&wc=[-\d.]+&ww=[\d.]+$/.test(search));
  await wait(10, 'a frame in the chosen window', windowed);
  await diagnostic(page);
  const { wc, ww } = Object.fromEntries(new URLSearchParams(windowed()));
  assert.ok(Number(ww) > 1 && Number(ww) !== 4096 && Number.isFinite(Number(wc)), windowed());
  assert.ok(await wait(10, 'the marker is still white', square));
  assert.deepEqual(await axe(page), []);
  assert.deepEqual(unexpected(faults), []);
  await context.close();
});
