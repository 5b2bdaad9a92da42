// A page in a real browser calls a tool of `sluice serve`, as it comes without a
// config file.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { sluice } from './binary.mjs';
import { openChromium } from './browsers.mjs';
import { listen } from './listener.mjs';
import { servePages } from './pages.mjs';
import { assertGrows } from './progress.mjs';

describe('a page in Chromium', { timeout: 120_000 }, () => {
    let home, stranger, server, browser;

    before(async () => {
        const page = { '/': new URL('page.html', import.meta.url) };
        [home, stranger] = await Promise.all([servePages(page), servePages(page)]);
        const command = ['serve', '--listen', '127.0.0.1:0', '--origin', home.origin];
        // The token is made at start and printed once, for people to paste.
        server = await listen(sluice(), command, { url: /(ws:\/\/[^\s"#]+)/, token: /^token\s+(\S+)/m });
        browser = await openChromium();
    });
    after(async () => {
        home?.close();
        stranger?.close();
        await browser?.close();
        if (server) assert.equal(await server.stop(), 0);
    });

    // Opens the page at an origin and has it call countdown.
    const countDown = async (origin, revision, token = server.found.token) => {
        const page = await browser.open(origin);
        try {
            const call = {
                url: server.found.url, token, revision, name: 'countdown', args: { from: 5, interval_ms: 100 },
            };
            return await page.run((wanted) => window.callTool(wanted), call);
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
