// A CT of 200 slices is read without a graphics card: first picture, leafing, cuts in three directions, a length that is known.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { startBrowser, startCounty, unexpected, wait } from './county.mjs';
import { axe, diagnostic, draw, generate, picture, read, reader, settled, spots, store } from './viewer.mjs';

let county, browser, folder, lead;
before(async () => {
  folder = generate();
  county = await startCounty();
  browser = await startBrowser();
  lead = await county.login('lead');
});
after(async () => {
  await browser?.close();
  await county?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

// The two markers of the thin series (sample-data/ct): 140 mm apart across, 140 mm along the body, in one coronal plane.
const KNOWN = Math.hypot(140, 140);
const SPACING = 0.703125;
const MARKER_ROW = 102;

const lengths = async (page) =>
  (await page.locator('.im-measure').allInnerTexts()).map((t) => Number(/长度\s+([\d.]+) mm/.exec(t)?.[1] ?? Number.NaN));

test('a CT of 200 slices is read with cuts, without a graphics card', { timeout: 420_000 }, async () => {
  assert.equal(store(county, folder, 'prior_'), 30);
  assert.equal(store(county, folder, 'ct_'), 200);
  const row = await settled(lead, 'CT', 200);
  const { page, faults, context } = await reader(browser, county);

  await page.goto('/worklist?tab=write&pipeline=imaging');
  const line = page.locator('.grid-row', { hasText: '200' }).first();
  await line.waitFor();
  // A reader looks at the row before opening it; meanwhile its images begin to come.
  await line.click();
  await page.waitForTimeout(2_000);
  await page.evaluate(() => performance.clearMarks());
  const from = await page.evaluate(() => performance.now());
  await page.keyboard.press('Enter');
  const first = await wait(30, 'the first picture', () => page.evaluate(() => performance.getEntriesByName('yg:first-image')[0]?.startTime));
  await diagnostic(page);
  const full = await page.evaluate(() => performance.getEntriesByName('yg:diagnostic')[0]?.startTime);
  console.log(`first image ${Math.round(first - from)} ms after Enter on the row, diagnostic ${Math.round(full - from)} ms`);
  assert.ok(first > from && full > from);

  // The page says how it draws, and leafs by keys.
  await page.getByText('CPU', { exact: true }).waitFor();
  const place = page.locator('.im-view').first().locator('.im-bl');
  await page.keyboard.press('F6');
  await page.locator('.im-view').first().focus();
  await page.keyboard.press('Home');
  await place.getByText('图像 1/200').waitFor();
  await page.keyboard.press('PageDown');
  await place.getByText('图像 11/200').waitFor();
  for (const [key, want] of [['1', '窗宽 1500 窗位 -600'], ['2', '窗宽 400 窗位 40'], ['8', '窗宽 2000 窗位 400']]) {
    await page.keyboard.press(key);
    await page.locator('.im-view').first().getByText(want).waitFor();
  }

  // Cuts: three panes, lines of each on the others.
  await page.keyboard.press('u');
  await page.locator('.im-grid[data-layout="mpr"]').waitFor({ timeout: 150_000 });
  await diagnostic(page);
  const coronal = page.locator('.im-view').nth(1);
  await coronal.getByText('冠状位', { exact: true }).first().waitFor();
  await wait(10, 'lines of the other cuts', async () => (await coronal.locator('.im-lines line').count()) === 2);
  await coronal.focus();
  await page.keyboard.press('Home');
  for (let k = 0; k < 10; k += 1) await page.keyboard.press('PageDown');
  for (let k = 100; k < MARKER_ROW; k += 1) await page.keyboard.press('ArrowDown');
  await coronal.getByText(`图像 ${MARKER_ROW + 1}/512`).waitFor();

  // Alone and larger: then the two markers are measured by eye.
  await page.keyboard.press('d');
  await page.keyboard.press('f');
  await page.waitForTimeout(600);
  for (let k = 0; k < 2; k += 1) await page.keyboard.press('=');
  await page.waitForTimeout(600);
  const [a, b] = (await spots(browser, coronal)).slice(0, 2);
  assert.ok(a && b, 'two markers are seen');
  await page.keyboard.press('l');
  await draw(page, a, b);
  const told = (await lengths(page))[0];
  console.log(`measured ${told} mm, calculated ${KNOWN.toFixed(2)} mm`);
  assert.ok(Math.abs(told - KNOWN) <= SPACING / 2, `${told} mm instead of ${KNOWN.toFixed(2)} mm`);
  await picture(page, 'reading-ct-length');
  await page.keyboard.press('d');
  await page.waitForTimeout(400);
  await page.keyboard.press('f');

  // By one key into the report.
  const findings = page.getByLabel('检查所见');
  await findings.focus();
  await page.keyboard.press('Escape');
  await page.keyboard.press('m');
  await wait(5, 'the length is in the report', async () => (await findings.inputValue()).includes(`长径约 ${told.toFixed(1)} mm(S2/冠状位 ${MARKER_ROW + 1})`));

  // To the nodule: one click in the axial cut takes the other two there.
  const axial = page.locator('.im-view').first();
  await axial.focus();
  await page.keyboard.press('Home');
  for (let k = 0; k < 13; k += 1) await page.keyboard.press('PageDown');
  for (let k = 131; k < 138; k += 1) await page.keyboard.press('ArrowDown');
  await place.getByText('图像 138/200').waitFor();
  await page.keyboard.press('1');
  await page.keyboard.press('j');
  const box = await axial.boundingBox();
  const scale = Math.min(box.width, box.height) / 512;
  await page.mouse.click(box.x + box.width / 2 + (150.8 - 256) * scale, box.y + box.height / 2 + (247.5 - 256) * scale);
  const at = async (pane) => Number(/图像 (\d+)\/512/.exec(await pane.locator('.im-bl').innerText())?.[1]);
  const sagittal = page.locator('.im-view').nth(2);
  await wait(10, 'the cuts go through the nodule', async () => Math.abs((await at(coronal)) - 248) <= 1 && Math.abs((await at(sagittal)) - 151) <= 1);
  await coronal.getByText('窗宽 1500 窗位 -600').waitFor();
  await page.keyboard.press('w');
  await picture(page, 'reading-ct-mpr');

  // Thick slab, then back to what was hung.
  await coronal.focus();
  await page.keyboard.press('Shift+u');
  await page.getByRole('button', { name: '层块 均值 5 mm' }).waitFor();
  // The picture and the measurement on it say how thick the cut is: whole planes, not the round number of the button.
  const thick = /均值 \d+(\.\d+)? mm/;
  await wait(10, 'the cut says how thick it is', async () => thick.test(await coronal.locator('.im-tr').innerText()));
  const cutAs = thick.exec(await coronal.locator('.im-tr').innerText())[0];
  await wait(10, 'the measurement says on what it was made', async () => (await page.locator('.im-measure').first().innerText()).includes(`(${cutAs})`));
  await page.keyboard.press('u');
  await page.locator('.im-grid[data-layout="1x1"]').waitFor();
  await diagnostic(page);

  // A key image is kept by the server; the measurement on cuts does not hinder it.
  await page.locator('.im-view').first().focus();
  await page.keyboard.press('Home');
  for (let k = 0; k < 13; k += 1) await page.keyboard.press('PageDown');
  for (let k = 131; k < 138; k += 1) await page.keyboard.press('ArrowDown');
  await place.getByText('图像 138/200').waitFor();
  await page.keyboard.press('1');
  await page.keyboard.press('k');
  await page.getByText('关键图像 1').waitFor();
  const { rows: keys } = await lead.get(`/api/studies/${row.subject}/key-images`);
  assert.equal(keys.length, 1);
  assert.equal(keys[0].view.width, 1500);

  // The prior of the same region, beside, leafing together by position.
  await page.locator('.im-priorhead').first().click();
  await page.locator('.im-grid[data-layout="1x2"]').waitFor();
  await diagnostic(page);
  await page.keyboard.press('x');
  await page.locator('.im-view').first().focus();
  const prior = page.locator('.im-view').nth(1).locator('.im-bl');
  const before = await prior.innerText();
  for (let k = 0; k < 5; k += 1) await page.keyboard.press('ArrowDown');
  await wait(10, 'the prior has followed', async () => (await prior.innerText()) !== before);
  await page.locator('.im-view').nth(1).getByText('窗宽 1500 窗位 -600').waitFor();
  // What is measured on the prior says so in the report.
  const second = page.locator('.im-view').nth(1);
  const there = await second.boundingBox();
  await second.focus();
  await diagnostic(page);
  await page.keyboard.press('l');
  await draw(page, { x: there.x + 200, y: there.y + 200 }, { x: there.x + 260, y: there.y + 200 });
  await page.keyboard.press('m');
  await wait(5, 'the prior is named', async () => (await findings.inputValue()).includes('(2026-03-18 检查 S2/图像'));
  await page.keyboard.press('w');
  await page.locator('.im-view').first().focus();
  for (let k = 0; k < 5; k += 1) await page.keyboard.press('ArrowUp');
  await wait(10, 'and back', async () => (await prior.innerText()) === before);
  await picture(page, 'reading-ct');

  assert.deepEqual(await axe(page), []);
  assert.deepEqual(unexpected(faults), []);
  await context.close();
});

test('an item opened by its address shows its preview while it is being claimed, and asks for nothing twice', { timeout: 120_000 }, async () => {
  const row = await settled(lead, 'CT', 30, true);
  const { page, faults, context } = await reader(browser, county, 'auditor');
  const asked = [];
  page.on('request', (r) => asked.push(`${r.method()} ${new URL(r.url()).pathname}`));
  let claim;
  const claiming = new Promise((go) => {
    claim = go;
  });
  await page.route(/\/claim$/, async (route) => {
    await claiming;
    await route.continue();
  });
  asked.length = 0;
  await page.goto(`/read/${row.id}`);
  const preview = page.locator('.im-view .im-preview');
  await preview.waitFor();
  await wait(10, 'the preview is drawn', () => preview.evaluate((img) => img.complete && img.naturalWidth > 0));
  // Whose image it is stands on it, and nothing can be done with it yet.
  await page.locator('.im-view').getByText(row.patient.name).waitFor();
  assert.equal(await page.locator('.im-tool').count(), 0);
  assert.equal(await page.getByLabel('检查所见').count(), 0);
  assert.deepEqual(asked.filter((a) => a.endsWith('/claim')), [`POST /api/work/${row.id}/claim`]);
  claim();
  await page.getByLabel('检查所见').waitFor();
  await diagnostic(page);
  const times = (path) => asked.filter((a) => a === `GET ${path}`).length;
  const stacks = asked.filter((a) => /\/stack$/.test(a));
  assert.deepEqual([times('/api/session'), times(`/api/work/${row.id}`), times(`/api/studies/${row.subject}`), stacks.length], [1, 1, 1, 1]);
  const shown = asked.filter((a) => /^GET \/api\/frames\//.test(a));
  assert.equal(new Set(shown).size, shown.length, 'no frame is fetched twice');
  const marks = await page.evaluate(() => ['yg:first-image', 'yg:diagnostic'].map((name) => performance.getEntriesByName(name)[0]?.startTime));
  console.log(`by address: first image ${Math.round(marks[0])} ms, diagnostic ${Math.round(marks[1])} ms`);
  assert.ok(marks[0] < marks[1]);
  assert.deepEqual(unexpected(faults), []);
  await context.close();
});
