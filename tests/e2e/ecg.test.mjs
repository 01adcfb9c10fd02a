// The ECG through the browser: a recording dropped on the clinic's page is judged while the patient still lies there, read with its
// measured values and comes back signed; a poor one comes back at once with the electrode named; one without an order is matched.
// Recordings: the public twin example (SCP-ECG and HL7 aECG) of the shared test data.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { confirmIdentity, missing, open, passChecks, ROOT, start } from './server.mjs';

const why = missing();
if (why) throw new Error(why);

const twin = join(process.env.YIGONG_SHARED ?? join(ROOT, '../shared'), 'data/ecg/twin');
const skip = existsSync(join(twin, 'Example.scp')) ? false : `no recordings at ${twin}: set YIGONG_SHARED`;
if (skip) console.log(`SKIPPED: ${skip}`);

/** The aECG example on another day and of another subject, its V3 without any signal. */
function poor() {
  const text = readFileSync(join(twin, 'Example.xml'), 'utf8').replaceAll('20021122', '20021123').replaceAll('SBJ-123', 'SBJ-124');
  const parts = text.split('code="MDC_ECG_LEAD_V3"');
  assert.ok(parts.length > 1, 'the example has a lead V3');
  return parts
    .map((part, n) => (n === 0 ? part : part.replace(/<digits>[\s\S]*?<\/digits>/, (d) => `<digits>${d.replace(/<\/?digits>/g, '').replace(/-?\d+/g, '0')}</digits>`)))
    .join('code="MDC_ECG_LEAD_V3"');
}

/** Places an ECG order as the clinic's person; answers its id. */
async function order(page, patient) {
  return page.evaluate(async (who) => {
    const { csrf } = await (await fetch('/api/session')).json();
    const items = await (await fetch('/api/catalogue?pipeline=ecg')).json();
    const body = { patient: who, pipeline: 'ecg', items: [items[0].code], priority: 'routine', history: '胸闷 1 天', flags: [] };
    const headers = { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf };
    const answer = await fetch('/api/orders', { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()).id;
  }, patient);
}

/** Drops a file, or the same one under several names, on an element, as a mouse from the file manager does. */
async function drop(page, selector, names, bytes) {
  const data = await page.evaluateHandle(
    ([files, base64]) => {
      const transfer = new DataTransfer();
      for (const file of files) transfer.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], file));
      return transfer;
    },
    [[names].flat(), Buffer.from(bytes).toString('base64')],
  );
  for (const kind of ['dragenter', 'dragover', 'drop']) await page.dispatchEvent(selector, kind, { dataTransfer: data });
}

const folder = process.env.YIGONG_SHOTS ? resolve(ROOT, process.env.YIGONG_SHOTS) : mkdtempSync(join(tmpdir(), 'yigong-ecg-'));
const axeSource = readFileSync(join(ROOT, 'web/node_modules/axe-core/axe.min.js'), 'utf8');

/** No accessibility fault, nothing wider than the window; keeps the picture. */
async function check(page, name) {
  mkdirSync(folder, { recursive: true });
  await page.waitForTimeout(600);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${name} is wider than the window`);
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => (await globalThis.axe.run()).violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 120)).join(' | ')}`));
  assert.deepEqual(found, [], `${name}: accessibility`);
}

