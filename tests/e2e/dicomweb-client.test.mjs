// The npm package dicomweb-client (the one below OHIF) in a real browser: search, retrieve, store, and a stranger.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { missing, open, pushFilm, ROOT, start } from './server.mjs';

const why = missing();

if (why) throw new Error(why);

const BUNDLE = join(ROOT, 'web/node_modules/dicomweb-client/build/dicomweb-client.js');
let server, browser, page, token;

before(async () => {
  server = await start('--no-feed');
  browser = await open(server);
  page = await browser.as('doctor01');
  const binary = process.env.YIGONG_BIN ?? join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'debug/yigong');
  const told = spawnSync(binary, ['demo', '--accounts', '--json'], { encoding: 'utf8' });
  assert.equal(told.status, 0, told.stderr);
  token = JSON.parse(told.stdout).tokens.find((t) => t.facility === 'C01').token;
  await page.evaluate(readFileSync(BUNDLE, 'utf8'));
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Runs a method of the client in the page; a refusal comes back as its status. */
const ask = (method, options, secret = token) =>
  page.evaluate(
    async ([name, given, bearer]) => {
      const client = new globalThis.DICOMwebClient.api.DICOMwebClient({
        url: `${location.origin}/dicom-web`,
        headers: bearer ? { Authorization: `Bearer ${bearer}` } : {},
        errorInterceptor: () => undefined,
      });
      const plain = (value) => {
        if (value instanceof ArrayBuffer) return [...new Uint8Array(value)];
        return Array.isArray(value) ? value.map(plain) : value;
      };
      try {
        const datasets = given.datasets?.map((bytes) => new Uint8Array(bytes).buffer);
        return { value: plain(await client[name]({ ...given, ...(datasets && { datasets }) })) };
      } catch (error) {
        return { status: error.status ?? error.request?.status ?? String(error) };
      }
    },
    [method, options, secret],
  );

test('QIDO, WADO and STOW with the npm client', { timeout: 240_000 }, async () => {
  pushFilm(server, { callingAet: 'DEMO01', patient: 'NPM1', name: 'Lu^Wei=卢^瑋' });
  const found = await ask('searchForStudies', { queryParams: { PatientID: 'NPM1' } });
  assert.equal(found.value?.length, 1, JSON.stringify(found));
  assert.deepEqual(found.value[0]['00080005'].Value, ['ISO_IR 192']);
  assert.equal(found.value[0]['00100010'].Value[0].Ideographic, '卢^瑋');
  const studyInstanceUID = found.value[0]['0020000D'].Value[0];
  assert.equal((await ask('searchForStudies', { queryParams: { PatientID: 'NOBODY' } })).value.length, 0);
  const [series] = (await ask('searchForSeries', { studyInstanceUID })).value;
  const [instance] = (await ask('searchForInstances', { studyInstanceUID })).value;
  const one = { studyInstanceUID, seriesInstanceUID: series['0020000E'].Value[0], sopInstanceUID: instance['00080018'].Value[0] };

  const [metadata] = (await ask('retrieveInstanceMetadata', one)).value;
  assert.equal(metadata['00280010'].Value[0], 256);
  const sent = readFileSync(join(server.folder, 'film.dcm'));
  const file = Buffer.from((await ask('retrieveInstance', one)).value);
  assert.equal(file.subarray(128, 132).toString('latin1'), 'DICM');
  const pixels = readFileSync(join(server.folder, 'pixels.raw'));
  assert.ok(file.indexOf(pixels) > 0, 'the pixels as they were sent');
  const [frame] = (await ask('retrieveInstanceFrames', { ...one, frameNumbers: [1] })).value;
  assert.deepEqual(Buffer.from(frame), pixels);
  assert.equal((await ask('retrieveInstanceFrames', { ...one, frameNumbers: [2] })).status, 404, 'no such frame');
  const [jpeg] = (await ask('retrieveInstanceRendered', { ...one, mediaTypes: [{ mediaType: 'image/jpeg' }] })).value;
  assert.equal(Buffer.from(jpeg).readUInt16BE(0), 0xffd8);

  // stored under a new instance UID of the same length, then found
  const uid = one.sopInstanceUID;
  const other = `${uid.slice(0, -1)}9`;
  const changed = Buffer.from(sent.toString('latin1').replaceAll(uid, other), 'latin1');
  const stored = await ask('storeInstances', { datasets: [[...changed]] });
  assert.equal('status' in stored, false, JSON.stringify(stored));
  assert.equal((await ask('searchForInstances', { studyInstanceUID })).value.length, 2);
  assert.equal((await ask('searchForInstances', { studyInstanceUID, queryParams: { SOPInstanceUID: other } })).value.length, 1);
});

test('a browser asks for a frame again and downloads it once', { timeout: 60_000 }, async () => {
  const [instance] = (await ask('searchForInstances', { queryParams: { PatientID: 'NPM1' } })).value;
  const of = (tag) => instance[tag].Value[0];
  const place = `/dicom-web/studies/${of('0020000D')}/series/${of('0020000E')}/instances/${of('00080018')}`;
  const twice = (address, accept) =>
    page.evaluate(
      async ([path, Accept]) => {
        const seen = [];
        for (let n = 0; n < 2; n += 1) {
          performance.clearResourceTimings();
          const answer = await fetch(path, { headers: { Accept } });
          const length = (await answer.arrayBuffer()).byteLength;
          let timing;
          while (!timing) {
            [timing] = performance.getEntriesByName(new URL(path, location.href).href);
            await new Promise((go) => setTimeout(go, 20));
          }
          seen.push({ status: answer.status, length, crossed: timing.transferSize, asked: timing.responseStart > 0, kept: answer.headers.get('Cache-Control') });
        }
        return seen;
      },
      [address, accept],
    );
  for (const [path, accept] of [[`${place}/frames/1`, 'application/octet-stream'], [`${place}/rendered?quality=81`, 'image/jpeg']]) {
    const [first, again] = await twice(path, accept);
    assert.equal(first.kept, 'private, no-cache', path);
    assert.ok(first.length > 1000 && first.crossed > first.length, JSON.stringify(first));
    assert.deepEqual([again.status, again.length], [200, first.length], path);
    assert.ok(again.asked && again.crossed > 0 && again.crossed < 1000, `asked, and answered without the bytes: ${JSON.stringify(again)}`);
  }
});

test('a stranger is refused', { timeout: 60_000 }, async () => {
  assert.equal((await ask('searchForStudies', {}, 'nonsense')).status, 401);
  assert.deepEqual(browser.faults, []);
});
