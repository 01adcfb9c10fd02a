// One case of the imaging pipeline through the browser, by keyboard: a clinic's device sends a film, a writer takes and writes it, an
// auditor signs it, the clinic opens the signed PDF and the centre sees that it was read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { confirmIdentity, missing, open, passChecks, pushFilm, start } from './server.mjs';

const why = missing();
if (why) console.log(why);

if (why) throw new Error(why);

test('a film is sent, written, audited, signed and read by the clinic', { timeout: 240_000 }, async () => {
  const server = await start('--no-feed');
  const browser = await open(server);
  try {
    const writer = await browser.as('writer');
    await writer.getByText('没有待书写的条目').waitFor();
    pushFilm(server, { callingAet: 'DEMO01', patient: 'E2E-1', name: '卢^瑋' });

    // The row comes by itself once the study has settled; nobody presses reload.
    await writer.locator('[role=row]', { hasText: '卢瑋' }).waitFor({ timeout: 90_000 });
    await writer.keyboard.press('F8');
    await writer.waitForURL(/\/read\//);
    await writer.getByLabel('检查所见').waitFor();
    await writer.keyboard.press('F2');
    await writer.keyboard.type('左肺下叶见小结节,余双肺野清晰。');
    await writer.keyboard.press('Tab');
    await writer.getByLabel('诊断意见').fill('左肺下叶小结节,建议随访。');
    await writer.getByText(/已保存 \d\d:\d\d:\d\d v\d+/).waitFor({ timeout: 20_000 });
    await writer.keyboard.press('Alt+F8');
    await passChecks(writer);
    await writer.waitForURL(/\/worklist/);

    const auditor = await browser.as('auditor');
    await auditor.goto('/worklist?tab=audit&pipeline=imaging');
    await auditor.locator('[role=row]', { hasText: '卢瑋' }).waitFor();
    await auditor.keyboard.press('F8');
    await auditor.waitForURL(/\/read\//);
    assert.match(await auditor.getByLabel('检查所见').inputValue(), /小结节/);
    await auditor.keyboard.press('Alt+F8');
    await passChecks(auditor);
    await confirmIdentity(auditor);
    await auditor.waitForURL(/\/worklist/, { timeout: 60_000 });

    const doctor = await browser.as('doctor01');
    await doctor.goto('/clinic/reports');
    await doctor.locator('tr', { hasText: '卢瑋' }).waitFor();
    await doctor.keyboard.press('Enter');
    await doctor.waitForURL(/\/reports\//);
    const frame = doctor.locator('iframe.pdf');
    await frame.waitFor();
    const pdf = await doctor.request.get((await frame.getAttribute('src')).split('#')[0]);
    assert.equal(pdf.status(), 200);
    assert.equal((await pdf.body()).subarray(0, 5).toString(), '%PDF-');
    await doctor.getByText(/已阅/).first().waitFor();
    assert.deepEqual(browser.faults, [], 'no script error and no policy report on any page');
  } finally {
    await browser.close();
    await server.stop();
  }
});
