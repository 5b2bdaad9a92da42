// Servers that others wrote, behind `sluice wrap`: what a client sees of them is what it
// sees without it.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { StdioClientTransport as ModernTransport } from '@modelcontextprotocol/client/stdio';
import { StdioClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

import { sluice } from './binary.mjs';
import { connectLegacy } from './legacy.mjs';
import { listen } from './listener.mjs';
import { connectModern } from './modern.mjs';
import { assertGrows } from './progress.mjs';
import { WebSocketTransport } from './socket.mjs';

const binary = sluice();
const program = (name) => fileURLToPath(new URL(`node_modules/.bin/mcp-server-${name}`, import.meta.url));
const over = (command, args = []) => ({ command, args, env: process.env, stderr: 'ignore' });
const behind = (...command) => over(binary, ['wrap', '--history', 'off', '--', ...command]);

/** The ways through sluice, each from a client of another make. */
const ways = {
    'TypeScript SDK 1.x over stdio': async (t, command) => connectLegacy(new LegacyTransport(behind(...command))),
    'TypeScript SDK 2.x over stdio': async (t, command) => connectModern(new ModernTransport(behind(...command))),
    'TypeScript SDK 2.x over stdio, after a probe': async (t, command) =>
        connectModern(new ModernTransport(behind(...command)), 'auto'),
    'TypeScript SDK 2.x over WebSocket': async (t, command) => {
        const token = 'wrapped-servers-are-served-with-this';
        const args = ['wrap', '--history', 'off', '--listen', '127.0.0.1:0', '--token-file', tokenFile(t, token), '--', ...command];
        const { found, stop } = await listen(binary, args, { url: /(ws:\/\/[^\s"]+\/mcp)/ });
        t.after(stop);
        return connectModern(new WebSocketTransport(found.url, token));
    },
};

function directory(t) {
    const dir = mkdtempSync(join(tmpdir(), 'sluice-wrapped-'));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    return dir;
}

function tokenFile(t, token) {
    const path = join(directory(t), 'token');
    writeFileSync(path, token);
    return path;
}

/** What differs from one revision to the next, and is not the server's to say. */
function plain({ resultType, ttlMs, cacheScope, _meta, ...result }) {
    return result;
}

/** Calls a server with and without sluice, and holds the answers to be the same. */
async function compare(t, connect, command, calls) {
    const direct = await connectLegacy(new LegacyTransport(over(command[0], command.slice(1))));
    t.after(() => direct.close());
    const wrapped = await connect(t, command);
    t.after(() => wrapped.close());

    assert.equal(wrapped.server.name, direct.server.name);
    const byName = (a, b) => (a.name < b.name ? -1 : 1);
    const own = (await direct.page()).tools.sort(byName).map(({ execution, ...tool }) => tool);
    const seen = (await wrapped.page()).tools.map(({ execution, ...tool }) => tool);
    assert.deepEqual(seen, own);

    for (const [name, args, ends] of calls) {
        const [want, got] = [await direct.call(name, args), await wrapped.call(name, args)];
        assert.deepEqual(plain(got), plain(want), `the result of ${name}`);
        assert.equal(got.isError ?? false, ends === 'failed', `${name} ended as it should not`);
    }
    return wrapped;
}

for (const [title, connect] of Object.entries(ways)) {
    describe(`wrapped servers, by ${title}`, { timeout: 120_000 }, () => {
        test('server-everything', async (t) => {
            const session = await compare(t, connect, [program('everything')], [
                ['echo', { message: 'hi' }],
                ['get-sum', { a: 1.5, b: -2 }],
                ['get-structured-content', { location: 'Chicago' }],
                ['get-tiny-image', {}],
                ['get-annotated-message', { messageType: 'error', includeImage: true }],
                ['get-resource-links', { count: 3 }],
            ]);
            const operation = 'trigger-long-running-operation';
            await session.call(operation, { duration: 0.4, steps: 4 }, { onprogress: () => {} });
            const { progress, response, late } = session.wire.answer(session.wire.request(operation));
            assertGrows(progress.map((p) => p.progress), 4);
            assert.equal(late.length, 0);
            assert.ok(!response.result.isError);

            const given = AbortSignal.timeout(300);
            await assert.rejects(session.call(operation, { duration: 60, steps: 600 }, { signal: given }));
            await session.call('echo', { message: 'still there' });
        });

        test('server-filesystem', async (t) => {
            const dir = directory(t);
            const file = join(dir, 'a.txt');
            await compare(t, connect, [program('filesystem'), dir], [
                ['write_file', { path: file, content: 'one\ntwo ✓\n' }],
                ['read_text_file', { path: file, head: 1 }],
                ['edit_file', { path: file, edits: [{ oldText: 'one', newText: '1' }], dryRun: true }],
                ['list_directory', { path: dir }],
                ['read_text_file', { path: join(dir, 'none') }, 'failed'],
                ['read_text_file', { path: '/etc/passwd' }, 'failed'],
            ]);
        });

        test('server-memory', async (t) => {
            const command = [program('memory')];
            const entities = [{ name: 'Ada', entityType: 'person', observations: ['counts'] }];
            process.env.MEMORY_FILE_PATH = join(directory(t), 'memory.jsonl');
            const session = await compare(t, connect, command, [['read_graph', {}], ['search_nodes', { query: 'x' }]]);
            await session.call('create_entities', { entities });
            const graph = await session.call('read_graph', {});
            assert.deepEqual(graph.structuredContent.entities, entities);
        });
    });
}
