// Opens the page of fanout ui in headless Chromium, as console_test.go asks: URL NAME FOLDER.
// It checks the page in the widths and colors that people have, with axe-core and the
// keyboard, and writes pictures into the folder.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const [url, name, folder] = process.argv.slice(2);
const require = createRequire(`${process.env.BROWSER_TOOLS}/`);
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const faults = [];
const fault = (text) => faults.push(`${name}: ${text}`);

const views = [
  { view: 'wide', width: 1200, colorScheme: 'light', reducedMotion: 'no-preference' },
  { view: 'narrow', width: 400, colorScheme: 'light', reducedMotion: 'reduce' },
  { view: 'dark', width: 1200, colorScheme: 'dark', reducedMotion: 'reduce' },
  { view: 'narrow-dark', width: 400, colorScheme: 'dark', reducedMotion: 'reduce' },
];

async function open(browser, { view, width, colorScheme, reducedMotion }) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, reducedMotion, locale: 'en-GB', timezoneId: 'UTC' });
  const page = await context.newPage();
  page.on('pageerror', (e) => fault(`${view}: ${e}`));
  page.on('console', (m) => { if (m.type() === 'error') fault(`${view}: ${m.text()}`); });
  page.on('request', (r) => { if (new URL(r.url()).host !== new URL(url).host) fault(`${view}: it asks ${r.url()}`); });
  await page.goto(url);
  await page.waitForFunction(() => document.querySelector('#updated').textContent !== '');
  if (page.url().includes('token')) fault(`${view}: the token stays in the address`);
  return page;
}

async function check(page, view) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0) fault(`${view}: it is ${wide} pixels too wide`);
  // The policy of the page forbids added scripts; the debugger's do not count.
  const results = await page.evaluate(`${axe}; axe.run({ resultTypes: ['violations'] })`);
  for (const v of results.violations) {
    if (['serious', 'critical', 'moderate'].includes(v.impact)) fault(`${view}: ${v.id}: ${v.help}: ${v.nodes.map((n) => n.target).join(', ')}`);
  }
  const moving = await page.evaluate(() => document.getAnimations().length);
  const still = await page.evaluate(() => matchMedia('(prefers-reduced-motion: reduce)').matches);
  if (still && moving > 0) fault(`${view}: ${moving} parts move`);
}

// The keyboard alone reaches a plot, the reason of a failure, and what pauses the page.
async function keyboard(page, ill) {
  const focused = () => page.evaluate(() => document.activeElement.id);
  const tab = async (id) => {
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press('Tab');
      if ((await focused()) === id) return true;
    }
    fault(`the keyboard does not reach ${id}`);
    return false;
  };
  if (await tab('pause')) {
    await page.keyboard.press('Enter');
    if ((await page.getAttribute('#pause', 'aria-pressed')) !== 'true') fault('Enter does not pause');
  }
  if (await tab('age-0')) {
    await page.keyboard.press('ArrowLeft');
    const text = await page.textContent('#source-0 output');
    if (!/\d\d:\d\d: /.test(text)) fault(`the plot reads ${text}`);
  }
  if (!ill) return;
  if (await tab('why-0-1')) {
    await page.keyboard.press('Enter');
    if (!(await page.isVisible('#reason'))) fault('Enter shows no reason');
    if (!(await page.textContent('#reason')).includes('shardId-000000000000')) fault('the reason does not name the shard');
    await page.screenshot({ path: `${folder}/${name}-reason.png` });
    await page.keyboard.press('Escape');
    if (await page.isVisible('#reason')) fault('Escape does not close the reason');
    if ((await focused()) !== 'why-0-1') fault('the focus is lost after the reason');
  }
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
try {
  for (const v of views) {
    const page = await open(browser, v);
    await page.screenshot({ path: `${folder}/${name}-${v.view}.png`, fullPage: true });
    if (v.view === 'wide') await page.screenshot({ path: `${folder}/${name}-first.png` }); // docs/ui.png is that of ill
    await check(page, v.view);
    if (v.view === 'wide') await keyboard(page, name === 'ill');
    await page.context().close();
  }
  const stranger = await (await browser.newContext()).newPage();
  const answer = await stranger.goto(new URL('/', url).href);
  if (answer.status() !== 401) fault(`without the token it answers ${answer.status()}`);
} finally {
  await browser.close();
}
if (faults.length > 0) {
  console.error(faults.join('\n'));
  process.exit(1);
}
