// A browser page that does what standard input says: one JSON object a line, one reply for each.
//
// {"frames": [selector...], "on": selector, "call": name, "with": [argument...]} calls a method of
// playwright's Locator for the first element that matches, in an iframe in an iframe..., and
// without "on" a method of its Page; "keyboard.press" and the like are methods, too. The reply is
// {"value": ...} or {"error": message}. The arguments are Chromium's program and a folder that it
// may keep what it loads in; playwright-core is looked up in NODE_PATH.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(`${process.env.NODE_PATH}/`);
const { chromium } = require('playwright-core');
const TIMEOUT = 60_000; // milliseconds: what takes longer has failed

const [program, cache] = process.argv.slice(2);
// A profile of its own each time, so nothing is remembered; but VS Code is loaded only once.
const context = await chromium.launchPersistentContext('', {
  executablePath: program,
  viewport: { width: 1280, height: 800 },
  args: [
    `--disk-cache-dir=${cache}`,
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
const page = context.pages()[0];
page.setDefaultTimeout(TIMEOUT);
page.setDefaultNavigationTimeout(TIMEOUT);

async function perform({ frames = [], on, call, with: args = [] }) {
  const around = frames.reduce((frame, selector) => frame.frameLocator(selector).first(), page);
  const target = on === undefined ? page : around.locator(on).first();
  const path = call.split('.');
  const method = path.pop();
  const owner = path.reduce((object, name) => object[name], target);
  return owner[method](...args);
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply;
  try {
    const value = await perform(JSON.parse(line));
    reply = { value: typeof value === 'object' ? null : value };
  } catch (error) {
    reply = { error: error.message };
  }
  console.log(JSON.stringify(reply));
}
await context.close();
