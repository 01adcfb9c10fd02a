// The locked page: it shows nothing of anybody, keeps what was being written, goes on ringing, and the server answers nothing else; only the
// password opens it, in every tab. An account somebody else has made does nothing before its password is its own. `YIGONG_LOCK_SHOTS=folder` keeps pictures.
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
/** Types as a person does: what comes faster is taken for a barcode scanner. */
const say = async (page, text = PASSWORD) => {
  await page.keyboard.type(text, { delay: 45 });
  await page.keyboard.press('Enter');
};
/** Types as a barcode scanner does: five milliseconds from key to key, however busy this machine is. */
async function scan(page, code) {
  const wire = await page.context().newCDPSession(page);
  const begin = Date.now() / 1000;
  const keys = [...code].map((c) => ({ key: c, text: c, code: `Digit${c}`, windowsVirtualKeyCode: c.charCodeAt(0) }));
  keys.push({ key: 'Enter', text: '\r', code: 'Enter', windowsVirtualKeyCode: 13 });
  for (const [i, key] of keys.entries()) {
    await wire.send('Input.dispatchKeyEvent', { type: 'keyDown', timestamp: begin + i * 0.005, ...key });
    await wire.send('Input.dispatchKeyEvent', { type: 'keyUp', timestamp: begin + i * 0.005 + 0.002, ...key, text: undefined });
  }
}
const lockOf = (page) => page.getByRole('dialog', { name: '页面已锁定' });
/** Nobody has touched the page for a quarter of an hour. */
const leaveAlone = async (page) => {
  await page.evaluate(() => localStorage.setItem('yg.touched', '1'));
  await lockOf(page).waitFor();
};
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
  const lock = lockOf(page);
  await lock.waitFor();
  assert.equal((await page.locator('body').innerText()).includes('钱一男'), false, 'nothing of the patient shows');
  await wait(10, 'the server answers nothing else', async () => (await status(page, '/api/worklist?tab=write')) === 423);
  assert.equal(await status(page, '/api/session'), 200);
  await shot(page, 'lock');
  // Typing goes to the lock, not to the report behind it.
  await say(page, 'wrong-password');
  await lock.getByText(/密码不正确|密码错误/).waitFor();
  // A barcode is no password: it is not sent, and the note says so.
  const sent = [];
  page.on('request', (r) => r.url().endsWith('/api/session/reauth') && sent.push(r.url()));
  await scan(page, '6901234567892');
  await lock.getByRole('alert').filter({ hasText: '读到的是条码' }).waitFor();
  assert.deepEqual(sent, []);
  await say(page);
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
  const lock = lockOf(page);
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
  await say(page);
  await lock.waitFor({ state: 'hidden' });
  const red = page.getByRole('dialog').filter({ hasText: '危急值待确认' });
  await red.waitFor();
  assert.match(await red.innerText(), /孙二女[\s\S]*7\.2/);
  assert.deepEqual(unexpected(doctor.faults, REFUSED), []);
  await doctor.context.close();
});

