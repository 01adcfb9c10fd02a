// What the viewer stories share: generated studies stored as a clinic's device would, the reading page, pictures, measuring by eye.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { enter, person, ROOT, wait } from './county.mjs';

/** The generated studies of the viewer tests: `emit -- DIR viewer` of the sample data. */
export function generate() {
  const emit = process.env.YIGONG_EMIT ?? join(ROOT, 'target/debug/examples/emit');
  assert.ok(existsSync(emit), `${emit} is missing: cargo build --workspace --examples, or set YIGONG_EMIT`);
  const folder = mkdtempSync(join(tmpdir(), 'yigong-viewer-'));
  execFileSync(emit, [folder, 'viewer'], { stdio: 'pipe' });
  return folder;
}

/** Stores the files that begin with `name`, all in one association. */
export function store(county, folder, name) {
  const files = readdirSync(folder).filter((f) => f.startsWith(name)).sort();
  assert.ok(files.length > 0, `no ${name}* in ${folder}`);
  const to = ['-aet', 'DEMO01', '-aec', county.aet, '127.0.0.1', String(county.dicomPort)];
  execFileSync('storescu', [...to, ...files.map((f) => join(folder, f))], { stdio: 'pipe' });
  return files.length;
}

/** A reader at the size of the reading PCs, signed in. */
export async function reader(browser, county, login = 'writer') {
  const who = await person(browser, county);
  await who.page.setViewportSize({ width: 1366, height: 768 });
  await enter(who.page, login);
  return who;
}

/** Waits until a study of this modality has settled with so many images and its previews. */
export async function settled(api, modality, images, earlier = false) {
  return wait(180, `${modality} with ${images} images is in the worklist`, async () => {
    const { rows } = await api.get('/api/worklist?tab=write&pipeline=imaging');
    const row = rows.find((r) => r.modality === modality && r.images === images && !(earlier && !r.thumbnail));
    return row?.thumbnail ? row : null;
  });
}

/** Opens the item by the list, as a reader would; answers when the diagnostic image stands. */
export async function read(page, row) {
  await page.goto('/worklist?tab=write&pipeline=imaging');
  const line = page.locator('.grid-row', { hasText: row.patient.name }).filter({ hasText: row.modality }).first();
  await line.waitFor();
  await line.dblclick();
  await page.waitForURL(/\/read\//);
  await diagnostic(page);
}

/** No pane waits for its diagnostic image. */
export async function diagnostic(page) {
  await page.locator('.im-canvas canvas').first().waitFor();
  await wait(60, 'the diagnostic images stand', async () => (await page.locator('.im-canvas[data-waiting]').count()) === 0);
}

const shots = process.env.YIGONG_SHOTS ? resolve(ROOT, process.env.YIGONG_SHOTS) : mkdtempSync(join(tmpdir(), 'yigong-viewer-shots-'));
mkdirSync(shots, { recursive: true });

/** A picture of the page; nothing on it may be wider than the window. */
export async function picture(page, name) {
  await page.waitForTimeout(700);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${name} is wider than the window`);
  await page.screenshot({ path: join(shots, `${name}.png`) });
}

/** Centres of the bright spots of a pane, brightest mass first, in page coordinates: where a person would put the cross. */
export async function spots(browser, pane, least = 235) {
  const box = await pane.boundingBox();
  const png = (await pane.locator('.im-canvas').screenshot()).toString('base64');
  const blank = await browser.newPage();
  try {
    const found = await blank.evaluate(
      async ([data, floor]) => {
        const image = new Image();
        image.src = `data:image/png;base64,${data}`;
        await image.decode();
        const canvas = new OffscreenCanvas(image.width, image.height);
        const pen = canvas.getContext('2d');
        pen.drawImage(image, 0, 0);
        const { data: px, width, height } = pen.getImageData(0, 0, image.width, image.height);
        const seen = new Uint8Array(width * height);
        const grey = (k) => (px[4 * k] === px[4 * k + 1] && px[4 * k] === px[4 * k + 2] ? px[4 * k] : 0);
        const out = [];
        for (let start = 0; start < width * height; start += 1) {
          if (seen[start] || grey(start) < floor) continue;
          const todo = [start];
          seen[start] = 1;
          let [mass, sx, sy, n] = [0, 0, 0, 0];
          while (todo.length) {
            const k = todo.pop();
            const v = grey(k);
            const x = k % width;
            const y = (k - x) / width;
            [mass, sx, sy, n] = [mass + v, sx + v * (x + 0.5), sy + v * (y + 0.5), n + 1];
            for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
              const [u, w] = [x + dx, y + dy];
              if (u < 0 || w < 0 || u >= width || w >= height) continue;
              const next = w * width + u;
              if (!seen[next] && grey(next) >= floor) {
                seen[next] = 1;
                todo.push(next);
              }
            }
          }
          out.push({ x: sx / mass, y: sy / mass, n });
        }
        return out.sort((a, b) => b.n - a.n);
      },
      [png, least],
    );
    return found.map((s) => ({ ...s, x: s.x + box.x, y: s.y + box.y }));
  } finally {
    await blank.close();
  }
}

/** Presses at one point, draws to the other, lets go. */
export async function draw(page, from, to) {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2, { steps: 4 });
  await page.mouse.move(to.x, to.y, { steps: 4 });
  await page.mouse.up();
  // A second press within the time of a double click would be one.
  await page.waitForTimeout(500);
}

/** Serious faults of accessibility on the page, as axe sees them. */
export async function axe(page) {
  const source = readFileSync(join(ROOT, 'web/node_modules/axe-core/axe.min.js'), 'utf8');
  await page.evaluate(source);
  return page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
    return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(' | ')}`);
  });
}

/** Mean grey of a band of a pane, from one share of its width to another, at half its height. */
export async function columns(browser, pane, from, to) {
  const png = (await pane.locator('.im-canvas').screenshot()).toString('base64');
  const blank = await browser.newPage();
  try {
    return await blank.evaluate(
      async ([data, a, b]) => {
        const image = new Image();
        image.src = `data:image/png;base64,${data}`;
        await image.decode();
        const canvas = new OffscreenCanvas(image.width, image.height);
        const pen = canvas.getContext('2d');
        pen.drawImage(image, 0, 0);
        const wide = Math.max(1, Math.round((b - a) * image.width));
        const { data: px } = pen.getImageData(Math.round(a * image.width), Math.round(image.height * 0.42), wide, Math.round(image.height * 0.1));
        let sum = 0;
        for (let k = 0; k < px.length; k += 4) sum += px[k];
        return sum / (px.length / 4);
      },
      [png, from, to],
    );
  } finally {
    await blank.close();
  }
}
