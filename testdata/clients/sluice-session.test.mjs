// Our own client for pages and its transport do what other clients do.

import { after, before } from 'node:test';

import { WebSocket } from 'ws';

import { SluiceTransport } from '../../transport/websocket/js/sluice.js';
import { exercise } from './exercises.mjs';
import { connectLegacy } from './legacy.mjs';
import { connectModern } from './modern.mjs';
import { serveEverything } from './served.mjs';
import { connectSession } from './session.mjs';

let server;
before(async () => {
    server = await serveEverything();
});
after(() => server?.stop());

const transport = () => new SluiceTransport(server.url, { token: server.token, WebSocket });

exercise('sluice.js', '2026-07-28', () => connectSession(server.url, server.token));
exercise('sluice.js, with the handshake', '2025-11-25', () => connectSession(server.url, server.token, '2025-11-25'));
exercise('TypeScript SDK 1.x over SluiceTransport', '2025-11-25', () => connectLegacy(transport()));
exercise('TypeScript SDK 2.x over SluiceTransport', '2026-07-28', () => connectModern(transport(), 'auto'));
exercise('TypeScript SDK 2.x over SluiceTransport, with the handshake', '2025-11-25', () => connectModern(transport(), 'legacy'));
