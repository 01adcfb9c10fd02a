// Films, mammograms and ultrasound: how each hangs, what a millimetre is worth on each, and what the page says when something is wrong.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { startBrowser, startCounty, unexpected, wait } from './county.mjs';
import { axe, columns, diagnostic, draw, generate, picture, read, reader, settled, store } from './viewer.mjs';

let county, browser, folder, lead;
before(async () => {
  folder = generate();
  county = await startCounty();
  browser = await startBrowser();
  lead = await county.login('lead');
  for (const name of ['cr', 'mg_', 'us_doppler', 'us_cine']) store(county, folder, name);
});
after(async () => {
  await browser?.close();
  await county?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const at = async (pane, x, y) => {
  const b = await pane.boundingBox();
  return { x: b.x + b.width * x, y: b.y + b.height * y };
};
const measures = (page) => page.locator('.im-measure').allInnerTexts();

test('a chest film: directions, ratio, detector plane', { timeout: 180_000 }, async () => {
  const row = await settled(lead, 'CR', 1);
  const { page, faults, context } = await reader(browser, county);
  await read(page, row);
  const pane = page.locator('.im-view').first();
  await page.getByRole('img', { name: '图像方位:上 H,右 L,下 F,左 R' }).waitFor();
  await pane.focus();
  await page.keyboard.press('v');
  await page.getByRole('img', { name: '图像方位:上 H,右 R,下 F,左 L' }).waitFor();
  await page.keyboard.press('v');
  await page.keyboard.press('t');
  await draw(page, await at(pane, 0.43, 0.66), await at(pane, 0.645, 0.66));
  await draw(page, await at(pane, 0.285, 0.72), await at(pane, 0.715, 0.72));
  const [ratio] = await measures(page);
  const [, told, heart, chest] = /心胸比 ([\d.]+) \(([\d.]+) mm \/ ([\d.]+) mm 探测器平面\)/.exec(ratio) ?? [];
  assert.ok(Math.abs(Number(told) - heart / chest) < 0.006, ratio);

  // The same by keyboard only: a length of 200 pixels is 40.0 mm in the plane of the detector.
  await pane.focus();
  await page.keyboard.press('l');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  for (let k = 0; k < 20; k += 1) await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('Enter');
  await wait(5, 'the length made by keys', async () => (await measures(page)).some((t) => t.includes('长度 40.0 mm 探测器平面')));
  await page.keyboard.press('w');
  await picture(page, 'reading-cr');
  assert.deepEqual(await axe(page), []);
  // The same page in English and in light colours: every word there, nothing wider than the window.
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByRole('img', { name: 'Directions: top H, right L, bottom F, left R' }).waitFor();
  await page.getByRole('button', { name: 'Switch to light' }).first().click();
  // The pointer leaves the button, so that its hint closes.
  await page.mouse.move(500, 400);
  await page.waitForTimeout(600);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
  assert.deepEqual(await axe(page), []);
  await page.getByRole('button', { name: 'Switch to dark' }).click();
  assert.deepEqual(unexpected(faults), []);
  await context.close();
});

test('mammograms hang back to back, lengths are corrected for magnification', { timeout: 180_000 }, async () => {
  const row = await settled(lead, 'MG', 4);
  const { page, faults, context } = await reader(browser, county);
  await read(page, row);
  const sides = await page.locator('.im-view .im-side').allInnerTexts();
  assert.deepEqual(sides, ['R CC', 'L CC', 'R MLO', 'L MLO']);
  const first = page.locator('.im-view').first();
  await first.focus();
  await page.keyboard.press('l');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  for (let k = 0; k < 21; k += 1) await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('Enter');
  // 210 pixels of 0.1 mm, shown 1.05 times as large as it is.
  await wait(5, 'a length', async () => (await measures(page)).some((t) => t.includes('长度 20.0 mm (ERMF)')));
  // Chest walls meet in the middle of the field: the picture leans on the inner edge of its pane.
  const lit = async (k, from, to) => (await columns(browser, page.locator('.im-view').nth(k), from, to)) > 20;
  assert.ok(await lit(0, 0.96, 0.99), 'the right breast leans on the right edge');
  assert.ok(await lit(1, 0.01, 0.04), 'the left breast leans on the left edge');
  await picture(page, 'reading-mg');
  assert.deepEqual(await axe(page), []);
  assert.deepEqual(unexpected(faults), []);
  await context.close();
});

test('ultrasound: each region its own units, nothing across regions', { timeout: 180_000 }, async () => {
  const { rows } = await wait(90, 'both ultrasound studies', async () => {
    const list = await lead.get('/api/worklist?tab=write&pipeline=imaging');
    return list.rows.filter((r) => r.modality === 'US' && r.thumbnail).length === 2 ? list : null;
  });
  const { page, faults, context } = await reader(browser, county);
  await read(page, rows.find((r) => r.modality === 'US' && /颈/.test(r.title)));
  const pane = page.locator('.im-view').first();
  const b = await pane.boundingBox();
  // 800 x 600 in the pane, fitted by height.
  const scale = Math.min(b.width / 800, b.height / 600);
  const px = (x, y) => ({ x: b.x + b.width / 2 + (x - 400) * scale, y: b.y + b.height / 2 + (y - 300) * scale });
  await pane.focus();
  await page.keyboard.press('l');
  await draw(page, px(200, 150), px(360, 150));
  await draw(page, px(200, 400), px(400, 480));
  await draw(page, px(600, 200), px(600, 450));
  const [tissue, trace, across] = await measures(page);
  const value = (text, unit) => Number(new RegExp(`([\\d.]+) ${unit}`).exec(text)?.[1]);
  // 160 pixels of 0.125 mm; 200 of 5 ms and 80 of 0.5 cm/s; none across the two regions. The mouse is good to a pixel of the screen.
  assert.ok(Math.abs(value(tissue, 'mm') - 20) < 0.4 && tissue.includes('(US)'), tissue);
  assert.ok(Math.abs(value(trace, 's') - 1) < 0.02 && Math.abs(value(trace, 'cm/s') - 40) < 1.5, trace);
  assert.ok(/[\d.]+ px 跨区域/.test(across) && !across.includes('mm'), across);
  await page.keyboard.press('w');
  await picture(page, 'reading-us');

  await read(page, rows.find((r) => r.modality === 'US' && /心脏/.test(r.title)));
  await page.locator('.im-view').first().focus();
  await page.keyboard.press('Space');
  await page.getByText('25 帧/秒').waitFor();
  await page.keyboard.press('Space');
  assert.deepEqual(await axe(page), []);
  assert.deepEqual(unexpected(faults), []);
  await context.close();
});

test('a frame that cannot be had says so in its pane; images of another person are not read unseen', { timeout: 180_000 }, async () => {
  const row = await settled(lead, 'CR', 1);
  const { page, context } = await reader(browser, county, 'auditor');
  await page.route(/\/api\/frames\/.*f=raw/, (route) => route.fulfill({ status: 404, body: '{}' }));
  await page.route(/\/api\/studies\/[0-9a-f]+$/, async (route) => {
    const answer = await route.fetch();
    const study = await answer.json();
    study.patient = { ...study.patient, name: '李四', sex: 'M' };
    await route.fulfill({ response: answer, json: study });
  });
  await page.goto('/worklist?tab=write&pipeline=imaging');
  await page.locator('.grid-row', { hasText: row.patient.name }).filter({ hasText: 'CR' }).first().dblclick();
  await page.getByText('此图像无法显示').waitFor();
  await page.getByText('HTTP 404').waitFor();
  const alarm = page.getByRole('alert').filter({ hasText: '患者不一致:图像为“李四”' });
  await alarm.waitFor();
  await page.unroute(/\/api\/frames\/.*f=raw/);
  await page.getByRole('button', { name: '重试' }).click();
  await diagnostic(page);
  await page.locator('.im-view').first().focus();
  await page.keyboard.press('l');
  await draw(page, await at(page.locator('.im-view').first(), 0.45, 0.5), await at(page.locator('.im-view').first(), 0.6, 0.5));
  assert.equal(await page.locator('.im-measure').getByText('引入报告').count(), 0, 'nothing goes into the report while the persons differ');
  await alarm.getByRole('button', { name: '已核对,是同一人' }).click();
  await alarm.waitFor({ state: 'detached' });
  await context.close();
});
