// A page in a real browser calls a tool of `sluice serve`, as it comes without a
// config file.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { chromium } from 'playwright-core';

import { sluice } from './binary.mjs';
import { listen } from './listener.mjs';
import { assertGrows } from './progress.mjs';

const executablePath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
    .find((path) => path && existsSync(path));

const flags = [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

describe('a page in Chromium', { timeout: 120_000 }, () => {
    const profile = mkdtempSync(join(tmpdir(), 'sluice-browser-'));
    let home, stranger, server, browser;

    before(async () => {
        assert.ok(executablePath, 'no Chromium is installed; CHROMIUM may name one');
        [home, stranger] = await Promise.all([servePage(), servePage()]);
        const command = ['serve', '--listen', '127.0.0.1:0', '--origin', home.origin];
        // The token is made at start and printed once, for people to paste.
        server = await listen(sluice(), command, { url: /(ws:\/\/[^\s"#]+)/, token: /^token\s+(\S+)/m });
        browser = await chromium.launchPersistentContext(profile, { executablePath, args: flags });
    });
    after(async () => {
        home?.close();
        stranger?.close();
        await browser?.close();
        rmSync(profile, { recursive: true, force: true });
        if (server) assert.equal(await server.stop(), 0);
    });

    // Opens the page at an origin and has it call countdown.
    const countDown = async (origin, revision, token = server.found.token) => {
        const page = await browser.newPage();
        try {
            await page.goto(origin);
            const call = {
                url: server.found.url, token, revision, name: 'countdown', args: { from: 5, interval_ms: 100 },
            };
            return await page.evaluate((wanted) => window.callTool(wanted), call);
        } finally {
            await page.close();
        }
    };

    for (const revision of ['2026-07-28', '2025-11-25', '2024-11-05']) {
        test(`calls countdown in revision ${revision} and counts its progress`, async () => {
            const seen = await countDown(home.origin, revision);
            assert.equal(seen.protocol, 'mcp');
            assert.equal(seen.revision, revision);
            assert.ok(seen.progress.every((p) => p.progressToken === 'page' && p.total === 5));
            assertGrows(seen.progress.map((p) => p.progress), 5);
            assert.ok(!seen.response.result.isError);
            assert.equal(seen.response.result.content[0].type, 'text');
        });
    }

    test('is refused when it comes from elsewhere', async () => {
        await assert.rejects(countDown(stranger.origin, '2026-07-28'), /refused/);
    });

    test('is refused without the token, and with a wrong one', async () => {
        await assert.rejects(countDown(home.origin, '2026-07-28', ''), /refused/);
        await assert.rejects(countDown(home.origin, '2026-07-28', 'not-the-token-of-this-server'), /refused/);
    });
});

/** Serves the page on a port, and so on an origin, of its own. */
async function servePage() {
    const html = readFileSync(new URL('page.html', import.meta.url));
    const web = createServer((_, response) => {
        response.setHeader('Content-Type', 'text/html');
        response.end(html);
    });
    await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
    return {
        origin: `http://127.0.0.1:${web.address().port}`,
        close() {
            web.closeAllConnections();
            web.close();
        },
    };
}
