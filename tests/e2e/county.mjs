// A real server and a real browser for the stories: `yigong demo` on free ports, Debian's Chromium, DCMTK as the modality.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(fileURLToPath(import.meta.url), '../../..');
export const PASSWORD = 'yigong-demo';
const { chromium } = createRequire(join(ROOT, 'web/package.json'))('playwright-core');

function program(path, how) {
  assert.ok(existsSync(path), `${path} is missing: ${how}`);
  return path;
}

/** Waits until `probe` gives something true; a story never sleeps for a guessed time. */
export async function wait(seconds, what, probe) {
  const end = Date.now() + seconds * 1000;
  let last;
  while (Date.now() < end) {
    try {
      const found = await probe();
      if (found) return found;
    } catch (e) {
      last = e;
    }
    await new Promise((go) => setTimeout(go, 200));
  }
  assert.fail(`not within ${seconds} s: ${what}${last ? ` (${last})` : ''}`);
}

/** Starts a demonstration in a fresh folder. With `feed` the county's cases arrive by themselves. */
export async function startCounty({ feed = false } = {}) {
  const binary = program(process.env.YIGONG_BIN ?? join(ROOT, 'target/debug/yigong'), 'run cargo build, or set YIGONG_BIN');
  const folder = mkdtempSync(join(tmpdir(), 'yigong-e2e-'));
  const log = join(folder, 'server.log');
  const ports = ['--http-port', '0', '--dicom-port', '0', '--mllp-port', '0'];
  const child = spawn(binary, ['demo', '--data', join(folder, 'data'), ...ports, ...(feed ? [] : ['--no-feed'])], {
    stdio: ['ignore', 'pipe', openSync(log, 'a')],
  });
  const left = new Promise((gone) => child.once('exit', gone));
  const lines = createInterface({ input: child.stdout });
  const line = await new Promise((ready, fail) => {
    lines.on('line', (text) => text.startsWith('ready ') && ready(text));
    child.once('error', fail);
    child.once('exit', (code) => fail(new Error(`the server ended with ${code} before it was ready; see ${log}`)));
  });
  const said = Object.fromEntries(line.split(' ').slice(1).map((p) => [p.slice(0, p.indexOf('=')), p.slice(p.indexOf('=') + 1)]));
  const port = (address) => Number(address.slice(address.lastIndexOf(':') + 1));
  const county = { http: `http://${said.http}`, aet: said.aet, dicomPort: port(said.dicom), mllpPort: port(said.mllp), folder };
  return {
    ...county,
    login: (login) => signIn(county.http, login),
    mllp: (message) => mllp(county.mllpPort, message),
    push: (film) => push(county, film),
    async stop() {
      child.kill('SIGTERM');
      const code = await Promise.race([left, new Promise((late) => setTimeout(() => late('late'), 40_000).unref())]);
      if (code === 'late') child.kill('SIGKILL');
      assert.equal(code, 0, `the server did not stop cleanly; see ${log}`);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A signed-in person speaking the pages' API. */
async function signIn(http, login) {
  const headers = { 'Content-Type': 'application/json' };
  const answer = await fetch(`${http}/api/session`, { method: 'POST', headers, body: JSON.stringify({ login, password: PASSWORD }) });
  assert.equal(answer.status, 200, `${login} cannot sign in`);
  headers['X-CSRF-Token'] = (await answer.json()).csrf;
  headers.Cookie = answer.headers.getSetCookie().map((c) => c.split(';')[0]).join('; ');
  const call = async (method, path, body) => {
    const reply = await fetch(http + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await reply.text();
    assert.ok(reply.ok, `${method} ${path}: ${reply.status} ${text.slice(0, 300)}`);
    return text ? JSON.parse(text) : null;
  };
  return { get: (path) => call('GET', path), post: (path, body = {}) => call('POST', path, body) };
}

/** Sends one HL7 message framed for MLLP and asks for an AA. */
function mllp(port, message) {
  return new Promise((done, fail) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(`\x0b${message}\x1c\r`));
    let data = '';
    socket.setTimeout(20_000, () => socket.destroy(new Error('no acknowledgement')));
    socket.on('error', fail);
    socket.on('data', (part) => {
      data += part;
      if (!data.endsWith('\x1c\r')) return;
      socket.end();
      if (/\rMSA\|AA\|/.test(data)) done(data);
      else fail(new Error(`refused: ${data}`));
    });
  });
}

/** Makes a chest film of 1000 x 800 with DCMTK, grey from edge to edge, and stores it as the modality of clinic C01 would. `more`: lines of
 * a dump between the image description and the pixels, given the folder they may write to. */
function push(county, { patient, name, study, aet = 'DEMO01', more = () => '' }) {
  const uid = (n) => `2.25.${BigInt(Date.now())}${Math.floor(Math.random() * 1e9)}${n}`;
  const [rows, columns] = [1000, 800];
  const pixels = new Uint16Array(rows * columns);
  for (let y = 0; y < rows; y += 1) for (let x = 0; x < columns; x += 1) pixels[y * columns + x] = ((x + y) * 4095) / (rows + columns);
  const at = (file) => join(county.folder, file);
  writeFileSync(at('film.raw'), pixels);
  const sop = uid(3);
  writeFileSync(
    at('film.dump'),
    `(0008,0005) CS [ISO_IR 192]
(0008,0016) UI [1.2.840.10008.5.1.4.1.1.1.1]
(0008,0018) UI [${sop}]
(0008,0020) DA [20261101]
(0008,0030) TM [083000]
(0008,0060) CS [DX]
(0008,0068) CS [FOR PRESENTATION]
(0008,1030) LO [胸部正位]
(0010,0010) PN [${name}]
(0010,0020) LO [${patient}]
(0010,0030) DA [19630210]
(0010,0040) CS [M]
(0018,0015) CS [CHEST]
(0018,1164) DS [0.2\\0.2]
(0020,000d) UI [${study ?? uid(1)}]
(0020,000e) UI [${uid(2)}]
(0020,0011) IS [1]
(0020,0013) IS [1]
(0028,0002) US 1
(0028,0004) CS [MONOCHROME2]
(0028,0010) US ${rows}
(0028,0011) US ${columns}
(0028,0100) US 16
(0028,0101) US 12
(0028,0102) US 11
(0028,0103) US 0
(0028,1050) DS [2048]
(0028,1051) DS [4096]
${more(county.folder)}(7fe0,0010) OW =${at('film.raw')}
`,
  );
  execFileSync('dump2dcm', ['+te', at('film.dump'), at('film.dcm')], { stdio: 'pipe' });
  execFileSync('storescu', ['-aet', aet, '-aec', county.aet, '127.0.0.1', String(county.dicomPort), at('film.dcm')], { stdio: 'pipe' });
}

/** Chromium for one test file. */
export async function startBrowser() {
  const executablePath = program(process.env.CHROMIUM ?? '/usr/bin/chromium', 'install chromium, or set CHROMIUM');
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  return chromium.launch({ executablePath, args, headless: true });
}

/** A person's own browser profile at the Chinese pages. `faults` gathers console errors, thrown errors and CSP violations. */
export async function person(browser, county) {
  const context = await browser.newContext({ baseURL: county.http, locale: 'zh-CN', timezoneId: 'Asia/Shanghai', viewport: { width: 1440, height: 900 } });
  context.setDefaultTimeout(20_000);
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (e) => console.error(`CSP ${e.violatedDirective} ${e.blockedURI}`));
  });
  const faults = [];
  const page = await context.newPage();
  page.on('console', (m) => m.type() === 'error' && faults.push(`${m.text()} ${m.location().url}`));
  page.on('pageerror', (e) => faults.push(`thrown: ${e.message}`));
  return { context, page, faults };
}

