import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { WebSocketClientTransport } from '@modelcontextprotocol/sdk/client/websocket.js';
import { WebSocket } from 'ws';

import { exercise } from './exercises.mjs';
import { connectLegacy } from './legacy.mjs';
import { serveEverything } from './served.mjs';

// The SDK's transport takes the browser's WebSocket from the global scope, which
// Node.js 20 does not have.
globalThis.WebSocket ??= WebSocket;

let server;
before(async () => {
    server = await serveEverything();
});
after(() => server?.stop());

// The SDK's transport can set neither a header nor a second subprotocol, so it
// exchanges its token for a ticket that may stand in the URL.
async function ticket() {
    const answer = await fetch(server.http + '/ticket', {
        method: 'POST',
        headers: { Authorization: `Bearer ${server.token}` },
    });
    assert.equal(answer.status, 200);
    return (await answer.json()).ticket;
}

const dial = (once) => new WebSocketClientTransport(new URL(`${server.url}?ticket=${once}`));

exercise('TypeScript SDK 1.x over WebSocket', '2025-11-25', async () => connectLegacy(dial(await ticket())));

test('a ticket opens one connection', async (t) => {
    const once = await ticket();
    const first = await connectLegacy(dial(once));
    t.after(() => first.close());
    await assert.rejects(connectLegacy(dial(once)));
    await first.alive();
});

test('nothing but a ticket stands in the URL', async () => {
    for (const query of ['', `?token=${server.token}`, `?ticket=${server.token}`]) {
        await assert.rejects(connectLegacy(new WebSocketClientTransport(new URL(server.url + query))));
    }
});