test('what was typed in dialogs survives the lock, Escape and what happens meanwhile', { timeout: 180_000 }, async () => {
  const doctor = await person(browser, county);
  const writer = await person(browser, county);
  await enter(doctor.page, 'doctor01');
  await enter(writer.page, 'writer');
  await county.mllp(lab.order('L2', 'PL2', '周^三男'));
  await county.mllp(lab.result('L2', '7.4'));
  // The clinic's doctor is reading back, the centre is on the phone.
  const red = doctor.page.getByRole('dialog').filter({ hasText: '危急值待确认' });
  await red.waitFor();
  await red.getByLabel('复述内容').fill('钾七点四,马上');
  await writer.page.goto('/critical');
  await writer.page.getByRole('row', { name: /周三男/ }).getByRole('button', { name: '电话通报' }).click();
  const called = writer.page.getByRole('dialog').filter({ hasText: '周三男' });
  const recipient = called.getByLabel('接听人');
  await recipient.fill('护士长');
  await recipient.press('ArrowLeft');
  for (const { page } of [doctor, writer]) await leaveAlone(page);
  // Something else happens; the hidden pages ask nothing, and Escape closes nothing of theirs.
  const asked = [];
  for (const { page } of [doctor, writer]) page.on('response', (r) => r.status() === 423 && asked.push(r.url()));
  await county.mllp(lab.order('L3', 'PL3', '吴^四女'));
  await county.mllp(lab.result('L3', '7.6'));
  await doctor.page.keyboard.press('Escape');
  await writer.page.keyboard.press('Escape');
  await writer.page.waitForTimeout(1_500);
  assert.deepEqual(asked, []);
  for (const { page } of [doctor, writer]) {
    await say(page);
    await lockOf(page).waitFor({ state: 'hidden' });
  }
  assert.equal(await red.getByLabel('复述内容').inputValue(), '钾七点四,马上');
  assert.equal(await recipient.inputValue(), '护士长');
  // The hand finds what it held, at its place.
  await writer.page.keyboard.type('王');
  assert.equal(await recipient.inputValue(), '护士王长');
  await writer.page.getByRole('row', { name: /吴四女/ }).waitFor();
  for (const who of [doctor, writer]) {
    assert.deepEqual(unexpected(who.faults, REFUSED), []);
    await who.context.close();
  }
});

test('a lock the server has not heard of stays, and is told until it has heard', { timeout: 120_000 }, async () => {
  const writer = await person(browser, county);
  const { page } = writer;
  await enter(page, 'writer');
  await page.locator('.shell-head').waitFor();
  await page.route('**/api/session/lock', (route) => route.abort());
  await menu(page, '锁定页面');
  await lockOf(page).waitFor();
  await page.reload();
  await lockOf(page).waitFor();
  assert.equal(await status(page, '/api/worklist?tab=write'), 200, 'the server has not heard');
  assert.equal(await page.locator('.shell').count(), 0, 'and the page shows nothing');
  // A line that comes back asks for the session too: the server knows of no lock, and the page stays locked.
  await page.context().setOffline(true);
  await page.waitForTimeout(500);
  await page.context().setOffline(false);
  await page.waitForTimeout(2_500);
  assert.equal(await lockOf(page).count(), 1);
  await page.unroute('**/api/session/lock');
  await wait(15, 'the server has heard', async () => (await status(page, '/api/worklist?tab=write')) === 423);
  // Signing out that fails is told where it can be seen, and opens nothing.
  await page.route('**/api/session', (route) => (route.request().method() === 'DELETE' ? route.abort() : route.continue()));
  await lockOf(page).getByRole('button', { name: '退出登录' }).click();
  await lockOf(page).getByRole('alert').filter({ hasText: '退出登录没有成功' }).waitFor();
  await page.unroute('**/api/session');
  await lockOf(page).getByLabel('密码').first().focus();
  await say(page);
  await lockOf(page).waitFor({ state: 'hidden' });
  await page.reload();
  await page.locator('.shell-head').waitFor();
  assert.equal(await lockOf(page).count(), 0);
  assert.deepEqual(unexpected(writer.faults, REFUSED, /ERR_FAILED|ERR_INTERNET_DISCONNECTED|ERR_NETWORK/), []);
  await writer.context.close();
});

