// `sluice bundle`, read by the tool that defines the format: unpacked, validated, and started as a client would.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { getMcpConfigForManifest, unpackExtension, validateManifest } from '@anthropic-ai/mcpb';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

import { released } from './binary.mjs';
import { connectLegacy } from './legacy.mjs';

const config = `
name: shop
tools:
  - {name: greet, description: Says a word that only the environment knows., command: [sh, -c, 'printf %s "$GREETING"'], pass_env: [GREETING]}
  - {name: order, http: {url: "https://orders.example/{id}", auth: [{token_env: ORDERS_TOKEN}]}}
`;

describe('sluice bundle', { timeout: 60_000 }, () => {
    test('is valid, and starts with what its user has entered', async (t) => {
        const dir = mkdtempSync(join(tmpdir(), 'bundle-'));
        t.after(() => rmSync(dir, { recursive: true, force: true }));
        writeFileSync(join(dir, 'sluice.yaml'), config);
        const run = spawnSync(released(), ['bundle', '--config', 'sluice.yaml', '--author', 'Ada'], {
            cwd: dir, encoding: 'utf8', env: { ...process.env, ORDERS_TOKEN: 'canary-5f1d', GREETING: 'canary-5f1d' },
        });
        assert.equal(run.status, 0, run.stderr);

        const unpacked = join(dir, 'unpacked');
        assert.ok(await unpackExtension({ mcpbPath: join(dir, 'shop.mcpb'), outputDir: unpacked, silent: true }));
        assert.ok(validateManifest(join(unpacked, 'manifest.json')));
        const text = readFileSync(join(unpacked, 'manifest.json'), 'utf8');
        assert.ok(!text.includes('canary'), 'a secret of the machine is in the manifest');
        const manifest = JSON.parse(text);
        assert.deepEqual(manifest.tools.map((tool) => tool.name), ['greet', 'order']);

        const launch = (userConfig) => getMcpConfigForManifest({ manifest, extensionPath: unpacked, systemDirs: {}, pathSeparator: '/', userConfig });
        assert.equal(await launch({ greeting: 'hi' }), undefined, 'it would start without its token');
        const server = await launch({ greeting: 'hello there', orders_token: 'entered' });
        const session = await connectLegacy(new StdioClientTransport({ ...server, stderr: 'ignore' }));
        t.after(() => session.close());
        const { tools } = await session.page();
        assert.deepEqual(tools.map((tool) => tool.name), ['greet', 'order']);
        const result = await session.call('greet', {});
        assert.equal(result.content[0].text, 'hello there');
    });
});
