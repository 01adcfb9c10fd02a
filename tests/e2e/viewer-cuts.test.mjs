// Cuts through what a viewer does not show slice by slice: an enhanced CT of two points in time, and a series whose slices the
// server draws because an overlay and a shutter lie over them.
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
  assert.equal(store(county, folder, 'enhanced'), 1);
  assert.equal(store(county, folder, 'covered_'), 80);
});
after(async () => {
  await browser?.close();
  await county?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

// The markers (sample-data/ct/volume.rs) lie in the coronal plane of row 30, 70 mm apart across. At the first point in time they are
// 100 mm apart along the body, at the second 80 mm.
const [FIRST, SECOND] = [Math.hypot(70, 100), Math.hypot(70, 80)];
const PIXEL = 1.25;
const MARKER_ROW = 30;

const lengths = async (page) =>
  (await page.locator('.im-measure').allInnerTexts()).map((t) => Number(/长度\s+([\d.]+) mm/.exec(t)?.[1] ?? Number.NaN));

/** Measuring lines drawn on a pane. */
const lines = (pane) => pane.locator('.im-canvas svg line[data-id]').count();

/** Goes to the coronal cut through the markers, alone in the field, measures what is between them; then the field of three again. */
async function between(page) {
  const coronal = page.locator('.im-view').nth(1);
  await coronal.getByText('冠状位', { exact: true }).first().waitFor();
  await coronal.focus();
  await page.keyboard.press('Home');
  for (let k = 0; k < MARKER_ROW; k += 1) await page.keyboard.press('ArrowDown');
  await coronal.getByText(`图像 ${MARKER_ROW + 1}/128`).waitFor();
  await page.keyboard.press('d');
  await page.waitForTimeout(400);
  await page.keyboard.press('f');
  await page.waitForTimeout(600);
  assert.equal(await lines(coronal), 0, 'nothing measured elsewhere stands on this cut');
  const [a, b] = (await spots(browser, coronal)).slice(0, 2);
  assert.ok(a && b, 'two markers are seen');
  await page.keyboard.press('l');
  await draw(page, a, b);
  assert.ok((await lines(coronal)) > 0);
  const told = (await lengths(page)).at(-1);
  await page.keyboard.press('w');
  await page.keyboard.press('d');
  await page.waitForTimeout(400);
  return told;
}

test('an enhanced CT is cut at the point in time that is shown, and a length through it is the calculated one', { timeout: 240_000 }, async () => {
  const { rows } = await wait(120, 'the enhanced CT', async () => {
    const list = await lead.get('/api/worklist?tab=write&pipeline=imaging');
    return list.rows.filter((r) => r.modality === 'CT' && r.thumbnail).length === 2 ? list : null;
  });
  const { page, faults, context } = await reader(browser, county);
  await read(page, rows.find((r) => r.images !== 80));
  const first = page.locator('.im-view').first();
  await first.focus();
  await page.keyboard.press('Home');
  await first.getByText('图像 1/160').waitFor();

  for (const [image, wanted] of [[1, FIRST], [2, SECOND]]) {
    if (image === 2) {
      await page.keyboard.press('ArrowDown');
      await first.getByText('图像 2/160').waitFor();
    }
    await page.keyboard.press('u');
    await page.locator('.im-grid[data-layout="mpr"]').waitFor({ timeout: 60_000 });
    await diagnostic(page);
    await page.getByText('只重建当前图像所在的栈与时相:80/160 幅').waitFor();
    await page.locator('.im-view').nth(1).getByText(`时相 ${image}`, { exact: true }).waitFor();
    const told = await between(page);
    assert.ok((await page.locator('.im-measure').allInnerTexts()).at(-1).includes(`冠状位 ${MARKER_ROW + 1} 时相${image}`));
    console.log(`time ${image}: measured ${told} mm, calculated ${wanted.toFixed(2)} mm`);
    assert.ok(Math.abs(told - wanted) <= PIXEL / 2, `${told} mm instead of ${wanted.toFixed(2)} mm`);
    await picture(page, `reading-enhanced-mpr`);
    // A thick slab and back: the reader stays at the place in the native direction.
    const axial = page.locator('.im-view').first();
    await axial.focus();
    await page.keyboard.press('Home');
    for (let k = 0; k < 3; k += 1) await page.keyboard.press('PageDown');
    await axial.getByText('图像 31/80').waitFor();
    await page.keyboard.press('Shift+u');
    await page.getByRole('button', { name: '层块 均值 5 mm' }).waitFor();
    await axial.getByText('图像 31/80').waitFor();
    await page.keyboard.press('u');
    await page.locator('.im-grid[data-layout="1x1"]').waitFor();
    await diagnostic(page);
    await first.getByText(`图像 ${image}/160`).waitFor();
    await first.focus();
  }
  assert.deepEqual(await axe(page), []);
  assert.deepEqual(unexpected(faults), []);
  await context.close();
});

test('a series under overlays and a shutter is cut from its samples, and the page says what is not in the cuts', { timeout: 240_000 }, async () => {
  const row = await settled(lead, 'CT', 80, true);
  const { page, faults, context } = await reader(browser, county, 'auditor');
  await read(page, row);
  await page.getByText('渲染图像 · 不可测灰度').first().waitFor();
  await page.locator('.im-view').first().focus();
  await page.keyboard.press('u');
  await page.locator('.im-grid[data-layout="mpr"]').waitFor({ timeout: 60_000 });
  await diagnostic(page);
  await page.getByText('重建按原始像素值计算,不含叠加层标记, 遮光器').waitFor();
  const told = await between(page);
  console.log(`under overlays: measured ${told} mm, calculated ${FIRST.toFixed(2)} mm`);
  assert.ok(Math.abs(told - FIRST) <= PIXEL / 2, `${told} mm instead of ${FIRST.toFixed(2)} mm`);
  // Grey values are those of the file: fat-free tissue of 40 HU.
  const axial = page.locator('.im-view').first();
  const box = await axial.boundingBox();
  const scale = Math.min(box.width, box.height) / 128;
  await axial.focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('h');
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2 + 10 * scale);
  await wait(5, 'the value of the tissue', async () => (await page.locator('.im-measure').allInnerTexts()).some((t) => /\b40(\.0)? HU/.test(t)));
  await picture(page, 'reading-covered-mpr');
  assert.deepEqual(unexpected(faults), []);
  await context.close();
});
