// A film with a junk number waits on the quarantine page; a registrar says whose it is by keyboard; it becomes work, and the act is undone.
// `YIGONG_QUARANTINE_SHOTS=folder` keeps pictures.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { enter, person, ROOT, startBrowser, startCounty, unexpected, wait } from './county.mjs';

let county, browser;
before(async () => {
  county = await startCounty();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await county?.stop();
});

const shot = async (page, name) => {
  if (!process.env.YIGONG_QUARANTINE_SHOTS) return;
  await page.waitForTimeout(600);
  await page.screenshot({ path: join(process.env.YIGONG_QUARANTINE_SHOTS, `${name}.png`), scale: 'css' });
};

const accessible = async (page) => {
  await page.evaluate(readFileSync(join(ROOT, 'web/node_modules/axe-core/axe.min.js'), 'utf8'));
  const found = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa'] }));
  assert.deepEqual(
    found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`),
    [],
  );
};

test('a junk number is answered on the page and taken back', { timeout: 180_000 }, async () => {
  county.push({ patient: '0', name: '王^小东' });
  const registrar = await person(browser, county);
  const { page } = registrar;
  await page.setViewportSize({ width: 1366, height: 768 });
  await enter(page, 'registrar');
  await page.goto('/quarantine');
  await page.getByRole('heading', { name: '患者编号不能识别' }).waitFor();
  await page.getByRole('row', { name: /姓名/ }).getByText('王小东').first().waitFor();
  await shot(page, 'quarantine-identity');
  await accessible(page);

  await page.getByRole('button', { name: '指定患者' }).press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: /新建/ }).press('Enter');
  await dialog.getByLabel('患者编号').fill('E2E-77');
  await dialog.getByLabel('姓名').fill('王小东');
  await shot(page, 'quarantine-assign');
  await dialog.getByLabel(/^原因/).fill('电话核对');
  await dialog.getByRole('button', { name: '指定患者' }).press('Enter');
  await page.getByText('没有待核对的影像').waitFor();

  // The study is found again with its history; it has become work.
  await page.keyboard.press('/');
  await page.getByPlaceholder('姓名、拼音、首字母、编号').fill('E2E-77');
  await page.keyboard.press('Enter');
  await page.locator('.held-row', { hasText: 'E2E-77' }).click();
  await page.locator('.history li', { hasText: '指定患者' }).waitFor();
  await shot(page, 'quarantine-history');
  const writer = await county.login('writer');
  await wait(60, 'the study is work', async () => (await writer.get('/api/worklist?tab=write&pipeline=imaging')).rows.some((r) => r.patient.local_id === 'E2E-77'));

  await page.locator('.history li', { hasText: '指定患者' }).getByRole('button', { name: '撤销' }).click();
  await page.getByRole('dialog').getByLabel(/^原因/).fill('不是此人');
  await page.getByRole('dialog').getByRole('button', { name: '撤销' }).press('Enter');
  await page.locator('.history li', { hasText: '已撤销' }).waitFor();
  await wait(20, 'it is no work any more', async () => !(await writer.get('/api/worklist?tab=write&pipeline=imaging')).rows.some((r) => r.patient.local_id === 'E2E-77'));
  await page.goto('/quarantine');
  await page.getByRole('heading', { name: '患者编号不能识别' }).waitFor();

  // The clinic sees that its image was received and waits, and cannot decide.
  const doctor = await person(browser, county);
  await enter(doctor.page, 'doctor01');
  await doctor.page.goto('/quarantine');
  await doctor.page.getByRole('heading', { name: '患者编号不能识别' }).waitFor();
  assert.equal(await doctor.page.getByRole('button', { name: '指定患者' }).count(), 0);
  await doctor.page.getByRole('button', { name: '授权查看' }).click();
  await doctor.page.getByRole('dialog').getByText('没有授权其他机构').waitFor();
  await shot(doctor.page, 'quarantine-grants');
  assert.deepEqual(unexpected([...registrar.faults, ...doctor.faults]), []);
});

test('a number that was mended in the middle of an examination: one correction, and all of it is read', { timeout: 180_000 }, async () => {
  const study = `2.25.${BigInt(Date.now())}88`;
  county.push({ patient: 'E2E-88X', name: '孙^立', study });
  for (let n = 0; n < 2; n += 1) county.push({ patient: 'E2E-88', name: '孙^立', study });
  const registrar = await person(browser, county);
  const { page } = registrar;
  await page.setViewportSize({ width: 1366, height: 768 });
  await enter(page, 'registrar');
  await page.goto('/quarantine');
  const entries = page.locator('.held-row', { hasText: '同一检查号下出现另一患者' });
  await entries.first().click();
  await page.getByRole('heading', { name: '同一检查号下出现另一患者' }).waitFor();
  await shot(page, 'quarantine-held');
  await accessible(page);
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: '收入索引' }).press('Enter');
  await dialog.getByLabel(/其余 1 张一并处理/).waitFor();
  await shot(page, 'quarantine-alike');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  const writer = await county.login('writer');
  const waits = async () => (await writer.get('/api/worklist?tab=write&pipeline=imaging')).rows.filter((r) => r.patient.name === '孙立');
  assert.deepEqual(await waits(), [], 'nobody reads a third of it');

  await page.getByRole('button', { name: '改正原检查的患者' }).press('Enter');
  await dialog.getByRole('button', { name: /新建/ }).press('Enter');
  await dialog.getByLabel('患者编号').fill('E2E-88');
  await dialog.getByLabel(/^原因/).fill('编号输错');
  await dialog.getByRole('button', { name: '指定患者' }).press('Enter');
  await wait(60, 'the held images came in', async () => (await county.login('registrar').then((r) => r.get('/api/quarantine?state=open'))).rows.every((r) => r.reason !== 'other-patient-in-study'));
  await wait(60, 'the study is work', async () => (await waits()).some((r) => r.patient.local_id === 'E2E-88'));
  assert.deepEqual(unexpected(registrar.faults), []);
});
