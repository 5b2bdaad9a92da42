// How a connection over stdio ends.

import assert from 'node:assert/strict';
import { test } from 'node:test';

/** Tests that the server ends when its stdin does, before the client sends a signal. */
export function endsByItself(title, open) {
    test(`${title}: the server ends with its stdin`, { timeout: 20_000 }, async (t) => {
        const session = await open();
        t.after(() => session.close());
        await session.call('echo', { message: 'last' });
        const start = performance.now();
        await session.close();
        const took = performance.now() - start;
        // The SDK sends SIGTERM where the process lives on for two seconds.
        assert.ok(took < 1_500, `the end took ${took} ms`);
    });
}
