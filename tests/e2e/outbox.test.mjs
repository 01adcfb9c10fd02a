// A study waits for a workstation that is switched off: the outbox says why in plain words; it is given up with a reason by keyboard, taken
// up again when the workstation listens, and arrives while the page looks on. `YIGONG_SHOTS=folder` keeps a picture.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { enter, person, ROOT, startBrowser, startCounty, unexpected, wait } from './county.mjs';

let county, browser, workstation;
before(async () => {
  county = await startCounty();
  browser = await startBrowser();
});
after(async () => {
  workstation?.kill('SIGTERM');
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

const freePort = () =>
  new Promise((done) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });

test('what could not be sent is explained, given up, and sent after all', { timeout: 120_000 }, async () => {
  const port = await freePort();
  const admin = await county.login('admin');
  const peer = { kind: 'dicom', facility: 'C01', name: '卫生院工作站', ae_title: 'WS01', addresses: '127.0.0.1', port, policy: { availability: true }, enabled: true };
  const { id: to } = await admin.post('/api/admin/peers', { id: '', app: null, app_facility: null, last_seen_at: null, ...peer });
  county.push({ patient: 'E2E-81', name: '赵^外发' });
  const tech = await county.login('tech01');
  const study = await wait(20, 'the study', async () => (await tech.get('/api/studies?q=E2E-81')).rows[0]?.id);
  await tech.post(`/api/studies/${study}/send`, { peer: to });

  const { page, faults } = await person(browser, county);
  await page.setViewportSize({ width: 1366, height: 768 });
  await enter(page, 'tech01');
  await page.getByRole('link', { name: '发送队列' }).click();
  const row = page.getByRole('row', { name: /人工发送影像/ });
  await row.getByText('接收方端口无程序监听').waitFor();
  await row.getByText('赵外发').waitFor();
  // The study settles; its notification has the same receiver and joins the list by itself.
  await page.getByRole('row', { name: /检查到达通知/ }).getByText('接收方端口无程序监听').waitFor();
  await row.click();
  await page.getByRole('heading', { name: '人工发送影像 → 卫生院工作站' }).waitFor();
  await page.locator('.receivers').getByText('重试中 2').waitFor();
  await page.getByText(/Connection refused/).first().waitFor();
  await accessible(page);
  await shot(page, 'outbox');

  // By keyboard: give it up, with a reason.
  await page.keyboard.press('x');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(/^原因/).fill('工作站停机检修');
  await dialog.getByLabel(/^原因/).press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'hidden' });
  await row.waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: '已放弃' }).click();
  await page.getByText(/放弃:工作站停机检修/).waitFor();
  await page.locator('.past li', { hasText: '放弃发送' }).waitFor();

  // Another facility sees nothing of it; an administrator sees it without the patient.
  assert.deepEqual((await (await county.login('tech02')).get('/api/outbox')).rows, []);
  const seen = (await admin.get(`/api/outbox?to=${to}&state=stopped`)).rows;
  assert.deepEqual(seen.map((r) => [r.patient_name, r.study, r.why]), [['', '', '工作站停机检修']]);

  // The workstation is back: tried again by keyboard, it arrives without a reload.
  const folder = join(county.folder, 'received');
  mkdirSync(folder);
  workstation = execFile('storescp', ['-aet', 'WS01', '-od', folder, String(port)]);
  await page.getByRole('button', { name: '全部' }).click();
  await row.click();
  await page.keyboard.press('r');
  await row.getByText('已送达').waitFor();
  assert.equal(readdirSync(folder).length, 1);
  assert.match(execFileSync('dcmdump', [join(folder, readdirSync(folder)[0])], { encoding: 'latin1' }), /E2E-81/);
  const actions = (await admin.get(`/api/admin/audit?object=${seen[0].id}`)).rows.map((r) => r.action);
  assert.deepEqual(actions, ['outbox.retry', 'outbox.stop', 'outbox.put']);
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByRole('heading', { name: /→ 卫生院工作站/ }).waitFor();
  await page.getByText('Images sent by a person').first().waitFor();
  await accessible(page);
  assert.deepEqual(unexpected(faults), []);
});
