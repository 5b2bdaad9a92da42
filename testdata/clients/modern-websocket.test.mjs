import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { within } from './deadline.mjs';
import { exercise } from './exercises.mjs';
import { connectModern } from './modern.mjs';
import { serveEverything } from './served.mjs';
import { WebSocketTransport } from './socket.mjs';

let server;
before(async () => {
    server = await serveEverything();
});
after(() => server?.stop());

const dial = (token = server.token, options) => new WebSocketTransport(server.url, token, options);

exercise('TypeScript SDK 2.x over WebSocket', '2026-07-28', () => connectModern(dial()));
exercise('TypeScript SDK 2.x over WebSocket, with the handshake', '2025-11-25', () => connectModern(dial(), 'legacy'));

test('a wrong token and a foreign origin are refused', async () => {
    await assert.rejects(connectModern(dial('not-the-token-of-this-server')), /401/);
    await assert.rejects(connectModern(dial(server.token, { origin: 'https://evil.example' })), /403/);
});

test('twenty clients at once hear only their own answers', { timeout: 60_000 }, async (t) => {
    const sessions = await Promise.all(Array.from({ length: 20 }, () => connectModern(dial())));
    t.after(() => Promise.all(sessions.map((session) => session.close())));
    const wrong = [];
    const talk = async (session, client) => {
        for (let i = 0; i < 20; i++) {
            const message = `client ${client} message ${i}`;
            const { content } = await session.call('echo', { message });
            if (content[0].text !== message) wrong.push([message, content[0].text]);
        }
    };
    await Promise.all(sessions.map(talk));
    assert.deepEqual(wrong, []);
});

test('a server that ends tells its clients and exits with 0', { timeout: 60_000 }, async (t) => {
    const other = await serveEverything();
    t.after(() => other.stop());
    const transport = new WebSocketTransport(other.url, other.token);
    const session = await connectModern(transport);
    const ended = new Promise((resolve) => {
        const { onclose } = transport;
        transport.onclose = () => {
            onclose?.();
            resolve();
        };
    });
    await session.alive();
    assert.equal(await other.stop(), 0);
    await within(5_000, 'the end of the connection', ended);
});