test('the tabs of a browser lock and open together', { timeout: 90_000 }, async () => {
  const writer = await person(browser, county);
  const { page } = writer;
  await enter(page, 'writer');
  const second = await writer.context.newPage();
  await second.goto('/critical');
  await second.locator('.shell-head').waitFor();
  await menu(page, '锁定页面');
  for (const tab of [page, second]) await lockOf(tab).waitFor();
  await second.bringToFront();
  await say(second);
  for (const tab of [page, second]) await lockOf(tab).waitFor({ state: 'hidden' });
  await wait(10, 'the server is open', async () => (await status(page, '/api/worklist?tab=write')) === 200);
  await menu(second, '锁定页面');
  await lockOf(page).waitFor();
  await lockOf(page).getByRole('button', { name: '退出登录' }).click();
  for (const tab of [page, second]) await tab.waitForURL(/\/login/);
  // A session that has ended meanwhile leads to the login page, not to passwords that are all wrong.
  await enter(page, 'writer');
  await menu(page, '锁定页面');
  await wait(10, 'the server has heard', async () => (await status(page, '/api/worklist?tab=write')) === 423);
  await writer.context.clearCookies();
  await say(page);
  await page.waitForURL(/\/login/);
  await enter(page, 'writer');
  await page.locator('.shell-head').waitFor();
  assert.equal(await lockOf(page).count(), 0);
  assert.deepEqual(unexpected(writer.faults, REFUSED), []);
  await writer.context.close();
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
  // However long that took: there is no lock before the password is the person's own, and none at once after it.
  await page.evaluate(() => localStorage.setItem('yg.touched', '1'));
  await page.keyboard.press('Enter');
  await first.waitFor({ state: 'hidden' });
  assert.equal(await lockOf(page).count(), 0);
  await page.locator('.shell-head').waitFor();
  assert.equal(await status(page, '/api/worklist?tab=write'), 200);
  await page.goto('/archives');
  await page.getByText('没有可查询的影像库').waitFor();
  await shot(page, 'archives-empty');
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, 'no page is wider than the window');
  assert.deepEqual(unexpected(newcomer.faults, REFUSED), []);
  await newcomer.context.close();
});

test('typing a name for another archive keeps the focus, and asks only when told to', { timeout: 90_000 }, async () => {
  const admin = await county.login('admin');
  const archive = { kind: 'dicom', facility: 'LEAD', ae_title: 'PACS9', app: null, app_facility: null, addresses: '127.0.0.1', port: 1 };
  for (const [name, ae_title] of [['PACS', 'PACS9'], ['PACS2', 'PACS8']])
    await admin.post('/api/admin/peers', { ...archive, name, ae_title, policy: { archive: true }, enabled: true });
  const reader = await person(browser, county);
  const { page } = reader;
  await page.setViewportSize({ width: 1366, height: 768 });
  await enter(page, 'lead');
  await page.goto('/archives');
  const searches = [];
  page.on('request', (r) => /\/api\/archives\/./.test(r.url()) && r.method() === 'POST' && searches.push(r.url()));
  const name = page.getByLabel('姓名');
  await name.click();
  await page.keyboard.type('ZHANG SAN', { delay: 20 });
  assert.equal(await name.inputValue(), 'ZHANG SAN');
  assert.equal(await name.evaluate((e) => e === document.activeElement), true);
  assert.deepEqual(searches, [], 'nothing is asked before the person says so');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').filter({ hasText: '对方影像库没有应答' }).waitFor();
  assert.equal(searches.length, 1);
  await shot(page, 'archives');
  // Nine places and a person: whatever finds no room stands in a menu, and the own menu stays in sight.
  for (const language of ['zh', 'en']) {
    if (language === 'en') await page.locator('header').getByRole('button', { name: 'English' }).click();
    await page.waitForTimeout(300);
    const box = await page.locator('.account').boundingBox();
    assert.ok(box && box.x + box.width <= 1366, `the menu of the person is in sight (${language})`);
    const more = page.locator('header').getByRole('button', { name: language === 'en' ? /^More/ : /^更多/ });
    if (language === 'en') await more.waitFor();
    if (await more.count()) {
      await more.press('Enter');
      const items = page.getByRole('menuitem');
      await items.first().waitFor();
      await shot(page, `header-${language}`);
      const hidden = await page.locator('.places a').evaluateAll((links) => links.filter((a) => getComputedStyle(a).visibility === 'hidden').length);
      assert.equal(await items.count(), hidden);
      await page.keyboard.press('Escape');
    }
  }
  assert.deepEqual(unexpected(reader.faults, /status of (409|422|502|503|504)/), []);
  await reader.context.close();
});
