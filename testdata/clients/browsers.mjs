// Starts browsers, and gives them one face: a browser opens pages and closes; a page
// runs a function, of which it takes and gives what JSON can hold, and closes.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

import { Bidi } from './bidi.mjs';
import { listen } from './listener.mjs';

const installed = (...paths) => paths.find((path) => path && existsSync(path));

const chromiumPath = installed(
    process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome',
);

/** Where Firefox is; undefined where there is none. FIREFOX may name one. */
export const firefoxPath = installed(process.env.FIREFOX, '/usr/bin/firefox-esr', '/usr/bin/firefox');

const flags = [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

const temporary = () => mkdtempSync(join(tmpdir(), 'sluice-browser-'));
const remove = (dir) => rmSync(dir, { recursive: true, force: true, maxRetries: 5 });

/** The expression that calls a function in a page, and gives its result as JSON. */
const expression = (run, wanted) =>
    `(async (wanted) => JSON.stringify(await (${run})(wanted)) ?? 'null')(${JSON.stringify(wanted) ?? ''})`;

export async function openChromium() {
    assert.ok(chromiumPath, 'no Chromium is installed; CHROMIUM may name one');
    const profile = temporary();
    const browser = await chromium.launchPersistentContext(profile, { executablePath: chromiumPath, args: flags });
    return {
        async open(url) {
            const page = await browser.newPage();
            await page.goto(url);
            return {
                run: async (run, wanted) => JSON.parse(await page.evaluate(expression(run, wanted))),
                close: () => page.close(),
            };
        },
        async close() {
            await browser.close();
            remove(profile);
        },
    };
}

// Playwright drives a Firefox of its own make only, so Debian's is spoken to directly.
export async function openFirefox() {
    const profile = temporary();
    const args = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0'];
    const program = await listen(firefoxPath, args, { url: /WebDriver BiDi listening on (ws:\S+)/ });
    const bidi = await Bidi.connect(program.found.url + '/session');
    await bidi.ask('session.new', { capabilities: {} });
    return {
        async open(url) {
            const { context } = await bidi.ask('browsingContext.create', { type: 'tab' });
            await bidi.ask('browsingContext.navigate', { context, url, wait: 'complete' });
            return {
                run: async (run, wanted) => JSON.parse(await bidi.evaluate(context, expression(run, wanted))),
                close: () => bidi.ask('browsingContext.close', { context }),
            };
        },
        async close() {
            bidi.close();
            await program.stop();
            remove(profile);
        },
    };
}
