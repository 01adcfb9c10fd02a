// A real server and a real browser for the stories: `yigong demo` on free ports, Debian's Chromium, one context per person.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PASSWORD = 'yigong-demo';

const binary = () => process.env.YIGONG_BIN ?? join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'debug/yigong');
const chromium = () => process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

/** Why the browser stories cannot run here, or null. */
export function missing() {
  if (!existsSync(binary())) return `no server at ${binary()} (cargo build, or set YIGONG_BIN)`;
  if (!chromium()) return 'no Chromium (apt install chromium, or set CHROMIUM)';
  if (!existsSync(join(ROOT, 'web/node_modules/playwright-core'))) return 'web/node_modules is missing (make web)';
  if (spawnSync('storescu', ['--version']).error) return 'no storescu (apt install dcmtk)';
  return null;
}

/** Starts the demonstration; answers its addresses and `stop`. */
export async function start(...extra) {
  const folder = mkdtempSync(join(tmpdir(), 'yigong-e2e-'));
  const ports = ['--http-port', '0', '--dicom-port', '0', '--mllp-port', '0'];
  const child = spawn(binary(), ['demo', '--data', join(folder, 'data'), ...ports, ...extra], { stdio: ['ignore', 'pipe', 'ignore'] });
  const lines = createInterface({ input: child.stdout });
  const ready = await new Promise((done, fail) => {
    lines.on('line', (line) => line.startsWith('ready ') && done(line));
    child.on('exit', (code) => fail(new Error(`the server ended before it was ready (${code})`)));
  });
  const at = Object.fromEntries(ready.split(' ').slice(1).map((part) => part.split(/=(.*)/s)));
  return {
    folder,
    http: `http://${at.http}`,
    dicomPort: at.dicom.split(':')[1],
    aet: at.aet,
    async stop() {
      const ended = new Promise((done) => child.on('exit', done));
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A chest film as a clinic's device would send it: made with DCMTK's dump2dcm, sent with storescu. */
export function pushFilm(server, { callingAet, patient, name, accession = '' }) {
  const size = 256;
  const pixels = Buffer.alloc(size * size * 2);
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      const lung = ((x - 85) / 45) ** 2 + ((y - 130) / 80) ** 2 < 1 || ((x - 170) / 45) ** 2 + ((y - 130) / 80) ** 2 < 1;
      pixels.writeUInt16LE(lung ? 900 + ((x * 7 + y * 13) % 180) : 2600 - Math.abs(x - 128) * 6, (y * size + x) * 2);
    }
  }
  const raw = join(server.folder, 'pixels.raw');
  const dump = join(server.folder, 'film.dump');
  const file = join(server.folder, 'film.dcm');
  const root = `1.2.826.0.1.3680043.10.1450.${Date.now()}`;
  writeFileSync(raw, pixels);
  writeFileSync(
    dump,
    `(0008,0005) CS [ISO_IR 192]
(0008,0016) UI [1.2.840.10008.5.1.4.1.1.1]
(0008,0018) UI [${root}.3]
(0008,0020) DA [20261101]
(0008,0030) TM [083000]
(0008,0050) SH [${accession}]
(0008,0060) CS [CR]
(0008,1030) LO [胸部正位]
(0010,0010) PN [${name}]
(0010,0020) LO [${patient}]
(0010,0030) DA [19630210]
(0010,0040) CS [M]
(0018,0015) CS [CHEST]
(0018,5101) CS [PA]
(0020,000d) UI [${root}.1]
(0020,000e) UI [${root}.2]
(0020,0011) IS [1]
(0020,0013) IS [1]
(0028,0002) US 1
(0028,0004) CS [MONOCHROME2]
(0028,0010) US ${size}
(0028,0011) US ${size}
(0028,0030) DS [0.2\\0.2]
(0028,0100) US 16
(0028,0101) US 12
(0028,0102) US 11
(0028,0103) US 0
(0028,1050) DS [2048]
(0028,1051) DS [4096]
(7fe0,0010) OW =${raw}
`,
  );
  for (const [tool, ...words] of [
    ['dump2dcm', '+te', dump, file],
    ['storescu', '-aet', callingAet, '-aec', server.aet, '127.0.0.1', server.dicomPort, file],
  ]) {
    const run = spawnSync(tool, words, { encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`${tool}: ${run.stderr || run.stdout}`);
  }
}

/** A browser in which several people work side by side; each has an own session and everything that went wrong on their pages. */
export async function open(server, viewport = { width: 1440, height: 900 }) {
  const { chromium: engine } = await import('../../web/node_modules/playwright-core/index.mjs');
  const browser = await engine.launch({ executablePath: chromium(), args: ['--no-sandbox'] });
  const faults = [];
  return {
    faults,
    close: () => browser.close(),
    async as(login) {
      const context = await browser.newContext({ viewport, locale: 'zh-CN', baseURL: server.http });
      const page = await context.newPage();
      page.on('pageerror', (error) => faults.push(`${login}: ${error.message}`));
      page.on('console', (message) => /Content Security Policy/.test(message.text()) && faults.push(`${login}: ${message.text()}`));
      if (login) {
        await page.goto('/login');
        await page.getByLabel('账号').first().fill(login);
        await page.getByRole('textbox', { name: '密码' }).fill(PASSWORD);
        await page.keyboard.press('Enter');
        await page.waitForURL((url) => !url.pathname.startsWith('/login'));
      }
      return page;
    },
  };
}

/** Types the password when the page asks for it before signing. */
export async function confirmIdentity(page) {
  const asked = page.getByRole('dialog').locator('input[type=password]');
  try {
    await asked.waitFor({ timeout: 1_500 });
  } catch {
    return;
  }
  await asked.fill(PASSWORD);
  await page.keyboard.press('Enter');
}

/** Warnings of the report checks are read and confirmed. */
export async function passChecks(page) {
  const go = page.getByRole('button', { name: '确认无误,继续' });
  try {
    await go.waitFor({ timeout: 1_500 });
  } catch {
    return;
  }
  await go.click();
}