/** Signs in through the login page, by keyboard. */
export async function enter(page, login) {
  await page.goto('/login');
  await page.getByRole('textbox', { name: '账号' }).fill(login);
  await page.getByLabel('密码').first().fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname !== '/login');
}

/** How many grey levels an element shows: a blank one shows one or two. */
export async function greys(browser, locator) {
  const png = (await locator.screenshot()).toString('base64');
  const blank = await browser.newPage();
  try {
    return await blank.evaluate(async (data) => {
      const image = new Image();
      image.src = `data:image/png;base64,${data}`;
      await image.decode();
      const canvas = new OffscreenCanvas(image.width, image.height);
      const pen = canvas.getContext('2d');
      pen.drawImage(image, 0, 0);
      const bytes = pen.getImageData(0, 0, image.width, image.height).data;
      const seen = new Set();
      for (let i = 0; i < bytes.length; i += 4) if (bytes[i] === bytes[i + 1] && bytes[i] === bytes[i + 2]) seen.add(bytes[i]);
      return seen.size;
    }, png);
  } finally {
    await blank.close();
  }
}

/** Faults but those the pages are built to meet: nobody signed in yet, the password asked again. */
export const unexpected = (faults, ...allowed) =>
  faults.filter((f) => ![/status of 401 .*\/api\/session$/, ...allowed].some((pattern) => pattern.test(f)));

/** Messages of the laboratory: an electrolyte order of clinic C01 and its result. */
export const lab = {
  order: (tag, patient, name) =>
    [
      `MSH|^~\\&|HIS|C01|YIGONG|LEAD|20261101080000||OML^O21^OML_O21|O${tag}|P|2.5.1|||||CHN|UNICODE UTF-8`,
      `PID|1||${patient}^^^C01||${name}||19630210|M`,
      `ORC|NW|PL${tag}|||||||20261101080000|||D01^李医生`,
      `OBR|1|PL${tag}||LYTES^电解质^L|R||20261101075500`,
      `SPM|1|B${tag}||SER^血清^L`,
      '',
    ].join('\r'),
  result: (tag, potassium) =>
    [
      `MSH|^~\\&|DEMO-LAB|LEADLAB|YIGONG|LEAD|20261101090000||ORU^R01^ORU_R01|R${tag}|P|2.5.1|||||CHN|UNICODE UTF-8`,
      'PID|1',
      `OBR|1|B${tag}|B${tag}|LYTES^电解质^L|||20261101090000`,
      `OBX|1|NM|K^钾^L||${potassium}|mmol/L|3.5-5.3||||F|||20261101090000`,
      'OBX|2|NM|NA^钠^L||139|mmol/L|137-147||||F|||20261101090000',
      '',
    ].join('\r'),
};
