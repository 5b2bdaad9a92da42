// `sluice stdio`, as a desktop client launches it: without a config file.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { StdioClientTransport as ModernTransport } from '@modelcontextprotocol/client/stdio';
import { StdioClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

import { sluice } from './binary.mjs';
import { connectLegacy } from './legacy.mjs';
import { connectModern } from './modern.mjs';
import { assertGrows } from './progress.mjs';

const server = () => ({ command: sluice(), args: ['stdio'], env: process.env, stderr: 'ignore' });

const clients = {
    'TypeScript SDK 1.x': () => connectLegacy(new LegacyTransport(server())),
    'TypeScript SDK 2.x, after a probe': () => connectModern(new ModernTransport(server()), 'auto'),
};

describe('sluice stdio', { timeout: 60_000 }, () => {
    for (const [title, connect] of Object.entries(clients)) {
        test(`${title} counts down`, async (t) => {
            const session = await connect();
            t.after(() => session.close());
            const { tools } = await session.page();
            assert.deepEqual(tools.map((tool) => tool.name), ['countdown', 'echo']);
            await session.call('countdown', { from: 4, interval_ms: 50 }, { onprogress: () => {} });
            const { progress, response } = session.wire.answer(session.wire.request('countdown'));
            assertGrows(progress.map((p) => p.progress), 4);
            assert.ok(!response.result.isError);
        });
    }
});
