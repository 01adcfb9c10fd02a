// The locked page: it shows nothing of anybody, keeps what was being written, goes on ringing, and the server answers nothing else. An account
// somebody else has made does nothing before its password is its own. `YIGONG_LOCK_SHOTS=folder` keeps pictures.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { enter, lab, PASSWORD, person, startBrowser, startCounty, unexpected, wait } from './county.mjs';

let county, browser;
before(async () => {
  county = await startCounty();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await county?.stop();
});

/** What the browser itself logs of the refusals these stories provoke. */
const REFUSED = /status of (401|403|422|423)/;
const shot = async (page, name) => {
  if (!process.env.YIGONG_LOCK_SHOTS) return;
  await page.waitForTimeout(800);
  await page.screenshot({ path: `${process.env.YIGONG_LOCK_SHOTS}/${name}.png`, scale: 'css' });
};
const status = (page, path) => page.evaluate(async (p) => (await fetch(p)).status, path);
const menu = async (page, item) => {
  await page.locator('header').getByRole('button').last().click();
  await page.getByRole('menuitem', { name: item }).click();
};

test('a locked page hides and keeps what was being written', { timeout: 180_000 }, async () => {
  const writer = await person(browser, county);
  const { page } = writer;
  await page.setViewportSize({ width: 1366, height: 768 });
  await enter(page, 'writer');
  await page.getByText('没有待书写的条目').waitFor();
  county.push({ patient: 'LOCK-1', name: '钱^一男' });
  await page.locator('[role=row]', { hasText: '钱一男' }).waitFor({ timeout: 90_000 });
  await page.keyboard.press('F8');
  await page.waitForURL(/\/read\//);
  await page.getByLabel('检查所见').fill('右肺见斑片影,写到一半');
  await menu(page, '锁定页面');
  const lock = page.getByRole('dialog', { name: '页面已锁定' });
  await lock.waitFor();
  assert.equal((await page.locator('body').innerText()).includes('钱一男'), false, 'nothing of the patient shows');
  await wait(10, 'the server answers nothing else', async () => (await status(page, '/api/worklist?tab=write')) === 423);
  assert.equal(await status(page, '/api/session'), 200);
  await shot(page, 'lock');
  // Typing goes to the lock, not to the report behind it.
  await page.keyboard.type('wrong-password');
  await page.keyboard.press('Enter');
  await lock.getByText(/密码不正确|密码错误/).waitFor();
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await lock.waitFor({ state: 'hidden' });
  assert.equal(await page.getByLabel('检查所见').inputValue(), '右肺见斑片影,写到一半');
  await page.getByText(/已保存 \d\d:\d\d:\d\d v\d+/).waitFor({ timeout: 20_000 });
  assert.deepEqual(unexpected(writer.faults, REFUSED), []);
  await writer.context.close();
});

test('a locked page rings for a critical value and names nobody', { timeout: 120_000 }, async () => {
  const doctor = await person(browser, county);
  const { page } = doctor;
  await enter(page, 'doctor01');
  await page.locator('.shell-head').waitFor();
  await menu(page, '锁定页面');
  const lock = page.getByRole('dialog', { name: '页面已锁定' });
  await lock.waitFor();
  await county.mllp(lab.order('L1', 'PL1', '孙^二女'));
  await county.mllp(lab.result('L1', '7.2'));
  await lock.getByRole('alert').filter({ hasText: '1 条危急值' }).waitFor();
  assert.equal((await page.locator('body').innerText()).includes('孙二女'), false, 'a locked page names nobody');
  await shot(page, 'lock-ringing');
  await page.reload();
  await lock.waitFor();
  assert.equal(await status(page, '/api/critical?state=open'), 423, 'loading the page anew opens nothing');
  await lock.getByRole('alert').filter({ hasText: '1 条危急值' }).waitFor();
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await lock.waitFor({ state: 'hidden' });
  const red = page.getByRole('dialog').filter({ hasText: '危急值待确认' });
  await red.waitFor();
  assert.match(await red.innerText(), /孙二女[\s\S]*7\.2/);
  assert.deepEqual(unexpected(doctor.faults, REFUSED), []);
  await doctor.context.close();
});

test('an account made by somebody else sets its own password first', { timeout: 90_000 }, async () => {
  const admin = await county.login('admin');
  const { rows } = await admin.get('/api/admin/users');
  const lead = rows.find((r) => r.login === 'writer').facility;
  const made = { login: 'newcomer', name: '新医生', facility: lead, password: 'given-by-admin', roles: [{ role: 'writer', facility: lead }] };
  await admin.post('/api/admin/users', made);

  const newcomer = await person(browser, county);
  const { page } = newcomer;
  await page.setViewportSize({ width: 1366, height: 768 });
  await page.goto('/login');
  await page.getByRole('textbox', { name: '账号' }).fill('newcomer');
  await page.getByLabel('密码').first().fill('given-by-admin');
  await page.keyboard.press('Enter');
  const first = page.getByRole('dialog', { name: '请先设置自己的密码' });
  await first.waitFor();
  assert.equal(await status(page, '/api/worklist?tab=write'), 403);
  await shot(page, 'first-password');
  await first.getByLabel('当前密码').fill('given-by-admin');
  await first.getByLabel('新密码', { exact: false }).first().fill('given-by-admin');
  await first.getByLabel('再输一次新密码').fill('given-by-admin');
  await page.keyboard.press('Enter');
  await first.getByRole('alert').waitFor();
  await first.getByLabel('新密码', { exact: false }).first().fill('my-own-secret');
  await first.getByLabel('再输一次新密码').fill('my-own-secret');
  await page.keyboard.press('Enter');
  await first.waitFor({ state: 'hidden' });
  await page.locator('.shell-head').waitFor();
  assert.equal(await status(page, '/api/worklist?tab=write'), 200);
  await page.goto('/archives');
  await page.getByText('没有可查询的影像库').waitFor();
  await shot(page, 'archives-empty');
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, 'no page is wider than the window');
  assert.deepEqual(unexpected(newcomer.faults, REFUSED), []);
  await newcomer.context.close();
});
