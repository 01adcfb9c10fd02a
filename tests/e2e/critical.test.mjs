// A potassium of 7.1 blocks the clinic's page until its doctor has read it back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { enter, lab, person, startBrowser, startCounty, unexpected, wait } from './county.mjs';

let county, browser;
before(async () => {
  county = await startCounty();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await county?.stop();
});

test('the red dialog appears by itself and only a read-back opens the page again', { timeout: 90_000 }, async () => {
  const doctor = await person(browser, county);
  await enter(doctor.page, 'doctor01');
  await doctor.page.getByText('今天还没有检查').waitFor();
  await county.mllp(lab.order('K1', 'PK1', '赵^一男'));
  await county.mllp(lab.result('K1', '7.1'));

  const dialog = doctor.page.getByRole('dialog').filter({ hasText: '危急值待确认' });
  await dialog.waitFor();
  assert.match(await dialog.innerText(), /赵一男[\s\S]*7\.1/);
  await doctor.page.keyboard.press('Escape');
  await doctor.page.mouse.click(5, 5);
  await new Promise((go) => setTimeout(go, 600));
  assert.ok(await dialog.isVisible(), 'neither Escape nor a click beside it closes the dialog');
  const confirm = dialog.getByRole('button', { name: '复述并确认' });
  assert.ok(await confirm.isDisabled(), 'nothing is confirmed without a read-back');
  await dialog.getByLabel(/复述内容/).fill('赵一男,血钾七点一,已知悉');
  await confirm.click();
  await dialog.waitFor({ state: 'hidden' });

  const [alert] = (await (await county.login('doctor01')).get('/api/critical?state=all')).rows;
  assert.equal(alert.state, 'clinician_ack');
  assert.ok(alert.acked_at, 'the moment is kept');
  assert.ok(JSON.stringify(alert.events).includes('血钾七点一'), 'the words are kept');
  const treating = doctor.page.getByRole('dialog');
  await treating.getByRole('textbox').fill('静推葡萄糖酸钙,复查血钾');
  await treating.locator('button[type=submit]').click();
  const supervisor = await county.login('lead');
  await wait(10, 'the treatment is kept', async () => (await supervisor.get('/api/critical?state=all')).rows[0].treated_at !== null);
  assert.deepEqual(unexpected(doctor.faults), []);
});

test('a value that belongs to nobody rings where it was measured, and is ended in writing', { timeout: 90_000 }, async () => {
  const lead = await person(browser, county);
  const { page } = lead;
  await page.setViewportSize({ width: 1366, height: 768 });
  await enter(page, 'lead');
  await county.mllp(lab.result('K9', '7.9'));
  await page.goto('/critical');
  const row = page.locator('tbody tr', { hasText: '条码 BK9' });
  await row.waitFor();
  assert.match(await row.innerText(), /7\.9[\s\S]*未匹配/);
  await row.getByRole('button', { name: '核实' }).click();
  const dialog = page.getByRole('dialog', { name: '核实无主危急值' });
  const end = dialog.getByRole('button', { name: '记录并结束' });
  assert.ok(await end.isDisabled(), 'nothing is ended without a word');
  await dialog.getByLabel('核实结果').fill('电话核实为青石镇赵一男,已告知医生');
  await end.click();
  await dialog.waitFor({ state: 'hidden' });
  await row.waitFor({ state: 'detached' });
  const { rows } = await (await county.login('lead')).get('/api/critical?state=all');
  const ended = rows.find((a) => a.finding.includes('BK9'));
  assert.ok(ended.state === 'closed' && JSON.stringify(ended.events).includes('电话核实'), 'the words are kept');
  assert.deepEqual(unexpected(lead.faults), []);
});
