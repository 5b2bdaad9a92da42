// The types of our client for pages are those that it has, and that its users need.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const strict = [
    '--noEmit', '--strict', '--noUncheckedIndexedAccess', '--target', 'es2024', '--lib', 'es2024,dom,dom.iterable,dom.asynciterable',
    '--module', 'nodenext',
];

/** Runs the compiler of TypeScript; what it says is what is wrong. */
function compile(...args) {
    const { stdout, stderr, status } = spawnSync(process.execPath, [here('node_modules/typescript/bin/tsc'), ...strict, ...args], { encoding: 'utf8' });
    return { said: stdout + stderr, status };
}

test('a program in TypeScript uses the client, and the official SDKs its transport', { timeout: 120_000 }, () => {
    assert.deepEqual(compile('--skipLibCheck', here('sluice-types.ts')), { said: '', status: 0 });
});

test('the module keeps to its own types', { timeout: 120_000 }, () => {
    const module = here('../../transport/websocket/js/sluice.js');
    assert.deepEqual(compile('--allowJs', '--checkJs', module), { said: '', status: 0 });
});
