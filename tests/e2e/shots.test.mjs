// A picture of each page with the demonstration's own data, zh-CN, 1440x900. `YIGONG_SHOTS=docs/screenshots` renews the ones in the
// README; otherwise they go to a temporary folder and only prove that every page draws without an error.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { confirmIdentity, missing, open, passChecks, pushFilm, ROOT, start } from './server.mjs';

const why = missing();

if (why) throw new Error(why);

test('every page draws, with its picture', { timeout: 400_000 }, async () => {
  const folder = process.env.YIGONG_SHOTS ? resolve(ROOT, process.env.YIGONG_SHOTS) : mkdtempSync(join(tmpdir(), 'yigong-shots-'));
  mkdirSync(folder, { recursive: true });
  const server = await start();
  const browser = await open(server);
  const shot = async (page, name) => {
    await page.waitForTimeout(1_500);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${name} is wider than the window`);
    await page.screenshot({ path: join(folder, `${name}.png`) });
  };
  try {
    await shot(await openAt(browser, null, '/login'), 'login');
    const writer = await openAt(browser, 'writer', '/worklist?tab=write');
    // The feed goes over the real protocols and studies settle after a quiet time.
    await writer.locator('.grid-row', { hasText: 'CT' }).first().waitFor({ timeout: 240_000 });
    // Previews are made by the codec workers a moment later.
    await writer.locator('.picture img').waitFor({ timeout: 60_000 });
    await shot(writer, 'worklist');
    await writer.locator('.grid-row', { hasText: 'CT' }).first().dblclick();
    await writer.waitForURL(/\/read\//);
    await writer.getByPlaceholder('选用模板').waitFor();
    await writer.waitForTimeout(4_000);
    await writer.getByLabel('检查所见').fill('右肺上叶见一实性结节,边界清,大小约 8 mm;余双肺野未见实变影。纵隔未见肿大淋巴结,双侧胸腔未见积液。');
    await writer.getByLabel('诊断意见').fill('右肺上叶实性结节,建议 3 个月后复查。');
    await writer.getByText(/已保存 \d\d:\d\d:\d\d v\d+/).waitFor({ timeout: 20_000 });
    await shot(writer, 'reading');
    const clinic = /\b(C\d\d)-/.exec(await writer.locator('.item-head').innerText())?.[1] ?? 'C01';
    await writer.keyboard.press('Alt+F8');
    await passChecks(writer);
    await writer.waitForURL(/\/worklist/);
    const auditor = await openAt(browser, 'auditor', '/worklist?tab=audit&pipeline=imaging');
    await auditor.locator('.grid-row').first().dblclick();
    await auditor.waitForURL(/\/read\//);
    await auditor.getByLabel('检查所见').waitFor();
    await auditor.keyboard.press('Alt+F8');
    await passChecks(auditor);
    await confirmIdentity(auditor);
    await auditor.waitForURL(/\/worklist/, { timeout: 60_000 });
    const owner = await openAt(browser, `doctor${clinic.slice(1)}`, '/clinic/reports');
    await owner.locator('tbody tr').first().waitFor();
    await owner.keyboard.press('Enter');
    await owner.waitForURL(/\/reports\//);
    await owner.waitForTimeout(2_000);
    await shot(owner, 'report');

    const reader = await openAt(browser, 'ecg', '/worklist?tab=write&pipeline=ecg');
    const record = reader.locator('.grid-row').first();
    await record.waitFor({ timeout: 60_000 });
    await record.dblclick();
    await reader.waitForURL(/\/read\//);
    await reader.waitForTimeout(2_500);
    await shot(reader, 'ecg');

    pushFilm(server, { callingAet: 'DEMO01', patient: '0', name: '王^小东' });
    const registrar = await openAt(browser, 'registrar', '/quarantine');
    await registrar.locator('.held-row').first().waitFor({ timeout: 30_000 });
    await shot(registrar, 'quarantine');
    await shot(await openAt(browser, 'labverifier', '/lab'), 'lab');
    await shot(await openAt(browser, 'lead', '/critical'), 'critical');
    await shot(await openAt(browser, 'doctor01', '/clinic'), 'clinic');
    await shot(await openAt(browser, 'doctor01', '/clinic/order'), 'order');
    await shot(await openAt(browser, 'admin', '/admin/peers'), 'admin');
    await shot(await openAt(browser, 'admin', '/admin/audit'), 'audit');
    assert.deepEqual(browser.faults, []);
  } finally {
    await browser.close();
    await server.stop();
  }
});

async function openAt(browser, login, path) {
  const page = await browser.as(login);
  await page.goto(path);
  return page;
}