test('a recording dropped on the clinic page comes back as a signed report with its values', { timeout: 300_000, skip }, async () => {
  const server = await start('--no-feed');
  const browser = await open(server);
  try {
    const clinic = await browser.as('doctor01');
    const id = await order(clinic, { local_id: 'SBJ-123', name: 'Clark', sex: 'M', birth_date: '19530508' });
    await clinic.goto(`/clinic/ecg?order=${id}`);
    await clinic.locator('#up-drop').waitFor();
    // One order is one ECG: two files at once are refused, and nothing is sent.
    const chosen = clinic.getByRole('combobox', { name: '申请' });
    await clinic.waitForFunction(() => document.querySelector('input[role=combobox]')?.value.includes('Clark'));
    await drop(clinic, '#up-drop', ['a.scp', 'b.scp'], readFileSync(join(twin, 'Example.scp')));
    await clinic.getByRole('alert').getByText(/一次只能上传一个文件/).waitFor();
    assert.equal(await clinic.locator('.up-card').count(), 0);
    const at = Date.now();
    const sent = clinic.waitForResponse((a) => a.request().method() === 'POST' && a.url().includes('/api/ecg?'));
    await drop(clinic, '#up-drop', 'Example.scp', readFileSync(join(twin, 'Example.scp')));
    const { record } = await (await sent).json();
    // The next patient does not inherit the order.
    assert.equal(await chosen.inputValue(), '');
    const card = clinic.locator('.up-card');
    await card.getByText(/^(合格|可用,有缺陷)$/).waitFor({ timeout: 60_000 });
    console.log(`verdict on the page after ${Date.now() - at} ms`);
    await card.getByText('已进入阅图队列').waitFor();
    await check(clinic, 'ecg-clinic-good');

    const reader = await browser.as('ecg');
    await reader.goto('/worklist?tab=write&pipeline=ecg');
    await reader.locator('.grid-row', { hasText: 'Clark' }).dblclick();
    await reader.waitForURL(/\/read\//);
    // Device, server and physician side by side in the median beat's table.
    await reader.locator('.ecg-paper canvas').first().waitFor();
    await reader.keyboard.press('Escape');
    await reader.keyboard.press('b');
    await reader.locator('.ecg-board').waitFor();
    const table = reader.getByRole('table', { name: /心电测量值/ });
    await table.waitFor();
    const value = async (row, column) => Number((await table.getByRole('row', { name: new RegExp(`^${row}`) }).locator('td').nth(column).innerText()).trim());
    assert.deepEqual([await value('PR', 0), await value('QRS ms', 0), await value('QT ms', 0)], [148, 120, 420], 'the device says so');
    assert.ok(Math.abs((await value('QRS ms', 1)) - 120) <= 20 && Math.abs((await value('QT ms', 1)) - 420) <= 30, 'the server measured for itself');
    // One sample to the right with the arrow key: QT longer by 2 ms, at once; saved as the physician's.
    const mark = reader.getByRole('slider', { name: 'T 波终点' });
    await mark.focus();
    const before = Number(await mark.getAttribute('aria-valuenow'));
    await reader.keyboard.press('ArrowRight');
    assert.equal(Number(await mark.getAttribute('aria-valuenow')), before + 2);
    const qt = await value('QT ms', 2);
    await check(reader, 'ecg-median');
    await reader.getByRole('button', { name: '保存为医师值' }).click();
    await reader.getByText('标线为医师所定').waitFor();
    assert.equal(await value('QT ms', 2), qt);
    // A rate of the physician's own: QTc follows at once, and stays when it is saved.
    const fridericia = await value('QTcF', 2);
    const rate = (await value('心率', 1)) + 3;
    await reader.getByLabel('医师心率').fill(String(rate));
    assert.equal(await value('心率', 2), rate);
    const followed = await value('QTcF', 2);
    assert.ok(followed > fridericia, `${followed} > ${fridericia}`);
    await reader.getByRole('button', { name: '保存为医师值' }).click();
    await reader.getByText('标线为医师所定').waitFor();
    await reader.waitForFunction(() => document.querySelector('.ecg-own input')?.value === '');
    assert.deepEqual([await value('心率', 2), await value('QTcF', 2), await value('QT ms', 2)], [rate, followed, qt]);

    await reader.getByRole('button', { name: '心电图', exact: false }).first().click();
    await reader.locator('.ecg-paper canvas').first().waitFor();
    await reader.getByLabel(/拼音首字母/).fill('dxxl');
    await reader.keyboard.press('Enter');
    await reader.locator('.ecg-chip[data-on]', { hasText: '窦性心律' }).waitFor();
    assert.match(await reader.getByLabel('诊断意见').inputValue(), /窦性心律/);
    await reader.getByLabel('检查所见').fill('窦性心律,QRS 增宽,电轴左偏。');
    await reader.getByText(/已保存 \d\d:\d\d:\d\d v\d+/).waitFor({ timeout: 20_000 });
    await check(reader, 'ecg-reading');
    // The physician's QT is more than 20 ms from the recorder's: one signature is not enough.
    await reader.keyboard.press('Alt+F8');
    await passChecks(reader);
    await confirmIdentity(reader);
    await reader.getByText(/须由另一人审核/).waitFor();
    await reader.getByRole('button', { name: /提交审核/ }).click();
    await passChecks(reader);
    await reader.waitForURL(/\/worklist/, { timeout: 60_000 });

    const auditor = await browser.as('lead');
    await auditor.goto('/worklist?tab=audit&pipeline=ecg');
    await auditor.locator('.grid-row', { hasText: 'Clark' }).dblclick();
    await auditor.waitForURL(/\/read\//);
    await auditor.getByLabel('诊断意见').waitFor();
    await auditor.keyboard.press('Alt+F8');
    await passChecks(auditor);
    await confirmIdentity(auditor);
    await auditor.waitForURL(/\/worklist/, { timeout: 60_000 });

    await clinic.goto('/clinic/reports');
    await clinic.locator('tr', { hasText: 'Clark' }).waitFor({ timeout: 30_000 });
    await clinic.keyboard.press('Enter');
    await clinic.waitForURL(/\/reports\//);
    const frame = clinic.locator('iframe.pdf');
    await frame.waitFor();
    const pdf = await clinic.request.get((await frame.getAttribute('src')).split('#')[0]);
    assert.equal((await pdf.body()).subarray(0, 5).toString(), '%PDF-');
    // The same signed page for an archive: a DICOM object that holds these very bytes.
    const object = await (await clinic.request.get(`/api/ecg/${record}/export?format=dicom-pdf`)).body();
    assert.equal(object.subarray(128, 132).toString(), 'DICM');
    assert.ok(object.includes(await pdf.body()), 'the signed page is inside');
    assert.deepEqual(browser.faults, [], 'no script error and no policy report on any page');
  } finally {
    await browser.close();
    await server.stop();
  }
});

test('a poor recording comes back with the electrode named; what fits no order is matched by a person', { timeout: 240_000, skip }, async () => {
  const server = await start('--no-feed');
  const browser = await open(server, { width: 1366, height: 768 });
  try {
    const clinic = await browser.as('doctor01');
    const id = await order(clinic, { local_id: 'SBJ-124', name: 'Clark', sex: 'M', birth_date: '19530508' });
    await clinic.goto(`/clinic/ecg?order=${id}`);
    await clinic.locator('#up-drop').waitFor();
    const at = Date.now();
    await drop(clinic, '#up-drop', 'poor.xml', Buffer.from(poor()));
    const card = clinic.locator('.up-card');
    await card.getByRole('heading', { name: '请重做' }).waitFor({ timeout: 60_000 });
    const took = Date.now() - at;
    console.log(`verdict on the page after ${took} ms`);
    assert.ok(took < 10_000, `${took} ms: in seconds, while the patient still lies there`);
    await card.getByText(/V3 电极脱落/).waitFor();
    await card.getByRole('img', { name: /V3/ }).waitFor();
    await check(clinic, 'ecg-clinic-redo');
    await clinic.setViewportSize({ width: 390, height: 844 });
    await check(clinic, 'ecg-clinic-phone');
    await clinic.setViewportSize({ width: 1366, height: 768 });
    await clinic.getByRole('button', { name: '仍然上传' }).click();
    await clinic.getByLabel('仍然上传的理由').fill('皮肤破损,V3 无法粘贴');
    await clinic.keyboard.press('Tab');
    await clinic.keyboard.press('Enter');
    await card.getByText(/已按您的理由送出/).waitFor();

    // Nobody's file: dropped on the day's page, it is judged and waits to be matched.
    const other = await order(clinic, { local_id: 'E2E-9', name: 'Clark', sex: 'M', birth_date: '19530508' });
    await clinic.goto('/clinic');
    await clinic.locator('.clinic-drop').waitFor();
    await drop(clinic, '.clinic-drop', 'Example.scp', readFileSync(join(twin, 'Example.scp')));
    await clinic.waitForURL(/\/clinic\/ecg$/);
    await clinic.locator('.up-card').getByText(/^(合格|可用,有缺陷)$/).waitFor({ timeout: 60_000 });
    await clinic.goto('/clinic/ecg/unmatched');
    const row = clinic.locator('tbody tr', { hasText: 'Clark' });
    await row.waitFor();
    await check(clinic, 'ecg-unmatched');
    await row.getByRole('button', { name: '匹配申请' }).click();
    await clinic.getByRole('dialog').getByRole('combobox', { name: '申请' }).click();
    await clinic.getByRole('option', { name: /E2E-9/ }).click();
    await clinic.getByRole('dialog').getByRole('button', { name: '匹配申请' }).click();
    await clinic.getByText('没有未识别的心电图').waitFor();
    assert.ok(other);

    // Bytes that are no recording are kept and refused with a reason.
    await clinic.goto('/clinic/ecg');
    await clinic.locator('#up-drop').waitFor();
    await drop(clinic, '#up-drop', 'note.bin', Buffer.from('no electrocardiogram at all'));
    await clinic.locator('.up-card').getByText(/没有收下/).waitFor();

    await clinic.goto('/clinic/ecg/statistics');
    await clinic.getByText(/电极脱落/).first().waitFor();
    await check(clinic, 'ecg-quality');

    // The administrator puts another province's critical limits in force: confirmed with both names, written down.
    const admin = await browser.as('admin');
    await admin.goto('/admin/ecg_presets');
    const column = admin.locator('th', { hasText: '山西省' });
    await column.getByRole('button', { name: '改用此预设' }).click();
    await admin.getByRole('dialog').getByText('由“浙江省心电图危急值(试用版)”改为“山西省心电图危急值(2017 试行)”').waitFor();
    await admin.getByRole('dialog').getByRole('button', { name: '确认' }).click();
    await column.getByText('使用中').waitFor();
    await admin.reload();
    await column.getByText('使用中').waitFor();
    await admin.getByText('始终生效').first().waitFor();
    await check(admin, 'ecg-presets');
    await admin.goto('/admin/audit');
    await admin.getByText('ecg.preset').first().waitFor();
    assert.deepEqual(browser.faults, [], 'no script error and no policy report on any page');
  } finally {
    await browser.close();
    await server.stop();
  }
});
