// The lead asks for a report to be withdrawn, the quality officer finds the question and confirms with the password, the clinic is told
// and acknowledges. `YIGONG_SHOTS=folder` keeps pictures.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { enter, PASSWORD, person, startBrowser, startCounty, unexpected, wait } from './county.mjs';
import { axe } from './viewer.mjs';

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

const sections = { findings: '右肺上叶见结节。', impression: '右肺上叶结节。' };

/** Writes and signs as two readers would. */
async function sign(patient) {
  const writer = await county.login('writer');
  const rows = async (who, tab) => (await who.get(`/api/worklist?tab=${tab}&q=${patient}`)).rows;
  const row = await wait(60, 'the study is work', async () => (await rows(writer, 'write'))[0]);
  const first = await writer.post(`/api/work/${row.id}/claim`);
  const text = (item) => ({ item: item.id, epoch: item.epoch, sections, confirm: true });
  await writer.post(`/api/reports/${first.report}/submit`, text(first));
  const auditor = await county.login('auditor');
  const second = await auditor.post(`/api/work/${(await rows(auditor, 'audit'))[0].id}/claim`);
  await auditor.post(`/api/reports/${first.report}/sign`, text(second));
  return first.report;
}

test('two persons withdraw a report and the clinic acknowledges it', { timeout: 180_000 }, async () => {
  county.push({ patient: 'WDR1', name: '王^小东' });
  const report = await sign('WDR1');
  const at = async (login) => {
    const who = await person(browser, county);
    await who.page.setViewportSize({ width: 1366, height: 768 });
    await enter(who.page, login);
    return who;
  };

  // The lead finds the report by its patient and asks.
  const lead = await at('lead');
  await lead.page.getByRole('link', { name: '报告撤回' }).click();
  await lead.page.getByText('没有等待确认的撤回').waitFor();
  await lead.page.keyboard.press('/');
  await lead.page.keyboard.type('wangxiaodong');
  await lead.page.getByRole('row', { name: /王小东/ }).getByRole('button', { name: '打开' }).press('Enter');
  await lead.page.getByRole('button', { name: '撤回报告' }).click();
  const dialog = lead.page.getByRole('dialog');
  await dialog.getByRole('combobox', { name: '原因' }).click();
  await lead.page.getByRole('option', { name: '患者错误' }).click();
  await dialog.getByLabel('说明').fill('影像属于另一位患者');
  await shot(lead.page, 'withdraw-ask');
  await dialog.getByRole('button', { name: '提交申请' }).press('Enter');
  await lead.page.getByText('v1 正在申请撤回').waitFor();
  await lead.page.getByText('须由另一方').waitFor();
  assert.equal(await lead.page.getByRole('button', { name: '确认撤回' }).count(), 0, 'nobody alone');
  // Not one PDF viewer more than is looked at.
  await lead.page.goto('/withdrawals');

  // The clinic sees the doubt before anything is decided.
  const doctor = await at('doctor01');
  await doctor.page.goto(`/reports/${report}`, { waitUntil: 'domcontentloaded' });
  await doctor.page.getByText('v1 正在申请撤回').waitFor();
  assert.equal(await doctor.page.getByRole('button', { name: '撤回报告' }).count(), 0);

  // The quality officer.
  const qc = await at('qc');
  await qc.page.getByRole('link', { name: '报告撤回' }).click();
  await qc.page.getByRole('row', { name: /影像属于另一位患者/ }).waitFor();
  await shot(qc.page, 'withdrawals');
  await axe(qc.page);
  await qc.page.getByRole('button', { name: '查看并确认' }).press('Enter');
  await qc.page.getByRole('button', { name: '确认撤回' }).waitFor();
  await shot(qc.page, 'withdraw-confirm');
  await qc.page.getByRole('button', { name: '确认撤回' }).click();
  const again = qc.page.getByRole('dialog');
  if (await again.getByLabel('密码').first().isVisible({ timeout: 1_500 }).catch(() => false)) {
    await again.getByLabel('密码').first().fill(PASSWORD);
    await qc.page.keyboard.press('Enter');
  }
  await qc.page.getByText('本报告已撤回,不得用于诊疗。').waitFor();
  await shot(qc.page, 'withdrawn');

  // The clinic's open page follows; what the report had said is gone, and the doctor acknowledges.
  await doctor.page.getByText('本报告已撤回,不得用于诊疗。').waitFor();
  await doctor.page.goto(`/reports/${report}`, { waitUntil: 'domcontentloaded' });
  await doctor.page.getByText('报告已撤回,请确认已知悉').waitFor();
  await doctor.page.getByRole('button', { name: /v1/ }).click();
  await doctor.page.getByText('v1 的内容已随报告撤回').waitFor();
  assert.equal(await doctor.page.getByText('右肺上叶').count(), 0);
  await shot(doctor.page, 'withdrawn-clinic');
  await axe(doctor.page);
  await doctor.page.getByRole('button', { name: /v2/ }).click();
  await doctor.page.getByRole('button', { name: '确认知悉' }).press('Enter');
  await doctor.page.getByRole('button', { name: '确认知悉' }).waitFor({ state: 'detached' });
  await doctor.page.goto('/clinic/reports');
  await doctor.page.getByRole('row', { name: /王小东/ }).getByText('已撤回').waitFor();

  // The lead telephones, too.
  await lead.page.goto('/withdrawals');
  await lead.page.getByRole('button', { name: '记录电话' }).press('Enter');
  await lead.page.getByRole('dialog').getByLabel('接听人').fill('值班护士');
  await shot(lead.page, 'withdrawn-call');
  await lead.page.keyboard.press('Enter');
  await lead.page.getByRole('dialog').waitFor({ state: 'detached' });
  await lead.page.getByRole('heading', { name: '基层尚未确认知悉' }).waitFor({ state: 'detached' });
  await lead.page.getByText('没有等待确认的撤回').waitFor();

  // The registrar has the images.
  const registrar = await at('registrar');
  await registrar.page.goto('/quarantine');
  await registrar.page.getByRole('heading', { name: '报告因患者错误被撤回' }).waitFor();
  await shot(registrar.page, 'withdrawn-quarantine');
  assert.deepEqual(unexpected([...lead.faults, ...qc.faults, ...doctor.faults, ...registrar.faults], /status of 401 .*withdraw\/confirm$/), []);
});
