// Pages in real browsers use the client that `sluice serve` serves.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { sluice } from './binary.mjs';
import { firefoxPath, openChromium, openFirefox } from './browsers.mjs';
import { within } from './deadline.mjs';
import { listen } from './listener.mjs';
import { servePages } from './pages.mjs';
import { assertGrows } from './progress.mjs';

const token = 'canary-0123456789abcdef';
const files = {
    '/': new URL('empty.html', import.meta.url),
    '/sample': new URL('../browser/index.html', import.meta.url),
    '/copy/sluice.js': new URL('../../transport/websocket/js/sluice.js', import.meta.url),
};

const browsers = {
    Chromium: { open: openChromium },
    Firefox: { open: openFirefox, skip: !firefoxPath && 'no Firefox is installed; FIREFOX may name one' },
};

for (const [name, { open, skip }] of Object.entries(browsers)) {
    describe(`the client in ${name}`, { timeout: 180_000, skip }, () => exercise(open));
}

function exercise(openBrowser) {
    const dir = mkdtempSync(join(tmpdir(), 'sluice-token-'));
    let home, stranger, server, browser, page;

    // Starts the server at an address; the token outlives it.
    const serve = (address) => {
        const command = ['serve', '--listen', address, '--origin', home.origin, '--token-file', join(dir, 'token')];
        return listen(sluice(), command, { url: /(ws:\/\/[^\s"#]+)/ });
    };
    const base = () => server.found.url.replace(/^ws/, 'http').replace(/\/mcp$/, '');
    const here = (more) => ({ url: server.found.url, script: base() + '/sluice.js', token, ...more });

    before(async () => {
        writeFileSync(join(dir, 'token'), token);
        const toServer = (text) => text.replace('http://127.0.0.1:7777/', base() + '/');
        [home, stranger] = await Promise.all([servePages(files, toServer), servePages(files, toServer)]);
        server = await serve('127.0.0.1:0');
        browser = await openBrowser();
        page = await browser.open(home.origin);
    });
    after(async () => {
        home?.close();
        stranger?.close();
        await browser?.close();
        rmSync(dir, { recursive: true, force: true });
        if (server) assert.equal(await server.stop(), 0);
    });

    for (const revision of ['2026-07-28', '2025-11-25']) {
        test(`calls countdown in revision ${revision}: progress, then the result`, async () => {
            const seen = await page.run(async ({ url, script, token, revision }) => {
                const { connect } = await import(script);
                const session = await connect(url, { token, revision });
                const events = [];
                for await (const event of session.call('countdown', { from: 5, interval_ms: 100 })) events.push(event);
                session.close();
                return { events, revision: session.revision, server: session.server.name };
            }, here({ revision }));
            assert.equal(seen.revision, revision);
            assert.equal(seen.server, 'sluice');
            const last = seen.events.pop();
            assert.deepEqual([last.type, last.result.content[0].text], ['result', 'Counted down from 5.']);
            assert.ok(seen.events.every((event) => event.type === 'progress' && event.total === 5));
            assertGrows(seen.events.map((event) => event.progress), 5);
        });
    }

    test('keeps many calls at once apart', async () => {
        const seen = await page.run(async ({ url, script, token }) => {
            const { connect } = await import(script);
            const session = await connect(url, { token });
            const texts = Array.from({ length: 100 }, (_, i) => `text ${i}`);
            const follow = async (from) => {
                const values = [];
                for await (const event of session.call('countdown', { from, interval_ms: 50 })) {
                    values.push(event.type === 'progress' ? [event.progress, event.total] : event.result.content[0].text);
                }
                return values;
            };
            const counts = [4, 6, 8].map(follow);
            const echoes = await Promise.all(texts.map((text) => session.call('echo', { text }).result));
            const counted = await Promise.all(counts);
            const names = (await session.listTools()).map((tool) => tool.name);
            session.close();
            return { right: echoes.every((result, i) => result.content[0].text === texts[i]), counted, names };
        }, here());
        assert.ok(seen.right);
        assert.deepEqual(seen.names, ['countdown', 'echo']);
        for (const [i, from] of [4, 6, 8].entries()) {
            assert.equal(seen.counted[i].pop(), `Counted down from ${from}.`);
            assertGrows(seen.counted[i].map(([progress]) => progress), from);
            assert.ok(seen.counted[i].every(([, total]) => total === from));
        }
    });

    test('cancels by a signal, and by leaving the loop', async () => {
        const seen = await page.run(async ({ url, script, token }) => {
            const { connect } = await import(script);
            const sent = [];
            class Tapped extends WebSocket {
                send(text) {
                    sent.push(JSON.parse(text));
                    super.send(text);
                }
            }
            const session = await connect(url, { token, WebSocket: Tapped });
            const stop = new AbortController();
            let name;
            try {
                for await (const event of session.call('countdown', { from: 600, interval_ms: 20 }, { signal: stop.signal })) {
                    if (event.type === 'progress') stop.abort();
                }
            } catch (error) {
                name = error.name;
            }
            for await (const event of session.call('countdown', { from: 600, interval_ms: 20 })) {
                if (event.type === 'progress') break;
            }
            const { content } = await session.call('echo', { text: 'still here' }).result;
            session.close();
            return {
                name, echo: content[0].text,
                calls: sent.filter((m) => m.params?.name === 'countdown').map((m) => m.id),
                cancelled: sent.filter((m) => m.method === 'notifications/cancelled').map((m) => m.params.requestId),
            };
        }, here());
        assert.equal(seen.name, 'AbortError');
        assert.equal(seen.echo, 'still here');
        assert.equal(seen.calls.length, 2);
        assert.deepEqual(seen.cancelled, seen.calls);
    });

    test('connects again to a server that has died, and says what was lost', async () => {
        await page.run(async ({ url, script, token }) => {
            const { connect } = await import(script);
            const session = await connect(url, { token, reconnect: { minMs: 50, maxMs: 200, attempts: 1000 } });
            const seen = (window.seen = { session, events: [], calls: [] });
            for (const type of ['connect', 'disconnect', 'close']) {
                session.addEventListener(type, ({ detail }) => seen.events.push({ type, ...detail }));
            }
            const end = (call) => call.result.then((result) => result.content[0].text, ({ name, kind, tool }) => ({ name, kind, tool }));
            const args = { from: 40, interval_ms: 50 };
            seen.calls.push(end(session.call('countdown', args)));
            const repeated = session.call('countdown', { ...args, from: 41 }, { idempotent: true });
            await repeated[Symbol.asyncIterator]().next(); // it runs
            seen.calls.push(end(repeated));
            session.addEventListener('disconnect', () => seen.calls.push(end(session.call('echo', { text: 'meanwhile' }))));
        }, here());
        const address = new URL(base()).host;
        await server.kill();
        const told = await within(20_000, 'the disconnect event', page.run(async () => {
            while (window.seen.events.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
            return { events: window.seen.events, connected: window.seen.session.connected };
        }));
        server = await serve(address);
        const seen = await within(60_000, 'the ends of the calls', page.run(async () => {
            const { session, events, calls } = window.seen;
            const ends = await Promise.all(calls);
            session.close();
            return { ends, events: events.map(({ type }) => type) };
        }));
        assert.equal(told.connected, false);
        assert.equal(told.events[0].type, 'disconnect');
        assert.equal(told.events[0].code, 1006);
        const lost = told.events[0].lost.map(({ tool, arguments: args }) => ({ tool, args }));
        assert.deepEqual(lost, [{ tool: 'countdown', args: { from: 40, interval_ms: 50 } }]);
        assert.deepEqual(seen.ends, [
            { name: 'LostError', kind: 'lost', tool: 'countdown' }, 'Counted down from 41.', 'meanwhile',
        ]);
        assert.deepEqual(seen.events, ['disconnect', 'connect', 'close']);
    });

    // What connecting comes to, with a copy of the client that the page has of its own.
    const attempt = async (where, options) => {
        const other = await browser.open(where.origin);
        try {
            return await other.run(async ({ url, token }) => {
                const { connect, ConnectionError } = await import('/copy/sluice.js');
                try {
                    (await connect(url, { token })).close();
                    return 'connected';
                } catch (error) {
                    return error instanceof ConnectionError ? `refused: ${error.message}` : `${error}`;
                }
            }, options);
        } finally {
            await other.close();
        }
    };

    test('is refused from a foreign origin, token or not', async () => {
        assert.equal(await attempt(home, here()), 'connected');
        assert.match(await attempt(stranger, here()), /^refused/);
    });

    test('is refused without the token, and with a wrong one', async () => {
        for (const wrong of ['', 'not-the-token-of-this-server', 'no token at all, either']) {
            const said = await attempt(home, here({ token: wrong }));
            assert.match(said, /^refused/);
            assert.ok(!wrong || !said.includes(wrong), `it shows the token: ${said}`);
        }
    });

    test('cannot be loaded by a page of a foreign origin', async () => {
        const load = async (where) => {
            const other = await browser.open(where.origin);
            const loaded = await other.run(async ({ script }) => {
                const module = await import(script).then(() => true, () => false);
                const plain = await new Promise((resolve) => {
                    const element = document.createElement('script');
                    element.src = script;
                    element.onload = () => resolve(true);
                    element.onerror = () => resolve(false);
                    document.head.append(element);
                });
                return { module, plain };
            }, here());
            await other.close();
            return loaded;
        };
        assert.deepEqual(await load(home), { module: true, plain: false });
        assert.deepEqual(await load(stranger), { module: false, plain: false });
    });

    test('the sample page takes the fragment of the banner', async () => {
        const sample = await browser.open(`${home.origin}/sample#url=${server.found.url}&token=${token}`);
        const seen = await within(30_000, 'the result in the page', sample.run(async () => {
            const at = (id) => document.getElementById(id);
            const shown = async (id, pattern) => {
                while (!pattern.test(at(id).textContent)) await new Promise((resolve) => setTimeout(resolve, 20));
                return at(id).textContent;
            };
            const status = await shown('status', /^(Connected|Not)/);
            const tools = [...at('tool').options].map((option) => option.value);
            at('args').value = '{"from": 3, "interval_ms": 50}';
            at('call').click();
            const counted = await shown('output', /Counted|:/);
            at('args').value = '{"from": "three"}';
            at('call').click();
            const refused = await shown('output', /^invalid_arguments/);
            at('args').value = '{"from": 600, "interval_ms": 50}';
            at('call').click();
            await shown('output', /left/);
            at('cancel').click();
            return { status, tools, counted, refused, cancelled: await shown('output', /^AbortError/), hash: location.hash };
        }));
        await sample.close();
        assert.match(seen.status, /^Connected to sluice, revision 2026-07-28/);
        assert.deepEqual(seen.tools, ['countdown', 'echo']);
        assert.equal(seen.counted, 'Counted down from 3.');
        assert.match(seen.refused, /\/from/);
        assert.equal(seen.hash, '');
    });
}
