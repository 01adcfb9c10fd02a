// Two readers, one item: whoever lost the lease is told, and what he wrote is neither published nor lost.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { enter, person, startBrowser, startCounty, unexpected, wait } from './county.mjs';

let county, browser;
before(async () => {
  county = await startCounty();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await county?.stop();
});

const LOST = '右肺下野斑片影,边缘模糊。';

test('a stale reader sees the conflict and keeps his text', { timeout: 90_000 }, async () => {
  county.push({ patient: 'STALE1', name: '钱^双全' });
  const first = await person(browser, county);
  await enter(first.page, 'writer');
  await first.page.getByRole('row').filter({ hasText: '钱双全' }).dblclick();
  await first.page.waitForURL(/\/read\//);
  const item = first.page.url().match(/\/read\/([0-9a-f]+)/)[1];
  const findings = first.page.getByLabel('检查所见');
  await findings.fill('双肺');
  await first.page.keyboard.press('Control+s');
  await first.page.getByText(/已保存 .* v1/).waitFor();

  // The line to the first reader is cut while the lead gives the item away: she cannot know.
  await first.context.setOffline(true);
  await (await county.login('lead')).post(`/api/work/${item}/break`, { reason: '换班未交接' });
  const second = await person(browser, county);
  await enter(second.page, 'writer2');
  await second.page.getByRole('row').filter({ hasText: '钱双全' }).dblclick();
  await second.page.waitForURL(/\/read\//);
  await second.page.getByText('林晓岚').first().waitFor();
  await wait(10, 'the second reader holds it', async () => {
    const detail = await (await county.login('writer2')).get(`/api/work/${item}`);
    return detail.holder_is_me;
  });

  await findings.fill(LOST);
  await first.context.setOffline(false);
  await first.page.keyboard.press('Control+s');
  const conflict = first.page.getByRole('region', { name: '文字没有保存到服务器' });
  await conflict.waitFor();
  assert.match(await conflict.innerText(), /条目现由 林晓岚 领取/);
  await conflict.getByRole('button', { name: '只看我的文字' }).click();
  assert.equal(await conflict.getByLabel('检查所见').inputValue(), LOST, 'every word is still there');

  const detail = await (await county.login('writer2')).get(`/api/work/${item}`);
  assert.notEqual(detail.draft?.sections.findings, LOST, 'the stale text is not the draft');
  assert.ok(JSON.stringify(detail.lost_drafts).includes(LOST), 'the server keeps it as a lost draft');
  const offline = /ERR_INTERNET_DISCONNECTED|ERR_NETWORK_CHANGED|status of 412/;
  assert.deepEqual(unexpected(first.faults, offline), []);
  assert.deepEqual(unexpected(second.faults), []);
});
