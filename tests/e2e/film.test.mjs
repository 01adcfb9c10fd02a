// From the clinic's machine to the clinic's screen: a film is stored, written, audited, signed, read and known to be read.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { enter, greys, PASSWORD, person, startBrowser, startCounty, unexpected, wait } from './county.mjs';

let county, browser;
before(async () => {
  county = await startCounty();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await county?.stop();
});

const IMPRESSION = '心肺膈未见明显异常。';

test('a film becomes a signed report that the clinic has seen', { timeout: 120_000 }, async () => {
  const writer = await person(browser, county);
  await enter(writer.page, 'writer');
  await writer.page.getByText('没有待书写的条目').waitFor();
  let loads = 0;
  writer.page.on('framenavigated', () => {
    loads += 1;
  });
  county.push({ patient: 'FILM1', name: '王^小东' });
  const row = writer.page.getByRole('row').filter({ hasText: '王小东' });
  await row.waitFor();
  await writer.page.locator('.picture img').waitFor();
  assert.equal(loads, 0, 'row and picture came by themselves, without a reload');

  await writer.page.keyboard.press('Enter');
  await writer.page.waitForURL(/\/read\//);
  const canvas = writer.page.locator('canvas').first();
  await canvas.waitFor();
  await wait(20, 'the film is on the screen', async () => (await greys(browser, canvas)) > 100);

  await writer.page.keyboard.press('F2');
  await writer.page.getByLabel('检查所见').focus();
  await writer.page.keyboard.type('胸廓对称,双肺纹理清晰。');
  await writer.page.keyboard.press('Tab');
  await writer.page.getByLabel('诊断意见').focus();
  await writer.page.keyboard.type(IMPRESSION);
  await writer.page.keyboard.press('Control+Enter');
  await confirmAll(writer.page);
  await writer.page.getByText('王小东 的报告已提交审核').waitFor();
  await writer.page.waitForURL(/\/worklist/);

  const auditor = await person(browser, county);
  await enter(auditor.page, 'auditor');
  await auditor.page.getByRole('tab', { name: /待审核/ }).click();
  await auditor.page.getByRole('row').filter({ hasText: '王小东' }).dblclick();
  await auditor.page.waitForURL(/\/read\//);
  assert.equal(await auditor.page.getByLabel('诊断意见').inputValue(), IMPRESSION);
  await wait(20, 'the auditor sees the film', async () => (await greys(browser, auditor.page.locator('canvas').first())) > 100);
  await auditor.page.keyboard.press('F8');
  await confirmAll(auditor.page);
  await auditor.page.getByText('王小东 的报告已签发').waitFor();

  const doctor = await person(browser, county);
  await enter(doctor.page, 'doctor01');
  const track = doctor.page.locator('li.track').filter({ hasText: '王小东' });
  await track.waitFor();
  await track.getByRole('link', { name: /查看报告/ }).click();
  await doctor.page.waitForURL(/\/reports\//);
  await doctor.page.locator('iframe.pdf').waitFor();
  const href = await doctor.page.getByRole('link', { name: /打开 PDF/ }).getAttribute('href');
  const pdf = await doctor.context.request.get(href);
  assert.equal(pdf.status(), 200);
  assert.equal((await pdf.body()).subarray(0, 4).toString(), '%PDF');

  const report = doctor.page.url().match(/\/reports\/([0-9a-f]+)/)[1];
  const lead = await county.login('lead');
  await wait(15, 'the delivery says seen', async () => {
    const { deliveries } = await lead.get(`/api/reports/${report}`);
    return deliveries.some((d) => d.kind === 'web' && d.state === 'seen' && d.seen_at !== null);
  });
  await auditor.page.goto(`/reports/${report}`);
  await auditor.page.getByText('已阅').first().waitFor();

  for (const who of [writer, auditor, doctor]) {
    assert.deepEqual(unexpected(who.faults, /status of 401 .*\/sign$/, /status of 422 .*\/(submit|sign)$/), []);
    await who.context.close();
  }
});

/** Answers what a careful server asks before a report goes out: checks to confirm, the password once more. */
async function confirmAll(page) {
  const done = page.getByText(/的报告已(提交审核|签发)/);
  for (let n = 0; n < 3; n += 1) {
    const checks = page.getByRole('button', { name: '确认无误,继续' });
    const again = page.getByRole('button', { name: '确认并继续' });
    await done.or(checks).or(again).first().waitFor();
    if (await checks.isVisible()) await checks.click();
    else if (await again.isVisible()) {
      await page.getByRole('dialog').getByLabel('密码').first().fill(PASSWORD);
      await again.click();
      await again.waitFor({ state: 'hidden' });
    } else return;
  }
}
