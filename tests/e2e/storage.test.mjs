// A stored image loses a bit: the lead has its study checked, the viewer says that it is damaged, the file comes back from a backup and the mark
// goes; a study is put on legal hold and released, each with a reason. `YIGONG_SHOTS=folder` keeps pictures.
import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
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
  if (!process.env.YIGONG_SHOTS) return;
  await page.waitForTimeout(600);
  await page.screenshot({ path: join(process.env.YIGONG_SHOTS, `${name}.png`), scale: 'css' });
};

const accessible = async (page) => {
  await page.evaluate(readFileSync(join(ROOT, 'web/node_modules/axe-core/axe.min.js'), 'utf8'));
  const found = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa'] }));
  assert.deepEqual(
    found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`),
    [],
  );
};

/** The stored film: the largest object. */
const stored = () => {
  const all = readdirSync(join(county.folder, 'data/objects'), { recursive: true }).map((f) => join(county.folder, 'data/objects', f));
  return all.filter((f) => statSync(f).isFile()).sort((a, b) => statSync(b).size - statSync(a).size)[0];
};

test('damage is found, shown to the reader, and mended; a study is put on hold', { timeout: 120_000 }, async () => {
  county.push({ patient: 'E2E-91', name: '孙^存储' });
  const writer = await county.login('writer');
  const item = await wait(40, 'the study is work', async () => (await writer.get('/api/worklist?tab=write&pipeline=imaging')).rows.find((r) => r.patient.local_id === 'E2E-91'));

  const file = stored();
  const backup = join(county.folder, 'backup.dcm');
  copyFileSync(file, backup);
  const bad = readFileSync(file);
  bad[bad.length - 1] ^= 1;
  writeFileSync(file, bad);

  const { page, faults } = await person(browser, county);
  await page.setViewportSize({ width: 1366, height: 768 });
  await enter(page, 'lead');
  await page.getByRole('link', { name: '存储状况' }).click();
  await page.getByText('可接收').waitFor();
  await shot(page, 'storage');
  await page.getByRole('button', { name: /损坏对象/ }).click();
  await page.keyboard.press('/');
  await page.getByPlaceholder('姓名、拼音、首字母、编号').fill('E2E-91');
  await page.keyboard.press('Enter');
  await page.locator('.found').getByRole('button', { name: '立即复查' }).press('Enter');
  const card = page.getByRole('article');
  await card.getByText('内容改变').waitFor();
  await card.getByText(/孙存储/).waitFor();
  await card.getByRole('button', { name: '处理备注' }).press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: '保存' }).click();
  await card.getByText(/已请 .* 重新发送/).waitFor();
  await accessible(page);
  await shot(page, 'storage-damaged');

  // The reader learns that it is the file and not the line.
  const reader = await person(browser, county);
  await enter(reader.page, 'writer');
  await reader.page.goto(`/read/${item.id}`);
  await reader.page.getByText('1 幅图像的存储文件已损坏', { exact: false }).waitFor();
  await reader.page.getByText('⚠ 损坏 1').waitFor();
  await reader.page.getByText('存储文件已损坏,不提供此图像').waitFor();

  // Another file is refused; the right one takes the mark away, and the reader's page follows.
  await card.locator('input[type=file]').setInputFiles(join(county.folder, 'film.raw'));
  await page.getByText('这是另一个文件', { exact: false }).waitFor();
  await card.locator('input[type=file]').setInputFiles(backup);
  await page.getByText('复查完好,标记已消除').waitFor();
  await page.getByText('没有损坏对象').waitFor();
  await reader.page.getByText('1 幅图像的存储文件已损坏', { exact: false }).waitFor({ state: 'hidden' });

  await page.getByRole('button', { name: /依法保全/ }).click();
  await page.getByPlaceholder('姓名、拼音、首字母、编号').fill('E2E-91');
  await page.keyboard.press('Enter');
  await page.locator('.found').getByRole('button', { name: '设置保全' }).press('Enter');
  await page.getByRole('dialog').getByLabel(/^原因/).fill('医疗纠纷,法院调取');
  await page.getByRole('dialog').getByRole('button', { name: '设置保全' }).click();
  const held = page.getByRole('row', { name: /医疗纠纷,法院调取/ });
  await held.waitFor();
  await accessible(page);
  await shot(page, 'storage-holds');
  await reader.page.getByText(/依法保全 .*医疗纠纷/).waitFor();
  await page.getByRole('button', { name: '保留策略' }).click();
  await page.getByText('保留策略未启用', { exact: false }).waitFor();
  await accessible(page);
  await page.getByRole('button', { name: /依法保全/ }).click();
  await held.getByRole('button', { name: '解除保全' }).press('Enter');
  await page.getByRole('dialog').getByLabel(/^原因/).fill('已结案');
  await page.getByRole('dialog').getByRole('button', { name: '解除保全' }).click();
  await page.getByText('没有依法保全的检查').waitFor();

  // An administrator sees numbers, damage and no studies; both acts are in the audit chain with their reasons.
  const admin = await person(browser, county);
  await enter(admin.page, 'admin');
  await admin.page.goto('/storage');
  await admin.page.getByText('已存对象没有发现损坏').or(admin.page.getByText('尚未发现损坏', { exact: false })).waitFor();
  assert.equal(await admin.page.getByRole('button', { name: /依法保全/ }).count(), 0);
  const audit = await (await county.login('admin')).get('/api/admin/audit?q=retention.');
  assert.deepEqual(audit.rows.map((r) => [r.action, r.detail.why]), [['retention.unhold', '已结案'], ['retention.hold', '医疗纠纷,法院调取']]);
  assert.deepEqual(unexpected([...faults, ...admin.faults], /status of 409/), []);
  assert.deepEqual(unexpected(reader.faults, /status of 507/), []);
});
