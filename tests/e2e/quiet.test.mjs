// No page of the fed county says anything on the console: no error, no violation of the content security policy.
// `YIGONG_QUIET_SHOTS=folder` keeps a picture of each.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { enter, person, startBrowser, startCounty, unexpected, wait } from './county.mjs';

let county, browser;
before(async () => {
  county = await startCounty({ feed: true });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await county?.stop();
});

const shot = async (page, name) => {
  await page.waitForTimeout(1_500);
  if (process.env.YIGONG_QUIET_SHOTS) await page.screenshot({ path: `${process.env.YIGONG_QUIET_SHOTS}/${name}.png`, scale: 'css' });
};

test('the console of every page stays empty', { timeout: 200_000 }, async () => {
  const found = {};
  const visit = async (login, name, work) => {
    const who = await person(browser, county);
    if (login) await enter(who.page, login);
    await work(who.page);
    await shot(who.page, name);
    const faults = unexpected(who.faults);
    if (faults.length) found[name] = faults;
    await who.context.close();
  };
  const reading = (list, text) => async (page) => {
    await page.goto(list);
    await page.locator('.grid-row', text ? { hasText: text } : {}).first().dblclick({ timeout: 90_000 });
    await page.waitForURL(/\/read\//);
    await page.locator('canvas').first().waitFor();
    await page.waitForTimeout(2_500);
  };
  const page = (path, ready) => async (p) => {
    await p.goto(path);
    await p.locator(ready).first().waitFor();
  };
  const lead = await county.login('lead');
  await wait(90, 'films and CT have settled', async () => {
    const { rows } = await lead.get('/api/worklist?tab=write&pipeline=imaging');
    return rows.some((r) => r.modality === 'CT') && rows.some((r) => r.modality !== 'CT');
  });
  await visit(null, 'login', page('/login', 'tbody tr'));
  await visit('writer', 'worklist', page('/worklist', '.grid-row'));
  await visit('writer', 'reading-film', reading('/worklist?tab=write&pipeline=imaging', /CR|DX/));
  await visit('writer', 'reading-ct', reading('/worklist?tab=write&pipeline=imaging', 'CT'));
  await visit('ecg', 'ecg', reading('/worklist?tab=write&pipeline=ecg'));
  await visit('labverifier', 'lab', page('/lab', 'main h1, main h2, main table'));
  await visit('lead', 'critical', page('/critical', 'main'));
  await visit('doctor02', 'clinic', page('/clinic', 'main'));
  await visit('admin', 'admin', page('/admin/facilities', 'table tbody tr'));
  assert.deepEqual(found, {});
});
